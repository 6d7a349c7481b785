// The load through the day, against yesterday and the same day of last week, and what today's energy went into.
import { html, useMemo } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { area, ceiling, dayScale, HourMarks, line, onDay, runs } from "../draw/day.js";
import { useSize } from "../draw/size.js";
import { energy, known, number } from "../format.js";
import { minuteTime } from "../time.js";
import { t, word } from "../i18n/index.js";

const HALF_BUCKET_MS = 7.5 * 60000; // a quarter of an hour's mean stands in the middle of its quarter
const MARKS = 22;
const LEFT = 52; // room for the kW beside the axis

function Curve({ power, w, h }) {
  const day = dayScale(w - LEFT);
  if (!day || !h) return null;
  const series = [power.curve, power.curve_yesterday, power.curve_last_week].map((s) => onDay(s, day));
  const values = series.flat().map((e) => e.kw).filter(known);
  if (!values.length) return null;
  const top = ceiling(Math.max(...values) * 1.04);
  const y = (kw) => (h - MARKS) * (1 - kw / top) + 2;
  const x = (at) => LEFT + day.x(at);
  const points = (run) => run.map((e) => [x(e.at + HALF_BUCKET_MS), y(e.kw)]);
  const paths = series.map((s) => runs(s, (e) => e.kw).map(points));
  const peak = power.peak_at && known(power.peak_kw) ? [x(Date.parse(power.peak_at)), y(power.peak_kw)] : null;
  const now = x(day.now);
  const grid = [0, 0.5, 1].map((part) => part * top);
  return html`<svg viewBox="0 0 ${w} ${h}" role="img" aria-label=${t("load.chart")}>
    ${grid.map((kw) => html`<g key=${kw}><line class="axis" x1=${LEFT} x2=${w} y1=${y(kw)} y2=${y(kw)} />
      <text class="mark" x=${LEFT - 8} y=${y(kw) + (kw === top ? 11 : 4)} text-anchor="end">${number(kw)}</text></g>`)}
    <text class="mark" x=${LEFT + 5} y="13">kW</text>
    ${paths[2].map((p, i) => html`<path key=${`w${i}`} class="before" d=${line(p)} />`)}
    ${paths[1].map((p, i) => html`<path key=${`y${i}`} class="yesterday" d=${line(p)} />`)}
    ${paths[0].map((p, i) => html`<path key=${`a${i}`} class="today area" d=${area(p, y(0))} />`)}
    ${paths[0].map((p, i) => html`<path key=${`t${i}`} class="today" d=${line(p)} />`)}
    <line class="now" x1=${now} x2=${now} y1="0" y2=${h - MARKS} />
    ${peak && html`<circle class="peak" cx=${peak[0]} cy=${peak[1]} r="3.5" />
      <text class="peak" x=${peak[0]} y=${peak[1] + 27}
        text-anchor=${peak[0] > w - 220 ? "end" : "start"}>${t("load.peak", { kw: number(power.peak_kw), at: minuteTime(power.peak_at) })}</text>`}
    <g transform="translate(${LEFT} 0)"><${HourMarks} day=${day} width=${w - LEFT} y=${h - 4} hours=${w > 700 ? 3 : 6} /></g>
  </svg>`;
}

function Use({ use, kwh, all, most }) {
  const [figure, unit] = energy(kwh, most);
  const share = all > 0 && known(kwh) ? kwh / all : 0;
  return html`<li><span class="name">${word(`use.${use}`, use)}</span>
    <span class="value">${figure}<i> ${unit}</i></span><span class="share">${known(kwh) && all > 0 ? `${number(share * 100)} %` : ""}</span>
    <span class="bar" aria-hidden="true"><i style=${{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }}></i></span></li>`;
}

export function Power() {
  const power = data("power");
  const [ref, { w, h }] = useSize();
  const curve = useMemo(() => html`<${Curve} power=${power} w=${w} h=${h} />`, [power, w, h]);
  const uses = (power.breakdown ?? []).filter((use) => known(use.kwh));
  const all = uses.reduce((sum, use) => sum + use.kwh, 0);
  const most = Math.max(0, ...uses.map((use) => use.kwh));
  const [whole, unit] = energy(power.yesterday_total_kwh);
  return html`<${Tile} of="power" title=${t("load.title")} kind="power"
    note=${known(power.yesterday_total_kwh) && t("load.yesterdayTotal", { kwh: whole, unit })}>
    <p class="keys"><span class="key today">${t("load.today")}</span><span class="key yesterday">${t("load.yesterday")}</span>
      <span class="key before">${t("load.lastWeek")}</span></p>
    <div class="chart" ref=${ref}>${power.curve?.length || power.curve_yesterday?.length || power.curve_last_week?.length
      ? curve : html`<${Empty} of="power" text=${t("unknown")} />`}</div>
    <ul class="uses">${(power.breakdown ?? []).map((use) => html`<${Use} key=${use.use} ...${use} all=${all} most=${most} />`)}</ul>
  </${Tile}>`;
}
