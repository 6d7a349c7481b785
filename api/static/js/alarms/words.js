// An alarm in words, for the wall and its own page alike: why it is one, what it is about, where it stands, what is left.
import { parkNow } from "../clock.js";
import { clockText } from "../clocks.js";
import { placeOf } from "../place.js";
import { known, number, short, span } from "../format.js";
import { minuteTime, stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";

const LATE_S = 60; // what took longer to reach us is said
const DOORS = ["normal", "alarm", "door-open-too-long", "forced-open", "tamper", "door-fault", "lock-down", "free-access",
  "egress-open"]; // BACnetDoorAlarmState
const TOLD = { limits, state, door, count, "no-data": noData, flat, rate, compare, deviation, schedule, clock };

const between = (from, to) => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
const at = (iso) => (iso ? stamp(iso, parkNow()) : "—");
const pointWord = (point) => word(`point.${point}`, point ?? "");

/** A value with its unit, or the word for the state that it is. */
export function valueText(value, { point, unit } = {}) {
  if (!known(value)) return t("unknown");
  return word(`value.${point}.${value}`) ?? (unit && unit !== "1" ? `${short(value)} ${unit}` : short(value));
}

export const priorityText = (priority) => word(`priority.${priority}`, priority);
export const stateText = (state) => word(`alarmState.${state}`, state);
export const positionText = (position) => word(`position.${position}`, position);

/** What it is about: the device or the place, with its building where its name does not say it. */
export function subjectText(subject = {}) {
  const { device_id: device, device_name: names, space_id: space, space_name: spaceName, building } = subject;
  if (!device) return name(spaceName, space ?? t("unknown"));
  return [placeOf({ name: names, building }), name(names, device)].filter(Boolean).join(" ");
}

/** "Leak · Building 5 server room": what, and where. */
export const titleText = (alarm) => `${name(alarm.rule_name, alarm.rule_id)} · ${subjectText(alarm.subject)}`;

/** Why it is an alarm, as one sentence; the rule's name where this build does not know the kind. */
export function reasonText(alarm) {
  const tell = TOLD[alarm.reason?.kind];
  const point = alarm.subject?.point;
  const unit = alarm.reason?.unit ?? alarm.subject?.unit;
  const values = { alarm, reason: alarm.reason, point, said: pointWord(point), show: (value) => valueText(value, { point, unit }) };
  return (tell && tell(values)) || t("why.other", { rule: name(alarm.rule_name, alarm.rule_id) });
}

/** When this spell began: a re-opened alarm keeps the beginning of its first. */
const spellOf = ({ began, raised, occurrences }) => (occurrences > 1 ? raised : began);

function held(alarm) {
  const seconds = alarm.began && alarm.raised ? between(spellOf(alarm), alarm.raised) : 0;
  return seconds >= 1 ? t("why.for", { span: span(seconds) }) : "";
}

function outside({ reason: { value, low, high }, said, show }) {
  if (known(value) && known(high) && value > high) return t("why.limits.high", { point: said, value: show(value), limit: show(high) });
  if (known(value) && known(low) && value < low) return t("why.limits.low", { point: said, value: show(value), limit: show(low) });
  return t("why.limits", { point: said, value: show(value), low: show(low), high: show(high) });
}
function limits(given) {
  return outside(given) + held(given.alarm);
}
function state({ alarm, reason, said, show }) {
  const value = show(reason.value);
  return (value === said ? value : t("why.state", { point: said, value })) + held(alarm); // not "leak: leak"
}
function door({ alarm, reason }) {
  const label = typeof reason.state === "number" ? DOORS[reason.state] : reason.state;
  return t("why.door", { state: word(`door.${label}`, label) }) + held(alarm);
}
function count({ reason }) {
  const what = (reason.what ?? []).map((label) => word(`access.${label}`, word(`door.${label}`, label)));
  const some = what.slice(0, 2).join(" / ") + (what.length > 2 ? " …" : "");
  return t("why.count", { n: number(reason.count), what: some, within: span(reason.within_s) });
}
function noData({ reason: { heard, why } }) {
  const because = why && !/^silent( since \S+)?$/.test(why) ? t("why.no-data.why", { why: word(`reason.${why}`, why) }) : "";
  return (heard ? t("why.no-data", { at: at(heard) }) : t("why.no-data.never")) + because;
}
function flat({ reason, said, show }) {
  return t("why.flat", { point: said, value: show(reason.value), span: span(reason.for_s), n: number(reason.readings) });
}
function rate({ reason, said, show }) {
  const values = { point: said, change: show(Math.abs(reason.change)), by: show(Math.abs(reason.by)), within: span(reason.within_s) };
  return t(reason.change < 0 ? "why.rate.down" : "why.rate.up", values);
}
function compare({ alarm, reason, said, show }) {
  const { other = "", factor = 1, offset = 0, below } = reason;
  const values = { point: said, value: show(reason.value), limit: show(factor * reason.other_value + offset),
    other: pointWord(other.split("/").at(-1)), otherValue: show(reason.other_value) };
  return t(below ? "why.compare.below" : "why.compare.above", values) + held(alarm);
}
function deviation({ reason, said, show }) {
  return t("why.deviation", { point: said, mean: show(reason.mean), median: show(reason.median), spread: show(reason.spread),
    days: word(`why.days.${reason.days}`, reason.days), hour: reason.hour, n: number(reason.n) });
}
function schedule(given) {
  const { start, until } = given.reason;
  return t("why.schedule", { start, until, what: outside(given) });
}
function clock({ reason }) {
  return t("why.clock", { what: clockText(reason) });
}

/** When its news reached us, where that was late; else nothing. */
export function lateText({ raised, received }) {
  const seconds = raised && received ? between(raised, received) : 0;
  return seconds > LATE_S ? t("alarm.receivedLate", { at: at(received), span: span(seconds) }) : "";
}

/** Seconds since its condition began (the last time), on the park's clock; null before the server was heard. */
export function ageOf(alarm) {
  const now = parkNow();
  const began = spellOf(alarm);
  return now === null || !began ? null : Math.max(0, (now - Date.parse(began)) / 1000);
}

/** Seconds that are left to respond, negative when overdue; null where nobody is waited for. */
export function leftOf({ respond_by: by, active, closed, hold }) {
  const now = parkNow();
  return !by || !active || closed || hold || now === null ? null : (Date.parse(by) - now) / 1000;
}

/** "4 min left", "12 min overdue", or nothing. */
export function leftText(alarm) {
  const left = leftOf(alarm);
  if (left === null) return "";
  return left < 0 ? t("alarm.overdue", { span: span(-left) }) : t("alarm.left", { span: span(left) });
}

/** Who is on it, or in which state it waits for a person. */
export function whoText(alarm) {
  if (alarm.hold || alarm.closed) return stateText(alarm.state);
  if (alarm.acknowledged) return alarm.active ? t("alarm.seenBy", { who: actorText(alarm.seen_by) }) : stateText(alarm.state);
  return alarm.active ? t("alarm.nobody") : stateText(alarm.state);
}

export const actorText = (actor) => (actor === "system" ? t("alarm.system") : actor ?? "—");

/** Why people are told, or are not: the first word of the engine's reason in words, the rest as it came. */
export function noticeText({ decision, reason = "" }) {
  const [word1, ...rest] = reason.split(": ");
  const why = word(`notice.why.${word1}`);
  return [word(`notice.${decision}`, decision), why === undefined ? reason : why.replace("{detail}", rest.join(": "))].filter(Boolean).join(" · ");
}

/** One incident as a sentence: its cause by name, and how many alarms it explains. */
export function incidentText({ cause, name: names }, alarms) {
  return t(`incident.${cause}`, { name: name(names, t("unknown")), n: number(alarms) });
}

/** A flood as a sentence. */
export const floodText = ({ position, started, alarms }) =>
  t("alarms.flooded", { position: positionText(position), at: minuteTime(started), n: number(alarms) });
