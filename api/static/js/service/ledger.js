// A list with one of it beside it: read, narrowed, sorted, held still under a hand, and kept in the address.
import { batch, computed, signal } from "../html.js";
import { parkNow } from "../clock.js";
import { signedOut } from "../orders/session.js";
import { get, next } from "../alarms/wire.js";

const PAGE = 200;
const MOST_OPEN = 1000; // of a list that is longer, the rest is only counted
const asked = new URLSearchParams(location.search);

/** Which of the two lists is shown: "orders" or "requests". */
export const tab = signal(asked.get("tab") === "requests" ? "requests" : "orders");
const ledgers = {};

/** The address of what is shown now. */
export function address() {
  const query = new URLSearchParams();
  for (const kept of ["park", "lang"]) if (asked.get(kept)) query.set(kept, asked.get(kept));
  if (tab.value !== "orders") query.set("tab", tab.value);
  const { filters, chosen, param } = ledgers[tab.value];
  for (const [key, value] of Object.entries(filters.value)) if (value) query.set(key, value);
  if (chosen.value) query.set(param, chosen.value);
  return `?${query}`;
}
export function turnTo(which, number = null) {
  batch(() => {
    tab.value = which;
    if (number) ledgers[which].chosen.value = number;
  });
  history.pushState({}, "", address());
  ledgers[which].refresh();
}

/**
 * A ledger: `name` of its tab, `path` of the API, `id` its number's name, `param` that in the address, `keys` of its filters,
 * `views` {name: fits(item)} with "" for all that is open and `ended` for history, `fits(item, filters)`, `sort(a, b)`.
 */
export function ledger({ name, path, id, param, keys, views, fits, sort }) {
  const from = (query, own = true) => Object.fromEntries(["show", ...keys].map((key) => [key, (own && query.get(key)) || ""]));
  const filters = signal(from(asked, tab.value === name));
  const chosen = signal(Number(asked.get(param)) || null);
  const open = signal(null); // as last read
  const past = signal(null);
  const trouble = signal(null); // {text, at}: why it could not be read; `at` the park time of what is shown
  const detail = signal(null); // the chosen one whole, or {…, gone: true}
  const frozen = signal(null); // row keys that stay while a hand is on the list
  const more = signal(null); // where the history goes on
  let readAt = null;
  let reading = null;
  let again = false;

  const ended = computed(() => filters.value.show === "ended");
  const list = computed(() => (ended.value ? past.value : open.value));
  const near = computed(() => (list.value ?? []).filter((item) => fits(item, filters.value)));
  const counts = computed(() => Object.fromEntries(Object.entries(views).map(([view, of]) =>
    [view, (open.value ?? []).filter((item) => fits(item, filters.value) && of(item)).length])));
  const sorted = computed(() => {
    const found = near.value.filter(ended.value ? () => true : (views[filters.value.show] ?? views[""]));
    return ended.value ? found : [...found].sort(sort);
  });
  const rows = computed(() => {
    if (!frozen.value) return sorted.value;
    const byKey = new Map(sorted.value.map((item) => [item[id], item]));
    return frozen.value.map((key) => byKey.get(key)).filter(Boolean);
  });
  const moved = computed(() => (frozen.value ? sorted.value.filter((item, i) => frozen.value[i] !== item[id]).length : 0));
  const hold = (on) => {
    if (on !== Boolean(frozen.value)) frozen.value = on ? sorted.value.map((item) => item[id]) : null;
  };

  async function readOpen() {
    let answer = await get(path, { state: "open", limit: PAGE });
    const found = [];
    while (answer.ok) {
      found.push(...answer.data.items);
      if (!answer.data.next || found.length >= MOST_OPEN) break;
      answer = await next(answer.data.next);
    }
    batch(() => {
      signedOut.value = answer.status === 401;
      trouble.value = answer.ok ? null : { text: answer.text, at: readAt };
      if (!answer.ok) return;
      readAt = parkNow();
      open.value = found;
    });
  }
  async function readPast(address_ = null) {
    const answer = address_ ? await next(address_) : await get(path, { state: "ended", limit: PAGE / 4 });
    batch(() => {
      trouble.value = answer.ok ? null : { text: answer.text, at: readAt };
      if (!answer.ok) return;
      const before = address_ ? (past.value ?? []) : [];
      const there = new Set(before.map((item) => item[id]));
      past.value = [...before, ...answer.data.items.filter((item) => !there.has(item[id]))];
      more.value = answer.data.next;
    });
  }
  async function readDetail() {
    const number = chosen.value;
    if (number === null) return;
    const answer = await get(`${path}/${number}`);
    if (number !== chosen.value) return; // another one was chosen meanwhile
    if (answer.ok) detail.value = answer.data;
    else if (answer.status === 404) detail.value = { [id]: number, gone: true };
  }
  function refresh() {
    if (reading) {
      again = true;
      return reading;
    }
    reading = Promise.all([readOpen(), readDetail(), ended.value && !past.value && readPast()]).finally(() => {
      reading = null;
      if (again) {
        again = false;
        refresh();
      }
    });
    return reading;
  }
  /** Puts one beside the list; on a phone in its place, and the back button leads out again. */
  function choose(number) {
    if (number === chosen.value) return;
    const first = chosen.value === null;
    chosen.value = number;
    if (number && first) history.pushState({ chosen: true }, "", address());
    else history.replaceState(history.state, "", address());
    readDetail();
  }
  const leave = () => (history.state?.chosen ? history.back() : choose(null));
  function narrow(changes) {
    batch(() => {
      filters.value = { ...filters.value, ...changes };
      frozen.value = null;
    });
    history.replaceState(history.state, "", address());
    if (ended.value) readPast();
  }
  const known = computed(() => (detail.value?.[id] === chosen.value ? detail.value
    : [...(open.value ?? []), ...(past.value ?? [])].find((item) => item[id] === chosen.value) ?? null));
  /** Takes in one, as the server answered. */
  function takeIn(item) {
    batch(() => {
      if (detail.value?.[id] === item[id] || chosen.value === item[id]) detail.value = { ...detail.value, ...item };
      if (open.value) open.value = open.value.map((each) => (each[id] === item[id] ? { ...each, ...item } : each));
    });
  }
  function recall(query) {
    filters.value = from(query);
    chosen.value = Number(query.get(param)) || null;
    readDetail();
  }
  ledgers[name] = { name, id, param, filters, chosen, open, past, trouble, detail, frozen, more, ended, list, near, counts, rows, moved,
    known, hold, choose, leave, narrow, refresh, readOlder: () => readPast(more.value), takeIn, recall };
  return ledgers[name];
}

addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  batch(() => {
    tab.value = query.get("tab") === "requests" ? "requests" : "orders";
    ledgers[tab.value].recall(query);
  });
});
