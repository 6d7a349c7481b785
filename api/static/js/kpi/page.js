// The page's places: its answer with what can be chosen, six figures, and what is behind them.
import { LANG } from "../config.js";
import { classes, html } from "../html.js";
import { data, database, lost, stream, tick } from "../store.js";
import { known, number } from "../format.js";
import { Foot } from "../tiles/foot.js";
import { Head } from "../tiles/head.js";
import { t } from "../i18n/index.js";
import { answered, choose, clocks, days, download, SPANS } from "./answer.js";
import { Causes, Forecast, Voices } from "./lists.js";
import { Measures } from "./measures.js";
import { Cards, Groups } from "./tables.js";
import { Weeks } from "./weeks.js";
import { percent, time } from "./words.js";

/** {level, text}: how the promise is kept, and whether anybody has to act. */
function answer() {
  tick.value;
  if (lost.value) return { level: "stale", text: t("verdict.lost") };
  if (database.value === "away") return { level: "high", text: t("finding.database") };
  const found = answered();
  if (!found) return { level: "stale", text: t("age.waiting") };
  const respond = clocks("respond");
  const overdue = data("forecast").overdue;
  const late = known(overdue) ? (overdue ? t("kpi.answer.overdue", { n: number(overdue) }) : t("kpi.answer.inTime")) : "";
  if (!respond.n) return { level: overdue ? "high" : "stale", text: [t("kpi.answer.none"), late].filter(Boolean).join(t("kpi.answer.and")) };
  const { within } = found.promise;
  const text = t("kpi.answer", {
    p50: time(respond.wall.p50_s), p90: time(respond.wall.p90_s), share: percent(respond.attainment), n: number(respond.n), within: percent(within),
  });
  return { level: overdue ? "high" : "", text: [text, late].filter(Boolean).join(t("kpi.answer.and")) };
}

function Answer() {
  const { level, text } = answer();
  return html`<div class=${classes("answer", level)}><p class="headline" role="status" key=${text}>${text}</p>
    <div class="choices" role="group" aria-label=${t("kpi.span")}>
      ${SPANS.map((n) => html`<button key=${n} type="button" aria-pressed=${n === days.value ? "true" : "false"} onClick=${() => choose({ days: n })}>${t("kpi.days", { n })}</button>`)}</div>
    <span class="downloads"><a href=${download("xlsx", LANG)} download>XLSX</a> <a href=${download("csv", LANG)} download>CSV</a></span></div>`;
}

export const Page = () => html`<main class=${classes("wall kpi", lost.value && "lost", `stream-${stream.value}`, answered() && "answered")}>
  <${Head} title=${t("kpi.title")} here="kpi" /><${Answer} /><${Measures} />
  <${Weeks} /><${Groups} /><${Forecast} /><${Causes} /><${Cards} /><${Voices} /><${Foot} />
</main>`;
