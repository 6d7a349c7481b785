// Gates that stand together are one entrance on the map: their flows are summed, their names cut to what they share.
import { known } from "../format.js";

/** What all names begin with, up to a comma, without a trailing number, separator or half a word. */
export function sharedName(names) {
  if (names.length === 1) return names[0];
  let shared = names[0];
  for (const other of names) while (!other.startsWith(shared)) shared = shared.slice(0, -1);
  const comma = shared.search(/[,，]/u);
  if (comma > 0) return shared.slice(0, comma);
  const tidy = (text) => text.replace(/[\s\d#·\-–—(（第]+$/u, "");
  const cut = /[A-Za-z]$/.test(shared) && names.some((n) => /^[A-Za-z]/.test(n.slice(shared.length)))
    ? shared.replace(/[A-Za-z]+$/, "") : shared;
  return tidy(cut) || names[0];
}

const sum = (gates, key) => {
  const values = gates.map((gate) => gate[key]).filter(known);
  return values.length ? values.reduce((a, b) => a + b, 0) : null;
};

/**
 * gates: [{device_id, label, at: [u, v] or null, state, in_per_min, out_per_min}]; those nearer to each other than
 * `reach` (in the same units as at) form one entrance {id, label, at, lanes, silent, state, alarm, in, out}; alarm is the
 * worst of theirs: "high", "medium" or "".
 */
export function entrances(gates, reach) {
  const groups = [];
  for (const gate of gates.filter((g) => g.at)) {
    const near = groups.find((group) => Math.hypot(group[0].at[0] - gate.at[0], group[0].at[1] - gate.at[1]) < reach);
    if (near) near.push(gate);
    else groups.push([gate]);
  }
  return groups.map((group) => {
    const count = (state) => group.filter((gate) => gate.state === state).length;
    const online = count("online");
    const heardFrom = group.filter((gate) => gate.state === "online");
    return {
      id: group[0].device_id,
      label: sharedName(group.map((gate) => gate.label)),
      at: [0, 1].map((k) => group.reduce((s, gate) => s + gate.at[k], 0) / group.length),
      lanes: group.length,
      silent: group.length - online,
      state: online ? "online" : count("offline") ? "offline" : "unknown",
      alarm: ["high", "medium"].find((level) => group.some((gate) => gate.alarm === level)) ?? "",
      in: sum(heardFrom, "in_per_min"),
      out: sum(heardFrom, "out_per_min"),
    };
  });
}
