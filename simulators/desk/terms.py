"""What the park promises, as the simulator reads it: the most specific word of the desk files on each term.

The files are configuration, and shared; how they are understood is written here a second time (docs/sla.md).
"""

from simulators.desk.hours import ALWAYS, OFFICE
from simulators.desk.promises import KINDS, Promise, Target
from simulators.desk.truth import TrueOrder

HOUR_S = 3600.0
MINUTES = {"P1": (5, 30, 240, ALWAYS), "P2": (10, 60, 480, ALWAYS), "P3": (30, 120, 960, OFFICE)}
DAYS = {"acknowledge": 1, "respond": 1, "restore": 5}  # of P4: until the end of that next working day
PAUSES = {"parts": 48, "permit": 48, "access": 24, "tenant": 24, "weather": 24}  # h on the wall
IN_ALL = 96


def built_in(row: TrueOrder) -> Promise:
    """What holds where a park has decided nothing."""
    if row.priority in MINUTES:
        *minutes, hours = MINUTES[row.priority]
        targets = {kind: Target(hours, 60.0 * m) for kind, m in zip(KINDS, minutes, strict=True)}
    else:
        targets = {kind: Target(OFFICE, days=days) for kind, days in DAYS.items()}
    return Promise(targets, pauses={why: h * HOUR_S for why, h in PAUSES.items()}, at_most=IN_ALL * HOUR_S)
