// One alarm: how long there is, what can be done, why it is one, what to do about it, and all that happened to it.
import { LANG } from "../config.js";
import { parkNow } from "../clock.js";
import { classes, html, useEffect } from "../html.js";
import { lost, tick } from "../store.js";
import { age, number, span } from "../format.js";
import { clockTime, dayAround, shortDay, stamp } from "../time.js";
import { name, t, word } from "../i18n/index.js";
import { Acts } from "./acts.js";
import { form, said } from "./acting.js";
import { choose, chosen, detail, leave, open, past } from "./ledger.js";
import { Trend } from "./trend.js";
import { actorText, ageOf, lateText, leftOf, leftText, noticeText, positionText, priorityText, reasonText, stateText, subjectText, titleText, valueText, whoText } from "./words.js";

const second = (iso) => {
  const now = parkNow();
  const today = now !== null && Date.parse(iso) >= dayAround(now)[0];
  return today ? clockTime(iso) : `${shortDay(iso)} ${clockTime(iso)}`;
};

function Tags({ alarm }) {
  return html`<span class=${classes("tag", alarm.priority)}>${priorityText(alarm.priority)}</span>
    ${alarm.life_safety && html`<span class="tag critical line">${t("alarms.lifeSafety")}</span>`}
    ${alarm.historic && html`<span class="tag dashed">${t("alarm.historic")}</span>`}
    ${alarm.chattering && html`<span class="tag">${t("alarm.chattering")}</span>`}
    ${alarm.maintenance && html`<span class="tag">${t("alarm.maintenance")}</span>`}
    ${alarm.occurrences > 1 && html`<span class="tag">${t("alarm.occurrences", { n: number(alarm.occurrences) })}</span>`}`;
}

function Standing({ alarm }) {
  tick.value;
  const left = leftOf(alarm);
  return html`<div class="standing">
    <p><b class=${classes("state", !alarm.acknowledged && !alarm.closed && "open")}>${stateText(alarm.state)}</b>
      <span>${t("alarm.since", { span: span(ageOf(alarm)) })}</span>
      ${!alarm.hold && alarm.acknowledged && alarm.active && html`<span>${whoText(alarm)}</span>`}</p>
    ${left !== null && html`<p class=${classes("left", left < 0 && "over")}>${leftText(alarm)}</p>`}</div>`;
}

