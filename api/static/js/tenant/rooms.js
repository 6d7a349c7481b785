// Rooms of a day, each as a bar of its opening hours: what is taken is filled, a free place is booked by a tap on it.
import { classes, html, signal, useState } from "../html.js";
import { name, t } from "../i18n/index.js";
import { dayAround, dayName, fields, instantOf, minuteTime, shortDay } from "../time.js";
import { Head, Trouble } from "./parts.js";
import { get, made, may, now, post, signIn } from "./wire.js";

const POLL_MS = 20000;
const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;
const day = signal(null); // ms of the park's midnight
const rooms = signal(null);
const bookings = signal([]);
const mine = signal([]);
const trouble = signal("");
const draft = signal(null); // {room, since, until, subject, client_id}

export async function read() {
  if (!may("book")) return;
  day.value ??= dayAround(now())[0];
  const until = dayAround(day.value + DAY_MS * 1.1)[0];
  const span = { since: new Date(day.value).toISOString(), until: new Date(until).toISOString() };
  const [list, taken, own] = await Promise.all([get("/rooms"), get("/bookings", span), get("/bookings", { mine: true, until: new Date(now() + 30 * DAY_MS).toISOString(), since: new Date(now()).toISOString() })]);
  trouble.value = [list, taken, own].find((one) => !one.ok)?.text ?? "";
  if (list.ok) rooms.value = list.data.items;
  if (taken.ok) bookings.value = taken.data.items.filter((one) => !one.ended);
  if (own.ok) mine.value = own.data.items.filter((one) => one.mine);
}
export function keepReading() {
  read();
  setInterval(() => document.visibilityState === "visible" && read(), POLL_MS);
}

function move(days) {
  day.value = dayAround(day.value + (days + 0.5) * DAY_MS)[0];
  draft.value = null;
  read();
}

/** Minutes after the park's midnight of HH:MM, as an instant of the day that is shown. */
function at(text) {
  const [hour, minute] = text.split(":").map(Number);
  return instantOf({ ...fields(day.value), hour, minute, second: 0 });
}
const two = (n) => String(n).padStart(2, "0");
const clockText = (instant) => `${two(fields(instant).hour)}:${two(fields(instant).minute)}`;

function begin(room, event) {
  const bar = event.currentTarget.getBoundingClientRect();
  const [opens, closes] = [at(room.opens), at(room.closes)];
  const tapped = opens + ((event.clientX - bar.left) / bar.width) * (closes - opens);
  const since = event.clientX ? Math.floor(tapped / QUARTER_MS) * QUARTER_MS : Math.max(opens, Math.ceil(now() / QUARTER_MS) * QUARTER_MS);
  draft.value = { room, since: clockText(since), until: clockText(Math.min(since + 4 * QUARTER_MS, closes)), subject: "", client_id: made() };
  trouble.value = "";
}

function Bar({ room }) {
  const [opens, closes] = [at(room.opens), at(room.closes)];
  const share = (instant) => `${Math.max(0, Math.min(100, ((instant - opens) / (closes - opens)) * 100)).toFixed(2)}`;
  const taken = bookings.value.filter((one) => one.room === room.room && Date.parse(one.until) > opens && Date.parse(one.since) < closes);
  const here = now() > opens && now() < closes;
  return html`<button type="button" class="bar" aria-label=${t("rooms.bookIn", { room: name(room.name) })} onClick=${(event) => begin(room, event)}>
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      ${taken.map((one) => html`<rect key=${one.booking} class=${classes("taken", one.mine && "mine")} x=${share(Date.parse(one.since))} y="0" height="10"
        width=${Math.max(0.6, share(Date.parse(one.until)) - share(Date.parse(one.since)))} />`)}
      ${here && html`<line x1=${share(now())} x2=${share(now())} y1="0" y2="10" />`}</svg></button>`;
}

