// The answer of the wall: is anything wrong, and where. Derived from the tiles, worst first; where too little is known,
// the answer is that nothing is known, never that all is well.
import { alarmed, alarmHeadline, alarmOf, fromAlarms, unnamed } from "./alarms/wall.js";
import { data, database, freshness, intakeSilent, lost, NAMES, tileAge, tiles } from "./store.js";
import { parkNow } from "./clock.js";
import { span } from "./format.js";
import { clockText } from "./clocks.js";
import { conditionText } from "./intake/words.js";
import { placeOf } from "./place.js";
import { stamp } from "./time.js";
import { name, t, word } from "./i18n/index.js";

const LIFE = new Set(["leak", "smoke", "entrapment"]);
const DOORS = { "forced-open": "high", tamper: "high", "door-open-too-long": "medium" };
const ORDER = ["critical", "high", "stale", "medium", "low"];
const LOUD = new Set(["database", "intake"]); // where these stand, nothing else can be believed

/** How a facility reading must look: critical, high, medium (doubtful), stale, or null where nothing is wrong. */
export function trouble({ point, value, quality }) {
  if (value === 1 && LIFE.has(point)) return "critical";
  if (value === 1 && point === "fault") return "high";
  if (quality === "stale") return "stale";
  return quality === "good" ? null : "medium";
}

/** The same once there is an alarm about it: then its priority is what the reading looks like. */
export function lookOf(item) {
  const priority = alarmOf(item.device_id, { point: item.point });
  return priority === "low" ? "medium" : priority ?? trouble(item);
}

/** {zh, en} names are equal where their Chinese is; the tiles name a building, they do not give its id. */
export const sameName = (a, b) => Boolean(a && b && (a.zh ?? a) === (b.zh ?? b));

/** How a gate's door ({state, at} or null) must look: high, medium, or null. */
export const doorLevel = (door) => DOORS[door?.state] ?? null;

/** Whether a reading is only the last one known: nothing newer can have been heard. */
export const lastKnown = ({ quality }) =>
  lost.value || intakeSilent.value !== null || freshness.sensors.value === "stale" || quality === "stale";

/** "last known 14:26", or nothing where the reading is of now or has no time. */
const knownAt = (item) => (item.ts && lastKnown(item) ? t("finding.lastKnown", { at: stamp(item.ts, parkNow()) }) : "");

/** The name of a reading's device, and that nobody registered it. */
const named = (item) => name(item.name, item.device_id) + (item.provisional ? ` (${t("device.provisional")})` : "");

function fromSensors() {
  const found = [];
  let doubtful = 0;
  for (const item of data("sensors").items ?? []) {
    const level = trouble(item);
    if (alarmOf(item.device_id, { point: item.point })) continue; // the alarm says it
    if (level === "critical" || level === "high") {
      const said = word(`value.${item.point}.1`, item.point);
      found.push({ level, key: item.device_id + item.point, note: knownAt(item),
        text: `${said} · ${[placeOf(item), named(item)].filter(Boolean).join(" ")}` });
    } else if (level) doubtful += 1;
  }
  if (doubtful) found.push({ level: "medium", key: "doubtful", text: t("finding.doubtful", { n: doubtful }) });
  return found;
}

/** A door that was forced is named; doors that stand open are named up to one, then counted. */
function fromDoors() {
  const found = [];
  const open = [];
  for (const gate of data("people").gates ?? []) {
    const level = alarmOf(gate.device_id, { kinds: ["door", "count"] }) ? null : doorLevel(gate.door);
    const entry = level && { level, key: `door ${gate.device_id}`,
      text: `${word(`door.${gate.door.state}`, gate.door.state)} · ${[placeOf(gate), name(gate.name, gate.device_id)].filter(Boolean).join(" ")}` };
    if (level === "high") found.push(entry);
    else if (level) open.push(entry);
  }
  if (open.length < 2) return [...found, ...open];
  return [...found, { level: "medium", key: "doors", text: t("finding.doors", { n: open.length }) }];
}

