/*
 * card.tsx: a customer's card: now before history, stated before learned, guesses marked as guesses.
 *
 * Joining and parting are asked back first and can be undone.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, type Card as Answer, type CustomerLine, type OriginPart, type Timeline, type TimelineEvent } from "../shared/api";
import { announce, Dialog, Mark, Toast, Trouble, When, Part } from "../shared/components";
import { clock, day, money, on, plural, shortDay, valueText, words, order, since } from "../shared/format";
import { listen } from "../shared/stream";
import { Top } from "./page";
import { BackToFigure, Relationship } from "./relationship";
import { api, asking, may, reasons } from "./state";
import { AskReason, CardTrust, Proof } from "./card-trust";
import { CardPart } from "./card-part";
import { CardWorth } from "./card-worth";

export function Card({ cid }: { cid: string }) {
  const { state, ask } = useMemo(() => asking<Answer>(), [cid]);
  const events = useSignal<TimelineEvent[]>([]);
  const next = useSignal<string | null>(null);
  const channel = useSignal("");
  const act = useSignal<{ kind: "merge" } | { kind: "split"; part: OriginPart } | null>(null);
  const toast = useSignal<{ text: string; undo?: () => void } | null>(null);
  const error = useSignal<Error | null>(null);

  const load = (): void => {
    const why = reasons.get(cid);
    void ask(() => api.card(cid, why));
    api.timeline(cid, null, 100, why).then((t: Timeline) => { events.value = t.events; next.value = t.next; }, (e: Error) => { if (!(e instanceof ApiError && e.code === "no_reason")) error.value = e; });
  };
  const earlier = async (): Promise<void> => {
    try { const t = await api.timeline(cid, next.value, 100, reasons.get(cid)); events.value = [...events.value, ...t.events]; next.value = t.next; announce(`${plural(t.events.length, "earlier event")} added.`); } catch (e) { error.value = e as Error; }
  };
  useEffect(() => {
    load();
    if (!may("GET /v1/stream")) return undefined;
    return listen("all", { changed: (change) => { if (change.cid === cid) load(); }, again: load });
  }, [cid]);
  const { value: c, error: failed } = state.value;
  useEffect(() => { if (c) document.title = `${c.name ?? "No name yet"}, Attune`; }, [c]);
  if (failed instanceof ApiError && failed.code === "no_reason") return <AskReason cid={cid} done={load} />;
  if (failed) return <><h1>This card cannot be shown.</h1><Trouble error={failed} again={load} /></>;
  if (!c) return <p class="soft" role="status">One moment.</p>;

  const undoable = (text: string, undo?: string): void => {
    announce(text);
    toast.value = { text, undo: undo ? () => { void api.undo(cid, undo).then(() => { toast.value = { text: "Undone. It is as before." }; load(); }, (e: Error) => { error.value = e; }); } : undefined };
    load();
  };
  const reach = c.identifiers.filter((i) => i.type === "email" || i.type === "phone");
  const open = c.open.filter((m) => m.state === "open");
  const said = c.consents.filter((x) => x.answer !== null);
  const groups = byDay(events.value.filter((e) => !channel.value || e.channel === channel.value));
  const seen = [...new Set(events.value.map((e) => e.channel).filter((x): x is string => x !== null))].sort();

  return (
    <>
      <BackToFigure />
      <p class="small"><a href="/console/customers">Customers</a></p>
      <Top sentence={c.name ?? "No name yet"} rests={<>With us since {shortDay(c.since)}. {reach.length ? `To be reached at ${reach.map((r) => r.value).join(", ")}.` : "No email or telephone is known."}</>} />
      {error.value && <Trouble error={error.value} />}
      <div class="card-columns">
        <section aria-labelledby="now" class="stack now">
          <h2 id="now">Now</h2>
          <dl class="facts" data-testid="now">
            <Fact name="Where">{c.present?.channel ? <>{words(c.present.channel)}{c.present.touchpoint ? `, ${c.present.touchpoint}` : ""}{c.present.start !== undefined && <>, since <When time={c.present.start} /></>}</> : <span class="soft">Not with us at the moment.</span>}</Fact>
            <Fact name="Reason for coming">{c.present?.reason ? <Guess is={c.present.reason.marked === "inferred"}>{c.present.reason.text}</Guess> : <span class="soft">{c.present?.channel ? "Not known: ask." : "None."}</span>}</Fact>
            <Fact name="Open">{open.length === 0 ? <span class="soft">Nothing is open.</span> : <ul class="plain" data-testid="open">{open.map((m) => <li key={m.matter}><Mark means="watch">{m.title}{m.amount !== null ? `, ${money(m.amount, m.currency)}` : ""}{m.due ? `, due ${shortDay(m.due)}` : ""}</Mark></li>)}</ul>}</Fact>
            {c.open.some((m) => m.state === "done") && <Fact name="Settled"><ul class="plain">{c.open.filter((m) => m.state === "done").map((m) => <li key={m.matter}><Mark means="good">{m.title}{m.closed ? <>, <When time={m.closed} /></> : null}{m.closed_on ? `, ${on(m.closed_on)}` : ""}</Mark></li>)}</ul></Fact>}
            <Fact name="Next best step">{c.next ? <><strong data-testid="next-step">{c.next.text}</strong><span class="small block">{c.next.why}</span></> : <span class="soft">Nothing to suggest.</span>}</Fact>
          </dl>
        </section>
        <section aria-labelledby="wishes" class="stack">
          <h2 id="wishes">Wishes and habits</h2>
          <dl class="facts" data-testid="wishes">
            {c.preferences.map((p) => <Fact key={p.name} name={words(p.name)}>{valueText(p.value)}<span class="small block">said {on(p.channel)}{p.time !== undefined && <>, <When time={p.time} /></>}</span></Fact>)}
            {c.habits.map((h) => <Fact key={h.surface + h.text} name={words(h.surface)}><Guess is>{h.text}</Guess></Fact>)}
          </dl>
          {c.preferences.length === 0 && c.habits.length === 0 && <p class="soft">Nothing was said, and nothing is guessed.</p>}
          {c.withheld.length > 0 && <p class="small">Not shown: {c.withheld.map((w) => `${w.what} (${w.reason})`).join(", ")}.</p>}
        </section>
        <section aria-labelledby="choices" class="stack">
          <h2 id="choices">Choices</h2>
          {c.restricted && <p data-testid="restricted"><Mark means="watch">The customer restricts the use of all data: it serves the service and nothing else.</Mark></p>}
          <dl class="facts" data-testid="consents">{said.map((x) => <Fact key={x.purpose} name={x.title}><Part title="This choice"><Proof consent={x} /></Part></Fact>)}</dl>
          {c.consents.length > said.length && <p class="small">Not asked yet: {c.consents.filter((x) => x.answer === null).map((x) => `“${x.title}”`).join("; ")}.</p>}
        </section>
        <section aria-labelledby="known" class="stack">
          <h2 id="known">Known</h2>
          <dl class="facts">{c.traits.map((t) => <Fact key={t.name} name={words(t.name)}>{valueText(t.value)}{t.corrected && <span class="small block">put right <When time={t.time} /></span>}</Fact>)}
            {c.identifiers.map((i) => <Fact key={i.type + i.value} name={words(i.type)}>{i.value}</Fact>)}</dl>
        </section>
      </div>

      {may("GET /v1/customers/{cid}/relationship") && <Part title="The relationship"><Relationship cid={cid} /></Part>}

      {may("GET /v1/customers/{cid}/participation") && <Part title="What the customer took part in"><CardPart cid={cid} /></Part>}
      <Part title="What the customer is worth"><CardWorth cid={cid} segments={c.segments ?? []} /></Part>
      <section class="stack rule" aria-labelledby="history">
        <div class="row between"><h2 id="history">History</h2>
          <div class="row"><label for="only" class="small">Channel</label><select id="only" value={channel.value} onChange={(e) => { channel.value = e.currentTarget.value; }}><option value="">all</option>{seen.map((s) => <option key={s} value={s}>{words(s)}</option>)}</select></div></div>
        {c.contacts.length > 0 && <p class="small">Last: {c.contacts.slice(0, 3).map((k) => `${words(k.channel).toLowerCase()}${k.reason ? ` (${k.reason.text}${k.reason.marked === "inferred" ? ", guess" : ""})` : ""}`).join("; ")}.</p>}
        {groups.length === 0 && <p class="soft">Nothing has happened here yet.</p>}
        <div data-testid="timeline">{groups.map(([title, list]) => (
          <section key={title} class="day" aria-label={title}><h3>{title}</h3>
            <ol class="plain">{list.map((e) => <li key={e.event} class="event"><span class="small clock">{clock(e.time)}</span><span class="channel">{e.channel ? words(e.channel) : ""}</span><span>{happened(e)}</span></li>)}</ol></section>
        ))}</div>
        {next.value && <div><button onClick={() => void earlier()}>Show earlier</button></div>}
      </section>

      <Part title="Rights and decisions"><CardTrust card={c} done={undoable} /></Part>

      <section class="stack rule" aria-labelledby="joined">
        <h2 id="joined">{c.origins.length > 1 ? `Joined from ${plural(c.origins.length, "history", "histories")}` : "One history"}</h2>
        <ul class="plain" data-testid="parts">{c.origins.map((o) => (
          <li key={o.origin} class="part row between"><span>{o.identifiers.join(", ") || "No identifier"}<span class="small block">{plural(o.events, "event")}{o.since !== undefined ? `, since ${shortDay(o.since)}` : ""}</span></span>
            {c.origins.length > 1 && may("POST /v1/customers/{cid}/split") && <button class="low" onClick={() => { act.value = { kind: "split", part: o }; }}>Part it<span class="out-of-sight">: {o.identifiers.join(", ")}</span></button>}</li>
        ))}</ul>
        {may("POST /v1/customers/{cid}/merge") && <div><button data-testid="merge" onClick={() => { act.value = { kind: "merge" }; }}>Join with another customer</button></div>}
      </section>
      {act.value?.kind === "split" && <Split card={c} part={act.value.part} close={() => { act.value = null; }} done={(u) => { act.value = null; undoable("Parted. It is a customer of its own now.", u); }} />}
      {act.value?.kind === "merge" && <Merge card={c} close={() => { act.value = null; }} done={(u) => { act.value = null; undoable("Joined. Both histories stand on this card.", u); }} />}
      {toast.value && <Toast text={toast.value.text} undo={toast.value.undo} close={() => { toast.value = null; }} />}
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: preact.ComponentChildren }) => <div><dt>{name}</dt><dd>{children}</dd></div>;
const Guess = ({ is, children }: { is: boolean; children: preact.ComponentChildren }) => (is ? <span class="guess">{children} <span class="small">guess</span></span> : <>{children}</>);

function byDay(events: TimelineEvent[]): [string, TimelineEvent[]][] {
  const groups = new Map<string, TimelineEvent[]>();
  for (const e of [...events].sort((a, b) => order(since(b.time), since(a.time)))) {
    const key = day(e.time);
    groups.set(key, [...(groups.get(key) ?? []), e]);
  }
  return [...groups];
}

/* What happened, in words: a correction says what stood there before. */
function happened(e: TimelineEvent) {
  if (e.correction) return <>Put right: {words(e.correction.trait).toLowerCase()}<span class="soft">, from “{valueText(e.correction.old)}” to “{valueText(e.correction.value)}”{e.correction.because ? `, because: ${e.correction.because}` : ""}{e.correction.by === "customer" ? ", by the customer" : ""}</span></>;
  if (e.kind === "request") return <>Asked by right<span class="soft">, {[e.properties["act"], e.properties["type"], e.properties["because"]].filter(Boolean).map((v) => valueText(v)).join(", ")}</span></>;
  return <>{words(e.name)}{detail(e)}</>;
}

