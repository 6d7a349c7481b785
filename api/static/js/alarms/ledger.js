// What the page of the alarms knows: the list and its filters, the one that is chosen, those that are marked.
import { batch, computed, signal } from "../html.js";
import { parkNow } from "../clock.js";
import { data } from "../store.js";
import { byUrgency, fold } from "./order.js";
import { get, next } from "./wire.js";

const PAGE = 200;
const MOST_OPEN = 1000; // of a list that is longer, the rest is only counted
const KEYS = ["state", "priority", "position", "building"];

const asked = new URLSearchParams(location.search);
/** What the list is narrowed to; `state` open, unacknowledged, acknowledged, returned, held, or closed (history). */
export const filters = signal(Object.fromEntries(KEYS.map((key) => [key, asked.get(key) ?? (key === "state" ? "open" : "")])));
/** The number of the alarm that stands beside the list; null for none. */
export const chosen = signal(Number(asked.get("alarm")) || null);
/** Numbers of alarms that are to be acted on together. */
export const marked = signal(new Set());
/** Incidents whose alarms are listed one by one. */
export const unfolded = signal(new Set());

/** Open alarms and those of the history, as last read; null before. */
export const open = signal(null);
export const past = signal(null);
/** {text, at}: why the list could not be read the last time; `at` the park time (ms) of what is shown. */
export const trouble = signal(null);
/** The chosen alarm with its journal, or {alarm, gone: true}. */
export const detail = signal(null);
/** Row keys in the order that stays while a hand is on the list; null: sorted anew each time. */
export const frozen = signal(null);

let park = null;
let older = null;
let readAt = null;
let round = 0;

export const closedShown = computed(() => filters.value.state === "closed");
export const canAskOlder = signal(false);
const list = computed(() => (closedShown.value ? past.value : open.value));

const BY_STATE = {
  open: (alarm) => !alarm.hold,
  unacknowledged: (alarm) => !alarm.hold && !alarm.acknowledged,
  acknowledged: (alarm) => !alarm.hold && alarm.acknowledged,
  returned: (alarm) => !alarm.hold && !alarm.active,
  held: (alarm) => Boolean(alarm.hold),
  closed: () => true,
};
const fits = (alarm, { priority, position, building }) =>
  (!priority || alarm.priority === priority) && (!position || alarm.position === position)
  && (!building || alarm.subject?.building_id === building);

/** Alarms that all filters but that of the state let through. */
export const near = computed(() => (list.value ?? []).filter((alarm) => fits(alarm, filters.value)));
const narrowed = computed(() => near.value.filter(BY_STATE[filters.value.state] ?? BY_STATE.open));
/** How many alarms each state has, under the other filters. */
export const counts = computed(() => Object.fromEntries(
  Object.keys(BY_STATE).map((state) => [state, (open.value ?? []).filter((a) => fits(a, filters.value) && BY_STATE[state](a)).length])));

/** Sorted rows: alarms, and incidents of several (order.js); a history is in the order of time and folds nothing. */
const sorted = computed(() => closedShown.value
  ? narrowed.value.map((alarm) => ({ key: `a${alarm.alarm}`, alarm, incident: null, alarms: [alarm] }))
  : fold(narrowed.value, data("alarms").incidents));
/** How many rows wait to take their place. */
export const moved = computed(() => {
  if (!frozen.value) return 0;
  const [now, then] = [sorted.value.map((row) => row.key), frozen.value];
  return now.filter((key, i) => then[i] !== key).length;
});
/** Rows as they are shown. While a hand is on the list none changes its place; what is new comes when it is gone. */
export const rows = computed(() => {
  if (!frozen.value) return sorted.value;
  const byKey = new Map(sorted.value.map((row) => [row.key, row]));
  return frozen.value.map((key) => byKey.get(key)).filter(Boolean);
});
/** The order stays, or is let go. */
export const hold = (on) => {
  if (on !== Boolean(frozen.value)) frozen.value = on ? sorted.value.map((row) => row.key) : null;
};

