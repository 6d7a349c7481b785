// The clocks of an order, in numbers: which one matters now, how much of it is left, and which order is due first. Pure.
export const KINDS = ["acknowledge", "respond", "restore"];
const TICKING = new Set(["running", "paused"]);
const UNTAKEN = new Set(["new", "reopened"]);
const THERE = new Set(["on_site", "done", "confirmed"]);
export const FINISHED = new Set(["done", "confirmed"]);
export const ENDED = new Set(["closed", "rejected", "cancelled"]);

/** Seconds until it is due, negative past it; null where it is paused, over, or nobody knows the time. `now` in ms. */
export const leftOf = (clock, now) =>
  (clock?.state === "running" && clock.due && now !== null ? (Date.parse(clock.due) - now) / 1000 : null);

/** Whether a clock still matters in a state that the server may not have heard of yet. */
function matters({ kind, state }, at) {
  if (!TICKING.has(state) || ENDED.has(at) || FINISHED.has(at)) return false;
  if (kind === "acknowledge") return UNTAKEN.has(at);
  return kind === "restore" || !THERE.has(at);
}

/** The clock of an order that is due first; a paused one where none runs; null where nobody is waited for. */
export function nextClock(order, state = order.state) {
  const open = (order.clocks ?? []).filter((clock) => matters(clock, state));
  const running = open.filter((clock) => clock.state === "running" && clock.due)
    .sort((a, b) => Date.parse(a.due) - Date.parse(b.due) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  return running[0] ?? open.find((clock) => clock.state === "paused") ?? open[0] ?? null;
}

const rank = (order, state) => {
  const clock = nextClock(order, state);
  if (FINISHED.has(state) || ENDED.has(state)) return [2, 0];
  return clock?.state === "running" && clock.due ? [0, Date.parse(clock.due)] : [1, 0];
};

/** What is due first stands first (so: overdue, then time left), then what is paused or without a clock, then what is done. */
export function byDue(a, b, stateOf = (order) => order.state) {
  const [left, right] = [rank(a, stateOf(a)), rank(b, stateOf(b))];
  return left[0] - right[0] || left[1] - right[1] || Date.parse(a.created) - Date.parse(b.created) || a.work_order - b.work_order;
}

/** "over", "near" (a fifth of the target is left, or five minutes), "calm", "paused", or "none". */
export function urgency(clock, now) {
  if (!clock) return "none";
  if (clock.state === "paused") return "paused";
  const left = leftOf(clock, now);
  if (left === null) return "none";
  if (left < 0) return "over";
  return left < Math.max(300, Math.min(3600, (clock.target_s ?? 0) / 5)) ? "near" : "calm";
}

/** How many are overdue, due within `within_s`, and untaken. */
export function tally(orders, now, within_s = 1800) {
  const found = { overdue: 0, soon: 0, nobody: 0, open: 0 };
  for (const order of orders) {
    if (ENDED.has(order.state)) continue;
    found.open += 1;
    if (FINISHED.has(order.state)) continue;
    const left = leftOf(nextClock(order), now);
    if (left !== null && left < 0) found.overdue += 1;
    else if (left !== null && left <= within_s) found.soon += 1;
    if (UNTAKEN.has(order.state)) found.nobody += 1;
  }
  return found;
}
export const untaken = (order) => UNTAKEN.has(order.state);

/** 0:04:12: three parts always, or it would read as a time of day; its sign is left to the words around it. */
export function countdown(seconds) {
  const s = Math.floor(Math.abs(seconds));
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
}
