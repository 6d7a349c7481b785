// The sentence above the map that answers from eight metres away: is anything wrong, and where.
import { classes, html } from "../html.js";
import { data } from "../store.js";
import { verdict } from "../findings.js";
import { known, number } from "../format.js";
import { t } from "../i18n/index.js";

const SHOWN = 4; // the worst in large letters, three below

export function Verdict({ nameOf }) {
  const { level, headline, found, more: unnamed } = verdict(nameOf);
  const { online, total } = data("health");
  const shown = found.slice(0, SHOWN);
  const more = found.length - shown.length + unnamed;
  return html`<div class=${classes("verdict", level ?? "well")} role="status">
    <p class="headline" key=${headline}>${headline}${more > 0 && html`<span class="more">${t("verdict.more", { n: more })}</span>`}</p>
    <ul>
      ${shown.map((entry) => html`<li key=${entry.key} class=${classes(entry.level, entry.quiet && "rest")} title=${entry.text}>${entry.text}${entry.note && html` <span class="known">${entry.note}</span>`}</li>`)}
      ${!found.length && level === null && known(online) && html`<li key="well" class="more">${t("verdict.basis", { online: number(online), n: number(total) })}</li>`}
    </ul>
  </div>`;
}
