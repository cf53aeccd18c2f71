/*
 * trust.tsx: what customers are asked and how many agree, what they ask of us and by when, how long what is kept, and who did what.
 *
 * The address says which requests and which entries of the audit log are shown.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { AuditPage, AuditVerified, RightsRequest, RightsRequests, Trust as Answer, TrustShare } from "../shared/api";
import { announce, Dialog, Empty, Mark, Trouble, When, Part } from "../shared/components";
import { clock, count, hundredths, iso, monthOfYear, named, percent, plural, shortDay, since, words } from "../shared/format";
import { Top, Twin } from "./page";
import { Kept, loadKept } from "./trust-kept";
import { go, parameters, withParameters } from "./route";
import { api, asking, may } from "./state";

const trust = asking<Answer>(), requests = asking<RightsRequests>(), audit = asking<AuditPage>();
const load = (): void => { void trust.ask(() => api.trust()); loadRequests(); loadKept(); loadAudit(); };
const shownState = (): string => parameters.value.get("requests") ?? "open";
const loadRequests = (): void => void requests.ask(() => api.requests(shownState()));
const loadAudit = (): void => void audit.ask(() => api.audit({ what: parameters.value.get("what"), about: parameters.value.get("about"), after: Number(parameters.value.get("after")) || null, n: 20 }));

export default function Trust() {
  useEffect(load, []);
  useEffect(() => { if (trust.state.value.value) loadRequests(); }, [shownState()]);
  useEffect(() => { if (trust.state.value.value) loadAudit(); }, [parameters.value.get("what"), parameters.value.get("about"), parameters.value.get("after")]);
  const { value: t, error } = trust.state.value;
  if (error) return <><Top sentence="Trust" /><Trouble error={error} again={load} /></>;
  if (!t) return <><Top sentence="Trust" /><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={t.sentence} rests={<>{t.customers === null ? "Few customers are known yet. " : `Of ${plural(t.customers, "customer")}${t.answered ? `, ${percent(t.answered.share)} have answered at least one question about their data` : ""}. `}Figures of fewer than {count(t.aggregate_min)} are not shown.</>}>{may("GET /v1/damage") && <p class="small"><a href="/console/damage" data-testid="to-damage">Damaged data on disk</a></p>}</Top>
      <Part title="What customers ask of us"><Requests /></Part>
      <Part title="What we ask of customers"><Purposes t={t} /></Part>
      <Part title="The months"><Months t={t} /></Part>
      <Part title="What is kept"><Kept t={t} /></Part>
      <Part title="Who answers for it"><Answers t={t} /></Part>
      <Part title="Who did what"><Audit t={t} /></Part>
    </>
  );
}

const DAY_MS = 86_400_000;
const share = (s: TrustShare): string => (s ? `${percent(s.share)} (${hundredths(s.low)} to ${hundredths(s.high)}, of ${count(s.n)})` : "too few to show");

/* ---- what customers ask of us ---- */

const asked: Record<RightsRequest["type"], string> = { access: "A copy of all that is known", correct: "A correction", erase: "To be erased", restrict: "Not to be used", portability: "To be handed on", person: "A person to look at a decision" };
const askedFor = (type: string): string => named(asked, type) ?? words(type);
const states: [string, string][] = [["open", "Open"], ["done", "Done"], ["refused", "Refused"], ["all", "All"]];

