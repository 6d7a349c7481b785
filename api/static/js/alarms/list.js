// The list: what wants a person first stands first, and nothing moves under a hand that is on it.
import { batch, classes, html, useEffect, useRef } from "../html.js";
import { data, freshness, lost, tick } from "../store.js";
import { number, span } from "../format.js";
import { t } from "../i18n/index.js";
import { acknowledge, said, sending } from "./acting.js";
import { AskActor } from "./forms.js";
import { canAskOlder, choose, chosen, closedShown, frozen, hold, marked, moved, near, open, past, readOlder, rows, toggle, trouble, unfolded } from "./ledger.js";
import { byUrgency } from "./order.js";
import { stamp } from "../time.js";
import { parkNow } from "../clock.js";
import { ageOf, floodText, incidentText, leftOf, leftText, priorityText, reasonText, stateText, titleText, whoText } from "./words.js";

const STILL_MS = 4000; // a pointer that rests so long is no hand

const seen = new Set();
let seenAll = false;
/** Whether a row has come since the page was opened: only such slide in. */
function fresh(key) {
  const is = seenAll && !seen.has(key);
  seen.add(key);
  return is;
}
function forget(keys) {
  const there = new Set(keys);
  for (const key of seen) if (!there.has(key)) seen.delete(key);
}

function Check({ numbers, label }) {
  const all = numbers.every((n) => marked.value.has(n));
  return html`<label class="pick"><input type="checkbox" checked=${all} aria-label=${t("act.mark", { what: label })} tabindex="-1"
    onChange=${() => toggle(numbers)} onClick=${(event) => event.stopPropagation()} /></label>`;
}

function Row({ alarm, inner }) {
  tick.value;
  const left = leftOf(alarm);
  const title = titleText(alarm);
  const mine = chosen.value === alarm.alarm;
  const open = !alarm.acknowledged && !alarm.closed && !alarm.hold;
  return html`<li class=${classes("row", alarm.priority, open && "open", mine && "chosen", inner && "inner", alarm.hold && "held", fresh(`a${alarm.alarm}`) && "new")} id=${`row-${alarm.alarm}`}>
    ${!closedShown.value && html`<${Check} numbers=${[alarm.alarm]} label=${title} />`}
    <button type="button" class="face" aria-current=${mine ? "true" : undefined} onClick=${() => choose(alarm.alarm)}>
      <span class=${classes("tag", alarm.priority)}>${priorityText(alarm.priority)}</span>
      <span class="name">${title}</span>
      <span class="who">${closedShown.value ? stateText(alarm.state) : whoText(alarm)}</span>
      <span class="about">${reasonText(alarm)}</span>
      <span class="when">${closedShown.value ? stamp(alarm.raised, parkNow()) : t("alarm.since", { span: span(ageOf(alarm)) })}${
        left !== null && html` · <b class=${classes("left", left < 0 && "over")}>${leftText(alarm)}</b>`}</span>
    </button></li>`;
}

function Incident({ row }) {
  const opened = unfolded.value.has(row.key);
  const flip = () => {
    const found = new Set(unfolded.value);
    if (opened) found.delete(row.key);
    else found.add(row.key);
    unfolded.value = found;
  };
  const text = incidentText(row.incident, row.alarms.length);
  const unseen = row.alarms.filter((alarm) => !alarm.acknowledged).length;
  return html`<li class=${classes("row incident", row.alarm.priority, unseen > 0 && "open", fresh(row.key) && "new")} id=${`incident-${row.incident.incident}`}>
      <${Check} numbers=${row.alarms.map((alarm) => alarm.alarm)} label=${text} />
      <button type="button" class="face" aria-expanded=${opened} onClick=${flip}>
        <span class=${classes("tag", row.alarm.priority)}>${priorityText(row.alarm.priority)}</span>
        <span class="name">${text}</span><span class="who">${t(opened ? "incident.close" : "incident.open")} ${opened ? "▴" : "▾"}</span>
        <span class="about">${t("alarms.note", { n: number(row.alarms.length), u: number(unseen) })}</span>
        <span class="when">${t("alarm.since", { span: span(ageOf({ began: row.incident.opened })) })}</span>
      </button></li>
    ${opened && [...row.alarms].sort(byUrgency).map((alarm) => html`<${Row} key=${alarm.alarm} alarm=${alarm} inner />`)}`;
}

