// The page's places: who acts, what is wrong with the connection, the list, and the alarm that is chosen.
import { classes, html } from "../html.js";
import { data, database, freshness, lost, stream, streamAge } from "../store.js";
import { number, span } from "../format.js";
import { Foot } from "../tiles/foot.js";
import { Head } from "../tiles/head.js";
import { t } from "../i18n/index.js";
import { unsent } from "./acting.js";
import { Actor } from "./forms.js";
import { Detail } from "./detail.js";
import { Filters } from "./filters.js";
import { chosen } from "./ledger.js";
import { List } from "./list.js";
import { turn } from "../theme.js";
import { Windows, windows } from "./windows.js";

function Banner() {
  const gone = lost.value && stream.value !== "none";
  const cut = unsent.value;
  const text = gone ? (streamAge.value === null ? t("live.unreached") : t("banner.lost", { span: span(streamAge.value) }))
    : database.value === "away" ? t("finding.database") : "";
  if (!text && !cut) return null;
  return html`<div class="banner" role="status">${text && html`<p>${text}</p>`}
    ${cut && html`<p><b>${t("wrong.unsent", { what: cut.what })}</b>
      <button type="button" onClick=${() => cut.again()}>${t("act.retry")}</button>
      <button type="button" onClick=${() => { unsent.value = null; }}>${t("act.discard")}</button></p>`}</div>`;
}

/** How many, in one line, and only where that is known. */
function Sum() {
  const { total, held, counts = {} } = data("alarms");
  const state = freshness.alarms.value;
  if (state !== "fresh") return html`<p class="sum unknown">${state === "stale" ? t("finding.stale", { what: t("tile.alarms") }) : t("alarms.unknown")}</p>`;
  const unseen = Object.values(counts).reduce((sum, each) => sum + each.unacknowledged, 0);
  return html`<p class="sum">${total ? t("alarms.note", { n: number(total), u: number(unseen) }) : t("alarms.none")}${held > 0 && ` · ${t("alarms.held", { n: number(held) })}`}</p>`;
}

function Ways() {
  const to = (path) => `${path}${new URLSearchParams(location.search).has("park") ? `?park=${new URLSearchParams(location.search).get("park")}` : ""}`;
  return html`<nav class="ways"><a href=${to("/")}>${t("alarms.overview")}</a><a href=${to("/alarm-quality")}>${t("alarms.quality")}</a>
    <button type="button" class="quiet" onClick=${() => { windows.value = true; }}>${t("window.title")}</button>
    <button type="button" class="quiet theme" onClick=${turn}>${t("act.theme")}</button></nav>`;
}

export function Page({ park }) {
  return html`<main class=${classes("wall alarms-page", lost.value && "lost", `stream-${stream.value}`, chosen.value && "one")}>
    <${Head} title=${t("alarms.title")} here="alarms" />
    <${Banner} />
    <div class="bar"><${Sum} /><${Ways} /><${Actor} /></div>
    <${Filters} /><${List} /><${Detail} park=${park} />
    <p class="keys">${t("keys.hint")}</p><${Foot} />
    ${windows.value && html`<${Windows} park=${park} />`}
  </main>`;
}
