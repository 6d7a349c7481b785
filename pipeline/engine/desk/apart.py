"""One thing after the other, each in a transaction of its own: what is wrong with one keeps no other back."""

import logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg

from pipeline.domain.errors import ParkError
from pipeline.store.work_orders import ActConflict

log = logging.getLogger(__name__)
T = TypeVar("T")


class Apart:
    """A run of a step. Errors are logged as they come; the last of them is raised when all was tried."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn
        self._failure: Exception | None = None

    def each(self, what: str, things: Mapping[Any, T], do: Callable[[T], int]) -> int:
        """The sum of what `do` did. Where somebody else was faster, the next run looks again."""
        done = 0
        for name, thing in things.items():
            try:
                with self._conn.transaction():
                    done += do(thing)
            except ActConflict:
                continue
            except psycopg.OperationalError:  # the database is away, or somebody holds what is needed
                raise
            except ParkError as error:  # which says all there is to know
                self._failure = error
                log.warning("%s %s: %s", what, name, error)
            except Exception as error:
                self._failure = error
                log.exception("%s %s failed", what, name)
        return done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None,
                 _trace: TracebackType | None) -> None:  # fmt: skip
        if error is None and self._failure is not None:
            raise self._failure
