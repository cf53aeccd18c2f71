/*
 * branch.tsx: the clerk's tablet: who stands here, what is open, why she came, what she needs, the next best step; and a form that asks
 * nothing the bank knows already. The customer looks at this screen too: her needs hold here as well.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { client, type CustomerLine, type Known, type Person, type Value } from "../shared/api";
import { announce, Mark, Trouble, When } from "../shared/components";
import { money, on, plural, shortDay, valueText, words, count, named } from "../shared/format";
import { billId } from "./bills";
import { brand, titleOf } from "./brand";
import { parameter, visit, type Visit } from "./session";

const labels: Record<string, string> = { full_name: "Full name", contact_after: "To be called after" };
/* An address stands in one field. */
const fieldText = (v: Value): string => v !== null && typeof v === "object" && !Array.isArray(v) ? Object.values(v).map(valueText).join(", ") : valueText(v);
const label = (f: string): string => named(labels, f) ?? words(f);

export default function Branch() {
  const person = useSignal(parameter("person"));
  const people = useSignal<Person[]>([]);
  const found = useSignal<CustomerLine[]>([]);
  const q = useSignal("");
  const at = useSignal<Visit | null>(null);
  const known = useSignal<Known | null>(null);
  const error = useSignal<Error | null>(null);
  const called = useSignal<string | null>(null);
  const counter = Number(parameter("counter") ?? "4");

  const see = async (who: string): Promise<void> => {
    error.value = null; called.value = null;
    try {
      at.value?.leave();
      const v = await visit(who, { place: { channel: "branch", touchpoint: "branch-desk" }, surface: "app-home", withCard: true, events: false });
      known.value = await v.api.known(v.session.cid, "branch-desk");
      person.value = who;
      at.value = v;
      const p = new URLSearchParams(location.search); p.set("person", who);
      history.replaceState(null, "", `${location.pathname}?${p}`);
      announce(`${v.session.name}’s card is open.`);
    } catch (e) { error.value = e as Error; }
  };
  useEffect(() => {
    client().people().then((list) => { people.value = list; }, (e: Error) => { error.value = e; });
    if (person.value) void see(person.value);
    return () => at.value?.leave();
  }, []);

  /* A clerk with the console's key finds every customer; without it, the people who have an appointment. */
  const search = async (): Promise<void> => {
    try { found.value = (await client().customers({ q: q.value, n: 8 })).customers; } catch { found.value = []; }
  };
  const byUser = (line: CustomerLine): string | null => {
    const user = line.identifiers.find((i) => i.startsWith("user:"))?.slice(5);
    return people.value.find((p) => p.person === user)?.person ?? null;
  };
  const asked = q.value.trim().toLowerCase();
  const shown = people.value.filter((p) => !asked || p.name.toLowerCase().includes(asked));
  const v = at.value;
  const card = v?.card.value;

  return (
    <div class="tablet">
      <header class="masthead"><span class="bank">{brand.name}</span><span>Branch · counter {counter}</span></header>
      <form class="finder row" role="search" onSubmit={(e) => { e.preventDefault(); void search(); }}>
        <label for="find">Find a customer</label>
        <input id="find" type="search" data-testid="find" value={q.value} onInput={(e) => { q.value = e.currentTarget.value; if (q.value.length > 1) void search(); }} />
        {shown.map((p) => <button type="button" key={p.person} data-testid={`customer-${p.person}`} aria-pressed={person.value === p.person} onClick={() => void see(p.person)}>{p.name}</button>)}
        {asked && found.value.filter((l) => !byUser(l)).slice(0, 4).map((l) => <a key={l.cid} href={`/console/customers/${encodeURIComponent(l.cid)}`}>{l.name ?? l.identifiers[0]}</a>)}
      </form>
      {(error.value ?? v?.trouble.value) && <Trouble error={(error.value ?? v?.trouble.value)!} again={() => { if (person.value) void see(person.value); }} />}
      {!card || !v ? <main class="tablet-empty"><h1>{!person.value ? "Nobody is at the counter." : error.value ?? v?.trouble.value ? "The card cannot be shown now." : "One moment."}</h1>{!person.value && <p class="soft">Find the customer who stands before you, or call the next.</p>}</main> : (
        <main class="columns">
          <section class="stack card-side" aria-labelledby="who">
            <div class="row between"><h1 id="who">{card.name}</h1><button data-testid="call" onClick={() => void v.api.queue(card.cid, counter).then(() => { called.value = `Called to counter ${counter}.`; announce(called.value); }, (e: Error) => { error.value = e; })}>Call to counter {counter}</button></div>
            {called.value && <p class="small">{called.value}</p>}
            <p class="soft">With us since {shortDay(card.since)}.</p>
            <div><h2>Reason for coming</h2><p data-testid="reason">{card.present?.reason ? <span class={card.present.reason.marked === "inferred" ? "guess" : ""}>{card.present.reason.text}{card.present.reason.marked === "inferred" ? " (guess)" : ""}</span> : card.contacts[0]?.reason ? <span class={card.contacts[0].reason.marked === "inferred" ? "guess" : ""}>Last time: {card.contacts[0].reason.text}{card.contacts[0].reason.marked === "inferred" ? " (guess)" : ""}</span> : "Not known: ask."}</p></div>
            <div><h2>What is open</h2>
              <ul class="plain" data-testid="matters">
                {card.open.map((m) => <li key={m.matter} class="matter row between" data-testid={`bill-${billId(m.matter)}`} data-state={m.state}><span>{m.title}{m.amount !== null ? `, ${money(m.amount, m.currency)}` : ""}</span><span class="small">{m.state === "done" ? <Mark means="good">paid {m.closed && <When time={m.closed} />}{m.closed_on ? `, ${on(m.closed_on)}` : ""}</Mark> : <Mark means="watch">open{m.due ? `, due ${shortDay(m.due)}` : ""}</Mark>}</span></li>)}
                {card.open.length === 0 && <li class="soft">Nothing.</li>}
              </ul></div>
            <div><h2>What to mind</h2><ul class="plain" data-testid="needs">
              {v.decision.value?.accessibility.text === "huge" && <li>Huge type: read out what is small.</li>}
              {v.decision.value?.accessibility.contrast === "high" && <li>High contrast.</li>}
              {card.preferences.filter((p) => !p.name.startsWith("menu.") && !p.name.startsWith("accessibility.")).map((p) => <li key={p.name}>{words(p.name)}: {valueText(p.value)}</li>)}
              {card.habits.map((h) => <li key={h.text} class="guess">{h.text} (guess)</li>)}
              {card.preferences.length === 0 && card.habits.length === 0 && v.decision.value?.accessibility.text !== "huge" && <li class="soft">Nothing special was stated.</li>}
            </ul></div>
            <div class="next"><h2>The next best step</h2><p data-testid="next-step">{card.next ? card.next.text : "Nothing to suggest: serve what is asked for."}</p>{card.next && <p class="small">{card.next.why}</p>}</div>
            <div><h2>The menu, as the customer sees it</h2><ol class="menu-line" data-testid="menu">{v.decision.value?.menu?.home.map((h) => <li key={h.option} data-option={h.option} data-testid={`tile-${h.option}`}>{titleOf(h.option, h.title)}{h.pinned ? <span class="small"> (put there by the customer)</span> : null}</li>)}</ol></div>
          </section>
          <Form known={known.value} customer={card.cid} />
        </main>
      )}
    </div>
  );
}

