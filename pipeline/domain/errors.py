"""Everything that smartpark raises on purpose, in one tree; each docstring is the message it starts with.

ParkError
├── ConfigurationError      a setting, a key file or a park file says something that cannot be
│   ├── ParkFileError       one or more errors in a park file, each with its file and line
│   └── SchemaOutdated      the database is not at this program's schema version
├── Rejected                this message can never be stored: dead letter, then ack
├── Unavailable             storing failed for a reason that will pass: keep, no ack, try again
└── NotFound                what was asked for does not exist
"""


class ParkError(Exception):
    """smartpark could not do what was asked"""

    def __init__(self, detail: str = "") -> None:
        message = (self.__doc__ or "error").strip()
        super().__init__(f"{message}: {detail}" if detail else message)
        self.detail = detail


class ConfigurationError(ParkError):
    """the configuration cannot be used"""


class ParkFileError(ConfigurationError):
    """the park file cannot be applied"""


class SchemaOutdated(ConfigurationError):  # noqa: N818 - it names a state, which is what the reader must act on
    """the database schema does not fit this program; run `park migrate`"""


class Rejected(ParkError):  # noqa: N818 - HOUSE.md, habit 1
    """the message cannot be understood"""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Unavailable(ParkError):  # noqa: N818 - HOUSE.md, habit 1
    """the store cannot take data now"""


class NotFound(ParkError):  # noqa: N818 - it names an answer, which api/errors.py maps to 404
    """there is no such thing"""
