// One order on a phone: the clock that matters, what, where, since when, and what to do next under the thumb.
import { parkNow } from "../clock.js";
import { classes, html } from "../html.js";
import { lost, tick } from "../store.js";
import { span } from "../format.js";
import { name, t } from "../i18n/index.js";
import { leftOf, nextClock, urgency } from "../orders/clocks.js";
import { dueText, kindText, numberText, originText, pauseText, placeText, stateWord, timeText, titleText, verificationText, waitText } from "../orders/words.js";
import { act, heard, open } from "./acting.js";
import { settling, stale, stateOf } from "./ledger.js";
import { firstAct } from "./moves.js";
import { queuedFor } from "./queue.js";

const SLOW_S = 2; // what arrives within it needs no mark
const SHEETS = new Set(["arrive", "finish", "wait", "release", "comment", "photo"]);

/** Does an act, or opens the sheet that asks what it needs. */
export function perform(order, action) {
  if (SHEETS.has(action)) open(order.work_order, action);
  else act(order, action);
}

function Clock({ order, state }) {
  tick.value;
  const clock = nextClock(order, state);
  const how = urgency(clock, parkNow());
  if (how === "paused") return html`<p class="clock-line paused"><b>${t("sla.pausedShort")}</b><span>${pauseText(order)}</span></p>`;
  if (how === "none") return html`<p class="clock-line none"><b>—</b><span>${t(clock ? "sla.unknown" : "sla.none")}</span></p>`;
  const over = leftOf(clock, parkNow()) < 0;
  return html`<p class=${classes("clock-line", how)}><b><i>${over ? t("sla.overdueShort") : ""}</i>${timeText(clock)}</b>
    <span>${kindText(clock.kind)}<i>${t("sla.due", { at: dueText(clock.due) })}</i></span></p>`;
}

/** What was tapped and has not arrived, once that takes longer than it should. */
function Pending({ acts }) {
  tick.value;
  const slow = acts.filter((each) => Date.now() - Date.parse(each.body.device_time) > SLOW_S * 1000);
  return slow.length ? html`<span class="pending">${t("field.pending", { n: slow.length })}</span>` : null;
}

function Buttons({ order, state }) {
  const first = firstAct(state, order);
  const just = heard.value?.order === order.work_order ? heard.value.action : null;
  const off = settling.value || Boolean(just);
  return html`<div class="do">
    ${just ? html`<button type="button" class="primary heard" disabled>✓ ${t(`field.heard.${just}`)}</button>`
      : first && html`<button type="button" class="primary" disabled=${off} onClick=${() => perform(order, first)}>${t(`field.act.${first}`)}</button>`}
    <button type="button" class="more" disabled=${settling.value} aria-label=${t("field.more")} onClick=${() => open(order.work_order, "more")}>⋯</button></div>`;
}

export function Card({ order, gone }) {
  const state = stateOf(order);
  const acts = queuedFor(order.work_order);
  const now = parkNow();
  const since = now === null ? null : (now - Date.parse(order.created)) / 1000;
  const old = stale.value || lost.value;
  const done = ["done", "confirmed"].includes(state);
  return html`<li class=${classes("order", order.priority, state, old && "old", gone && "gone", acts.length && "queued")} id=${`order-${order.work_order}`}>
    ${done ? html`<p class="clock-line done"><b>✓</b><span>${verificationText({ ...order, state }) || stateWord(state)}</span></p>` : html`<${Clock} order=${order} state=${state} />`}
    <div class="what">
      <p class="marks"><span class=${classes("tag", order.priority)}>${order.priority}</span><span class="where">${placeText(order)}</span></p>
      <h3>${titleText(order)}</h3>
      ${order.words && html`<p class="words">${order.words}</p>`}
      <p class="meta"><span>${numberText(order)}</span><span>${originText(order)}</span><span>${t("alarm.since", { span: span(since) })}</span>
        <b>${state === "waiting" && order.waiting_for ? t("order.waitingFor", { reason: waitText(order.waiting_for) }) : stateWord(state)}</b>
        ${order.reopenings > 0 && html`<b class="again">${t("order.reopened", { n: order.reopenings })}</b>`}
        ${order.company && html`<span>${name(order.company.name)}</span>`}
        ${order.appointment && html`<span>${t("order.appointment", { at: dueText(order.appointment) })}</span>`}
        <${Pending} acts=${acts} /></p>
    </div>
    ${gone ? html`<p class="gone-note">${t("field.gone")}</p>` : !done && html`<${Buttons} order=${order} state=${state} />`}
    ${!gone && done && html`<button type="button" class="more wide" onClick=${() => open(order.work_order, "more")}>${t("field.more")}</button>`}
  </li>`;
}
