"""What the units of IANA's SenML registry are called here, and what a record measures that has a unit but no name."""

# https://www.iana.org/assignments/senml (RFC 8428, RFC 8798); what is not listed is called as the registry does.
_OURS = {
    "Cel": "°C",
    "deg": "°",
    "Ohm": "Ω",
    "m2": "m²",
    "m3": "m³",
    "l": "L",
    "l/s": "L/s",
    "m3/s": "m³/s",
    "m3/h": "m³/h",
    "m/s2": "m/s²",
    "W/m2": "W/m²",
    "kg/m3": "kg/m³",
    "ug/m3": "µg/m³",
    "1/min": "1/min",
    "/": "1",
    "lon": "°",
    "lat": "°",
    "%EL": "%",
    "EL": "s",
    "beat/m": "1/min",
    "beats": "1",
    "count": "1",
}
_QUANTITIES = {
    "Cel": "temperature",
    "K": "temperature",
    "%RH": "humidity",
    "lon": "longitude",
    "lat": "latitude",
    "%EL": "battery",
    "EL": "battery_life",
    "V": "voltage",
    "mV": "voltage",
    "A": "current",
    "mA": "current",
    "W": "power",
    "kW": "power",
    "J": "energy",
    "Wh": "energy",
    "kWh": "energy",
    "Hz": "frequency",
    "Pa": "pressure",
    "hPa": "pressure",
    "lx": "illuminance",
    "dBm": "signal",
    "m3": "volume",
    "l": "volume",
    "m3/s": "flow",
    "m3/h": "flow",
    "l/s": "flow",
    "pH": "ph",
    "count": "count",
}


def ours(unit: str) -> str:
    """The unit as we spell it."""
    return _OURS.get(unit, unit)


def quantity(unit: str | None) -> str:
    """A point's name for a record without one: `humidity` for %RH, `value_kg` for a unit that says less."""
    if not unit:
        return "value"
    return _QUANTITIES.get(unit) or f"value {unit}"
