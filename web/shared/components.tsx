/* components.tsx: the handful of components every page is made of. */
import { Component, type ComponentChildren } from "preact";
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Accessibility, Time } from "./api";
import { ago, clock, day, iso } from "./format";

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
  <time dateTime={iso(time)} title={`${day(time)}, ${clock(time)}`}>{full ? `${day(time)}, ${clock(time)}` : ago(time)}</time>
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

export const Trouble = ({ error, again }: { error: Error; again?: (() => void) | undefined }) => (
  <div class="notice broken stack tight" role="alert">
    <p><Mark means="broken">{error.message}</Mark></p>
    {again && <div><button class="low" onClick={again}>Try again</button></div>}
  </div>
);

/*
 * A part of a page. When it cannot be drawn it says so in its place, by its title, and the rest of the page stays as it is. It is drawn again
 * when the reader asks for it or when `at` changes, which is where the page is.
 */
export class Part extends Component<{ title: string; at?: unknown; children?: ComponentChildren }, { error: Error | null }> {
  override state = { error: null as Error | null };
  static override getDerivedStateFromError(error: unknown): { error: Error } { return { error: error instanceof Error ? error : new Error(String(error)) }; }
  override componentDidUpdate(before: { at?: unknown }): void { if (this.state.error && before.at !== this.props.at) this.setState({ error: null }); }
  override componentDidCatch(error: unknown): void { console.error(`${this.props.title} cannot be shown.`, error); }
  override render() {
    const { error } = this.state, { title, children } = this.props;
    if (!error) return children;
    return (
      <div class="notice broken stack tight" role="alert" data-testid="part-failed">
        <p><Mark means="broken">{title} cannot be shown: this page met something it does not expect ({error.message}). Everything else here is as usual.</Mark></p>
        <div><button class="low" onClick={() => this.setState({ error: null })}>Try again</button></div>
      </div>
    );
  }
}

/* Where a page stands until it is there, or says why it is not. */
export const Waiting = ({ error, again }: { error?: Error | null | undefined; again?: () => void }) => (
  <><h1>{error ? "This cannot be shown now." : "One moment."}</h1>{error && <Trouble error={error} again={again} />}</>
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
