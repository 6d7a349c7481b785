// What pages without a session ask and tell: an answer or its failure, never an exception.
const PATIENCE_MS = 20000;

/** {status, data, wait}: wait is Retry-After in seconds; status 0: nothing came back. */
export async function talk(path, { method = "GET", body } = {}) {
  try {
    const answer = await fetch(`/api/v1${path}`, {
      method, signal: AbortSignal.timeout(PATIENCE_MS), body: body && JSON.stringify(body),
      headers: { Accept: "application/json", ...(method !== "GET" && { "Content-Type": "application/json" }) },
    });
    const wait = Number(answer.headers.get("Retry-After")) || null;
    return { status: answer.status, ok: answer.ok, data: await answer.json().catch(() => null), wait };
  } catch {
    return { status: 0, ok: false, data: null, wait: null };
  }
}

/** Where to go next: a path of this server, whatever the address says. */
export function inside(path) {
  try {
    const to = new URL(path, location.origin);
    return path.startsWith("/") && to.origin === location.origin ? to.pathname + to.search + to.hash : null;
  } catch {
    return null;
  }
}
