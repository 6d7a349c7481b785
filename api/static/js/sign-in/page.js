// Login and password, and where one wanted to go.
import { LANG } from "../config.js";
import { batch, html, signal, useEffect, useRef } from "../html.js";
import { span } from "../format.js";
import { t, word } from "../i18n/index.js";
import { inside, talk } from "./wire.js";

const asked = new URLSearchParams(location.search);
const refused = asked.has("refused");
const other = asked.has("other");

const sending = signal(false);
const trouble = signal("");
/** Who is signed in and came here all the same: their role was not enough, or they want to be somebody else. */
const here = signal(null);

const go = (home) => location.replace(inside(asked.get("next") ?? "") ?? home ?? "/");

/** Sends who is signed in on their way: a link from elsewhere brings no cookie at first, this page's own request does. */
export async function welcome() {
  const answer = await talk("/session");
  if (!answer.ok) return;
  if (!answer.data.signed_in || !(refused || other)) return go(answer.data.home);
  here.value = answer.data;
}

function wrongText({ status, wait }) {
  if (status === 401) return t("signIn.wrong");
  if (status === 429) return t("signIn.wait", { span: span(wait ?? 60) });
  return status === 0 || status === 503 ? t("signIn.away") : t("signIn.refused", { status });
}

function Form() {
  const login = useRef(null);
  const password = useRef(null);
  useEffect(() => login.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    if (sending.value) return;
    const body = { login: login.current.value.trim(), password: password.current.value };
    if (!body.login || !body.password) return (body.login ? password : login).current.focus();
    batch(() => {
      sending.value = true;
      trouble.value = "";
    });
    const answer = await talk("/session", { method: "POST", body });
    if (answer.ok) return go(answer.data.home);
    batch(() => {
      sending.value = false;
      trouble.value = wrongText(answer);
    });
    password.current.select();
    return undefined;
  };
  return html`<form onSubmit=${submit}>
    <label><span>${t("signIn.login")}</span><input ref=${login} name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="80" required /></label>
    <label><span>${t("signIn.password")}</span><input ref=${password} name="password" type="password" autocomplete="current-password" maxlength="200" required /></label>
    <p class="trouble" role="alert">${trouble.value}</p>
    <button class="primary" disabled=${sending.value}>${sending.value ? t("signIn.sending") : t("signIn.go")}</button></form>`;
}

function Languages() {
  const query = new URLSearchParams(location.search);
  query.set("lang", LANG === "zh" ? "en" : "zh");
  return html`<a class="lang" href=${`?${query}`} lang=${LANG === "zh" ? "en" : "zh-CN"}>${LANG === "zh" ? "English" : "中文"}</a>`;
}

export function Page() {
  const who = here.value;
  return html`<main class="door"><header><h1>smartpark</h1><${Languages} /></header>
    <h2>${t("signIn.title")}</h2>
    ${refused && html`<p class="note" role="status">${t("signIn.forbidden", { role: who ? word(`role.${who.role}`, who.role) : "—" })}</p>`}
    ${who && html`<p class="note">${t("signIn.here", { name: who.name ?? who.actor })} <a href=${who.home}>${t("signIn.home")}</a></p>`}
    <${Form} /><p class="hint">${t("signIn.hint")}</p></main>`;
}
