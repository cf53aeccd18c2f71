/* state.ts: what every page of the console shares: the connection, who is signed in, and how this person wants to see it. */
import { signal } from "@preact/signals";
import { ApiError, client, type SignedIn } from "../shared/api";

/* By the path that was asked: the fields of its newest answer that could not be read. A change of page begins again. */
export const unread = signal(new Map<string, string[]>());
export const api = client({
  unread: (path, fields) => {
    const lost = fields.filter((f) => !f.absent).map((f) => f.field), had = unread.value.get(path);
    if (lost.join() === (had ?? []).join()) return;
    const next = new Map(unread.value);
    if (lost.length) next.set(path, lost); else next.delete(path);
    unread.value = next;
  },
});
export const signedIn = signal<SignedIn | null>(null);
/* May who is signed in call this route? The server asks itself again; this keeps what would be refused off the page. */
export const may = (route: string): boolean => signedIn.value?.may.includes(route) ?? false;
export const hasRole = (...roles: string[]): boolean => (signedIn.value?.roles.split(",") ?? []).some((r) => roles.includes(r));
/* The door is a page of the server's own; nothing of this one may stay behind. */
export const leave = (): void => location.replace("/console/sign-in");

/* Why somebody opened a customer, where the company asks for it: as long as the page lives. */
export const reasons = new Map<string, string>();

/* One question to the server, with its loading and its error; only the newest answer counts. */
export interface Asked<T> { value: T | null; error: Error | null; loading: boolean }
export function asking<T>(): { state: { value: Asked<T> }; ask: (question: () => Promise<T>) => Promise<void> } {
  const state = signal<Asked<T>>({ value: null, error: null, loading: true });
  let turn = 0;
  return {
    state,
    ask: async (question) => {
      const mine = ++turn;
      state.value = { ...state.value, loading: true };
      try {
        const value = await question();
        if (mine === turn) state.value = { value, error: null, loading: false };
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) leave();
        if (mine === turn) state.value = { value: null, error: error as Error, loading: false };
      }
    },
  };
}

export interface Display { text: "normal" | "huge"; contrast: "normal" | "high"; theme: "device" | "light" | "dark"; keys: boolean }
const place = "attune.display";
function stored(): Display {
  try { return { text: "normal", contrast: "normal", theme: "device", keys: true, ...(JSON.parse(localStorage.getItem(place) ?? "{}") as Partial<Display>) }; } catch { return { text: "normal", contrast: "normal", theme: "device", keys: true }; }
}
export const display = signal<Display>(stored());
export function show(change: Partial<Display>): void {
  display.value = { ...display.value, ...change };
  try { localStorage.setItem(place, JSON.stringify(display.value)); } catch { /* Private window: it holds until the page is closed. */ }
  dress();
}
export function dress(): void {
  const root = document.documentElement;
  const d = display.value;
  if (d.text === "huge") root.dataset["text"] = "huge"; else delete root.dataset["text"];
  if (d.contrast === "high") root.dataset["contrast"] = "high"; else delete root.dataset["contrast"];
  if (d.theme !== "device") root.dataset["theme"] = d.theme; else delete root.dataset["theme"];
}