function Requests() {
  const answering = useSignal<RightsRequest | null>(null);
  const { value: r, error } = requests.state.value;
  return (
    <section class="stack" aria-labelledby="requests"><h2 id="requests">What customers ask of us</h2>
      <nav class="row views" aria-label="Requests">{states.map(([s, title]) => <a key={s} href={withParameters({ requests: s === "open" ? null : s })} aria-current={shownState() === s ? "page" : undefined}>{title}</a>)}</nav>
      {error ? <Trouble error={error} again={loadRequests} /> : !r ? <p class="soft" role="status">One moment.</p> : r.requests.length === 0 ? (
        <Empty title={shownState() === "open" ? "No request is open" : "None"}><p class="soft">Customers ask on their own page, or staff enters it for them. Each has to be answered within a month.</p></Empty>
      ) : (
        <div class="wide" tabIndex={0} role="region" aria-label="Table of requests"><table class="asked" data-testid="requests"><thead><tr><th scope="col">Who</th><th scope="col">What</th><th scope="col">Received</th><th scope="col">Due</th><th scope="col">So far</th></tr></thead>
          <tbody>{r.requests.map((x) => <tr key={x.request} data-request={x.request} data-overdue={x.overdue}><th scope="row"><a href={`/console/customers/${x.cid}`}>{x.name || "No name yet"}</a></th><td>{askedFor(x.type)}{x.text && <span class="small block">“{x.text}”</span>}</td>
            <td><When time={x.received} /></td><td>{x.overdue ? <Mark means="broken">overdue since {shortDay(x.due)}</Mark> : shortDay(x.due)}{x.extended_until !== null && <span class="small block">extended: {x.extended_because}</span>}</td>
            <td>{x.state === "open" ? <button class="low" data-testid={`answer-${x.request}`} onClick={() => { answering.value = x; }}>Answer it<span class="out-of-sight">: {askedFor(x.type)}, {x.name || "no name yet"}</span></button> : <><Mark means={x.state === "done" ? "good" : "watch"}>{x.state}</Mark><span class="small block">{x.because}{x.closed !== null && <> <When time={x.closed} /></>}</span></>}</td></tr>)}</tbody></table></div>
      )}
      {r?.next && <p class="small">More are waiting: the {count(r.requests.length)} due first of {count(r.total)} are listed.</p>}
      {answering.value && <AnswerIt request={answering.value} close={() => { answering.value = null; }} />}
    </section>
  );
}

function AnswerIt({ request: x, close }: { request: RightsRequest; close: () => void }) {
  const error = useSignal<Error | null>(null), what = useSignal("done");
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), because = String(data.get("because") ?? "").trim(), until = String(data.get("until") ?? "");
    try {
      await api.answerRequest(x.request, what.value === "extend" ? { extended_until: `${until}T12:00:00Z`, because } : { state: what.value as "done" | "refused", because });
      announce("Answered: the customer reads it on the own page."); close(); load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="answer" title={`${askedFor(x.type)}: ${x.name || "no name yet"}`} close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        {x.text && <p>“{x.text}”</p>}
        <p class="small">Received on {shortDay(x.received)}, due on {shortDay(x.due)}.</p>
        <fieldset class="row"><legend class="small">What becomes of it</legend>{[["done", "It is done"], ["refused", "It is refused"], ["extend", "It needs more time"]].map(([value, text]) => <label key={value} class="row choice"><input type="radio" name="what" value={value} checked={what.value === value} onChange={() => { what.value = value!; }} />{text}</label>)}</fieldset>
        {what.value === "extend" && <div class="field"><label for="until">Until when, at most two months more</label><input id="until" name="until" type="date" required min={iso(since(x.due) + DAY_MS)?.slice(0, 10)} /></div>}
        <div class="field"><label for="because">{what.value === "done" ? "What the customer reads, if anything" : "Why: the customer reads it"}</label><textarea id="because" name="because" rows={3} maxLength={500} required={what.value !== "done"} /></div>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="answer-save">Say it</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}

/* ---- what we ask of customers ---- */

const learned: Record<string, string> = { habits: "usual choices", menus: "what of menus is used", segments: "which groups one is in", rankings: "what is preferred" };
/* What is read only with a yes to it. */
function reads(p: Answer["purposes"][number]): string {
  const all = [...p.learned.map((l) => named(learned, l) ?? l), ...p.traits.map((trait) => `“${trait}”, as it was stated for this`)];
  return all.length ? `Read for it, after a yes: ${all.join("; ")}.` : "Nothing that was learned is read for it.";
}

