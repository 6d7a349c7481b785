// Starts the page /alarms: what wants a person, why, what to do about it, and who is on it.
import { Page } from "./alarms/page.js";
import { begin, detail, refresh } from "./alarms/ledger.js";
import { listen } from "./alarms/keys.js";
import { sign } from "./alarms/typed.js";
import { ask, findPark, follow, items, keepTime } from "./follow.js";
import { effect, html, render } from "./html.js";
import { session } from "./orders/session.js";
import { data, geometry } from "./store.js";
import { name, t } from "./i18n/index.js";

const POLL_MS = 15000; // what changes beyond the tile's twelve
const SOON_MS = 250; // a flood of changes is read a few times a second, not once for each

function title() {
  const { total } = data("alarms");
  document.title = [total > 0 ? `(${total})` : "", name(data("park").name), t("alarms.title")].filter(Boolean).join(" ");
}
const draw = (park) => render(html`<${Page} park=${park} />`, document.getElementById("wall"));

effect(() => {
  if (session.value) sign(session.value);
});
keepTime();
draw(null);
title();
listen();

const park = await findPark();
if (park) {
  draw(park);
  let soon = null;
  const read = () => {
    soon ??= setTimeout(() => {
      soon = null;
      refresh();
    }, SOON_MS);
  };
  follow(park, {
    snapshot() {
      title();
      read();
    },
    tile(changed) {
      if (changed !== "alarms") return;
      title();
      read();
    },
  });
  setInterval(() => {
    if (document.visibilityState === "visible" || detail.value) read();
  }, POLL_MS);
  await begin(park);
  geometry.value = items(await ask(`/spaces?park=${encodeURIComponent(park)}`));
}
