/*
 * broken.tsx: what is broken, the worst first, and one of them opened: whom it hurts, its course, real journeys.
 *
 * The address says all of it: the spot, the signal, the days.
 */
import { useEffect } from "preact/hooks";
import type { Broken as Answer, BrokenSignal, BrokenSpot, BrokenOpened } from "../shared/api";
import { announce, Empty, Mark, Trouble, Part } from "../shared/components";
import { clock, count, hundredths, money, month, percent, plural, shortDay, words } from "../shared/format";
import { CustomerTable } from "./customers";
import { Top, Twin } from "./page";
import { parameters, segments, withParameters } from "./route";
import { api, asking } from "./state";

const list = asking<Answer>(), opened = asking<BrokenOpened>();
const spans: [number, string][] = [[30, "30 days"], [90, "90 days"], [366, "a year"]];

export default function Broken() {
  const spot = segments.value[1];
  return spot ? <Spot key={spot} spot={spot} /> : <List />;
}

const days = (): number => Number(parameters.value.get("days")) || 90;
const Days = () => <nav class="row views" aria-label="Time">{spans.map(([n, title]) => <a key={n} href={withParameters({ days: n === 90 ? null : String(n) })} aria-current={days() === n ? "page" : undefined}>{title}</a>)}</nav>;

function List() {
  const load = (): void => void list.ask(() => api.broken(days()));
  useEffect(load, [days()]);
  const { value: b, error } = list.state.value;
  if (error) return <><Top sentence="What is broken" /><Trouble error={error} again={load} /></>;
  if (!b) return <><Top sentence="What is broken" /><p class="soft" role="status">One moment.</p></>;
  const worst = b.spots.filter((s) => s.broken), rest = b.spots.filter((s) => !s.broken);
  return (
    <>
      <Top sentence={b.sentence} rests={`Customers who set out between ${shortDay(b.from)} and ${shortDay(b.to)}. Figures go together; they do not say what causes what.`}><Days /></Top>
      {b.spots.length === 0 && <Empty title="No journey to look at"><p class="soft">Write documents of kind journey with a start and a goal, and push them: <code>attune apply DIR</code>. What fails on the way, and what is asked again, is said there.</p></Empty>}
      <div class="stack">{worst.map((s, i) => <Part key={s.spot} title={s.title}><Place spot={s} number={i + 1} currency={b.currency} /></Part>)}</div>
      {rest.length > 0 && <section class="stack rule" aria-labelledby="fine"><h2 id="fine">Nothing stands out</h2><div class="stack">{rest.map((s) => <Part key={s.spot} title={s.title}><Place spot={s} currency={b.currency} /></Part>)}</div></section>}
    </>
  );
}

const interval = (s: BrokenSignal): string => s.hidden || s.share === undefined ? "too few to show" : `${percent(s.share)} (${hundredths(s.low!)} to ${hundredths(s.high!)}, of ${count(s.of)})`;
const link = (spot: string, signal?: string): string => { const p = new URLSearchParams(); if (days() !== 90) p.set("days", String(days())); if (signal) p.set("signal", signal); const q = p.toString(); return `/console/broken/${encodeURIComponent(spot)}${q ? `?${q}` : ""}`; };

function Place({ spot, number, currency }: { spot: BrokenSpot; number?: number; currency: string }) {
  const Heading = number ? "h2" : "h3";
  return (
    <section class="stack tight" aria-label={spot.title} data-testid={`spot-${spot.spot}`}>
      <div class="row between"><Heading><a href={link(spot.spot)}>{number ? <Mark means={number === 1 ? "broken" : "watch"}>{spot.title}</Mark> : spot.title}</a></Heading>
        <span class="small">{plural(spot.customers, "customer")} set out{spot.cost_a_month >= 1 ? `; ${money(Math.round(spot.cost_a_month), currency, true)} a month` : ""}{spot.owner ? `; ${spot.owner}` : ""}</span></div>
      <div class="wide" tabIndex={0} role="region" aria-label={`Signals: ${spot.title}`}><table class="signals"><thead><tr><th scope="col">Customers who</th><th scope="col" class="n">People</th><th scope="col">Share</th><th scope="col" class="n">Usual</th><th scope="col">Mostly at</th></tr></thead>
        <tbody>{spot.signals.filter((s) => s.customers !== 0).map((s) => <tr key={s.signal}><th scope="row">{s.says}</th>
          <td class="n">{s.hidden ? "few" : <a class="opens" data-testid={`open-${spot.spot}-${s.signal}`} href={link(spot.spot, s.signal)}>{count(s.customers!)}<span class="out-of-sight"> customers {s.says}: show them</span></a>}</td>
          <td>{interval(s)}</td><td class="n">{s.baseline === undefined ? "" : percent(s.baseline)}</td><td>{s.at ?? ""}</td></tr>)}</tbody></table></div>
    </section>
  );
}

/* ---- one of them ---- */

