/*
 * machine.tsx: the cash machine.
 *
 * The promise: the usual first and alone in its row, with why; without a yes of the customer nothing is guessed, and she is asked once,
 * after her cash, with nothing chosen beforehand. Seldom, and only when nothing else is asked, one question with stars. Her needs (huge type, contrast) hold from the first screen on.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Answer, Ask, Choice } from "../shared/api";
import { announce, Dialog, Trouble, When, Waiting } from "../shared/components";
import { money, notesText } from "../shared/format";
import { brand } from "./brand";
import { parameter, visit, type Visit } from "./session";
import { Who } from "./who";

type Step = "amounts" | "other" | "receipt" | "cash" | "remember" | "stars" | "bye";
interface Taken { amount: number; notes: number[]; receipt: boolean }
const AMOUNT_MAX = 500;
const COUNTING_MS = 900;

/* What can be answered: at most eleven steps are drawn. */
function steps({ low = 1, high = 5 }: Ask): number[] {
  const fits = Number.isInteger(low) && low >= 0 && high >= low && high <= low + 10 && high <= 10;
  return fits ? Array.from({ length: Math.floor(high - low) + 1 }, (_, i) => low + i) : [1, 2, 3, 4, 5];
}
const euros = (n: number): string => money(n, brand.currency, true);
const standard = [20, 50, 100, 200];

/* The notes the machine counts out when nothing was wished: the fewest. */
const usual_kinds = [100, 50, 20, 10];
function fewest(amount: number, kinds: number[] = usual_kinds): number[] {
  const notes: number[] = [];
  let rest = amount <= AMOUNT_MAX ? amount : 0;
  for (const kind of kinds.filter((k) => k >= 1).sort((a, b) => b - a)) while (rest >= kind) { notes.push(kind); rest -= kind; }
  return rest === 0 || kinds === usual_kinds ? notes : fewest(amount);
}

