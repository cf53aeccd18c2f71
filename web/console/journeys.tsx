/*
 * journeys.tsx: what customers do one after the other, as a map, as a flow and as paths; each picture has its table (`t`).
 *
 * The map is walked by keyboard: right and left follow the most frequent way on and back, up and down choose among the ways.
 */
import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Journeys as Answer, JourneysFigure } from "../shared/api";
import { announce, Empty, Trouble, Part } from "../shared/components";
import { count, hundredths, lasting, percent, plural, words } from "../shared/format";
import { customersOf, question as questionOf } from "./journey-question";
import { counts, END, flow, FLOW_STEPS_MAX, flowLinks, layout, type MapNode } from "./map";
import { Top, Twin } from "./page";
import { go, parameters, withParameters } from "./route";
import { api, asking, display } from "./state";

const views: [string, string][] = [["map", "Map"], ["flow", "Flow"], ["paths", "Paths"], ["leaving", "Leaving"]];
const { state, ask } = asking<Answer>();

export default function Journeys() {
  const p = parameters.value;
  const get = (name: string): string => p.get(name) ?? "";
  const question = questionOf(p);
  const { cut } = question;
  const key = JSON.stringify(question);
  const load = (): void => void ask(() => api.journeys(question)).then(() => { if (state.value.value) announce(state.value.value.sentence); });
  useEffect(load, [key]);
  const { value: j, error, loading } = state.value;
  const view = get("view") || "map";
  const set = (name: string, value: string): void => go(withParameters({ [name]: value }), true);

  return (
    <>
      <Top sentence={j?.sentence ?? "Journeys"} rests={j ? <>{plural(j.cases, "journey")} of {plural(j.events, "event")}{j.cases > 0 ? <> by <Open of={{ of: "all" }}>{plural(j.customers, "customer")}</Open></> : ""}.{j.without ? ` ${plural(j.without, "event")} without that property ${j.without === 1 ? "is" : "are"} left out.` : ""}{j.hidden ? " What very few customers did is left out so that nobody can be recognised." : ""}{j.cases > 0 ? " Every figure opens to its customers; only who agreed to it is listed by name." : ""}</> : undefined} />
      <form class="filters" aria-label="What is counted" onSubmit={(e) => e.preventDefault()}>
        <div class="field"><label for="cut">Journeys are cut</label><select id="cut" value={cut} onChange={(e) => set("cut", e.currentTarget.value)}><option value="gap">after a pause</option><option value="goal">at a goal</option><option value="property">by order, bill or case</option></select></div>
        {cut === "property" && <div class="field"><label for="property">Property</label><input id="property" list="properties" defaultValue={get("property")} placeholder={j?.properties[0] ?? "order_id"} onChange={(e) => set("property", e.currentTarget.value.trim())} /><datalist id="properties">{j?.properties.map((name) => <option key={name} value={name} />)}</datalist></div>}
        {cut === "gap" ? <div class="field"><label for="gap">Pause</label><select id="gap" value={get("gap") || "30m"} onChange={(e) => set("gap", e.currentTarget.value)}>{[["10m", "10 minutes"], ["30m", "30 minutes"], ["2h", "2 hours"], ["1d", "1 day"], ["7d", "7 days"]].map(([v, t]) => <option key={v} value={v}>{t}</option>)}</select></div>
          : <div class="field"><label for="goal">Goal</label><input id="goal" list="activities" defaultValue={get("goal")} placeholder="Bill Paid" onChange={(e) => set("goal", e.currentTarget.value.trim())} /><datalist id="activities">{j && [...counts(j).keys()].map((a) => <option key={a} value={a} />)}</datalist></div>}
        <div class="field"><label for="channel">Channel</label><select id="channel" value={get("channel")} onChange={(e) => set("channel", e.currentTarget.value)}><option value="">all</option>{["web", "app", "email", "phone", "chat", "store", "branch", "machine", "post", "social"].map((c) => <option key={c} value={c}>{words(c)}</option>)}</select></div>
        <div class="field"><label for="from">From</label><input id="from" type="date" value={get("from")} onChange={(e) => set("from", e.currentTarget.value)} /></div>
        <div class="field"><label for="to">Until</label><input id="to" type="date" value={get("to")} onChange={(e) => set("to", e.currentTarget.value)} /></div>
      </form>
      {error && <Trouble error={error} again={load} />}
      {j && j.cases === 0 && <Empty title="Nothing fits yet"><p class="soft">A journey needs two events of one customer. {p.toString() ? "Take a longer time or all channels." : "Send events with a userId, then come back."}</p>{p.toString() && <p><a href="/console/journeys">Show everything</a></p>}</Empty>}
      {j && j.cases > 0 && (
        <div aria-busy={loading}>
          <nav aria-label="Views" class="views row">{views.map(([name, title]) => <a key={name} href={withParameters({ view: name === "map" ? null : name })} aria-current={view === name ? "page" : undefined}>{title}</a>)}</nav>
          {view === "map" && <Part title="The map"><MapView j={j} /></Part>}
          {view === "flow" && <Part title="The flow"><FlowView j={j} /></Part>}
          {view === "paths" && <Part title="The paths"><Paths j={j} /></Part>}
          {view === "leaving" && <Part title="Where journeys are given up"><Leaving j={j} /></Part>}
        </div>
      )}
    </>
  );
}

