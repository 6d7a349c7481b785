// The phone of a technician: one line that never moves and says how things stand, then the orders by time left.
import { LANG } from "../config.js";
import { parkNow } from "../clock.js";
import { Account } from "../account.js";
import { classes, html } from "../html.js";
import { database, lost, stream, tick } from "../store.js";
import { number, span } from "../format.js";
import { minuteTime } from "../time.js";
import { t } from "../i18n/index.js";
import { turn } from "../theme.js";
import { lengthText, titleText } from "../orders/words.js";
import { Nav } from "../orders/nav.js";
import { session, signedOut, signInPath } from "../orders/session.js";
import { Card } from "./card.js";
import { listAge, offer, orders, rows, stale, touch, trouble, waiting } from "./ledger.js";
import { fleeting, mine, others } from "./queue.js";
import { reached, told } from "./sender.js";
import { openQueue, Sheet } from "./sheet.js";

const QUEUED_S = 2; // what arrives within it needs no banner

/** How live this is, or what is not sent yet: always there and always as high, so that nothing below it ever moves. */
function Standing() {
  tick.value;
  const oldest = mine.value[0];
  const slow = oldest && (!reached.value || Date.now() - Date.parse(oldest.body.device_time) > QUEUED_S * 1000);
  if (signedOut.value) return html`<p class="standing warn" role="status"><b>${t("field.signedOut")}</b><a href=${signInPath()}>${t("field.signIn")}</a></p>`;
  if (slow) {
    const at = minuteTime(Date.parse(oldest.body.device_time) + oldest.body.offset_s * 1000);
    return html`<button type="button" class="standing warn" role="status" onClick=${openQueue}><b>${t("field.queued", { n: number(mine.value.length) })}</b>
      <span>${fleeting.value ? t("field.fleeting") : stale.value ? t("field.queuedOld", { at, span: span(listAge.value) }) : t("field.queuedSince", { at })}</span></button>`;
  }
  if (others.value) return html`<p class="standing warn" role="status"><b>${t("field.others", { n: number(others.value) })}</b></p>`;
  const age = listAge.value;
  if (stream.value === "none") return html`<p class="standing warn" role="status">${t("live.none")}</p>`;
  if (age === null) return html`<p class=${classes("standing", trouble.value && "warn")} role="status">${trouble.value ? t("field.never") : t("age.waiting")}</p>`;
  if (stale.value || lost.value) return html`<p class="standing warn" role="status"><b>${t("field.old", { span: span(age) })}</b><span>${t("field.oldWhy")}</span></p>`;
  if (database.value === "away") return html`<p class="standing warn" role="status">${t("live.noDatabase")}</p>`;
  return html`<p class="standing live on">${t(stream.value === "live" ? "field.live" : "field.polled", { span: span(age) })}</p>`;
}

function Head() {
  tick.value;
  const now = parkNow();
  const query = new URLSearchParams(location.search);
  query.set("lang", LANG === "zh" ? "en" : "zh");
  const who = session.value?.name ?? session.value?.actor;
  return html`<header class="field-head"><h1>${t("field.title")}${who && html`<span>${who}</span>`}</h1>
    <time>${now === null ? "--:--" : minuteTime(now)}</time>
    <button type="button" onClick=${turn} aria-label=${t("act.theme")}>◐</button>
    <a href=${`?${query}`} lang=${LANG === "zh" ? "en" : "zh-CN"}>${LANG === "zh" ? "EN" : "中"}</a>
    <${Account} short /><${Standing} /></header>`;
}

/** What the server refused: at the top, where no thumb is, until it was read. */
function Told() {
  const [first] = told.value;
  if (!first) return null;
  return html`<div class="told" role="alert"><p><b>${first.title}</b>${first.text}</p>
    <button type="button" onClick=${() => { told.value = told.value.slice(1); }}>${t("field.understood")}</button></div>`;
}

function Section({ title, list, id, children }) {
  if (!list.length) return null;
  return html`<section id=${id}><h2>${title}<b>${number(list.length)}</b></h2>${children}
    <ul class="orders">${list.map((row) => html`<${Card} key=${row.order.work_order} ...${row} />`)}</ul></section>`;
}

/** What is open for me stands below my own; this line says that it is there, and how urgent. */
function Offer() {
  const { n, first, left } = offer.value;
  if (!n || !rows.value.mine.length) return null;
  const what = `${first.priority} ${titleText(first)}`;
  const text = left === null ? t("field.offer", { n: number(n), what }) : t(left < 0 ? "field.offerOver" : "field.offerLeft", { n: number(n), what, left: lengthText(left) });
  return html`<a class=${classes("offer", (first.priority === "P1" || (left !== null && left < 0)) && "over")} href="#offered"><span>${text}</span><i>↓</i></a>`;
}

function Nothing() {
  if (orders.value === null || session.value === null) return html`<p class="empty">${trouble.value ? `${t("field.never")} ${trouble.value}` : t("age.waiting")}</p>`;
  if (Object.values(rows.value).some((list) => list.length)) return null;
  // "Nothing to do" is a claim: only while it is known.
  return html`<p class="empty">${stale.value || lost.value || trouble.value ? t("field.unknown") : t("field.none")}</p>`;
}

export function Page() {
  const { mine: own, offered, finished } = rows.value;
  return html`<main class=${classes("field-page", (lost.value || stale.value) && "lost", `stream-${stream.value}`)} onPointerDown=${touch} onPointerMove=${touch}>
    <${Head} /><${Told} />
    <${Offer} /><${Nothing} />
    <${Section} id="mine" title=${t("field.mine")} list=${own} />
    <${Section} id="offered" title=${t("field.offered")} list=${offered} />
    <${Section} id="finished" title=${t("field.finished")} list=${finished} />
    ${waiting.value > 0 && html`<p class="coming" role="status">${t("field.coming", { n: number(waiting.value) })}</p>`}
    <footer><${Nav} here="field" /></footer>
    <${Sheet} /></main>`;
}