function fromSpaces(nameOf) {
  if (intakeSilent.value !== null) return []; // then it is not the buildings' devices that are silent
  const found = [];
  let unknown = 0;
  let silent = 0;
  for (const { space_id: id, devices, offline, unknown: unheard } of data("spaces").buildings ?? []) {
    if (devices > 0 && offline === devices) found.push({ level: "high", n: offline, key: id, text: t("finding.silent", { where: nameOf(id), n: offline }) });
    else if (offline > 0) found.push({ level: "high", n: offline, key: id, text: t("finding.offline", { where: nameOf(id), n: offline }) });
    unknown += unheard ?? 0;
    silent += offline ?? 0;
  }
  found.sort((a, b) => b.n - a.n);
  // Where an alarm says who is lost, how many are silent is only its extent; one device is no extent.
  if (silent && alarmed("no-data")) {
    const extent = { level: "high", key: "silent", text: t("finding.allOffline", { n: silent, places: found.length }) };
    found.splice(0, found.length, ...(silent > 1 ? [extent] : []));
  }
  if (unknown) found.push({ level: "stale", key: "unheard", text: t("finding.unheard", { n: unknown }) });
  return found;
}

/** One wrong clock is named and told, several are counted. */
function fromClocks() {
  const { wrong_clocks: wrong = 0, clocks = [] } = data("health");
  if (alarmed("clock")) return [];
  if (wrong === 1 && clocks.length) {
    const [only] = clocks;
    return [{ level: "medium", key: "clocks", text: t("finding.clock", { device: name(only.name, only.device_id), what: clockText(only) }) }];
  }
  return wrong > 0 ? [{ level: "medium", key: "clocks", text: t("finding.clocks", { n: wrong }) }] : [];
}

function fromIntake() {
  if (database.value === "away") return [{ level: "high", key: "database", text: t("finding.database") }];
  const silent = intakeSilent.value;
  return silent === null ? [] : [{ level: "high", key: "intake", text: t("finding.intake", { span: span(silent) }) }];
}

/** What the engine raised of the intake: devices that cannot be understood, floods, contradictions. */
const fromConditions = () => (data("intake").conditions ?? []).filter((condition) => !condition.ended)
  .map((condition) => ({ level: condition.kind === "rejects" ? "high" : "medium",
    key: `condition ${condition.condition}`, text: conditionText(condition) }));

/** A tile that went stale with the intake is explained by it; one that was stale before is not. */
const explained = (tile) => intakeSilent.value !== null && tileAge(tile) - intakeSilent.value <= (tiles[tile].value.stale_after_s ?? 0);
const fromAges = () => NAMES.filter((tile) => !["park", "intake"].includes(tile) && freshness[tile].value === "stale" && !explained(tile))
  .map((tile) => ({ level: "stale", key: tile, text: t("finding.stale", { what: t(`tile.${tile}`) }) }));

/** What comes first: danger, then what makes all else doubtful, then alarms by priority, then the rest by its level. */
function weight({ level, key, alarm }) {
  if (level === "critical") return alarm ? 0 : 1;
  if (LOUD.has(key)) return 2;
  return (alarm ? 10 : 20) + ORDER.indexOf(level);
}

/** {level, headline, found: [{level, key, text, note}], more}; level is null where nothing is wrong, "stale" where nothing is known. */
export function verdict(nameOf) {
  const alarms = fromAlarms();
  if (lost.value) {
    const critical = [...alarms, ...fromSensors()].filter((entry) => entry.level === "critical"); // danger does not end with the stream
    return { level: critical.length ? "critical" : "stale", headline: t("verdict.lost"), more: 0,
      found: [...critical, { level: "stale", key: "lost", text: t("verdict.lostWhy") }] };
  }
  const unheardOf = ["health", "spaces", "sensors", "alarms"].filter((tile) => ["waiting", "never"].includes(freshness[tile].value));
  if (unheardOf.length === 4) return { level: "stale", headline: t("verdict.unknown"), found: [], more: 0 };
  const rest = [...fromIntake(), ...fromSensors(), ...fromDoors(), ...fromSpaces(nameOf), ...fromConditions(), ...fromClocks(), ...fromAges()];
  for (const tile of unheardOf) rest.push({ level: "stale", key: tile, text: t("finding.never", { what: t(`tile.${tile}`) }) });
  const found = [...alarms, ...(alarms.length ? rest.map((entry) => ({ ...entry, quiet: entry.level !== "critical" && !LOUD.has(entry.key) })) : rest)];
  found.sort((a, b) => weight(a) - weight(b));
  if (!found.length) return { level: null, headline: t("verdict.nothing"), found, more: 0 };
  const headline = alarmHeadline() || t("verdict.found", { n: found.length });
  return { level: found[0].level, headline, found, more: unnamed() };
}
