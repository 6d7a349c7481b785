// What somebody told by phone or at the desk, entered by staff with its channel, so that the share handled online is honest.
import { html, useState } from "../html.js";
import { data } from "../store.js";
import { name, t, word } from "../i18n/index.js";
import { enter, said, sending, typed } from "./acting.js";
import { Line, Pick, useItems } from "./forms.js";
import { channelText, requests } from "./requests.js";

const SUBJECT = "entry";
const FIELDS = ["service", "channel", "company", "space", "words", "contact"];

/** [id, text] of places, each with its building. */
function places(spaces) {
  const byId = new Map(spaces.map((space) => [space.space_id, space]));
  const within = (space) => {
    const above = byId.get(space.parent_id);
    const own = name(space.name, space.space_id);
    if (!above || name(above.name) === name(data("park").name)) return own;
    return own.startsWith(name(above.name)) ? own : `${within(above)} ${own}`;
  };
  return spaces.map((space) => [space.space_id, within(space)]).sort((a, b) => a[1].localeCompare(b[1], undefined, { numeric: true }));
}

export function Entry({ park, onClose }) {
  const [id] = useState(() => crypto.randomUUID()); // the same for every attempt: two clicks make one request
  const services = useItems("/services") ?? [];
  const companies = useItems("/companies", { park }) ?? [];
  const spaces = useItems("/spaces", { park }) ?? [];
  const given = Object.fromEntries(FIELDS.map((each) => [each, typed(SUBJECT, each)]));
  const ready = given.service && given.channel && given.words && given.space;
  const send = (event) => {
    event.preventDefault();
    if (!ready || sending.value) return;
    const { company, contact, ...rest } = given;
    enter(id, { ...rest, park, ...(company && { company }), ...(contact && { contact }) }, { fields: FIELDS, then: (number) => { onClose(); requests.choose(number); } });
  };
  return html`<form class="tile entry" id="entry" onSubmit=${send}><header><h2>${t("entry.title")}</h2><button type="button" class="quiet" onClick=${onClose}>${t("act.cancel")}</button></header>
    <div class="two"><${Pick} subject=${SUBJECT} name="channel" label=${t("entry.channel")} focus options=${["phone", "desk", "chat"].map((each) => [each, channelText(each)])} />
      <${Pick} subject=${SUBJECT} name="service" label=${t("entry.service")} options=${services.map((each) => [each.service, `${word(`category.${each.category}`, each.category)} · ${name(each.name, each.service)}`])} />
      <${Pick} subject=${SUBJECT} name="space" label=${t("entry.place")} options=${places(spaces)} />
      <${Pick} subject=${SUBJECT} name="company" label=${t("entry.company")} options=${companies.map((each) => [each.company_id, name(each.name, each.company_id)])} /></div>
    <${Line} subject=${SUBJECT} name="words" label=${t("entry.words")} area most="2000" />
    <${Line} subject=${SUBJECT} name="contact" label=${t("entry.contact")} most="200" />
    ${said.value?.subject === SUBJECT && html`<p class="said" role="alert">${said.value.text}</p>`}
    <p class="buttons"><button class="primary" disabled=${!ready || Boolean(sending.value)}>${sending.value === "create" ? t("act.sending") : t("entry.send")}</button>
      ${!ready && html`<span class="why-not">${t("entry.needs")}</span>`}</p></form>`;
}
