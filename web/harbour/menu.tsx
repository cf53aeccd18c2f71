/* menu.tsx: what app and online bank share of the menu: the announcement, the suggestion, the answers and the way back. */
import { signal } from "@preact/signals";
import type { Answer, Value } from "../shared/api";
import { announce } from "../shared/components";
import { named, words } from "../shared/format";
import { titleOf } from "./brand";
import type { Visit } from "./session";

export const toast = signal<{ text: string; undo?: () => void } | null>(null);

export function undoing(visit: Visit, text: string, undo: string | undefined): void {
  announce(text);
  toast.value = { text, undo: undo ? () => { void takeBack(visit, undo); } : undefined };
}
export async function takeBack(visit: Visit, undo: string): Promise<void> {
  try {
    await visit.api.undo(visit.session.cid, undo);
    await visit.decide();
    announce("Undone. It is as before.");
    toast.value = { text: "Undone. It is as before." };
  } catch (error) { visit.trouble.value = error as Error; }
}
export async function prefer(visit: Visit, set: Record<string, Value>, text: string, channel: string): Promise<void> {
  try {
    const { undo } = await visit.api.prefer(visit.session.cid, set, channel);
    await visit.decide();
    undoing(visit, text, undo);
  } catch (error) { visit.trouble.value = error as Error; }
}

export function Announcements({ visit }: { visit: Visit }) {
  const said = visit.decision.value?.menu?.announce ?? [];
  return (
    <div role="status" aria-live="polite" data-testid="announce">
      {said.map((a) => (
        <div key={a.option} class="notice row between">
          <span>{a.text}</span>
          <button class="low" data-testid={`bring-back-${a.option}`} onClick={() => void takeBack(visit, a.undo)}>Bring back<span class="out-of-sight"> {titleOf(a.option)}</span></button>
        </div>
      ))}
    </div>
  );
}

const says: Record<Answer, string> = { yes: "Yes", no: "Not now", never: "Never ask this" };
export function Suggestion({ visit, channel }: { visit: Visit; channel: string }) {
  const d = visit.decision.value;
  const ask = d?.ask;
  if (!d || !ask) return null;
  const answer = async (a: Answer): Promise<void> => {
    try {
      const { undo } = await visit.api.response({ decision: d.decision, suggestion: ask.suggestion, answer: a });
      await visit.decide();
      const what = ask.option ? titleOf(ask.option) : "It";
      undoing(visit, a === "yes" ? (ask.kind === "promote" ? `${what} is on home now.` : "Agreed, and remembered.") : a === "never" ? "We will not ask this again." : "It stays as it is.", undo);
    } catch (error) { visit.trouble.value = error as Error; }
  };
  return (
    <section class="suggestion stack tight" data-testid="suggestion" aria-label="A suggestion">
      <p>{ask.text}</p>
      <div class="row">
        {(ask.answers ?? []).map((a) => <button key={a} class="low" data-testid={`suggestion-${a}`} onClick={() => void answer(a)}>{ask.kind === "promote" && a === "yes" ? "Yes, move it" : named(says, a) ?? words(a)}</button>)}
      </div>
    </section>
  );
}
