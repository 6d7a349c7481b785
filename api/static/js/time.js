// Instants in the park's own time zone, by Intl; never in that of the machine the screen hangs on.
import { LANG } from "./config.js";

const LOCALE = LANG === "en" ? "en-GB" : "zh-CN";
const formats = new Map();
let zone = "UTC";

/** Sets the park's time zone (IANA name); one the browser does not know leaves UTC, which then stands in the header. */
export function setZone(name) {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: name });
    zone = name;
  } catch {
    zone = "UTC";
  }
  formats.clear();
}
export const timeZone = () => zone;

function format(key, options) {
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(LOCALE, { timeZone: zone, ...options }));
  return formats.get(key);
}
const ms = (instant) => (typeof instant === "string" ? Date.parse(instant) : instant);

const TWO = "2-digit";
/** 14:36:08 */
export const clockTime = (instant) =>
  format("hms", { hour: TWO, minute: TWO, second: TWO, hourCycle: "h23" }).format(ms(instant));
/** 14:36 */
export const minuteTime = (instant) => format("hm", { hour: TWO, minute: TWO, hourCycle: "h23" }).format(ms(instant));
/** 11月21日 星期六, or Saturday 21 November */
export const dayName = (instant) => format("day", { month: "long", day: "numeric", weekday: "long" }).format(ms(instant));
/** 11/21 or 21 Nov */
export const shortDay = (instant) => format("short", { month: "short", day: "numeric" }).format(ms(instant));
/** 14:36 of the day around `now`, else with its date. */
export const stamp = (instant, now) =>
  now !== null && ms(instant) < dayAround(now)[0] ? `${shortDay(instant)} ${minuteTime(instant)}` : minuteTime(instant);
/** The zone's short name, such as GMT+8. */
export function zoneName(instant) {
  const parts = format("zone", { timeZoneName: "long" }).formatToParts(ms(instant));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** {year, month, day, hour, minute, second} as numbers, in the park. */
export function fields(instant) {
  const parts = format("fields", {
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
    hourCycle: "h23", calendar: "gregory", numberingSystem: "latn",
  }).formatToParts(ms(instant));
  return Object.fromEntries(parts.filter((p) => p.type !== "literal").map((p) => [p.type, Number(p.value)]));
}

/** The instant (ms) at which the park's wall clock shows that time; in a gap of summer time, the one just after it. */
export function instantOf({ year, month, day, hour = 0, minute = 0, second = 0 }) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute, second);
  let guess = wanted;
  for (let i = 0; i < 3; i += 1) {
    const f = fields(guess);
    const off = Date.UTC(f.year, f.month - 1, f.day, f.hour, f.minute, f.second) - wanted;
    if (off === 0) break;
    guess -= off;
  }
  return guess;
}

/** [start, end) in ms of the park's day around an instant: 23 to 25 hours. */
export function dayAround(instant) {
  const { year, month, day } = fields(instant);
  return [instantOf({ year, month, day }), instantOf({ year, month, day: day + 1 })];
}
