// Dark in a control room, light in the sun: a phone begins light, and what somebody chose is kept.
const KEY = "park-theme";
const PHONE = "(max-width: 900px)";
const root = document.documentElement;

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

root.dataset.theme = kept() ?? (matchMedia(PHONE).matches ? "light" : "dark");

/** The other one, from now on. */
export function turn() {
  root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
  try {
    localStorage.setItem(KEY, root.dataset.theme);
  } catch {
    // it holds as long as the page does
  }
}
