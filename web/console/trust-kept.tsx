/*
 * trust-kept.tsx: how long what is kept, rule by rule: on what basis, what is due, what the last run took out; and taking it out now.
 *
 * While something is counted or taken out the page asks again every second, and says when it is done.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Retention, RetentionRule, Trust } from "../shared/api";
import { announce, Dialog, Empty, Mark, Trouble, When } from "../shared/components";
import { clock, count, duration, finite, plural, shortDay, named } from "../shared/format";
import { api, asking, may } from "./state";

const AGAIN_MS = 1000;
const kept = asking<Retention>();
export const loadKept = (): void => void kept.ask(() => api.retention());

const bases: Record<string, string> = { consent: "consent", contract: "a contract", "legal-obligation": "a law", "legitimate-interests": "legitimate interests" };
const basis = (r: RetentionRule): string => [named(bases, r.basis) ?? "not said", r.law].filter(Boolean).join(": ");
const entries = (n: number): string => plural(n, "entry", "entries");
const at = (time: string | number): string => `${shortDay(time)}, ${clock(time)}`;
/* A run that stopped short, as a person says it. */
const stops: Record<string, string> = { busy: "a backup was being made", disk_full: "the disk is full", closed: "the server was stopped" };
const why = (code: string): string => named(stops, code) ?? `of an error (${code}): look at the server's log`;

export function Kept({ t }: { t: Trust }) {
  const asked = useSignal(false), was = useRef(false);
  const { value: r, error } = kept.state.value;
  useEffect(() => {
    if (!r) return undefined;
    if (was.current && !r.running) announce(said(r));
    was.current = r.running;
    if (!r.running && !r.counting) return undefined;
    const timer = setTimeout(loadKept, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [r]);
  const rules = new Set(r?.rules.map((rule) => rule.title));
  return (
    <section class="stack rule" aria-labelledby="kept"><h2 id="kept">How long what is kept</h2>
      {error ? <Trouble error={error} again={loadKept} /> : !r ? <p class="soft" role="status">One moment.</p> : r.rules.length === 0 ? (
        <Empty title="No rule says how long"><p class="soft">Write documents of kind retention: what they are about, how long it may be kept, and on what basis. Then push them: <code>attune apply DIR</code>. Until then everything stays until a customer is erased.</p></Empty>
      ) : <Rules r={r} t={t} ask={() => { asked.value = true; }} />}
      <dl class="facts" data-testid="retention">{t.retention.filter((k) => !rules.has(k.what)).map((k) => <div key={k.what}><dt>{k.what}</dt><dd>{k.kept}</dd></div>)}
        {t.purposes.filter((p) => p.retention).map((p) => <div key={p.purpose}><dt>For “{p.title}”</dt><dd>{p.retention}</dd></div>)}</dl>
      {r && asked.value && <TakeOut r={r} close={() => { asked.value = false; }} />}
    </section>
  );
}

/* What the newest run did. */
function said(r: Retention): string {
  if (!r.last) return "None has run since the server was started.";
  if (r.last.stopped_by) return `It stopped short, because ${why(r.last.stopped_by)}. It is tried again by itself.`;
  const again = r.last.folded_again ? ` What was learned of ${plural(r.last.folded_again, "other customer", "other customers")} was learned again, without what some purpose may not use any longer.` : "";
  if (r.last.events === 0) return `It found nothing to take out.${again}`;
  return `It took out ${entries(r.last.events)} of ${plural(r.last.customers, "customer")}${r.last.rows ? `, and ${plural(r.last.rows, "row")} for figures` : ""}.${again}`;
}

function due(r: Retention): string {
  if (!r.due) return r.counting ? "What is due is being counted." : "What is due is not counted yet.";
  if (r.due.events === 0) return "Nothing is there that may not be kept any longer.";
  return `${r.due.whole ? "" : "At least "}${entries(r.due.events)} may not be kept any longer, and ${r.due.events === 1 ? "is" : "are"} read by nobody; ${plural(r.due.rows, "row")} for figures among them.`;
}

function Rules({ r, t, ask }: { r: Retention; t: Trust; ask: () => void }) {
  const titled = (purpose: string): string => `“${t.purposes.find((p) => p.purpose === purpose)?.title ?? purpose}”`;
  const p = r.progress, number = (n: number | null): string => (n === null ? "not counted" : count(n));
  const doing = p?.doing === "taking-out" ? `Taking out: ${count(p.done)} of ${entries(p.of)}.` : p ? `Counting what is due: ${count(p.done)} of ${plural(p.of, "customer")} looked at.` : "It begins.";
  return (
    <>
      <p data-testid="due" data-events={r.due?.events ?? ""}>{due(r)}</p>
      <p class="small" data-testid="last-run">{r.last ? <>The last run was <When time={r.last.ended} />. </> : ""}{(r.last || !r.running) && said(r)}{!r.running && ` The next run begins by itself on ${at(r.next)}.`}</p>
      {r.running ? <div class="stack tight" data-testid="taking"><label for="taking-progress">{doing}</label><progress id="taking-progress" max={Math.max(1, finite(p?.of) ?? 1)} value={finite(p?.done)} /></div>
        : may("POST /v1/retention") && <div><button data-testid="take-out" onClick={ask}>Take out now what may not be kept any longer</button></div>}
      <div class="wide" tabIndex={0} role="region" aria-label="Table of rules"><table class="asked" data-testid="rules"><thead><tr><th scope="col">What</th><th scope="col">Kept for</th><th scope="col">On the basis of</th><th scope="col" class="number">Due now</th><th scope="col" class="number">Taken out last</th></tr></thead>
        <tbody>{r.rules.map((rule) => <tr key={rule.retention} data-rule={rule.retention}><th scope="row">{rule.title}</th><td>{duration(rule.keep_ms)}{rule.for && <span class="small block">for {rule.for.map(titled).join(" and ")} alone; it stays for all else</span>}</td><td>{basis(rule)}</td><td class="number">{rule.for ? "nothing goes" : rule.due ? <Mark means="watch">{number(rule.due)}</Mark> : number(rule.due)}</td><td class="number">{rule.for ? "nothing" : r.last ? number(rule.taken) : "no run yet"}</td></tr>)}</tbody></table></div>
    </>
  );
}

function TakeOut({ r, close }: { r: Retention; close: () => void }) {
  const error = useSignal<Error | null>(null);
  const run = async (): Promise<void> => {
    try {
      const begun = await api.retentionRun();
      await kept.ask(() => Promise.resolve(begun));
      announce("It is being taken out."); close();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="take-out-dialog" title="Take it out now?" close={close}>
      <p>{due(r)}</p>
      <p>What is due is overwritten in the log and in the rows for figures, for all customers, and what was learned from it is learned again without it. <strong>It cannot be undone.</strong></p>
      <p class="small">It goes on in the background, for longer the more there is. That you asked for it stands in the list of who did what.</p>
      {error.value && <Trouble error={error.value} />}
      <div class="row"><button class="first" data-testid="take-out-now" onClick={() => void run()}>Take it out</button><button type="button" onClick={close}>Not now</button></div>
    </Dialog>
  );
}
