// A park day as a horizontal axis, and series of {t, …} laid along it.
import { html } from "../html.js";
import { parkNow } from "../clock.js";
import { dayAround, minuteTime } from "../time.js";

const DAY_MS = 86400000;
const BUCKET_MS = 15 * 60000;

/** The park's day now: {start, end, now} in ms, and x(ms) over `width`; null before the server has been heard. */
export function dayScale(width) {
  const now = parkNow();
  if (now === null) return null;
  const [start, end] = dayAround(now);
  return { start, end, now, x: (at) => ((at - start) / (end - start)) * width };
}

/** A series with its times as ms inside the day; another day's series is moved here by whole days. */
export function onDay(series, { start, end }) {
  const moved = [];
  for (const entry of series ?? []) {
    let at = Date.parse(entry.t);
    while (at < start - BUCKET_MS) at += DAY_MS;
    if (at >= start - BUCKET_MS && at < end) moved.push({ ...entry, at });
  }
  return moved.sort((a, b) => a.at - b.at);
}

/** Runs of a series without holes: a gap of more than two buckets is left open, because nothing is known there. */
export function runs(series, value) {
  const found = [];
  let last = null;
  for (const entry of series) {
    if (!Number.isFinite(value(entry))) continue;
    if (last === null || entry.at - last > 2 * BUCKET_MS) found.push([]);
    found.at(-1).push(entry);
    last = entry.at;
  }
  return found;
}

const f = (n) => n.toFixed(1);
/** SVG path through points [[x, y], …]. */
export const line = (points) => (points.length ? `M${points.map(([x, y]) => `${f(x)},${f(y)}`).join("L")}` : "");
/** The same, closed along y = base. */
export const area = (points, base) =>
  points.length ? `${line(points)}L${f(points.at(-1)[0])},${f(base)}L${f(points[0][0])},${f(base)}Z` : "";

/** A round number at or just above `value`, to end an axis on. */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * size >= value) * size;
}

/** Hour marks under a chart: every `hours`, in the park's zone; the first and last keep inside the drawing. */
export function HourMarks({ day, width, y, hours = 6 }) {
  const marks = [];
  for (let hour = 0; hour <= 24; hour += hours) {
    const at = hour === 24 ? day.end : day.start + hour * 3600000;
    const anchor = hour === 0 ? "start" : hour === 24 ? "end" : "middle";
    marks.push(html`<text key=${hour} class="mark" x=${f(day.x(at))} y=${y} text-anchor=${anchor}>
      ${hour === 24 ? "24:00" : minuteTime(at)}</text>`);
  }
  return html`<g aria-hidden="true">${marks}</g>`;
}
