// What the screen knows: one signal per tile, the state of the stream, and a tick each second for clocks and ages.
import { batch, computed, signal } from "./html.js";
import { clockSpeed, parkNow } from "./clock.js";

export const NAMES = ["park", "people", "screening", "power", "health", "spaces", "events", "sensors", "ingest", "intake", "alarms", "quality", "kpi", "cards", "forecast"];
export const tiles = Object.fromEntries(NAMES.map((name) => [name, signal(null)]));

/** Counts seconds; whatever shows a time or an age reads it. */
export const tick = signal(0);
/** "opening" before the first message, then "live" or "lost". */
export const stream = signal("opening");
/** Real seconds since anything was heard; null before the first. */
export const streamAge = signal(null);
/** What the server says of its database: "ok" or "away". */
export const database = signal("ok");
/** The park's spaces with their footprints, null until they have been fetched. */
export const geometry = signal(null);

/** Past this the wall says that the stream is lost, whatever the socket claims: the watchdog's own limit. */
export const LOST_AFTER_S = 12;
export const lost = computed(() => stream.value === "lost" || (streamAge.value ?? 0) > LOST_AFTER_S);

/** Park seconds since the newest datum of a tile; null where it never had one. */
export function tileAge(name) {
  tick.value;
  const tile = tiles[name].value;
  const now = parkNow();
  return tile?.as_of && now !== null ? Math.max(0, (now - Date.parse(tile.as_of)) / 1000) : null;
}

/** "waiting" (nothing sent yet), "never" (no datum yet), "stale" (too old, or the stream is lost), else "fresh". */
export const freshness = Object.fromEntries(
  NAMES.map((name) => [
    name,
    computed(() => {
      const tile = tiles[name].value;
      if (!tile) return lost.value ? "stale" : "waiting";
      if (lost.value) return "stale";
      if (!tile.as_of) return "never";
      // Under a clock that runs fast, a second on the way is many seconds old.
      return tileAge(name) > (tile.stale_after_s ?? Infinity) * Math.max(1, clockSpeed()) ? "stale" : "fresh";
    }),
  ]),
);

const INTAKE_LATE_S = 10;
/** Park seconds since anything was stored; null where nothing ever was. */
function intakeAge() {
  tick.value;
  const last = tiles.ingest.value?.data?.last_batch ?? tiles.ingest.value?.as_of;
  const now = parkNow();
  return last && now !== null ? Math.max(0, (now - Date.parse(last)) / 1000) : null;
}
/** Whether what comes in comes late, or not at all. */
export const intakeLate = computed(() =>
  Math.max(intakeAge() ?? 0, tiles.ingest.value?.data?.lag_s ?? 0) >= INTAKE_LATE_S * Math.max(1, clockSpeed()));
/** Park seconds without any data while the server and its database live: collectors or broker; else null. */
export const intakeSilent = computed(() =>
  !lost.value && database.value !== "away" && freshness.ingest.value === "stale" ? intakeAge() : null);

/** The data of a tile, or an empty object: what is absent is unknown. */
export const data = (name) => tiles[name].value?.data ?? {};

/** Takes in a snapshot's tiles; what it does not name keeps what it had. */
export function applySnapshot(snapshot) {
  batch(() => {
    for (const [name, tile] of Object.entries(snapshot.tiles ?? {})) applyTile({ name, ...tile });
  });
}

/** Takes in one tile; a name this build does not know is left alone. */
export function applyTile({ name, ...tile }) {
  if (tiles[name]) tiles[name].value = tile;
}
