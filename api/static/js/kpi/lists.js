// Which promises are about to be broken, why others were, and what tenants say of it.
import { parkNow } from "../clock.js";
import { classes, html } from "../html.js";
import { tick } from "../store.js";
import { Empty, Fact, Tile } from "../tile.js";
import { known, number, span } from "../format.js";
import { stamp } from "../time.js";
import { name, t } from "../i18n/index.js";
import { answered, clocks } from "./answer.js";
import { between, causeText, chance, kindText, percent, time } from "./words.js";

const RISKY = 16;
const CAUSES = 4;

function left(due) {
  tick.value;
  if (!due || parkNow() === null) return t("kpi.paused");
  const s = (Date.parse(due) - parkNow()) / 1000;
  return s < 0 ? t("kpi.over", { span: span(-s) }) : t("kpi.left", { span: span(s) });
}

function Risk({ one }) {
  const told = one.overdue ? t("kpi.overdue") : known(one.probability) ? chance(one.probability) : t("unknown");
  const about = [kindText(one.kind), left(one.due), one.due && stamp(one.due, parkNow()), name(one.assignee) || t("kpi.nobody"),
    !one.overdue && (known(one.probability) ? t("kpi.basis", { share: chance(one.base), n: number(one.n) }) : t("kpi.tooFew", { n: number(one.n) }))];
  return html`<li><span class="name"><a href=${`/service?order=${one.work_order}`}>${one.work_order}</a> ${name(one.title)}</span>
    <span class=${classes("tag", one.overdue ? "high" : known(one.probability) ? one.probability >= 0.5 && "high" : "dashed")}>${told}</span>
    <span class="about">${about.filter(Boolean).join(" · ")}</span></li>`;
}

export function Forecast() {
  const found = answered("forecast");
  // Of each order what is likeliest to be missed.
  const items = (found?.items ?? []).filter((one, place, all) => all.findIndex((each) => each.work_order === one.work_order) === place).slice(0, RISKY);
  const note = found && t("kpi.forecast.counts", { n: number(found.open), overdue: number(found.overdue), unknown: number(found.unknown) });
  return html`<${Tile} of="forecast" id="forecast" title=${t("kpi.forecast")} note=${note} kind="list">
    <ul class="rows">${items.map((one) => html`<${Risk} key=${`${one.work_order} ${one.kind}`} one=${one} />`)}
      ${!items.length && html`<li class="none"><${Empty} of="forecast" text=${t("kpi.forecast.none")} /></li>`}</ul>
    <p class="hint">${t("kpi.forecast.note", { n: number(found?.history ?? null) })}</p></${Tile}>`;
}

function Kind({ kind, found }) {
  const clock = clocks(kind, found);
  const all = found.causes.filter((one) => one.kind === kind);
  return html`<li class="kind"><span class="name">${kindText(kind)}</span><span class="value">${t("kpi.missed", { n: number(clock.missed), of: number(clock.n) })}</span></li>
    ${all.slice(0, CAUSES).map((one) => html`<li key=${one.cause} class="cause"><span class="name">${causeText(one.cause)}</span>
      <span class="value">${number(one.of.k)}<i>${percent(one.of)}</i></span>
      <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width=${100 * one.of.share} height="4" /></svg></li>`)}`;
}

export function Causes() {
  const found = answered();
  const none = found && !found.causes.length;
  return html`<${Tile} of="kpi" id="causes" title=${t("kpi.causes")} note=${t("kpi.causes.note")} kind="list">
    <ul class="rows">${found && !none && ["respond", "restore"].map((kind) => html`<${Kind} key=${kind} kind=${kind} found=${found} />`)}
      ${(none || !found) && html`<li class="none"><${Empty} of="kpi" text=${t(found && clocks("respond").n ? "kpi.causes.none" : "kpi.nothing")} /></li>`}</ul></${Tile}>`;
}

export function Voices() {
  const found = answered();
  const survey = found?.surveys.at(-1);
  const scheduled = found?.scheduled.find((one) => one.kind === "restore");
  const rows = found ? [
    ["rating", found.rating.mean, found.rating.mean !== null && `★ ${number(found.rating.mean, 2)}`, found.rating.good.n],
    ["good", found.rating.good.share, `${percent(found.rating.good)} (${between(found.rating.good)})`, found.rating.good.n],
    ["rate", found.rating.rated.share, percent(found.rating.rated), found.rating.rated.n],
    ["survey", survey?.good.share, survey && `★ ${number(survey.mean, 2)} · ${percent(survey.good)}`, survey?.good.n ?? 0],
    ["online", found.online.online.share, percent(found.online.online), found.online.online.n],
    ["scheduled", scheduled.attainment.share, percent(scheduled.attainment), scheduled.n],
    ["restored", clocks("restore").wall.p50_s, `${time(clocks("restore").wall.p50_s)} / ${time(clocks("restore").wall.p90_s)}`, clocks("restore").wall.n],
  ] : [];
  return html`<${Tile} of="kpi" id="voices" title=${t("kpi.voices")} note=${t("kpi.voices.note")}>
    <div class="facts">${rows.map(([key, value, text, n]) => html`<${Fact} key=${key} label=${t(`kpi.fact.${key}`, { n: number(n) })} value=${text} known=${known(value)} />`)}</div>
    ${!found && html`<${Empty} of="kpi" text=${t("age.never")} />`}
    ${found?.faults > 0 && html`<p class="hint bad">${t("kpi.faults", { n: number(found.faults) })}</p>`}
  </${Tile}>`;
}
