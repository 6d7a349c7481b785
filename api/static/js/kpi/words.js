// How shares, times and the keys of groups are written on this page. Unknown is a word or a dash, never a nought.
import { DASH, known, number, span } from "../format.js";
import { name, t, word } from "../i18n/index.js";

/** 94.2 % of many, 94 % of few. */
export const share = (one) => (known(one?.share) ? number(one.share * 100, one.n >= 200 && one.share < 1 ? 1 : 0) : null);
export const percent = (one) => (share(one) === null ? DASH : `${share(one)} %`);
/** 92–96 %: where the share may lie all the same. */
export const between = (one) => (known(one?.low) ? `${number(one.low * 100)}–${number(one.high * 100)} %` : DASH);
/** A chance in whole percents; what is very near to none or all is not called so. */
export const chance = (value) => (!known(value) ? DASH : value < 0.01 ? "< 1 %" : value > 0.99 ? "> 99 %" : `${number(value * 100)} %`);
export const time = (seconds) => (known(seconds) ? span(seconds) : DASH);

/** What a group's key is called. */
export function keyText(by, key, names) {
  if (key === null) return t(`kpi.none.${by}`);
  if (by === "shift" || by === "origin") return word(`kpi.${by}.${key}`, key);
  return name(names, key);
}
export const kindText = (kind) => word(`kpi.kind.${kind}`, kind);
export function causeText(cause) {
  const [what, reason] = cause.split(":");
  return reason ? t("kpi.cause.waiting", { reason: word(`kpi.reason.${reason}`, reason) }) : word(`kpi.cause.${what}`, what);
}
