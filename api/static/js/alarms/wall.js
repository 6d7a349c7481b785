// What alarms say to the wall: findings for its answer, a look for each building, and what need not be said twice.
import { data, freshness, lost } from "../store.js";
import { parkNow } from "../clock.js";
import { number } from "../format.js";
import { stamp } from "../time.js";
import { t } from "../i18n/index.js";
import { fold, worst } from "./order.js";
import { incidentText, leftText, titleText, whoText } from "./words.js";

const open = () => data("alarms").open ?? [];
/** Rows of the list on the wall: alarms, and incidents of several. */
export const wallRows = () => fold(open(), data("alarms").incidents, (row) => row.incident.open);
/** How many alarms a row stands for, and how many of them nobody has seen. */
export const sizeOf = ({ alarm, incident }) => (incident ? { n: incident.open, u: incident.unacknowledged } : { n: 1, u: alarm.acknowledged ? 0 : 1 });
/** Alarms that the tile counts but no row of it tells of. */
export const unnamed = () => Math.max(0, (data("alarms").total ?? 0) - wallRows().reduce((sum, row) => sum + sizeOf(row).n, 0));
/** Alarms that nobody has seen. */
export const unseen = () => Object.values(data("alarms").counts ?? {}).reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
/** Whether what is known of alarms is only the last that was. */
export const alarmsOld = () => lost.value || freshness.alarms.value === "stale";

/** {level, key, text, note, alarm}: one for each row, the worst first. */
export function fromAlarms() {
  const old = alarmsOld();
  return wallRows().map((row) => ({ ...row, ...sizeOf(row) })).map(({ key, alarm, incident, n, u }) => ({
    key, level: alarm.priority, alarm: true,
    text: incident ? incidentText(incident, n) : titleText(alarm),
    note: old ? t("finding.lastKnown", { at: stamp(alarm.raised, parkNow()) })
      : incident ? (u ? t("verdict.unacknowledged", { n: number(u) }) : t("verdict.allSeen"))
      : [whoText(alarm), leftText(alarm)].filter(Boolean).join(" · "),
  }));
}

/** "4 alarms · 1 unacknowledged", or nothing where there are none. */
export function alarmHeadline() {
  const { total = 0 } = data("alarms");
  if (!total) return "";
  const n = unseen();
  return `${t("verdict.alarms", { n: number(total) })} · ${n ? t("verdict.unacknowledged", { n: number(n) }) : t("verdict.allSeen")}`;
}

/** The priority of the open alarm about a device's point, or about the device by one of these kinds; else null. */
export function alarmOf(deviceId, { point, kinds }) {
  const about = open().filter(({ subject, reason }) => subject.device_id === deviceId
    && (point ? subject.point === point : kinds.includes(reason.kind)));
  return worst(about);
}
/** Whether an alarm of that kind is open anywhere. */
export const alarmed = (kind) => open().some(({ reason }) => reason.kind === kind);

/** {look, n} by building: the worst of its open alarms, and how many there are. */
export const alarmLooks = () =>
  new Map((data("alarms").buildings ?? []).map(({ building_id: id, priority, alarms }) => [id, { look: priority, n: alarms }]));
