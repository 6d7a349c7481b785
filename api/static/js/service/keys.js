// The keyboard of the desk: arrows choose, Enter goes to what is chosen, letters act. Whoever types is left alone.
import { perform } from "./acts.js";
import { form } from "./acting.js";
import { tab, turnTo } from "./ledger.js";
import { orders } from "./orders.js";
import { entering } from "./page.js";
import { requests } from "./requests.js";

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
const ORDERS = { a: "assign", p: "priority", c: "comment", f: "confirm" };
const REQUESTS = { a: "answer", t: "transfer", c: "comment", q: "quote" };

function step(ledger, by) {
  const list = ledger.rows.value;
  const at = list.findIndex((item) => item[ledger.id] === ledger.chosen.value);
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
  if (!next) return;
  ledger.choose(next[ledger.id]);
  requestAnimationFrame(() => document.querySelector("#list .row.chosen")?.scrollIntoView({ block: "nearest" }));
}

function escape(ledger) {
  document.activeElement?.blur?.();
  if (entering.value) entering.value = false;
  else if (form.value) form.value = null;
  else if (ledger.chosen.value) ledger.leave();
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const ledger = tab.value === "orders" ? orders : requests;
  if (event.key === "Escape") return escape(ledger);
  if (event.target.closest?.("input, textarea, select, dialog")) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const acts = tab.value === "orders" ? ORDERS : REQUESTS;
  const known = ledger.known.value;
  if (STEPS[key]) step(ledger, STEPS[key]);
  else if (key === "Enter" && ledger.chosen.value && !event.target.closest?.("a, button:not(.face)")) document.querySelector("#acts button")?.focus();
  else if (key === "1" || key === "2") turnTo(key === "1" ? "orders" : "requests");
  else if (acts[key] && known && !known.gone) perform({ [tab.value === "orders" ? "order" : "request"]: known }, acts[key]);
  else return undefined;
  return event.preventDefault();
}
export const listen = () => addEventListener("keydown", onKey);
