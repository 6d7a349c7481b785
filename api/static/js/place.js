// Where a device is, in as few words as that takes.
import { data } from "./store.js";
import { name } from "./i18n/index.js";

/** The building's name; empty where the device's own begins with it, or where it is the whole park. */
export function placeOf(device) {
  const building = name(device.building);
  const said = name(device.name).startsWith(building) || building === name(data("park").name);
  return said ? "" : building;
}