function Purposes({ t }: { t: Answer }) {
  const asked_for = t.purposes.filter((p) => p.choice);
  return (
    <section class="stack rule" aria-labelledby="purposes"><h2 id="purposes">What customers agree to</h2>
      {t.purposes.length === 0 ? <Empty title="Nothing is asked"><p class="soft">Write documents of kind purpose and push them: <code>attune apply DIR</code>. Until then nothing is learned about anybody.</p></Empty> : (
        <>
          <Twin id="purposes" label="Who says yes, by purpose"
            chart={<ul class="plain bars">{asked_for.map((p) => <li key={p.purpose} data-purpose={p.purpose}><span>{p.title}</span>
              {p.yes ? <svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="14" /><rect class="share" width={p.yes.share * 100} height="14" /><path class="whisker" d={`M${p.yes.low * 100} 7H${p.yes.high * 100}`} /></svg> : <span />}<span class="small">{p.yes ? `yes: ${share(p.yes)}` : share(p.yes)}</span></li>)}</ul>}
            table={<table class="roomy"><caption>Who says yes, by purpose</caption><thead><tr><th scope="col">Purpose</th><th scope="col">Yes</th><th scope="col">No</th><th scope="col">Yes to older words</th><th scope="col">Asked, of all</th></tr></thead><tbody>{asked_for.map((p) => <tr key={p.purpose} data-purpose={p.purpose}><th scope="row">{p.title}</th><td>{share(p.yes)}</td><td>{share(p.no)}</td><td>{share(p.outdated)}</td><td>{share(p.asked)}</td></tr>)}</tbody></table>} />
          <dl class="facts" data-testid="purpose-texts">{t.purposes.map((p) => <div key={p.purpose}><dt>{p.title}<span class="small block">version {p.version}{p.choice ? "" : ", no choice: a law obliges us"}</span></dt><dd>“{p.text}”<span class="small block" data-reads={p.purpose}>{reads(p)}</span></dd></div>)}</dl>
        </>
      )}</section>
  );
}

function Months({ t }: { t: Answer }) {
  const shown = t.months.filter((m) => m.yes), W = 640, H = 160, L = 72, R = 20, name = (m: Answer["months"][number]): string => monthOfYear(m.from);
  const x = (i: number): number => L + (i + 0.5) * ((W - L - R) / t.months.length), y = (v: number): number => 8 + (H - 32) * (1 - v);
  const line = t.months.map((m, i) => (m.yes ? `${i && t.months[i - 1]!.yes ? "L" : "M"}${x(i).toFixed(1)} ${y(m.yes.share).toFixed(1)}` : "")).join("");
  return (
    <section class="stack rule" aria-labelledby="months"><h2 id="months">Their answers, month by month</h2>
      <p class="small">Of the answers that stand, to whatever purpose, those that were given in the month: how many are a yes.</p>
      {shown.length === 0 ? <Empty title="Too few answers in any month"><p class="soft">A month is shown once {count(t.aggregate_min)} customers have answered in it.</p></Empty> : (
        <Twin id="months" label="Share of yes, month by month"
          chart={<svg class="course" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`Share of yes, ${percent(shown[0]!.yes!.share)} at first, ${percent(shown.at(-1)!.yes!.share)} at last`}>
            {[0, 0.5, 1].map((v) => <g key={v}><path class="grid" d={`M${L} ${y(v)}H${W}`} /><text x={L - 6} y={y(v) + 4} text-anchor="end">{percent(v)}</text></g>)}
            {t.months.map((m, i) => m.yes && <path key={i} class="range" d={`M${x(i)} ${y(m.yes.low)}V${y(m.yes.high)}`} />)}
            <path class="figure-line" d={line} />{t.months.map((m, i) => m.yes && <circle key={i} class="point" cx={x(i)} cy={y(m.yes.share)} r="3" />)}
            {t.months.map((m, i) => i % 2 === 1 && <text key={i} x={x(i)} y={H - 6} text-anchor="middle">{name(m).split(" ")[0]}</text>)}
          </svg>}
          table={<table><caption>Share of yes, month by month</caption><thead><tr><th scope="col">Month</th><th scope="col">Yes</th></tr></thead><tbody>{t.months.map((m, i) => <tr key={i}><th scope="row">{name(m)}</th><td>{share(m.yes)}</td></tr>)}</tbody></table>} />
      )}</section>
  );
}

/* ---- who answers ---- */

function Answers({ t }: { t: Answer }) {
  const c = t.controller;
  return (
    <section class="stack rule" aria-labelledby="answers"><h2 id="answers">Who answers for it</h2>
      {!c ? <Empty title="Nobody is named"><p class="soft">Customers cannot read on their page whose data this is. Add <code>controller</code> with <code>name</code> and <code>contact</code> to the document of kind brand: <code>attune apply DIR</code>.</p></Empty> : (
        <dl class="facts" data-testid="controller"><div><dt>Answers for the data</dt><dd>{c.name}{[c.address, c.contact, c.officer && `officer: ${c.officer}`, c.jurisdiction && `law: ${c.jurisdiction}`, c.url].filter(Boolean).map((line) => <span key={line} class="small block">{line}</span>)}</dd></div></dl>)}
    </section>
  );
}

/* ---- who did what ---- */

