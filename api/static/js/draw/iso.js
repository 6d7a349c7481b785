// From longitude and latitude to the picture: local metres, then an isometric view from the south-east, then painter's
// order. No perspective, so that a building's size can be compared wherever it stands.
const EARTH_M = 6371008.8;
const RAD = Math.PI / 180;
const COS = Math.SQRT1_2; // half a right angle: both visible walls of an aligned building are equally wide
const FLAT = 0.5; // the height of the ground against its width, as in every 2:1 isometric drawing
const RISE = 0.87; // what a metre upwards measures in the picture

/** A function [lon, lat] → [east, south] in metres around `origin`: exact enough for a few kilometres. */
export function metres([lon0, lat0]) {
  const shrink = Math.cos(lat0 * RAD);
  return ([lon, lat]) => [(lon - lon0) * RAD * EARTH_M * shrink, (lat0 - lat) * RAD * EARTH_M];
}

/** [east, south] and height z in metres → picture metres [u, v]; u to the right, v downwards. */
export const project = ([x, y], z = 0) => [(x - y) * COS, (x + y) * COS * FLAT - z * RISE];
/** How near a ground point is to the viewer: larger is nearer. */
const depth = ([x, y]) => x + y;
const across = ([x, y]) => x - y;

/** Signed area of a polygon; used to turn every footprint the same way round. */
const signedArea = (ring) => ring.reduce((sum, [x, y], i) => {
  const [nx, ny] = ring[(i + 1) % ring.length];
  return sum + x * ny - nx * y;
}, 0) / 2;

/** A footprint without its repeated last corner, always turning the same way. */
export function tidy(ring) {
  const open = ring.filter(([x, y], i) => i === 0 || x !== ring[i - 1][0] || y !== ring[i - 1][1]);
  const [first, last] = [open[0], open.at(-1)];
  if (open.length > 1 && first[0] === last[0] && first[1] === last[1]) open.pop();
  return signedArea(open) < 0 ? open.reverse() : open;
}

/** Walls of a tidy footprint that face the viewer, farthest first: {from, to, light} with light 0 (left) to 1 (right). */
export function walls(ring) {
  const seen = [];
  ring.forEach((from, i) => {
    const to = ring[(i + 1) % ring.length];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dy);
    if (length === 0) return;
    const [nx, ny] = [dy / length, -dx / length]; // outward, because footprints turn the same way
    if (nx + ny > 1e-6) seen.push({ from, to, light: (nx - ny + 1) / 2 });
  });
  return seen.sort((a, b) => depth(a.from) + depth(a.to) - depth(b.from) - depth(b.to));
}

/** Where a polygon is cut by the line across = u: [nearest, farthest] depth; null where it is not. */
function cut(ring, u) {
  let [low, high] = [Infinity, -Infinity];
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length];
    const [ua, ub] = [across(a), across(b)];
    if ((ua - u) * (ub - u) > 0 || ua === ub) return;
    const at = depth(a) + ((u - ua) / (ub - ua)) * (depth(b) - depth(a));
    low = Math.min(low, at);
    high = Math.max(high, at);
  });
  return low <= high ? [low, high] : null;
}

/** Whether footprint a stands behind b: 1, before it: -1, or 0 where neither can hide the other. */
function behind(a, b) {
  const spanOf = (ring) => [Math.min(...ring.map(across)), Math.max(...ring.map(across))];
  const [[a0, a1], [b0, b1]] = [spanOf(a), spanOf(b)];
  const [from, to] = [Math.max(a0, b0), Math.min(a1, b1)];
  if (from >= to) return 0;
  for (const part of [0.5, 0.2, 0.8]) {
    const u = from + (to - from) * part;
    const [ca, cb] = [cut(a, u), cut(b, u)];
    if (ca && cb) return ca[0] + ca[1] < cb[0] + cb[1] ? 1 : -1;
  }
  return 0;
}

/** Things with a `ring`, sorted so that what is drawn later may cover what came before. */
export function paintersOrder(things) {
  const left = [...things].sort((a, b) => Math.min(...a.ring.map(depth)) - Math.min(...b.ring.map(depth)));
  const done = [];
  while (left.length) {
    const free = left.findIndex((thing) => !left.some((other) => other !== thing && behind(other.ring, thing.ring) === 1));
    done.push(...left.splice(Math.max(0, free), 1)); // footprints that overlap can form a ring: then the farthest goes first
  }
  return done;
}

/** Middle of a polygon by area; of its corners where it has none. */
export function centre(ring) {
  const area = signedArea(ring);
  if (Math.abs(area) < 1e-9) return [0, 1].map((k) => ring.reduce((s, p) => s + p[k], 0) / ring.length);
  let [cx, cy] = [0, 0];
  ring.forEach(([x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length];
    const w = x * ny - nx * y;
    cx += (x + nx) * w;
    cy += (y + ny) * w;
  });
  return [cx / (6 * area), cy / (6 * area)];
}
