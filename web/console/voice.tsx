/*
 * voice.tsx: what customers say: stars and questions, ideas, and whom they would choose.
 *
 * Each view has its own sentence. Every figure has its n and its interval; a change is named only when it is beyond chance.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Idea, Ideas, Interval, Preference, ShareOf, Voice as Answer, VoiceCell, VoiceQuestion, VoiceScale } from "../shared/api";
import { announce, Empty, Mark, Trouble, When, Part } from "../shared/components";
import { count, decimal, hundredths, monthNamed, named, percent, plural, shortDay, words, MISSING } from "../shared/format";
import { NotMeasured, Top, Twin } from "./page";
import { parameters, withParameters } from "./route";
import { api, asking, may } from "./state";
import { Words } from "./voice-words";

const voice = asking<Answer>(), ideas = asking<Ideas>(), preference = asking<Preference>();
const loadVoice = (): void => void voice.ask(() => api.voice());
const loadIdeas = (): void => void ideas.ask(() => api.ideas());
const loadPreference = (): void => void preference.ask(() => api.preference());

const views: [string, string][] = [["stars", "Stars and questions"], ["ideas", "Ideas"], ["preference", "Whom they would choose"]];

export default function Voice() {
  const view = parameters.value.get("view") ?? "stars";
  useEffect(() => { if (view === "ideas") loadIdeas(); else { loadVoice(); if (view === "preference") loadPreference(); } }, [view]);
  const asked = view === "ideas" ? ideas : view === "preference" ? preference : voice;
  const { value, error } = asked.state.value;
  return (
    <>
      <Top sentence={value?.sentence ?? "What customers say"} rests={rests(view)} />
      <nav class="row views" aria-label="Views">{views.map(([name, title]) => <a key={name} href={withParameters({ view: name === "stars" ? null : name })} aria-current={view === name ? "page" : undefined}>{title}</a>)}</nav>
      {error ? "code" in error && error.code === "no_question" ? <Empty title="Nobody is asked yet"><p class="soft">{error.message}</p></Empty> : <Trouble error={error} again={view === "ideas" ? loadIdeas : view === "preference" ? loadPreference : loadVoice} />
        : !value ? <p class="soft" role="status">One moment.</p>
        : view === "ideas" ? <Part title="The ideas"><AllIdeas ideas={value as Ideas} /></Part> : view === "preference" ? <Part title="Whom they would choose"><Preferred p={value as Preference} /></Part> : <Stars voice={value as Answer} />}
    </>
  );
}

const rests = (view: string): string => view === "ideas" ? "Titles and texts as customers wrote them; whose they are is not shown."
  : view === "preference" ? "The newest answer of each customer who agrees to be asked, among the options that were open to them."
  : "Answers of the last 30 days against the 30 before; months and places of a year. Figures of too few customers are not shown.";

/* ---- figures ---- */

/* Where a figure opens to its customers; the unhappy ones by the scale's own bounds. */
const opens = (scale: VoiceScale, more: Record<string, string> = {}): string => `/console/voice/customers?${new URLSearchParams({ scale, ...more }).toString()}`;
const unhappy: Record<VoiceScale, { high: string; says: string }> = { stars: { high: "2", says: "1 or 2 stars" }, nps: { high: "6", says: "0 to 6" }, ces: { high: "3", says: "1 to 3" } };

const shown: Record<VoiceScale, { title: string; says: string; low: number; high: number; text: (n: number) => string }> = {
  stars: { title: "Stars", says: "1 to 5 stars", low: 1, high: 5, text: (n) => decimal(n, 2) },
  nps: { title: "Recommendation (NPS)", says: "share of 9 and 10 less that of 0 to 6", low: -1, high: 1, text: (n) => signed(n * 100) },
  ces: { title: "Easy to settle (CES)", says: "1 to 7, 7 is easiest", low: 1, high: 7, text: (n) => decimal(n, 1) },
};
const signed = (n: number): string => `${n > 0 ? "+" : ""}${decimal(Math.round(n), 0)}`;
/* A scale that this page does not know has the name it came with. */
const scaleOf = (scale: VoiceScale): (typeof shown)[VoiceScale] => named(shown, scale) ?? { title: words(scale), says: "", low: 0, high: 1, text: (n) => decimal(n, 2) };
const points = (i: Interval): string => `${signed(i.low * 100)} to ${signed(i.high * 100)}`;
const shares = (s: ShareOf): string => (s ? `${percent(s.value)} (${hundredths(s.low)} to ${hundredths(s.high)}, ${count(s.n)})` : "too few to show");
const cellText = (scale: VoiceScale, c: VoiceCell): string => c.hidden || c.value === undefined ? "too few to show" : `${scaleOf(scale).text(c.value)} (${scaleOf(scale).text(c.low!)} to ${scaleOf(scale).text(c.high!)}, ${count(c.n!)})`;

