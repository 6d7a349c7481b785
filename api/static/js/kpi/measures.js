// Six figures that answer for a span, each with its n and how sure it is. What nobody knows is hatched.
import { classes, html } from "../html.js";
import { freshness } from "../store.js";
import { Figure } from "../tile.js";
import { number, span } from "../format.js";
import { t } from "../i18n/index.js";
import { answered, clocks } from "./answer.js";
import { between, percent, share, time } from "./words.js";

const NAMES = ["respond", "times", "promise", "restore", "fix", "rating"];
const n = (one) => t("kpi.n", { n: number(one?.n ?? null) });
const sure = (one) => `${n(one)} · ${between(one)}`;

/** What each figure says: {text, unit, extra, lines}. */
function tell(name, found) {
  const respond = clocks("respond");
  const restore = clocks("restore");
  switch (name) {
    case "respond": return { text: share(respond.attainment), unit: "%", lines: [sure(respond.attainment),
      t("kpi.missedOf", { n: number(respond.missed), open: number(respond.overdue) })] };
    case "times": return { text: respond.wall.p50_s === null ? null : span(respond.wall.p50_s), extra: `P90 ${time(respond.wall.p90_s)}`,
      lines: [t("kpi.timesCalendar", { p50: time(respond.spent.p50_s), p90: time(respond.spent.p90_s) }),
        respond.wall.open ? t("kpi.timesOpen", { n: number(respond.wall.n), open: number(respond.wall.open) }) : n(respond.wall)] };
    case "promise": return { text: share(found.promise.within), unit: "%", lines: [sure(found.promise.within), t("kpi.promise.what")] };
    case "restore": return { text: share(restore.attainment), unit: "%", lines: [sure(restore.attainment),
      restore.provisional ? t("kpi.provisional", { n: number(restore.provisional) }) : t("kpi.p50", { span: time(restore.wall.p50_s) })] };
    case "fix": return { text: share(found.fix.fixed), unit: "%", lines: [sure(found.fix.fixed),
      t("kpi.reopened", { share: percent(found.fix.reopened), n: number(found.fix.reopened.n) })] };
    default: return { text: share(found.rating.good), unit: "%", extra: found.rating.mean === null ? "" : `★ ${number(found.rating.mean, 2)}`,
      lines: [sure(found.rating.good), t("kpi.rated", { share: percent(found.rating.rated), n: number(found.rating.rated.n) })] };
  }
}

function Measure({ name }) {
  const found = answered();
  const { text, unit, extra, lines } = found ? tell(name, found) : { text: null, lines: [] };
  return html`<li class=${classes("tile card measure", found ? freshness.kpi.value : "waiting", found && text === null && "unsure")} id=${`measure-${name}`}>
    <header><h2>${t(`kpi.${name}`)}</h2></header>
    <p class="big"><${Figure} value=${text} unit=${unit} known=${text !== null} kind="big" />${text !== null && extra && html`<span class="extra">${extra}</span>`}</p>
    ${lines.map((line, place) => html`<p key=${place} class="line">${line}</p>`)}
  </li>`;
}

export const Measures = () => html`<ol class="measures" aria-label=${t("kpi.figures")}>${NAMES.map((name) => html`<${Measure} key=${name} name=${name} />`)}</ol>`;
