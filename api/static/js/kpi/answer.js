// What the page asked and was answered: span and grouping, and three answers of the API, each as a tile of its own.
import { ask } from "../follow.js";
import { effect, signal } from "../html.js";
import { applyTile, data } from "../store.js";

export const SPANS = [30, 90, 180]; // days
export const BY = ["service", "priority", "space", "company", "contractor", "shift", "assignee", "origin"];
const AGAIN_MS = 120000; // half a year of orders takes the server a second or two
const STALE_AFTER_S = 600;

const given = new URLSearchParams(location.search);
export const days = signal(SPANS.includes(Number(given.get("days"))) ? Number(given.get("days")) : 30);
export const by = signal(BY.includes(given.get("by")) ? given.get("by") : "service");

/** What was chosen stays in the address, so that a link and the nightly reload show the same. */
export function choose(what) {
  if (what.days) days.value = what.days;
  if (what.by) by.value = what.by;
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(what)) query.set(key, value);
  history.replaceState(null, "", `?${query}`);
}

/** An answer to what is chosen now; null before that: another span's figures are never shown under this one's name. */
export const answered = (tile = "kpi") => (data(tile).asked === asked(tile) ? data(tile) : null);
const asked = (tile) => (tile === "forecast" ? "" : tile === "cards" ? `${days.value}` : `${days.value} ${by.value}`);
/** The clocks of a kind: of all, or of a group. */
export const clocks = (kind, of = answered()) => of?.clocks.find((one) => one.kind === kind) ?? null;

/** Where tables are to be had. */
export const download = (kind, lang) => {
  const park = given.get("park");
  return `/api/v1/kpi.${kind}?days=${days.value}&by=${by.value}&lang=${lang}${park ? `&park=${encodeURIComponent(park)}` : ""}`;
};

/** Asks now, whenever something else is chosen, and every two minutes. */
export function keepAsking(park) {
  const of = `park=${encodeURIComponent(park)}`;
  const paths = {
    kpi: () => `/kpi?${of}&days=${days.value}&by=${by.value}`,
    cards: () => `/kpi/scorecards?${of}&days=${days.value}`,
    forecast: () => `/kpi/forecast?${of}&limit=40&overdue=false`,
  };
  const newest = {};
  async function look(tile) {
    const number = (newest[tile] = (newest[tile] ?? 0) + 1);
    const what = asked(tile);
    const found = await ask(paths[tile]());
    if (!found || number !== newest[tile]) return;
    applyTile({ name: tile, as_of: found.now, stale_after_s: STALE_AFTER_S, data: { ...found, asked: what } });
  }
  for (const tile of Object.keys(paths)) {
    effect(() => {
      paths[tile]();
      look(tile);
    });
    setInterval(() => look(tile), AGAIN_MS);
  }
}
