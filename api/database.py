"""The API's connections, pooled and limited in time: many that only read, as park_reader; a few on which people act,
as park_operator; and a few that tell who asks, as park_gate."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from pipeline.domain.errors import ConfigurationError, ParkError, Unavailable
from pipeline.store.database import guarded
from pipeline.store.queries import load

QUERIES = load(Path(__file__).parent / "sql")

CONNECTIONS = 8
STATEMENT_TIMEOUT_MS = 10_000
POOL_WAIT_S = 2.0  # a request that finds no connection by then is told to come again
RECONNECT_WITHIN_S = 5.0  # how long one background attempt may back off: a restarted database is found soon
OPTIONS = (
    f"-c role=park_reader -c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    " -c default_transaction_read_only=on -c idle_in_transaction_session_timeout=60000"
)

WRITERS = 3
GATES = 4  # each is held for a lookup, never while a password is compared
LOCK_TIMEOUT_MS = 3_000
WRITE_OPTIONS = (
    f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
    " -c idle_in_transaction_session_timeout=15000"
)
KEEP_ALIVE = {
    "connect_timeout": 5, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip

OPERATOR, GATE = "park_operator", "park_gate"
ELSE = {OPERATOR: ", or set PARK_API_READ_ONLY=yes", GATE: ", which takes `park migrate` first"}

Row = dict[str, Any]

# The pool reports every failed attempt to reconnect; that the database is away is said by /readyz and the metrics.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class TooSlow(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 503
    """the query took longer than 10 seconds, or waited 3 for somebody else, and was stopped"""


class Database:
    """The API's pools. `open` before use; they connect in the background and survive restarts of the database."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            url,
            kwargs={"options": OPTIONS, "application_name": "park api", "row_factory": dict_row, **KEEP_ALIVE},
            min_size=1,
            max_size=connections,
            timeout=POOL_WAIT_S,
            max_waiting=100,
            reconnect_timeout=RECONNECT_WITHIN_S,
            check=ConnectionPool.check_connection,
            open=False,
            name="api",
        )
        self._gate = self._acting(url, name="api-gate", application="park api gate", connections=GATES)
        self._writers = self._acting(url, name="api-act", application="park api act", connections=WRITERS)

    @staticmethod
    def _acting(url: str, *, name: str, application: str, connections: int) -> "ConnectionPool[psycopg.Connection]":
        return ConnectionPool(
            url,
            kwargs={"options": WRITE_OPTIONS, "application_name": application, **KEEP_ALIVE},
            min_size=0,  # where nobody acts, none is held
            max_size=connections,
            timeout=POOL_WAIT_S,
            max_waiting=100,
            reconnect_timeout=RECONNECT_WITHIN_S,
            check=ConnectionPool.check_connection,
            open=False,
            name=name,
        )

    def open(self) -> None:
        """Starts connecting; never waits and never fails."""
        self._pool.open(wait=False)
        self._writers.open(wait=False)
        self._gate.open(wait=False)

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close(timeout=2.0)
        self._writers.close(timeout=2.0)
        self._gate.close(timeout=2.0)

    @contextmanager
    def read(self) -> Iterator["Reader"]:
        """A reader in one read-only transaction. Raises Unavailable, TooSlow, ConfigurationError."""
        with timely(), self._pool.connection() as conn:
            yield Reader(conn)

    @contextmanager
    def write(self) -> Iterator[psycopg.Connection]:
        """A connection in one transaction in which a person acts. Raises Unavailable, TooSlow, ConfigurationError."""
        with timely(), self._writers.connection() as conn:
            act_as(conn, OPERATOR)
            yield conn

    @contextmanager
    def gate(self) -> Iterator[psycopg.Connection]:
        """A connection in one transaction that tells who asks, or writes who there is. Raises as `write` does."""
        with timely(), self._gate.connection() as conn:
            act_as(conn, GATE)
            yield conn


@contextmanager
def timely() -> Iterator[None]:
    """Driver errors as ours. What took too long, or waited too long for somebody else, is TooSlow."""
    try:
        with guarded():
            yield
    except Unavailable as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
            raise TooSlow from error
        raise


def act_as(conn: psycopg.Connection, role: LiteralString) -> None:
    """Takes a role for the rest of the transaction: each time, so that its absence is told, not waited for."""
    try:
        conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        raise ConfigurationError(
            f"this server's database account may not act: `grant {role} to` it{ELSE[role]}"
        ) from error


class Reader:
    """Runs named queries of api/sql on one connection."""

    def __init__(self, conn: psycopg.Connection[Row]) -> None:
        self._conn = conn

    def rows(self, query: str, *, prepare: bool | None = None, **parameters: Any) -> list[Row]:
        """All rows of a query by column name. `prepare=False` where optional filters want a plan of their own."""
        text: LiteralString = QUERIES[query]
        return self._conn.execute(text, parameters, prepare=prepare).fetchall()

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """The connection itself, for what reads with statements of its own."""
        return self._conn

    def rollback(self) -> None:
        """Makes the connection usable after a query that failed."""
        self._conn.rollback()

    def row(self, query: str, **parameters: Any) -> Row | None:
        """The first row, or None."""
        return self._conn.execute(QUERIES[query], parameters).fetchone()

    def one(self, query: str, **parameters: Any) -> Row:
        """The first row of a query that always has one."""
        row = self.row(query, **parameters)
        assert row is not None, query  # noqa: S101 - an aggregate or a select without from
        return row
