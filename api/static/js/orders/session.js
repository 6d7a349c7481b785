// Who is signed in here, and what they may do; asked once, and again when the server says that nobody is.
import { signal } from "../html.js";
import { API } from "../follow.js";

/** {actor, name, role, permissions, …}; null before it was heard. */
export const session = signal(null);
/** The server wants a sign-in: what is shown may be old, and nothing can be sent. */
export const signedOut = signal(false);

export async function readSession() {
  try {
    const answer = await fetch(`${API}/session`, { headers: { Accept: "application/json" } });
    if (answer.status === 401) signedOut.value = true;
    if (!answer.ok) return;
    session.value = await answer.json();
    signedOut.value = false;
  } catch {
    // no server: the page says so by itself
  }
}

export const may = (...permissions) => permissions.some((each) => session.value?.permissions?.includes(each));
/** The login that journals will say; empty before it is known. */
export const me = () => session.value?.actor ?? "";
/** Where to sign in, and come back to this page. */
export const signInPath = () => `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
