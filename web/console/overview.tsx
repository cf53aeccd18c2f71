/* overview.tsx: where we stand, in one sentence and three figures; what is not measured is said, with the one thing to do. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { Overview as Answer } from "../shared/api";
import { Mark, Trouble, When, Part } from "../shared/components";
import { count, hundredths, money, percent, plural, shortDay, words } from "../shared/format";
import { listen } from "../shared/stream";
import { cornerOf, corners, Groups } from "./overview-groups";
import { NotMeasured, Top, Twin } from "./page";
import { api, asking, may } from "./state";

const REFRESH_MS_MIN = 5000;

const { state, ask } = asking<Answer>();

export function Overview() {
  useEffect(() => {
    void ask(api.overview);
    let last = Date.now();
    if (!may("GET /v1/stream")) return undefined;
    return listen("all", { changed: () => { if (Date.now() - last > REFRESH_MS_MIN) { last = Date.now(); void ask(api.overview); } }, again: () => void ask(api.overview) });
  }, []);
  const { value: o, error } = state.value;
  if (error) return <><h1>The overview cannot be shown.</h1><Trouble error={error} again={() => void ask(api.overview)} /></>;
  if (!o) return <p class="soft" role="status">One moment.</p>;
  const first = o.checklist.find((c) => !c.done);
  return (
    <>
      <Top sentence={o.sentence} rests={o.rests_on} />
      {first && (
        <section class="stack" aria-labelledby="start">
          <h2 id="start">What is still missing</h2>
          <ol class="plain checklist">{o.checklist.map((c) => (
            <li key={c.title} data-done={c.done}><span class="check" aria-hidden="true">{c.done ? "●" : "○"}</span><span><strong>{c.title}</strong>{c.done ? <span class="soft">, done</span> : null}{!c.done && <span class="small block">{c.hint}</span>}</span></li>
          ))}</ol>
        </section>
      )}
      <div class="three">
        <section class="stack" aria-labelledby="stand">
          <h2 id="stand">Where we stand</h2>
          <Part title="Where we stand"><Quadrant q={o.quadrant} /></Part>
        </section>
        <Part title="The score"><Score score={o.score} /></Part>
        <section class="stack" aria-labelledby="part">
          <h2 id="part">Taking part this month</h2>
          {o.participation.value === null ? <NotMeasured missing={o.participation.missing} />
            : <><p class="figure" data-testid="participation">{percent(o.participation.value)}</p><p class="small">{hundredths(o.participation.low!)} to {hundredths(o.participation.high!)} %, of {plural(o.participation.n, "customer")} who came: {o.participation.means.replace(/^customers who came and /, "")}</p>
              <Part title="The course of taking part"><Course months={o.participation.months} /></Part></>}
        </section>
      </div>
      <section class="stack rule" aria-labelledby="hurts">
        <h2 id="hurts">What hurts most</h2>
        {o.broken.length === 0 ? <p class="soft">Nothing stands out. What is looked at are journeys that were written down. <a href="/console/broken">What is broken</a></p>
          : <ul class="plain stack tight" data-testid="worst">{o.broken.map((b, i) => <li key={b.spot} class="row between"><a href={`/console/broken/${encodeURIComponent(b.spot)}`}><Mark means={i === 0 ? "broken" : "watch"}>{b.title}</Mark></a><span class="small">{plural(b.customers, "person", "people")} {b.says}{b.cost_a_month >= 1 ? `; ${money(Math.round(b.cost_a_month), b.currency, true)} a month` : ""}</span></li>)}</ul>}
      </section>
      <Part title="Segments and channels"><Groups o={o} /></Part>
      <section class="stack rule" aria-labelledby="channels">
        <h2 id="channels">Channels</h2>
        {o.channels.length === 0 ? <p class="soft">No channel has sent anything yet. Point a Segment SDK at this server, or send the first event with the line from the README.</p> : (
          <div class="wide" tabIndex={0} role="region" aria-label="Table of channels"><table data-testid="channels">
            <thead><tr><th scope="col">Channel</th><th scope="col" class="n">Customers</th><th scope="col" class="n">Events</th><th scope="col">Last heard</th></tr></thead>
            <tbody>{o.channels.map((c) => <tr key={c.channel}><th scope="row"><a href={`/console/journeys?channel=${encodeURIComponent(c.channel)}`}>{words(c.channel)}</a></th><td class="n"><a class="opens" href={`/console/customers?channel=${encodeURIComponent(c.channel)}`}>{c.customers === null ? "too few" : count(c.customers)}<span class="out-of-sight"> on {words(c.channel)}: show the customers</span></a></td><td class="n">{c.events === null ? "" : count(c.events)}</td><td>{c.last === null ? "never" : <When time={c.last} />}</td></tr>)}</tbody>
          </table></div>
        )}
        <p class="small"><a href="/console/customers">{plural(o.customers, "customer")}</a>, {plural(o.events, "event")}. <a href="/console/customers?who=identified">{o.identified === null ? "too few" : count(o.identified)} with a user id</a>{o.agreed === null ? "; who agreed to something is not shown of so few" : <>, <a href="/console/customers?who=agreed">{count(o.agreed)} agreed to something</a></>}.</p>
      </section>
    </>
  );
}

/* Twelve months, the last of them this one. */
function Course({ months }: { months: Answer["participation"]["months"] }) {
  const W = 240, H = 60, top = Math.max(0.05, ...months.map((m) => m.value ?? 0)), w = W / months.length;
  return <Twin id="participation-months" label="Taking part by month"
    chart={<svg class="bars-small" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`By month, ${months.map((m) => m.value === null ? "few" : percent(m.value)).join(", ")}`}>{months.map((m, i) => m.value !== null && <rect key={i} x={i * w + 2} width={w - 4} y={H - (H - 4) * (m.value / top)} height={(H - 4) * (m.value / top)} />)}</svg>}
    table={<table><caption>Taking part by month</caption><tbody>{months.map((m, i) => <tr key={i}><th scope="row">{shortDay(m.until)}</th><td class="n">{m.value === null ? "few" : percent(m.value)}</td><td class="n">of {count(m.n)}</td></tr>)}</tbody></table>} />;
}

