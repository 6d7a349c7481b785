"""What stands between an API without sign-in and the web: host names, response headers, where it may listen, and what
a request must show before it changes anything."""

import ipaddress
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import CrossSite, NotJson, problem
from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings, SignIn

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

MOST_BYTES = 256 * 1024  # of a request's body
PHOTOS = "/api/v1/photos"  # the one path that takes pictures, as they are
MOST_OF_PHOTO = 8 * 1024 * 1024
PICTURES = frozenset(("image/jpeg", "image/png", "image/webp"))  # no form can send these either

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
}


def content_policy(script_hashes: Iterable[str] = ()) -> str:
    """The Content-Security-Policy: our own files only, and the inline scripts with these hashes (`sha256-…`)."""
    scripts = " ".join(["'self'", *(f"'{h}'" for h in script_hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Host names that this server answers to: loopback's, its own address, and what PARK_API_HOSTS adds."""
    own = {settings.api_host} - {"0.0.0.0", "::", ""}  # noqa: S104 - left out, not bound
    more = {name.strip().lower() for name in settings.api_hosts.split(",")} - {""}
    return LOOPBACK_NAMES | own | more


def check_address(settings: Settings) -> None:
    """Refuses to listen beyond this machine where anybody would be let in there, or passwords could be read on the way.

    ConfigurationError says what to do.
    """
    local = settings.api_sign_in is SignIn.LOCAL
    if not local and (settings.api_trusted_network or settings.api_https):
        return
    try:
        found = socket.getaddrinfo(settings.api_host, settings.api_port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(f"PARK_API_HOST={settings.api_host!r}: {error}; write 127.0.0.1") from error
    beyond = not all(ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback for *_, address in found)
    if beyond and local:
        raise ConfigurationError(
            f"PARK_API_HOST={settings.api_host} can be reached from other machines, and with PARK_API_SIGN_IN=local "
            "whoever reaches it may do everything; write 127.0.0.1, or PARK_API_SIGN_IN=required"
        )
    if beyond:
        raise ConfigurationError(
            f"PARK_API_HOST={settings.api_host} can be reached from other machines, and passwords would travel in the "
            "clear; write 127.0.0.1, or set PARK_API_HTTPS=yes where a proxy before it speaks https, or "
            "PARK_API_TRUSTED_NETWORK=yes where the network itself keeps strangers out"
        )


def host_name(value: str) -> str:
    """The name in a Host header, without its port, in lower case; empty where it makes no sense."""
    text = value.strip().lower()
    if text.startswith("["):
        name, bracket, rest = text[1:].partition("]")
        return name if bracket and (not rest or rest.startswith(":")) else ""
    name, _, port = text.partition(":")
    return name if not port or port.isdigit() else ""


def check_write(headers: Headers, hosts: frozenset[str], *, path: str = "") -> None:
    """Refuses what a browser sends for another site's page. Raises CrossSite, NotJson.

    A form cannot send JSON, and a script of another site must ask first (CORS), which nobody here answers; that no
    page may is said twice, by the site that the browser names and by the origin. A client that is no browser names
    neither, and may act: its pass is what gives access, or being on this machine. A token in the header is no cookie:
    no browser sends it for another site's page, so that there is nothing to ask.
    """
    told = headers.get("content-type", "").partition(";")[0].strip().lower()
    if told != "application/json" if path != PHOTOS else told not in PICTURES:
        raise NotJson(f"but {PHOTOS} takes {', '.join(sorted(PICTURES))}" if path == PHOTOS else "")
    if headers.get("authorization", "").lower().startswith("bearer "):
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise CrossSite(f"the browser says Sec-Fetch-Site: {site}")
    if origin is not None and host_name(origin.partition("://")[2]) not in hosts:
        raise CrossSite("the header Origin names no host of this server")


class Guard:
    """ASGI middleware: answers only to our own host names (DNS rebinding), to requests of a decent size, and puts our
    headers on every response."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], policy: str) -> None:
        self.app, self.hosts, self.policy = app, hosts, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self.policy)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        given = Headers(scope=scope).getlist("host")
        if len(given) != 1 or host_name(given[0]) not in self.hosts:
            refusal = problem("misdirected", "the header Host names no host of this server")
            await refusal(scope, receive, guarded_send)
            return
        most = MOST_OF_PHOTO if scope["path"] == PHOTOS else MOST_BYTES
        if too_large(Headers(scope=scope), most):
            refusal = problem("too-large", f"a request has at most {most} bytes, and says how many it has")
            await refusal(scope, receive, guarded_send)
            return
        await self.app(scope, receive, guarded_send)


def too_large(headers: Headers, most: int = MOST_BYTES) -> bool:
    """Whether a request is longer than any of ours, or does not say how long it is."""
    length = headers.get("content-length", "0")
    return "transfer-encoding" in headers or not length.isdigit() or int(length[:12]) > most