function Figures({ voice }: { voice: Answer }) {
  return (
    <div class="three">{voice.scales.map((s) => { const least = named(unhappy, s.scale); return (
      <section key={s.scale} class="stack tight" aria-labelledby={`f-${s.scale}`} data-testid={`figure-${s.scale}`}>
        <h2 id={`f-${s.scale}`}>{scaleOf(s.scale).title}</h2>
        {s.now.hidden ? <NotMeasured missing="Too few customers answered in the last 30 days." /> : (
          <>
            <p class="figure">{scaleOf(s.scale).text(s.now.value!)}</p>
            <p class="small">{scaleOf(s.scale).text(s.now.low!)} to {scaleOf(s.scale).text(s.now.high!)}, {plural(s.now.n!, "answer")}; {scaleOf(s.scale).says}</p>
            <p class="small"><a class="opens" href={opens(s.scale)}>{plural(s.now.customers!, "customer")}<span class="out-of-sight"> behind {scaleOf(s.scale).title}</span></a>{least && <>, and <a class="opens" href={opens(s.scale, { high: least.high })} data-testid={`unhappy-${s.scale}`}>those who gave {least.says}</a></>}</p>
            {s.now.share && <p class="small">{percent(s.now.share.value)} {s.scale === "stars" ? "satisfied (CSAT, 4 and 5 stars)" : "found it easy (5 to 7)"}, {hundredths(s.now.share.low)} to {hundredths(s.now.share.high)} %</p>}
            {s.goal !== null && <p>{s.now.low! > s.goal ? <Mark means="good">above the goal of {count(s.goal)}</Mark> : s.now.high! < s.goal ? <Mark means="broken">below the goal of {count(s.goal)}</Mark> : <Mark means="watch">whether the goal of {count(s.goal)} is met cannot be told yet</Mark>}</p>}
            <p class="small">{s.change === null ? "There is nothing to compare it with yet." : !s.change.is_change ? `No change beyond chance against the 30 days before (${s.scale === "nps" ? points(s.change) : `${decimal(s.change.low, 1)} to ${s.change.high > 0 ? "+" : ""}${decimal(s.change.high, 1)}`}).` : `${s.change.value > 0 ? "Better" : "Worse"} than in the 30 days before, by ${s.scale === "nps" ? `${hundredths(Math.abs(s.change.value))} (${points(s.change)})` : `${decimal(Math.abs(s.change.value), 1)} (${decimal(s.change.low, 1)} to ${decimal(s.change.high, 1)})`}.`}</p>
          </>
        )}
      </section>
    ); })}</div>
  );
}

/* A line a month: the figure as a dot, its interval as a whisker. */
function Months({ scale, months }: { scale: VoiceScale; months: Answer["scales"][number]["months"] }) {
  const { low, high } = scaleOf(scale), W = 640, H = 150, x = (i: number): number => 40 + (i * (W - 60)) / Math.max(1, months.length - 1);
  const known = months.filter((m) => !m.hidden), bottom = Math.max(low, Math.min(...known.map((m) => m.low!), high) - (high - low) * 0.03), top = Math.min(high, Math.max(...known.map((m) => m.high!), low) + (high - low) * 0.03);
  const y = (v: number): number => H - 24 - ((Math.max(bottom, Math.min(top, v)) - bottom) / (top - bottom || 1)) * (H - 40);
  const label = `${scaleOf(scale).title} by month`;
  return (
    <Twin id={`months-${scale}`} label={label}
      chart={known.length < 2 ? <p class="soft">Too few answers in most months to draw a course.</p> : (
        <svg class="course" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`${label}: from ${cellText(scale, known[0]!)} to ${cellText(scale, known.at(-1)!)}.`}>
          {[bottom, top].map((v) => <g key={v}><path class="line" d={`M34 ${y(v)}H${W - 14}`} /><text x="0" y={y(v) + 4}>{scaleOf(scale).text(v)}</text></g>)}
          <polyline class="way" points={months.map((m, i) => (m.hidden ? null : `${x(i)},${y(m.value!)}`)).filter(Boolean).join(" ")} />
          {months.map((m, i) => <g key={m.month}>{!m.hidden && <><path class="whisker" d={`M${x(i)} ${y(m.low!)}V${y(m.high!)}`} /><circle class="dot" cx={x(i)} cy={y(m.value!)} r="4" /></>}<text x={x(i)} y={H - 4} text-anchor="middle">{monthNamed(m.month)}</text></g>)}
        </svg>)}
      table={<table><caption>{label}</caption><thead><tr><th scope="col">Month</th><th scope="col">Figure (interval, answers)</th></tr></thead><tbody>{months.map((m) => <tr key={m.month}><th scope="row">{m.month}</th><td>{cellText(scale, m)}</td></tr>)}</tbody></table>} />
  );
}

