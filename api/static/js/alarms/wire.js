// What the page of the alarms asks of the API and tells it; a failure comes back as a sentence, never as an exception.
import { API } from "../follow.js";
import { t } from "../i18n/index.js";

const PATIENCE_MS = 15000;

/** {ok, data} or {ok: false, status, text}; status 0: the server was not reached, so nothing was done. */
async function talk(path, request = {}) {
  let answer;
  try {
    answer = await fetch(API + path, { ...request, signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { Accept: "application/json", ...(request.body && { "Content-Type": "application/json" }) } });
  } catch (error) {
    // What was sent and not answered may have been done: the two are not the same.
    return { ok: false, status: 0, text: t(error.name === "TimeoutError" ? "wrong.silent" : "wrong.network") };
  }
  const data = await answer.json().catch(() => null);
  if (answer.ok) return { ok: true, data };
  return { ok: false, status: answer.status, data, text: trouble(answer.status, data) };
}

function trouble(status, data) {
  const detail = data?.errors?.map((wrong) => `${wrong.parameter} ${wrong.detail}`).join("; ") || data?.detail || "";
  if (status === 409) return t("wrong.changed", { detail });
  if (status === 503) return t("wrong.away");
  if (status === 400 || status === 422) return t("wrong.input", { detail });
  return t("wrong.refused", { status, detail });
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value != null)).toString();

/** GET a path of the API with parameters. */
export const get = (path, values = {}) => talk(`${path}?${query(values)}`);

/** POST a body as JSON. */
export const post = (path, body) => talk(path, { method: "POST", body: JSON.stringify(body) });

/** The next page of a list: its `next` is a path of this server. */
export const next = (path) => talk(path.slice(path.indexOf(API) + API.length));