const whats: [string, string][] = [["", "Everything"], ["consent", "Consents"], ["staff-access", "Openings by staff"], ["export", "Copies"], ["retention", "Taken out in time"], ["import", "Copies taken in"], ["correct", "Corrections"], ["request", "Requests"], ["undo", "Undone"], ["restrict", "Restricted"], ["erase", "Erased"],
  ["join", "Joined"], ["part", "Parted"], ["configuration", "Configuration"], ["keys", "Keys"], ["staff", "Accounts of staff"], ["sign-in", "Signed in"], ["audit", "The log itself"]];
const what_words = (what: string): string => whats.find(([name]) => name === what)?.[1] ?? what;

function Audit({ t }: { t: Answer }) {
  const verified = useSignal<AuditVerified | null>(null), trouble = useSignal<Error | null>(null);
  const { value: page, error } = audit.state.value;
  const verify = async (): Promise<void> => {
    try { const v = await api.auditVerify(); verified.value = v; trouble.value = null; announce(v.sound ? "It is as it was written." : v.problem ?? "It is damaged."); loadAudit(); } catch (e) { trouble.value = e as Error; }
  };
  return (
    <section class="stack rule" aria-labelledby="audit"><h2 id="audit">Who did what</h2>
      <p class="small">Consents, openings, copies and changes, in the order they were made. Each entry is bound to the one before, so that none can be changed unnoticed. {t.access_reason === "ask" ? "Who opens a customer has to say why." : "A reason for opening a customer is kept when it is given."}</p>
      {t.audit_lost > 0 && <p><Mark means="broken">{plural(t.audit_lost, "entry", "entries")} could not be kept since the start: look at the disk.</Mark></p>}
      <form class="filters" onSubmit={(e) => { e.preventDefault(); go(withParameters({ about: String(new FormData(e.currentTarget).get("about") ?? "").trim(), after: null }), true); }}>
        <div class="field"><label for="what">What</label><select id="what" value={parameters.value.get("what") ?? ""} onChange={(e) => go(withParameters({ what: e.currentTarget.value, after: null }), true)}>{whats.map(([value, title]) => <option key={value} value={value}>{title}</option>)}</select></div>
        <div class="field"><label for="about">About whom</label><input id="about" name="about" autoComplete="off" placeholder="user:ana" defaultValue={parameters.value.get("about") ?? ""} /></div>
        <button>Show</button>
        <button type="button" data-testid="verify" onClick={() => void verify()}>Check it now</button>
      </form>
      {page && !verified.value && <p data-testid="checked">{page.checked ? <Mark means={page.checked.sound ? "good" : "broken"}>{page.checked.sound ? "Nothing in it was changed or taken away" : "It is not as it was written: check it now, it says where"}. Last checked <When time={page.checked.time} />.</Mark> : <Mark means="watch">Not checked since the server was started.</Mark>}</p>}
      {trouble.value && <Trouble error={trouble.value} />}
      {verified.value && <div role="status" data-testid="verified" data-sound={verified.value.sound}><Mark means={verified.value.sound ? "good" : "broken"}>{verified.value.sound ? `All ${plural(verified.value.entries, "entry", "entries")} are as they were written.` : verified.value.problem}</Mark><p class="small">Last sound entry: <code>{verified.value.last || "none"}</code>. Kept elsewhere, it shows later that nothing before it was changed.</p></div>}
      {error ? <Trouble error={error} again={loadAudit} /> : !page ? <p class="soft" role="status">One moment.</p> : page.entries.length === 0 ? <Empty title="No such entry"><p class="soft">Take another kind, or leave out about whom.</p></Empty> : (
        <div class="wide" tabIndex={0} role="region" aria-label="Table of entries"><table class="asked" data-testid="entries"><thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">About</th><th scope="col">Why</th></tr></thead>
          <tbody>{page.entries.map((e) => <tr key={e.n} data-n={e.n} data-what={e.what}><th scope="row">{shortDay(e.time)}, {clock(e.time)}</th><td>{e.who}</td><td>{what_words(e.what)}<span class="small block">{e.words}</span></td><td>{e.about ? <code title={e.about}>{e.about.slice(0, 8)}</code> : ""}</td><td>{e.reason}</td></tr>)}</tbody></table></div>
      )}
      {(page?.next || parameters.value.has("after")) && <p class="row">{parameters.value.has("after") && <a href={withParameters({ after: null })}>Newest</a>}{page?.next && <a data-testid="older" href={withParameters({ after: String(page.next) })}>Older</a>}</p>}
    </section>
  );
}
