"""Read-only connections for the API: pooled, acting as park_reader, each statement limited in time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from pipeline.domain.errors import ParkError, Unavailable
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

Row = dict[str, Any]

# The pool reports every failed attempt to reconnect; that the database is away is said by /readyz and the metrics.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class TooSlow(ParkError):  # noqa: N818 - it names an answer, which api/problems.py maps to 503
    """the query took longer than 10 seconds and was stopped"""


class Database:
    """The API's pool. `open` before use; it connects in the background and survives restarts of the database."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._pool: ConnectionPool[psycopg.Connection[Row]] = ConnectionPool(
            url,
            kwargs={
                "options": OPTIONS,
                "application_name": "park api",
                "row_factory": dict_row,
                "connect_timeout": 5,
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 30_000,
            },
            min_size=1,
            max_size=connections,
            timeout=POOL_WAIT_S,
            max_waiting=100,
            reconnect_timeout=RECONNECT_WITHIN_S,
            check=ConnectionPool.check_connection,
            open=False,
            name="api",
        )

    def open(self) -> None:
        """Starts connecting; never waits and never fails."""
        self._pool.open(wait=False)

    def close(self) -> None:
        """Closes all connections."""
        self._pool.close(timeout=2.0)

    @contextmanager
    def read(self) -> Iterator["Reader"]:
        """A reader in one read-only transaction. Raises Unavailable, TooSlow, ConfigurationError."""
        try:
            with guarded(), self._pool.connection() as conn:
                yield Reader(conn)
        except Unavailable as error:
            if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
                raise TooSlow from error
            raise


class Reader:
    """Runs named queries of api/sql on one connection."""

    def __init__(self, conn: psycopg.Connection[Row]) -> None:
        self._conn = conn

    def rows(self, query: str, *, prepare: bool | None = None, **parameters: Any) -> list[Row]:
        """All rows of a query by column name. `prepare=False` where optional filters want a plan of their own."""
        text: LiteralString = QUERIES[query]
        return self._conn.execute(text, parameters, prepare=prepare).fetchall()

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
