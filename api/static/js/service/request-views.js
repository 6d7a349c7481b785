// Requests: a row of the list, and one of them whole with its progress.
import { LANG } from "../config.js";
import { parkNow } from "../clock.js";
import { classes, html } from "../html.js";
import { tick } from "../store.js";
import { number, span } from "../format.js";
import { name, t, word } from "../i18n/index.js";
import { actorText, dueText, placeText, stateText } from "../orders/words.js";
import { RequestActs } from "./acts.js";
import { Pane, second } from "./detail.js";
import { turnTo } from "./ledger.js";
import { Chain } from "./photos.js";
import { askerText, dueLine, leftOf, requestActionText, requestNumber, requests, requestStateText, requestTitle } from "./requests.js";

const NEAR_S = 4 * 3600;

export function RequestRow({ item: request, ledger }) {
  tick.value;
  const now = parkNow();
  const left = leftOf(request, now);
  const chosen = ledger.chosen.value === request.request;
  const since = now === null ? null : (now - Date.parse(request.created)) / 1000;
  return html`<li class=${classes("row request-row", request.supervised && "supervised", left !== null && left < 0 && "over", left !== null && left >= 0 && left < NEAR_S && "near", request.state === "received" && "open", chosen && "chosen")} id=${`request-${request.request}`}>
    <button type="button" class="face" aria-current=${chosen ? "true" : undefined} onClick=${() => ledger.choose(request.request)}>
      <span class=${classes("tag", request.supervised && "critical")}>${request.supervised ? t("request.supervised") : word(`category.${request.category}`, request.category)}</span>
      <span class="name">${requestTitle(request)}${request.words && html`<q>${request.words}</q>`}</span>
      <span class="who">${requestStateText(request.state)}</span>
      <span class="about">${[placeText(request), askerText(request), request.department].filter(Boolean).join(" · ")}</span>
      <span class="when">${left === null ? t("alarm.since", { span: span(since) }) : html`<b class=${classes("left", left < 0 && "over")}>${t(left < 0 ? "sla.over" : "sla.left", { span: span(Math.abs(left)) })}</b>`} · ${requestNumber(request)}</span>
    </button></li>`;
}

function Event({ event }) {
  const { action, actor, at, from_state: from, to_state: to, reason, detail = {} } = event;
  const change = from && from !== to ? `${requestStateText(from)} → ${requestStateText(to)}` : "";
  const more = [detail.to && [detail.from, detail.to].filter(Boolean).join(" → "), detail.amount && t("request.yuan", { n: detail.amount }), reason ?? detail.words].filter(Boolean).join(" · ");
  return html`<li><time datetime=${at}>${second(at)}</time><span class="who">${actor === "visitor" ? t("request.visitor") : actorText(actor)}</span>
    <span class="what"><b>${requestActionText(action)}</b>${more && html` · ${more}`}${change && html`<i>${change}</i>`}</span></li>`;
}

function Quotes({ quotes }) {
  if (!quotes?.length) return null;
  return html`<section><h3>${t("request.quotes")}</h3><ul class="quotes">${quotes.map((quote) => html`<li key=${quote.quote}><b>${t("request.yuan", { n: number(Number(quote.amount), 2) })}</b>
    <span>${quote.words}</span><i>${quote.answer ? word(`quote.${quote.answer}`, quote.answer) : t("quote.awaited", { at: dueText(quote.valid_until) })}</i></li>`)}</ul></section>`;
}

function Work({ order }) {
  if (!order) return null;
  return html`<section><h3>${t("request.work")}</h3><p class="work"><button type="button" class="quiet" onClick=${() => turnTo("orders", order.work_order)}>${t("order.number", { n: order.work_order })}</button>
    <span>${order.priority} · ${stateText(order)}${order.assignee ? ` · ${order.assignee}` : ""}</span></p></section>`;
}

function Whole({ request }) {
  tick.value;
  const left = leftOf(request);
  const { rating } = request;
  return html`<header><p class="tags">${request.supervised && html`<span class="tag critical">${t("request.supervised")}</span>`}
      <span class="tag state">${requestStateText(request.state)}</span><span class="tag">${word(`category.${request.category}`, request.category)}</span></p>
      <h2>${requestTitle(request)}</h2><p class="subject">${placeText(request)} · ${askerText(request)}</p><p class="reason">“${request.words}”</p></header>
    <p class=${classes("due", left !== null && left < 0 && "over")}>${dueLine(request)}${request.department && html`<span>${t("request.at", { department: request.department })}</span>`}</p>
    <${RequestActs} request=${request} />
    ${request.outcome && html`<section><h3>${t("request.outcome")}</h3><p class="outcome">${request.outcome}</p></section>`}
    <${Quotes} quotes=${request.quotes} /><${Work} order=${request.order} />
    ${rating && html`<section><h3>${t("request.rating")}</h3><p>${"★".repeat(rating.stars)}${"☆".repeat(5 - rating.stars)} ${rating.words ?? ""}</p></section>`}
    <${Chain} photos=${request.photos} />
    <section><h3>${t("service.events")}</h3>${request.events ? html`<ol class="journal" lang=${LANG}>${[...request.events].reverse().map((event, i) => html`<${Event} key=${`${event.at} ${i}`} event=${event} />`)}</ol>` : html`<p class="empty">${t("age.waiting")}</p>`}</section>
    <p class="origin">${[requestNumber(request), name(request.service_name), t("alarm.version", { n: request.version })].join(" · ")}</p>`;
}
export const RequestDetail = () => html`<${Pane} ledger=${requests} title=${t("service.tab.requests")}>${(request) => html`<${Whole} key=${request.request} request=${request} />`}</${Pane}>`;
