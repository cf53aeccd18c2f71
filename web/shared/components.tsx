/* components.tsx: the handful of components every page is made of. */
import type { ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Accessibility, Time } from "./api";
import { ago, clock, date, day } from "./format";

/* What a screen reader is told. One polite region a page; the same words twice are told twice. */
const told = signal("");
export function announce(text: string): void {
  told.value = "";
  requestAnimationFrame(() => { told.value = text; });
}
export const Announcer = () => <div class="out-of-sight" role="status" aria-live="polite">{told}</div>;

export type Meaning = "good" | "watch" | "broken";
const shape: Record<Meaning, string> = { good: "●", watch: "▲", broken: "■" };
export const Mark = ({ means, children }: { means: Meaning; children: ComponentChildren }) => (
  <span class={`mark ${means}`}><span aria-hidden="true">{shape[means]}</span><span>{children}</span></span>
);

export const When = ({ time, full }: { time: Time; full?: boolean }) => (
  <time dateTime={date(time).toISOString()} title={`${day(time)}, ${clock(time)}`}>{full ? `${day(time)}, ${clock(time)}` : ago(time)}</time>
);

/* A native dialog: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, close, children, id }: { title: string; close: () => void; children: ComponentChildren; id: string }) {
  const ref = useRef<HTMLDialogElement>(null), ending = useRef(false);
  /* Closing gives the focus back to what had it, before the dialog leaves the page; the event of that closing is nobody's any more. */
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog?.open) dialog?.showModal();
    return () => { ending.current = true; dialog?.close(); };
  }, []);
  const closed = (): void => { if (!ending.current) close(); };
  return (
    <dialog ref={ref} aria-labelledby={`${id}-title`} data-testid={id} onClose={closed} onCancel={closed}>
      <div class="stack"><h2 id={`${id}-title`} tabIndex={-1} autofocus>{title}</h2>{children}</div>
    </dialog>
  );
}

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty stack tight"><h2>{title}</h2>{children}</div>
);

export const Trouble = ({ error, again }: { error: Error; again?: () => void }) => (
  <div class="notice broken stack tight" role="alert">
    <p><Mark means="broken">{error.message}</Mark></p>
    {again && <div><button class="low" onClick={again}>Try again</button></div>}
  </div>
);

/* Puts a customer's needs on the page; everything else follows from the tokens. */
export function applyAccessibility(needs: Partial<Accessibility> | null | undefined): void {
  const root = document.documentElement;
  root.toggleAttribute("data-stable", Boolean(needs?.stable_layout));
  if (needs?.text === "huge") root.dataset["text"] = "huge"; else delete root.dataset["text"];
  if (needs?.contrast === "high") root.dataset["contrast"] = "high"; else delete root.dataset["contrast"];
}

/* A toast with the way back. It stays until it is used, closed or replaced: nobody has to be quick. */
export function Toast({ text, undo, close }: { text: string; undo?: (() => void) | undefined; close: () => void }) {
  return (
    <div class="toast" role="status">
      <span>{text}</span>
      <span class="toast-acts">
        {undo && <button class="low" data-testid="undo" onClick={undo}>Undo</button>}
        <button class="low" data-testid="toast-close" onClick={close}>Close</button>
      </span>
    </div>
  );
}
