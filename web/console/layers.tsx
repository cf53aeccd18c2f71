/*
 * layers.tsx: the five layers from outside to inside, what a limit reaches, the three maps, and a prototype walked.
 *
 * The picture is a table of five rows; pressing a node marks what it needs and who needs it. Everything that is shown stands in the
 * address: the view, the node, the change that is tried.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { LayerMap, LayerNode, Layers as Picture, Limits, Ripple, Walk } from "../shared/api";
import { announce, Empty, Mark, Trouble, Part } from "../shared/components";
import { count, decimal, duration, plural, words } from "../shared/format";
import { Top } from "./page";
import { go, parameters, withParameters } from "./route";
import { api, asking } from "./state";

const layers = ["experience", "interaction", "touchpoint", "procedure", "system"] as const;
const titles: Record<(typeof layers)[number], string> = { experience: "Experiences", interaction: "Interactions", touchpoint: "Touchpoints", procedure: "Procedures", system: "Systems" };
const maps: [LayerMap, string][] = [["is", "As it is"], ["must_be", "As it must be"], ["should_be", "As it should be"]];
const picture = asking<Picture>(), ripple = asking<Ripple>(), walk = asking<Walk>();

export default function Layers() {
  const view = parameters.value.get("view") ?? "layers";
  const load = (): void => void picture.ask(() => api.layers());
  useEffect(load, []);
  const { value, error } = picture.state.value;
  if (error) return <><Top sentence="The five layers" />{"code" in error && error.code === "no_layers" ? <Empty title="No picture yet"><p class="soft">{error.message} <code>attune layers check DIR</code> reads it, <code>attune apply DIR</code> puts it in force.</p></Empty> : <Trouble error={error} again={load} />}</>;
  if (!value) return <><Top sentence="The five layers" /><p class="soft" role="status">One moment.</p></>;
  const at = new Map(value.nodes.map((n) => [n.id, n]));
  return (
    <>
      <Top sentence={sentence(value)} rests={`${layers.map((l) => plural(value.nodes.filter((n) => n.layer === l).length, l)).join(", ")}; customers of the last seven days`} />
      <nav class="row views" aria-label="Views">{[["layers", "Five layers"], ["maps", "Three maps"], ["walk", "A prototype, walked"]].map(([v, title]) => <a key={v} href={withParameters({ view: v === "layers" ? null : v!, node: null, if: null })} aria-current={view === v ? "page" : undefined}>{title}</a>)}</nav>
      {view === "maps" ? <Maps picture={value} at={at} /> : view === "walk" ? <Walked picture={value} at={at} /> : <Five picture={value} at={at} />}
    </>
  );
}

function sentence(p: Picture): string {
  const given = p.promises.flatMap((promise) => promise.given_at.map((g) => ({ promise, g })));
  const broken = new Set(given.filter(({ g }) => g.at_risk.is).map(({ promise }) => promise.promise));
  const experiences = p.nodes.filter((n) => n.layer === "experience" && n.maps.is.there).length;
  if (broken.size === 0) return `${plural(experiences, "experience")} rest on what is written here, and every promise can be kept.`;
  const worst = p.promises.find((promise) => broken.has(promise.promise))!;
  return `${plural(broken.size, "promise")} of ${p.promises.length} cannot be kept as things are: “${worst.says.replace(/\.$/, "")}”.`;
}

const people = (n: number | null): string => n === null ? "customers not shown" : plural(n, "customer");
const limits = (l: Limits): string => [l.takes_ms !== null && l.takes_ms > 0 && `takes ${duration(l.takes_ms)}`, l.closed_ms !== null && l.closed_ms > 0 && `can stand still for ${duration(l.closed_ms)}`,
  l.availability !== null && `there ${decimal(l.availability * 100, 2)} % of the time`, l.freshness_ms !== null && l.freshness_ms > 0 && `up to ${duration(l.freshness_ms)} old`, l.capacity !== null && `${count(Math.round(l.capacity * 3600))} an hour`].filter(Boolean).join(" · ");

/* ---- five layers ---- */

/* Everything that @id needs, and everything that needs it. */
function reach(picture: Picture, id: string): Set<string> {
  const near = new Set([id]), at = new Map(picture.nodes.map((n) => [n.id, n]));
  const inward = [id];
  for (let here = inward.pop(); here; here = inward.pop()) for (const need of at.get(here)?.needs ?? []) if (!near.has(need)) { near.add(need); inward.push(need); }
  const outward = [id];
  for (let here = outward.pop(); here; here = outward.pop()) for (const n of picture.nodes) if (n.needs.includes(here) && !near.has(n.id)) { near.add(n.id); outward.push(n.id); }
  return near;
}