function Stars({ voice }: { voice: Answer }) {
  return (
    <>
      <Part title="The figures"><Figures voice={voice} /></Part>
      {voice.remembered && <p>{plural(voice.remembered.customers, "customer")} rated more than once: what they remember, the most intense moment and the last one, stands at {decimal(voice.remembered.peak_and_end, 2)}; the mean of all they rated at {decimal(voice.remembered.mean, 2)} (from −1 to 1).</p>}
      <section class="stack" aria-labelledby="course"><h2 id="course">By month</h2>{voice.scales.map((s) => <div key={s.scale} class="stack tight"><h3>{scaleOf(s.scale).title}</h3><Part title={`${scaleOf(s.scale).title} by month`}><Months scale={s.scale} months={s.months} /></Part></div>)}</section>
      <section class="stack" aria-labelledby="places"><h2 id="places">By touchpoint</h2>
        <div class="wide" tabIndex={0} role="region" aria-label="Table of touchpoints"><table><thead><tr><th scope="col">Touchpoint</th><th scope="col">What was asked</th><th scope="col">Figure (interval, answers)</th></tr></thead>
          <tbody>{voice.scales.flatMap((s) => s.touchpoints.map((t) => <tr key={s.scale + t.touchpoint}><th scope="row">{t.title}</th><td>{scaleOf(s.scale).title}</td><td>{t.hidden ? cellText(s.scale, t) : <a class="opens" href={opens(s.scale, { touchpoint: t.touchpoint, days: "365" })}>{cellText(s.scale, t)}<span class="out-of-sight">: show the customers</span></a>}</td></tr>))}</tbody></table></div></section>
      {may("GET /v1/voice/words") && <Part title="What customers said in words"><Words /></Part>}
      <Part title="The questions"><Questions questions={voice.questions} /></Part>
    </>
  );
}

/* What asking costs customers, and whether anybody reads what they answer. */
function Questions({ questions }: { questions: VoiceQuestion[] }) {
  const often = (q: VoiceQuestion): string => (q.asks === 0 ? "not asked yet" : q.uses && q.asks ? `once in ${count(Math.round(q.uses / q.asks))} uses` : q.asks === null ? "too few to show" : "not by uses");
  return (
    <section class="stack" aria-labelledby="questions" data-testid="questions">
      <h2 id="questions">Asked, answered, read</h2>
      <p class="soft">Nobody is asked who has not agreed, within 48 hours of an answer, twice within 30 days, or while a complaint is open. A question whose answers nobody reads for 30 days rests by itself.</p>
      {questions.length === 0 ? <p>No question is written down yet: a document of kind <code>question</code> asks one.</p> : (
        <div class="wide" tabIndex={0} role="region" aria-label="Table of questions"><table class="asked"><thead><tr><th scope="col">Question</th><th scope="col">Where</th><th scope="col" class="n">Asked</th><th scope="col" class="n">Answered</th><th scope="col">How often</th><th scope="col">Read here</th></tr></thead>
          <tbody>{questions.map((q) => (
            <tr key={q.question} data-testid={`question-${q.question}`} data-rests={String(q.rests)}><th scope="row">{q.text}</th><td>{q.title}</td><td class="n">{q.asks === null ? "too few" : count(q.asks)}</td><td class="n">{q.answers === null ? "too few" : count(q.answers)}{q.asks && q.answers ? ` (${percent(q.answers / q.asks)})` : ""}</td><td>{often(q)}{q.every_uses > 0 && <span class="block small soft">at most once in {count(q.every_uses)}</span>}</td>
              <td>{q.rests ? <Mark means="watch">It rested: nobody had read its answers for 30 days. Now that you look, it may be asked again.</Mark> : q.looked_at === 0 ? "not yet" : <>on {plural(q.looked_at, "day")}, last on {shortDay(q.last_looked_at!)}</>}</td></tr>
          ))}</tbody></table></div>
      )}
    </section>
  );
}

