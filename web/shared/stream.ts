/*
 * stream.ts: hears what changed, the moment it changed.
 *
 * After a gap `again` is called, because what changed meanwhile was not heard. The browser reconnects by itself after a dropped line; after an outright refusal we try again with growing pauses. Several
 * changes close together are told once: a page never redraws more than four times a second.
 */
export interface Changed { cid: string; what: string[] }
export interface Queued { name: string; counter: number | string; cid: string }
export interface Ears { changed?: (change: Changed) => void; queue?: (queued: Queued) => void; refused?: () => void; again?: () => void }

const REDRAW_MS_MIN = 250;

export function listen(token: (() => string) | null, ears: Ears): () => void {
  let source: EventSource | null = null;
  let pause_ms = 1000;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let gap = false;
  let last = 0;
  const waiting = new Map<string, Set<string>>();
  let telling: ReturnType<typeof setTimeout> | undefined;

  const tell = (): void => {
    telling = undefined;
    last = Date.now();
    for (const [cid, what] of waiting) ears.changed?.({ cid, what: [...what] });
    waiting.clear();
  };

  const open = (): void => {
    source = new EventSource(token ? `/v1/stream?token=${encodeURIComponent(token())}` : "/v1/stream");
    source.addEventListener("open", () => { pause_ms = 1000; if (gap) ears.again?.(); gap = false; });
    source.addEventListener("changed", (event) => {
      const change = JSON.parse((event as MessageEvent<string>).data) as Changed;
      const known = waiting.get(change.cid) ?? new Set<string>();
      for (const what of change.what) known.add(what);
      waiting.set(change.cid, known);
      telling ??= setTimeout(tell, Math.max(0, last + REDRAW_MS_MIN - Date.now()));
    });
    source.addEventListener("queue", (event) => ears.queue?.(JSON.parse((event as MessageEvent<string>).data) as Queued));
    source.addEventListener("error", () => {
      gap = true;
      if (closed || source?.readyState !== EventSource.CLOSED) return;
      ears.refused?.();
      retry = setTimeout(open, pause_ms);
      pause_ms = Math.min(pause_ms * 2, 30_000);
    });
  };
  open();
  return () => { closed = true; source?.close(); clearTimeout(retry); clearTimeout(telling); };
}
