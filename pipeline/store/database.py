"""Opens connections to the park's database, and is the one place where driver errors become ours."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from pipeline.domain.errors import ConfigurationError, Unavailable

# A host that vanished must be given up by the server too, within half a minute, not two hours: its locks (lanes, rows)
# keep others waiting until then.
SERVER_SIDE = "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"


def connect(url: str, *, role: str | None = None, application: str = "park") -> psycopg.Connection:
    """A connection in UTC with explicit transactions, acting as `role` (park_reader, park_writer) where given."""
    options = f"-c timezone=UTC {SERVER_SIDE}" + (f" -c role={role}" if role else "")
    with guarded():
        # TCP keep-alives find a database host that vanished; the default takes two hours.
        return psycopg.connect(
            url, options=options, application_name=application, connect_timeout=10,
            keepalives_idle=15, keepalives_interval=5, keepalives_count=3, tcp_user_timeout=30_000,
        )  # fmt: skip


def give_up(conn: psycopg.Connection) -> None:
    """From another thread: ends a connection on which nothing comes any more, as if the network had."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def guarded() -> Iterator[None]:
    """Turns driver errors that will pass into Unavailable, and those that need a person into ConfigurationError."""
    try:
        yield
    except (psycopg.errors.InvalidPassword, psycopg.errors.InvalidAuthorizationSpecification) as error:
        raise ConfigurationError(f"the database refuses PARK_DATABASE_URL: {first_line(error)}") from error
    except psycopg.errors.UndefinedTable as error:
        raise ConfigurationError(f"the database is not migrated; run `park migrate` ({first_line(error)})") from error
    except psycopg.errors.ProgramLimitExceeded:
        raise  # no passing trouble: some row is too large for an index or a tuple
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error) or 'role "' in str(error):
            raise ConfigurationError(f"the database refuses PARK_DATABASE_URL: {first_line(error)}") from error
        raise Unavailable(first_line(error)) from error
    except psycopg.InterfaceError as error:
        raise Unavailable(first_line(error)) from error


def first_line(error: BaseException) -> str:
    """The first line of a driver's message: enough for a log, without its DETAIL (which may quote data)."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