function detail(e: TimelineEvent) {
  const p = e.properties ?? {};
  const amount = typeof p["amount"] === "number" ? money(p["amount"], typeof p["currency"] === "string" ? p["currency"] : null) : null;
  const rest = Object.entries(p).filter(([k, v]) => !["amount", "currency"].includes(k) && v !== null && v !== "").slice(0, 3).map(([k, v]) => `${words(k).toLowerCase()} ${valueText(v)}`);
  const all = [amount, ...rest].filter(Boolean).join(", ");
  return all ? <span class="soft">, {all}</span> : null;
}

function Split({ card, part, close, done }: { card: Answer; part: OriginPart; close: () => void; done: (undo?: string) => void }) {
  const error = useSignal<Error | null>(null);
  return (
    <Dialog id="split" title="Part this history?" close={close}>
      <p>{part.identifiers.join(", ")} with its {plural(part.events, "event")} becomes a customer of its own. {card.name ?? "This customer"} keeps the rest. Choices and wishes stay where they were said.</p>
      {error.value && <Trouble error={error.value} />}
      <div class="row"><button class="first" data-testid="split-confirm" onClick={() => void api.split(card.cid, part.origin).then((r) => done(r.undo), (e: Error) => { error.value = e; })}>Part it</button><button onClick={close}>Not now</button></div>
    </Dialog>
  );
}

