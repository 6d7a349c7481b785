// Is every device heard: each family as one thin bar, the silent ones by name and for how long.
import { html } from "../html.js";
import { data, tick } from "../store.js";
import { Empty, Tile } from "../tile.js";
import { parkNow } from "../clock.js";
import { known, number, span } from "../format.js";
import { clockText } from "../clocks.js";
import { placeOf } from "../place.js";
import { name, t, word } from "../i18n/index.js";

const seconds = (iso) => (iso && parkNow() !== null ? (parkNow() - Date.parse(iso)) / 1000 : null);

function Family({ family }) {
  const { total, online, offline, unknown } = family;
  const share = (n) => ({ width: `${total > 0 ? (n / total) * 100 : 0}%` });
  return html`<li class="family">
    <span class="name">${word(`family.${family.family}`, family.family)}</span>
    <span class="missing">${offline > 0 && html`<b class="offline">${t("health.offline", { n: number(offline) })}</b>`}
      ${unknown > 0 && html`<b class="unheard">${t("health.unknown", { n: number(unknown) })}</b>`}</span>
    <span class="value">${number(online)}<i> / ${number(total)}</i></span>
    <${Oldest} iso=${family.oldest_heard} />
    <span class="bar" aria-hidden="true">
      <i class="online" style=${share(online)}></i><i class="offline" style=${share(offline)}></i>
      <i class="unheard" style=${share(unknown)}></i></span>
  </li>`;
}

function Oldest({ iso }) {
  tick.value;
  return html`<span class="when">${iso ? span(seconds(iso)) : t("age.never")}</span>`;
}

function Silent({ device }) {
  tick.value;
  const building = placeOf(device);
  return html`<li>
    <span class="tag dashed">${t("state.offline")}</span>
    <span class="name" title=${device.device_id}>${name(device.name, device.device_id)}</span>
    <span class="place">${building}</span>
    <span class="when">${span(seconds(device.heard ?? device.since))}</span>
  </li>`;
}

function Wrong({ device }) {
  return html`<li class="two">
    <span class="tag medium">${t("clock.tag")}</span>
    <span class="name" title=${device.device_id}>${name(device.name, device.device_id)}</span>
    <span class="place">${placeOf(device)}</span>
    <span class="about">${clockText(device)}</span>
  </li>`;
}

export function Health() {
  const { families = [], offline_devices: silent = [], clocks = [], offline } = data("health");
  return html`<${Tile} of="health" title=${t("health.title")} kind="health" note=${t("health.columns")}>
    <ul class="families">${families.map((family) => html`<${Family} key=${family.family} family=${family} />`)}</ul>
    ${families.length > 0 && html`<ul class="rows thin">
      ${silent.map((device) => html`<${Silent} key=${device.device_id} device=${device} />`)}
      ${clocks.map((device) => html`<${Wrong} key=${`clock ${device.device_id}`} device=${device} />`)}
      ${!silent.length && html`<li class="quiet">${offline === 0 ? t("health.none") : t("unknown")}</li>`}
    </ul>`}
    ${!families.length && html`<${Empty} of="health" text=${t("unknown")} />`}
  </${Tile}>`;
}
