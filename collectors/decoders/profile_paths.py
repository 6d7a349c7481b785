"""Places in a payload (`ENERGY.Power`, `params.{component}.apower`) and texts with named parts (`{device}-{slave}`)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

PART = re.compile(r"[a-z][a-z0-9_]*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_STEP = re.compile(r'"(?P<quoted>[^"]+)"|\{(?P<part>[^{}]*)\}|(?P<key>[^."\[\]{}]+)|(?=\[)')
_INDEX = re.compile(r"\[(-?\d{1,5})\]")

Place = tuple[str | int, ...]  # where in a payload something stands, step by step from its root


class _Missing:
    def __repr__(self) -> str:
        return "nothing there"


MISSING: Final = _Missing()


class Each(NamedTuple):
    """A step that takes every key of an object or every item of a list; `name` is "" for `*`."""

    name: str


class Match(NamedTuple):
    """One thing that a path with `{part}` or `*` found: what the parts stand for here, where it is, what it is."""

    parts: dict[str, str]
    place: Place
    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    """One place, or with `{part}` or `*` many of them. from_root: it begins with `$`, the payload as a whole."""

    text: str
    from_root: bool
    steps: tuple[str | int | Each, ...]

    @property
    def names(self) -> frozenset[str]:
        """The parts that it names."""
        return frozenset(s.name for s in self.steps if isinstance(s, Each) and s.name)

    @property
    def many(self) -> bool:
        """Whether it may find more than one thing."""
        return any(isinstance(s, Each) for s in self.steps)

    @property
    def opened(self) -> Place:
        """The list or object at the end of a path to each of its items (`ENERGY.Power.{channel}`: `ENERGY.Power`)."""
        plain = tuple(s for s in self.steps[:-1] if not isinstance(s, Each))
        return plain if len(plain) == len(self.steps) - 1 else ()

    def get(self, here: Any, root: Any) -> Any:
        """What stands at a path that is not `many`, or MISSING."""
        at = root if self.from_root else here
        for step in self.steps:
            if at.__class__ is dict:
                at = at.get(step, MISSING)
            elif at.__class__ is list and step.__class__ is int and -len(at) <= step < len(at):
                at = at[step]
            else:
                return MISSING
        return at

    def walk(self, here: Any, root: Any, *, at: Place = ()) -> Iterator[Match]:
        """Everything that stands there, in the payload's order; `at` is the place of `here`."""
        if self.from_root:
            yield from _walk(root, self.steps, {}, ())
        else:
            yield from _walk(here, self.steps, {}, at)

    def place(self, at: Place) -> Place:
        """Where a path that is not `many` points to, when `here` stands at `at`."""
        own = tuple(s for s in self.steps if not isinstance(s, Each))
        return own if self.from_root else (*at, *own)


def _walk(at: Any, steps: tuple[str | int | Each, ...], parts: dict[str, str], place: Place) -> Iterator[Match]:
    if not steps:
        yield Match(parts, place, at)
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Each):
        found = at.items() if at.__class__ is dict else enumerate(at) if at.__class__ is list else ()
        for key, value in found:
            yield from _walk(value, rest, {**parts, step.name: str(key)} if step.name else parts, (*place, key))
    elif at.__class__ is dict:
        if step in at:
            yield from _walk(at[step], rest, parts, (*place, step))
    elif at.__class__ is list and isinstance(step, int) and -len(at) <= step < len(at):
        yield from _walk(at[step], rest, parts, (*place, step))


