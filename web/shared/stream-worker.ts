/*
 * stream-worker.ts: one line to the server for all pages of a browser that hear the same things.
 *
 * A browser opens six connections to one server over HTTP/1.1, and an open stream is one of them: without this, the seventh page of the bank
 * would wait for ever. Pages name a line (`key`: a customer, or "all"); the worker opens it once and tells every page that asked.
 */
export type Say = { say: "open"; key: string; url: string } | { say: "close"; key: string };
export type Tell = { key: string; tell: "open" | "gap" | "refused" } | { key: string; tell: "changed" | "queue"; data: string };

interface Line { source: EventSource; ports: Set<MessagePort> }
const lines = new Map<string, Line>();
const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void };

function open(key: string, url: string, port: MessagePort): void {
  const had = lines.get(key);
  if (had) {
    had.ports.add(port);
    if (had.source.readyState === EventSource.OPEN) port.postMessage({ key, tell: "open" } satisfies Tell);
    return;
  }
  const line: Line = { source: new EventSource(url), ports: new Set([port]) };
  const tell = (message: Tell): void => { for (const p of line.ports) p.postMessage(message); };
  lines.set(key, line);
  line.source.addEventListener("open", () => tell({ key, tell: "open" }));
  line.source.addEventListener("changed", (e) => tell({ key, tell: "changed", data: (e as MessageEvent<string>).data }));
  line.source.addEventListener("queue", (e) => tell({ key, tell: "queue", data: (e as MessageEvent<string>).data }));
  line.source.addEventListener("error", () => {
    const refused = line.source.readyState === EventSource.CLOSED;
    if (refused) lines.delete(key);
    tell({ key, tell: refused ? "refused" : "gap" });
  });
}

function close(key: string, port: MessagePort): void {
  const line = lines.get(key);
  if (!line?.ports.delete(port) || line.ports.size > 0) return;
  line.source.close();
  lines.delete(key);
}

scope.onconnect = (event) => {
  const port = event.ports[0]!;
  port.onmessage = (m: MessageEvent<Say>) => { if (m.data.say === "open") open(m.data.key, m.data.url, port); else close(m.data.key, port); };
};
