// In which order alarms want a person, and which of them one incident explains.
export const PRIORITIES = ["critical", "high", "medium", "low"];

const rank = (alarm) => [
  alarm.life_safety ? 0 : 1,
  PRIORITIES.indexOf(alarm.priority),
  alarm.acknowledged ? 1 : 0,
  alarm.active === false ? 1 : 0,
  -Date.parse(alarm.began),
  -alarm.alarm,
];

/** Life safety, then priority, then what nobody has seen, then what still stands, then the newest. */
export function byUrgency(a, b) {
  const [left, right] = [rank(a), rank(b)];
  const i = left.findIndex((value, n) => value !== right[n]);
  return i < 0 ? 0 : left[i] - right[i];
}

/** Danger to people is never folded away: each stands by itself. */
const foldable = (alarm) => alarm.incident && !alarm.life_safety && alarm.priority !== "critical";

/**
 * Rows of a list in order: {key, alarm} for one alarm, {key, incident, alarms, alarm} for an incident of several, at the
 * place of its worst. `incidents` as the live tile gives them; what they do not name is not folded. `size` tells of a row how
 * many alarms it stands for: one is no incident.
 */
export function fold(alarms, incidents = [], size = (row) => row.alarms.length) {
  const named = new Map(incidents.map((incident) => [incident.incident, incident]));
  const rows = new Map();
  for (const alarm of [...alarms].sort(byUrgency)) {
    const incident = foldable(alarm) && named.get(alarm.incident);
    const key = incident ? `i${alarm.incident}` : `a${alarm.alarm}`;
    const row = rows.get(key);
    if (row) row.alarms.push(alarm);
    else rows.set(key, { key, alarm, incident: incident || null, alarms: [alarm] });
  }
  for (const row of rows.values()) if (row.incident && size(row) < 2) row.incident = null;
  return [...rows.values()];
}

/** How an alarm colours a place: what is low only dims. */
export const worst = (alarms) => PRIORITIES.find((priority) => alarms.some((alarm) => alarm.priority === priority)) ?? null;
