/* worth.tsx: what customers are worth and what they need: groups, the profit curve, give and get, segments. Each figure opens its customers. */
import { useEffect } from "preact/hooks";
import type { Segments, Worth as Answer } from "../shared/api";
import { Empty, Mark, Trouble, Part } from "../shared/components";
import { count, decimal, MISSING, money, on, percent, plural, shortDay, words } from "../shared/format";
import { Top, Twin } from "./page";
import { OurStars } from "./worth-stars";
import { api, asking } from "./state";

const worth = asking<Answer>(), segments = asking<Segments>();
const behind = (group: string): string => `/console/worth/customers?group=${encodeURIComponent(group)}`;
const whole = (n: number | null, currency: string): string => money(n === null ? null : Math.round(n), currency, true);

export default function Worth() {
  const load = (): void => { void worth.ask(() => api.worth()); void segments.ask(() => api.segments()); };
  useEffect(load, []);
  const { value: w, error } = worth.state.value;
  if (error) return <><Top sentence="What customers are worth" />{"code" in error && (error.code === "no_prices" || error.code === "too_few") ? <Empty title={error.code === "no_prices" ? "No prices yet" : "Nobody yet"}><p class="soft">{error.message}</p></Empty> : <Trouble error={error} again={load} />}<Part title="The segments"><Kept /></Part></>;
  if (!w) return <><Top sentence="What customers are worth" /><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={sentence(w)} rests={`All ${plural(w.customers, "customer")} seen from ${shortDay(w.from)} to ${shortDay(w.at)} are counted, so there is no margin of error; ${count(w.buyers)} of them bought something. Computed once a minute.`} />
      <div class="stack wide-gap">
        <Part title="Worth and need"><Groups w={w} /></Part>
        <Part title="The profit curve"><Curve w={w} /></Part>
        <Part title="Give and get"><GiveAndGet w={w} /></Part>
        <Part title="Is it worth it?"><OurStars /></Part>
        <Part title="What is good for nobody"><Neither w={w} /></Part>
        <Part title="The segments"><Kept /></Part>
        <Part title="How lately, how often, how much"><Names w={w} /></Part>
      </div>
    </>
  );
}

function sentence(w: Answer): string {
  const total = `${plural(w.customers, "customer")} brought ${whole(w.profit, w.currency)} in twelve months`;
  return w.below && w.below.n > 0 ? `${total}; ${percent(w.below.share)} of them cost more than they bring.` : `${total}.`;
}

/* ---- worth and need ---- */

function Groups({ w }: { w: Answer }) {
  const cell = (tier: string, need: string) => {
    const g = w.groups.find((x) => x.worth === tier && x.need === need);
    if (!g || g.customers === null) return <span class="soft">too few</span>;
    if (g.customers === 0) return <span class="soft">nobody</span>;
    return <><a href={behind(`worth:${tier},need:${need}`)}>{count(g.customers)}</a><span class="small block">{whole(g.profit, w.currency)}</span></>;
  };
  return (
    <section class="stack tight" aria-labelledby="groups-title">
      <h2 id="groups-title">Worth and need</h2>
      <p class="soft">What somebody needs most is what they do more than others do; money has no part in it.</p>
      <div class="wide" tabIndex={0} role="region" aria-label="Worth and need, table"><table class="roomy" data-testid="groups">
        <thead><tr><th scope="col">Need</th>{w.tiers.map((t) => <th key={t.worth} scope="col" class="n">{t.title}</th>)}<th scope="col" class="n">All</th></tr></thead>
        <tbody>{w.needs.map((n) => <tr key={n.need}><th scope="row">{n.title}{n.share_of_events !== undefined && <span class="small block">{percent(n.share_of_events)} of all that is done</span>}</th>{w.tiers.map((t) => <td key={t.worth} class="n">{cell(t.worth, n.need)}</td>)}
          <td class="n">{n.customers === null ? <span class="soft">too few</span> : <><a href={behind(`need:${n.need}`)}>{count(n.customers)}</a><span class="small block">{whole(n.profit, w.currency)}</span></>}</td></tr>)}</tbody>
        <tfoot><tr><th scope="row">All</th>{w.tiers.map((t) => <td key={t.worth} class="n">{t.customers === null ? <span class="soft">too few</span> : <><a href={behind(`worth:${t.worth}`)}>{count(t.customers)}</a><span class="small block">{whole(t.profit, w.currency)}</span></>}</td>)}<td class="n">{count(w.customers)}<span class="small block">{whole(w.profit, w.currency)}</span></td></tr></tfoot>
      </table></div>
    </section>
  );
}

/* ---- the profit curve ---- */

const WIDE = 680, HIGH = 290, LEFT = 96, BELOW = 62, ABOVE = 16;

