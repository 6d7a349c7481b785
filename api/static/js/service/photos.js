// Photos of an order or a request, as they came; a click shows one whole.
import { html } from "../html.js";
import { t, word } from "../i18n/index.js";
import { second } from "./detail.js";
import { actorText } from "../orders/words.js";

export function Chain({ photos }) {
  if (!photos?.length) return null;
  return html`<section><h3>${t("service.photosTitle")}</h3><ul class="photo-list">${photos.map((photo) => html`<li key=${photo.photo}>
    <a href=${`/api/v1/photos/${photo.photo}`} target="_blank" rel="noopener"><img src=${`/api/v1/photos/${photo.photo}`} alt=${word(`photo.${photo.what}`, photo.what)} loading="lazy" /></a>
    <span>${word(`photo.${photo.what}`, photo.what)} · ${actorText(photo.actor)} · ${second(photo.at)}</span></li>`)}</ul></section>`;
}
