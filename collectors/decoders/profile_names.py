"""Remembers what one source's foreign devices and points are called here: the rules are dear, the names are few."""

from collectors.sources import Source

NAMES_KEPT = 10_000  # names of one source; beyond that it starts to remember anew
SOURCES_KEPT = 1_000


class Names:
    """What one source's foreign names are called here, remembered."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.devices: dict[str, str] = {}
        self.points: dict[str, str] = {}

    def device(self, foreign: str) -> str:
        known = self.devices.get(foreign)
        if known is None:
            known = self._remember(self.devices, foreign, self.source.device_id(foreign))
        return known

    def point(self, foreign: str) -> str:
        """As the source lists it, by its foreign name or by the name that the profile makes of it."""
        known = self.points.get(foreign)
        if known is None:
            name = self.source.point_name(foreign)
            if foreign not in self.source.points:
                name = self.source.point_name(name)
            known = self._remember(self.points, foreign, name)
        return known

    def _remember(self, names: dict[str, str], foreign: str, name: str) -> str:
        if len(names) >= NAMES_KEPT:
            names.clear()
        names[foreign] = name
        return name


_known: dict[tuple[int, int], Names] = {}


def names_of(source: Source) -> Names:
    """By its two tables of names: a device with a profile of its own has its own Source, but these in common."""
    key = (id(source.devices), id(source.points))
    names = _known.get(key)
    if names is None or names.source.devices is not source.devices or names.source.points is not source.points:
        if len(_known) >= SOURCES_KEPT:
            _known.clear()
        names = _known[key] = Names(source)
    return names