def parse(text: str) -> Path:
    """A path; ValueError says what is wrong with it. `@` is the thing itself, `$` the payload as a whole."""
    rest = text.strip()
    if rest in ("@", "$"):
        return Path(rest, rest == "$", ())
    from_root = rest.startswith(("$.", "$["))
    if from_root:
        rest = rest[1:].removeprefix(".")
    steps: list[str | int | Each] = []
    while True:
        found = _STEP.match(rest)
        if found is None:
            raise ValueError(f'"{text}" has a step without a name')
        if found["quoted"] is not None:
            steps.append(found["quoted"])
        elif found["part"] is not None:
            steps.append(Each(_part(found["part"])))
        elif found["key"] is not None:
            key = found["key"].strip()
            steps.append(Each("") if key == "*" else key)
        rest = rest[found.end() :]
        while index := _INDEX.match(rest):
            steps.append(int(index[1]))
            rest = rest[index.end() :]
        if not rest:
            break
        if not rest.startswith("."):
            raise ValueError(f'"{text}" cannot be read from "{rest}" on')
        rest = rest[1:]
    return Path(text, from_root, tuple(steps))


def spelled(place: Place) -> str:
    """A place as a path that leads there."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = _STEP.fullmatch(step) and step == step.strip() and step != "*" and step[:1] not in '"{'
            text += ("." if text else "") + (step if plain else f'"{step}"')
    return text or "@"


@dataclass(frozen=True, slots=True)
class Template:
    """A text in which `{part}` stands for what a part of the topic or the payload says."""

    text: str
    pieces: tuple[tuple[str, str], ...]  # (text before, part or "")

    @property
    def names(self) -> frozenset[str]:
        """The parts that it needs."""
        return frozenset(name for _, name in self.pieces if name)

    def fill(self, parts: Mapping[str, str]) -> str | None:
        """The text, or None where a part is not there."""
        made = []
        for before, name in self.pieces:
            made.append(before)
            if name:
                value = parts.get(name)
                if value is None:
                    return None
                made.append(value)
        return "".join(made)


def template(text: str) -> Template:
    """ValueError says what is wrong with it."""
    pieces, end = [], 0
    for found in _BRACES.finditer(text):
        pieces.append((text[end : found.start()], _part(found[1])))
        end = found.end()
    pieces.append((text[end:], ""))
    if any("{" in before or "}" in before for before, _ in pieces):
        raise ValueError(f'"{text}" has a brace without its partner')
    return Template(text, tuple(pieces))


def _part(name: str) -> str:
    if not PART.fullmatch(name):
        raise ValueError(f'"{{{name}}}" is no part')
    return name


@dataclass(frozen=True, slots=True)
class TopicEnd:
    """The last levels of a topic; `{part}` and `+` stand for one level. What comes in front may be anything."""

    text: str
    levels: tuple[str | Each, ...]

    @property
    def names(self) -> frozenset[str]:
        """The parts that it names."""
        return frozenset(level.name for level in self.levels if isinstance(level, Each) and level.name)

    def match(self, levels: list[str]) -> dict[str, str] | None:
        """What its parts stand for in a topic, or None where it is another topic."""
        if len(levels) < len(self.levels):
            return None
        parts = {}
        for own, level in zip(self.levels, levels[-len(self.levels) :], strict=True):
            if own.__class__ is str:
                if own != level:
                    return None
            elif own[0]:
                parts[own[0]] = level
        return parts

    def meets(self, topics: str) -> bool:
        """Whether some topic of an MQTT filter ends like this."""
        given = topics.split("/")
        if given[-1] == "#":
            return True
        if len(given) < len(self.levels):
            return False
        ends = zip(self.levels, given[-len(self.levels) :], strict=True)
        return all(isinstance(own, Each) or level in (own, "+") for own, level in ends)


def topic_end(text: str) -> TopicEnd:
    """ValueError says what is wrong with it."""
    levels: list[str | Each] = []
    for level in text.split("/"):
        if level == "+":
            levels.append(Each(""))
        elif level.startswith("{") and level.endswith("}"):
            levels.append(Each(_part(level[1:-1])))
        elif set("+#{}") & set(level):
            raise ValueError(f'"{level}" is no level of a topic: {{part}} and + stand for one whole level, # for none')
        else:
            levels.append(level)
    return TopicEnd(text, tuple(levels))
