/* card-worth.tsx: worth and stars of one customer in one line, and behind "why?" the lines that make it. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Card, CustomerValue, StarsContact } from "../shared/api";
import { Dialog, When } from "../shared/components";
import { count, decimal, money, on, plural, words } from "../shared/format";
import { api, asking } from "./state";

export function CardWorth({ cid, segments }: { cid: string; segments: NonNullable<Card["segments"]> }) {
  const { state, ask } = useMemo(() => asking<CustomerValue>(), [cid]);
  const open = useSignal(false);
  useEffect(() => void ask(() => api.value(cid)), [cid]);
  const v = state.value.value;
  return (
    <section class="stack rule" aria-labelledby="worth-title">
      <h2 id="worth-title">Worth</h2>
      {!v ? <p class="soft">{state.value.error ? state.value.error.message : "One moment."}</p>
        : v.profit === undefined ? <p class="soft" data-testid="worth">Not shown: no yes to “{v.withheld[0]?.purpose}”.</p>
          : <div class="row between"><p data-testid="worth">{sentence(v)}</p><button class="low" data-testid="worth-why" aria-haspopup="dialog" onClick={() => { open.value = true; }}>Why?</button></div>}
      {segments.length > 0 && <ul class="plain" data-testid="segments">{segments.map((s) => <li key={s.segment} class="part">{s.title}<span class="small block">{s.reasons.filter((r) => r.holds === "yes").map((r) => `${r.rule}: ${r.says}`).join("; ")}</span></li>)}</ul>}
      {v?.stars && v.stars.last.length > 0 && <Sides contacts={v.stars.last.slice(0, 5)} currency={v.currency} />}
      {open.value && v && <Why v={v} close={() => { open.value = false; }} />}
    </section>
  );
}

/* The last contacts: why the customer came, what the customer got, what we got. */
function Sides({ contacts, currency }: { contacts: StarsContact[]; currency: string }) {
  const them = (c: StarsContact): string => [c.customer.settled.length > 0 && `settled: ${c.customer.settled.join("; ")}`, c.customer.minutes_saved > 0 && `${plural(Math.round(c.customer.minutes_saved), "minute")} saved`, c.customer.minutes_wasted > 0 && `${plural(Math.round(c.customer.minutes_wasted), "minute")} lost`, c.customer.got !== 0 && `worth ${money(c.customer.got, currency)}`].filter(Boolean).join(", ") || "nothing that has a price";
  const us = (c: StarsContact): string => [c.company.profit !== 0 ? money(c.company.profit, currency) : "no money", c.company.minutes > 0 && `${plural(Math.round(c.company.minutes), "minute")} of staff`, c.company.learned && `learned ${c.company.learned}`].filter(Boolean).join(", ");
  return (
    <><h3 id="sides">What each side got out of the last contacts</h3>
      <div class="wide" tabIndex={0} role="region" aria-labelledby="sides"><table data-testid="sides"><thead><tr><th scope="col">When</th><th scope="col">Came for</th><th scope="col">The customer</th><th scope="col">We</th><th scope="col" class="n">Our stars</th></tr></thead>
        <tbody>{contacts.map((c, i) => <tr key={i}><th scope="row"><When time={c.start} /><span class="small block">{on(c.channel)}</span></th><td>{c.reason.marked === "asked" ? <>{c.reason.text}<span class="small block">asked</span></> : <span class="guess">{c.reason.text === c.name ? words(c.name) : c.reason.text} <span class="small">guess</span></span>}</td><td>{them(c)}</td><td>{us(c)}</td><td class="n">{count(c.stars)} of 5</td></tr>)}</tbody></table></div></>
  );
}

function sentence(v: CustomerValue): string {
  const profit = v.profit ?? 0, got = v.got_total ?? 0;
  return [
    `${profit < 0 ? "Cost us" : "Brought us"} ${money(Math.abs(profit), v.currency)} in twelve months${v.place ? ` (place ${count(v.place)} of ${count(v.of ?? 0)})` : ""} and ${got < 0 ? "lost" : "got"} ${money(Math.abs(got), v.currency)} worth of time and rewards.`,
    v.stars?.mean != null ? `Our stars: ${decimal(v.stars.mean, 1)} of 5 over ${plural(v.stars.contacts, "contact")}.` : "",
    v.need ? `Needs most: “${v.need.title}”.` : "Not enough is known of the need.",
    v.give_and_get && v.give_and_get.cell !== "none" ? `Give and get: ${v.give_and_get.title.toLowerCase()}.` : "",
  ].filter(Boolean).join(" ");
}

/* The bounds of a rank, where it has enough customers for them to be shown. */
const within = (x: { from: number | null; to: number | null }, say: (n: number) => string): string => (x.from === null || x.to === null ? "" : `, ${say(x.from)} to ${say(x.to)}`);

function Why({ v, close }: { v: CustomerValue; close: () => void }) {
  const m = (n: number): string => money(n, v.currency);
  return (
    <Dialog id="worth-dialog" title="What makes this worth" close={close}>
      <div class="wide" tabIndex={0} role="region" aria-label="What the company got"><table data-testid="worth-lines"><caption>What we got: {m(v.profit ?? 0)}</caption>
        <thead><tr><th scope="col">What</th><th scope="col" class="n">Times</th><th scope="col" class="n">Income</th><th scope="col" class="n">Cost</th></tr></thead>
        <tbody>{v.lines?.map((l) => <tr key={l.event + l.channel}><th scope="row">{words(l.event)}, {on(l.channel)}{l.minutes > 0 && <span class="block">{plural(l.minutes, "minute")} of staff</span>}</th><td class="n">{count(l.n)}</td><td class="n">{m(l.income)}</td><td class="n">{m(l.cost)}</td></tr>)}</tbody></table></div>
      <div class="wide" tabIndex={0} role="region" aria-label="What the customer got"><table data-testid="worth-got"><caption>What the customer got: {m(v.got_total ?? 0)}</caption>
        <thead><tr><th scope="col">What</th><th scope="col" class="n">Times</th><th scope="col">Minutes</th><th scope="col" class="n">Worth</th></tr></thead>
        <tbody>{v.got?.map((l) => <tr key={l.event + l.channel}><th scope="row">{words(l.event)}, {on(l.channel)}</th><td class="n">{count(l.n)}</td><td>{[l.minutes_saved > 0 && `${count(l.minutes_saved)} saved`, l.minutes_wasted > 0 && `${count(l.minutes_wasted)} lost`].filter(Boolean).join(", ")}</td><td class="n">{m(l.got)}</td></tr>)}</tbody></table></div>
      {v.rfm && <p class="small">{v.rfm.title}: last purchase {plural(v.rfm.recency.value, "day")} ago (rank {count(v.rfm.recency.rank)}{within(v.rfm.recency, String)}), {plural(v.rfm.frequency.value, "purchase")} (rank {count(v.rfm.frequency.rank)}{within(v.rfm.frequency, String)}), {m(v.rfm.money.value)} (rank {count(v.rfm.money.rank)}{within(v.rfm.money, m)}).</p>}
      {v.stars && <ul class="plain" data-testid="worth-stars">{v.stars.last.slice(0, 5).map((s, i) => <li key={i} class="part"><strong>{count(s.stars)} of 5</strong>, {words(s.name).toLowerCase()} {on(s.channel)}, <When time={s.start} />. <span class="small">{s.why}</span></li>)}</ul>}
      <div><button class="first" onClick={close}>Close</button></div>
    </Dialog>
  );
}