export default function Machine() {
  const person = parameter("person");
  const at = useSignal<Visit | null>(null);
  const error = useSignal<Error | null>(null);
  const step = useSignal<Step>("amounts");
  const taken = useSignal<Taken | null>(null);
  const why = useSignal(false);
  const question = useSignal<{ decision: string; ask: Ask; why: string } | null>(null);
  const typed = useSignal("");
  const heading = useRef<HTMLHeadingElement>(null);

  const enter = async (): Promise<void> => {
    if (!person) return;
    error.value = null;
    try {
      at.value?.leave();
      at.value = await visit(person, {
        place: { channel: "machine", touchpoint: "machine-withdrawal" }, surface: "machine-withdrawal", withCard: false, events: true,
        mayRedraw: () => step.value === "amounts",
      });
      step.value = "amounts";
    } catch (e) { error.value = e as Error; }
  };
  useEffect(() => { void enter(); return () => at.value?.leave(); }, []);
  useEffect(() => { heading.current?.focus(); }, [step.value]);

  if (!person) return <main class="machine"><Bar /><div class="machine-middle"><Who title="Please put in your card." verb={(name) => `${name}’s card`} /></div></main>;
  if (error.value) return <main class="machine"><Bar /><div class="machine-middle"><Trouble error={error.value} again={() => void enter()} /></div></main>;
  const v = at.value;
  const d = v?.decision.value;
  if (!v || !d) return <main class="machine"><Bar /><div class="machine-middle"><Waiting error={v?.trouble.value} again={() => void v?.decide()} /></div></main>;

  const payable = d.options.filter((o) => Number(o.value) > 0 && Number(o.value) <= AMOUNT_MAX);
  const usual = payable.find((o) => o.usual);
  const wish = d.preferences["cash.notes"], wished = Array.isArray(wish) ? wish.filter((n): n is number => typeof n === "number") : undefined;
  const amounts = payable.filter((o) => !o.usual).map((o) => Number(o.value));
  const shown = amounts.length ? amounts.slice(0, 4) : standard;

  const choose = (amount: number, choice?: Choice): void => {
    const given = choice?.with?.notes ?? [];
    const exact = given.reduce((a, b) => a + b, 0) === amount;
    const notes = exact ? given : fewest(amount, given.length ? given : wished);
    taken.value = { amount, notes, receipt: d.preferences["cash.receipt"] === "yes" };
    void v.api.response({ decision: d.decision, value: amount }).catch(() => undefined);
    const stated = d.preferences["cash.receipt"];
    if (stated === "no" || stated === "yes") give(); else step.value = "receipt";
  };
  const give = (): void => {
    const t = taken.value!;
    step.value = "cash";
    v.track("Cash Withdrawn", { amount: t.amount, notes: t.notes, currency: brand.currency, receipt: t.receipt });
    announce(`${euros(t.amount)}, ${notesText(t.notes, t.amount)}. Please take your cash.`);
  };
  const answer = async (a: Answer): Promise<void> => {
    try {
      await v.api.response({ decision: d.decision, suggestion: d.ask!.suggestion, answer: a });
      step.value = "bye";
    } catch (e) { v.trouble.value = e as Error; }
  };
  /* One question at a time: the stars wait while something else is to be said. Whether anything may be asked, the server decides. */
  const afterCash = async (): Promise<void> => {
    if (d.ask) { step.value = "remember"; return; }
    const asked = await v.api.decide({ surface: "machine-question", channel: "machine" }).catch(() => null);
    question.value = asked?.ask?.kind === "question" ? { decision: asked.decision, ask: asked.ask, why: asked.why } : null;
    step.value = question.value ? "stars" : "bye";
  };
  const rate = async (stars: number | null): Promise<void> => {
    const q = question.value!;
    try {
      if (stars === null) await v.api.response({ decision: q.decision, suggestion: q.ask.suggestion, answer: "no" });
      else { await v.api.response({ decision: q.decision, value: stars }); announce("Thank you."); }
      step.value = "bye";
    } catch (e) { v.trouble.value = e as Error; }
  };
  const larger = d.accessibility.text !== "huge";
  const name = v.session.name.split(" ")[0] ?? "";

  return (
    <main class="machine" data-step={step.value}>
      <Bar who={v.session.name} />
      {v.trouble.value && <div class="machine-trouble"><Trouble error={v.trouble.value} /></div>}
      {step.value === "amounts" && (
        <>
          <h1 ref={heading} tabIndex={-1}>Good day, {name}. How much would you like?</h1>
          {usual && (
            <div class="usual-row">
              <button class="first edge" data-testid="usual" data-value={usual.value} data-notes={(usual.with?.notes ?? []).join(",")} onClick={() => choose(Number(usual.value), usual)}>
                <span class="amount">{euros(Number(usual.value))}</span>
                <span>{[usual.stated ? "your usual, as you wished it" : "your usual", notesText(usual.with?.notes ?? [], Number(usual.value))].filter(Boolean).join(": ")}</span>
              </button>
              <button class="quiet low" data-testid="why" aria-haspopup="dialog" onClick={() => { why.value = true; }}>why?</button>
            </div>
          )}
          <div class="edges">
            {[0, 2, 1, 3].map((i) => shown[i] !== undefined && (
              <button key={shown[i]} class="edge" data-testid={`amount-${shown[i]}`} onClick={() => choose(shown[i]!)}><span class="amount">{euros(shown[i]!)}</span></button>
            ))}
            <button class="edge" data-testid="something-else" onClick={() => { typed.value = ""; step.value = "other"; }}>something else</button>
            <button class="edge" data-testid="text-size" onClick={() => void v.api.prefer(v.session.cid, { "accessibility.text": larger ? "huge" : null }, "machine").then(() => v.decide())}>{larger ? "larger letters" : "smaller letters"}</button>
            <button class="edge" data-testid="contrast" onClick={() => void v.api.prefer(v.session.cid, { "accessibility.contrast": d.accessibility.contrast === "high" ? null : "high" }, "machine").then(() => v.decide())}>{d.accessibility.contrast === "high" ? "usual colours" : "stronger contrast"}</button>
            <button class="edge" data-testid="take-card" onClick={() => { step.value = "bye"; }}>take my card back</button>
          </div>
          {!usual && <p class="small machine-why">These are the standard amounts. <button class="quiet low" data-testid="why" aria-haspopup="dialog" onClick={() => { why.value = true; }}>why?</button></p>}
        </>
      )}
      {step.value === "other" && (
        <form class="machine-middle" onSubmit={(e) => { e.preventDefault(); const n = Number(typed.value); if (n > 0 && n <= AMOUNT_MAX && n % 10 === 0) choose(n); }}>
          <h1 ref={heading} tabIndex={-1}>How much would you like?</h1>
          <div class="field">
            <label for="other">An amount in tens, up to {euros(AMOUNT_MAX)}</label>
            <input id="other" class="amount" inputMode="numeric" autoComplete="off" value={typed.value} aria-describedby="other-hint" onInput={(e) => { typed.value = e.currentTarget.value.replace(/\D/g, "").slice(0, 3); }} />
          </div>
          <p id="other-hint" class="soft" aria-live="polite">{typed.value && (Number(typed.value) % 10 || Number(typed.value) > AMOUNT_MAX || Number(typed.value) < 10) ? "The machine has notes of ten and more: choose an amount in tens." : " "}</p>
          <div class="pad" role="group" aria-label="Digits">
            {["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"].map((n) => <button type="button" key={n} class="edge" onClick={() => { typed.value = (typed.value + n).replace(/^0+/, "").slice(0, 3); }}>{n}</button>)}
            <button type="button" class="edge clear" onClick={() => { typed.value = ""; }}>Clear</button>
          </div>
          <div class="two"><button class="first edge" data-testid="other-take" disabled={!typed.value || Number(typed.value) % 10 !== 0 || Number(typed.value) > AMOUNT_MAX}>Take {typed.value ? euros(Number(typed.value)) : "cash"}</button>
            <button type="button" class="edge" onClick={() => { step.value = "amounts"; }}>Back</button></div>
        </form>
      )}
      {step.value === "receipt" && (
        <div class="machine-middle">
          <h1 ref={heading} tabIndex={-1}>Would you like a receipt?</h1>
          <div class="two">
            <button class="edge" data-testid="receipt-yes" onClick={() => { taken.value = { ...taken.value!, receipt: true }; give(); }}>Yes, print it</button>
            <button class="edge" data-testid="receipt-no" onClick={() => { taken.value = { ...taken.value!, receipt: false }; give(); }}>No receipt</button>
          </div>
        </div>
      )}
      {step.value === "cash" && taken.value && <Cash taken={taken.value} heading={heading} next={() => void afterCash()} />}
      {step.value === "remember" && d.ask && (
        <div class="machine-middle" data-testid="suggestion">
          <h1 ref={heading} tabIndex={-1} lang={d.ask.language}>{d.ask.text}</h1>
          {d.ask.kind === "consent" && <p>With a yes, your usual amount stands first next time. You can take it back at any time, here or on your own page.</p>}
          <div class="two">
            {(d.ask.answers ?? []).map((a) => (
              <button key={a} class="edge" data-testid={d.ask!.kind === "consent" ? `remember-${a}` : `suggestion-${a}`} onClick={() => void answer(a)}>{a === "yes" ? "Yes" : a === "no" ? "No" : "Never ask this"}</button>
            ))}
          </div>
        </div>
      )}
      {step.value === "stars" && question.value && (
        <div class="machine-middle" data-testid="question" data-question={question.value.ask.question}>
          <h1 ref={heading} tabIndex={-1}>{question.value.ask.text}</h1>
          <div class="stars-row" role="group" aria-label={question.value.ask.text}>
            {steps(question.value.ask).map((n) => (
              <button key={n} class="edge star" data-testid={`stars-${n}`} onClick={() => void rate(n)}><span aria-hidden="true">{"★".repeat(n)}</span><span>{n} {n === 1 ? "star" : "stars"}</span></button>
            ))}
          </div>
          <p class="small" data-testid="question-why">{question.value.why} Nothing else is asked today.</p>
          <div class="two"><button class="edge" data-testid="stars-none" onClick={() => void rate(null)}>Not now</button></div>
        </div>
      )}
      {step.value === "bye" && (
        <div class="machine-middle" data-testid="bye">
          <h1 ref={heading} tabIndex={-1}>Thank you, {name}. Please take your card.</h1>
          <div class="two"><button class="edge" data-testid="card-again" onClick={() => void enter()}>Put {name}’s card in again</button><a class="button edge" href="/harbour/machine">Another card</a></div>
        </div>
      )}
      {why.value && (
        <Dialog id="why-dialog" title={usual ? "Why this amount?" : "Why these amounts?"} close={() => { why.value = false; }}>
          <p data-testid="why-text" class="lead">{d.why}</p>
          {d.because.length > 0 && <ul class="plain because">{d.because.map((b) => <li key={b.event} class="row between"><span>{b.text || b.name}</span><span class="small"><When time={b.time} full /></span></li>)}</ul>}
          {d.withheld.length > 0 && <p class="small">Not used: {d.withheld.map((w) => `${w.what} (${w.reason})`).join(", ")}.</p>}
          <div><button class="first" onClick={() => { why.value = false; }}>Close</button></div>
        </Dialog>
      )}
    </main>
  );
}

const Bar = ({ who }: { who?: string }) => (
  <header class="masthead"><span class="bank">{brand.name}</span><span>Cash machine{who ? ` · ${who}` : ""}</span></header>
);

function Cash({ taken, next, heading }: { taken: Taken; next: () => void; heading: { current: HTMLHeadingElement | null } }) {
  const counted = useSignal(false);
  useEffect(() => { const timer = setTimeout(() => { counted.value = true; }, COUNTING_MS); return () => clearTimeout(timer); }, []);
  return (
    <div class="machine-middle">
      <h1 ref={heading} tabIndex={-1}>{counted.value ? "Please take your cash." : "Your cash is being counted."}</h1>
      <p class="amount">{euros(taken.amount)}</p>
      <p>{notesText(taken.notes, taken.amount)}{taken.receipt ? ", with a receipt" : ""}</p>
      <ul class="plain notes" aria-hidden="true">{taken.notes.map((n, i) => <li key={i} class={`note note-${n}`}>{n}</li>)}</ul>
      <div class="two"><button class="first edge" data-testid="cash-taken" disabled={!counted.value} onClick={next}>I have my cash</button></div>
    </div>
  );
}
