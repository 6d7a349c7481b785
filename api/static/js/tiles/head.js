// Whose park, how live the picture is, and what time it is there.
import { Account } from "../account.js";
import { LANG } from "../config.js";
import { parkNow } from "../clock.js";
import { html } from "../html.js";
import { data, database, intakeSilent, lost, stream, streamAge, tick } from "../store.js";
import { clockTime, dayName, zoneName } from "../time.js";
import { number, span } from "../format.js";
import { name, t } from "../i18n/index.js";
import { Nav } from "../orders/nav.js";

function Live() {
  const age = streamAge.value;
  if (stream.value === "none") return html`<span class="live gone" role="status">${t("live.none")}</span>`;
  if (lost.value) {
    const text = age === null ? t("live.unreached") : t("live.lost", { span: span(age) });
    return html`<span class="live gone" role="status">${text}</span>`;
  }
  if (stream.value === "opening") return html`<span class="live">${t("live.opening")}</span>`;
  if (database.value === "away") return html`<span class="live gone" role="status">${t("live.noDatabase")}</span>`;
  if (intakeSilent.value !== null) {
    return html`<span class="live gone" role="status">${t("live.noIntake", { span: span(intakeSilent.value) })}</span>`;
  }
  return html`<span class="live on">${t("live.on", { age: number(age, 1) })}</span>`;
}

function Clock() {
  tick.value;
  const now = parkNow();
  if (now === null) return html`<span class="clock unknown">--:--:--</span>`;
  return html`<time class="clock" datetime=${new Date(now).toISOString()}>${clockTime(now)}</time>
    <span class="date">${dayName(now)} · ${zoneName(now)}</span>`;
}

function Languages() {
  const address = (lang) => {
    const query = new URLSearchParams(location.search);
    query.set("lang", lang);
    return `?${query}`;
  };
  const other = LANG === "zh" ? "en" : "zh";
  return html`<a class="languages" href=${address(other)} lang=${other === "zh" ? "zh-CN" : "en"}
    >${other === "zh" ? "中文" : "English"}</a>`;
}

/** `title`: the screen's own, where it is not the overview; `here`: which of the pages it is, for the ways to the others. */
export function Head({ title = t("title"), here }) {
  const park = data("park");
  return html`<header class="head">
    <h1>${name(park.name, "smartpark")} <span>${title}</span></h1>
    ${here && html`<${Nav} here=${here} />`}
    <${Live} /><${Clock} /><${Languages} /><${Account} />
  </header>`;
}