/* ---- ideas ---- */

const statuses: [Idea["status"], string][] = [["new", "Nobody has answered yet"], ["considered", "We are thinking about it"], ["trying", "We are trying it"], ["done", "Done"], ["declined", "We will not do it"]];
const means = (i: Idea): "good" | "watch" | "broken" | null => (i.overdue ? "broken" : i.status === "new" ? "watch" : i.status === "trying" || i.status === "done" ? "good" : null);

function AllIdeas({ ideas }: { ideas: Ideas }) {
  if (ideas.ideas.length === 0) return <Empty title="No ideas yet"><p class="soft">Customers propose on their own page, under “Ideas”.</p></Empty>;
  return <ul class="plain stack ideas" data-testid="ideas">{ideas.ideas.map((i) => <One key={i.idea} idea={i} />)}</ul>;
}

function One({ idea }: { idea: Idea }) {
  const open = useSignal(false);
  const title = statuses.find(([s]) => s === idea.status)?.[1] ?? idea.status, mark = means(idea);
  const says = `${idea.status === "trying" && idea.where ? `Trying in ${idea.where}` : title}${idea.overdue ? ", for more than two weeks" : ""}${idea.says ? ":" : "."}`;
  return (
    <li class="rule stack tight" data-testid={`idea-${idea.idea}`} data-status={idea.status} data-votes={idea.votes ?? ""}>
      <h2>{idea.title}</h2>
      {idea.text && <p>{idea.text}</p>}
      <p>{mark === null ? <strong>{says}</strong> : <Mark means={mark}>{says}</Mark>}{idea.says && <span class="soft"> {idea.says}</span>}</p>
      <p class="small">{idea.votes === null ? "Fewer than ten are for it" : `${count(idea.votes)} are for it`}{idea.tried !== null && `, ${count(idea.tried)} have tried it`}. Proposed <When time={idea.proposed} />.{idea.decided_by && <> Decided by {idea.decided_by}{idea.decided ? ` on ${shortDay(idea.decided)}` : ""}.</>}</p>
      <div><button class="low" data-testid={`answer-${idea.idea}`} aria-expanded={open.value} onClick={() => { open.value = !open.value; }}>{open.value ? "Close" : idea.status === "new" ? "Answer" : "Change the answer"}<span class="out-of-sight">: {idea.title}</span></button></div>
      {open.value && <AnswerForm idea={idea} done={() => { open.value = false; loadIdeas(); }} />}
    </li>
  );
}

function AnswerForm({ idea, done }: { idea: Idea; done: () => void }) {
  const error = useSignal<Error | null>(null), id = (name: string): string => `${name}-${idea.idea}`;
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), text = (name: string): string => String(data.get(name) ?? "").trim();
    const document: Record<string, string> = { status: text("status"), decided_by: text("decided_by"), decided: new Date().toISOString().slice(0, 10) };
    for (const name of ["where", "says"]) if (text(name)) document[name] = text(name);
    try { await api.answerIdea(idea.idea, document); announce("Answered: customers read it at once."); done(); } catch (e) { error.value = e as Error; }
  };
  return (
    <form class="stack" data-testid="answer-form" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
      {error.value && <Trouble error={error.value} />}
      <div class="filters">
        <div class="field"><label for={id("status")}>What becomes of it</label><select id={id("status")} name="status" required>{statuses.slice(1).map(([s, t]) => <option key={s} value={s} selected={s === idea.status}>{t}</option>)}</select></div>
        <div class="field"><label for={id("where")}>Where, when it is tried</label><input id={id("where")} name="where" defaultValue={idea.where} placeholder="branch 3" /></div>
        <div class="field"><label for={id("by")}>Who decides</label><input id={id("by")} name="decided_by" defaultValue={idea.decided_by} required autoComplete="name" /></div>
      </div>
      <div class="field"><label for={id("says")}>What customers read</label><textarea id={id("says")} name="says" rows={3} defaultValue={idea.says} /></div>
      <div><button class="first">Say it to customers</button></div>
    </form>
  );
}

/* ---- preference ---- */

const whole = (i: Interval): string => `${signed(i.value)} (${signed(i.low)} to ${signed(i.high)})`;

