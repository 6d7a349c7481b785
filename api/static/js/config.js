// What the page's own HTML says about itself.
const { lang, park, build } = document.body.dataset;

export const LANG = lang === "en" ? "en" : "zh";
export const BUILD = build;
/** The park asked for in the address; empty where the first one is meant. */
export const ASKED_PARK = park;
