// What somebody typed and nobody has taken yet: kept for the session, because a page may reload itself at any time.
import { signal } from "../html.js";

const PREFIX = "alarms-typed ";
const ACTOR = "park-actor";
const drafts = new Map();

const read = (store, key) => {
  try {
    return store.getItem(key) ?? "";
  } catch {
    return ""; // a browser that keeps nothing: then it is asked again
  }
};
const keep = (store, key, text) => {
  try {
    if (text) store.setItem(key, text);
    else store.removeItem(key);
  } catch {
    // the same
  }
};

/** The text of a field, by its name; `set` it to "" once it was sent. */
export function draft(key) {
  if (!drafts.has(key)) drafts.set(key, signal(read(sessionStorage, PREFIX + key)));
  return drafts.get(key);
}
export function type(key, text) {
  draft(key).value = text;
  keep(sessionStorage, PREFIX + key, text);
  if (!text) drafts.delete(key); // so that a page that is open for months does not gather them
}

/** The name that goes into the journal: of who is signed in; else as it was typed, and empty until somebody wrote it. */
export const actor = signal(read(localStorage, ACTOR));
/** {name}: who is signed in, and writes no name here; null: nobody has to. */
export const signed = signal(null);
export function sign({ signed_in: isSigned, actor: login, name }) {
  if (!isSigned) return;
  actor.value = login;
  signed.value = { name: name ?? login };
}
export function become(name) {
  actor.value = name.trim().slice(0, 80);
  keep(localStorage, ACTOR, actor.value);
}
