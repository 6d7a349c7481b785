// Skin temperatures of today, who was referred, and which scanner reads unlike the others.
import { html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { useSize } from "../draw/size.js";
import { known, number } from "../format.js";
import { minuteTime } from "../time.js";
import { name, t } from "../i18n/index.js";

const BIN_C = 0.2;
const MARKS = 22;
const DRIFT_C = 0.3; // a scanner this far from the others' mean is worth a look at its calibration
const SHOWN = { referred: 2, scanners: 2 };

function Histogram({ bins, w, h }) {
  const filled = (bins ?? []).filter((bin) => bin.n > 0);
  if (!filled.length || !h) return null;
  const low = Math.floor(Math.min(...filled.map((b) => b.c)));
  const high = Math.max(low + 4, Math.ceil(Math.max(...filled.map((b) => b.c)) + BIN_C));
  const top = Math.max(...filled.map((b) => b.n));
  const x = (c) => ((c - low) / (high - low)) * w;
  const size = (n) => Math.max(1.5, (n / top) * (h - MARKS - 4)); // one person must not vanish beside a thousand
  const marks = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((_, i) => high - low <= 8 || i % 2 === 0);
  return html`<svg viewBox="0 0 ${w} ${h}" role="img" aria-label=${t("screening.chart")}>
    ${filled.map((b) => html`<rect key=${b.c} class="column in" x=${x(b.c) + 0.8} width=${Math.max(1, x(low + BIN_C) - 1.6)}
      y=${h - MARKS - size(b.n)} height=${size(b.n)} />`)}
    <line class="axis" x1="0" x2=${w} y1=${h - MARKS} y2=${h - MARKS} />
    ${marks.map((c) => html`<text key=${c} class="mark" x=${x(c)} y=${h - 4}
      text-anchor=${c === low ? "start" : c === high ? "end" : "middle"}>${c === low ? `${c} °C` : c}</text>`)}
  </svg>`;
}

const Referral = ({ item, scanners }) => html`<li>
  <span class="tag medium">${t("result.REFER")}</span>
  <span class="name">${name(scanners.find((s) => s.device_id === item.device_id)?.name, item.device_id)}</span>
  <span class="value">${number(item.skin_c, 1)} °C</span><span class="when">${minuteTime(item.at)}</span>
</li>`;

function Scanner({ scanner }) {
  const { drift_c: drift } = scanner;
  const off = Math.abs(drift) >= DRIFT_C;
  const sign = drift > 0 ? "+" : "";
  return html`<li>
    <span class=${off ? "tag high" : "tag"}>${off ? t("screening.drift") : t("screening.scanner")}</span>
    <span class="name">${name(scanner.name, scanner.device_id)}</span>
    <span class="value">${sign}${number(drift, 1)} °C</span>
  </li>`;
}

export function Screening() {
  const { total, histogram, refer_recent: referred = [], by_scanner: scanners = [] } = data("screening");
  const [ref, { w, h }] = useSize();
  const worst = scanners.filter((s) => known(s.drift_c)).sort((a, b) => Math.abs(b.drift_c) - Math.abs(a.drift_c)).slice(0, SHOWN.scanners);
  return html`<${Tile} of="screening" title=${t("screening.title")} kind="screening"
    note=${known(total) && t("screening.n", { n: number(total) })}>
    <div class="chart" ref=${ref}>${histogram?.length
      ? html`<${Histogram} bins=${histogram} w=${w} h=${h} />` : html`<${Empty} of="screening" text=${t("screening.none")} />`}</div>
    <ul class="rows thin">
      ${referred.slice(0, SHOWN.referred).map((item) => html`<${Referral} key=${item.at + item.device_id} item=${item} scanners=${scanners} />`)}
      ${scanners.length > 0 && !worst.length && html`<li key="none" class="quiet">${t("screening.noDrift")}</li>`}
      ${worst.map((scanner) => html`<${Scanner} key=${scanner.device_id} scanner=${scanner} />`)}
    </ul>
  </${Tile}>`;
}