function Bar({ label, share, warning }: { label: string; share: ShareOf; warning?: boolean }) {
  return (
    <li><span>{warning ? <Mark means="watch">{label}</Mark> : label}</span>
      {share ? <svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="14" /><rect class="share" width={share.value * 100} height="14" /><path class="whisker" d={`M${share.low * 100} 7H${share.high * 100}`} /></svg> : <span />}
      <span class="small">{shares(share)}</span></li>
  );
}

function Preferred({ p }: { p: Preference }) {
  const v = voice.state.value.value;
  if (p.hidden) return <NotMeasured missing={`Answers that weigh like those of ${count(p.needed)} customers are needed; there are ${count(Math.round(p.n_eff))}.`} />;
  const alternatives = p.alternatives ?? [], motives = p.motives ?? [], quarters = p.quarters ?? [], warning = motives.find((m) => m.warning), change = p.warning_change;
  const by = (q: (typeof quarters)[number]): string => `${shortDay(q.from)} to ${shortDay(q.to)}`;
  return (
    <>
      <div class="three">
        <section class="stack tight" data-testid="first"><h2>First choice</h2><p class="figure">{p.first ? percent(p.first.value) : "—"}</p><p class="small">{p.first && `${hundredths(p.first.low)} to ${hundredths(p.first.high)} %, ${plural(p.n, "customer")}`} would choose us first among those open to them</p></section>
        <section class="stack tight" data-testid="enp"><h2>Effective net preference</h2><p class="figure">{signed(p.enp?.value ?? NaN)}</p><p class="small">{signed(p.enp?.low ?? NaN)} to {signed(p.enp?.high ?? NaN)}, weighs like {count(Math.round(p.n_eff))} customers: rivals we beat less rivals that beat us, of all that were open{p.weighted ? ", by what customers are worth and how free they are" : "; no price list says what customers are worth, so all weigh the same"}</p></section>
        <section class="stack tight" data-testid="beside"><h2>Beside it</h2><dl class="facts">{v?.scales.map((s) => <div key={s.scale} data-testid={`beside-${s.scale}`}><dt>{s.scale === "stars" ? "Satisfied (CSAT)" : scaleOf(s.scale).title}</dt><dd>{s.scale === "stars" && s.now.share ? `${percent(s.now.share.value)} (${hundredths(s.now.share.low)} to ${hundredths(s.now.share.high)}, ${count(s.now.n!)})` : cellText(s.scale, s.now)}</dd></div>)}<div><dt>Unweighted</dt><dd>{p.np ? whole(p.np) : MISSING}</dd></div></dl></section>
      </div>
      <section class="stack" aria-labelledby="against"><h2 id="against">Against whom</h2><p class="soft">Of those to whom both were open: the share that puts us before the other.</p>
        <ul class="plain bars" data-testid="alternatives">{alternatives.map((a) => <Bar key={a.option} label={a.title} share={a.us_before} />)}</ul></section>
      <section class="stack" aria-labelledby="motives"><h2 id="motives">Why they choose us</h2>
        <ul class="plain bars" data-testid="motives">{motives.map((m) => <Bar key={m.motive} label={m.title} share={m.share} warning={m.warning} />)}</ul></section>
      {warning && <section class="stack" aria-labelledby="price"><h2 id="price">“{warning.title}”, watched as a warning</h2>
        <p data-testid="price-trend">{!change ? "Too few answers to compare two half-years." : change.is_change ? <Mark means={change.value > 0 ? "broken" : "good"}>{change.value > 0 ? "More" : "Fewer"} in the last half-year than in the one before: {signed(change.value * 100)} points ({points(change)}).</Mark> : `No change beyond chance between the half-years (${points(change)} points).`}</p>
        <div class="wide" tabIndex={0} role="region" aria-label="Table of quarters"><table data-testid="quarters"><thead><tr><th scope="col">Quarter</th><th scope="col">Would choose us first</th><th scope="col">“{warning.title}”, of these</th></tr></thead><tbody>{quarters.map((q) => <tr key={String(q.from)}><th scope="row">{by(q)}</th><td>{shares(q.first)}</td><td>{shares(q.warning)}</td></tr>)}</tbody></table></div></section>}
      <p class="small">{plural(p.withheld ?? 0, "answer")} of customers who no longer agree to be asked {p.withheld === 1 ? "is" : "are"} not counted. Asked was: “{p.text}”</p>
    </>
  );
}