function Merge({ card, close, done }: { card: Answer; close: () => void; done: (undo?: string) => void }) {
  const hits = useSignal<CustomerLine[]>([]);
  const chosen = useSignal<CustomerLine | null>(null);
  const error = useSignal<Error | null>(null);
  const name = card.name ?? "this customer";
  return (
    <Dialog id="merge-dialog" title={`Join ${name} with another customer`} close={close}>
      {!chosen.value ? (
        <>
          <div class="field"><label for="other">Who is the same person?</label><input id="other" type="search" autoComplete="off" onInput={(e) => { const q = e.currentTarget.value.trim(); if (q.length > 1) void api.customers({ q, n: 6 }).then((l) => { hits.value = l.customers.filter((x) => x.cid !== card.cid); announce(`${plural(hits.value.length, "customer")} found.`); }, (x: Error) => { error.value = x; }); }} /></div>
          <ul class="plain">{hits.value.map((h) => <li key={h.cid}><button class="quiet" onClick={() => { chosen.value = h; }}>{h.name ?? "No name yet"}, {h.identifiers[0]}</button></li>)}</ul>
        </>
      ) : <p>{chosen.value.name ?? "No name yet"} ({chosen.value.identifiers.join(", ")}; {plural(chosen.value.events, "event")}) and {name} become one customer. The stricter answer to each choice holds. You can undo it.</p>}
      {error.value && <Trouble error={error.value} />}
      <div class="row">{chosen.value && <button class="first" data-testid="merge-confirm" onClick={() => void api.merge(card.cid, chosen.value!.cid).then((r) => done(r.undo), (e: Error) => { error.value = e; })}>Join them</button>}<button onClick={close}>Not now</button></div>
    </Dialog>
  );
}
