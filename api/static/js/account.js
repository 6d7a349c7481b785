// Who is signed in, in the head of every page: the name, and the way out. A wall that hangs there has none.
import { html, signal, useEffect } from "./html.js";
import { API } from "./follow.js";
import { t, word } from "./i18n/index.js";
import { readSession, session, signInPath } from "./orders/session.js";

const trouble = signal("");

async function leave() {
  trouble.value = "";
  try {
    const answer = await fetch(`${API}/session`, { method: "DELETE", headers: { "Content-Type": "application/json" } });
    if (answer.ok || answer.status === 401) return location.assign("/sign-in");
    trouble.value = t("account.stays");
  } catch {
    trouble.value = t("account.stays"); // on a phone that others use too, this must not pass for done
  }
  return undefined;
}

/** Shown where a person is signed in; nothing else is asked of the page. */
export function Account({ short = false }) {
  useEffect(() => {
    if (!session.value) readSession();
  }, []);
  const who = session.value;
  if (!who?.signed_in || who.role === "wall") return null;
  return html`<details class="account"><summary aria-label=${t("account.menu")}>${short ? "" : who.name ?? who.actor}</summary><div class="sheet">
    <p><b>${who.name ?? who.actor}</b><span>${word(`role.${who.role}`, who.role)}</span><span class="login">${who.actor}</span></p>
    <button type="button" onClick=${leave}>${t("account.leave")}</button>
    <a href=${signInPath().replace("?", "?other=yes&")}>${t("account.other")}</a>
    ${trouble.value && html`<p class="trouble" role="alert">${trouble.value}</p>`}</div></details>`;
}
