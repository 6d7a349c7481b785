// What the desk does to orders and requests: sent at once, never queued; the same id again where no answer came.
import { batch, signal } from "../html.js";
import { actor, draft, type } from "../alarms/typed.js";
import { post } from "../alarms/wire.js";
import { overtakenText, stateWord } from "../orders/words.js";
import { session } from "../orders/session.js";
import { t } from "../i18n/index.js";
import { orders } from "./orders.js";
import { requestActionText, requests, requestStateText } from "./requests.js";

/** The act that is on its way, or null: the button that waits says so. */
export const sending = signal(null);
/** {subject, text}: what became of the last act, where it was not done. */
export const said = signal(null);
/** Which form is open: an action, or null. */
export const form = signal(null);
/** {what, again}: an act that got no answer. */
export const unsent = signal(null);

export const subjectOf = (kind, number) => `${kind} ${number}`;
export const field = (subject, name) => `service ${subject} ${name}`;
export const typed = (subject, name) => draft(field(subject, name)).value.trim();
/** Whoever is on this machine acts by a typed name, where nobody has to sign in. */
export const namesItself = () => session.value?.signed_in === false;

async function send({ subject, path, body, what, key, done, conflict, taken }) {
  if (sending.value) return;
  batch(() => {
    sending.value = key;
    said.value = null;
    unsent.value = null;
  });
  const answer = await post(path, { ...body, ...(namesItself() && actor.value && { actor: actor.value }) });
  batch(() => {
    if (answer.ok) {
      form.value = null;
      done?.();
      taken(answer.data);
    } else if (answer.status === 409) said.value = { subject, text: conflict(answer) };
    else said.value = { subject, text: answer.text };
    // The same client id: what was done already is not done again.
    if (answer.status === 0) unsent.value = { what, again: () => send({ subject, path, body, what, key, done, conflict, taken }) };
    sending.value = null;
  });
}
const forget = (subject, fields) => () => {
  for (const name of fields) type(field(subject, name), "");
};

/** Does one thing to a work order, on the version that is shown. */
export function actOnOrder(order, action, { reason, detail = {}, fields = [] } = {}) {
  const subject = subjectOf("order", order.work_order);
  return send({
    subject, key: action, what: t(`service.act.${action}`), path: `/work-orders/${order.work_order}/act`, done: forget(subject, fields),
    body: { action, client_id: crypto.randomUUID(), ...(action !== "comment" && { version: order.version }), ...(reason && { reason }), detail },
    conflict: ({ data, text }) => {
      orders.refresh();
      return data?.state ? t("service.notDone", { why: overtakenText(data) }) : text;
    },
    taken: (answer) => {
      orders.takeIn(answer);
      orders.refresh();
    },
  });
}

/** Does one thing to a request. */
export function actOnRequest(request, action, { reason, detail = {}, fields = [] } = {}) {
  const subject = subjectOf("request", request.request);
  return send({
    subject, key: action, what: requestActionText(action), path: `/requests/${request.request}/act`, done: forget(subject, fields),
    body: { action, client_id: crypto.randomUUID(), ...(action !== "comment" && { version: request.version }), ...(reason && { reason }), detail },
    conflict: ({ data, text }) => {
      requests.refresh();
      return data?.state ? t("service.notDone", { why: t("wrong.orderChanged", { state: requestStateText(data.state) || stateWord(data.state) }) }) : text;
    },
    taken: (answer) => {
      requests.takeIn(answer);
      requests.refresh();
    },
  });
}

/** Enters what was told by phone or at the desk. `id` is made when the form is opened, so that two clicks make one. */
export function enter(id, body, { fields, then }) {
  const subject = "entry";
  return send({
    subject, key: "create", what: t("entry.title"), path: "/requests", body: { client_id: id, ...body }, done: forget(subject, fields),
    conflict: ({ text }) => text,
    taken: (answer) => {
      requests.refresh();
      then(answer.request);
    },
  });
}
