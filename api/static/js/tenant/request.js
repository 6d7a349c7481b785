// One request: how far it is, what was said, and what whoever asked can do: a price, a time, done or not, stars.
import { classes, html, signal, useState } from "../html.js";
import { name, t, word } from "../i18n/index.js";
import { instantOf, fields, stamp } from "../time.js";
import { API } from "../follow.js";
import { placeText, State, Trouble } from "./parts.js";
import { get, made, may, now, post } from "./wire.js";

/** {number, key, data, trouble} of the one that is shown; null: none. */
export const opened = signal(null);
const STEPS = ["received", "in_progress", "answered", "confirmed"];
const SOON_MS = 10000;
let asking = null;

export async function openRequest(number, key = null) {
  clearTimeout(asking);
  if (!number) {
    opened.value = null;
    return;
  }
  if (opened.value?.number !== number) opened.value = { number, key, data: null, trouble: "" };
  const answer = await get(`/requests/${number}`, key ? { key } : {});
  if (opened.value?.number !== number) return;
  opened.value = { ...opened.value, ...(answer.ok ? { data: answer.data, trouble: "" } : { trouble: answer.text }) };
  asking = setTimeout(() => openRequest(number, key), SOON_MS);
}

/** Does one thing; the same tap twice is one. */
async function act(action, { reason, detail } = {}, id = made()) {
  const { number, key, data } = opened.value;
  const answer = await post(`/requests/${number}/act`, { action, client_id: id, version: data.version, ...(reason && { reason }), ...(detail && { detail }), ...(key && { key }) });
  opened.value = { ...opened.value, ...(answer.ok ? { data: answer.data, trouble: "" } : { trouble: answer.text }) };
  if (!answer.ok && answer.status === 409) openRequest(number, key);
  return answer.ok;
}

function Progress({ one }) {
  const at = { quoted: 0, accepted: 0, closed: 3, declined: -1, cancelled: -1 }[one.state] ?? STEPS.indexOf(one.state);
  if (at < 0) return null;
  return html`<ol class="steps">${STEPS.map((step, n) => html`<li key=${step} class=${classes(n <= at && "reached", n === at && "here")} aria-current=${n === at ? "step" : null}>${t(`requests.step.${step}`)}</li>`)}</ol>`;
}

/** How far the work is, in a sentence. */
function orderText(order) {
  if (!order) return "";
  const who = order.assignee ?? t("requests.somebody");
  if (order.state === "waiting") return t("requests.waiting", { why: word(`waiting.${order.waiting_for}`, order.waiting_for) });
  return word(`requests.order.${order.state}`, "").replace("{who}", who);
}

/** A form that asks for words, for what needs a reason. */
function Asking({ action, label, hint, onDone }) {
  const [text, setText] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    if (text.trim() && await act(action, { reason: text.trim() })) onDone();
  };
  return html`<form class="asking" onSubmit=${submit}><textarea rows="2" maxlength="2000" value=${text} placeholder=${hint} aria-label=${hint} onInput=${(event) => setText(event.target.value)}></textarea>
    <button class="primary" disabled=${!text.trim()}>${label}</button><button type="button" onClick=${onDone}>${t("desk.back")}</button></form>`;
}

/** 2026-11-23T09:30 of a field is park time. */
function parkInstant(text) {
  const [year, month, day, hour, minute] = text.split(/\D/).map(Number);
  return new Date(instantOf({ year, month, day, hour, minute })).toISOString();
}
const two = (n) => String(n).padStart(2, "0");
function fieldText(instant) {
  const f = fields(instant);
  return `${f.year}-${two(f.month)}-${two(f.day)}T${two(f.hour)}:${two(f.minute)}`;
}

function Appointing({ onDone }) {
  const [at, setAt] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    if (at && await act("appoint", { detail: { at: parkInstant(at) } })) onDone();
  };
  return html`<form class="asking" onSubmit=${submit}><label>${t("requests.appointWhen")}<input type="datetime-local" step="900" min=${fieldText(now())} value=${at} onInput=${(event) => setAt(event.target.value)} /></label>
    <button class="primary" disabled=${!at}>${t("requests.appoint")}</button><button type="button" onClick=${onDone}>${t("desk.back")}</button></form>`;
}

function Rating({ onDone }) {
  const [stars, setStars] = useState(0);
  const [words, setWords] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    const answer = await post(`/requests/${opened.value.number}/rating`, { stars, ...(words.trim() && { words: words.trim() }) });
    opened.value = { ...opened.value, ...(answer.ok ? { data: answer.data, trouble: "" } : { trouble: answer.text }) };
    if (answer.ok) onDone?.();
  };
  return html`<form class="rating" onSubmit=${submit}><h3>${t("requests.rate")}</h3><div class="stars" role="radiogroup" aria-label=${t("requests.rate")}>
    ${[1, 2, 3, 4, 5].map((n) => html`<button type="button" key=${n} role="radio" aria-checked=${n === stars ? "true" : "false"} class=${n <= stars && "on"} aria-label=${t("requests.stars", { n })} onClick=${() => setStars(n)}>★</button>`)}</div>
    ${stars > 0 && html`<textarea rows="2" maxlength="2000" value=${words} placeholder=${t("requests.rateWords")} aria-label=${t("requests.rateWords")} onInput=${(event) => setWords(event.target.value)}></textarea><button class="primary">${t("requests.sendRating")}</button>`}</form>`;
}