function Five({ picture, at }: { picture: Picture; at: Map<string, LayerNode> }) {
  const chosen = at.get(parameters.value.get("node") ?? "");
  const near = chosen ? reach(picture, chosen.id) : null;
  return (
    <div class="stack">
      <div class="layers" data-testid="layers">{layers.map((layer) => (
        <section key={layer} class="layer" aria-label={titles[layer]}><h2>{titles[layer]}</h2>
          <ul class="plain row">{picture.nodes.filter((n) => n.layer === layer).map((n) => (
            <li key={n.id}><a class={`node${near ? near.has(n.id) ? " near" : " far" : ""}`} data-testid={`node-${n.id}`} aria-current={chosen?.id === n.id ? "true" : undefined} href={withParameters({ node: chosen?.id === n.id ? null : n.id, if: null })}>
              <span>{n.title}</span><span class="small soft">{n.prototype ? "a prototype" : n.customers_a_week === null ? "too few to show" : n.customers_a_week === 0 ? "not seen" : people(n.customers_a_week)}</span></a></li>
          ))}</ul></section>
      ))}</div>
      {chosen ? <Node node={chosen} picture={picture} at={at} /> : <p class="soft">Press a node to see what it needs, who needs it, and what a limit would reach.</p>}
      <Part title="The findings"><Findings picture={picture} /></Part>
    </div>
  );
}

function Node({ node, picture, at }: { node: LayerNode; picture: Picture; at: Map<string, LayerNode> }) {
  const change = parameters.value.get("if") ?? "";
  const needed = picture.nodes.filter((n) => n.needs.includes(node.id));
  const link = (n: LayerNode | undefined) => n && <a key={n.id} href={withParameters({ node: n.id, if: null })}>{n.title}</a>;
  const list = (items: (LayerNode | undefined)[]) => items.length ? items.map((n, i) => <>{i > 0 && ", "}{link(n)}</>) : "nothing";
  return (
    <section class="stack" aria-label={node.title} data-testid="node">
      <h2>{node.title}</h2>
      {node.need && <p>“{node.need}”</p>}
      <dl class="facts">
        <div><dt>Layer</dt><dd>{words(node.layer)}{node.sort && node.sort !== "software" ? `, ${node.sort}` : ""}{node.channel ? `, ${words(node.channel).toLowerCase()}` : ""}</dd></div>
        {node.owner && <div><dt>Owner</dt><dd>{node.owner}</dd></div>}
        <div><dt>Last seven days</dt><dd>{node.customers_a_week === 0 ? "nobody was seen here" : people(node.customers_a_week)}</dd></div>
        <div><dt>By itself</dt><dd>{limits(node.maps.is.own) || "nothing is written down"}</dd></div>
        <div><dt>With all it needs</dt><dd>{limits(node.maps.is.sum) || "nothing is written down"}</dd></div>
        <div><dt>Needs</dt><dd>{list(node.needs.map((id) => at.get(id)))}</dd></div>
        <div><dt>Needed by</dt><dd>{node.layer === "experience" ? "the customer" : list(needed)}</dd></div>
      </dl>
      <form class="filters" onSubmit={(e) => { e.preventDefault(); const f = new FormData(e.currentTarget); go(withParameters({ if: `${String(f.get("limit"))}=${String(f.get("value")).trim()}` })); }}>
        <div class="field"><label for="limit">What if its</label><select id="limit" name="limit" key={`l${change}`} defaultValue={change.split("=")[0] || "hours"}>{[["hours", "hours were"], ["takes", "time were"], ["availability", "availability were"], ["freshness", "news were as old as"], ["capacity", "capacity were"]].map(([v, t]) => <option key={v} value={v} selected={(change.split("=")[0] || "hours") === v}>{t}</option>)}</select></div>
        <div class="field"><label for="value">Value</label><input id="value" name="value" key={change} defaultValue={change.split("=")[1] ?? "nightly"} required /></div>
        <button>Show what it reaches</button>
      </form>
      {change && <Part title="What the change reaches"><Reached node={node.id} change={change} at={at} /></Part>}
    </section>
  );
}

