"""Reads one rule: a `[[rule]]` table of a park file, or the JSON that the API takes and the database keeps.

Both may use the short words or the stored ones.
"""

from typing import Any

from pipeline.domain.park import Family, Name
from pipeline.domain.rule import ClockWrong, CountOf, DoorIn, NoData, Priority, Rule, Selector
from pipeline.parkfile.fields import BRICK_CLASS, DEVICE_ID, NOTHING, PLACE_ID, POINT_NAME, TYPE_NAME, Record
from pipeline.parkfile.rule_conditions import read_condition
from pipeline.parkfile.rule_values import words

LONGEST_REOPEN_S = 7 * 86_400.0  # store/alarms.py looks no further back
OF_DEVICES = (DoorIn, CountOf, ClockWrong)  # these conditions belong to no point


def read_rule(record: Record) -> Rule:
    """The rule of a table; what is wrong with it goes to the record's findings, and the rule is of no use then."""
    condition = read_condition(record)
    found = Rule(
        rule_id=record.text("id", grammar=PLACE_ID, required=True),
        name=record.name(),
        applies=_selector(record),
        condition=condition,
        point=record.text("point", grammar=POINT_NAME),
        priority=record.choice("priority", Priority, default=Priority.MEDIUM),
        cause=record.name("cause"),
        consequence=record.name("consequence"),
        response=_steps(record),
        respond_s=_respond_s(record),
        on_delay_s=_on_delay_s(record),
        off_delay_s=record.seconds("off_delay") or 0.0,
        reopen_s=_reopen_s(record),
        late_limit_s=record.seconds("late_limit"),
        life_safety=record.flag("life_safety"),
        latched=record.flag("latched"),
        maintenance=record.flag("maintenance"),
        position=record.text("position", grammar=PLACE_ID) or "operations",
        enabled=record.flag("enabled", default=True),
        chatter_raises=_chatter_raises(record),
        chatter_s=record.seconds("chatter", default=60.0, least=1.0) or 60.0,
        notes=record.text("notes") or "",
    )
    _check(record, found)
    record.close()
    return found


def _check(record: Record, rule: Rule) -> None:
    """What only shows when the parts are seen together."""
    if isinstance(rule.condition, OF_DEVICES):
        if rule.point:
            record.wrong("point", "this condition belongs to no point", "leave out the point")
        if rule.applies.roles:
            record.wrong("on", "roles are those of points, and this rule has none", "leave out the roles")
    elif not rule.point and not isinstance(rule.condition, NoData) and "point" not in record.table:
        record.wrong("point", '"point" is missing', 'write point = "…", the name of what is measured')
    if rule.life_safety and rule.late_limit_s is not None:
        record.wrong("life_safety", "life safety alarms however late", "leave out the late limit")
    if rule.life_safety and rule.maintenance:
        record.wrong("maintenance", "life safety is no maintenance", "leave out maintenance")


def _selector(record: Record) -> Selector:
    if not record.has("on") or not isinstance(record.table["on"], dict):
        reason = '"on" is missing' if "on" not in record.table else '"on" is not a table'
        record.wrong("on", reason, 'write on = { type = "pump", space = "b1" }')
        return Selector()
    on = record.below("on", f"{record.label}, on", of=record.table["on"])
    families = [key for key in ("family", "families") if on.has(key)]
    found = Selector(
        devices=_names(on, "device", "devices", grammar=DEVICE_ID),
        families=tuple(words(on, families[0], Family)) if families else (),
        types=_names(on, "type", "types", grammar=TYPE_NAME),
        spaces=_names(on, "space", "spaces", grammar=PLACE_ID),
        brick=_names(on, "brick", grammar=BRICK_CLASS),
        roles=_names(on, "role", "roles", grammar=TYPE_NAME),
        excluded=_names(on, "excluded", grammar=DEVICE_ID),
    )
    on.close()
    return found


def _names(on: Record, *keys: str, grammar: Any) -> tuple[str, ...]:
    found = []
    key = next((key for key in keys if key in on.table), keys[0])
    for index, word in enumerate(on.listed(*keys)):
        if isinstance(word, str) and grammar.fullmatch(word):
            found.append(word)
        else:
            where = (key, index) if isinstance(on.table[key], list) else (key,)
            on.wrong(where, f'"{word}" cannot be its "{key}"', f'write {key} = "…", or a list of them')
    return tuple(dict.fromkeys(found))


def _steps(record: Record) -> tuple[Name, ...]:
    steps = record.listed("response")
    if not steps:
        record.wrong("response", "nothing says what is to be done", 'write response = [{ zh = "…", en = "…" }]')
    found = []
    for index, step in enumerate(steps):
        if not isinstance(step, dict):
            record.wrong(("response", index), "a step must be in both languages", 'write { zh = "…", en = "…" }')
            found.append(NOTHING)
            continue
        both = record.below(("response", index), f"{record.label}, step {index + 1}", of=step)
        found.append(Name(both.text("zh", required=True), both.text("en", required=True)))
        both.close()
    return tuple(found)


def _respond_s(record: Record) -> float:
    found = record.seconds("respond", least=1.0)
    if found is None and not any(key.startswith("respond_") for key in record.table):
        record.wrong("respond_min", "nothing says within which time to respond", "write respond_min = 30")
    return found or 1800.0


def _on_delay_s(record: Record) -> float:
    if "kind" in record.table:  # `for_s` is then a field of the condition
        return record.seconds("on_delay") or 0.0
    return record.seconds("for", "on_delay") or 0.0


def _reopen_s(record: Record) -> float:
    found = record.seconds("reopen", default=300.0)
    if found is not None and found > LONGEST_REOPEN_S:
        record.wrong("reopen_h", "it would re-open what is long forgotten", "write 168 hours (a week) or less")
    return 300.0 if found is None else found


def _chatter_raises(record: Record) -> int:
    found = record.whole("chatter_raises")
    if found is not None and found < 2:
        record.wrong("chatter_raises", f'"chatter_raises" is {found}', "write 2 or more")
    return 3 if found is None else max(found, 2)
