// The six figures that matter, each with what it is compared with; the bar at the edge says that one needs a look.
import { classes, html } from "../html.js";
import { data, freshness, intakeLate } from "../store.js";
import { Age, Figure } from "../tile.js";
import { minuteTime } from "../time.js";
import { change, energy, known, number, short, span } from "../format.js";
import { t } from "../i18n/index.js";

function Card({ of, id, title, href, figure, extra, lines, mark }) {
  return html`<section class=${classes("tile card", freshness[of].value, mark)} id=${id} aria-label=${title}>
    <header><h2>${href ? html`<a href=${href}>${title}</a>` : title}</h2><${Age} of=${of} /></header>
    <p class="big">${figure}${extra && html` <span class="extra">${extra}</span>`}</p>
    <p class="line">${lines.filter(Boolean).join(" · ")}</p>
  </section>`;
}
const big = (value, text, unit) => html`<${Figure} value=${text} unit=${unit} known=${known(value)} kind="big" />`;

/** "Compared with last week +3.1 %", or that there is nothing to compare with. */
const against = (key, value, reference) => t(key, { change: change(value, reference) ?? t("unknown") });

function People() {
  const { in_park: value, plus_minus: margin, last_week: before } = data("people");
  return html`<${Card} of="people" id="figure-people" title=${t("people.title")} figure=${big(value, number(value))}
    extra=${known(value) && known(margin) && `±${number(margin)}`}
    lines=${[against("people.lastWeek", value, before), known(before) && number(before)]} />`;
}

function Devices() {
  const { total, online, offline, unknown, provisional } = data("health");
  const lines = [
    known(offline) && t("devices.offline", { n: number(offline) }),
    known(unknown) && t("devices.unknown", { n: number(unknown) }),
    provisional > 0 && t("devices.provisional", { n: number(provisional) }),
  ];
  return html`<${Card} of="health" id="figure-devices" title=${t("devices.title")} figure=${big(online, number(online))}
    extra=${known(total) && `/ ${number(total)}`} lines=${lines} mark=${offline > 0 ? "high" : unknown > 0 && "unsure"} />`;
}

function Referred() {
  const { total, refer, invalid } = data("screening");
  const share = invalid > 0 && total > 0 ? ` (${number((invalid / total) * 100, 1)} %)` : "";
  return html`<${Card} of="screening" id="figure-referred" title=${t("referred.title")} figure=${big(refer, number(refer))}
    extra=${known(total) && `/ ${number(total)}`} lines=${[t("referred.invalid", { n: number(invalid) }) + share]}
    mark=${refer > 0 && "medium"} />`;
}

function PowerNow() {
  const { now_kw: now, meters, fresh, peak_kw: peak, peak_at: at } = data("power");
  // A sum of some of the meters is not the park's: that must be said before any comparison.
  const lines = fresh < meters
    ? [t("load.meters", { fresh: number(fresh), n: number(meters) })]
    : [known(peak) && t("load.peak", { kw: number(peak), at: at ? minuteTime(at) : "—" })];
  return html`<${Card} of="power" id="figure-power" title=${t("load.now")} figure=${big(now, number(now), "kW")}
    lines=${lines} mark=${fresh < meters && "unsure"} />`;
}

function Energy() {
  const { today_kwh: today, yesterday_kwh: yesterday, last_week_kwh: week } = data("power");
  return html`<${Card} of="power" id="figure-energy" title=${t("energy.title")} figure=${big(today, ...energy(today))}
    lines=${[against("energy.yesterday", today, yesterday), against("energy.lastWeek", today, week)]} />`;
}

function Ingest() {
  const { messages_per_s: rate, lag_s: lag, dead_letters_today: dead, conflicts_today: conflicts } = data("ingest");
  const lines = [
    conflicts > 0 && t("ingest.conflicts", { n: number(conflicts) }),
    t("ingest.dead", { n: number(dead) }),
    t("ingest.lag", { span: known(lag) && lag < 60 ? t("span.seconds", { n: number(lag, 1) }) : span(lag) }),
  ].filter(Boolean).slice(0, 2); // there is room for two, and what is wrong comes first
  // A minute's mean says little once the minute has nothing new in it.
  const now = freshness.ingest.value === "stale" ? null : rate;
  return html`<${Card} of="ingest" id="figure-ingest" title=${t("ingest.title")} href=${`/intake${location.search}`}
    figure=${big(now, short(known(now) ? Math.round(now * 10) / 10 : now), t("ingest.unit"))} lines=${lines}
    mark=${intakeLate.value ? "high late" : (dead > 0 || conflicts > 0) && "medium"} />`;
}

export const KeyFigures = () => html`<div class="figures">
  <${People} /><${Devices} /><${Referred} /><${PowerNow} /><${Energy} /><${Ingest} />
</div>`;
