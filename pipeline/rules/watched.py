"""One watch with what its rule says, and how its spell goes on from what is seen of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from pipeline.domain.rule import CountOf, DoorIn, Rule
from pipeline.domain.spell import Delays, Glimpse, Phase, Spell, Turn, deadline, follow


@dataclass(frozen=True, slots=True)
class Watched:
    """A watch that one reading or event decides. devices: whose events it is about; unit: of its point."""

    watch: int
    rule: Rule
    point: int | None
    devices: tuple[int, ...]
    unit: str | None
    delays: Delays

    @property
    def within(self) -> timedelta:
        """The window of a count; none for the others."""
        asked = self.rule.condition
        return timedelta(seconds=asked.within_s) if isinstance(asked, CountOf) else timedelta()

    @property
    def reach(self) -> timedelta:
        """How far before an instant lies what can matter to it."""
        return self.delays.on + self.delays.off + 2 * self.within

    def concerns(self, kind: str, code: int) -> bool:
        """Whether an access event is one that this watch looks at."""
        match self.rule.condition:
            case DoorIn():
                return kind == "door"
            case CountOf(decisions=decisions, doors=doors):
                return code in (doors if kind == "door" else decisions if kind == "decision" else ())
            case _:
                return False

    def follow(self, spell: Spell, seen: Iterable[Glimpse]) -> tuple[Spell, list[Turn]]:
        """The spell after some glimpses. A count holds until its window has emptied: each event that is counted puts
        that off, as a clearing whose off-delay begins then."""
        if not isinstance(self.rule.condition, CountOf):
            return follow(spell, seen, self.delays)
        turns: list[Turn] = []
        for one in seen:
            if spell.phase is Phase.NORMAL and one.ts < spell.since:
                continue  # its window has emptied already
            spell, some = follow(spell, [one], self.delays)
            turns += some
            if spell.phase in (Phase.ACTIVE, Phase.CLEARING):
                end = deadline(one, self.within + self.delays.off)
                spell = replace(spell, phase=Phase.CLEARING, since=one.ts + self.within, deadline=end)
        return spell, turns


def delays_of(rule: Rule) -> Delays:
    """A rule's delays; a count is there with the event that completes it."""
    return Delays.of(0.0 if isinstance(rule.condition, CountOf) else rule.on_delay_s, rule.off_delay_s)
