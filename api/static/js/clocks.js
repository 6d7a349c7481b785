// Devices that are wrong about the time: in words, and as a list for any page that wants one.
import { html, useEffect, useState } from "./html.js";
import { placeOf } from "./place.js";
import { known, number, span } from "./format.js";
import { clockTime, shortDay } from "./time.js";
import { name, t, word } from "./i18n/index.js";

const BEIJING_S = 8 * 3600;
const ASK_MS = 30000;

/** Whole minutes, because a message is always some seconds on its way. */
const distance = (seconds) => (seconds < 120 ? Math.round(seconds) : Math.round(seconds / 60) * 60);

/** "clock 8 h ahead: Beijing time sent as UTC", of an entry of /device-clocks or of the health tile. */
export function clockText({ fault, offset_s: offset }) {
  const by = known(offset) ? t(offset < 0 ? "clock.slow" : "clock.fast", { span: span(distance(Math.abs(offset))) }) : "";
  if (fault === "zone-as-utc" && offset === BEIJING_S) return t("clock.beijing-as-utc", { by });
  if (fault === "zone-as-utc" && offset === -BEIJING_S) return t("clock.utc-as-beijing", { by });
  return word(`clock.${fault}`, fault).replace("{by}", by);
}

const at = (instant) => (instant ? `${shortDay(instant)} ${clockTime(instant)}` : "—");

function Row({ entry }) {
  return html`<tr>
    <td><b title=${entry.device_id}>${name(entry.name, entry.device_id)}</b> <i>${placeOf(entry)}</i></td>
    <td title=${entry.reason}>${clockText(entry)}${entry.distrusted && html` <i>${t("clock.distrusted")}</i>`}</td>
    <td>${at(entry.since)}</td><td>${at(entry.claimed)}</td><td>${at(entry.received)}</td>
    <td class="value">${number(entry.count)}</td>
  </tr>`;
}

/** The list of a park's wrong clocks, asked for again every half a minute. `park` is its id. */
export function DeviceClocks({ park }) {
  const [found, keep] = useState({ items: null, away: false });
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      try {
        const answer = await fetch(`/api/v1/device-clocks?limit=200&park=${encodeURIComponent(park)}`);
        if (!answer.ok) throw new Error(answer.statusText);
        const { items } = await answer.json();
        if (!gone) keep({ items, away: false });
      } catch {
        if (!gone) keep((before) => ({ ...before, away: true })); // the last list stays, and says that it is old
      }
    };
    ask();
    const timer = setInterval(ask, ASK_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [park]);
  return html`<section class="clocks" id="clocks" aria-label=${t("clock.title")}>
    <h2>${t("clock.title")}</h2>
    ${found.away && html`<p class="empty" role="status">${t("clock.away")}</p>`}
    ${found.items?.length === 0 && html`<p class="empty">${t("clock.none")}</p>`}
    ${found.items?.length > 0 && html`<table>
      <thead><tr>${["device", "fault", "since", "claimed", "received", "messages"].map((column) => html`<th key=${column}>${word(`clock.${column}`, column)}</th>`)}</tr></thead>
      <tbody>${found.items.map((entry) => html`<${Row} key=${entry.device_id} entry=${entry} />`)}</tbody>
    </table>`}
  </section>`;
}