function Reached({ node, change, at }: { node: string; change: string; at: Map<string, LayerNode> }) {
  const begun = useSignal(false);
  const load = (): void => { begun.value = true; void ripple.ask(() => api.ripple(`${node}.${change}`)).then(() => { if (ripple.state.value.value) announce(`${plural(ripple.state.value.value.experiences.length, "experience")} reached.`); }); };
  useEffect(load, [node, change]);
  const { value, error, loading } = ripple.state.value;
  if (error) return <Trouble error={error} />;
  if (value && begun.value && !loading && value.node !== node) return <Trouble error={new Error("The server answered for another node.")} again={load} />;
  if (!value || value.node !== node) return <p class="soft" role="status">One moment.</p>;
  const risks = [...new Map(value.promises.map((p) => [p.promise, p])).values()];
  const who = value.experiences.map((e) => e.customers_a_week).filter((n): n is number => n !== null);
  return (
    <div class="stack tight" data-testid="ripple">
      <h3>{value.experiences.length === 0 ? "It reaches no experience." : `It reaches ${plural(value.experiences.length, "experience")}${risks.length ? ` and puts ${plural(risks.length, "promise")} at risk` : ", and no promise is at risk"}${who.length ? `, for ${people(Math.max(...who))} a week` : ""}.`}</h3>
      {risks.map((p) => <p key={p.promise} data-testid="at-risk" data-promise={p.promise}><Mark means="broken">“{p.says}” {p.why}{p.was_at_risk ? " So it was before." : ""}</Mark></p>)}
      {value.experiences.length > 0 && <div class="wide" tabIndex={0} role="region" aria-label="Experiences reached"><table data-testid="reached"><thead><tr><th scope="col">Experience</th><th scope="col" class="n">Customers a week</th><th scope="col">Now</th><th scope="col">Then</th><th scope="col">By way of</th></tr></thead>
        <tbody>{value.experiences.map((e) => <tr key={e.experience}><th scope="row"><a href={withParameters({ node: e.experience, if: null })}>{e.title}</a></th><td class="n">{e.customers_a_week === null ? "not shown" : count(e.customers_a_week)}</td><td>{limits(e.was)}</td><td>{limits(e.now)}</td><td>{e.by.slice(1).map((id) => at.get(id)?.title ?? id).join(" → ")}</td></tr>)}</tbody></table></div>}
      {value.owners.length > 0 && <p class="small">To be talked with: {value.owners.join(", ")}.</p>}
    </div>
  );
}

function Findings({ picture }: { picture: Picture }) {
  const silent = picture.nodes.filter((n) => (n.layer === "touchpoint" || n.layer === "interaction") && n.customers_a_week === 0 && n.maps.is.there);
  return (
    <section class="stack tight" aria-label="What is missing in the picture" data-testid="findings">
      <h2>What is missing in the picture</h2>
      {picture.findings.length + silent.length + picture.unbound.length === 0 && <p class="soft">Nothing: every node is used, owned and seen.</p>}
      <ul class="plain">
        {picture.findings.map((f) => <li key={f.id + f.finding}><Mark means="watch">{picture.nodes.find((n) => n.id === f.id)?.title}: {f.finding} <span class="soft small">{f.file}, line {count(f.line)}</span></Mark></li>)}
        {silent.map((n) => <li key={n.id} data-testid="silent"><Mark means="watch">{n.title}: no event was seen there in seven days.</Mark></li>)}
        {picture.unbound.map((u) => <li key={u.event} data-testid="unbound"><Mark means="watch">The event “{u.event}” ({count(u.events_a_week)} in seven days) belongs to no node.</Mark></li>)}
      </ul>
    </section>
  );
}

/* ---- three maps ---- */

