// What alarms most, with the setting that would have spared it; and what the figures leave out.
import { parkNow } from "../clock.js";
import { html } from "../html.js";
import { tick } from "../store.js";
import { Empty, Fact, Tile } from "../tile.js";
import { known, number, short, span } from "../format.js";
import { stamp } from "../time.js";
import { name, t } from "../i18n/index.js";
import { shown } from "./answer.js";
import { doubt } from "./figures.js";

const ENOUGH = 3; // alarms; fewer say nothing of a setting

function adviceText({ advice, alarms, median_s: stood, unit }) {
  if (advice) {
    const { kind, amount, alarms: n, left } = advice;
    const values = { n: number(n), left: number(left), span: span(amount), amount: `${short(amount)}${unit ? ` ${unit}` : ""}` };
    return kind === "off-delay" ? t("advice.off", values) : kind === "on-delay" ? t("advice.on", values) : t("advice.deadband", values);
  }
  if (alarms < ENOUGH) return t("advice.few");
  return known(stood) ? t("advice.none", { span: span(stood) }) : t("advice.stands");
}

/** What it is of: a device, or a place. */
const subjectText = (one) => name(one.device_name, one.device_id || "") || name(one.space_name, one.space_id ?? "");

function Nuisance({ one }) {
  tick.value; // its times need the zone, which comes by the stream
  const marks = [one.chattering && t("aq.chatters"), one.fleeting > 0 && t("aq.fleeting", { n: number(one.fleeting) })].filter(Boolean);
  return html`<li><span class="name" title=${one.rule_id}>${[name(one.rule_name, one.rule_id), subjectText(one)].filter(Boolean).join(" · ")}</span>
    <span class="value">${number(one.alarms)}<i>${number(one.share, one.share < 10 ? 1 : 0)} %</i></span>
    <span class="about">${marks.map((mark) => html`<span class="tag">${mark}</span> `)}${adviceText(one)} · ${t("rejects.last", { at: stamp(one.last, parkNow()) })}</span></li>`;
}

export function Nuisances() {
  const list = shown()?.nuisances ?? [];
  return html`<${Tile} of="quality" id="nuisances" title=${t("nuisances.title")} note=${t("nuisances.note")} kind="list">
    <ul class="rows">${list.map((one) => html`<${Nuisance} key=${`${one.rule_id} ${one.device_id} ${one.point} ${one.space_id}`} one=${one} />`)}
      ${!list.length && html`<li><${Empty} of="quality" text=${t("nuisances.none")} /></li>`}</ul></${Tile}>`;
}

export function Beside() {
  const item = shown();
  const { acknowledged = {}, apart = {} } = item ?? {};
  const share = acknowledged.share;
  return html`<${Tile} of="quality" id="beside" title=${t("beside.title")}>
    <div class="facts">
      <${Fact} label=${t("beside.acknowledged", { n: number(acknowledged.n ?? null) })} value=${`${short(share)} %`} known=${known(share)} />
      <${Fact} label=${t("beside.median")} value=${span(acknowledged.median_s)} known=${known(acknowledged.median_s)} />
      <${Fact} label=${t("beside.maintenance")} value=${number(apart.maintenance)} known=${known(apart.maintenance)} />
      <${Fact} label=${t("beside.held")} value=${number(apart.held)} known=${known(apart.held)} />
      <${Fact} label=${t("beside.historic")} value=${number(apart.historic)} known=${known(apart.historic)} />
    </div>
    ${item && html`<p class="hint">${item.covered ? t("beside.covered") : doubt(item)}</p>`}
  </${Tile}>`;
}
