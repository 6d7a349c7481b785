"""Servers that play the providers, on real sockets: HTTP that answers by a script, SMTP with and without TLS, and
servers that never answer."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Web:
    """An HTTP provider: what it got, and what it says (asked with each request)."""

    answer: Callable[[Got], Reply] = lambda _got: (200, {}, b"{}")
    got: list[Got] = field(default_factory=list)
    url: str = ""


@contextmanager
def web(answer: Callable[[Got], Reply] | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A provider on a free port of this machine."""
    provider = Web(answer) if answer else Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            one = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(size))
            provider.got.append(one)
            status, headers, body = provider.answer(one)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            return  # a client that went away is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    provider.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield provider


@contextmanager
def raw(says: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """The port of a server that does what `says` does with each connection, until the event is set."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                says(self.request, over)
            except OSError:
                return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    with _running(server):
        try:
            yield server.server_address[1]
        finally:
            over.set()


def silent(_wire: socket.socket, over: threading.Event) -> None:
    """Takes the connection, and never says a word."""
    over.wait(30)


def trickling(wire: socket.socket, over: threading.Event) -> None:
    """A byte now and then: no timeout of a socket ends that."""
    wire.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.05):
        wire.sendall(b"x")


def trickling_mail(wire: socket.socket, over: threading.Event) -> None:
    """The same, of a mail server."""
    wire.sendall(b"220 here\r\n250-")
    while not over.wait(0.05):
        wire.sendall(b"x")


def garbage(wire: socket.socket, _over: threading.Event) -> None:
    """No HTTP, no SMTP; whoever speaks first."""
    wire.settimeout(0.1)
    with suppress(TimeoutError):
        wire.recv(65536)
    wire.sendall(b"\x00\xff\x16garbage\r\n\r\n")


@dataclass
class Letters:
    """A mail server: what it took, and what it says to a command instead of yes."""

    says: dict[str, str] = field(default_factory=dict)
    took: list[tuple[str, str]] = field(default_factory=list)  # recipient, letter
    tls: ssl.SSLContext | None = None
    accounts: list[str] = field(default_factory=list)  # what AUTH PLAIN told
    port: int = 0
    upgraded: bool = False  # by STARTTLS, just now: no greeting then


def _talk(provider: Letters, wire: socket.socket, file: Any) -> Any:
    """One conversation; the TLS socket with which it goes on, where STARTTLS was said."""

    def say(text: str) -> None:
        file.write(text.encode() + b"\r\n")
        file.flush()

    secure = isinstance(wire, ssl.SSLSocket)
    if not secure or not provider.upgraded:
        say(provider.says.get("HELLO", "220 here"))
    provider.upgraded = False
    recipient = ""
    while line := file.readline():
        word = line.decode("utf-8", "replace").strip()
        verb = word.split()[0].upper() if word.split() else ""
        if verb in provider.says:
            say(provider.says[verb])
        elif verb == "EHLO":
            offers = ["AUTH PLAIN", *(["STARTTLS"] if provider.tls and not secure else [])]
            file.write(b"".join(f"250-{offer}\r\n".encode() for offer in ["here", *offers]))
            say("250 SMTPUTF8")
        elif verb == "STARTTLS" and provider.tls:
            say("220 go on")
            provider.upgraded = True
            return provider.tls.wrap_socket(wire, server_side=True)
        elif verb == "AUTH":
            provider.accounts.append(word)
            say("235 you are")
        elif verb == "RCPT":
            recipient = word.partition("<")[2].partition(">")[0]
            say("250 yes")
        elif verb == "DATA":
            say("354 go on")
            text = b"".join(iter(file.readline, b".\r\n")).decode()
            if "." not in provider.says:
                provider.took.append((recipient, text))
            say(provider.says.get(".", "250 taken"))
        elif verb == "QUIT":
            say(provider.says.get("BYE", "221 bye"))
            return None
        else:
            say("250 yes")
    return None


@contextmanager
def mail(provider: Letters, *, at_once: bool = False) -> Iterator[Letters]:
    """A mail server on a free port; at_once: TLS from the start, else STARTTLS is offered with a certificate."""

    def talk(wire: socket.socket, _over: threading.Event) -> None:
        if at_once and provider.tls:
            wire = provider.tls.wrap_socket(wire, server_side=True)
        while wire is not None:
            with wire, wire.makefile("rwb") as file:
                wire = _talk(provider, wire, file)  # again, over TLS

    with raw(talk) as port:
        provider.port = port
        yield provider


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file of the authority that a client has to know."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a provider")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "authority.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


@contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[None]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
