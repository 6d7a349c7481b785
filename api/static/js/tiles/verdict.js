// The sentence above the map that answers from eight metres away: is anything wrong, and where.
import { classes, html } from "../html.js";
import { data } from "../store.js";
import { verdict } from "../findings.js";
import { known, number } from "../format.js";
import { t } from "../i18n/index.js";

const SHOWN = 3; // the worst on a line of its own, two below

export function Verdict({ nameOf }) {
  const { level, headline, found } = verdict(nameOf);
  const { online, total } = data("health");
  const shown = found.length > SHOWN ? found.slice(0, SHOWN - 1) : found;
  return html`<div class=${classes("verdict", level ?? "well")} role="status">
    <p class="headline" key=${headline}>${headline}</p>
    <ul>
      ${shown.map((entry) => html`<li key=${entry.key} class=${entry.level} title=${entry.text}>${entry.text}</li>`)}
      ${found.length > shown.length && html`<li key="more" class="more">${t("verdict.more", { n: found.length - shown.length })}</li>`}
      ${!found.length && level === null && known(online) && html`<li key="well" class="more">${t("verdict.basis", { online: number(online), n: number(total) })}</li>`}
    </ul>
  </div>`;
}
