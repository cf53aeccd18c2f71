/* map.ts: where things stand on the journey pictures. Pure: values in, coordinates out; loaded with the page that draws. */
import dagre from "@dagrejs/dagre";
import { sankey, sankeyLinkHorizontal, type SankeyLink, type SankeyNode } from "d3-sankey";
import type { Journeys } from "../shared/api";

/* A number that a picture can be laid out with: what is missing has no width. */
const drawable = (n: number): number => (Number.isFinite(n) && n > 0 ? Math.min(n, 1e9) : 0);
/* dagre keeps its nodes in plain objects: a step may be named like one of their own members. */
const key = (id: string): string => `·${id}`;

export const START = "start", END = "end";
export interface MapNode { id: string; n: number; x: number; y: number; w: number; h: number }
export interface MapEdge { from: string; to: string; n: number; path: string; x: number; y: number; share: number }
export interface JourneyMap { nodes: MapNode[]; edges: MapEdge[]; w: number; h: number }

/* How often an activity was met: the server's count, or else what flows in and starts there. */
export function counts(j: Journeys): Map<string, number> {
  const n = new Map<string, number>();
  for (const e of j.edges) { n.set(e.to, (n.get(e.to) ?? 0) + e.n); if (!n.has(e.from)) n.set(e.from, 0); }
  for (const s of j.starts) n.set(s.activity, (n.get(s.activity) ?? 0) + s.n);
  for (const a of j.activities) if (typeof a !== "string") n.set(a.activity, a.n); else if (!n.has(a)) n.set(a, 0);
  return n;
}

export function layout(j: Journeys, scale: number, down: boolean): JourneyMap {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 28 * scale, ranksep: (down ? 48 : 72) * scale, edgesep: 16, marginx: 12, marginy: 12 });
  g.setDefaultEdgeLabel(() => ({}));
  const h = 44 * scale;
  for (const [id, n] of counts(j)) g.setNode(key(id), { width: Math.max(96, Math.max(id.length, String(n).length + 6) * 8 + 24) * scale, height: h, n, id });
  const drawn = j.edges.filter((e) => e.from !== e.to);
  for (const e of drawn) g.setEdge(key(e.from), key(e.to), { width: 34 * scale, height: 18 * scale, labelpos: "c", weight: Math.max(1, Math.round(Math.log2(drawable(e.n) + 1))) });
  dagre.layout(g);
  const most = Math.max(1, ...drawn.map((e) => drawable(e.n)));
  const nodes = g.nodes().map((name): MapNode => { const p = g.node(name) as { x: number; y: number; width: number; height: number; n: number; id: string }; return { id: p.id, n: p.n, x: p.x, y: p.y, w: p.width, h: p.height }; });
  const edges = drawn.map((e): MapEdge => {
    const p = g.edge(key(e.from), key(e.to)) as { points: { x: number; y: number }[]; x: number; y: number };
    return { from: e.from, to: e.to, n: e.n, path: curve(p.points), x: p.x, y: p.y, share: drawable(e.n) / most };
  });
  const size = g.graph() as { width?: number; height?: number };
  return { nodes, edges, w: size.width ?? 300, h: size.height ?? 100 };
}

function curve(points: { x: number; y: number }[]): string {
  const p = points.map((q) => [q.x.toFixed(1), q.y.toFixed(1)] as const);
  if (p.length < 3) return `M${p.map((q) => q.join(" ")).join("L")}`;
  let d = `M${p[0]!.join(" ")}`;
  for (let i = 1; i < points.length - 1; i++) {
    const a = points[i]!, b = points[i + 1]!;
    const end = i === points.length - 2 ? b : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    d += `Q${p[i]!.join(" ")} ${end.x.toFixed(1)} ${end.y.toFixed(1)}`;
  }
  return d;
}

/* The flow: the most frequent paths step by step; after the sixth step they are let go. */
export const FLOW_STEPS_MAX = 6;
export interface FlowLink { from: string; to: string; step: number; n: number }
export function flowLinks(j: Journeys): FlowLink[] {
  const sums = new Map<string, FlowLink>();
  for (const v of j.variants) v.activities.slice(0, FLOW_STEPS_MAX).forEach((to, i, all) => {
    if (i === 0) return;
    const from = all[i - 1]!, key = `${i}|${from}|${to}`;
    const had = sums.get(key);
    if (had) had.n += v.n; else sums.set(key, { from, to, step: i, n: v.n });
  });
  return [...sums.values()].sort((a, b) => a.step - b.step || b.n - a.n);
}
interface N { id: string; name: string; step: number }
interface L extends FlowLink { value: number }
export interface Flow { nodes: { key: string; name: string; step: number; n: number; x: number; y: number; w: number; h: number }[]; links: (FlowLink & { path: string; width: number })[]; w: number; h: number; steps: number }
export function flow(links: FlowLink[], w: number, h: number): Flow | null {
  if (!links.length) return null;
  const nodes = new Map<string, N>();
  const add = (name: string, step: number): string => { const id = `${step}|${name}`; if (!nodes.has(id)) nodes.set(id, { id, name, step }); return id; };
  const wired = links.map((l) => ({ ...l, value: drawable(l.n), source: add(l.from, l.step - 1), target: add(l.to, l.step) }));
  const steps = Math.max(...links.map((l) => l.step)) + 1;
  const made = sankey<N, L>().nodeId((n) => n.id).nodeAlign((n) => (n as N).step).nodeWidth(10).nodePadding(22).extent([[4, 24], [w - 4, h - 8]])({ nodes: [...nodes.values()], links: wired });
  const line = sankeyLinkHorizontal<N, L>();
  return {
    w, h, steps,
    nodes: made.nodes.map((n: SankeyNode<N, L>) => ({ key: n.id, name: n.name, step: n.step, n: n.value ?? 0, x: n.x0 ?? 0, y: n.y0 ?? 0, w: (n.x1 ?? 0) - (n.x0 ?? 0), h: (n.y1 ?? 0) - (n.y0 ?? 0) })),
    links: made.links.map((l: SankeyLink<N, L>) => ({ from: l.from, to: l.to, step: l.step, n: l.n, path: line(l) ?? "", width: Math.max(1, l.width ?? 1) })),
  };
}
