// What was tapped and has not arrived: kept in the phone, in order, each with an id of its own, so that it is done once.
import { computed, signal } from "../html.js";
import { me } from "../orders/session.js";

const KEY = "field-queue";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** Acts, oldest first: {client_id, actor, order, action, from, version, body, photos, title, tapped}. */
export const queue = signal(kept() ?? []);
/** This browser keeps nothing: what is queued is lost when the page is closed, and the page says so. */
export const fleeting = signal(kept() === null);

// Read before each change: the same page may be open twice, and neither may forget what the other was told.
function change(how) {
  const list = how(fleeting.value ? queue.value : (kept() ?? queue.value));
  queue.value = list;
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
    fleeting.value = false;
  } catch {
    fleeting.value = true;
  }
}
addEventListener("storage", (event) => {
  if (event.key === KEY) queue.value = kept() ?? [];
});

/** Adds an act; who taps is remembered, so that nobody else's name is ever put to it. */
export const put = (act) => change((list) => [...list, act]);
export const drop = (id) => change((list) => list.filter((act) => act.client_id !== id));
export const alter = (id, values) => change((list) => list.map((act) => (act.client_id === id ? { ...act, ...values } : act)));

/** Those of whoever is signed in; another's wait until they come back. */
export const mine = computed(() => queue.value.filter((act) => !act.actor || act.actor === me()));
export const others = computed(() => queue.value.length - mine.value.length);
export const queuedFor = (order) => mine.value.filter((act) => act.order === order);
