// Where the figures come from: the database by name, and plainly when it is one for demonstration only.
import { BUILD } from "../config.js";
import { html } from "../html.js";
import { data } from "../store.js";
import { name, t } from "../i18n/index.js";

export function Foot() {
  const park = data("park");
  const database = (park.database || t("unknown")).split(" without ")[0];
  return html`<footer class="foot">
    <span>${[name(park.address), park.time_zone].filter(Boolean).join(" · ")}</span>
    ${park.demonstration_only
      ? html`<strong class="notice">${t("foot.demonstration", { database })}</strong>`
      : html`<span>${[t("foot.database", { database }), park.notice].filter(Boolean).join(" · ")}</span>`}
    <span>${t("foot.build", { build: BUILD })}</span>
  </footer>`;
}