function Quote({ quote, open }) {
  const amount = Number(quote.amount).toLocaleString("zh-CN", { minimumFractionDigits: 2 });
  return html`<section class="quote"><h3>${t("requests.quote")}</h3><b>¥ ${amount}</b><p>${quote.words}</p>
    <p class="hint">${quote.answer ? t(`quote.${quote.answer}`) : t("requests.validUntil", { at: stamp(quote.valid_until, now()) })}</p>
    ${open && html`<div class="do"><button class="primary" onClick=${() => act("accept-quote")}>${t("requests.acceptQuote")}</button><button onClick=${() => act("decline-quote")}>${t("requests.declineQuote")}</button></div>`}</section>`;
}

function Doing({ one }) {
  const [asking, setAsking] = useState("");
  const can = (action) => one.possible.includes(action);
  const stop = () => setAsking("");
  if (asking === "appoint") return html`<${Appointing} onDone=${stop} />`;
  if (asking) return html`<${Asking} action=${asking} label=${t(`requests.do.${asking}`)} hint=${t(`requests.why.${asking}`)} onDone=${stop} />`;
  return html`<div class="do">
    ${can("confirm") && html`<button class="primary" onClick=${() => act("confirm")}>${t("requests.do.confirm")}</button>`}
    ${can("reopen") && html`<button onClick=${() => setAsking("reopen")}>${t("requests.do.reopen")}</button>`}
    ${can("appoint") && html`<button onClick=${() => setAsking("appoint")}>${t("requests.do.appoint")}</button>`}
    ${can("comment") && html`<button onClick=${() => setAsking("comment")}>${t("requests.do.comment")}</button>`}
    ${can("cancel") && html`<button onClick=${() => setAsking("cancel")}>${t("requests.do.cancel")}</button>`}</div>`;
}

function Story({ one }) {
  return html`<ol class="story">${one.events.map((event, n) => html`<li key=${n}><time>${stamp(event.at, now())}</time>
    <b>${word(`requests.event.${event.action}`, event.action)}</b>${event.action === "transfer" && event.detail?.to && html` → ${word(`department.${event.detail.to}`, event.detail.to)}`}
    ${event.reason && html`<p>${event.reason}</p>`}</li>`)}</ol>`;
}

export function Detail({ onChange, back }) {
  const { number, data: one, trouble, key } = opened.value;
  const close = () => {
    opened.value = null;
    history.replaceState(null, "", location.pathname + location.search);
    onChange?.();
  };
  const top = back && html`<button type="button" class="back" onClick=${close}>${t("requests.back")}</button>`;
  if (!one) return html`<section class="detail">${top}<p class="hint">${trouble || t("age.waiting")}</p></section>`;
  const price = one.quotes.at(-1);
  return html`<section class="detail">${top}<p class="line"><${State} of=${one.state} />${one.supervised && html`<b class="state late">${t("requests.supervised")}</b>`}<i>${number}</i></p>
    <h2>${name(one.service_name)}</h2><p class="place">${placeText(one.place)}</p><p class="said">${one.words}</p>
    <${Progress} one=${one} /><p class="now" role="status">${orderText(one.order)}</p>
    ${one.due && html`<p class=${classes("hint", one.overdue && "late")}>${t(one.overdue ? "requests.overdue" : "requests.due", { at: stamp(one.due, now()) })}${one.department ? ` · ${word(`department.${one.department}`, one.department)}` : ""}</p>`}
    ${one.appointment && html`<p class="hint">${t("requests.appointed", { at: stamp(one.appointment, now()) })}</p>`}
    ${one.outcome && html`<section class="outcome"><h3>${t("requests.outcome")}</h3><p>${one.outcome}</p></section>`}
    ${price && html`<${Quote} quote=${price} open=${one.possible.includes("accept-quote")} />`}
    <${Trouble} text=${trouble} /><${Doing} one=${one} />
    ${one.rating ? html`<p class="rated">${"★".repeat(one.rating.stars)} ${one.rating.words ?? ""}</p>` : may("rate") && ["confirmed", "closed"].includes(one.state) && html`<${Rating} />`}
    ${!key && one.photos.length > 0 && html`<div class="pictures">${one.photos.map((photo) => html`<a key=${photo.photo} href=${`${API}/photos/${photo.photo}`}><img loading="lazy" src=${`${API}/photos/${photo.photo}`} alt=${word(`photo.${photo.what}`, photo.what)} /></a>`)}</div>`}
    <${Story} one=${one} /></section>`;
}
