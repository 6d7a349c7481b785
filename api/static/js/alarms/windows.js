// Planned work: meanwhile alarms are raised and recorded, and nobody is told of them. Planned, listed, cancelled here.
import { parkNow } from "../clock.js";
import { classes, html, signal, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { geometry } from "../store.js";
import { fields, instantOf, stamp } from "../time.js";
import { name, t } from "../i18n/index.js";
import { withActor } from "./acting.js";
import { AskActor, Line } from "./forms.js";
import { actor, draft, type } from "./typed.js";
import { get, post } from "./wire.js";

export const windows = signal(false);
const FIELDS = ["device", "space", "starts", "ends", "reason"];
const key = (field) => `window ${field}`;
const text = (field) => draft(key(field)).value.trim();

/** The park's own wall clock as a date field has it, and back: never the zone of this machine. */
const shown = (ms) => {
  const f = fields(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${f.year}-${two(f.month)}-${two(f.day)}T${two(f.hour)}:${two(f.minute)}`;
};
function instant(value) {
  const parts = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(value);
  if (!parts) return null;
  const [year, month, day, hour, minute] = parts.slice(1).map(Number);
  return new Date(instantOf({ year, month, day, hour, minute })).toISOString();
}

function Time({ field, label }) {
  return html`<label class="line"><span>${label}</span><input type="datetime-local" value=${draft(key(field)).value}
    onInput=${(event) => type(key(field), event.currentTarget.value)} /></label>`;
}

function Row({ entry, cancel }) {
  const where = entry.device_id ? name(entry.device_name, entry.device_id) : entry.space_id ? name(entry.space_name, entry.space_id) : t("window.all");
  const running = Date.parse(entry.starts) <= parkNow();
  return html`<li><span class=${classes("tag", running && "medium")}>${t(running ? "window.running" : "window.planned")}</span>
    <span class="name">${where} · ${entry.reason}</span>
    <button type="button" class="do" onClick=${() => cancel(entry)}>${t("window.cancel")}</button>
    <span class="about">${stamp(entry.starts, parkNow())} – ${stamp(entry.ends, parkNow())} · ${t("window.by", { who: entry.set_by })}</span></li>`;
}

export function Windows({ park }) {
  const ref = useRef(null);
  const [items, keep] = useState(null);
  const [said, say] = useState("");
  const [busy, work] = useState(false);
  const read = async () => {
    const answer = await get("/maintenance", { park });
    if (answer.ok) keep(answer.data.items);
    else say(answer.text);
  };
  useLayoutEffect(() => ref.current.showModal(), []);
  useEffect(() => {
    if (!text("starts") && parkNow() !== null) {
      type(key("starts"), shown(parkNow()));
      type(key("ends"), shown(parkNow() + 2 * 3600000));
    }
    read();
  }, []);
  const send = async (path, body) => {
    work(true);
    const answer = await post(path, { ...body, actor: actor.value });
    say(answer.ok ? "" : answer.text);
    if (answer.ok && path === "/maintenance") for (const field of FIELDS) type(key(field), "");
    await read();
    work(false);
  };
  const plan = (event) => {
    event.preventDefault();
    const body = { park, starts: instant(text("starts")), ends: instant(text("ends")), reason: text("reason"),
      ...(text("device") ? { device: text("device") } : text("space") && { space: text("space") }) };
    withActor(() => send("/maintenance", body), "windows");
  };
  const cancel = (entry) => withActor(() => send(`/maintenance/${entry.maintenance}/cancel`, {}), "windows");
  const places = (geometry.value ?? []).filter(({ kind }) => kind !== "room");
  const ready = text("starts") && text("ends") && text("reason") && !busy;
  return html`<dialog class="windows" id="windows" ref=${ref} onClose=${() => { windows.value = false; }} aria-label=${t("window.title")}>
    <header><h2>${t("window.title")}</h2><button type="button" class="quiet" onClick=${() => ref.current.close()}>${t("window.close")}</button></header>
    <p class="why-not">${t("window.note")}</p>
    <ul class="planned">${(items ?? []).map((entry) => html`<${Row} key=${entry.maintenance} entry=${entry} cancel=${cancel} />`)}
      ${items?.length === 0 && html`<li class="empty">${t("window.none")}</li>`}</ul>
    <form onSubmit=${plan}>
      <${Line} name=${key("device")} label=${t("window.device")} />
      <label class="line"><span>${t("window.space")}</span><select value=${draft(key("space")).value} disabled=${Boolean(text("device"))}
        onChange=${(event) => type(key("space"), event.currentTarget.value)}><option value="">${t("window.all")}</option>
        ${places.map((space) => html`<option key=${space.space_id} value=${space.space_id}>${name(space.name, space.space_id)}</option>`)}</select></label>
      <${Time} field="starts" label=${t("window.starts")} /><${Time} field="ends" label=${t("window.ends")} />
      <${Line} name=${key("reason")} label=${t("act.reason")} />
      <button class="primary" disabled=${!ready}>${t(busy ? "act.sending" : "window.add")}</button>
    </form>
    <${AskActor} where="windows" />
    ${said && html`<p class="said high" role="alert">${said}</p>`}
  </dialog>`;
}