function useWidth(): { ref: { current: HTMLDivElement | null }; width: { value: number } } {
  const ref = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const el = ref.current!;
    const watch = new ResizeObserver(() => { if (Math.abs(el.clientWidth - width.value) > 1 && el.clientWidth) width.value = el.clientWidth; });
    watch.observe(el);
    width.value = el.clientWidth;
    return () => watch.disconnect();
  }, []);
  return { ref, width };
}

function MapView({ j }: { j: Answer }) {
  const { ref, width } = useWidth();
  const at = useSignal<string | null>(null);
  const answer = useSignal(j);
  answer.value = j;
  const map = useComputed(() => (width.value ? layout(answer.value, display.value.text === "huge" ? 1.6 : 1, width.value < 640) : null)).value;
  const scale = display.value.text === "huge" ? 1.6 : 1;
  const labelWidth = (n: number): number => (count(n).length * 8.4 + 6) * scale;
  const nodes = counts(j);
  const first = j.starts[0]?.activity ?? [...nodes.keys()][0] ?? null;
  const here = at.value !== null && nodes.has(at.value) ? at.value : first;
  const out = (a: string | null) => j.edges.filter((e) => e.from === a).sort((x, y) => y.n - x.n);
  const into = (a: string | null) => j.edges.filter((e) => e.to === a).sort((x, y) => y.n - x.n);
  const svg = useRef<SVGSVGElement>(null);
  const came = useRef<{ edges: string[]; i: number }>({ edges: [], i: 0 });

  const focus = (a: string): void => { at.value = a; requestAnimationFrame(() => svg.current?.querySelector<SVGGElement>(`[data-activity="${CSS.escape(a)}"]`)?.focus()); };
  const walk = (e: KeyboardEvent): void => {
    const ways = e.key === "ArrowRight" ? out(here).map((x) => x.to) : e.key === "ArrowLeft" ? into(here).map((x) => x.from) : null;
    if (ways) {
      e.preventDefault();
      const other = ways.filter((w) => w !== here);
      if (other.length) { came.current = { edges: other, i: 0 }; focus(other[0]!); } else announce(e.key === "ArrowRight" ? "Journeys end here." : "Journeys start here.");
    } else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const c = came.current.edges.length > 1 ? came.current : { edges: [...nodes.keys()], i: Math.max(0, [...nodes.keys()].indexOf(here ?? "")) };
      const i = (c.i + (e.key === "ArrowDown" ? 1 : c.edges.length - 1)) % c.edges.length;
      came.current = { edges: c.edges, i };
      focus(c.edges[i]!);
    } else if (e.key === "Home" && first) { e.preventDefault(); focus(first); }
  };
  const says = (n: MapNode): string => `${n.id} ${count(n.n)} ${n.n === 1 ? "time" : "times"}. Next: ${out(n.id).slice(0, 3).map((e) => `${e.to} ${count(e.n)}`).join(", ") || "the journey ends"}.`;

  return (
    <div class="stack">
      <Twin id="map" label="Steps and the ways between them"
        chart={
          <div ref={ref} class="map-box">{map && (
            <div class="wide map-scroll" tabIndex={0} role="region" aria-label="The map, to be scrolled">
              <svg ref={svg} class="map" width={map.w} height={map.h} viewBox={`0 0 ${map.w} ${map.h}`} role="group" aria-label={`Map of ${plural(map.nodes.length, "step")} and ${plural(map.edges.length, "way")}. Walk with the arrow keys.`} onKeyDown={walk}>
                <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" class="tip" /></marker></defs>
                {map.edges.map((e) => {
                  const near = e.from === here || e.to === here;
                  return <g key={`${e.from}|${e.to}`} class={`way${near ? " near" : ""}`} data-from={e.from} data-to={e.to} data-n={e.n} aria-hidden="true"><path d={e.path} stroke-width={1 + e.share * 5} marker-end="url(#tip)" /><rect class="label-ground" x={e.x - labelWidth(e.n) / 2} y={e.y - 10 * scale} width={labelWidth(e.n)} height={20 * scale} rx="3" /><text x={e.x} y={e.y} dy="0.35em" text-anchor="middle">{count(e.n)}</text></g>;
                })}
                {map.nodes.map((n) => (
                  <g key={n.id} class={`step${here === n.id ? " here" : ""}`} role="button" tabIndex={here === n.id ? 0 : -1} aria-pressed={here === n.id} aria-label={says(n)} data-activity={n.id} data-n={n.n} transform={`translate(${n.x - n.w / 2} ${n.y - n.h / 2})`}
                    onClick={() => { came.current = { edges: [], i: 0 }; at.value = n.id; }} onFocus={() => { at.value = n.id; }}>
                    <rect width={n.w} height={n.h} rx="6" /><text x={n.w / 2} y={n.h * 0.42} text-anchor="middle">{n.id}</text>{" "}<text class="times" x={n.w / 2} y={n.h * 0.8} text-anchor="middle">{count(n.n)}</text>
                  </g>
                ))}
              </svg>
            </div>
          )}</div>
        }
        table={
          <table data-testid="map-table"><caption>Ways between steps</caption><thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col" class="n">Times</th><th scope="col" class="n">Half within</th><th scope="col" class="n">Nine of ten within</th></tr></thead>
            <tbody>{j.edges.map((e) => <tr key={`${e.from}|${e.to}`} data-from={e.from} data-to={e.to} data-n={e.n}><td>{e.from}</td><td>{e.to}{e.from === e.to ? " (again)" : ""}</td><td class="n"><Open of={{ of: "edge", activity: e.from, next: e.to }} says={`from ${e.from} to ${e.to}`}>{count(e.n)}</Open></td><td class="n">{lasting(e.p50_ms)}</td><td class="n">{lasting(e.p90_ms)}</td></tr>)}</tbody></table>
        } />
      {here && (
        <section class="step-detail stack tight" aria-labelledby="step-title" data-testid="step">
          <h2 id="step-title">{here}</h2>
          <p class="small"><Open of={{ of: "step", activity: here }} says={here}>{plural(nodes.get(here) ?? 0, "time")}</Open>{again(j, here)}</p>
          <div class="ways">
            <div><h3>Before</h3><ul class="plain">{begins(j, here)}{into(here).slice(0, 6).map((e) => <li key={e.from} class="row between"><span>{e.from}</span><span class="small"><Open of={{ of: "edge", activity: e.from, next: here }} says={`from ${e.from} to ${here}`}>{count(e.n)}</Open>, half within {lasting(e.p50_ms)}</span></li>)}</ul></div>
            <div><h3>After</h3><ul class="plain">{out(here).slice(0, 6).map((e) => <li key={e.to} class="row between"><span>{e.to}</span><span class="small"><Open of={{ of: "edge", activity: here, next: e.to }} says={`from ${here} to ${e.to}`}>{count(e.n)}</Open>, half within {lasting(e.p50_ms)}</span></li>)}{stops(j, here)}</ul></div>
          </div>
        </section>
      )}
    </div>
  );
}
const begins = (j: Answer, a: string) => { const n = j.starts.find((s) => s.activity === a)?.n; return n ? <li class="row between"><span class="soft">Journeys start here</span><span class="small"><Open of={{ of: "start", activity: a }} says={`starts with ${a}`}>{count(n)}</Open></span></li> : null; };
const stops = (j: Answer, a: string) => { const n = j.ends.find((s) => s.activity === a)?.n; return n ? <li class="row between" data-step={END}><span class="soft">Journeys end here</span><span class="small"><Open of={{ of: "end", activity: a }} says={`ends with ${a}`}>{count(n)}</Open></span></li> : null; };
const again = (j: Answer, a: string) => { const r = j.repeats.find((x) => x.activity === a); return r ? <>; <Open of={{ of: "repeat", activity: a }} says={`again ${a}`}>{plural(r.cases, "journey")}</Open> came back to it</> : null; };

