"""What there is to do in a park like Qinghe, how often, how long it takes (`habits.toml`), and what people are like."""

import tomllib
from enum import StrEnum
from pathlib import Path

import msgspec


class Rhythm(StrEnum):
    """At what hours something comes up."""

    OFFICE = "office"  # when people sit at their desks
    ROUND = "round"  # any hour alike
    HEAT = "heat"  # with the load of the afternoon
    MORNING = "morning"  # what a calendar asks for


OFFICE = (
    0.1,
    0.05,
    0.05,
    0.05,
    0.05,
    0.1,
    0.4,
    1.5,
    5,
    8,
    7.5,
    5.5,
    3,
    5.5,
    7,
    6,
    5,
    3.5,
    1.8,
    1.2,
    0.9,
    0.7,
    0.4,
    0.2,
)
HOURLY: dict[Rhythm, tuple[float, ...]] = {
    Rhythm.OFFICE: OFFICE,
    Rhythm.ROUND: (1,) * 24,
    Rhythm.HEAT: (1, 1, 1, 1, 1, 1, 1.5, 2, 3, 4, 4, 5, 5, 6, 6, 5.5, 5, 4, 3, 2, 2, 1.5, 1, 1),
    Rhythm.MORNING: (0,) * 6 + (2, 5, 4) + (0,) * 15,
}


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an order is called."""

    zh: str
    en: str


class Habit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of work; habits.toml says what the figures are. Of what tenants ask for the catalogue says the rest."""

    name: str
    origin: str
    service: str = ""  # of the catalogue, where that is not its name
    category: str = ""
    skill: str = ""
    priority: str = ""
    working: float
    free: float
    rhythm: Rhythm
    fix_min: float
    spread: float
    title: Title | None = None
    parts: float = 0.0
    remote: float = 0.0
    again: float = 0.05
    called_off: float = 0.03
    verify_s: float | None = None
    device_types: tuple[str, ...] = ()


class Matter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a department answers by itself."""

    name: str
    working: float
    hours: float
    transferred: float
    declined: float


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    habit: tuple[Habit, ...]
    matter: tuple[Matter, ...]


_TABLE = msgspec.convert(tomllib.loads((Path(__file__).parent / "habits.toml").read_text(encoding="utf-8")), Table)
HABITS, MATTERS = _TABLE.habit, _TABLE.matter

TRAVEL_MIN = (3.0, 11.0)  # across the park, on foot or by bicycle
OUTSIDE_MIN = (18.0, 70.0)  # a contractor who has to drive there
MISSED = {"P1": 0.02, "P2": 0.04, "P3": 0.05, "P4": 0.04}  # whoever should see it does not
SEEN_MIN = {"P1": 1.6, "P2": 3.2, "P3": 9.0, "P4": 45.0}  # median until somebody takes it, while on duty
ESCALATES = {"P1": (5, 15), "P2": (10, 30), "P3": (30, 60), "P4": (1440,)}  # min: when somebody may be told of it
HANDED_BACK = 0.03
PARTS_H = (3.0, 70.0)
ACCESS = 0.04  # the tenant is not there, the door is locked
APPOINTED = 0.08  # the tenant names a time
DECLINED_QUOTE = 0.2
CHANNELS = {"online": 0.74, "phone": 0.17, "desk": 0.05, "chat": 0.04}
CONFIRMED = 0.46  # of tenants who say that it is well, the others stay silent
RATED = {True: 0.62, False: 0.08}  # of those who confirmed, and of the silent
WORDS = ("辛苦尽快处理", "昨天也出现过", "影响办公", "前台可以开门", "下午有客户来访", "麻烦先打电话", "已经第二次报修")
