// Words in the page's language. A key that is missing shows itself, so that a test and an operator both see it.
import { LANG } from "../config.js";
import en from "./en.js";
import zh from "./zh.js";

const words = LANG === "en" ? en : zh;

/** The text of a key with {name} replaced; a key may have a `.one` form for n = 1. */
export function t(key, values = {}) {
  const text = (String(values.n) === "1" && words[`${key}.one`]) || words[key] || key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The text of a key, or `fallback` where the list does not know it (a new firmware's word is shown as it came). */
export const word = (key, fallback) => words[key] ?? fallback;

/** A name of the registry ({zh, en}, a string, or null) in the page's language. */
export function name(names, fallback = "") {
  if (typeof names === "string") return names || fallback;
  return names?.[LANG] || names?.zh || names?.en || fallback;
}