/** What is marked together, and what can be done with it. */
function Many() {
  const numbers = [...marked.value];
  if (!numbers.length) return null;
  const known = new Map((open.value ?? []).map((alarm) => [alarm.alarm, alarm]));
  const unseen = numbers.filter((n) => known.get(n) && !known.get(n).acknowledged && !known.get(n).hold);
  return html`<div class="many" role="group"><span>${t("filter.marked", { n: number(numbers.length) })}</span>
    <button type="button" class="primary" disabled=${!unseen.length || Boolean(sending.value)} onClick=${() => acknowledge(unseen, { many: true })}>
      ${sending.value === "acknowledge" ? t("act.sending") : t("act.acknowledgeMany", { n: number(unseen.length) })}</button>
    <button type="button" class="quiet" onClick=${() => { marked.value = new Set(); }}>${t("filter.unmark")}</button></div>`;
}

function Nothing() {
  const list = closedShown.value ? past.value : open.value;
  if (list === null) return html`<p class="empty">${trouble.value ? t("wrong.listNever") : t("age.waiting")}</p>`;
  // "No alarms" is a claim: only where what is known is of now.
  const certain = !lost.value && !trouble.value && (closedShown.value || freshness.alarms.value === "fresh");
  if (!certain) return html`<p class="empty">${t("alarms.unknown")}</p>`;
  if (list.length) return html`<p class="empty">${t("alarms.noneFiltered")}</p>`;
  return html`<p class="empty well">${t(closedShown.value ? "alarms.noneClosed" : "alarms.none")}</p>`;
}

export function List() {
  const ref = useRef(null);
  const timer = useRef(0);
  const shown = rows.value;
  useEffect(() => {
    if ((closedShown.value ? past.value : open.value) === null) return;
    seenAll = true;
    forget([...shown.map((row) => row.key), ...near.value.map((alarm) => `a${alarm.alarm}`)]);
  });
  const touch = (event) => {
    if (event.pointerType !== "mouse" || closedShown.value) return;
    hold(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => hold(false), STILL_MS);
  };
  const leave = () => {
    clearTimeout(timer.current);
    hold(false);
  };
  const floods = data("alarms").flood ?? [];
  const stale = lost.value || trouble.value || freshness.alarms.value === "stale";
  return html`<section class=${classes("tile list", stale && "stale")} id="list" aria-label=${t("alarms.title")}>
    ${trouble.value && html`<p class="said high" role="status">${trouble.value.at ? t("wrong.list", { at: stamp(trouble.value.at, parkNow()) }) : t("wrong.listNever")} · ${trouble.value.text}</p>`}
    ${!closedShown.value && floods.map((flood) => html`<p class="flood" key=${flood.position} role="status">${floodText(flood)}</p>`)}
    ${moved.value > 0 && frozen.value && html`<button type="button" class="moved" onClick=${() => batch(() => hold(false))}>${t("filter.updates", { n: number(moved.value) })}</button>`}
    <ul class="rows" ref=${ref} onPointerMove=${touch} onPointerLeave=${leave}>
      ${shown.map((row) => (row.incident ? html`<${Incident} key=${row.key} row=${row} />` : html`<${Row} key=${row.key} alarm=${row.alarm} />`))}
      ${!shown.length && html`<li class="none"><${Nothing} /></li>`}
      ${closedShown.value && past.value?.length > 0 && html`<li class="older">${canAskOlder.value
        ? html`<button type="button" class="do" onClick=${readOlder}>${t("filter.older")}</button>` : t("filter.end")}</li>`}
    </ul>
    <${AskActor} where="many" /><${Many} />${said.value?.alarm === null && html`<p class=${classes("said", said.value.level)} role="alert">${said.value.text}</p>`}
  </section>`;
}