function Curve({ w }: { w: Answer }) {
  const points = w.curve.flatMap((p) => (p.profit === null ? [] : [{ share: p.share, profit: p.profit }])); /* Of too few there is none. */
  const top = Math.max(w.peak, w.profit, 1), low = Math.min(0, ...points.map((p) => p.profit));
  const x = (share: number): number => LEFT + share * (WIDE - LEFT - 12), y = (profit: number): number => ABOVE + (HIGH - ABOVE - BELOW) * (1 - (profit - low) / (top - low));
  const path = points.map((p, i) => `${i ? "L" : "M"}${x(p.share).toFixed(1)} ${y(p.profit).toFixed(1)}`).join("");
  const best = points.length ? points.reduce((a, b) => (b.profit > a.profit ? b : a)) : null;
  return (
    <section class="stack tight" aria-labelledby="curve-title">
      <h2 id="curve-title">Who the profit comes from</h2>
      <p class="soft">{w.peak_of_total !== null ? <>Those who bring something bring {percent(w.peak_of_total)} of the profit; the others take {whole(w.peak - w.profit, w.currency)} of it away again. Before anybody is blamed: look at what makes them call or come.</> : "There is no profit to share out."}</p>
      <Twin id="curve" label="The profit curve" chart={
        <svg class="curve" viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={`Profit added up from the customers who bring most to those who cost most: it rises to ${whole(w.peak, w.currency)} and ends at ${whole(w.profit, w.currency)}.`}>
          {[0, w.profit, w.peak].filter((v, i, all) => i === 0 || Math.abs(y(v) - y(all[i - 1]!)) > 16).map((v) => <g key={v}><line class="grid" x1={LEFT} x2={WIDE - 12} y1={y(v)} y2={y(v)} /><text x={LEFT - 8} y={y(v) + 5} text-anchor="end">{whole(v, w.currency)}</text></g>)}
          {[0, 0.25, 0.5, 0.75, 1].map((s) => <text key={s} x={x(s)} y={HIGH - 38} text-anchor={s === 1 ? "end" : s === 0 ? "start" : "middle"}>{percent(s)}</text>)}
          <text x={LEFT} y={HIGH - 10}>of the customers, those who bring most first</text>
          <path class="line" d={path} />
          {best && <circle class="dot" cx={x(best.share)} cy={y(best.profit)} r="5" />}<circle class="dot" cx={x(1)} cy={y(w.profit)} r="5" />
        </svg>} table={
        <table><caption>Customers by falling profit, added up</caption><thead><tr><th scope="col">The first</th><th scope="col" class="n">Customers</th><th scope="col" class="n">Bring</th><th scope="col" class="n">Of the whole</th></tr></thead>
          <tbody>{w.curve.map((p) => <tr key={p.share}><th scope="row">{percent(p.share)}</th><td class="n">{count(p.customers)}</td><td class="n">{p.profit === null ? "of too few" : whole(p.profit, w.currency)}</td><td class="n">{p.of_total === null ? "" : percent(p.of_total)}</td></tr>)}</tbody></table>} />
      {w.below && <p><Mark means="watch"><a href={behind("worth:below")}>{plural(w.below.n, "customer costs", "customers cost")} more than they bring</a> ({percent(w.below.share)} of {count(w.below.of)})</Mark></p>}
    </section>
  );
}

/* ---- give and get ---- */

function GiveAndGet({ w }: { w: Answer }) {
  const r = w.reciprocity;
  const words = r.correlation === null ? "It cannot be said yet whether who gives more gets more." : r.correlation > 0.3 ? "Who gives more gets more." : r.correlation < -0.3 ? "Who gives more gets less." : "What customers get has little to do with what they give.";
  return (
    <section class="stack tight" aria-labelledby="get-title">
      <h2 id="get-title">Give and get</h2>
      <p class="soft">{words} Rank correlation {r.correlation === null ? "not measured" : decimal(r.correlation, 2)}, {count(r.agreed)} customers who agreed to “{r.purpose}”; {count(r.withheld)} others are left out. Ranked within each need.</p>
      <ul class="plain cells">{r.cells.map((c) => <li key={c.cell} class="cell" data-testid="cell" data-cell={c.cell}><h3>{c.title}</h3>
        {c.customers === null ? <p class="soft">Too few to show.</p> : <p><a class="figure" href={behind(`cell:${c.cell}`)}>{count(c.customers)}</a> {c.share && <span class="small">{percent(c.share.share)} ({percent(c.share.low)} to {percent(c.share.high)}), bring {whole(c.profit, w.currency)}</span>}</p>}
        <p class="small">{c.do}</p></li>)}</ul>
    </section>
  );
}