function Spot({ spot }: { spot: string }) {
  const signal = parameters.value.get("signal") ?? "";
  const load = (): void => void opened.ask(() => api.brokenSpot(spot, days(), signal)).then(() => { const v = opened.state.value.value; if (v) announce(v.sentence); });
  useEffect(load, [spot, days(), signal]);
  const { error, loading } = opened.state.value;
  const o = loading ? null : opened.state.value.value;
  const back = <p><a href={`/console/broken${days() === 90 ? "" : `?days=${days()}`}`} data-testid="back-to-broken">Back to what is broken</a></p>;
  if (error) return <><Top sentence="What is broken">{back}</Top><Trouble error={error} again={load} /></>;
  if (!o) return <><Top sentence="What is broken">{back}</Top><p class="soft" role="status">One moment.</p></>;
  const b = o.behind;
  return (
    <>
      <Top sentence={o.sentence} rests={`${shortDay(o.from)} to ${shortDay(o.to)}. ${o.owner ? `${o.owner} looks after it. ` : ""}${plural(o.customers, "customer")} set out.`}>{back}<Days /></Top>
      {!b.hidden && b.total > 0 && <section class="stack" aria-labelledby="course"><h2 id="course">Its course</h2><Part title="Its course"><Course opened={o} /></Part></section>}
      {o.journeys.length > 0 && (
        <section class="stack rule" aria-labelledby="real"><h2 id="real">{plural(o.journeys.length, "real journey")}</h2>
          <ol class="plain stack" data-testid="real-journeys">{o.journeys.map((j, i) => <li key={i} class="stack tight">
            <h3>{j.customer ? <a href={`/console/customers/${j.customer.cid}?spot=${encodeURIComponent(spot)}&signal=${encodeURIComponent(signal)}&days=${days()}`}>{j.customer.name ?? "No name yet"}</a> : "Joined to another customer since"}</h3>
            <ol class="plain small">{j.steps.map((s, n) => <li key={n}>{shortDay(s.time)}, {clock(s.time)}: {s.event} <span class="soft">({words(s.channel).toLowerCase()})</span></li>)}</ol></li>)}</ol></section>
      )}
      <section class="stack rule" aria-labelledby="who"><h2 id="who">Who they are</h2>
        {b.hidden ? <Empty title="Too few to open"><p class="soft">So that nobody can be recognised, a figure of very few customers is neither shown nor opened. Take a longer time.</p></Empty> : (
          <><p class="small" data-testid="withheld" data-total={b.total} data-withheld={b.withheld}>{plural(b.total, "customer")}. {count(b.agreed)} agreed to be looked at one by one{b.agreed > b.customers.length ? `, the first ${b.customers.length} are listed` : ""}; the other {count(b.withheld)} are only counted{b.purpose ? <>: they have not said yes to “{b.purpose}”</> : null}.</p>
            {b.customers.length > 0 ? <CustomerTable customers={b.customers} label="Customers behind the figure" query={`?spot=${encodeURIComponent(spot)}&signal=${encodeURIComponent(signal)}&days=${days()}`} /> : <p class="soft">Nobody can be listed.</p>}</>
        )}</section>
    </>
  );
}

function Course({ opened: o }: { opened: BrokenOpened }) {
  const shown = o.months.filter((m) => m.share !== null), top = Math.max(0.1, ...shown.map((m) => m.high ?? m.share ?? 0)), W = 640, H = 160, L = 44;
  const x = (i: number): number => L + (i + 0.5) * ((W - L) / o.months.length), y = (v: number): number => 8 + (H - 32) * (1 - v / top);
  const line = o.months.map((m, i) => (m.share === null ? "" : `${i && o.months[i - 1]!.share !== null ? "L" : "M"}${x(i).toFixed(1)} ${y(m.share).toFixed(1)}`)).join("");
  return <Twin id="course" label="Share by month"
    chart={<svg class="course" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`Share by month, ${shown.length ? `${percent(shown[0]!.share!)} at first, ${percent(shown.at(-1)!.share!)} at last` : "not shown"}`}>
      {[0, top / 2, top].map((v) => <g key={v}><path class="grid" d={`M${L} ${y(v)}H${W}`} /><text x={L - 6} y={y(v) + 4} text-anchor="end">{percent(v)}</text></g>)}
      {o.months.map((m, i) => m.share !== null && <path key={i} class="range" d={`M${x(i)} ${y(m.low ?? m.share)}V${y(m.high ?? m.share)}`} />)}
      <path class="figure-line" d={line} />{o.months.map((m, i) => m.share !== null && <circle key={i} class="point" cx={x(i)} cy={y(m.share)} r="3" />)}
      {o.months.map((m, i) => (o.months.length < 7 || i % 2 === 1) && <text key={i} x={x(i)} y={H - 6} text-anchor="middle">{month(m.until)}</text>)}
    </svg>}
    table={<table><caption>Share by month</caption><thead><tr><th scope="col">Month until</th><th scope="col" class="n">Share</th><th scope="col">95 %</th><th scope="col" class="n">Set out</th></tr></thead><tbody>{o.months.map((m, i) => <tr key={i}><th scope="row">{shortDay(m.until)}</th><td class="n">{m.share === null ? "few" : percent(m.share)}</td><td>{m.share === null ? "" : `${percent(m.low)} to ${percent(m.high)}`}</td><td class="n">{count(m.of)}</td></tr>)}</tbody></table>} />;
}