/* A figure that opens to its customers. */
const Open = ({ of, says, children }: { of: JourneysFigure; says?: string; children: ComponentChildren }) => (
  <a class="opens" href={customersOf(parameters.value, of)}>{children}<span class="out-of-sight">{says ? ` (${says})` : ""}: show the customers</span></a>
);

function FlowView({ j }: { j: Answer }) {
  const { ref, width } = useWidth();
  const scale = display.value.text === "huge" ? 1.6 : 1;
  const links = flowLinks(j);
  const steps = Math.max(1, ...links.map((l) => l.step + 1));
  const w = Math.max(width.value, steps * 150 * scale);
  const f = width.value ? flow(links, w, Math.max(280, Math.min(560, links.length * 34)) * scale) : null;
  const total = j.variants.reduce((s, v) => s + v.n, 0);
  return (
    <div class="stack">
      <p class="small">The {plural(j.variants.length, "most frequent path")}, {count(total)} of {plural(j.cases, "journey")}, step by step{j.variants.some((v) => v.activities.length > FLOW_STEPS_MAX) ? `; after step ${FLOW_STEPS_MAX} they are not drawn` : ""}.</p>
      <Twin id="flow" label="The flow of the most frequent paths"
        chart={<div ref={ref}>{f ? (
          <div class="wide map-scroll" tabIndex={0} role="region" aria-label="The flow, step by step"><svg class="flow" width={f.w} height={f.h} viewBox={`0 0 ${f.w} ${f.h}`} role="img" aria-label={`Flow over ${f.steps} steps; the largest way is ${links.slice().sort((a, b) => b.n - a.n)[0]!.from} to ${links.slice().sort((a, b) => b.n - a.n)[0]!.to}. The table has every figure.`}>
            {f.links.map((l) => <path key={`${l.step}|${l.from}|${l.to}`} class="band" d={l.path} stroke-width={l.width} data-step={l.step} data-from={l.from} data-to={l.to} data-n={l.n}><title>{l.from} to {l.to}: {count(l.n)}</title></path>)}
            {f.nodes.map((n) => <g key={n.key}><rect class="post" x={n.x} y={n.y} width={n.w} height={Math.max(2, n.h)} /><text x={n.step === f.steps - 1 ? n.x + n.w : n.x} y={n.y - 6} text-anchor={n.step === f.steps - 1 ? "end" : "start"}>{n.name} {count(n.n)}</text></g>)}
          </svg></div>) : width.value ? <p class="soft">No path has two steps yet.</p> : null}</div>}
        table={<table data-testid="flow-table"><caption>The flow of the most frequent paths</caption><thead><tr><th scope="col" class="n">Step</th><th scope="col">From</th><th scope="col">To</th><th scope="col" class="n">Journeys</th></tr></thead>
          <tbody>{links.map((l) => <tr key={`${l.step}|${l.from}|${l.to}`} data-step={l.step} data-from={l.from} data-to={l.to} data-n={l.n}><td class="n">{l.step}</td><td>{l.from}</td><td>{l.to}</td><td class="n"><Open of={{ of: "flow", activity: l.from, next: l.to, at: l.step }} says={`from ${l.from} to ${l.to} at step ${l.step}`}>{count(l.n)}</Open></td></tr>)}</tbody></table>} />
    </div>
  );
}

