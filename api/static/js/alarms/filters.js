// What the list is narrowed to: states with their counts, then priority, position and building.
import { html } from "../html.js";
import { number } from "../format.js";
import { name, t } from "../i18n/index.js";
import { closedShown, counts, filters, narrow, open, past } from "./ledger.js";
import { PRIORITIES } from "./order.js";
import { positionText, priorityText } from "./words.js";

const STATES = ["open", "unacknowledged", "acknowledged", "returned", "held", "closed"];

/** [value, text] of what the alarms name, each once, by its text. */
function named(of, text) {
  const found = new Map([...(open.value ?? []), ...(past.value ?? [])].map((alarm) => [of(alarm), text(alarm)]));
  found.delete(undefined);
  found.delete(null);
  return [...found].sort((a, b) => a[1].localeCompare(b[1]));
}

function Choice({ of, every, options }) {
  const value = filters.value[of];
  const known = !value || options.some(([option]) => option === value);
  return html`<select value=${value} aria-label=${every} onChange=${(event) => narrow({ [of]: event.currentTarget.value })}>
    <option value="">${every}</option>
    ${!known && html`<option value=${value}>${value}</option>`}
    ${options.map(([option, text]) => html`<option key=${option} value=${option}>${text}</option>`)}</select>`;
}

export function Filters() {
  const state = filters.value.state;
  return html`<div class="filters">
    <div class="states" role="group" aria-label=${t("filter.state")}>${STATES.map((each) => html`<button key=${each} type="button"
      aria-pressed=${state === each} onClick=${() => narrow({ state: each })}>${t(`filter.${each}`)}${
        each !== "closed" && open.value && html` <b>${number(counts.value[each])}</b>`}</button>`)}</div>
    <${Choice} of="priority" every=${t("filter.priority")} options=${PRIORITIES.map((each) => [each, priorityText(each)])} />
    <${Choice} of="position" every=${t("filter.position")} options=${named((a) => a.position, (a) => positionText(a.position))} />
    ${!closedShown.value && html`<${Choice} of="building" every=${t("filter.building")}
      options=${named((a) => a.subject?.building_id, (a) => name(a.subject?.building, a.subject?.building_id ?? ""))} />`}
  </div>`;
}