function Maps({ picture, at }: { picture: Picture; at: Map<string, LayerNode> }) {
  const risk = (node: string, map: LayerMap): boolean | null => {
    const given = picture.promises.flatMap((p) => p.given_at.filter((g) => g.node === node));
    return given.length ? given.some((g) => g.at_risk[map]) : null;
  };
  const cell = (n: LayerNode, map: LayerMap) => {
    const here = n.maps[map], at_risk = risk(n.id, map);
    if (!here.there) return <span class="soft">not there</span>;
    return <>{at_risk === null ? <span class="soft">nothing promised</span> : at_risk ? <Mark means="broken">not met</Mark> : <Mark means="good">met</Mark>}<span class="block small soft">{limits(here.sum) || "nothing written down"}</span></>;
  };
  return (
    <div class="stack">{picture.nodes.filter((n) => n.layer === "experience").map((e) => (
      <section key={e.id} class="stack tight" aria-label={e.title} data-testid={`map-${e.id}`}>
        <h2>{e.title}</h2><p class="soft">{e.need && `“${e.need}” `}{e.goal === "inward" ? "An inward goal: the company’s." : "An outward goal: the customer’s."}</p>
        <div class="wide" tabIndex={0} role="region" aria-label={`${e.title}, three maps`}><table><thead><tr><th scope="col">Step</th><th scope="col">What the customer needs</th>{maps.map(([map, title]) => <th key={map} scope="col">{title}</th>)}<th scope="col" class="n">To whom it matters, a week</th></tr></thead>
          <tbody>{[e, ...e.needs.flatMap((id) => at.get(id) ?? [])].map((n) => (
            <tr key={n.id} data-testid="map-step" data-met={String(risk(n.id, "is") === null ? "unknown" : !risk(n.id, "is"))}><th scope="row">{n === e ? "All of it" : n.title}</th><td>{n.need ?? <span class="soft">not written down</span>}</td>{maps.map(([map]) => <td key={map}>{cell(n, map)}</td>)}<td class="n">{n.customers_a_week === null ? "not shown" : count(n.customers_a_week)}</td></tr>
          ))}</tbody></table></div>
      </section>
    ))}</div>
  );
}

/* ---- a prototype ---- */

function Walked({ picture, at }: { picture: Picture; at: Map<string, LayerNode> }) {
  const experiences = picture.nodes.filter((n) => n.layer === "experience");
  const node = parameters.value.get("node") ?? (experiences.find((e) => e.prototype) ?? experiences[0])?.id ?? "";
  const channel = parameters.value.get("channel") ?? "app", map = parameters.value.get("map") ?? "should-be";
  const load = (): void => void walk.ask(() => api.walk(node, channel, map)).then(() => { const w = walk.state.value.value; if (w) announce(w.possible ? "It can be done." : "It cannot be done yet."); });
  useEffect(load, [node, channel, map]);
  const { value, error } = walk.state.value;
  const channels = [...new Set(picture.nodes.map((n) => n.channel).filter((c): c is string => Boolean(c)))];
  const choose = (name: string, title: string, options: [string, string][], now: string) => (
    <div class="field"><label for={name}>{title}</label><select id={name} value={now} onChange={(e) => go(withParameters({ [name]: e.currentTarget.value }), true)}>{options.map(([v, t]) => <option key={v} value={v} selected={v === now}>{t}</option>)}</select></div>
  );
  return (
    <div class="stack">
      <div class="filters">
        {choose("node", "A made-up customer lives", experiences.map((e) => [e.id, e.prototype ? `${e.title} (prototype)` : e.title]), node)}
        {choose("channel", "on the channel", channels.map((c) => [c, words(c)]), channel)}
        {choose("map", "in the company", [["is", "as it is"], ["must-be", "as it must be"], ["should-be", "as it should be"]], map)}
      </div>
      {error && <Trouble error={error} again={load} />}
      {value && (
        <div class="stack" data-testid="walk" data-possible={String(value.possible)}>
          <h2>{value.possible ? <Mark means="good">It can be done</Mark> : <Mark means="broken">It cannot be done</Mark>}: {value.takes_ms ? `up to ${duration(value.takes_ms)}` : "no time is written down"}{value.within_ms !== null ? `, promised is ${duration(value.within_ms)}` : ""}.</h2>
          {value.forced_changes > 0 && <p><Mark means="watch">{plural(value.forced_changes, "step forces", "steps force")} the customer off the chosen channel.</Mark></p>}
          <ol class="stack">{value.steps.map((s) => (
            <li key={s.step}><h3>{at.get(s.step)?.title} <span class="soft small">at {at.get(s.touchpoint)?.title}</span></h3>
              <div class="wide" tabIndex={0} role="region" aria-label={at.get(s.step)?.title}><table><thead><tr><th scope="col">Layer</th><th scope="col">What has to act</th><th scope="col">Owner</th><th scope="col">Can it?</th></tr></thead><tbody>{s.nodes.map((n) => (
                <tr key={n.id} data-testid={n.can ? undefined : "cannot"}><td>{words(n.layer)}</td><th scope="row">{n.title}</th><td>{n.owner ?? ""}</td><td>{n.can ? <Mark means="good">yes</Mark> : <Mark means="broken">{n.why}</Mark>}</td></tr>
              ))}</tbody></table></div></li>
          ))}</ol>
        </div>
      )}
    </div>
  );
}
