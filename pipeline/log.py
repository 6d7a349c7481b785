"""One line a log entry, to standard error, with time, level, process and place; a supervisor keeps the lines."""

import logging
import sys

from pipeline.domain.errors import ConfigurationError
from pipeline.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(settings: Settings) -> None:
    """Sets the process's log up, once."""
    if settings.log_level not in _LEVELS:
        raise ConfigurationError(f"PARK_LOG_LEVEL={settings.log_level!r}: write {', '.join(_LEVELS)}")
    logging.basicConfig(
        level=_LEVELS[settings.log_level],
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
