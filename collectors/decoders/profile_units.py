"""The units that mapping profiles convert between, and exact conversion: value = (raw × times + plus) ÷ by."""

import math
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from pipeline.parkfile.problems import nearest

_EXACT = 2**53  # whole numbers up to here are exact in a float


class Conversion(NamedTuple):
    """value = (raw × times + plus) ÷ by, in whole numbers where they fit, so that 118400 W is 118.4 kW to the digit."""

    times: float = 1.0
    plus: float = 0.0
    by: float = 1.0

    def __call__(self, raw: float) -> float:
        return (raw * self.times + self.plus) / self.by


def _ratio(**factors: str) -> dict[str, tuple[Fraction, Fraction]]:
    return {_SPELLED.get(name, name): (Fraction(factor), Fraction(0)) for name, factor in factors.items()}


_SPELLED = {
    "m3": "m³", "mm_s": "mm/s", "cm_s": "cm/s", "m_s": "m/s", "km_h": "km/h", "m3_h": "m³/h", "m3_s": "m³/s",
    "L_h": "L/h", "L_min": "L/min", "L_s": "L/s", "one": "1", "percent": "%", "permille": "‰", "ug_m3": "µg/m³",
    "mg_m3": "mg/m³", "uA": "µA", "uS_cm": "µS/cm", "mS_cm": "mS/cm", "minutes": "min", "kg_h": "kg/h", "t_h": "t/h",
    "W_m2": "W/m²", "kW_m2": "kW/m²", "ug_L": "µg/L", "mg_L": "mg/L",
}  # fmt: skip

# Each row is one kind: how many of the row's basic unit one of each is. Conversion goes within a row, nowhere else.
_KINDS = (
    {
        "°C": (Fraction(1), Fraction("273.15")),
        "°F": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
        "K": (Fraction(1), Fraction(0)),
    },
    _ratio(mW="0.001", W="1", kW="1000", MW="1000000"),
    _ratio(VA="1", kVA="1000", MVA="1000000"),
    _ratio(var="1", kvar="1000", Mvar="1000000"),
    _ratio(mWh="0.001", Wh="1", kWh="1000", MWh="1000000", GWh="1000000000", J="1/3600", kJ="10/36", MJ="10000/36",
           GJ="10000000/36"),
    _ratio(VAh="1", kVAh="1000"),
    _ratio(varh="1", kvarh="1000", Mvarh="1000000"),
    _ratio(mV="0.001", V="1", kV="1000"),
    _ratio(uA="0.000001", mA="0.001", A="1", kA="1000"),
    _ratio(Hz="1", kHz="1000", MHz="1000000"),
    _ratio(Pa="1", hPa="100", mbar="100", kPa="1000", bar="100000", MPa="1000000", psi="6894.757293168",
           mmHg="133.322387415", inHg="3386.388640341"),
    _ratio(mL="0.001", L="1", m3="1000"),
    _ratio(L_h="1", L_min="60", L_s="3600", m3_h="1000", m3_s="3600000"),
    _ratio(kg_h="1", t_h="1000"),
    _ratio(mm="0.001", cm="0.01", m="1", km="1000"),
    _ratio(mm_s="0.001", cm_s="0.01", m_s="1", km_h="1000/3600"),
    _ratio(one="1", percent="0.01", permille="0.001"),
    _ratio(ppb="0.001", ppm="1"),
    _ratio(ug_m3="1", mg_m3="1000"),
    _ratio(ug_L="0.001", mg_L="1"),
    _ratio(ms="0.001", s="1", minutes="60", h="3600", d="86400"),
    _ratio(g="0.001", kg="1", t="1000"),
    _ratio(lx="1", klx="1000"),
    _ratio(W_m2="1", kW_m2="1000"),
    _ratio(uS_cm="1", mS_cm="1000"),
    # Units with nothing to convert from or to, listed so that a slip in spelling them is seen.
    _ratio(dBm="1"), {"dB": (Fraction(1), Fraction(0))}, {"%RH": (Fraction(1), Fraction(0))},
    {"pH": (Fraction(1), Fraction(0))}, {"persons": (Fraction(1), Fraction(0))}, {"°": (Fraction(1), Fraction(0))},
)  # fmt: skip

UNITS = {unit: kind for kind in _KINDS for unit in kind}


def misspelt(unit: str) -> str:
    """The listed unit that this one must mean (`kwh` → `kWh`, `m3` → `m³`); "" where it is listed, or is its own."""
    return "" if unit in UNITS else _PLAIN.get(_plain(unit), "")


def _plain(unit: str) -> str:
    plain = unicodedata.normalize("NFKC", unit).casefold().replace(" ", "").replace("^", "")
    return {"c": "°c", "℃": "°c", "degc": "°c", "f": "°f", "degf": "°f"}.get(plain, plain)


_PLAIN: dict[str, str] = {}
for _unit in UNITS:  # mW and MW differ by case only: neither is meant by `mw`
    _PLAIN[_plain(_unit)] = "" if _plain(_unit) in _PLAIN else _unit


def conversion(given: str, wanted: str, *, scale: float = 1, offset: float = 0) -> Conversion | None:
    """From raw × scale + offset in one unit to another; None where nothing changes. ValueError where it cannot be."""
    factor, shift = Fraction(str(scale)), Fraction(str(offset))
    if given != wanted:
        for unit in (given, wanted):
            if unit not in UNITS:
                meant = misspelt(unit) or nearest(unit, UNITS)
                raise ValueError(
                    f'"{unit}" is no unit that can be converted' + (f'; perhaps "{meant}"' if meant else "")
                )
        kind = UNITS[given]
        if wanted not in kind:
            raise ValueError(f'"{given}" cannot become "{wanted}", only ' + ", ".join(u for u in kind if u != given))
        ratio = kind[given][0] / kind[wanted][0]
        shift = shift * ratio + (kind[given][1] - kind[wanted][1]) / kind[wanted][0]
        factor *= ratio
    if factor == 1 and shift == 0:
        return None
    by = math.lcm(factor.denominator, shift.denominator)
    times, plus = int(factor * by), int(shift * by)
    if max(abs(times), abs(plus), by) <= _EXACT:
        return Conversion(float(times), float(plus), float(by))
    return Conversion(float(factor), float(shift))
