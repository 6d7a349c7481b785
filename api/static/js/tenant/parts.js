// What the tenants' pages share: their head, a list of pictures to send, and what a request's state is called.
import { classes, html, useState } from "../html.js";
import { name, t, word } from "../i18n/index.js";
import { Account } from "../account.js";
import { LANG } from "../config.js";
import { forget, take } from "../field/photos.js";
import { may, session, signIn } from "./wire.js";

export const MOST_PHOTOS = 4;
export const stateText = (state) => word(`request.${state}`, state);

/** This page in the other language. */
function other() {
  const asked = new URLSearchParams(location.search);
  asked.set("lang", LANG === "en" ? "zh" : "en");
  return `?${asked}${location.hash}`;
}

/** The head: title, pages that this person may open, language; who is here. */
export function Head({ title, here }) {
  const who = session.value;
  const pages = [["report", true], ["requests", may("request.read.own")], ["rooms", may("book")]];
  return html`<header class="desk-head"><h1>${title}</h1><a class="lang" href=${other()}>${t("desk.otherLanguage")}</a>
    <nav>${pages.map(([page, open]) => open && html`<a key=${page} href=${`/${page}`} aria-current=${page === here ? "page" : null}>${t(`desk.page.${page}`)}</a>`)}
      ${who?.signed ? html`<span class="who">${who.signed_in ? html`<${Account} />` : who.name ?? who.actor}</span>` : html`<a href=${signIn()}>${t("desk.toSignIn")}</a>`}</nav></header>`;
}

/** Building, space and device of a place, each once. */
export function placeText(of) {
  const names = [of.building, of.space, of.device].map((one) => name(one)).filter(Boolean);
  // "Building 3 · Building 3, lobby" says it twice
  return [...new Set(names)].filter((one, n, all) => !all.some((other, m) => m !== n && other.startsWith(one))).join(" · ");
}

/** A sentence about what went wrong, that stays until something else is done. */
export const Trouble = ({ text }) => text && html`<p class="trouble" role="alert">${text}</p>`;

/** Pictures taken and not sent yet: [{key, preview}]. */
export function Photos({ photos, onChange }) {
  const [wrong, setWrong] = useState("");
  const add = async (event) => {
    const files = [...event.target.files].slice(0, MOST_PHOTOS - photos.length);
    event.target.value = "";
    setWrong("");
    const taken = [];
    for (const file of files) {
      try {
        taken.push(await take(file));
      } catch {
        setWrong(t("desk.noPicture", { name: file.name }));
      }
    }
    onChange([...photos, ...taken]);
  };
  const drop = (key) => {
    forget(key);
    onChange(photos.filter((photo) => photo.key !== key));
  };
  return html`<div class="photos">
    ${photos.map((photo) => html`<button type="button" key=${photo.key} aria-label=${t("desk.dropPhoto")} onClick=${() => drop(photo.key)}>
      <img src=${photo.preview} alt="" /><i aria-hidden="true">×</i></button>`)}
    ${photos.length < MOST_PHOTOS && html`<label class="add"><input type="file" accept="image/*" capture="environment" multiple onChange=${add} />
      <span>${t(photos.length ? "desk.morePhotos" : "desk.addPhoto")}</span></label>`}
    <${Trouble} text=${wrong} /></div>`;
}

/** Where a request stands, as a tag: what waits for whoever asked is loud. */
export function State({ of }) {
  const mine = of === "answered" || of === "quoted";
  return html`<b class=${classes("state", mine && "mine", ["closed", "declined", "cancelled", "confirmed"].includes(of) && "over")}>${stateText(of)}</b>`;
}
