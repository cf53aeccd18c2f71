/* overview-groups.tsx: where segments and channels stand, beside all, with their satisfaction and profit: dots with a key, or a table. */
import type { Overview, Place, StandingSegment } from "../shared/api";
import { count, decimal, hundredths, MISSING, money, percent, plural, words } from "../shared/format";
import { Twin } from "./page";
import { may } from "./state";

export const corners = ["The same for all", "Talks with each", "Fits the offer", "One to one"];
export const cornerOf = (quadrant: number): string => corners[quadrant - 1] ?? MISSING;

interface Group { key: string; title: string; href: string | null; place: Place; took: string; before: string }
interface Box { x: number; y: number; w: number; h: number }

export function Groups({ o }: { o: Overview }) {
  const segments = [...o.segments].sort(furthest).map(ofSegment), channels = (o.quadrant.channels ?? []).map((c, i): Group => ({ key: String.fromCharCode(65 + i), title: words(c.channel), href: null, place: c, took: c.took_part === null ? "" : percent(c.took_part), before: "" }));
  const says = compared([...o.segments].sort(furthest));
  return (
    <section class="stack rule" aria-labelledby="groups">
      <h2 id="groups">By segment and channel</h2>
      {says && <p data-testid="groups-say">{says}</p>}
      {o.segments_configured === 0 && <p class="soft" data-testid="no-segments">There are no segments: write a document of kind segment with a title, a rule and a purpose, and each stands here.</p>}
      {o.segments_withheld > 0 && <p class="soft" data-testid="segments-withheld">{plural(o.segments_withheld, "segment is", "segments are")} not shown: too few customers who agreed are in, or too few are left outside.</p>}
      {segments.length + channels.length > 0 && <>
        <Twin id="groups" label="Where segments and channels stand" chart={<div class="groups"><Dots o={o} groups={[...segments, ...channels]} /><Key segments={segments} channels={channels} /></div>} table={<Table o={o} segments={segments} channels={channels} />} />
        <p class="small">A segment counts its members, a channel who came on it this month; stars and profit are of the last {count(o.quadrant.profit?.days ?? 90)} days. The touchpoints that ask for a decision are the same for everybody.</p></>}
    </section>
  );
}

const furthest = (a: Place, b: Place): number => way(b) - way(a);
const way = (p: Place): number => (p.interaction ?? -1) + (p.customization ?? -1);
const worth = (p: NonNullable<Place["profit"]>): string => `${p.a_customer < 0 ? "costs" : "brings"} ${money(Math.abs(p.a_customer), p.currency)} a customer`;
const share = (n: number | null): string => (n === null ? "not measured" : percent(n));

function ofSegment(s: StandingSegment, i: number): Group {
  const before = s.months.at(-2);
  return { key: String(i + 1), title: s.title, href: may("GET /v1/segments/{name}") ? `/console/worth/customers?segment=${encodeURIComponent(s.segment)}` : null, place: s,
    took: s.took_part ? `${percent(s.took_part.share)} (${hundredths(s.took_part.low)} to ${hundredths(s.took_part.high)}, of ${count(s.took_part.of)})` : "", before: before && before.value !== null ? percent(before.value) : "" };
}

/* Does who stands further along rate better and bring more? The two ends, in one sentence. */
function compared(segments: StandingSegment[]): string | null {
  const placed = segments.filter((s) => s.quadrant !== null && (s.satisfaction || s.profit)), first = placed[0], last = placed.at(-1);
  if (!first || !last || first === last) return null;
  const effect = (s: StandingSegment): string => [s.satisfaction && `gives ${decimal(s.satisfaction.value, 1)} stars`, s.profit && worth(s.profit)].filter(Boolean).join(" and ");
  return `Furthest along is “${first.title}”, which ${effect(first)}; furthest back is “${last.title}”, which ${effect(last)}.`;
}

/* ---- the picture ---- */