function Room({ room }) {
  const taken = bookings.value.filter((one) => one.room === room.room);
  const seen = room.presence;
  return html`<li class="room"><p class="line"><b>${name(room.name)}</b><span>${t("rooms.seats", { n: room.seats })}</span>
      <i>${seen === null ? t("rooms.noSensor") : seen.persons === null ? t("rooms.unsure") : t(seen.persons > 0 ? "rooms.people" : "rooms.empty", { n: seen.persons, at: minuteTime(seen.at) })}</i></p>
    <${Bar} room=${room} /><p class="hours"><span>${room.opens}</span><span>${room.closes}</span></p>
    ${taken.length > 0 && html`<ul class="taken">${taken.map((one) => html`<li key=${one.booking} class=${one.mine && "mine"}>${minuteTime(one.since)}–${minuteTime(one.until)} ${one.subject ?? (one.company ? name(one.company.name) : t("rooms.park"))}</li>`)}</ul>`}
    ${draft.value?.room.room === room.room && html`<${Booking} />`}</li>`;
}

function Booking() {
  const [sending, setSending] = useState(false);
  const { room, since, until, subject, client_id } = draft.value;
  const change = (part) => { draft.value = { ...draft.value, ...part }; };
  const submit = async (event) => {
    event.preventDefault();
    setSending(true);
    const answer = await post("/bookings", { client_id, room: room.room, since: new Date(at(since)).toISOString(), until: new Date(at(until)).toISOString(), subject: subject.trim() });
    setSending(false);
    trouble.value = answer.ok ? "" : answer.text;
    if (answer.ok) draft.value = null;
    else change({ client_id: made() });
    read();
  };
  return html`<form class="asking" onSubmit=${submit}><div class="times"><label>${t("rooms.from")}<input type="time" step="900" min=${room.opens} max=${room.closes} value=${since} onInput=${(event) => change({ since: event.target.value })} /></label>
      <label>${t("rooms.to")}<input type="time" step="900" min=${room.opens} max=${room.closes} value=${until} onInput=${(event) => change({ until: event.target.value })} /></label></div>
    <input value=${subject} maxlength="200" placeholder=${t("rooms.subject")} aria-label=${t("rooms.subject")} onInput=${(event) => change({ subject: event.target.value })} />
    <${Trouble} text=${trouble.value} />
    <button class="primary" disabled=${sending || !subject.trim() || !since || !until || until <= since}>${t("rooms.book")}</button><button type="button" onClick=${() => { draft.value = null; }}>${t("desk.back")}</button></form>`;
}

function Mine() {
  const [sure, setSure] = useState(null);
  const cancel = async (booking) => {
    const answer = await post(`/bookings/${booking}/cancel`, {});
    trouble.value = answer.ok ? "" : answer.text;
    setSure(null);
    read();
  };
  if (!mine.value.length) return null;
  return html`<section class="own"><h2>${t("rooms.mine")}</h2><ul>${mine.value.map((one) => html`<li key=${one.booking}><span><b>${shortDay(one.since)} ${minuteTime(one.since)}–${minuteTime(one.until)}</b> ${name(one.room_name)}<i>${one.subject ?? ""}</i></span>
    ${one.ended ? html`<em>${t(`rooms.ended.${one.ended_why}`)}</em>` : sure === one.booking ? html`<button type="button" class="danger" onClick=${() => cancel(one.booking)}>${t("rooms.reallyCancel")}</button>` : html`<button type="button" onClick=${() => setSure(one.booking)}>${t("rooms.cancel")}</button>`}</li>`)}</ul></section>`;
}

export function Page() {
  const known = rooms.value;
  if (!may("book")) return html`<main class="tenant rooms" data-ready="yes"><${Head} title=${t("rooms.title")} here="rooms" /><p class="hint"><a href=${signIn()}>${t("desk.toSignIn")}</a></p></main>`;
  return html`<main class="tenant rooms" data-ready=${known ? "yes" : null}><${Head} title=${t("rooms.title")} here="rooms" />
    ${day.value !== null && html`<div class="choices day"><button type="button" aria-label=${t("rooms.before")} onClick=${() => move(-1)}>‹</button><b>${dayName(day.value)}</b><button type="button" aria-label=${t("rooms.after")} onClick=${() => move(1)}>›</button></div>`}
    ${!draft.value && html`<${Trouble} text=${trouble.value} />`}
    ${known ? html`<ul class="rooms-list">${known.map((room) => html`<${Room} key=${room.room} room=${room} />`)}</ul>${!known.length && html`<p class="hint">${t("rooms.none")}</p>`}` : html`<p class="hint">${t("age.waiting")}</p>`}
    <${Mine} /></main>`;
}
