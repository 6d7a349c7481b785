// Sends what was tapped: in order, one after the other, again and again until the server has answered for each.
import { signal } from "../html.js";
import { actor as typedName } from "../alarms/typed.js";
import { post } from "../alarms/wire.js";
import { actionText, overtakenText, stateWord } from "../orders/words.js";
import { readSession, signedOut } from "../orders/session.js";
import { t } from "../i18n/index.js";
import { stampOf } from "./offset.js";
import { forget, upload } from "./photos.js";
import { alter, drop, mine, put } from "./queue.js";

const FIRST_MS = 1000;
const LONGEST_MS = 30000;
const AGAIN = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504]); // these say nothing about the act itself

/** [{id, title, text}]: acts that the server refused for good, told until somebody has read them. */
export const told = signal([]);
/** Whether the last attempt reached the server. */
export const reached = signal(true);
export const tell = (title, text) => {
  told.value = [...told.value, { id: crypto.randomUUID(), title, text }];
};

let timer = null;
let running = false;
let failures = 0;
let arrived = () => {};
/** `heard(order, answer)`: an act arrived, or was refused; the answer is the order, or null. */
export const onArrival = (heard) => {
  arrived = heard;
};

/** Keeps a tap and sends it as soon as that can be. */
export function tap({ actor, order, action, from, reason, detail = {}, photos = [], title }) {
  const insist = action !== "comment" && action !== "photo"; // words may always be added
  put({ client_id: crypto.randomUUID(), actor, order: order.work_order, action, from, photos, title,
    ...(insist && { version: order.version }), body: { ...stampOf(), ...(reason && { reason }), detail } });
  wake();
}

/** Tries at once, whatever the pause was. */
export function wake() {
  clearTimeout(timer);
  timer = null;
  failures = 0;
  run();
}

function later() {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
  failures += 1;
  timer = setTimeout(run, longest * (0.5 + Math.random() / 2)); // when a cell comes back, all phones do at once
}

async function run() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  timer = null;
  try {
    while (mine.value.length) {
      const outcome = await send(mine.value[0]);
      reached.value = outcome !== "again";
      if (outcome === "again") return later();
      failures = 0;
    }
  } finally {
    running = false;
  }
  return undefined;
}

async function sendPhotos(act) {
  const photos = [...(act.body.detail?.photos ?? [])];
  for (const key of act.photos) {
    const answer = await upload(key);
    if (!answer.ok && AGAIN.has(answer.status)) return answer.status;
    if (answer.ok) photos.push(answer.photo);
    else tell(act.title, t("field.photoLost"));
    await forget(key);
    const rest = act.photos.slice(act.photos.indexOf(key) + 1);
    alter(act.client_id, { photos: rest, body: { ...act.body, detail: { ...act.body.detail, photos: [...photos] } } });
  }
  return null;
}

/** "done" (arrived, or refused for good), or "again". */
async function send(act) {
  const stopped = act.photos.length ? await sendPhotos(act) : null;
  if (stopped !== null) return again(stopped);
  const now = mine.value.find(({ client_id: id }) => id === act.client_id);
  if (!now) return "done"; // the other tab was faster
  const body = { action: now.action, client_id: now.client_id, ...(now.version && { version: now.version }), ...(typedName.value && { actor: typedName.value }), ...now.body };
  const answer = await post(`/work-orders/${now.order}/act`, body);
  if (!answer.ok && AGAIN.has(answer.status)) return again(answer.status);
  if (answer.status === 409 && answer.data?.state === now.from && answer.data.version > (now.version ?? Infinity)) {
    // Something was added to it (an escalation, a word), but it stands where it stood when this was tapped.
    alter(now.client_id, { version: answer.data.version });
    return "done";
  }
  drop(now.client_id);
  if (answer.ok) follow(now, answer.data);
  else refuse(now, answer);
  arrived(now.order, answer.ok ? answer.data : null);
  return "done";
}

function again(status) {
  if (status === 401) {
    signedOut.value = true;
    readSession();
  }
  return "again";
}

/** What comes after it was tapped on what it made of the order. */
function follow({ order }, { version } = {}) {
  for (const act of mine.value) if (act.order === order && act.version) alter(act.client_id, { version });
}

function refuse({ title, action }, { status, data, text }) {
  const why = status === 409 && data?.state ? overtakenText(data) : status === 403 || status === 404 ? t("field.notYours") : text;
  tell(title, t("field.refused", { what: actionText(action), why: why || stateWord(data?.state) }));
}
