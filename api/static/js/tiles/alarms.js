// Alarms on the wall: what is wrong, where, since when, how much time is left, and who is on it. What shares a cause is one row.
import { classes, html } from "../html.js";
import { data, freshness, tick } from "../store.js";
import { Age } from "../tile.js";
import { number, span } from "../format.js";
import { t } from "../i18n/index.js";
import { sizeOf, unseen, wallRows } from "../alarms/wall.js";
import { ageOf, floodText, incidentText, leftOf, leftText, priorityText, reasonText, titleText, whoText } from "../alarms/words.js";

const CROWD = 5; // more rows than that need the room of the facility readings

const address = (alarm) => {
  const query = new URLSearchParams(location.search);
  if (alarm) query.set("alarm", alarm);
  const text = query.toString();
  return `/alarms${text && `?${text}`}`;
};

function Row({ row }) {
  tick.value;
  const { alarm, incident } = row;
  const { n, u } = sizeOf(row);
  const left = incident ? null : leftOf(alarm);
  const seen = u ? t("verdict.unacknowledged", { n: number(u) }) : t("verdict.allSeen");
  const who = !incident && (alarm.acknowledged || !alarm.active) ? whoText(alarm) : ""; // nobody is the rule here, and bold says it
  return html`<li class=${classes("two alarm", alarm.priority, u > 0 && "open")}>
    <span class=${classes("tag", alarm.priority)}>${priorityText(alarm.priority)}</span>
    <a class="name wide" href=${address(alarm.alarm)}>${incident ? incidentText(incident, n) : titleText(alarm)}</a>
    <span class="about">${incident ? seen : reasonText(alarm)}</span>
    <span class="since">${who && html`<span class="who">${who}</span> · `}${t("alarm.since", { span: span(ageOf(incident ? { began: incident.opened } : alarm)) })}${left !== null && html` · <b class=${classes("due", left < 0 && "over")}>${leftText(alarm)}</b>`}</span>
  </li>`;
}

/** Nothing to show: none, or nobody knows. */
function Nothing() {
  return html`<p class="empty">${freshness.alarms.value === "fresh" ? t("alarms.none") : t("alarms.unknown")}</p>`;
}

/** Whether the list needs more room than its own. */
export const crowded = () => wallRows().length > CROWD;

export function Alarms() {
  const { total = 0, held = 0, flood = [] } = data("alarms");
  const rows = wallRows();
  const note = [total > 0 && t("alarms.note", { n: number(total), u: number(unseen()) }), held > 0 && t("alarms.held", { n: number(held) })].filter(Boolean).join(" · ");
  return html`<section class=${classes("tile alarms", freshness.alarms.value)} id="alarms" aria-label=${t("alarms.title")}>
    <header><h2><a href=${address()}>${t("alarms.title")}</a></h2><span class="note">${note}</span><${Age} of="alarms" /></header>
    ${flood.map((one) => html`<p class="flood" key=${one.position} role="status">${floodText(one)}</p>`)}
    ${rows.length > 0 ? html`<ul class="rows">${rows.map((row) => html`<${Row} key=${row.key} row=${row} />`)}</ul>
        ${rows.length > CROWD && html`<p class="rest"><a href=${address()}>${t("alarms.all", { n: number(total) })}</a></p>`}`
      : html`<${Nothing} />`}
  </section>`;
}
