// The desk: the answer on top, one of two lists, and what is chosen beside it.
import { parkNow } from "../clock.js";
import { classes, html, signal } from "../html.js";
import { database, lost, stream, streamAge, tick } from "../store.js";
import { number, span } from "../format.js";
import { Foot } from "../tiles/foot.js";
import { Head } from "../tiles/head.js";
import { turn } from "../theme.js";
import { t } from "../i18n/index.js";
import { Actor, AskActor } from "../alarms/forms.js";
import { tally } from "../orders/clocks.js";
import { may, session, signedOut, signInPath } from "../orders/session.js";
import { namesItself, unsent } from "./acting.js";
import { OrderDetail } from "./detail.js";
import { Entry } from "./entry.js";
import { OrderFilters, RequestFilters } from "./filters.js";
import { tab, turnTo } from "./ledger.js";
import { List, OrderHeader, OrderRow } from "./list.js";
import { orders } from "./orders.js";
import { RequestDetail, RequestRow } from "./request-views.js";
import { leftOf, requests } from "./requests.js";

/** Whether the form for what was told by phone is open. */
export const entering = signal(false);

function Banner() {
  const gone = lost.value && stream.value !== "none";
  const text = gone ? (streamAge.value === null ? t("live.unreached") : t("banner.lost", { span: span(streamAge.value) }))
    : database.value === "away" ? t("finding.database") : "";
  const cut = unsent.value;
  if (!text && !cut && !signedOut.value) return null;
  return html`<div class="banner" role="status">${signedOut.value && html`<p>${t("field.signedOut")} <a href=${signInPath()}>${t("field.signIn")}</a></p>`}${text && html`<p>${text}</p>`}
    ${cut && html`<p><b>${t("wrong.unsent", { what: cut.what })}</b> <button type="button" onClick=${() => cut.again()}>${t("act.retry")}</button>
      <button type="button" onClick=${() => { unsent.value = null; }}>${t("act.discard")}</button></p>`}</div>`;
}

/** How things stand, in one line, and only where that is known. */
function Answer() {
  tick.value;
  const ledger = tab.value === "orders" ? orders : requests;
  if (ledger.open.value === null || lost.value || ledger.trouble.value) return html`<p class="sum unknown">${t("service.unknown")}</p>`;
  if (tab.value === "requests") {
    const open = requests.open.value;
    const count = (of) => open.filter(of).length;
    const over = count((request) => (leftOf(request) ?? 0) < 0);
    const said = [["supervised", count((request) => request.supervised)], ["unread", count((request) => request.state === "received")]];
    if (!open.length) return html`<p class="sum">${t("service.none.requests")}</p>`;
    return html`<p class="sum">${over > 0 && html`<b class="over">${t("service.sum.overdue", { n: number(over) })}</b>`}
      ${said.map(([key, n]) => n > 0 && html`<span key=${key}>${t(`service.sum.${key}`, { n: number(n) })}</span>`)}
      ${!over && !said.some(([, n]) => n) && html`<span>${t("service.sum.open", { n: number(open.length) })}</span>`}</p>`;
  }
  const { overdue, soon, nobody, open } = tally(orders.open.value, parkNow());
  if (!open) return html`<p class="sum">${t("service.none.orders")}</p>`;
  return html`<p class="sum">${overdue > 0 && html`<b class="over">${t("service.sum.overdue", { n: number(overdue) })}</b>`}
    ${soon > 0 && html`<b class="near">${t("service.sum.soon", { n: number(soon) })}</b>`}${nobody > 0 && html`<span>${t("service.sum.nobody", { n: number(nobody) })}</span>`}
    ${!overdue && !soon && !nobody && html`<span>${t("service.sum.calm", { n: number(open) })}</span>`}</p>`;
}

function Tabs() {
  const one = (which, ledger) => html`<button type="button" role="tab" aria-selected=${tab.value === which} onClick=${() => tab.value !== which && turnTo(which)}>${t(`service.tab.${which}`)}${
    ledger.open.value && html` <b>${number(ledger.counts.value[""])}</b>`}</button>`;
  return html`<div class="tabs" role="tablist">${may("order.read", "order.read.own") && one("orders", orders)}${may("request.read") && one("requests", requests)}</div>`;
}

export function Page({ park }) {
  const which = tab.value;
  const { chosen } = which === "orders" ? orders : requests;
  const enters = entering.value && which === "requests";
  return html`<main class=${classes("wall service-page", which, lost.value && "lost", `stream-${stream.value}`, (chosen.value || enters) && "one")}>
    <${Head} title=${t("service.title")} here="service" /><${Banner} />
    <div class="bar"><${Answer} /><${Tabs} /><div class="ways">
      ${which === "requests" && may("request.desk") && html`<button type="button" class="act" onClick=${() => { entering.value = true; }}>${t("entry.open")}</button>`}
      ${session.value && namesItself() && html`<${Actor} />`}<button type="button" class="quiet theme" onClick=${turn}>${t("act.theme")}</button></div></div>
    <${AskActor} where="detail" />
    ${which === "orders" ? html`<${OrderFilters} /><${List} key="orders" ledger=${orders} Row=${OrderRow} header=${html`<${OrderHeader} />`} /><${OrderDetail} />`
      : html`<${RequestFilters} /><${List} key="requests" ledger=${requests} Row=${RequestRow} />${enters ? html`<${Entry} park=${park} onClose=${() => { entering.value = false; }} />` : html`<${RequestDetail} />`}`}
    <p class="keys">${t("service.keys")}</p><${Foot} /></main>`;
}
