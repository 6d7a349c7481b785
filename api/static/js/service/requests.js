// What people asked for, as the desk sees it: which are shown, in which order, and in words.
import { parkNow } from "../clock.js";
import { span } from "../format.js";
import { name, t, word } from "../i18n/index.js";
import { dueText } from "../orders/words.js";
import { ledger } from "./ledger.js";

const OVER = new Set(["closed", "declined", "cancelled"]);
const ANSWERED = new Set(["answered", "confirmed"]);

/** Seconds until an outcome is due, negative past it; null where none is promised, or it is there. */
export function leftOf({ due, state }, now = parkNow()) {
  return !due || OVER.has(state) || ANSWERED.has(state) || now === null ? null : (Date.parse(due) - now) / 1000;
}
const rank = (request) => [ANSWERED.has(request.state) ? 1 : 0, request.supervised ? 0 : 1, request.due && !ANSWERED.has(request.state) ? Date.parse(request.due) : Infinity, Date.parse(request.created)];

/** What is supervised first, then by what is due, then the oldest; what is answered last. */
export function byWait(a, b) {
  const [left, right] = [rank(a), rank(b)];
  const i = left.findIndex((value, n) => value !== right[n]);
  return i < 0 ? a.request - b.request : left[i] < right[i] ? -1 : 1;
}

export const requests = ledger({
  name: "requests",
  path: "/requests",
  id: "request",
  param: "request",
  keys: ["category", "state"],
  views: {
    "": (request) => !OVER.has(request.state),
    supervised: (request) => request.supervised,
    overdue: (request) => (leftOf(request) ?? 0) < 0,
  },
  fits: (request, { category, state }) => (!category || request.category === category) && (!state || request.state === state),
  sort: byWait,
});

export const requestNumber = (request) => t("request.number", { n: request.request });
export const requestTitle = (request) => name(request.service_name, request.service);
export const requestStateText = (state) => word(`requestState.${state}`, state);
export const requestActionText = (action) => word(`requestAction.${action}`, action);
export const channelText = (channel) => word(`channel.${channel}`, channel);
/** "due 24 Nov 18:00, 3 h left"; what promises nothing says so. */
export function dueLine(request) {
  const left = leftOf(request);
  if (!request.due) return t("request.noDue");
  if (left === null) return t("sla.due", { at: dueText(request.due) });
  return `${t("sla.due", { at: dueText(request.due) })}${t("list.comma")}${t(left < 0 ? "sla.over" : "sla.left", { span: span(Math.abs(left)) })}`;
}
/** Who asked, and by which way. */
export const askerText = (request) => [request.company ? name(request.company.name) : request.entered_by === "visitor" ? t("request.visitor") : request.entered_by, channelText(request.channel)].join(" · ");
