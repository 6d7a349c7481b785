// Seven figures, each beside its target. Colour is spent on what misses it; what nobody knows is hatched and says why.
import { parkNow } from "../clock.js";
import { classes, html } from "../html.js";
import { data, freshness, tick } from "../store.js";
import { Figure } from "../tile.js";
import { known, number, short, span } from "../format.js";
import { shortDay, stamp } from "../time.js";
import { t } from "../i18n/index.js";
import { shown } from "./answer.js";

const NAMES = ["average", "peak", "flood", "top_10", "chattering", "stale", "priorities"];
const DAY_S = 86400;

const when = (iso) => stamp(iso, parkNow());
const percent = (value) => [known(value) ? (value > 0 && value < 0.1 ? "< 0.1" : short(value)) : null, "%"];

/** How long the oldest one stands already, in whole days. */
function standing(iso) {
  return iso && parkNow() !== null ? span(Math.floor((parkNow() - Date.parse(iso)) / 1000 / DAY_S) * DAY_S) : "";
}

/** What each figure says: {text: [figure, unit], met, notes}. */
function tell(name, item) {
  const { figures, acknowledged, floods } = item;
  const one = figures[name];
  const n = name !== "priorities" && number(one.n);
  switch (name) {
    case "average": return { text: [known(one.value) ? short(one.value) : null, ""], met: one.met, notes: [t("aq.n", { n })] };
    case "peak": return { text: [known(one.value) ? number(one.value) : null, ""], met: one.met, notes: [one.at && t("aq.at", { at: when(one.at) })] };
    case "flood": return { text: percent(one.value), met: one.met, notes: [known(one.value) && t("aq.floods", { n: number(floods.length) })] };
    case "top_10": return { text: percent(one.value), met: one.met, notes: [t("aq.n", { n })] };
    case "chattering": return { text: [known(one.value) ? number(one.value) : null, ""], met: one.met, notes: [t("aq.subjects", { n })] };
    case "stale": return { text: [number(one.value), ""], met: one.met,
      notes: [one.value > 0 ? t("aq.oldest", { span: standing(one.at) }) : t("aq.open", { n })] };
    default: {
      const shares = [figures.low, figures.medium, figures.high].map((each) => each.value);
      return { text: [shares.every(known) ? shares.map((share) => number(share)).join(" / ") : null, "%"], met: figures.low.met,
        notes: [t("aq.n", { n: number(acknowledged.n) }), figures.critical.value > 0 && t("aq.critical", { n: short(figures.critical.value) })] };
    }
  }
}

/** Why a figure that shows no miss is not called good. */
export function doubt(item) {
  if (!item.known_since) return t("aq.noRules");
  if (Date.parse(item.known_since) > Date.parse(data("quality").since)) return t("aq.knownSince", { day: shortDay(item.known_since) });
  return item.silent_hours && !item.covered ? t("aq.silent", { n: number(item.silent_hours) }) : t("aq.few");
}

function Measure({ name, item }) {
  tick.value; // its times need the zone, which comes by the stream
  const { text: [text, unit], met, notes } = tell(name, item);
  const state = freshness.quality.value;
  const verdict = met === false ? html`<span class="tag high">${t("aq.missed")}</span>`
    : met === null && html`<span class="tag dashed">${item.covered && name === "flood" ? t("unknown") : doubt(item)}</span>`;
  return html`<li class=${classes("tile card measure", state, met === false && "high", met === null && "unsure")} id=${`measure-${name}`}>
    <header><h2>${t(`aq.${name}`)}</h2></header>
    <p class="big"><${Figure} value=${text} unit=${unit} known=${text !== null} kind="big" /></p>
    <p class="target"><span>${t(`aq.${name}.target`)}</span>${verdict}</p>
    <p class="line">${text !== null && notes.filter(Boolean).join(" · ")}</p>
  </li>`;
}

export function Measures() {
  const item = shown();
  return html`<ol class="measures" aria-label=${t("aq.figures")}>
    ${NAMES.map((name) => (item ? html`<${Measure} key=${name} name=${name} item=${item} />`
      : html`<li key=${name} class="tile card measure waiting" id=${`measure-${name}`}><header><h2>${t(`aq.${name}`)}</h2></header>
          <p class="big"><${Figure} known=${false} kind="big" /></p><p class="target">${t(`aq.${name}.target`)}</p></li>`))}
  </ol>`;
}