const S = 400, P = 2;
const meets = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/* Beside its dot, where no dot and no other key stands; else further away, with a line to it. */
function keyPlace(x: number, y: number, key: string, taken: Box[]): Box {
  const w = 8 * key.length + 2, h = 13;
  const tries = [[8, -6], [-8 - w, -6], [-w / 2, -20], [-w / 2, 8], [7, -17], [7, 6], [-7 - w, -17], [-7 - w, 6], ...[24, 38, 52].flatMap((far) => [[far, -far], [far, far - 10], [-far - w, -far], [-far - w, far - 10], [-w / 2, -far - 10], [-w / 2, far], [far, -6], [-far - w, -6]])].map(([dx, dy]): Box => ({ x: x + dx!, y: y + dy!, w, h }));
  return tries.find((b) => b.x >= P && b.y >= P && b.x + w <= S - P && b.y + h <= S - P && !taken.some((t) => meets(b, t))) ?? tries[0]!;
}

function Dots({ o, groups }: { o: Overview; groups: Group[] }) {
  const at = (p: { interaction: number | null; customization: number | null }) => (p.interaction === null || p.customization === null ? null : { x: P + p.interaction * (S - 2 * P), y: S - P - p.customization * (S - 2 * P) });
  const all = at(o.quadrant), dots = groups.flatMap((g) => { const dot = at(g.place); return dot ? [{ ...dot, g }] : []; });
  const taken: Box[] = [...dots, ...(all ? [all] : [])].map((d) => ({ x: d.x - 5, y: d.y - 5, w: 10, h: 10 }));
  taken.push(...[0, 1, 2, 3].map((i) => ({ x: (i % 2 ? 0.75 : 0.25) * S - 60, y: i < 2 ? S - 24 : 8, w: 120, h: 16 })));
  const keys = [...(all ? [{ ...all, key: "all" }] : []), ...dots.map((d) => ({ ...d, key: d.g.key }))].map((d) => { const box = keyPlace(d.x, d.y, d.key, taken); taken.push(box); return { key: d.key, box, x: d.x, y: d.y }; });
  const says = `${plural(dots.length, "dot")} on two axes: ${dots.map((d) => `${d.g.title}, interaction ${percent(d.g.place.interaction!)}, customisation ${percent(d.g.place.customization!)}`).join("; ")}.`;
  return (
    <svg class="quadrant large" viewBox="0 0 424 428" role="img" aria-label={says}><g transform="translate(22 2)">
      <rect class="line" x={P} y={P} width={S - 2 * P} height={S - 2 * P} /><path class="line" d={`M${S / 2} ${P}V${S - P}M${P} ${S / 2}H${S - P}`} />
      {corners.map((name, i) => <text key={name} x={(i % 2 ? 0.75 : 0.25) * S} y={i < 2 ? S - 12 : 20} text-anchor="middle" class="corner">{name}</text>)}
      {all && <circle class="all" cx={all.x} cy={all.y} r="6" />}
      {dots.map((d) => (/\d/.test(d.g.key) ? <circle key={d.g.key} class="dot" cx={d.x} cy={d.y} r="5" /> : <rect key={d.g.key} class="of-channel" x={d.x - 4} y={d.y - 4} width="8" height="8" />))}
      {keys.map((k) => Math.hypot(k.box.x + k.box.w / 2 - k.x, k.box.y + k.box.h / 2 - k.y) > 24 && <path key={k.key} class="line" d={`M${k.x} ${k.y}L${k.box.x + k.box.w / 2} ${k.box.y + k.box.h / 2}`} />)}
      {keys.map((k) => <text key={k.key} class="key" x={k.box.x} y={k.box.y + 10}>{k.key}</text>)}
      <text class="axis" x={S / 2} y={S + 16} text-anchor="middle">interaction →</text><text class="axis" transform={`translate(-8 ${S / 2}) rotate(-90)`} text-anchor="middle">customisation →</text>
    </g></svg>
  );
}

