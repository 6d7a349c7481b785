// Attainment week by week: a dot with the span in which the true share may lie; a week that nobody can judge is hatched.
import { classes, html } from "../html.js";
import { Empty, Tile } from "../tile.js";
import { useSize } from "../draw/size.js";
import { known, number } from "../format.js";
import { t } from "../i18n/index.js";
import { answered } from "./answer.js";
import { time } from "./words.js";

const [HEAD, FOOT, LEFT] = [12, 40, 44];
const LABEL = 44; // pixels that a week's labels take

const responds = (week) => week.clocks.find((one) => one.kind === "respond");
const label = (monday) => monday.slice(5).replace("-", "/").replace(/^0/, "");

function Drawing({ weeks, w, h }) {
  const all = weeks.map(responds);
  const lows = all.map((one) => one.attainment.low).filter(known);
  const floor = Math.min(0.9, Math.floor(Math.min(...lows, 1) * 10) / 10);
  const ground = h - FOOT;
  const wide = (w - LEFT) / weeks.length;
  const x = (place) => LEFT + wide * (place + 0.5);
  const y = (share) => ground - ((share - floor) / (1 - floor)) * (ground - HEAD);
  const every = Math.max(1, Math.ceil(LABEL / wide));
  const told = weeks.map((week, place) => ({ week, one: all[place], place }));
  return html`<svg viewBox=${`0 0 ${w} ${h}`}>
    <defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatching" y2="7" /></pattern></defs>
    ${[1, (1 + floor) / 2, floor].map((share) => html`<line key=${share} class="axis" x1=${LEFT} x2=${w} y1=${y(share)} y2=${y(share)} />
      <text key=${`t${share}`} class="mark" x="0" y=${y(share) + 5}>${number(share * 100)} %</text>`)}
    ${told.map(({ week, one, place }) => (known(one.attainment.share)
      ? html`<g key=${week.monday} class=${classes("week", !week.whole && "part")}>
          <line class="whisker" x1=${x(place)} x2=${x(place)} y1=${y(one.attainment.low)} y2=${y(one.attainment.high)} />
          <circle cx=${x(place)} cy=${y(one.attainment.share)} r="5" />
          <title>${week.monday}: ${number(one.attainment.share * 100, 1)} %, ${t("kpi.n", { n: one.n })}, P50 ${time(one.wall.p50_s)}, P90 ${time(one.wall.p90_s)}</title></g>`
      : html`<rect key=${week.monday} class="notKnown" x=${x(place) - wide * 0.4} width=${wide * 0.8} y=${HEAD} height=${ground - HEAD} fill="url(#hatch)" />`))}
    ${told.filter(({ place }) => (weeks.length - 1 - place) % every === 0).map(({ week, one, place }) => html`<g key=${week.monday}>
      <text class="mark" x=${x(place)} y=${h - 22} text-anchor="middle">${label(week.monday)}</text>
      <text class="mark n" x=${x(place)} y=${h - 4} text-anchor="middle">${number(one.n)}</text></g>`)}
    <text class="mark n" x="0" y=${h - 4}>n</text>
  </svg>`;
}

export function Weeks() {
  const [ref, { w, h }] = useSize();
  const found = answered();
  return html`<${Tile} of="kpi" id="weeks" title=${t("kpi.weeks")} note=${t("kpi.weeks.note")}>
    ${!found && html`<${Empty} of="kpi" text=${t("age.never")} />`}
    <div class="chart" ref=${ref} role="img" aria-label=${t("kpi.weeks.note")}>${found && w > 0 && html`<${Drawing} weeks=${found.weeks} w=${w} h=${h} />`}</div>
  </${Tile}>`;
}
