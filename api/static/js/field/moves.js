// What a technician does next, and where it leads, so that a phone without a signal goes on. The server decides in the end.
const UNTAKEN = ["new", "reopened"];
const TAKEN = ["accepted", "en_route", "on_site", "waiting"];

/** From which states each act leads where; null stays (the same table as pipeline/domain/work_order.py: a test compares). */
export const MOVES = {
  accept: [UNTAKEN, "accepted"],
  release: [TAKEN, "new"],
  depart: [["accepted", "waiting", "on_site"], "en_route"],
  arrive: [["accepted", "en_route", "waiting"], "on_site"],
  wait: [["accepted", "en_route", "on_site"], "waiting"],
  resume: [["waiting"], "accepted"],
  finish: [TAKEN, "done"],
};
/** Reasons that the server takes; a test compares these, too. */
export const WAITS = ["parts", "access", "tenant", "contractor", "permit", "weather"];

const FIRST = { new: "accept", reopened: "accept", accepted: "depart", en_route: "arrive", on_site: "finish", waiting: "resume" };

export const can = (state, action) => !MOVES[action] || MOVES[action][0].includes(state);

/** The act that an order waits for; null for none. Who was there already does not set out again. */
export function firstAct(state, order = {}) {
  if (state === "accepted" && order.responded && !order.reopenings) return "arrive";
  return FIRST[state] ?? null;
}

/** What else can be done, in the order in which it is offered. */
export const otherActs = (state, first) =>
  ["arrive", "finish", "depart", "wait", "comment", "photo", "release"].filter((action) => action !== first && can(state, action));

/** The state that an order will have once `acts` (queued, oldest first) have arrived; what does not fit changes nothing. */
export const predicted = (state, acts) =>
  acts.reduce((at, { action }) => (MOVES[action] && can(at, action) ? MOVES[action][1] : at), state);