function Fact({ label, children }) {
  return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

function Times({ alarm }) {
  const late = lateText(alarm);
  return html`<dl class="times">
    <${Fact} label=${t("alarm.began")}>${second(alarm.began)}</${Fact}>
    ${alarm.raised !== alarm.began && html`<${Fact} label=${t("alarm.raisedAt")}>${second(alarm.raised)}</${Fact}>`}
    ${alarm.returned && html`<${Fact} label=${t("alarm.returnedAt")}>${second(alarm.returned)}</${Fact}>`}
    ${alarm.closed && html`<${Fact} label=${t("alarm.closedAt")}>${second(alarm.closed)}</${Fact}>`}
    <${Fact} label=${t("alarm.respond")}>${alarm.respond_by && !alarm.historic
      ? t("alarm.respondWithin", { span: span(alarm.respond_s), at: stamp(alarm.respond_by, parkNow()) }) : t("alarm.noLimit")}</${Fact}>
    ${late && html`<p class="late">${late}</p>`}</dl>`;
}

function Now({ alarm }) {
  tick.value;
  const { current, subject } = alarm;
  if (!subject.point) return null;
  const seconds = current && parkNow() !== null ? Math.max(0, (parkNow() - Date.parse(current.ts)) / 1000) : null;
  const doubtful = current && current.quality !== "good";
  return html`<p class="now"><span>${word(`point.${subject.point}`, subject.point)}</span>
    <b class=${classes(!current && "unknown")}>${valueText(current?.value, subject)}</b>
    <span class="age">${current ? age(seconds) : t("age.never")}</span>
    ${doubtful && html`<span class="tag dashed">${word(`quality.${current.quality}`, current.quality)}</span>`}</p>`;
}

function Related({ alarm }) {
  if (!alarm.related?.length) return null;
  return html`<section><h3>${t("alarm.related")}</h3><ul class="related">${alarm.related.map((other) => html`<li key=${other.alarm}>
    <button type="button" onClick=${() => choose(other.alarm)}><span class=${classes("tag", other.priority)}>${priorityText(other.priority)}</span>
      <span class="name">${titleText(other)}</span><span class="when">${stateText(other.state)}</span></button></li>`)}</ul></section>`;
}

function Entry({ entry }) {
  const { action, actor, at, event_time: happened, from_state: from, to_state: to, reason } = entry;
  const late = happened && Math.abs(Date.parse(at) - Date.parse(happened)) > 60000;
  const change = from && from !== to ? `${stateText(from)} → ${stateText(to)}` : "";
  return html`<li><time datetime=${at}>${second(at)}</time><span class="who">${actorText(actor)}</span>
    <span class="what">${word(`journal.${action}`, action)}${reason && html` · <q>${word(`reason.${reason}`, reason)}</q>`}
      ${(change || late) && html`<i>${[change, late && second(happened)].filter(Boolean).join(" · ")}</i>`}</span></li>`;
}

/** The last hold that was set and is still on: who, why, until when. */
function Held({ alarm }) {
  if (!alarm.hold) return null;
  const entry = alarm.journal?.findLast(({ action }) => action === "hold");
  if (!entry) return null;
  const until = entry.detail?.until;
  const owner = entry.detail?.owner ?? actorText(entry.actor);
  return html`<p class="held"><b>${stateText(alarm.hold)}</b> ${t("alarm.heldBy", { who: owner, reason: entry.reason ?? "—" })}${until && html` · ${t("alarm.until", { at: stamp(until, parkNow()) })}`}</p>`;
}

function Notice({ notice }) {
  return html`<p class="notice-line"><span>${t("alarm.notice")}</span> ${notice ? `${noticeText(notice)} · ${second(notice.at)}` : t("notice.none")}</p>`;
}

const paragraph = (title, text) => text && html`<section><h3>${title}</h3><p>${text}</p></section>`;

function Whole({ alarm, park }) {
  const steps = alarm.response ?? [];
  const { subject } = alarm;
  return html`
    <header><p class="tags"><${Tags} alarm=${alarm} /></p>
      <h2>${name(alarm.rule_name, alarm.rule_id)}</h2><p class="subject" title=${subject.device_id ?? subject.space_id}>${subjectText(subject)}</p>
      <p class="reason">${reasonText(alarm)}</p></header>
    <${Standing} alarm=${alarm} /><${Held} alarm=${alarm} /><${Acts} alarm=${alarm} />
    <section class="steps"><h3>${t("alarm.steps")}</h3>
      ${steps.length ? html`<ol>${steps.map((step, i) => html`<li key=${i}>${name(step)}</li>`)}</ol>` : html`<p class="empty">${t("alarm.noSteps")}</p>`}</section>
    <div class="pair">${paragraph(t("alarm.cause"), name(alarm.cause))}${paragraph(t("alarm.consequence"), name(alarm.consequence))}</div>
    ${alarm.subject.point && html`<section><h3>${t("alarm.now")}</h3><${Now} alarm=${alarm} /><${Trend} key=${alarm.alarm} alarm=${alarm} park=${park} /></section>`}
    <section><h3>${t("alarm.why")}</h3><${Times} alarm=${alarm} /></section>
    <${Related} alarm=${alarm} />
    <section><h3>${t("alarm.journal")}</h3>
      <${Notice} notice=${alarm.notice} />
      <ol class="journal" lang=${LANG}>${[...(alarm.journal ?? [])].reverse().map((entry, i) => html`<${Entry} key=${`${entry.at} ${i}`} entry=${entry} />`)}</ol></section>
    <p class="origin">${[t("alarm.number", { n: alarm.alarm }), `${t("alarm.rule")} ${alarm.rule_id}`, t("alarm.version", { n: alarm.version }), positionText(alarm.position)].join(" · ")}</p>`;
}

/** What the list knows of it already, until its whole has come. */
function known(chosenNumber) {
  if (detail.value?.alarm === chosenNumber) return detail.value;
  return [...(open.value ?? []), ...(past.value ?? [])].find(({ alarm }) => alarm === chosenNumber) ?? null;
}

export function Detail({ park }) {
  const alarm = known(chosen.value);
  useEffect(() => {
    form.value = null;
    if (said.value?.alarm !== null) said.value = null;
  }, [chosen.value]);
  return html`<article class=${classes("tile detail", !chosen.value && "none", lost.value && "stale")} id="detail" aria-label=${alarm && !alarm.gone ? titleText(alarm) : t("alarms.title")}>
    ${chosen.value && html`<button type="button" class="back" onClick=${leave}>‹ ${t("act.back")}</button>`}
    ${!chosen.value && html`<p class="empty">${t("alarm.choose")}</p>`}
    ${chosen.value && alarm?.gone && html`<p class="empty">${t("alarm.gone")}</p>`}
    ${chosen.value && !alarm && html`<p class="empty">${t("age.waiting")}</p>`}
    ${alarm && !alarm.gone && html`<${Whole} key=${alarm.alarm} alarm=${alarm} park=${park} />`}
  </article>`;
}
