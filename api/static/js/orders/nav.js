// The ways between the pages, as far as whoever is signed in may go.
import { classes, html } from "../html.js";
import { t } from "../i18n/index.js";
import { may, session } from "./session.js";

const PAGES = [
  ["overview", "/", ["park.read"]],
  ["alarms", "/alarms", ["alarm.act", "park.read"]],
  ["service", "/service", ["order.read", "request.read"]],
  ["kpi", "/kpi", ["kpi.read"]],
  ["field", "/field", ["order.work"]],
];
const park = () => new URLSearchParams(location.search).get("park");

/** `here`: the page that this is. A screen that only shows (role wall) has nobody who could go anywhere. */
export function Nav({ here }) {
  if (!session.value || session.value.role === "wall") return null;
  const query = park() ? `?park=${encodeURIComponent(park())}` : "";
  return html`<nav class="pages" aria-label=${t("nav.title")}>${PAGES.filter(([, , needed]) => may(...needed)).map(([page, path]) => html`
    <a key=${page} href=${path + query} class=${classes(page === here && "here")} aria-current=${page === here ? "page" : undefined}>${t(`nav.${page}`)}</a>`)}</nav>`;
}