const stars = (p: Pick<Place, "satisfaction">, long = false): string => (p.satisfaction ? `${decimal(p.satisfaction.value, 1)}${long ? ` (${decimal(p.satisfaction.low, 1)} to ${decimal(p.satisfaction.high, 1)}, ${count(p.satisfaction.answers)})` : ""}` : "");
const profit = (p: Pick<Place, "profit">): string => (p.profit ? money(p.profit.a_customer, p.profit.currency) : "");
const Title = ({ g }: { g: Group }) => (g.href ? <a class="opens" href={g.href}>{g.title}<span class="out-of-sight">: show the customers</span></a> : <>{g.title}</>);

function Line({ g }: { g: Group }) {
  const p = g.place;
  const parts = [p.quadrant === null ? "Place not measured" : cornerOf(p.quadrant), g.took && `${g.took} took part${g.before ? `, ${g.before} the month before` : ""}`, p.satisfaction && `${stars(p)} stars`, p.profit && worth(p.profit)].filter(Boolean);
  return <li data-testid="group"><span class="key">{g.key}</span><span><Title g={g} /> <span class="small">{plural(p.customers, "customer")}</span><span class="small block">{parts.join("; ")}</span></span></li>;
}

function Key({ segments, channels }: { segments: Group[]; channels: Group[] }) {
  return <div class="stack">{segments.length > 0 && <div class="stack tight"><h3>Segments <span aria-hidden="true">●</span></h3><ol class="plain">{segments.map((g) => <Line key={g.key} g={g} />)}</ol></div>}
    {channels.length > 0 && <div class="stack tight"><h3>Channels <span aria-hidden="true">□</span></h3><ol class="plain">{channels.map((g) => <Line key={g.key} g={g} />)}</ol></div>}</div>;
}

/* ---- the table ---- */

function Table({ o, segments, channels }: { o: Overview; segments: Group[]; channels: Group[] }) {
  const row = (g: Group) => <tr key={g.key}><th scope="row">{g.key} <Title g={g} />{g.place.not_measured.length > 0 && <span class="small block">not measured: {g.place.not_measured.join(", ").toLowerCase()}</span>}</th><td class="n">{count(g.place.customers)}</td><td class="n">{g.took || "too few"}</td><td class="n">{g.before}</td><td class="n">{share(g.place.interaction)}</td><td class="n">{share(g.place.customization)}</td><td>{g.place.quadrant === null ? "" : `${count(g.place.quadrant)} ${cornerOf(g.place.quadrant)}`}</td><td class="n">{stars(g.place, true) || "too few"}</td><td class="n">{profit(g.place) || "not measured"}</td></tr>;
  const p = o.participation, before = p.months.at(-2)?.value ?? null;
  return <table class="roomy groups-table"><caption>Where segments and channels stand</caption><thead><tr><th scope="col">Group</th><th scope="col" class="n">Customers</th><th scope="col" class="n">Took part</th><th scope="col" class="n">Month before</th><th scope="col" class="n">Interaction</th><th scope="col" class="n">Customisation</th><th scope="col">Quarter</th><th scope="col" class="n">Stars</th><th scope="col" class="n">Profit a customer</th></tr></thead>
    <tbody>{segments.map(row)}{channels.map(row)}</tbody>
    <tfoot><tr><th scope="row">All</th><td class="n">{count(o.customers)}</td><td class="n">{p.value === null ? "" : percent(p.value)}</td><td class="n">{before === null ? "" : percent(before)}</td><td class="n">{share(o.quadrant.interaction)}</td><td class="n">{share(o.quadrant.customization)}</td><td>{o.quadrant.quarter === null ? "" : `${count(o.quadrant.quarter)} ${cornerOf(o.quadrant.quarter)}`}</td><td class="n">{stars({ satisfaction: o.quadrant.satisfaction ?? null }, true)}</td><td class="n">{profit({ profit: o.quadrant.profit ?? null })}</td></tr></tfoot></table>;
}
