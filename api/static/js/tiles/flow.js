// People through the gates today: in above the axis, out below, last week behind, so that rush and quiet show at a glance.
import { html, useMemo } from "../html.js";
import { data } from "../store.js";
import { Empty, Fact, Tile } from "../tile.js";
import { dayScale, HourMarks, onDay, ceiling } from "../draw/day.js";
import { useSize } from "../draw/size.js";
import { known, number } from "../format.js";
import { t } from "../i18n/index.js";

const BUCKET_MS = 15 * 60000;
const MARKS = 22; // room for the hours below

function steps(series, day, y) {
  let path = "";
  for (const entry of series) {
    const [x0, x1, at] = [day.x(entry.at), day.x(entry.at + BUCKET_MS), y(entry)];
    path += `${path ? "L" : "M"}${x0.toFixed(1)},${at.toFixed(1)}L${x1.toFixed(1)},${at.toFixed(1)}`;
  }
  return path;
}

function Chart({ flow, before, w, h }) {
  const day = dayScale(w);
  if (!day || !h) return null;
  const [today, week] = [onDay(flow, day), onDay(before, day)];
  const top = ceiling(Math.max(4, ...[...today, ...week].flatMap((e) => [e.in, e.out]).filter(known)));
  const middle = (h - MARKS) / 2;
  const size = (value) => (known(value) ? (value / top) * (middle - 2) : 0);
  const width = Math.max(1.5, day.x(day.start + BUCKET_MS) - 1.2);
  const now = day.x(day.now);
  return html`<svg viewBox="0 0 ${w} ${h}" role="img" aria-label=${t("flow.chart")}>
    ${today.map((e) => html`<g key=${e.t}>
      <rect class="column in" x=${day.x(e.at)} width=${width} y=${middle - 1 - size(e.in)} height=${size(e.in)} />
      <rect class="column out" x=${day.x(e.at)} width=${width} y=${middle + 1} height=${size(e.out)} />
    </g>`)}
    <path class="before" d=${steps(week, day, (e) => middle - 1 - size(e.in))} />
    <path class="before" d=${steps(week, day, (e) => middle + 1 + size(e.out))} />
    <line class="axis" x1="0" x2=${w} y1=${middle} y2=${middle} />
    <line class="now" x1=${now} x2=${now} y1="0" y2=${h - MARKS} />
    <text class="mark" x=${w} y="12" text-anchor="end">${t("flow.scale", { n: number(top) })}</text>
    <${HourMarks} day=${day} width=${w} y=${h - 4} />
  </svg>`;
}

export function Flow() {
  const people = data("people");
  const [ref, { w, h }] = useSize();
  const chart = useMemo(
    () => html`<${Chart} flow=${people.flow} before=${people.flow_last_week} w=${w} h=${h} />`,
    [people, w, h],
  );
  const facts = ["entered", "left", "denied", "unknown_direction"];
  return html`<${Tile} of="people" id="flow" title=${t("flow.title")} kind="flow">
    <p class="keys"><span class="key in">${t("flow.in")}</span><span class="key out">${t("flow.out")}</span>
      <span class="key before">${t("flow.lastWeek")}</span></p>
    <div class="chart" ref=${ref}>${people.flow?.length || people.flow_last_week?.length
      ? chart : html`<${Empty} of="people" text=${t("unknown")} />`}</div>
    <div class="facts">${facts.map((key) => html`<${Fact} key=${key} label=${t(`flow.${key}`)}
      value=${number(people[key])} known=${known(people[key])} />`)}</div>
  </${Tile}>`;
}
