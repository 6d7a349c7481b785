// One work order: its promises, each explained; what happened, by whom, when; what proves it; what can be done.
import { LANG } from "../config.js";
import { parkNow } from "../clock.js";
import { classes, html, useEffect } from "../html.js";
import { lost, tick } from "../store.js";
import { number, span } from "../format.js";
import { clockTime, dayAround, shortDay } from "../time.js";
import { name, t } from "../i18n/index.js";
import { KINDS, nextClock, urgency } from "../orders/clocks.js";
import { actionText, actorText, clockSentence, kindText, numberText, originText, placeText, proofText, stateText, stateWord, timeText, titleText, verificationText, waitText, whoText } from "../orders/words.js";
import { OrderActs } from "./acts.js";
import { form, said } from "./acting.js";
import { turnTo } from "./ledger.js";
import { Chain } from "./photos.js";
import { orders } from "./orders.js";

const LATE_MS = 60000; // what arrived later than it was done is said

/** To the second; with its day where that is not today. */
export const second = (iso) => {
  const now = parkNow();
  return now !== null && Date.parse(iso) >= dayAround(now)[0] ? clockTime(iso) : `${shortDay(iso)} ${clockTime(iso)}`;
};

function Tags({ order }) {
  return html`<span class=${classes("tag", order.priority)}>${order.priority}</span><span class="tag state">${stateText(order)}</span><span class="tag">${originText(order)}</span>
    ${order.occurrences > 1 && html`<span class="tag">${t("alarm.occurrences", { n: number(order.occurrences) })}</span>`}
    ${order.reopenings > 0 && html`<span class="tag high">${t("order.reopened", { n: order.reopenings })}</span>`}
    ${order.returned && html`<span class="tag dashed">${t("service.returned", { at: second(order.returned) })}</span>`}`;
}

function Promises({ order }) {
  tick.value;
  const now = parkNow();
  const next = nextClock(order);
  const found = KINDS.map((kind) => order.clocks?.find((clock) => clock.kind === kind)).filter(Boolean);
  if (!found.length) return html`<p class="empty">${t("service.noClocks")}</p>`;
  return html`<dl class="promises">${found.map((clock) => html`<div key=${clock.kind} class=${classes("promise", clock.state === "running" ? urgency(clock, now) : clock.state, clock === next && "next")}>
    <dt>${kindText(clock.kind)}<b>${clock.state === "running" ? `${urgency(clock, now) === "over" ? "+" : ""}${timeText(clock, now) ?? "—"}` : t(`sla.verdict.${clock.state}`)}</b></dt>
    <dd>${clockSentence(clock, order, now)}</dd></div>`)}</dl>`;
}

