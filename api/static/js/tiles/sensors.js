// Facility readings worth a look, problems first, each with the range that is normal for it.
import { classes, html } from "../html.js";
import { data } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { parkNow } from "../clock.js";
import { lookOf } from "../findings.js";
import { known, short } from "../format.js";
import { stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";

/** A state in its own words (wet, smoke), a figure with its unit, or that it is unknown. */
function reading({ point, value, unit }) {
  if (!known(value)) return [t("unknown"), ""];
  const said = word(`value.${point}.${value}`);
  return said ? [said, ""] : [short(value), unit && unit !== "1" ? unit : ""];
}

function Row({ item }) {
  const [value, unit] = reading(item);
  const look = lookOf(item);
  const good = item.quality === "good";
  const range = known(item.low) && known(item.high) && !word(`value.${item.point}.0`)
    ? t("sensors.range", { low: short(item.low), high: short(item.high) }) : "";
  const critical = look === "critical";
  // What the value of a danger says need not be said again beside it: its whole name and its time matter more.
  const place = [item.provisional && t("device.provisional"), !critical && !item.provisional && word(`point.${item.point}`, item.point)];
  const at = critical && item.ts ? stamp(item.ts, parkNow()) : "";
  return html`<li class=${classes("reading", look, (critical || item.provisional) && "wide")}>
    <span class="name" title=${item.device_id}>${name(item.name, item.device_id)}</span>
    <span class="place">${place.filter(Boolean).join(" ")}</span>
    <span class="value">${value}${unit && html`<i> ${unit}</i>`}</span>
    <span class="range">${at && html`<time datetime=${item.ts}>${at}</time> `}${good
      ? !critical && range : html`<b class="tag dashed">${word(`quality.${item.quality}`, item.quality)}</b>`}</span>
  </li>`;
}

export function Sensors() {
  const { items = [] } = data("sensors");
  return html`<${Tile} of="sensors" title=${t("sensors.title")} kind="sensors">
    ${items.length > 0
      ? html`<ul class="rows thin">${items.map((item) => html`<${Row} key=${`${item.device_id} ${item.point}`} item=${item} />`)}</ul>`
      : html`<${Empty} of="sensors" text=${t("sensors.none")} />`}
  </${Tile}>`;
}
