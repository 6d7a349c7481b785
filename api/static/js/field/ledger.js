// The orders that this phone knows: mine, those open for me, those that are done; and the order in which they stand.
import { batch, computed, effect, signal } from "../html.js";
import { parkNow } from "../clock.js";
import { tick } from "../store.js";
import { get } from "../alarms/wire.js";
import { byDue, ENDED, FINISHED, leftOf, nextClock, untaken } from "../orders/clocks.js";
import { me, readSession, signedOut } from "../orders/session.js";
import { predicted } from "./moves.js";
import { mine as queued } from "./queue.js";

const CALM_MS = 4000; // so long after the last touch nothing changes its place
const SETTLE_MS = 350; // what just took another's place is not what a finger meant
const OLD_S = 20; // of a list that is read every five seconds
const SECTIONS = ["mine", "offered", "finished"];

/** Orders as last read; null before. `readAt`: of performance.now(). */
export const orders = signal(null);
export const trouble = signal(null);
const readAt = signal(null);

/** Real seconds since the list was read; null before it ever was. */
export const listAge = computed(() => {
  tick.value;
  return readAt.value === null ? null : Math.max(0, (performance.now() - readAt.value) / 1000);
});
export const stale = computed(() => listAge.value !== null && listAge.value > OLD_S);

/** Where an order stands once all that was tapped has arrived. */
export const stateOf = (order) => predicted(order.state, queued.value.filter((act) => act.order === order.work_order));

function sectionOf(order) {
  const state = stateOf(order);
  const accepted = queued.value.some((act) => act.order === order.work_order && act.action === "accept");
  const own = accepted || (order.assignee ? order.assignee.login === me() : !untaken(order));
  if (ENDED.has(state)) return null;
  if (FINISHED.has(state)) return own ? "finished" : null;
  if (own) return "mine";
  return untaken(order) && !order.assignee ? "offered" : null;
}

const sorted = computed(() => {
  const found = { mine: [], offered: [], finished: [] };
  for (const order of orders.value ?? []) found[sectionOf(order)]?.push(order);
  for (const section of SECTIONS) found[section].sort((a, b) => byDue(a, b, stateOf));
  return found;
});

const frozen = signal(null); // {section: [number]} while a hand is on the list
const last = new Map(); // what a card showed, for one whose order has gone while the hand is there
let calm = null;

/** A finger is, or just was, on the screen. */
export function touch() {
  clearTimeout(calm);
  frozen.value ??= Object.fromEntries(SECTIONS.map((section) => [section, sorted.value[section].map((order) => order.work_order)]));
  calm = setTimeout(() => {
    frozen.value = null;
  }, CALM_MS);
}
/** Cards have just changed their places: a tap now may have been meant for what stood there a moment ago. */
export const settling = signal(false);

/** {mine, offered, finished}: rows {order, gone}; while a hand is on the list none changes its place, comes or goes. */
export const rows = computed(() => {
  const byNumber = new Map((orders.value ?? []).map((order) => [order.work_order, order]));
  for (const [number, order] of byNumber) last.set(number, order);
  if (!frozen.value) {
    for (const number of last.keys()) if (!byNumber.has(number)) last.delete(number);
    return Object.fromEntries(SECTIONS.map((section) => [section, sorted.value[section].map((order) => ({ order, gone: false }))]));
  }
  const there = new Set(SECTIONS.flatMap((section) => sorted.value[section]).map((order) => order.work_order));
  return Object.fromEntries(SECTIONS.map((section) => [section,
    frozen.value[section].map((number) => ({ order: byNumber.get(number) ?? last.get(number), gone: !there.has(number) })).filter((row) => row.order)]));
});
let places = null;
let settle = null;
effect(() => {
  const now = SECTIONS.map((section) => rows.value[section].map((row) => row.order.work_order).join()).join(";");
  if (places !== null && now !== places) {
    settling.value = true;
    clearTimeout(settle);
    settle = setTimeout(() => {
      settling.value = false;
    }, SETTLE_MS);
  }
  places = orders.peek() === null ? null : now;
});

/** How many orders wait to be shown until the hand is gone. */
export const waiting = computed(() => {
  if (!frozen.value) return 0;
  const shown = new Set(SECTIONS.flatMap((section) => frozen.value[section]));
  return SECTIONS.flatMap((section) => sorted.value[section]).filter((order) => !shown.has(order.work_order)).length;
});

/** {n, first, left}: how many are open for me, the gravest of them, and the seconds that it has. */
export const offer = computed(() => {
  tick.value;
  const [first] = [...sorted.value.offered].sort((a, b) => a.priority.localeCompare(b.priority)); // the sort is stable: then by time
  return { n: sorted.value.offered.length, first, left: first ? leftOf(nextClock(first), parkNow()) : null };
});

let reading = null;
let again = false;
async function read() {
  const answer = await get("/work-orders", { state: "open", limit: 200 });
  batch(() => {
    if (!answer.ok) {
      trouble.value = answer.text;
      if (answer.status === 401) signedOut.value = true;
      return;
    }
    orders.value = answer.data.items ?? answer.data;
    readAt.value = performance.now();
    trouble.value = null;
  });
  if (signedOut.value && answer.ok) readSession();
}
/** Reads the list; while that is under way, once more after it, however often it is asked. */
export function refresh() {
  if (reading) {
    again = true;
    return reading;
  }
  reading = read().finally(() => {
    reading = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return reading;
}

/** Takes in one order, as the server answered. */
export function takeIn(order) {
  if (!order?.work_order || !orders.value) return;
  const others = orders.value.filter((each) => each.work_order !== order.work_order);
  orders.value = [...others, order];
}
export const orderOf = (number) => orders.value?.find((order) => order.work_order === number) ?? last.get(number) ?? null;