function Quadrant({ q }: { q: Answer["quadrant"] }) {
  const share = (n: number | null): number | null => (n === null ? null : Math.max(0, Math.min(1, n > 1 ? n / 100 : n)));
  const x = share(q.interaction), y = share(q.customization);
  const known = x !== null && y !== null;
  const number = known ? (x >= 0.5 ? 2 : 1) + (y >= 0.5 ? 2 : 0) : 0;
  const says = known ? `In quarter ${number}, ${cornerOf(number).toLowerCase()}: interaction ${percent(x)}, customisation ${percent(y)}.` : "Not measured yet.";
  const S = 240, P = 2, path = (q.path ?? []).filter((p) => p.interaction !== null && p.customization !== null);
  return (
    <>
      <Twin id="quadrant" label="Where we stand"
        chart={
          <svg class="quadrant" viewBox="0 0 264 268" role="img" aria-label={says}>
            <g transform="translate(22 2)">
              <rect class="line" x={P} y={P} width={S - 2 * P} height={S - 2 * P} />
              <path class="line" d={`M${S / 2} ${P}V${S - P}M${P} ${S / 2}H${S - P}`} />
              {corners.map((name, i) => {
                const cx = (i % 2 ? 0.75 : 0.25) * S, y = i < 2 ? S - 12 : 20;
                return <g key={name} class={number === i + 1 ? "here" : ""}><text x={cx} y={y} text-anchor="middle" class="corner"><tspan class="corner-n">{i + 1}</tspan> {name}</text></g>;
              })}
              {known && path.length > 1 && <polyline class="trail" points={path.map((p) => `${P + p.interaction! * (S - 2 * P)},${S - P - p.customization! * (S - 2 * P)}`).join(" ")} />}
              {known && <circle class="dot" cx={P + x * (S - 2 * P)} cy={S - P - y * (S - 2 * P)} r="7" />}
              <text class="axis" x={S / 2} y={S + 16} text-anchor="middle">interaction →</text>
              <text class="axis" transform={`translate(-8 ${S / 2}) rotate(-90)`} text-anchor="middle">customisation →</text>
            </g>
          </svg>
        }
        table={<table><caption>Where we stand</caption><tbody>
          <tr><th scope="row">Interaction</th><td class="n">{x === null ? "not measured yet" : percent(x)}</td></tr>
          <tr><th scope="row">Customisation</th><td class="n">{y === null ? "not measured yet" : percent(y)}</td></tr>
          {[...(q.interaction_parts ?? []), ...(q.customization_parts ?? [])].map((p) => <tr key={p.title}><th scope="row" class="small">{p.title}</th><td class="n">{p.measured ? `${percent(p.share!)} (${hundredths(p.low!)} to ${hundredths(p.high!)}, of ${count(p.of!)})` : "not measured yet"}</td></tr>)}
          {path.map((p) => <tr key={String(p.until)}><th scope="row" class="small">{shortDay(p.until)}</th><td class="n">{percent(p.interaction!)}, {percent(p.customization!)}</td></tr>)}</tbody></table>} />
      {known ? <><p class="small" data-testid="quarter">{says} The line is its path over twelve months.</p>{q.next && q.next.length > 0 && <ul class="plain small" data-testid="next-moves">{q.next.map((n) => <li key={n.part}>{n.part}, {percent(n.share)}: {n.move}</li>)}</ul>}</> : <NotMeasured missing={q.missing} />}
    </>
  );
}

