// One order, and one button: I take it. Opening the page does nothing.
import { html, signal } from "../html.js";
import { name, t, word } from "../i18n/index.js";
import { talk } from "./wire.js";

const token = location.pathname.split("/").pop();
/** What the link is for; null before it was heard. */
const link = signal(null);
const trouble = signal("");
const sending = signal(false);
const taken = signal(false);

const wrongText = ({ status, data }) =>
  status === 404 ? t("take.gone") : status === 409 ? t("take.late", { detail: data?.detail ?? "" }) : t("take.away");

/** Reads what there is to take. */
export async function look() {
  const answer = await talk(`/links/${token}`);
  if (answer.ok) link.value = answer.data;
  else trouble.value = wrongText(answer);
}

async function take() {
  if (sending.value) return;
  sending.value = true;
  trouble.value = "";
  const answer = await talk(`/links/${token}`, { method: "POST", body: {} });
  if (answer.ok) {
    link.value = answer.data;
    taken.value = true;
  } else {
    await look();
    trouble.value = wrongText(answer);
  }
  sending.value = false;
}

function Order() {
  const { work_order: number, title, place, priority, state, name: who, holds, taken_by: by } = link.value;
  return html`<article class="order"><p><span class="tag">${priority}</span> ${t("take.number", { n: number })}</p>
    <h2>${name(title)}</h2>${place && html`<p>${name(place)}</p>`}
    <p class="hint">${by ? t("take.has", { name: by }) : word(`orderState.${state}`, state)}</p>
    ${holds && !taken.value && html`<button type="button" class="primary" disabled=${sending.value} onClick=${take}>
      ${sending.value ? t("signIn.sending") : t("take.go")}</button><p class="hint">${t("take.as", { name: who })}</p>`}
    ${taken.value && html`<p class="note" role="status">${t("take.done", { name: who })}</p>`}
    ${!holds && !taken.value && html`<p class="note" role="status">${t("take.gone")}</p>`}
    <a href="/field">${t("take.field")}</a></article>`;
}

export function Page() {
  return html`<main class="door"><header><h1>smartpark</h1></header>
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value}</p>`}
    ${link.value ? html`<${Order} />` : !trouble.value && html`<p class="hint">${t("take.reading")}</p>`}</main>`;
}
