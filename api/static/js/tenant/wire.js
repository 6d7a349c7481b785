// What the tenants' pages ask and tell: requests, photos, rooms; and who is asking. A failure comes back as a sentence.
import { API } from "../follow.js";
import { signal } from "../html.js";
import { t } from "../i18n/index.js";
import { hear, parkNow } from "../clock.js";
import { setZone } from "../time.js";

const PATIENCE_MS = 20000;

/** {signed: bool, name, company, permissions, zone}; null until it is known. */
export const session = signal(null);

async function talk(path, { method = "GET", body, type } = {}) {
  let answer;
  const headers = { Accept: "application/json", ...(body !== undefined && { "Content-Type": type ?? "application/json" }) };
  try {
    answer = await fetch(API + path, { method, headers, signal: AbortSignal.timeout(PATIENCE_MS),
      body: body === undefined || type ? body : JSON.stringify(body) });
  } catch (error) {
    return { ok: false, status: 0, text: t(error.name === "TimeoutError" ? "desk.silent" : "desk.network") };
  }
  const data = await answer.json().catch(() => null);
  if (answer.ok) return { ok: true, data };
  const detail = data?.errors?.map((wrong) => `${wrong.parameter} ${wrong.detail}`).join("; ") || data?.detail || "";
  const key = { 401: "desk.signIn", 403: "desk.forbidden", 409: "desk.changed", 429: "desk.often", 503: "desk.away" }[answer.status];
  return { ok: false, status: answer.status, data, text: t(key ?? "desk.refused", { detail, status: answer.status }) };
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value != null)).toString();
export const get = (path, values = {}) => talk(Object.keys(values).length ? `${path}?${query(values)}` : path);
export const post = (path, body) => talk(path, { method: "POST", body });
export const sendPhoto = (blob) => talk("/photos", { method: "POST", body: blob, type: blob.type });

/** The park's time in ms: what the server said, moved on; the browser's own before it has. */
export const now = () => parkNow() ?? Date.now();

/** Who is here; nobody may be, on the page behind a QR code. */
export async function readSession() {
  const answer = await get("/session");
  const found = answer.ok ? answer.data : null;
  if (found) {
    const time = await get("/time");
    if (time.ok) hear(time.data.now);
  }
  if (found?.time_zone) setZone(found.time_zone);
  session.value = { signed: Boolean(found), asked: answer.ok || answer.status === 401, ...found };
  return session.value;
}
export const may = (permission) => session.value?.permissions?.includes(permission) ?? false;

/** A client-made id that lives as long as what it is for: the same again is one. */
export const made = () => crypto.randomUUID();

/** To the sign-in page and back here. */
export const signIn = () => `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
