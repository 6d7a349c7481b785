"""Topic patterns: MQTT filters whose levels may have names, such as `tele/{device}/SENSOR`."""

import re
from dataclasses import dataclass

_PART = re.compile(r"\{([a-z][a-z0-9_]*)(\.\.\.)?\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """`{part}` stands for one level and names it, `{part...}` at the end for one or more; `+` and `#` as in MQTT."""

    text: str
    filter: str
    parts: tuple[str, ...]
    _regex: re.Pattern[str]

    @staticmethod
    def parse(text: str) -> "Pattern":
        """ValueError, which says what to write, where this is no pattern."""
        levels = text.split("/")
        filters: list[str] = []
        regexes: list[str] = []
        parts: list[str] = []
        for place, level in enumerate(levels):
            last = place == len(levels) - 1
            named = _PART.fullmatch(level)
            if named and (named[1] in parts):
                raise ValueError(f"two levels are named {{{named[1]}}}; give each a name of its own")
            if level == "#" or (named and named[2]):
                if not last:
                    raise ValueError(f"{level} stands before the end; only the last level may be # or {{part...}}")
            elif not named and level != "+" and set("+#{}\x00") & set(level):
                raise ValueError(f'"{level}" is no level; {{part}}, + and # stand for whole levels')
            if named:
                parts.append(named[1])
                filters.append("+/#" if named[2] else "+")
                regexes.append(f"(?P<{named[1]}>{'.+' if named[2] else '[^/]+'})")
            else:
                filters.append(level)
                regexes.append({"+": "[^/]*", "#": ".*"}.get(level) or re.escape(level))
        if not text:
            raise ValueError("it is empty; write such as zigbee2mqtt/{device...}")
        whole = "/".join(regexes)
        if levels[-1] == "#":  # `a/#` matches `a` itself
            whole = ".*" if len(levels) == 1 else "/".join(regexes[:-1]) + "(?:/.*)?"
        return Pattern(text, "/".join(filters), tuple(parts), re.compile(whole, re.DOTALL))

    def match(self, topic: str) -> dict[str, str] | None:
        """What the named parts are in this topic; None where it is not of this pattern."""
        found = self._regex.fullmatch(topic)
        return found.groupdict() if found else None