function Paths({ j }: { j: Answer }) {
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="Most frequent paths"><table data-testid="paths"><caption>Most frequent paths</caption>
      <thead><tr><th scope="col">Path</th><th scope="col" class="n">Journeys</th><th scope="col" class="n">Of all</th><th scope="col" class="n">Half within</th></tr></thead>
      <tbody>{j.variants.map((v) => <tr key={v.activities.join("|")}><td>{v.activities.join(" → ")}</td><td class="n"><Open of={{ of: "variant", variant: v.variant }} says={v.activities.join(", ")}>{count(v.n)}</Open></td><td class="n">{percent(v.n / j.cases)}</td><td class="n">{lasting(v.median_ms)}</td></tr>)}</tbody></table></div>
  );
}

function Leaving({ j }: { j: Answer }) {
  if (j.drop_off.length === 0) return <Empty title="Not measured yet"><p class="soft">Where journeys are given up shows once a goal is named above: without one, no journey is given up.</p></Empty>;
  return (
    <div class="stack">
      <Twin id="leaving" label="Where journeys are given up"
        chart={<ul class="plain bars" aria-label="Where journeys are given up">{j.drop_off.map((d) => (
          <li key={d.activity} data-activity={d.activity} data-n={d.n}><span>{d.activity}</span>
            <svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="12" /><rect class="share" width={(d.n / d.of) * 100} height="12" /><path class="whisker" d={`M${share(d.low) * 100} 6H${share(d.high) * 100}`} /></svg>
            <span><Open of={{ of: "drop_off", activity: d.activity }} says={`given up at ${d.activity}`}>{percent(d.n / d.of)}</Open> <span class="small">({hundredths(share(d.low))} to {hundredths(share(d.high))}, {count(d.of)} journeys)</span></span></li>
        ))}</ul>}
        table={<table data-testid="leaving-table"><caption>Where journeys are given up</caption><thead><tr><th scope="col">Step</th><th scope="col" class="n">Given up</th><th scope="col" class="n">Of</th><th scope="col" class="n">Share</th><th scope="col" class="n">Likely between</th></tr></thead>
          <tbody>{j.drop_off.map((d) => <tr key={d.activity} data-activity={d.activity} data-n={d.n}><td>{d.activity}</td><td class="n"><Open of={{ of: "drop_off", activity: d.activity }} says={`given up at ${d.activity}`}>{count(d.n)}</Open></td><td class="n">{count(d.of)}</td><td class="n">{percent(d.n / d.of)}</td><td class="n">{hundredths(share(d.low))} and {hundredths(share(d.high))} %</td></tr>)}</tbody></table>} />
    </div>
  );
}
const share = (x: number): number => (x > 1 ? x / 100 : x);
