// The work orders of the desk: which are shown, and in which order.
import { parkNow } from "../clock.js";
import { byDue, ENDED, leftOf, nextClock, untaken } from "../orders/clocks.js";
import { me } from "../orders/session.js";
import { ledger } from "./ledger.js";

const overdue = (order) => (leftOf(nextClock(order), parkNow()) ?? 0) < 0;

export const orders = ledger({
  name: "orders",
  path: "/work-orders",
  id: "work_order",
  param: "order",
  keys: ["priority", "service", "building", "state"],
  views: {
    "": (order) => !ENDED.has(order.state),
    overdue,
    unassigned: untaken,
    mine: (order) => order.assignee?.login === me(),
  },
  fits: (order, { priority, service, building, state }) => (!priority || order.priority === priority) && (!service || order.service === service)
    && (!building || order.place?.building_id === building) && (!state || order.state === state),
  sort: (a, b) => byDue(a, b),
});
