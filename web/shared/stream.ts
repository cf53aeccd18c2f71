/*
 * stream.ts: hears what changed, the moment it changed.
 *
 * The line itself is kept by a shared worker (stream-worker.ts), or by the page where a browser has none. It reconnects by itself after a
 * gap, and then `again` is called, because what changed meanwhile was not heard; after an outright refusal we try again with growing
 * pauses. Several changes close together are told once: a page never redraws more than four times a second.
 */
import type { Say, Tell } from "./stream-worker";

declare const STREAM_WORKER: string;   /* The worker's address, written by the build. */

export interface Changed { cid: string; what: string[] }
export interface Queued { name: string; counter: number | string; cid: string }
export interface Ears { changed?: (change: Changed) => void; queue?: (queued: Queued) => void; refused?: () => void; again?: () => void }

/* Whose changes are heard: one customer's with her token, or everybody's with the console's key. */
export type Whose = { cid: string; token: () => string } | "all";

const REDRAW_MS_MIN = 250, PAUSE_MS_MIN = 1000, PAUSE_MS_MAX = 30_000;

/* One line, open or not: `reopen` asks for it (again), `close` lets it go. */
interface Line { reopen: (url: string) => void; close: () => void }

let worker: SharedWorker | null | undefined;
const pages = new Set<(message: Tell) => void>();
function shared(): SharedWorker | null {
  if (worker !== undefined) return worker;
  try {
    worker = new SharedWorker(STREAM_WORKER, { type: "module", name: "attune-stream" });
    worker.port.onmessage = (m: MessageEvent<Tell>) => { for (const hear of pages) hear(m.data); };
  } catch { worker = null; }
  return worker;
}

const keys = new Map<string, number>();
function lineByWorker(port: MessagePort, key: string, hear: (message: Tell) => void): Line {
  const mine = (message: Tell): void => { if (message.key === key) hear(message); };
  pages.add(mine);
  keys.set(key, (keys.get(key) ?? 0) + 1);
  return {
    reopen: (url) => port.postMessage({ say: "open", key, url } satisfies Say),
    close: () => {
      pages.delete(mine);
      const left = (keys.get(key) ?? 1) - 1;
      keys.set(key, left);
      if (left === 0) port.postMessage({ say: "close", key } satisfies Say);
    },
  };
}

function lineByPage(key: string, hear: (message: Tell) => void): Line {
  let source: EventSource | null = null;
  return {
    reopen: (url) => {
      source?.close();
      const s = source = new EventSource(url);
      s.addEventListener("open", () => hear({ key, tell: "open" }));
      s.addEventListener("changed", (e) => hear({ key, tell: "changed", data: (e as MessageEvent<string>).data }));
      s.addEventListener("queue", (e) => hear({ key, tell: "queue", data: (e as MessageEvent<string>).data }));
      s.addEventListener("error", () => hear({ key, tell: s.readyState === EventSource.CLOSED ? "refused" : "gap" }));
    },
    close: () => source?.close(),
  };
}

/* A message of the stream, or null: one that cannot be read is passed over, the next one is heard. */
function parsed<T>(data: string): T | null {
  try { const value: unknown = JSON.parse(data); return typeof value === "object" && value !== null ? value as T : null; } catch { return null; }
}

export function listen(whose: Whose, ears: Ears): () => void {
  const key = whose === "all" ? "all" : whose.cid;
  const url = (): string => (whose === "all" ? "/v1/stream" : `/v1/stream?token=${encodeURIComponent(whose.token())}`);
  const waiting = new Map<string, Set<string>>();
  let telling: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let pause_ms = PAUSE_MS_MIN, last = 0, gap = false;

  const tell = (): void => {
    telling = undefined;
    last = Date.now();
    const all = [...waiting];
    waiting.clear();
    for (const [cid, what] of all) ears.changed?.({ cid, what: [...what] });
  };
  const hear = (m: Tell): void => {
    if (m.tell === "open") {
      pause_ms = PAUSE_MS_MIN;
      if (gap) ears.again?.();
      gap = false;
    } else if (m.tell === "changed") {
      const change = parsed<Changed>(m.data);
      if (!change || !Array.isArray(change.what)) return;
      const known = waiting.get(change.cid) ?? new Set<string>();
      for (const what of change.what) known.add(what);
      waiting.set(change.cid, known);
      telling ??= setTimeout(tell, Math.max(0, last + REDRAW_MS_MIN - Date.now()));
    } else if (m.tell === "queue") { const queued = parsed<Queued>(m.data); if (queued) ears.queue?.(queued); }
    else {
      gap = true;
      if (m.tell !== "refused") return;
      ears.refused?.();
      clearTimeout(retry);
      retry = setTimeout(() => line.reopen(url()), pause_ms);
      pause_ms = Math.min(pause_ms * 2, PAUSE_MS_MAX);
    }
  };
  const port = shared()?.port;
  const line = port ? lineByWorker(port, key, hear) : lineByPage(key, hear);
  /* A page that is left lets its line go, and takes it up again when "back" brings it out of the browser's memory. */
  const leave = (): void => line.close();
  const back = (e: PageTransitionEvent): void => { if (e.persisted) location.reload(); };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", back);
  line.reopen(url());
  return () => {
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", back);
    clearTimeout(retry);
    clearTimeout(telling);
    line.close();
  };
}
