"""`park screenshot`: photographs the wall in both languages and on a phone, as the pictures of the docs show it."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from simulators import logins
from simulators.servers.process import program

CHROMIUM = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb"),
]
WAIT_MS = 60_000
SETTLE_MS = 6_000  # the next heartbeat, and every cross-fade, are over by then


@dataclass(frozen=True)
class Shot:
    """One picture: its file name, language, and viewport in CSS pixels; dots: device pixels for each of them;
    ready: what must be there before it is taken; role: as whom, where the demo asks for a sign-in; empty: the wall."""

    name: str
    lang: str
    width: int
    height: int
    dots: int = 1
    path: str = "/"
    ready: str = "main.stream-live #map .solid"
    role: str = ""


ALARMS = "main.alarms-page.stream-live #list .rows li"
SERVICE = "main.service-page.stream-live .order-row"
FIELD = "main.field-page.stream-live .order"
KPI = "main.kpi.answered"
TENANT = "main.tenant[data-ready=yes]"
INTAKE = "main.intake.stream-live #stage-commit.fresh"
SHOTS = (
    Shot("wall-overview.png", "zh", 1920, 1080),
    Shot("wall-overview-en.png", "en", 1920, 1080),
    Shot("wall-overview-phone.png", "zh", 390, 844, dots=2),
    Shot("alarms.png", "zh", 1920, 1080, path="/alarms", ready=ALARMS, role="operator"),
    Shot("alarms-phone.png", "zh", 390, 844, dots=2, path="/alarms", ready=ALARMS, role="operator"),
    Shot("service.png", "zh", 1920, 1080, path="/service", ready=SERVICE, role="operator"),
    Shot("service-phone.png", "zh", 390, 844, dots=2, path="/service", ready=SERVICE, role="operator"),
    Shot("field-phone.png", "zh", 390, 844, dots=2, path="/field", ready=FIELD, role="technician"),
    Shot("kpi.png", "zh", 1920, 1080, path="/kpi", ready=KPI, role="manager"),
    Shot("kpi-phone.png", "zh", 390, 844, dots=2, path="/kpi", ready=KPI, role="manager"),
    Shot("report-phone.png", "zh", 390, 844, dots=2, path="/report", ready=TENANT, role="tenant"),
    Shot("requests-phone.png", "zh", 390, 844, dots=2, path="/requests", ready=TENANT, role="tenant"),
    Shot("intake.png", "zh", 1920, 1080, path="/intake", ready=INTAKE),
    Shot("intake-phone.png", "zh", 390, 844, dots=2, path="/intake", ready=INTAKE),
)


def main(argv: list[str]) -> int:
    """Writes the pictures into a folder; 1 where there is no browser, or the page shows no live figures."""
    parser = argparse.ArgumentParser(prog="park screenshot", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where the API listens (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder for the pictures (default %(default)s)")
    parser.add_argument("--home", type=Path, help="the demo's folder, whose logins open it (default PARK_HOME/demo)")
    asked = parser.parse_args(argv)
    known = logins.read(asked.home or Settings.from_env().home / "demo")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        print("park screenshot needs playwright: pip install -e '.[dev]'", file=sys.stderr)
        return 1
    chromium = program("chromium", "chromium-browser", "google-chrome")
    if chromium is None:
        print("park screenshot needs Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
            for path in photograph(browser, SHOTS, url=asked.url, out=asked.out, known=known):
                print(path)
            browser.close()
    except Error as error:
        print(f"park screenshot: {asked.url}: {error}", file=sys.stderr)
        return 1
    return 0


def photograph(
    browser: Any, shots: Iterable[Shot], *, url: str, out: Path, known: logins.Logins | None = None
) -> Iterable[Path]:
    """Takes each picture once the live stream and the park's geometry are there; raises playwright's Error."""
    for shot in shots:
        context = browser.new_context(
            viewport={"width": shot.width, "height": shot.height}, device_scale_factor=shot.dots, color_scheme="dark"
        )
        page = context.new_page()
        token = let_in(context, url.rstrip("/"), shot, known) if known else ""
        page.goto(f"{url.rstrip('/')}{shot.path}?lang={shot.lang}{token}")
        page.wait_for_selector(shot.ready, timeout=WAIT_MS)
        page.wait_for_timeout(SETTLE_MS)
        path = out / shot.name
        page.screenshot(path=path)
        context.close()
        yield path


def let_in(context: Any, url: str, shot: Shot, known: logins.Logins) -> str:
    """Signs in as somebody of the shot's role; for the wall, what its address ends with."""
    login = known.of_role.get(shot.role)
    if login is None:
        return f"&token={known.wall}"
    body = {"login": login, "password": known.passwords[login]}
    context.request.post(f"{url}/api/v1/session", data=body)  # a demo without sign-in has no such thing, and is open
    return ""
