/*
 * card-trust.tsx: data and rights of one customer: what proves a choice, what was decided and why, a copy, putting right,
 * restricting, erasing.
 */
import { useSignal } from "@preact/signals";
import type { Card, Consent, Explained, TimelineEvent, Value } from "../shared/api";
import { announce, Dialog, Mark, Trouble, When } from "../shared/components";
import { clock, on, shortDay, valueText, words } from "../shared/format";
import { go } from "./route";
import { api, reasons } from "./state";

/* A choice, with the words that were shown, when and where. */
export function Proof({ consent: x }: { consent: Consent }) {
  const parts = [x.channel && x.channel !== "none" ? `said ${on(x.channel)}` : "", x.version_shown ? `to the words of version ${x.version_shown}` : "", x.control ? `by ${x.control}` : "", x.method ?? ""].filter(Boolean);
  return (
    <>{x.answer !== "yes" ? <span>no</span> : x.holds === false ? <Mark means="watch">yes, to words that were changed since</Mark> : <Mark means="good">yes</Mark>}
      <span class="small block">{parts.join(", ")}{parts.length > 0 && x.time !== null ? ", " : ""}{x.time !== null && <When time={x.time} full />}</span></>
  );
}

/* Where the company asks why a customer is opened. */
export function AskReason({ cid, done }: { cid: string; done: () => void }) {
  return (
    <form class="stack" data-testid="ask-reason" onSubmit={(e) => { e.preventDefault(); reasons.set(cid, String(new FormData(e.currentTarget).get("reason")).trim()); done(); }}>
      <h1>Why do you open this customer?</h1>
      <p class="soft">What you write is kept in the audit log with who you are. Write no names in it.</p>
      <div class="field"><label for="reason">The reason</label><input id="reason" name="reason" required maxLength={200} autoComplete="off" /></div>
      <div><button class="first">Open the card</button></div>
    </form>
  );
}

type Act = "correct" | "restrict" | "lift" | "erase";

export function CardTrust({ card, done }: { card: Card; done: (text: string, undo?: string) => void }) {
  const act = useSignal<Act | null>(null), decided = useSignal<TimelineEvent[] | null>(null), error = useSignal<Error | null>(null);
  const why = reasons.get(card.cid), copy = (format: string): string => `/v1/customers/${card.cid}/export?format=${format}${why ? `&reason=${encodeURIComponent(why)}` : ""}`;
  const close = (): void => { act.value = null; };
  const show = async (): Promise<void> => {
    try { decided.value = (await api.decisions(card.cid, why)).decisions; announce(`${decided.value.length} decisions are shown.`); } catch (e) { error.value = e as Error; }
  };
  return (
    <section class="stack rule" aria-labelledby="rights" data-testid="rights">
      <h2 id="rights">Data and rights</h2>
      <p class="row"><a href={copy("zip")} download data-testid="copy">Take a copy (zip)</a><a href={copy("json")} download>As one file (JSON)</a><a href={`/console/trust?about=${card.cid}#audit`}>Who did what here</a></p>
      <div class="row">{card.traits.length > 0 && <button data-testid="correct" onClick={() => { act.value = "correct"; }}>Put something right</button>}
        {card.restricted ? <button data-testid="lift" onClick={() => { act.value = "lift"; }}>Use the data again</button> : <button data-testid="restrict" onClick={() => { act.value = "restrict"; }}>Stop using the data</button>}<button data-testid="erase" onClick={() => { act.value = "erase"; }}>Erase</button></div>
      {error.value && <Trouble error={error.value} />}
      {decided.value === null ? <div><button class="low" data-testid="decided" onClick={() => void show()}>What was decided, and why</button></div>
        : decided.value.length === 0 ? <p class="soft">Nothing was decided for this customer yet.</p>
          : <ol class="plain" data-testid="decisions">{decided.value.map((d) => <Decided key={d.event} cid={card.cid} event={d} />)}</ol>}
      {act.value === "correct" && <Correct card={card} close={close} done={(undo) => { close(); done("Put right. What stood there before is in the history.", undo); }} />}
      {act.value === "restrict" && <Confirm id="restrict-dialog" title="Stop using this customer’s data?" says="It is kept, and used for nothing but the running of the service, until somebody takes that back." button="Stop using it" close={close} act={async (because) => { const { undo } = await api.restrict(card.cid, true, because); close(); done("Restricted: the data are kept and not used.", undo); }} />}
      {act.value === "lift" && <Confirm id="lift-dialog" title="Use this customer’s data again?" says="What the customer agreed to holds again." button="Use it again" close={close} act={async (because) => { const { undo } = await api.restrict(card.cid, false, because); close(); done("The restriction is lifted.", undo); }} />}
      {act.value === "erase" && <Confirm id="erase-dialog" title={`Erase ${card.name ?? "this customer"}?`} says="Everything that is kept about this customer is destroyed. Nobody can bring it back, and there is no undo." button="Erase it for ever" close={close} act={async (because) => { await api.erase(card.cid, because); close(); announce("Erased."); go("/console/customers"); }} />}
    </section>
  );
}