/* What is done that is good for nobody: first in line to be removed, the dearest first. */
function Neither({ w }: { w: Answer }) {
  const lines = w.lines.filter((l) => l.serves === "neither" && (l.profit < 0 || l.got < 0)).sort((a, b) => a.profit + a.got - b.profit - b.got);
  return (
    <section class="stack tight" aria-labelledby="neither-title">
      <h2 id="neither-title">Steps that serve neither side</h2>
      {lines.length === 0 ? <p class="soft">There are none: everything that has a price brings something to one of the two.</p> : <>
        <p class="soft">Neither the company nor the customer gets anything out of these. They are the first to be made needless.</p>
        <div class="wide" tabIndex={0} role="region" aria-label="Steps that serve neither side, table"><table class="roomy" data-testid="neither"><thead><tr><th scope="col">Step</th><th scope="col" class="n">Times</th><th scope="col" class="n">Customers</th><th scope="col" class="n">To us</th><th scope="col" class="n">To the customers</th></tr></thead>
          <tbody>{lines.map((l) => <tr key={l.event + l.channel}><th scope="row">{words(l.event)}, {on(l.channel)}</th><td class="n">{count(l.n)}</td><td class="n">{count(l.customers)}</td><td class="n">{whole(l.profit, w.currency)}</td><td class="n">{whole(l.got, w.currency)}</td></tr>)}</tbody></table></div></>}
    </section>
  );
}

/* ---- segments ---- */

function Kept() {
  const { value, error } = segments.state.value;
  return (
    <section class="stack tight" aria-labelledby="segments-title">
      <h2 id="segments-title">Segments</h2>
      {error && <Trouble error={error} />}
      {value?.segments.length === 0 && <p class="soft">There are none: write a document of kind segment with a title, a rule and a purpose.</p>}
      {value && value.segments.length > 0 && <div class="wide" tabIndex={0} role="region" aria-label="Segments, table"><table class="roomy" data-testid="segments"><thead><tr><th scope="col">Segment</th><th scope="col">For</th><th scope="col" class="n">Members</th></tr></thead>
        <tbody>{value.segments.map((s) => <tr key={s.segment}><th scope="row">{s.title}<span class="small block"><code>{s.rule}</code></span></th><td>{s.purpose_title}</td>
          <td class="n">{s.members === null ? <span class="soft">too few</span> : <><a href={`/console/worth/customers?segment=${encodeURIComponent(s.segment)}`}>{count(s.members)}</a>{s.share !== undefined && <span class="small block">{percent(s.share)} ({percent(s.low)} to {percent(s.high)}) of {count(s.agreed)} who agreed</span>}</>}</td></tr>)}</tbody></table></div>}
    </section>
  );
}

/* ---- recency, frequency, money ---- */

function Names({ w }: { w: Answer }) {
  const show: Record<string, (n: number) => string> = { recency_days: (n) => plural(n, "day"), frequency: (n) => count(n), money: (n) => money(n, w.currency) };
  return (
    <section class="stack tight" aria-labelledby="names-title">
      <h2 id="names-title">How lately, how often, how much</h2>
      <div class="ways">
        <div class="wide" tabIndex={0} role="region" aria-label="Names"><table><caption>Each ranked 1 to 5 by itself, then named</caption><thead><tr><th scope="col">Name</th><th scope="col" class="n">Customers</th><th scope="col" class="n">Profit</th></tr></thead>
          <tbody>{w.names.map((n) => <tr key={n.name}><th scope="row">{n.title}</th><td class="n">{n.customers === null ? <span class="soft">too few</span> : <a href={behind(`rfm:${n.name}`)}>{count(n.customers)}</a>}</td><td class="n">{n.profit === null ? "" : whole(n.profit, w.currency)}</td></tr>)}</tbody></table></div>
        <div class="wide" tabIndex={0} role="region" aria-label="Cuts"><table><caption>Where the ranks are cut</caption><thead><tr><th scope="col">Rank</th><th scope="col" class="n">Last purchase</th><th scope="col" class="n">Purchases</th><th scope="col" class="n">Money</th></tr></thead>
          <tbody>{w.cuts.recency_days.map((c, i) => <tr key={c.rank}><th scope="row">{count(c.rank)}</th>{(["recency_days", "frequency", "money"] as const).map((m) => { const x = w.cuts[m][i]; return <td key={m} class="n">{!x ? MISSING : x.from === null || x.to === null ? (x.hidden ? "of too few" : "") : x.customers === 0 ? "" : `${show[m]!(x.from)} to ${show[m]!(x.to)}`}</td>; })}</tr>)}</tbody></table></div>
      </div>
    </section>
  );
}
