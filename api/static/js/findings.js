// The answer of the wall: is anything wrong, and where. Derived from the tiles, worst first; where too little is known,
// the answer is that nothing is known, never that all is well.
import { data, database, freshness, lost, NAMES } from "./store.js";
import { placeOf } from "./place.js";
import { name, t, word } from "./i18n/index.js";

const LIFE = new Set(["leak", "smoke", "entrapment"]);
const ORDER = ["critical", "high", "stale", "medium"];

/** How a facility reading must look: critical, high, medium (doubtful), stale, or null where nothing is wrong. */
export function trouble({ point, value, quality }) {
  if (value === 1 && LIFE.has(point)) return "critical";
  if (value === 1 && point === "fault") return "high";
  if (quality === "stale") return "stale";
  return quality === "good" ? null : "medium";
}

/** {zh, en} names are equal where their Chinese is; the tiles name a building, they do not give its id. */
export const sameName = (a, b) => Boolean(a && b && (a.zh ?? a) === (b.zh ?? b));

function fromSensors() {
  const found = [];
  let doubtful = 0;
  for (const item of data("sensors").items ?? []) {
    const level = trouble(item);
    if (level === "critical" || level === "high") {
      const said = word(`value.${item.point}.1`, item.point);
      found.push({ level, key: item.device_id + item.point, text: `${said} · ${[placeOf(item), name(item.name, item.device_id)].filter(Boolean).join(" ")}` });
    } else if (level) doubtful += 1;
  }
  if (doubtful) found.push({ level: "medium", key: "doubtful", text: t("finding.doubtful", { n: doubtful }) });
  return found;
}

function fromSpaces(nameOf) {
  const found = [];
  let unknown = 0;
  for (const { space_id: id, devices, offline, unknown: unheard } of data("spaces").buildings ?? []) {
    if (devices > 0 && offline === devices) found.push({ level: "high", n: offline, key: id, text: t("finding.silent", { where: nameOf(id), n: offline }) });
    else if (offline > 0) found.push({ level: "high", n: offline, key: id, text: t("finding.offline", { where: nameOf(id), n: offline }) });
    unknown += unheard ?? 0;
  }
  found.sort((a, b) => b.n - a.n);
  if (unknown) found.push({ level: "stale", key: "unheard", text: t("finding.unheard", { n: unknown }) });
  return found;
}

const fromAges = () => NAMES.filter((tile) => tile !== "park" && freshness[tile].value === "stale")
  .map((tile) => ({ level: "stale", key: tile, text: t("finding.stale", { what: t(`tile.${tile}`) }) }));

/** {level, headline, found: [{level, key, text}]}; level is null where nothing is wrong, "stale" where nothing is known. */
export function verdict(nameOf) {
  if (lost.value) return { level: "stale", headline: t("verdict.lost"), found: [{ level: "stale", key: "lost", text: t("verdict.lostWhy") }] };
  const unheardOf = ["health", "spaces", "sensors"].filter((tile) => ["waiting", "never"].includes(freshness[tile].value));
  if (unheardOf.length === 3) return { level: "stale", headline: t("verdict.unknown"), found: [] };
  const found = [...(database.value === "away" ? [{ level: "high", key: "database", text: t("finding.database") }] : []), ...fromSensors(), ...fromSpaces(nameOf), ...fromAges()];
  for (const tile of unheardOf) found.push({ level: "stale", key: tile, text: t("finding.never", { what: t(`tile.${tile}`) }) });
  found.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  if (found.length) return { level: found[0].level, headline: t("verdict.found", { n: found.length }), found };
  return { level: null, headline: t("verdict.nothing"), found: [] };
}
