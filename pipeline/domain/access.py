"""What access gates say: decisions, passages and door states, in BACnet's words (ANSI/ASHRAE 135, clause 21)."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class Direction(StrEnum):
    """Which way, seen from the park; unknown where the reader cannot tell."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


class AccessEventCode(IntEnum):
    """BACnetAccessEvent. 1 to 127 are decisions and states, 128 and above are denials."""

    NONE = 0
    GRANTED = 1
    MUSTER = 2
    PASSBACK_DETECTED = 3
    DURESS = 4
    TRACE = 5
    LOCKOUT_MAX_ATTEMPTS = 6
    LOCKOUT_OTHER = 7
    LOCKOUT_RELINQUISHED = 8
    LOCKED_BY_HIGHER_AUTHORITY = 9
    OUT_OF_SERVICE = 10
    OUT_OF_SERVICE_RELINQUISHED = 11
    ACCOMPANIMENT_BY = 12
    AUTHENTICATION_FACTOR_READ = 13
    AUTHORIZATION_DELAYED = 14
    VERIFICATION_REQUIRED = 15
    NO_ENTRY_AFTER_GRANTED = 16
    DENIED_DENY_ALL = 128
    DENIED_UNKNOWN_CREDENTIAL = 129
    DENIED_AUTHENTICATION_UNAVAILABLE = 130
    DENIED_AUTHENTICATION_FACTOR_TIMEOUT = 131
    DENIED_INCORRECT_AUTHENTICATION_FACTOR = 132
    DENIED_ZONE_NO_ACCESS_RIGHTS = 133
    DENIED_POINT_NO_ACCESS_RIGHTS = 134
    DENIED_NO_ACCESS_RIGHTS = 135
    DENIED_OUT_OF_TIME_RANGE = 136
    DENIED_THREAT_LEVEL = 137
    DENIED_PASSBACK = 138
    DENIED_UNEXPECTED_LOCATION_USAGE = 139
    DENIED_MAX_ATTEMPTS = 140
    DENIED_LOWER_OCCUPANCY_LIMIT = 141
    DENIED_UPPER_OCCUPANCY_LIMIT = 142
    DENIED_AUTHENTICATION_FACTOR_LOST = 143
    DENIED_AUTHENTICATION_FACTOR_STOLEN = 144
    DENIED_AUTHENTICATION_FACTOR_DAMAGED = 145
    DENIED_AUTHENTICATION_FACTOR_DESTROYED = 146
    DENIED_AUTHENTICATION_FACTOR_DISABLED = 147
    DENIED_AUTHENTICATION_FACTOR_ERROR = 148
    DENIED_CREDENTIAL_UNASSIGNED = 149
    DENIED_CREDENTIAL_NOT_PROVISIONED = 150
    DENIED_CREDENTIAL_NOT_YET_ACTIVE = 151
    DENIED_CREDENTIAL_EXPIRED = 152
    DENIED_CREDENTIAL_MANUAL_DISABLE = 153
    DENIED_CREDENTIAL_LOCKOUT = 154
    DENIED_CREDENTIAL_MAX_DAYS = 155
    DENIED_CREDENTIAL_MAX_USES = 156
    DENIED_CREDENTIAL_INACTIVITY = 157
    DENIED_CREDENTIAL_DISABLED = 158
    DENIED_NO_ACCOMPANIMENT = 159
    DENIED_INCORRECT_ACCOMPANIMENT = 160
    DENIED_LOCKOUT = 161
    DENIED_VERIFICATION_FAILED = 162
    DENIED_VERIFICATION_TIMEOUT = 163
    DENIED_OTHER = 164

    @property
    def label(self) -> str:
        """BACnet's own hyphenated name, as it stands on the wire (`denied-passback`)."""
        return self.name.lower().replace("_", "-")


class DoorState(IntEnum):
    """BACnetDoorAlarmState."""

    NORMAL = 0
    ALARM = 1
    DOOR_OPEN_TOO_LONG = 2
    FORCED_OPEN = 3
    TAMPER = 4
    DOOR_FAULT = 5
    LOCK_DOWN = 6
    FREE_ACCESS = 7
    EGRESS_OPEN = 8

    @property
    def label(self) -> str:
        """BACnet's own hyphenated name (`forced-open`)."""
        return self.name.lower().replace("_", "-")


class AccessKind(StrEnum):
    """The three things a gate reports."""

    DECISION = "decision"
    PASSAGE = "passage"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """A decision (code: AccessEventCode), a passage (count persons) or a door state (code: DoorState) of one gate.

    subject is a pseudonym that holds for one service day; the credential itself never gets this far.
    time is the device's own, None where it gave none.
    """

    time: datetime | None
    kind: AccessKind
    code: int | None = None
    direction: Direction = Direction.UNKNOWN
    reader: str | None = None
    count: int | None = None
    subject: str | None = None
    company_id: str | None = None