function Score({ score }: { score: Answer["score"] }) {
  const open = useSignal(false);
  const measured = score.items.filter((i) => i.measured).length;
  const unknown = score.items.length - measured;
  const sign = (i: Answer["score"]["items"][number]): string => (!i.measured || i.points === null ? "unknown" : i.points >= 0.75 ? "full" : i.points >= 0.25 ? "half" : "none");
  return (
    <section class="stack" aria-labelledby="score">
      <h2 id="score">{score.points === null ? "The score" : `${count(score.points)} of ten`}</h2>
      <svg class="dots" viewBox="0 0 240 24" role="img" aria-label={score.points === null ? "The score is not measured yet." : `${count(score.points)} of ten points; ${unknown} of ${score.items.length} not measured yet.`}>
        {score.items.map((i, n) => { const kind = sign(i); const cx = 12 + n * 24; return (
          <g key={i.number} class={kind}>{kind === "unknown" ? <circle cx={cx} cy="12" r="2.5" /> : <><circle class="ring" cx={cx} cy="12" r="8" />{kind === "full" && <circle class="fill" cx={cx} cy="12" r="8" />}{kind === "half" && <path class="fill" d={`M${cx} 4a8 8 0 0 0 0 16z`} />}</>}</g>
        ); })}
      </svg>
      {measured === 0 ? <NotMeasured missing={score.items[0]?.why} /> : <p class="small">{unknown === 0 ? "All ten are measured." : `${unknown} not measured yet.`}</p>}
      <div><button class="quiet low" data-testid="score-open" aria-expanded={open.value} onClick={() => { open.value = !open.value; }}>{open.value ? "Close the ten lines" : "Show the ten lines"}</button></div>
      {open.value && <ol class="plain ten" data-testid="ten">{score.items.map((i) => <li key={i.number}>
        <span>{i.measured && Number.isFinite(i.number) ? <a href={`/console/score/${i.number}`} data-testid={`score-${i.number}`}>{count(i.number)}. {i.title}</a> : <>{count(i.number)}. {i.title}</>}</span><span>{!i.measured ? <span class="soft">not measured yet</span> : <Mark means={sign(i) === "full" ? "good" : sign(i) === "half" ? "watch" : "broken"}>{sign(i) === "full" ? "fulfilled" : sign(i) === "half" ? "in part" : "not fulfilled"}</Mark>}</span><span class="small block">{i.why}</span></li>)}</ol>}
    </section>
  );
}
