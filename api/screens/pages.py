"""The screens' pages and their files: HTML that holds no figures, and ES modules under a path that names the build."""

import base64
import hashlib
import json
import re
from functools import cache
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

from api.entrance import shows
from api.screens.build import STATIC, TEMPLATES, build_id
from api.screens.language import LANGUAGES, choose
from pipeline.domain.role import Permission

router = APIRouter(include_in_schema=False)

VENDORED = {
    "preact": "preact-11.2.0.mjs",
    "preact/hooks": "preact-hooks-11.2.0.mjs",
    "@preact/signals": "signals-2.11.4.mjs",
    "@preact/signals-core": "signals-core-1.14.5.mjs",
    "htm": "htm-3.1.1.mjs",
}
# Named here, because the table of the machine that serves may lack the newer ones.
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain",
    ".md": "text/plain",
}
LANGUAGE_COOKIE = "lang"
YEAR_S = 365 * 24 * 3600
PARK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

Asked = Annotated[str | None, Query()]
OF_PARK = [Depends(shows(Permission.PARK_READ))]
OF_FIELD = [Depends(shows(Permission.ORDER_WORK))]
OF_DESK = [Depends(shows(Permission.ORDER_READ))]
OF_TENANTS = [Depends(shows(Permission.REQUEST_READ_OWN, Permission.REQUEST_READ, unless="key"))]
OF_KPI = [Depends(shows(Permission.KPI_READ))]
OF_ROOMS = [Depends(shows(Permission.BOOK))]


class Screen(NamedTuple):
    """What tells one page from another: its stylesheets beside base.css, and its script."""

    sheets: tuple[str, ...]
    script: str


OVERVIEW = Screen(("overview", "overview-tiles", "overview-alarms"), "main.js")
INTAKE = Screen(("overview", "intake"), "intake.js")
ALARMS = Screen(("overview", "theme", "alarms", "alarm-detail"), "alarms.js")
FIELD = Screen(("overview", "theme", "orders", "field", "field-sheet"), "field.js")
SERVICE = Screen(("overview", "theme", "orders", "service", "service-detail", "service-phone"), "service.js")
KPI = Screen(("overview", "intake", "kpi", "kpi-phone"), "kpi.js")
ALARM_QUALITY = Screen(("overview", "intake", "alarm-quality"), "alarm-quality.js")
REPORT = Screen(("theme", "tenant"), "report.js")
REQUESTS = Screen(("theme", "tenant"), "requests.js")
ROOMS = Screen(("theme", "tenant"), "rooms.js")
SIGN_IN = Screen(("sign-in",), "sign-in.js")
TAKE = Screen(("sign-in",), "take.js")

_templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]))


def assets() -> str:
    """Path prefix of all static files: relative imports keep it, so that one new build changes every address."""
    return f"/assets/{build_id()}"


@cache
def import_map() -> str:
    """The inline import map, exactly as it stands between its tags."""
    return json.dumps({"imports": {name: f"{assets()}/vendor/{file}" for name, file in VENDORED.items()}})


def csp_hashes() -> list[str]:
    """`sha256-<base64>` of each inline script of the pages (the import map), for the Content-Security-Policy."""
    digest = hashlib.sha256(import_map().encode()).digest()
    return [f"sha256-{base64.b64encode(digest).decode()}"]


@router.get("/", response_class=HTMLResponse, dependencies=OF_PARK)
def overview(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """The wall screen. `lang` zh|en (kept in a cookie), `park` an id; without one the page takes the first park."""
    return page(request, OVERVIEW, lang=lang, park=park)


@router.get("/intake", response_class=HTMLResponse, dependencies=OF_PARK)
def intake(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """Where messages are stuck and who misbehaves; parameters as for the wall."""
    return page(request, INTAKE, lang=lang, park=park)


@router.get("/alarms", response_class=HTMLResponse, dependencies=OF_PARK)
def alarms(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """Alarms: the list, and why, what to do and who is on it; parameters as for the wall, the page reads the others."""
    return page(request, ALARMS, lang=lang, park=park)


@router.get("/alarm-quality", response_class=HTMLResponse, dependencies=OF_PARK)
def alarm_quality(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """Whether alarms leave people time to respond; parameters as for the wall, `days` and `position` are the page's."""
    return page(request, ALARM_QUALITY, lang=lang, park=park)


@router.get("/field", response_class=HTMLResponse, dependencies=OF_FIELD)
def field(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """A technician's orders on a phone, by time left; parameters as for the wall."""
    return page(request, FIELD, lang=lang, park=park)


@router.get("/service", response_class=HTMLResponse, dependencies=OF_DESK)
def service(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """The desk: work orders and requests, their clocks, what happened to them; the page reads the other parameters."""
    return page(request, SERVICE, lang=lang, park=park)


@router.get("/report", response_class=HTMLResponse)
def report(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """What a QR code leads to: reporting, by tenants and by visitors; `code` and `service` are the page's."""
    return page(request, REPORT, lang=lang, park=park)


@router.get("/requests", response_class=HTMLResponse, dependencies=OF_TENANTS)
def requests(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """What one's company asked for; a visitor's own by `key`, which the page reads."""
    return page(request, REQUESTS, lang=lang, park=park)


@router.get("/rooms", response_class=HTMLResponse, dependencies=OF_ROOMS)
def rooms(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """Rooms of a day, and booking one."""
    return page(request, ROOMS, lang=lang, park=park)


@router.get("/sign-in", response_class=HTMLResponse)
def sign_in(request: Request, lang: Asked = None) -> Response:
    """Where who is not signed in is sent; `next` is where from, `refused` says that their role may not see that."""
    return page(request, SIGN_IN, lang=lang, park=None)


@router.get("/take/{token}", response_class=HTMLResponse)
def take(request: Request, token: str, lang: Asked = None) -> Response:
    """What a signed link opens: it shows what there is to take, and a button takes it. Opening it does nothing."""
    return page(request, TAKE, lang=lang, park=None)


@router.get("/kpi", response_class=HTMLResponse, dependencies=OF_KPI)
def kpi(request: Request, lang: Asked = None, park: Asked = None) -> Response:
    """How promises are kept, and which will not be; parameters as for the wall, `days` and `by` are the page's."""
    return page(request, KPI, lang=lang, park=park)


def page(request: Request, screen: Screen, *, lang: str | None, park: str | None) -> Response:
    """A screen's HTML in the language asked for."""
    chosen = choose(lang, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
    text = _templates.get_template("screen.html").render(
        lang=chosen,
        html_lang=LANGUAGES[chosen],
        park=park if park and PARK_ID.fullmatch(park) else "",
        build=build_id(),
        assets=assets(),
        import_map=import_map(),
        screen=screen,
    )
    answer = HTMLResponse(text, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"})
    if lang == chosen:
        answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=YEAR_S, samesite="lax", httponly=True)
    return answer


@router.get("/assets/{build}/{path:path}")
def asset(build: str, path: str) -> FileResponse:
    """One static file; kept for ever by browsers where the path names the build that serves it. 404 where none."""
    file = (STATIC / path).resolve()
    if not file.is_relative_to(STATIC.resolve()) or not file.is_file():
        raise HTTPException(404, f"there is no file {path}")
    keep = "public, max-age=31536000, immutable" if build == build_id() else "no-cache"
    media_type = MEDIA_TYPES.get(file.suffix, "application/octet-stream")
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": keep})
