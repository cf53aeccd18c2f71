/*
 * queue.tsx: the screen above the counters: one name and one counter, as large as the screen.
 *
 * It hears everybody's turn with the console's key; without it, the turns of the people of the demonstration.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { client } from "../shared/api";
import { applyAccessibility } from "../shared/components";
import { listen, type Queued } from "../shared/stream";
import { parameter } from "./session";

const STREAMS_MAX = 3;   /* A browser opens six connections to one server; pages and their calls need the rest. */

export default function Queue() {
  const turn = useSignal<Queued | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const only = parameter("counter");
  useEffect(() => {
    const stops: (() => void)[] = [];
    const tokens = new Map<string, string>();
    const heard = (q: Queued): void => {
      if (only && String(q.counter) !== only) return;
      turn.value = q;
      const token = tokens.get(q.cid);
      applyAccessibility(null);
      if (token) void client({ token }).decide({ surface: "app-home", channel: "branch" }).then((d) => applyAccessibility({ contrast: d.accessibility.contrast }), () => undefined);
    };
    const everyone = async (): Promise<void> => {
      const people = await client().people();
      for (const p of people.slice(0, STREAMS_MAX)) {
        const s = await client().session(p.person);
        if (!s.cid) continue;
        tokens.set(s.cid, s.token);
        stops.push(listen({ cid: s.cid, token: () => s.token }, { queue: heard }));
      }
    };
    let fell = false;
    const stop = listen("all", { queue: heard, refused: () => { if (!fell) { fell = true; stop(); void everyone().catch(() => undefined); } } });
    stops.push(stop);
    return () => stops.forEach((s) => s());
  }, []);
  /* A long name gets smaller letters rather than a second line. */
  useEffect(() => {
    const el = box.current;
    if (!el || !turn.value) return;
    const fit = (): void => {
      const most = innerHeight * 0.46;
      el.style.setProperty("--letter", `${most}px`);
      const wide = el.querySelector("h1")!.scrollWidth;
      el.style.setProperty("--letter", `${Math.min(most, most * innerWidth * 0.94 / Math.max(1, wide))}px`);
    };
    fit();
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  }, [turn.value]);
  return (
    <main class="queue" ref={box} aria-live="assertive">
      {turn.value ? <><h1 class="queue-name" data-testid="queue-name">{String(turn.value.name).toLocaleUpperCase()}</h1><p class="queue-counter" data-testid="queue-counter">counter {String(turn.value.counter)}</p></>
        : <><h1 class="queue-wait" data-testid="queue-wait">Please take a seat.</h1><p class="queue-wait-small">We call you by your name.</p></>}
    </main>
  );
}
