// Photos: taken by the phone's camera, made small enough for a weak signal, kept until they have arrived.
import { API } from "../follow.js";

const LONGEST_PX = 1600;
const QUALITY = 0.82;
const PREVIEW_PX = 160;
const STORE = "photos";
const here = new Map(); // where the browser keeps nothing, or as well

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("field", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
async function store(mode, how) {
  const db = await database();
  try {
    return await new Promise((resolve, reject) => {
      const change = db.transaction(STORE, mode);
      const asked = how(change.objectStore(STORE));
      change.oncomplete = () => resolve(asked.result);
      change.onerror = () => reject(change.error);
    });
  } finally {
    db.close();
  }
}

function drawn(picture, longest) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Takes a file of the camera: {key, preview (data URL)}. Raises where it is no picture. */
export async function take(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const canvas = drawn(picture, LONGEST_PX);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  const preview = drawn(picture, PREVIEW_PX).toDataURL("image/jpeg", 0.7);
  picture.close();
  const key = crypto.randomUUID();
  here.set(key, blob);
  await store("readwrite", (photos) => photos.put(blob, key)).catch(() => {});
  return { key, preview };
}

export async function forget(key) {
  here.delete(key);
  await store("readwrite", (photos) => photos.delete(key)).catch(() => {});
}

/** Sends one; a visitor by the code that was scanned: {ok, photo} or {ok: false, status}; status 0: no network; 410: this phone lost it. */
export async function upload(key, code = "") {
  const blob = here.get(key) ?? (await store("readonly", (photos) => photos.get(key)).catch(() => undefined));
  if (!blob) return { ok: false, status: 410 };
  try {
    const answer = await fetch(`${API}/photos${code && `?code=${encodeURIComponent(code)}`}`, { method: "POST", body: blob, headers: { "Content-Type": blob.type }, signal: AbortSignal.timeout(60000) });
    if (!answer.ok) return { ok: false, status: answer.status };
    return { ok: true, photo: (await answer.json()).photo };
  } catch {
    return { ok: false, status: 0 };
  }
}