/** Every alarm that can be stepped to, in the order of the list. */
export const steps = computed(() => rows.value.flatMap((row) =>
  row.incident && !unfolded.value.has(row.key) ? [row.alarm] : row.incident ? [...row.alarms].sort(byUrgency) : [row.alarm]));

function show() {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries({ ...filters.value, alarm: chosen.value })) {
    if (value && value !== "open") query.set(key, value);
    else query.delete(key);
  }
  return `?${query}`;
}

/** Puts an alarm beside the list; on a phone in its place, and the back button leads out again. */
export function choose(alarm) {
  if (alarm === chosen.value) return;
  const first = chosen.value === null;
  chosen.value = alarm;
  if (alarm && first) history.pushState({ chosen: true }, "", show());
  else history.replaceState(history.state, "", show());
  readDetail();
}
/** Back to the list. */
export function leave() {
  if (history.state?.chosen) history.back();
  else choose(null);
}
addEventListener("popstate", () => {
  chosen.value = Number(new URLSearchParams(location.search).get("alarm")) || null;
  readDetail();
});

export function narrow(changes) {
  batch(() => {
    filters.value = { ...filters.value, ...changes };
    marked.value = new Set();
    frozen.value = null;
  });
  history.replaceState(history.state, "", show());
  if (closedShown.value) readPast();
}

export function toggle(numbers) {
  const found = new Set(marked.value);
  const all = numbers.every((number) => found.has(number));
  for (const number of numbers) all ? found.delete(number) : found.add(number);
  marked.value = found;
}

async function readOpen() {
  let answer = await get("/alarms", { park, state: "open", limit: PAGE });
  const found = [];
  while (answer.ok) {
    found.push(...answer.data.items);
    if (!answer.data.next || found.length >= MOST_OPEN) break;
    answer = await next(answer.data.next);
  }
  batch(() => {
    if (!answer.ok) {
      trouble.value = { text: answer.text, at: readAt };
      return;
    }
    readAt = parkNow();
    open.value = found;
    trouble.value = null;
    const there = new Set(found.map((alarm) => alarm.alarm));
    if ([...marked.value].some((number) => !there.has(number))) marked.value = new Set([...marked.value].filter((n) => there.has(n)));
  });
}

/** The newest page of the history. */
async function readPast() {
  const { priority, position } = filters.value;
  const mine = (round += 1);
  const answer = await get("/alarms", { park, state: "closed", priority, position, limit: PAGE / 4 });
  if (mine === round) keepPast(answer, []);
}
/** The page after it. */
export async function readOlder() {
  if (older) keepPast(await next(older), past.value ?? []);
}
function keepPast(answer, before) {
  batch(() => {
    if (!answer.ok) {
      trouble.value = { text: answer.text, at: readAt };
      return;
    }
    older = answer.data.next;
    canAskOlder.value = Boolean(older);
    const seen = new Set(before.map((alarm) => alarm.alarm));
    past.value = [...before, ...answer.data.items.filter((alarm) => !seen.has(alarm.alarm))];
  });
}

async function readDetail() {
  const number = chosen.value;
  if (number === null || !park) return;
  const answer = await get(`/alarms/${number}`);
  if (number !== chosen.value) return; // another one was chosen meanwhile
  if (answer.ok) detail.value = answer.data;
  else if (answer.status === 404) detail.value = { alarm: number, gone: true };
}

let reading = null;
let again = false;
/** Reads list and chosen alarm once more; while that is under way, once more after it, however often it is asked. */
export function refresh() {
  if (reading) {
    again = true;
    return reading;
  }
  reading = Promise.all([readOpen(), readDetail()]).finally(() => {
    reading = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return reading;
}

/** Which park's alarms are meant; reads them. */
export function begin(id) {
  park = id;
  if (closedShown.value) readPast();
  return refresh();
}
