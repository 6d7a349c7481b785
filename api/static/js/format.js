// Numbers and durations as they stand on the screen. Unknown is a dash, never a nought.
import { LANG } from "./config.js";
import { t } from "./i18n/index.js";

const LOCALE = LANG === "en" ? "en-GB" : "zh-CN";
const numbers = new Map();
export const DASH = "—";
export const known = (value) => typeof value === "number" && Number.isFinite(value);

/** 1234.5 with that many decimals → 1,234.5; a dash where unknown. */
export function number(value, decimals = 0) {
  if (!known(value)) return DASH;
  if (!numbers.has(decimals)) {
    numbers.set(decimals, new Intl.NumberFormat(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return numbers.get(decimals).format(value).replace("-", "−");
}

/** Three significant figures at most, as many decimals as that needs: 0.42, 7.3, 655, 12,840. */
export function short(value) {
  if (!known(value)) return DASH;
  const size = Math.abs(value);
  if (Number.isInteger(value)) return number(value);
  return number(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** +3.1 % of `value` against `reference`; null where either is unknown or the reference is nought. */
export function change(value, reference) {
  if (!known(value) || !known(reference) || reference === 0) return null;
  const percent = ((value - reference) / Math.abs(reference)) * 100;
  const text = number(Math.abs(percent), Math.abs(percent) >= 100 ? 0 : 1);
  return `${percent < -0.05 ? "−" : percent > 0.05 ? "+" : "±"}${text} %`;
}

/** Energy in a unit that keeps the figure short: [figure, unit]; `most` is the largest it will be compared with. */
export function energy(kwh, most = kwh) {
  if (!known(kwh)) return [DASH, "kWh"];
  return Math.abs(most) >= 10000 ? [number(kwh / 1000, 1), "MWh"] : [number(kwh), "kWh"];
}

/** 45 s, 4 min, 2 h 14 min, 3 d: how long, in words; `seconds` is cut, never rounded up. */
export function span(seconds) {
  if (!known(seconds)) return DASH;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t("span.seconds", { n: s });
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return t("span.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? t("span.hoursMinutes", { h: hours, m: minutes % 60 }) : t("span.hours", { n: hours });
  const days = Math.floor(hours / 24);
  return hours % 24 && days < 3 ? t("span.daysHours", { d: days, h: hours % 24 }) : t("span.days", { n: days });
}

/** How old, quietly: steps of 5 s below a minute, so that a healthy wall does not flicker. */
export function age(seconds) {
  if (!known(seconds)) return t("age.never");
  if (seconds < 5) return t("age.now");
  return t("age.ago", { span: span(seconds < 60 ? Math.floor(seconds / 5) * 5 : seconds) });
}
