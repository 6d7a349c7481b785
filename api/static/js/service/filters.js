// What a list is narrowed to: views with their counts, then what its items name.
import { html } from "../html.js";
import { number } from "../format.js";
import { name, t, word } from "../i18n/index.js";
import { stateWord } from "../orders/words.js";
import { placeName } from "./list.js";
import { orders } from "./orders.js";
import { requests, requestStateText } from "./requests.js";

/** [value, text] of what the items name, each once, by its text. */
function named(ledger, of, text) {
  const found = new Map([...(ledger.open.value ?? []), ...(ledger.past.value ?? [])].map((item) => [of(item), text(item)]));
  for (const nothing of [undefined, null, ""]) found.delete(nothing);
  return [...found].sort((a, b) => String(a[1]).localeCompare(String(b[1])));
}

function Choice({ ledger, of, every, options }) {
  const value = ledger.filters.value[of];
  const known = !value || options.some(([option]) => option === value);
  return html`<select value=${value} aria-label=${every} name=${of} onChange=${(event) => ledger.narrow({ [of]: event.currentTarget.value })}>
    <option value="">${every}</option>
    ${!known && html`<option value=${value}>${value}</option>`}
    ${options.map(([option, text]) => html`<option key=${option} value=${option}>${text}</option>`)}</select>`;
}

function Views({ ledger, views }) {
  const { show } = ledger.filters.value;
  return html`<div class="states" role="group" aria-label=${t("filter.state")}>${views.map((view) => html`<button key=${view} type="button"
    aria-pressed=${show === view} onClick=${() => ledger.narrow({ show: view })}>${t(`service.view.${view || "open"}`)}${
      view !== "ended" && ledger.open.value && html` <b>${number(ledger.counts.value[view])}</b>`}</button>`)}</div>`;
}

export function OrderFilters() {
  return html`<div class="filters"><${Views} ledger=${orders} views=${["", "overdue", "unassigned", "mine", "ended"]} />
    <${Choice} ledger=${orders} of="priority" every=${t("filter.priority")} options=${["P1", "P2", "P3", "P4"].map((each) => [each, each])} />
    <${Choice} ledger=${orders} of="service" every=${t("service.every.service")} options=${named(orders, (o) => o.service, (o) => name(o.service_name, o.service))} />
    <${Choice} ledger=${orders} of="building" every=${t("filter.building")} options=${named(orders, (o) => o.place?.building_id, placeName)} />
    <${Choice} ledger=${orders} of="state" every=${t("service.every.state")} options=${named(orders, (o) => o.state, (o) => stateWord(o.state))} /></div>`;
}

export function RequestFilters() {
  return html`<div class="filters"><${Views} ledger=${requests} views=${["", "supervised", "overdue", "ended"]} />
    <${Choice} ledger=${requests} of="category" every=${t("service.every.category")} options=${named(requests, (r) => r.category, (r) => word(`category.${r.category}`, r.category))} />
    <${Choice} ledger=${requests} of="state" every=${t("service.every.state")} options=${named(requests, (r) => r.state, (r) => requestStateText(r.state))} /></div>`;
}
