// The park as solids on a ground, in picture metres: made once from the registry, scaled to whatever room there is.
import { centre, metres, paintersOrder, project, tidy, walls } from "./iso.js";

const STOREY_M = 4; // where no floors are registered
const GRID_M = 50;
const [HIGHEST_M, CLEAR_M] = [300, 8];
const STREET_M = 25; // a flat site narrower than this is drawn as a street, without its name

const hull = (points) => points.reduce(
  ([x0, y0, x1, y1], [x, y]) => [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)],
  [Infinity, Infinity, -Infinity, -Infinity],
);

function solid(space, spaces, local) {
  const ring = tidy(space.footprint.map(local));
  const height = space.height_m;
  const storeys = spaces.filter((s) => s.parent_id === space.space_id && s.kind === "floor" && (s.level ?? 1) > 0).length;
  const count = storeys || Math.max(1, Math.round(height / STOREY_M));
  return {
    id: space.space_id,
    name: space.name,
    ring,
    height,
    faces: walls(ring),
    levels: Array.from({ length: count - 1 }, (_, i) => (height * (i + 1)) / count),
    top: ring.map((p) => project(p, height)),
    middle: project(centre(ring), height),
    foot: project(centre(ring), 0),
  };
}

/** Parallels of a grid of 50 m, east-west and south-north, over the box of a ring: [[from, to], …] in picture metres. */
function gridLines(ring) {
  const [x0, y0, x1, y1] = hull(ring);
  const lines = [];
  for (let x = Math.ceil(x0 / GRID_M) * GRID_M; x < x1; x += GRID_M) lines.push([project([x, y0]), project([x, y1])]);
  for (let y = Math.ceil(y0 / GRID_M) * GRID_M; y < y1; y += GRID_M) lines.push([project([x0, y]), project([x1, y])]);
  return lines;
}

/**
 * spaces as /api/v1/spaces gives them; extra: [[lon, lat], …] that must be in the picture too (gates).
 * Returns {solids, flats, ground, grid, at([lon, lat]) → [u, v], box: [u0, v0, u1, v1]}, or null without any footprint.
 */
export function scene(spaces, extra = []) {
  const drawn = spaces.filter((s) => (s.kind === "building" || s.kind === "site") && s.footprint?.length >= 3);
  if (!drawn.length) return null;
  const corners = drawn.flatMap((s) => s.footprint);
  const [lon0, lat0, lon1, lat1] = hull(corners);
  const local = metres([(lon0 + lon1) / 2, (lat0 + lat1) / 2]);
  const at = (position) => project(local(position));
  const solids = paintersOrder(drawn.filter((s) => s.height_m > 0).map((s) => solid(s, spaces, local)));
  const flats = drawn.filter((s) => !(s.height_m > 0)).map((s) => {
    const ring = tidy(s.footprint.map(local));
    const outer = drawn.some((other) => other.parent_id === s.space_id);
    const [x0, y0, x1, y1] = hull(ring);
    const street = Math.min(x1 - x0, y1 - y0) < STREET_M;
    return { id: s.space_id, name: s.name, ring, outer, street, outline: ring.map((p) => project(p)), middle: project(centre(ring)) };
  });
  const ground = flats.find((f) => f.outer) ?? null;
  const picture = [...solids.flatMap((s) => [...s.top, ...s.ring.map((p) => project(p))]), ...flats.flatMap((f) => f.outline), ...extra.map(at)];
  return { solids, flats: flats.filter((f) => f !== ground), ground, grid: ground ? gridLines(ground.ring) : [], at, box: hull(picture) };
}

const covers = (polygon, [u, v]) => {
  let inside = false;
  polygon.forEach(([u1, v1], i) => {
    const [u2, v2] = polygon[(i + 1) % polygon.length];
    if (v1 > v !== v2 > v && u < ((u2 - u1) * (v - v1)) / (v2 - v1) + u1) inside = !inside;
  });
  return inside;
};

/** How many picture metres a mark on the ground at [u, v] must be raised to be seen over what stands before it. */
export function raise(solids, [u, v]) {
  const faces = solids.flatMap((s) => [s.top, ...s.faces.map(({ from, to }) => [project(from), project(to), project(to, s.height), project(from, s.height)])]);
  let up = 0;
  while (up < HIGHEST_M && faces.some((face) => covers(face, [u, v - up]))) up += 2;
  return up && up + CLEAR_M;
}

/** What turns picture metres into design pixels so that `box` fills w × h but for a margin: {scale, to([u, v])}. */
export function fit([u0, v0, u1, v1], w, h, margin) {
  const scale = Math.min((w - 2 * margin) / (u1 - u0), (h - 2 * margin) / (v1 - v0));
  const [left, top] = [(w - (u1 - u0) * scale) / 2, (h - (v1 - v0) * scale) / 2];
  return { scale, to: ([u, v]) => [left + (u - u0) * scale, top + (v - v0) * scale] };
}