function Facts({ order }) {
  tick.value;
  const verification = verificationText(order);
  const told = (order.events ?? []).filter((event) => event.action === "escalate");
  const fact = (label, value) => value && html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<dl class="facts">
    ${fact(t("service.fact.who"), whoText(order))}
    ${fact(t("service.fact.told"), told.length > 0 && told.map((event) => html`<span key=${event.seq}>${second(event.happened)} ${toldText(event.detail ?? {})}</span>`))}
    ${fact(t("service.fact.verification"), verification)}
    ${fact(t("service.fact.proof"), order.responded && order.proof && proofText(order.proof))}
    ${fact(t("service.fact.company"), order.company && name(order.company.name))}
    ${fact(t("service.fact.contractor"), order.contractor && name(order.contractor.name))}
    ${fact(t("service.fact.appointment"), order.appointment && second(order.appointment))}</dl>`;
}

const toldText = ({ people, level }) => t(people?.length ? "service.told" : "service.toldNobody", { level: level ?? "—", who: (people ?? []).join(t("list.comma")) });

function detailText({ action, detail = {}, reason }) {
  if (action === "escalate") return toldText(detail); // the reason is the engine's, in English
  const parts = [];
  if (reason) parts.push(action === "wait" ? waitText(reason) : reason);
  if (action === "arrive") parts.push(proofText(detail.proof ?? "claimed"));
  if (action === "priority" && detail.to) parts.push(`${detail.from ?? ""} → ${detail.to}`);
  if (action === "assign" && detail.login) parts.push(detail.login);
  if (action === "finish" && detail.remote) parts.push(t("service.remote"));
  if (detail.words) parts.push(`“${detail.words}”`);
  if (detail.photos?.length) parts.push(t("service.photos", { n: detail.photos.length }));
  return parts.join(" · ");
}

function Event({ event }) {
  const { action, actor, at, happened, device_time: device, offset_s: offset, from_state: from, to_state: to } = event;
  const late = Date.parse(at) - Date.parse(happened) > LATE_MS;
  const off = device && Math.abs(offset ?? 0) >= 60;
  const change = from && from !== to ? `${stateWord(from)} → ${stateWord(to)}` : "";
  const times = [late && t("service.arrivedAt", { at: second(at) }), off && t("service.phoneOff", { span: span(Math.abs(offset)), at: second(device) })].filter(Boolean).join(t("list.comma"));
  return html`<li><time datetime=${happened}>${second(happened)}</time><span class="who">${actorText(actor)}</span>
    <span class="what"><b>${actionText(action)}</b>${detailText(event) && html` · ${detailText(event)}`}
      ${change && html`<i>${change}</i>`}${times && html`<i class="times">${times}</i>`}</span></li>`;
}

function Ways({ order }) {
  const base = `/api/v1/work-orders/${order.work_order}/evidence`;
  return html`<p class="links">
    ${order.alarm && html`<a href=${`/alarms?alarm=${order.alarm}`}>${t("service.link.alarm", { n: order.alarm })}</a>`}
    ${order.request && html`<button type="button" class="quiet" onClick=${() => turnTo("requests", order.request)}>${t("service.link.request", { n: order.request })}</button>`}
    <a href=${`${base}.pdf`} download>${t("service.link.pdf")}</a><a href=${`${base}.json`} download>${t("service.link.json")}</a></p>`;
}

/** What the order's photos are, wherever it came from. */
function Whole({ order }) {
  const events = order.events;
  return html`<header><p class="tags"><${Tags} order=${order} /></p><h2>${titleText(order)}</h2>
      <p class="subject">${placeText(order)}</p>${order.words && html`<p class="reason">“${order.words}”</p>`}</header>
    <${Promises} order=${order} /><${OrderActs} order=${order} /><${Facts} order=${order} />
    <${Chain} photos=${order.photos} />
    <section><h3>${t("service.events")}</h3>${events ? html`<ol class="journal" lang=${LANG}>${[...events].reverse().map((event) => html`<${Event} key=${event.seq} event=${event} />`)}</ol>` : html`<p class="empty">${t("age.waiting")}</p>`}</section>
    <${Ways} order=${order} /><p class="origin">${numberText(order)} · ${name(order.service_name, order.service)} · ${order.skill} · ${t("alarm.version", { n: order.version })}</p>`;
}

/** A pane beside a list: what is chosen there, whole. */
export function Pane({ ledger, title, children }) {
  const { chosen, known, leave } = ledger;
  useEffect(() => {
    form.value = null;
    said.value = null;
  }, [chosen.value]);
  const gone = known.value?.gone;
  return html`<article class=${classes("tile detail", !chosen.value && "none", lost.value && "stale")} id="detail" aria-label=${title} tabindex="-1">
    ${chosen.value && html`<button type="button" class="back" onClick=${leave}>‹ ${t("act.back")}</button>`}
    ${!chosen.value && html`<p class="empty">${t(`service.choose.${ledger.name}`)}</p>`}
    ${chosen.value && (gone || !known.value) && html`<p class="empty">${t(gone ? `service.gone.${ledger.name}` : "age.waiting")}</p>`}
    ${chosen.value && known.value && !gone && children(known.value)}</article>`;
}
export const OrderDetail = () => html`<${Pane} ledger=${orders} title=${t("service.tab.orders")}>${(order) => html`<${Whole} key=${order.work_order} order=${order} />`}</${Pane}>`;
