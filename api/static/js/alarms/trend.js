// The point around its alarm: an hour before it began until now, with its limits; every peak is in it, a gap stays open.
import { parkNow } from "../clock.js";
import { html, useEffect, useState } from "../html.js";
import { useSize } from "../draw/size.js";
import { known, short } from "../format.js";
import { stamp } from "../time.js";
import { t } from "../i18n/index.js";
import { get } from "./wire.js";

const BEFORE_MS = 3600000;
const AFTER_MS = 1800000; // of an alarm that is over
const ASK_MS = 30000;
const PIXELS = 240;
const PAD = { top: 10, foot: 22, right: 74 };

/** [from, to] in ms. */
function reach(alarm) {
  const end = alarm.closed ? Math.min(parkNow(), Date.parse(alarm.returned ?? alarm.closed) + AFTER_MS) : parkNow();
  return [Date.parse(alarm.began) - BEFORE_MS, Math.max(end, Date.parse(alarm.began) + 60000)];
}

/** The runs of bins without a hole between them. */
function unbroken(bins) {
  const found = [[]];
  for (const bin of bins) {
    if (known(bin.mean)) found.at(-1).push(bin);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((run) => run.length);
}

/** Horizontal lines of what the reason compares with. */
const limitsOf = ({ reason = {} }) => [reason.low, reason.high, reason.median].filter(known);

function Drawing({ alarm, bins, from, to, unit, w, h }) {
  const limits = limitsOf(alarm);
  const values = [...bins.flatMap((bin) => (known(bin.mean) ? [bin.min, bin.max] : [])), ...limits];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  const [low, high] = [least - room, most + room];
  const x = (ms) => Math.max(0, ((ms - from) / (to - from)) * (w - PAD.right));
  const y = (value) => PAD.top + (1 - (value - low) / (high - low)) * (h - PAD.top - PAD.foot);
  const at = (bin) => x(Date.parse(bin.t));
  const path = (run, of) => run.map((bin) => `${at(bin).toFixed(1)},${y(of(bin)).toFixed(1)}`);
  const began = x(Date.parse(alarm.began));
  const last = bins.findLast((bin) => known(bin.mean));
  const now = parkNow();
  return html`<svg viewBox=${`0 0 ${w} ${h}`} aria-hidden="true">
    <rect class="spell" x=${began} y=${PAD.top} width=${Math.max(1, x(alarm.returned ? Date.parse(alarm.returned) : to) - began)} height=${h - PAD.top - PAD.foot} />
    <line class="axis" x1="0" x2=${w - PAD.right} y1=${h - PAD.foot} y2=${h - PAD.foot} />
    ${limits.map((value) => html`<g key=${value}><line class="limit" x1="0" x2=${w - PAD.right} y1=${y(value)} y2=${y(value)} />
      <text class="limit" x=${w - PAD.right + 6} y=${y(value) + 4}>${t("alarm.trendLimit", { value: short(value) })}</text></g>`)}
    ${unbroken(bins).map((run) => html`<g key=${run[0].t}>
      <polygon class="reach" points=${[...path(run, (b) => b.max), ...path(run, (b) => b.min).reverse()].join(" ")} />
      <path class="mean" d=${`M${path(run, (b) => b.mean).join("L")}${run.length === 1 ? "h1.5" : ""}`} /></g>`)}
    ${last && !limits.some((value) => Math.abs(y(value) - y(last.last)) < 14) && html`<text class="last" x=${w - PAD.right + 6} y=${y(last.last) + 4}>${short(last.last)}${unit && unit !== "1" ? ` ${unit}` : ""}</text>`}
    <text class="mark" x="0" y=${h - 5}>${stamp(from, now)}</text>
    ${began > 70 && began < w - PAD.right - 70 && html`<text class="mark" x=${began} y=${h - 5} text-anchor="middle">${stamp(alarm.began, now)}</text>`}
    <text class="mark" x=${w - PAD.right} y=${h - 5} text-anchor="end">${stamp(to, now)}</text>
  </svg>`;
}

export function Trend({ alarm, park }) {
  const { device_id: device, point } = alarm.subject;
  const [ref, { w, h }] = useSize();
  const [found, keep] = useState(null);
  useEffect(() => {
    let gone = false;
    let soon = null;
    const ask = async () => {
      clearTimeout(soon);
      if (parkNow() === null) {
        soon = setTimeout(ask, 500); // the server has not said yet what time it is
        return;
      }
      const [from, to] = reach(alarm);
      const answer = await get("/readings", { park, device, name: point, pixels: PIXELS,
        from: new Date(from).toISOString(), to: new Date(to).toISOString() });
      if (!gone) keep((before) => (answer.ok ? { bins: answer.data.bins, from, to } : { ...before, away: true }));
    };
    ask();
    const timer = setInterval(ask, ASK_MS);
    return () => {
      gone = true;
      clearTimeout(soon);
      clearInterval(timer);
    };
  }, [alarm.alarm, alarm.closed, device, point]);
  const empty = found?.bins && !found.bins.some((bin) => known(bin.mean));
  return html`<div class="trend" id="trend" role="img" aria-label=${t("alarm.trend")}>
    <div class="canvas" ref=${ref}>${found?.bins && !empty && w > 0 && html`<${Drawing} alarm=${alarm} ...${found} unit=${alarm.subject.unit} w=${w} h=${h} />`}</div>
    ${empty && html`<p class="empty">${t("alarm.noTrend")}</p>`}${found?.away && html`<p class="empty">${t("alarm.trendAway")}</p>`}</div>`;
}
