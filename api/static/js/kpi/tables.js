// By group, by person: rows of figures, n first. From few cases nothing is told of a person.
import { classes, html } from "../html.js";
import { Empty, Tile } from "../tile.js";
import { known, number } from "../format.js";
import { name, t } from "../i18n/index.js";
import { answered, by, BY, choose, clocks } from "./answer.js";
import { keyText, percent, time } from "./words.js";

const ROWS = 10;

function Group({ one }) {
  const respond = clocks("respond", one);
  const restore = clocks("restore", one);
  const text = keyText(by.value, one.key, one.name);
  return html`<li><span class=${classes("name", one.key === null && "unnamed")} title=${one.key ?? ""}>${text}</span>
    <span class="value">${number(respond.n)}</span><span class="value">${percent(respond.attainment)}</span>
    <span class="value">${time(respond.wall.p50_s)}</span><span class="value">${time(respond.wall.p90_s)}</span>
    <span class="value">${percent(restore.attainment)}</span>
    <span class=${classes("value", respond.overdue + restore.overdue > 0 && "bad")}>${number(respond.overdue + restore.overdue)}</span></li>`;
}

export function Groups() {
  const groups = answered()?.groups ?? [];
  const heads = ["n", "respond", "p50", "p90", "restore", "overdue"];
  const rest = groups.length - ROWS;
  return html`<${Tile} of="kpi" id="groups" title=${t("kpi.groups")} note=${rest > 0 ? t("kpi.more", { n: number(rest) }) : t("kpi.groups.note")} kind="list">
    <select aria-label=${t("kpi.by")} value=${by.value} onChange=${(event) => choose({ by: event.target.value })}>
      ${BY.map((each) => html`<option key=${each} value=${each}>${t(`kpi.by.${each}`)}</option>`)}</select>
    <ul class="rows table">${groups.length > 0 && html`<li class="heads"><span></span>${heads.map((head) => html`<span key=${head}>${t(`kpi.head.${head}`)}</span>`)}</li>`}
      ${groups.slice(0, ROWS).map((one) => html`<${Group} key=${`${by.value} ${one.key}`} one=${one} />`)}
      ${!groups.length && html`<li class="none"><${Empty} of="kpi" text=${t("kpi.nothing")} /></li>`}</ul></${Tile}>`;
}

function Card({ one, contractor }) {
  const respond = one.clocks.find((each) => each.kind === "respond");
  return html`<li><span class="name">${name(one.name, one.key)}${contractor && html` <span class="tag">${t("kpi.contractor")}</span>`}</span>
    <span class="value">${number(one.n)}</span><span class="value">${percent(respond.attainment)}</span>
    <span class="value">${time(one.reached.p50_s)}</span><span class="value">${percent(one.proven)}</span>
    <span class="value">${percent(one.fix.fixed)}</span><span class="value">${percent(one.fix.reopened)}</span>
    <span class="value">${known(one.rating.mean) ? number(one.rating.mean, 1) : "—"}<i>${number(one.rating.good.n)}</i></span></li>`;
}

export function Cards() {
  const found = answered("cards");
  // Contractors first: there are few, and they would be cut off.
  const cards = [...(found?.contractors ?? []).map((one) => ({ ...one, contractor: true })), ...(found?.technicians ?? [])];
  const heads = ["orders", "respond", "reached", "proven", "fix", "reopened", "stars"];
  const rest = cards.length - ROWS;
  const few = [t("kpi.cards.note", { n: number(found?.few ?? null) }), rest > 0 && t("kpi.moreCards", { n: number(rest) })].filter(Boolean).join(" · ");
  return html`<${Tile} of="cards" id="cards" title=${t("kpi.cards")} note=${few} kind="list">
    <ul class="rows table">${cards.length > 0 && html`<li class="heads"><span></span>${heads.map((head) => html`<span key=${head}>${t(`kpi.head.${head}`)}</span>`)}</li>`}
      ${cards.slice(0, ROWS).map((one) => html`<${Card} key=${`${one.contractor} ${one.key}`} one=${one} contractor=${one.contractor} />`)}
      ${!cards.length && html`<li class="none"><${Empty} of="cards" text=${t("kpi.nothing")} /></li>`}</ul></${Tile}>`;
}