function Decided({ cid, event }: { cid: string; event: TimelineEvent }) {
  const answer = useSignal<Explained | null>(null), error = useSignal<Error | null>(null), id = `d${event.event.slice(1)}`;
  const explain = (): void => void api.decision(cid, id).then((a) => { answer.value = a; announce(a.answer.why); }, (e: Error) => { error.value = e; });
  const a = answer.value;
  return (
    <li class="part"><div class="row between"><span>{words(event.name)}<span class="small block">{shortDay(event.time)}, {clock(event.time)}</span></span>
      {!a && <button class="low" data-testid={`explain-${id}`} onClick={explain}>Why?<span class="out-of-sight"> {words(event.name)}, {shortDay(event.time)}, {clock(event.time)}</span></button>}</div>
      {error.value && <p class="small">{error.value.message}</p>}
      {a && <div class="stack tight" data-testid={`explained-${id}`}><p>{a.answer.why || "No reason was needed: it is the same for everybody."}</p>
        {a.answer.because.length > 0 && <ul class="plain small">{a.answer.because.map((b) => <li key={b.event}>{b.text}</li>)}</ul>}
        {a.answer.withheld.length > 0 && <p class="small">Not used: {a.answer.withheld.map((w) => `${w.what} (${w.reason})`).join(", ")}.</p>}
        <p class="small" data-testid={`otherwise-${id}`}>{a.otherwise.found ? a.otherwise.sentence : "Nothing that was learned could have changed it."}</p>
        <p class="small">{a.same ? <Mark means="good">Made again from what was known then, it comes out the same.</Mark> : <Mark means="watch">Made again, it comes out differently: something it rested on was undone since.</Mark>}</p></div>}
    </li>
  );
}

/* What is wrong, what is right, and how it is known. */
function Correct({ card, close, done }: { card: Card; close: () => void; done: (undo?: string) => void }) {
  const simple = card.traits.filter((t) => ["string", "number"].includes(typeof t.value));
  const error = useSignal<Error | null>(null), trait = useSignal(simple[0]?.name ?? "");
  const old = simple.find((t) => t.name === trait.value)?.value;
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), typed = String(data.get("value")).trim(), value: Value = typeof old === "number" && Number.isFinite(Number(typed)) ? Number(typed) : typed;
    try { done((await api.correct(card.cid, trait.value, value, String(data.get("because")).trim())).undo); } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="correct-dialog" title="What is wrong?" close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        <div class="field"><label for="correct-trait">Which of it</label><select id="correct-trait" value={trait.value} onChange={(e) => { trait.value = e.currentTarget.value; }}>{simple.map((t) => <option key={t.name} value={t.name}>{words(t.name)}: {valueText(t.value)}</option>)}</select></div>
        <div class="field"><label for="correct-value">It should be</label><input id="correct-value" name="value" required maxLength={500} autoComplete="off" /></div>
        <div class="field"><label for="correct-because">How it is known</label><input id="correct-because" name="because" maxLength={200} autoComplete="off" /></div>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="correct-save">Put it right</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}

/* Asked back, with a reason; what the server says against it is shown as it comes. */
function Confirm({ id, title, says, button, close, act }: { id: string; title: string; says: string; button: string; close: () => void; act: (because: string) => Promise<void> }) {
  const error = useSignal<Error | null>(null);
  return (
    <Dialog id={id} title={title} close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); const because = String(new FormData(e.currentTarget).get("because")).trim(); act(because).catch((x: Error) => { error.value = x; }); }}>
        <p>{says}</p>
        <div class="field"><label for={`${id}-because`}>Why</label><input id={`${id}-because`} name="because" required maxLength={200} autoComplete="off" /></div>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid={`${id}-confirm`}>{button}</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}
