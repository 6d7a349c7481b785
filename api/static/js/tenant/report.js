// Reporting in under a minute: where (a code, or words), what (from the catalogue), how it is; then a number.
import { html, signal, useState } from "../html.js";
import { name, t, word } from "../i18n/index.js";
import { forget, upload } from "../field/photos.js";
import { Head, Photos, placeText, Trouble } from "./parts.js";
import { get, made, post, session, signIn } from "./wire.js";

const DRAFT = "report-draft";
export const place = signal(null); // {code, name…} of the QR code; false: no such code
export const services = signal(null);
const trouble = signal("");
const done = signal(null);
const asked = new URLSearchParams(location.search);

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
  } catch {
    return {};
  }
}
const fresh = () => ({ client_id: made(), service: asked.get("service") ?? "", words: "", contact: "", code: (asked.get("code") ?? "").toUpperCase() });
export const draft = signal({ ...fresh(), ...kept(), ...(asked.get("code") && { code: asked.get("code").toUpperCase() }) });
function change(part) {
  draft.value = { ...draft.value, ...part };
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft.value));
  } catch {
    // it holds as long as the page does
  }
}

/** What the page needs to know; asked again until it is there. */
export async function read() {
  const code = draft.value.code.trim();
  const [found, list] = await Promise.all([code ? get(`/codes/${encodeURIComponent(code)}`) : null, get("/services", code ? { code } : {})]);
  if (found) place.value = found.ok ? found.data : found.status === 404 || found.status === 400 ? false : null;
  if (list.ok) services.value = list.data.items ?? list.data;
  trouble.value = list.ok ? "" : list.text;
}

function Where() {
  const [typed, setTyped] = useState(draft.value.code);
  if (place.value) return html`<section class="where"><h2>${t("report.where")}</h2><p class="place">${placeText(place.value.place)}</p></section>`;
  const look = (event) => {
    event.preventDefault();
    change({ code: typed.trim().toUpperCase() });
    place.value = null;
    read();
  };
  return html`<section class="where"><h2>${t("report.where")}</h2>
    ${place.value === false && html`<${Trouble} text=${t("report.noCode")} />`}
    <form onSubmit=${look}><input value=${typed} onInput=${(event) => setTyped(event.target.value)} autocomplete="off" autocapitalize="none"
      aria-label=${t("report.code")} placeholder=${t("report.code")} maxlength="20" /><button>${t("report.look")}</button></form>
    ${session.value?.signed && html`<p class="hint">${t("report.orWords")}</p>`}</section>`;
}

/** What was picked is said next: its words come into view. */
function pick(service) {
  change({ service });
  document.querySelector(".words")?.scrollIntoView({ block: "nearest" });
}

function What() {
  const list = services.value;
  if (!list) return html`<section><h2>${t("report.what")}</h2><p class="hint">${t("age.waiting")}</p></section>`;
  const groups = Map.groupBy ? Map.groupBy(list, (one) => one.category) : grouped(list);
  return html`<section class="what"><h2>${t("report.what")}</h2>
    ${[...groups].map(([category, items]) => html`<div key=${category} role="group" aria-label=${word(`category.${category}`, category)}>
      <h3>${word(`category.${category}`, category)}</h3>
      ${items.map((one) => html`<button type="button" key=${one.service} aria-pressed=${one.service === draft.value.service ? "true" : "false"}
        onClick=${() => pick(one.service)}><b>${name(one.name)}</b>${one.hint && html`<span>${name(one.hint)}</span>`}
        ${one.paid && html`<i>${t("report.paid")}</i>`}</button>`)}</div>`)}</section>`;
}
function grouped(list) {
  const groups = new Map();
  for (const one of list) groups.set(one.category, [...(groups.get(one.category) ?? []), one]);
  return groups;
}

async function send(photos, setSending) {
  setSending(true);
  trouble.value = "";
  const names = [];
  for (const { key } of photos) {
    const sent = await upload(key, session.value?.signed ? "" : draft.value.code);
    if (!sent.ok) {
      trouble.value = t(sent.status ? "report.photoRefused" : "desk.network", { status: sent.status });
      setSending(false);
      return;
    }
    names.push(sent.photo);
  }
  const { client_id, service, words, contact, code } = draft.value;
  const answer = await post("/requests", { client_id, service, words: words.trim(), photos: names, ...(place.value && { code: code.trim() }), ...(contact.trim() && { contact: contact.trim() }) });
  setSending(false);
  if (!answer.ok) {
    trouble.value = answer.text;
    return;
  }
  for (const { key } of photos) forget(key);
  done.value = { ...answer.data, key: client_id };
  draft.value = { ...fresh(), code };
  try {
    sessionStorage.removeItem(DRAFT);
  } catch {
    // nothing was kept
  }
}

function Done() {
  const { request, key } = done.value;
  const mine = session.value?.signed ? `/requests#${request}` : `/requests?key=${key}#${request}`;
  return html`<section class="sent" role="status"><p>${t("report.sent")}</p><b class="number">${request}</b>
    <p class="hint">${t(session.value?.signed ? "report.follow" : "report.keep")}</p>
    <a class="primary" href=${mine}>${t("report.toRequest")}</a>
    <button type="button" onClick=${() => { done.value = null; }}>${t("report.another")}</button></section>`;
}

function Words() {
  const [photos, setPhotos] = useState([]);
  const [sending, setSending] = useState(false);
  const { words, contact, service } = draft.value;
  const ready = service && words.trim() && !sending && (session.value?.signed || place.value);
  const submit = (event) => {
    event.preventDefault();
    if (ready) send(photos, setSending);
  };
  return html`<form class="words" onSubmit=${submit}><h2>${t("report.how")}</h2>
    <textarea rows="3" maxlength="2000" value=${words} onInput=${(event) => change({ words: event.target.value })} placeholder=${t("report.words")} aria-label=${t("report.how")}></textarea>
    <${Photos} photos=${photos} onChange=${setPhotos} />
    ${!session.value?.signed && html`<input value=${contact} maxlength="80"
      onInput=${(event) => change({ contact: event.target.value })} placeholder=${t("report.contact")} aria-label=${t("report.contact")} /><p class="hint">${t("report.contactWhy")}</p>`}
    <${Trouble} text=${trouble.value} />
    <div class="send"><button class="primary" disabled=${!ready}>${t(sending ? "report.sending" : "report.send")}</button></div></form>`;
}

export function Page() {
  const known = session.value;
  const stranger = known && !known.signed && !draft.value.code && place.value === null;
  return html`<main class="tenant report" data-ready=${known && services.value ? "yes" : null}><${Head} title=${t("report.title")} here="report" />
    ${done.value ? html`<${Done} />` : html`<${Where} />${stranger && html`<p class="hint">${t("report.scan")} <a href=${signIn()}>${t("desk.toSignIn")}</a></p>`}
      ${!stranger && html`<${What} /><${Words} />`}`}</main>`;
}
