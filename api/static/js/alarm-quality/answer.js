// What the page asked and was answered: the span, the operator position, and the API's figures, as a tile of their own.
import { ask } from "../follow.js";
import { effect, signal } from "../html.js";
import { applyTile, data, tick } from "../store.js";

export const SPANS = [1, 7, 30]; // days
const AGAIN_MS = 30000;
const STALE_AFTER_S = 120;

const given = new URLSearchParams(location.search);
export const days = signal(SPANS.includes(Number(given.get("days"))) ? Number(given.get("days")) : 30);
/** The position chosen; empty: the one that misses most. */
export const position = signal(given.get("position") ?? "");

/** What was chosen stays in the address, so that a link and the nightly reload show the same. */
export function choose(what) {
  if (what.days) days.value = what.days;
  if (what.position) position.value = what.position;
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(what)) query.set(key, value);
  history.replaceState(null, "", `?${query}`);
}

/** The positions as answered for the span that is chosen now; null before that. */
export function positions() {
  const { items, days: answered } = data("quality");
  return items && answered === days.value ? items : null;
}

/** The position that is shown; null where there is none. Whoever shows it shows times, whose zone comes by the stream. */
export function shown() {
  tick.value;
  const items = positions() ?? [];
  return items.find((item) => item.position === position.value) ?? items[0] ?? null;
}

/** Asks now, whenever another span is chosen, and every half minute. */
export function keepAsking(park) {
  let newest = 0;
  async function look() {
    const number = ++newest;
    const answer = await ask(`/alarm-quality?park=${encodeURIComponent(park)}&days=${days.value}`);
    // An answer to what is no longer asked would show another span's figures.
    if (answer && number === newest) applyTile({ name: "quality", as_of: answer.now, stale_after_s: STALE_AFTER_S, data: answer });
  }
  effect(() => {
    days.value;
    look();
  });
  setInterval(look, AGAIN_MS);
}
