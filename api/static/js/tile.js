// The frame of every tile: title, age of its data, and the look of what is stale or was never heard of.
import { classes, html } from "./html.js";
import { freshness, tileAge } from "./store.js";
import { age, span } from "./format.js";
import { t } from "./i18n/index.js";

/** How old a tile's data are; a tag once that is too old. */
export function Age({ of }) {
  const state = freshness[of].value;
  const seconds = tileAge(of);
  if (state === "waiting") return html`<span class="age">${t("age.waiting")}</span>`;
  if (state === "never") return html`<span class="age">${t("age.never")}</span>`;
  if (state === "stale") return html`<span class="age tag dashed">${t("age.stale", { span: span(seconds) })}</span>`;
  return html`<span class="age">${age(seconds)}</span>`;
}

/** `of` names the tile of the stream whose age and freshness count; `note` stands beside the title, `id` for tests. */
export function Tile({ of, id = of, title, note, kind, children }) {
  const state = freshness[of].value;
  return html`<section class=${classes("tile", kind, state)} id=${id} aria-label=${title}>
    <header><h2>${title}</h2>${note && html`<span class="note">${note}</span>`}<${Age} of=${of} /></header>
    ${children}
  </section>`;
}

/** A figure that cross-fades when it changes; the dash of what is unknown is read out as such. */
export function Figure({ value, unit, known = true, kind }) {
  const text = known
    ? html`<b key=${value}>${value}</b>`
    : html`<b key="unknown" class="unknown" aria-label=${t("unknown")}>—</b>`;
  return html`<span class=${classes("figure", kind)}>${text}${
    known ? unit && html`<i>${unit}</i>` : html`<i class="word">${t("unknown")}</i>`}</span>`;
}

/** A small figure under its word. */
export function Fact({ label, value, known = true, kind }) {
  return html`<div class=${classes("fact", kind)}><span>${label}</span><${Figure} value=${value} known=${known} /></div>`;
}

/** What a list says when it has nothing: nothing has happened, or nothing is known. */
export function Empty({ of, text }) {
  const state = freshness[of].value;
  return html`<p class="empty">${state === "waiting" || state === "never" ? t("age.never") : text}</p>`;
}