function Form({ known, customer }: { known: Known | null; customer: string }) {
  const kept = useSignal(false);
  useEffect(() => { kept.value = false; }, [customer]);
  if (!known) return <section />;
  const has = Object.keys(known.known);
  const open = known.ask;
  return (
    <form key={customer} class="stack form-side" aria-labelledby="form-title" onSubmit={(e) => { e.preventDefault(); kept.value = true; announce("The request is ready to be sent."); }}>
      <h2 id="form-title" class="lead">A new card limit</h2>
      <p data-testid="not-asked" data-not-asked={known.not_asked} data-of={known.of}>Not asked: {count(known.not_asked)} of {count(known.of)}. {open.length > 0 ? `Only ${plural(open.length, "answer is", "answers are")} missing.` : "Nothing is missing."}</p>
      <div class="fields asked">{open.map((f) => <div key={f} class="field"><label for={f}>{label(f)}</label><input id={f} name={f} data-testid={`ask-${f}`} required inputMode={f === "income" ? "numeric" : undefined} autoComplete="off" /></div>)}</div>
      <div class="fields">{has.map((f) => { const k = known.known[f]!; return (
        <div key={f} class="field known"><label for={f}>{label(f)}</label><input id={f} name={f} data-testid={`known-${f}`} value={fieldText(k.value)} aria-describedby={`${f}-from`} /><span class="small" id={`${f}-from`}>we know this{k.since ? `, since ${shortDay(k.since)}` : ""}</span></div>
      ); })}</div>
      <div class="row"><button class="first" disabled={kept.value}>{kept.value ? "Ready to be sent" : "Ask for this limit"}</button><span class="small" aria-live="polite">{kept.value ? "Sending it is not played out in this demonstration." : ""}</span></div>
    </form>
  );
}
