// The keyboard of the page: arrows choose, letters act on what is chosen. Whoever types in a field is left alone.
import { acknowledge, alarmOf, asking, form, sending } from "./acting.js";
import { perform } from "./acts.js";
import { choose, chosen, leave, marked, steps, toggle } from "./ledger.js";

const ACTS = { a: "acknowledge", c: "comment", s: "shelve", o: "out-of-service", r: "reset" };
const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

function step(by) {
  const list = steps.value;
  const at = list.findIndex((alarm) => alarm.alarm === chosen.value);
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
  if (!next) return;
  choose(next.alarm);
  requestAnimationFrame(() => document.getElementById(`row-${next.alarm}`)?.scrollIntoView({ block: "nearest" }));
}

function escape() {
  if (asking.value) asking.value = null;
  else if (form.value) form.value = null;
  else if (marked.value.size) marked.value = new Set();
  else if (chosen.value) leave();
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.activeElement?.blur?.();
    return escape();
  }
  if (event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog")) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const alarm = alarmOf(chosen.value);
  if (STEPS[key]) step(STEPS[key]);
  else if (key === "x" && chosen.value) toggle([chosen.value]);
  else if (key === "a" && marked.value.size && !sending.value) acknowledge([...marked.value].filter((n) => !alarmOf(n)?.acknowledged && !alarmOf(n)?.hold), { many: true });
  else if (ACTS[key] && alarm) perform(alarm, ACTS[key]);
  else return undefined;
  return event.preventDefault();
}

export const listen = () => addEventListener("keydown", onKey);
