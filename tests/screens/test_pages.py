"""The page and its files over HTTP: language, caching, policy, and vendored files that are what their list says."""

import hashlib
import re
import urllib.error
import urllib.request
from email.message import Message

import pytest

from api.screens.build import STATIC, build_id
from api.screens.language import choose
from api.screens.pages import VENDORED, csp_hashes, import_map
from tests.screens.conftest import Wall

ROW = re.compile(r"^\| `(.*)` \| `(.*)` \| `(.*)` \| [^|]* \| `([0-9a-f]{64})` \|$", re.M)


def get(url: str, **headers: str) -> tuple[int, Message, str]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own loopback address
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, ""


@pytest.mark.parametrize(
    ("asked", "kept", "header", "chosen"),
    [
        (None, None, "", "zh"),
        ("en", "zh", "zh", "en"),
        (None, "en", "zh-CN,zh;q=0.9", "en"),
        ("fr", None, "en-GB,en;q=0.8", "en"),
        (None, None, "de-DE,en;q=0.5,zh;q=0.4", "en"),
        (None, None, "en;q=0.3,zh-TW;q=0.8", "zh"),
        (None, None, "zh,en", "zh"),
        (None, None, "en;q=nonsense", "zh"),
    ],
)
def test_the_language_is_the_one_asked_for_then_kept_then_the_browsers(
    asked: str | None, kept: str | None, header: str, chosen: str
) -> None:
    assert choose(asked, kept, header) == chosen


def test_the_page_its_language_and_its_policy(silent: Wall) -> None:
    status, headers, body = get(f"{silent.url}/?lang=en", Cookie="lang=zh")
    assert status == 200
    assert '<html lang="en">' in body
    assert "lang=en" in headers["Set-Cookie"]
    assert headers["Cache-Control"] == "no-cache"
    assert f"'{csp_hashes()[0]}'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert import_map() in body
    assert " style=" not in body
    _, _, body = get(f"{silent.url}/?park=%22%3E%3Cscript%3E", **{"Accept-Language": "en"})
    assert 'data-park=""' in body
    assert '<html lang="en">' in body


def test_files_are_kept_for_ever_under_their_build_and_not_under_another(silent: Wall) -> None:
    status, headers, _ = get(f"{silent.url}/assets/{build_id()}/js/main.js")
    assert (status, headers.get_content_type()) == (200, "text/javascript")
    assert "immutable" in headers["Cache-Control"]
    status, headers, _ = get(f"{silent.url}/assets/older/css/base.css")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    for path in ("js", "nothing.js", "..%2fscreens%2fpages.py", "%2e%2e/%2e%2e/pyproject.toml"):
        assert get(f"{silent.url}/assets/{build_id()}/{path}")[0] == 404, path


def test_vendored_files_are_what_their_list_says() -> None:
    vendor = STATIC / "vendor"
    listed = {m[0]: m[3] for m in ROW.findall((vendor / "VENDOR.md").read_text(encoding="utf-8"))}
    assert listed.keys() == {f.name for f in vendor.iterdir()} - {"VENDOR.md"}
    for name, checksum in listed.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == checksum, name
    assert set(VENDORED.values()) <= listed.keys()
