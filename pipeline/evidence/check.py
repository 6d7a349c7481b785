"""Whether an evidence bundle holds: its chain, what it says of the order, its photos, and the head that covers it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.domain.business_calendar import Opening
from pipeline.domain.sla import ClockState
from pipeline.domain.sla_clock import derive
from pipeline.domain.sla_history import OrderEvent
from pipeline.domain.work_order import OrderAction, OrderState
from pipeline.evidence import merkle, signing
from pipeline.evidence.bundle import FORMAT, photo_is_whole
from pipeline.store import chain

TIMES = ("at", "happened", "device_time")
VERDICT = ("state", "target_s", "due", "stopped", "spent_s", "wall_s", "paused_s", "breached", "provisional")


class Checked(NamedTuple):
    """What is wrong (empty: nothing), what was shown, and what could not be."""

    faults: list[str]
    shown: list[str]
    open: list[str]


def check(bundle: Mapping[str, Any], keys: Iterable[Ed25519PublicKey]) -> Checked:
    """Checks a bundle as it was read from JSON. Needs nothing but the public keys."""
    out = Checked([], [], [])
    if bundle.get("format") != FORMAT:
        out.faults.append(f"this is no {FORMAT}")
        return out
    try:
        _chain(bundle, out)
        _order(bundle, out)
        _clocks(bundle, out)
        _photos(bundle, out)
        _head(bundle, {signing.fingerprint(key): key for key in keys}, out)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        out.faults.append(f"it lacks something, or something is no value of its kind: {type(error).__name__}: {error}")
    return out


def _chain(bundle: Mapping[str, Any], out: Checked) -> None:
    events = [_event(event) for event in bundle["events"]]
    if fault := chain.first_fault(events):
        out.faults.append(f"the chain: {fault}")
    else:
        out.shown.append(f"{len(events)} events follow from one another, unchanged")


def _order(bundle: Mapping[str, Any], out: Checked) -> None:
    """The order says what its events say: state, version, and when it was acknowledged, responded, done."""
    order, events = bundle["order"], bundle["events"]
    last = events[-1]
    if (order["state"], order["version"]) != (last["to_state"], last["seq"]):
        out.faults.append(f"the order says {order['state']} at {order['version']}, its last event {last['to_state']}")
    if {event["work_order"] for event in events} != {order["work_order"]}:
        out.faults.append("there are events of another order")
    for name, actions in (("acknowledged", {"accept"}), ("responded", {"arrive", "finish"}), ("done", {"finish"})):
        found = [event["happened"] for event in events if event["action"] in actions]
        told = (found[-1] if name == "done" else found[0]) if found else None
        if order[name] != told:
            out.faults.append(f"the order was {name} at {order[name]}, its events say {told}")
    if not out.faults:
        out.shown.append(f"it is {order['state']}, as its events say; on site: {order['proof'] or 'never'}")


def _clocks(bundle: Mapping[str, Any], out: Checked) -> None:
    """Every clock, derived once more from the events, the terms in them and the hours that are in the bundle."""
    if not bundle["clocks"]:
        out.open.append("it has no clocks")
        return
    events = [
        OrderEvent(e["seq"], OrderAction(e["action"]), OrderState(e["to_state"]), datetime.fromisoformat(e["happened"]),
                   e["reason"], e["detail"])
        for e in bundle["events"]
    ]  # fmt: skip
    openings = {(one["calendar"], one["version"]): _opening(one) for one in bundle["calendars"]}
    made, created = (datetime.fromisoformat(text) for text in (bundle["made"], bundle["order"]["created"]))
    again = {clock.kind: clock for clock in derive(created, events, openings, now=made)}
    for told in bundle["clocks"]:
        clock = again.get(told["kind"])
        if clock is None or clock.fault:
            out.open.append(f"{told['kind']}: it lies beyond the hours in this bundle")
            continue
        differ = [name for name in VERDICT if getattr(clock, name) != _value(told, name)]
        if differ and clock.state in (ClockState.RUNNING, ClockState.PAUSED):
            out.open.append(f"{told['kind']}: it runs; {', '.join(differ)} moved on since it was last written")
        elif differ:
            out.faults.append(f"{told['kind']}: {', '.join(differ)} do not follow from the events and hours")
        else:
            out.shown.append(f"{told['kind']}: {clock.state}, as its events, terms and hours have it")


def _opening(told: Mapping[str, Any]) -> Opening:
    opens, closes = (map(datetime.fromisoformat, told[name]) for name in ("opens", "closes"))
    since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
    return Opening(tuple(zip(opens, closes, strict=True)), since, until, ZoneInfo(told["zone"]))


def _value(told: Mapping[str, Any], name: str) -> Any:
    value = told[name]
    return datetime.fromisoformat(value) if isinstance(value, str) and name != "state" else value


def _photos(bundle: Mapping[str, Any], out: Checked) -> None:
    named = {one for event in bundle["events"] for one in event["detail"].get("photos", [])}
    held = {photo["photo"] for photo in bundle["photos"]}
    for photo in bundle["photos"]:
        if not photo_is_whole(photo):
            out.faults.append(f"photo {photo['photo'][:12]}… is not the one whose hash it bears")
    out.faults.extend(f"photo {one[:12]}…, which an event names, is missing" for one in sorted(named - held))
    if loose := len(held - named):
        out.open.append(f"{loose} photos are named by no event of the order (such as those of the request)")
    out.shown.append(f"{len(held)} photos are those that their hashes name")


def _head(bundle: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey], out: Checked) -> None:
    head, events = bundle["head"], bundle["events"]
    if head is None:
        out.open.append("no signed head covers it yet: one is made every hour")
        return
    line, event = head["line"], events[head["seq"] - 1]
    key = keys.get(line["key"])
    if not keys:
        out.open.append(f"nobody gave the public key {line['key']}: the signature of its head was not checked")
    elif key is None:
        out.faults.append(f"its head was signed with key {line['key']}, which nobody gave")
    elif not signing.signed_by(key, line):
        out.faults.append("the signature of its head is wrong")
    one = merkle.leaf(bundle["order"]["work_order"], event["seq"], bytes.fromhex(event["hash"]))
    if merkle.rooted(one, head["proof"]) != line["root"]:
        out.faults.append(f"the head of {line['hour']} does not cover this order as it is told here")
    else:
        out.shown.append(f"events 1 to {head['seq']} are covered by the head of {line['hour']}, signed {line['key']}")
    if head["seq"] < len(events):
        out.open.append(f"events {head['seq'] + 1} to {len(events)} came after it; the next head covers them")


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(event[name]) for name in TIMES if event[name] is not None}
    hashes = {name: bytes.fromhex(event[name]) for name in ("previous", "hash")}
    return {**event, **times, **hashes}
