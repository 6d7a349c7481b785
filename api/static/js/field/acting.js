// What a tap does: kept and sent by the queue; the button says at once that it was heard, and only then becomes the next.
import { signal } from "../html.js";
import { draft, type } from "../alarms/typed.js";
import { me } from "../orders/session.js";
import { titleText } from "../orders/words.js";
import { touch, stateOf } from "./ledger.js";
import { forget, take } from "./photos.js";
import { tap } from "./sender.js";

const HEARD_MS = 1500; // a thumb that taps twice means one tap
const ARM_MS = 600; // a sheet opens under the thumb that asked for it

/** {order: number, kind}: what lies over the list; null for nothing. */
export const sheet = signal(null);
/** Whether the sheet's buttons take a tap yet. */
export const armed = signal(false);
/** {order, action}: what was just tapped. */
export const heard = signal(null);
let heardTimer = null;
let armTimer = null;

export function open(order, kind) {
  sheet.value = { order, kind };
  armed.value = false;
  clearTimeout(armTimer);
  armTimer = setTimeout(() => {
    armed.value = true;
  }, ARM_MS);
}
export const shut = () => {
  sheet.value = null;
};

export const field = (order, name) => `field ${order} ${name}`;
export const typed = (order, name) => draft(field(order, name)).value.trim();

/** Photos that were taken for a sheet and not sent yet: [{key, preview}]. */
export function photosOf(order, kind) {
  try {
    return JSON.parse(draft(field(order, `photos-${kind}`)).value || "[]");
  } catch {
    return [];
  }
}
const keepPhotos = (order, kind, list) => type(field(order, `photos-${kind}`), list.length ? JSON.stringify(list) : "");
/** Raises where the file is no picture. */
export const addPhoto = async (order, kind, file) => keepPhotos(order, kind, [...photosOf(order, kind), await take(file)]);
export function removePhoto(order, kind, key) {
  keepPhotos(order, kind, photosOf(order, kind).filter((photo) => photo.key !== key));
  forget(key);
}

/** Does an act of an order, with what was typed and taken for it. */
export function act(order, action, { reason, detail = {}, kind = action } = {}) {
  const number = order.work_order;
  touch();
  const words = typed(number, `${kind}-words`);
  const photos = photosOf(number, kind).map((photo) => photo.key);
  tap({ actor: me(), order, action, from: stateOf(order), reason, photos, title: titleText(order),
    detail: { ...(words && { words }), ...detail } });
  for (const name of ["words", "code", "reason"]) type(field(number, `${kind}-${name}`), "");
  type(field(number, `photos-${kind}`), "");
  shut();
  heard.value = { order: number, action };
  clearTimeout(heardTimer);
  heardTimer = setTimeout(() => {
    heard.value = null;
  }, HEARD_MS);
}
