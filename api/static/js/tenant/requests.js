// The list of what was asked for: what waits for us first; one that is opened shows all that happened to it.
import { age } from "../format.js";
import { classes, html, signal } from "../html.js";
import { name, t } from "../i18n/index.js";
import { stamp } from "../time.js";
import { Detail, opened, openRequest } from "./request.js";
import { Head, placeText, State, Trouble } from "./parts.js";
import { Survey, readSurveys } from "./survey.js";
import { get, now, session, signIn } from "./wire.js";

const POLL_MS = 15000;
const STALE_MS = 60000;
const list = signal(null); // {items, at}
const ended = signal(false);
const trouble = signal("");
const tick = signal(performance.now()); // ages move on by themselves
const key = new URLSearchParams(location.search).get("key");

/** Reads the list; what was known stays, with its age, where that fails. */
export async function read() {
  if (!session.value?.signed) return;
  const answer = await get("/requests", { state: ended.value ? "ended" : "open", limit: 100 });
  trouble.value = answer.ok ? "" : answer.text;
  if (answer.ok) list.value = { items: answer.data.items, at: performance.now() };
}

/** What waits for whoever asked first, then what is overdue, then the newest. */
const rank = (one) => (one.state === "answered" || one.state === "quoted" ? 0 : one.overdue || one.supervised ? 1 : 2);
export const sorted = (items) => [...items].sort((a, b) => rank(a) - rank(b) || Date.parse(b.created) - Date.parse(a.created));

export function keepReading() {
  const number = Number(location.hash.slice(1));
  if (number) openRequest(number, key);
  read();
  readSurveys();
  setInterval(() => {
    tick.value = performance.now();
    if (document.visibilityState === "visible") read();
  }, POLL_MS);
  addEventListener("hashchange", () => openRequest(Number(location.hash.slice(1)) || null, key));
}

function Row({ one }) {
  return html`<li class=${classes("request", (one.overdue || one.supervised) && "late")}><a href=${`#${one.request}`}>
    <span class="line"><${State} of=${one.state} />${one.supervised && html`<b class="state late">${t("requests.supervised")}</b>`}<i>${one.request}</i></span>
    <b class="what">${name(one.service_name)}</b><span class="place">${placeText(one.place)}</span>
    <span class="text">${one.words}</span>
    <span class="when">${stamp(one.created, now())}${one.rating && html` · ${"★".repeat(one.rating.stars)}`}</span></a></li>`;
}

function choose(value) {
  ended.value = value;
  list.value = null;
  read();
}

export function Page() {
  const who = session.value;
  if (opened.value) return html`<main class="tenant requests" data-ready=${opened.value.data ? "yes" : null}><${Head} title=${t("requests.title")} here="requests" /><${Detail} onChange=${read} back=${who?.signed} /></main>`;
  if (!who?.signed) return html`<main class="tenant requests" data-ready="yes"><${Head} title=${t("requests.title")} here="requests" /><p class="hint"><a href=${signIn()}>${t("desk.toSignIn")}</a></p></main>`;
  const old = list.value && tick.value - list.value.at > STALE_MS;
  return html`<main class=${classes("tenant requests", old && "old")} data-ready=${list.value ? "yes" : null}><${Head} title=${t("requests.title")} here="requests" /><${Survey} />
    <div class="choices" role="group" aria-label=${t("requests.which")}>${[false, true].map((value) => html`<button type="button" key=${value}
      aria-pressed=${value === ended.value ? "true" : "false"} onClick=${() => choose(value)}>${t(value ? "requests.ended" : "requests.open")}</button>`)}
      <a class="primary" href="/report">${t("requests.new")}</a></div>
    <${Trouble} text=${trouble.value} />${old && html`<p class="stale">${t("requests.old", { age: age((tick.value - list.value.at) / 1000) })}</p>`}
    ${list.value ? html`<ul class="list">${sorted(list.value.items).map((one) => html`<${Row} key=${one.request} one=${one} />`)}</ul>
      ${!list.value.items.length && html`<p class="hint">${t(ended.value ? "requests.noneEnded" : "requests.none")}</p>`}` : html`<p class="hint">${t("age.waiting")}</p>`}</main>`;
}
