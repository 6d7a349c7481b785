// The page's places: its answer with what can be chosen, seven figures, the load, and what to do about it.
import { classes, html } from "../html.js";
import { data, database, lost, stream, tick } from "../store.js";
import { number } from "../format.js";
import { Foot } from "../tiles/foot.js";
import { Head } from "../tiles/head.js";
import { t, word } from "../i18n/index.js";
import { choose, days, positions, shown, SPANS } from "./answer.js";
import { Measures } from "./figures.js";
import { Beside, Nuisances } from "./lists.js";
import { Strip } from "./strip.js";

const FIGURES = 7;

const positionText = (position) => word(`position.${position}`, position);

/** {level, text}: whether the alarms of a position are worth having, as far as anybody knows. */
function answer() {
  tick.value;
  if (lost.value) return { level: "stale", text: t("verdict.lost") };
  if (database.value === "away") return { level: "high", text: t("finding.database") };
  if (!positions()) return { level: "stale", text: t("age.waiting") };
  const item = shown();
  if (!item) return { level: "stale", text: t("aq.none") };
  const who = positionText(item.position);
  if (item.missed) return { level: "high", text: t("aq.misses", { who, n: number(item.missed), of: FIGURES }) };
  const { average, peak, flood, top_10: top, chattering, stale, low } = item.figures;
  const unknown = [average, peak, flood, top, chattering, stale, low].filter((one) => one.met === null).length;
  if (unknown) return { level: "stale", text: t("aq.unsure", { who, n: number(unknown), of: FIGURES }) };
  return { level: "well", text: t("aq.well", { who }) };
}

function Choice({ label, chosen, onChoose }) {
  return html`<button type="button" aria-pressed=${chosen ? "true" : "false"} onClick=${onChoose}>${label}</button>`;
}

function Answer() {
  const { level, text } = answer();
  const items = positions() ?? [];
  const here = shown()?.position;
  return html`<div class=${classes("answer", level)}><p class="headline" role="status" key=${text}>${text}</p>
    ${items.length > 1 && html`<div class="choices" role="group" aria-label=${t("aq.positions")}>
      ${items.map(({ position, missed }) => html`<${Choice} key=${position} chosen=${position === here} onChoose=${() => choose({ position })}
        label=${missed ? `${positionText(position)} ${number(missed)}` : positionText(position)} />`)}</div>`}
    <div class="choices" role="group" aria-label=${t("aq.span")}>
      ${SPANS.map((n) => html`<${Choice} key=${n} chosen=${n === days.value} onChoose=${() => choose({ days: n })}
        label=${n === 1 ? t("aq.day") : t("aq.days", { n })} />`)}</div>
    <nav><a href=${`/alarms${park()}`}>${t("aq.toAlarms")}</a> <a href=${`/${park()}`}>${t("intake.back")}</a></nav></div>`;
}

/** The address of other pages keeps the park, and not what is chosen here. */
function park() {
  const asked = new URLSearchParams(location.search).get("park");
  return asked ? `?park=${encodeURIComponent(asked)}` : "";
}

export const Page = () => html`<main class=${classes("wall quality", lost.value && "lost", `stream-${stream.value}`, data("quality").now && "answered")}>
  <${Head} title=${t("aq.title")} /><${Answer} /><${Measures} /><${Strip} /><${Nuisances} /><${Beside} /><${Foot} />
</main>`;
