// The load over the span: for each bin the busiest ten minutes, the line at ten, floods marked, what is not known hatched.
import { html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { useSize } from "../draw/size.js";
import { number } from "../format.js";
import { minuteTime, shortDay } from "../time.js";
import { t } from "../i18n/index.js";
import { days, shown } from "./answer.js";

const LIMIT = 10;
const NARROWEST = 3; // pixels of a bar; narrower bins are drawn as one, by their busiest
const HEAD = 18;
const FOOT = 20;

/** Bars at least that wide: [[left edge in bins, bins, peak]]. */
function bars(loads, since, bin, binsWide, most) {
  const merged = new Map();
  for (const { t: at, peak } of loads) {
    const slot = Math.floor((Date.parse(at) - since) / bin / binsWide);
    merged.set(slot, Math.max(merged.get(slot) ?? 0, peak));
  }
  return [...merged].map(([slot, peak]) => ({ from: slot * binsWide, peak, share: peak / most }));
}

function Drawing({ item, w, h }) {
  const { since: begin, until: end, bin_s: binS } = data("quality");
  const [since, until, bin] = [Date.parse(begin), Date.parse(end), binS * 1000];
  const most = Math.max(LIMIT * 1.3, ...item.loads.map((load) => load.peak));
  const ground = h - FOOT;
  const x = (at) => Math.min(w, Math.max(0, ((at - since) / (until - since)) * w));
  const y = (count) => ground - (count / most) * (ground - HEAD);
  const binsWide = Math.max(1, Math.ceil((NARROWEST * (until - since)) / (bin * w)));
  const wide = (x(since + bin * binsWide) - x(since)) * 0.86;
  const known = item.known_since ? x(Date.parse(item.known_since)) : w;
  const ticks = Array.from({ length: w < 500 ? 3 : 7 }, (_, n, all = w < 500 ? 3 : 7) => since + ((until - since) * n) / (all - 1));
  const label = (at) => (days.value === 1 ? minuteTime(at) : shortDay(at));
  return html`<svg viewBox=${`0 0 ${w} ${h}`}>
    <defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatching" y2="7" /></pattern></defs>
    ${known > 0 && html`<rect class="notKnown" x="0" y=${HEAD} width=${known} height=${ground - HEAD} fill="url(#hatch)" />
      ${known > 90 && html`<text class="mark" x="6" y=${HEAD + 16}>${t("unknown")}</text>`}`}
    ${item.floods.map((flood) => html`<rect key=${flood.started} class="flood" x=${x(Date.parse(flood.started))} y=${HEAD}
      width=${Math.max(3, x(flood.ended ? Date.parse(flood.ended) : until) - x(Date.parse(flood.started)))} height=${ground - HEAD} />`)}
    ${bars(item.loads, since, bin, binsWide, most).map(({ from, peak }) => html`<rect key=${from} class=${peak > LIMIT ? "column bad" : "column"}
      x=${x(since + from * bin)} width=${Math.max(1.5, wide)} y=${y(peak)} height=${Math.max(1.5, ground - y(peak))} />`)}
    <line class="limit" x1="0" x2=${w} y1=${y(LIMIT)} y2=${y(LIMIT)} />
    <text class="mark over" x="4" y=${y(LIMIT) - 5}>${t("strip.limit", { n: LIMIT })}</text>
    <line class="axis" x1="0" x2=${w} y1=${ground} y2=${ground} />
    ${ticks.map((at, n) => html`<text key=${n} class="mark" x=${x(at)} y=${h - 4}
      text-anchor=${n === 0 ? "start" : n === ticks.length - 1 ? "end" : "middle"}>${label(at)}</text>`)}
  </svg>`;
}

export function Strip() {
  const [ref, { w, h }] = useSize();
  const item = shown();
  const note = days.value === 1 ? t("strip.tens") : t("strip.hours");
  const told = item && [t("strip.alarms", { n: number(item.alarms) }), t("aq.floods", { n: number(item.floods.length) })].join(" · ");
  return html`<${Tile} of="quality" id="strip" title=${t("strip.title")} note=${told ? `${note} · ${told}` : note}>
    ${!item && html`<${Empty} of="quality" text=${t("age.never")} />`}
    <div class="chart" ref=${ref} role="img" aria-label=${told || t("age.never")}>${item && w > 0 && html`<${Drawing} item=${item} w=${w} h=${h} />`}</div>
  </${Tile}>`;
}
