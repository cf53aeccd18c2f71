/*
 * api.ts: what the server answers and how it is asked.
 *
 * The types are written by hand from the same contract as the server's table of routes; once /openapi.json is served they
 * will be generated from it, and this file keeps only the functions. Times are ISO strings or milliseconds, both are read.
 *
 * The build turns `Answers` and what it reaches into shapes (shapes.mjs), and every answer is checked against its shape (read.ts). So what the
 * functions of `client` return has these types whatever the server sent.
 */
import { read, whole, type Unread } from "./read";

export type Time = string | number;
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export interface Accessibility { text: "huge" | "normal"; contrast: "high" | "normal"; stable_layout: boolean; screen_reader: boolean }
export interface Because { event: string; name: string; time: Time; text: string }
export interface Ask {
  suggestion: string; kind: "consent" | "promote" | "question"; question?: string; scale?: string; low?: number; high?: number; every_uses?: number; purpose?: string; option?: string; version?: string; text: string; language?: string; answers?: Answer[];
}
export type Answer = "yes" | "no" | "never";
export interface Choice {
  value: number | string; with?: { notes?: number[] }; usual?: boolean; stated?: boolean; title?: string;
  price?: number; currency?: string; lead_days?: number; attributes?: Record<string, Value>; why?: string; learned?: boolean; due_days?: number;
}
/* An option of a recommendation. due_days: it is used up by then; below zero: it was, so many days ago. */
export interface Offer { value: string; title: string; price: number; currency: string; lead_days?: number; attributes?: Record<string, Value>; why: string; learned: boolean; due_days?: number }
export interface HomeOption { option: string; pinned?: boolean; title?: string }
export interface MoreOption { option: string; moved?: Time; why?: string; title?: string }
export interface Menu {
  mode: MenuMode; home: HomeOption[]; more: MoreOption[]; suggestions: string[]; announce: { option: string; text: string; undo: string }[];
}
export type MenuMode = "no" | "ask" | "do";
export interface Decision {
  decision: string; surface: string; type: "usual" | "menu" | "question" | "recommend"; customer: string | null; guess: boolean; options: Choice[]; why: string; because: Because[];
  ask: Ask | null; accessibility: Accessibility; preferences: Record<string, Value>; withheld: Withheld[]; menu?: Menu;
}
/* What was not used, or not offered: a product with why and until when. */
export interface Withheld { what: string; reason: string; product?: string; why?: string; until?: Time }

/* What a choice leads to, by the names of the consequence's inputs and outputs. */
export interface Outcome { state: Record<string, string | number>; outcome: Record<string, { title: string; value: number; unit: string; says: string }> }
export interface Preview {
  consequence: string; title: string; sentence: string; now: Outcome; changed: Outcome; tried: number;
  alternatives: { says: string; change: Record<string, string | number>; leads_to: Outcome }[]; trace: { output: string; rule: string; value: string | number }[];
}
export interface Setting {
  setting: string; preference: string; title: string; unit: string; from: number; to: number; step: number; standard: number; value: number; own: boolean;
  consequence?: string; since?: Time; channel?: string; undo?: string;
}
export interface OwnProducts { products: { product: string; title: string; settings: Setting[] }[]; bought: { product: string; title: string; units: number; last: Time }[] }

export interface CustomerLine { cid: string; name: string | null; identifiers: string[]; channels: string[]; last_seen: Time | null; events: number }
/* withheld, purpose: of a list behind a figure: who is counted and not named, for want of a yes to that purpose. */
export interface CustomerList { customers: CustomerLine[]; next: string | null; total: number; hidden?: boolean; withheld?: number; purpose?: string }
export interface Matter {
  matter: string; kind: string; title: string; amount: number | null; currency: string | null; due: Time | null; state: "open" | "done"; since: Time;
  closed: Time | null; closed_on: string | null;
}
export interface Reason { text: string; marked: "asked" | "inferred" }
/* The last answer, with what proves it: the words that were shown, when, where, and by which control, as far as that was said. */
export interface Consent {
  purpose: string; title: string; answer: "yes" | "no" | null; holds?: boolean; decision?: "granted" | "denied" | "withdrawn" | "expired" | "invalidated"; time: Time | null; channel: string | null; text: string; version: string;
  version_shown?: string; control?: string; method?: string;
}
export interface OriginPart { origin: string; since?: Time; identifiers: string[]; events: number }
export interface Card {
  cid: string; name: string | null; since: Time;
  identifiers: { type: string; value: string; since: Time; source: string }[];
  traits: { name: string; value: Value; source: string; time: Time; corrected: boolean }[];
  preferences: { name: string; value: Value; channel: string; time?: Time }[];
  restricted: boolean; consents: Consent[];
  channels: { channel: string; contacts: number; last: Time }[];
  present: { channel: string | null; touchpoint?: string; start?: Time; reason: Reason | null } | null;
  contacts: { channel: string; touchpoint: string; start: Time; end: Time | null; events: number; reason: Reason | null }[];
  open: Matter[];
  next: { text: string; why: string } | null;
  habits: { surface: string; text: string; guess: true }[];
  accessibility: Accessibility;
  withheld: { what: string; reason: string }[];
  origins: OriginPart[];
  segments?: { segment: string; title: string; purpose: string; reasons: SegmentReason[] }[];
}
export interface TimelineEvent {
  event: string; time: Time; received: Time; kind: string; name: string; channel: string | null; touchpoint: string | null; source: string;
  properties: Record<string, Value>; correction?: { trait: string; old: Value; value: Value; because?: string; by: string };
}
export interface Decisions { decisions: TimelineEvent[]; next: string | null }
/* One decision made again from what was known then. */
/* What would have changed a decision: the least of the customer's past that had to be otherwise. */
export interface Otherwise { found: boolean; tried: number; sentence?: string; agreed?: boolean; more?: boolean; n?: number; event?: string; name?: string; place?: number; was?: string; would?: string }
export interface Explained { same: boolean; answer: Decision; otherwise: Otherwise }
export interface Timeline { events: TimelineEvent[]; next: string | null }
export interface Known { known: Record<string, { value: Value; source: string; since: Time }>; ask: string[]; not_asked: number; of: number }

/* Where the company stands: two axes of measured parts, with the path of the dot. */
export interface AxisPart { title: string; measured: boolean; share?: number; low?: number; high?: number; of?: number; move: string }
export interface Quadrant {
  interaction: number | null; customization: number | null; quarter: number | null; missing: string[]; interaction_parts?: AxisPart[]; customization_parts?: AxisPart[];
  path?: { until: Time; interaction: number | null; customization: number | null }[]; next?: { part: string; share: number; move: string }[];
  channels?: StandingChannel[]; satisfaction?: Place["satisfaction"]; profit?: Place["profit"];
}
/* Where a group of customers stands, and what comes of it in the last days. What may not be shown, or is not measured, is null and named. */
export interface Place {
  customers: number; interaction: number | null; customization: number | null; quadrant: number | null; not_measured: string[];
  interaction_parts: Omit<AxisPart, "move">[]; customization_parts: Omit<AxisPart, "move">[];
  satisfaction: { value: number; low: number; high: number; answers: number; customers: number } | null;
  profit: { a_customer: number; customers: number; currency: string; days: number } | null;
}
export interface StandingChannel extends Place { channel: string; known: number | null; agreed: number | null; took_part: number | null }
export interface StandingSegment extends Place {
  segment: string; title: string; purpose_title: string; took_part: { share: number; low: number; high: number; of: number } | null; months: { until: Time; value: number | null; n: number | null }[];
}
/* A customer's own part, month by month; without months: not agreed to. */
export interface Participation { sentence: string; withheld?: string; came?: number; took_part?: number; months?: { until: Time; came: boolean; took_part: boolean; in: string[] }[] }
/* What customers said in words, with the most intense and the last moment of the experience it was said of. */
export interface VoiceWords {
  days: number; hidden: boolean; agreed: number; withheld: number; purpose: string;
  experiences: { customer: CustomerLine; ratings: number; peak: { stars: number; time: Time }; end: { stars: number; time: Time }; remembered: number; said: { time: Time; stars: number; words: string; title: string }[] }[];
}
/* The company's stars for contacts by month; "open": whether the goal is met cannot be told yet. */
export interface StarsMonth { until: Time; hidden: boolean; value?: number; low?: number; high?: number; contacts?: number; customers?: number; profit_a_contact?: number; minutes_a_contact?: number; against_goal?: "above" | "below" | "open" }
/* A key, without what opens: that is shown once, when it is made. last_used is a day. */
export interface ApiKey { id: string; name: string; scope: "write" | "secret"; source: string; routes: string[]; created: Time; last_used: string | null; events_a_minute?: number; bytes_a_minute?: number; revoked: Time | null }
export interface ApiKeyMade { key: string; id: string }
/* What was found damaged on disk. total counts also what the list has no room for. */
export interface DamagePiece { file: string; offset: number; effect: "refused" | "lost" | "rebuilt"; what: string; remedy: string; times: number }
export interface Damage { sentence: string; total: number; pieces: DamagePiece[] }
export interface WorthStars { sentence: string; goal: number | null; currency: string; purpose: string; looked_at: number; months: StarsMonth[] }
/* A contact, judged: why the customer came, and what each side got out of it. */
export interface StarsContact {
  stars: number; name: string; channel: string; start: Time; why: string; reason: Reason;
  company: { profit: number; minutes: number; learned: string | null }; customer: { got: number; minutes_saved: number; minutes_wasted: number; settled: string[] };
}
export interface ScoreItem { number: number; title: string; measured: boolean; points: number | null; aim: number; why: string; share?: number; low?: number; high?: number; of?: number }
export interface ScoreOpened extends ScoreItem, Behind { sentence: string }
export interface Overview {
  sentence: string; rests_on: string; customers: number; identified: number | null; events: number; decisions: number;
  forms: { touchpoint: string; asked: number; not_asked: number }[];
  quadrant: Quadrant;
  score: { points: number | null; not_measured: number; items: ScoreItem[] };
  agreed: number | null;
  participation: { value: number | null; n: number; low?: number; high?: number; means: string; missing: string; months: { until: Time; value: number | null; n: number }[] };
  broken: { spot: string; title: string; says: string; customers: number; cost_a_month: number; currency: string }[];
  segments: StandingSegment[]; segments_configured: number; segments_withheld: number;
  channels: { channel: string; customers: number | null; events: number | null; last: Time | null }[]; /* null: of too few. */
  checklist: { title: string; done: boolean; hint: string }[];
}
export interface Edge { from: string; to: string; n: number; p50_ms: number; p90_ms: number }
/* What a journey is cut by, and which events count. */
export interface JourneysQuestion { cut?: string; gap?: string; goal?: string; property?: string; from?: string; to?: string; channel?: string; top?: number }
/* One figure of the answer: "edge" is activity to next, "flow" the same at the step `at`, "variant" a path by its name. */
export type JourneysFigure =
  | { of: "all" } | { of: "step" | "start" | "end" | "repeat" | "drop_off"; activity: string } | { of: "variant"; variant: string }
  | { of: "edge"; activity: string; next: string } | { of: "flow"; activity: string; next: string; at: number };
/* Who is behind a figure: by name who agreed (`agreed`, of whom the first 100 are listed), the others as a number. */
export interface JourneysCustomers { sentence: string; hidden: boolean; customers: CustomerLine[]; total: number; agreed: number; withheld: number; purpose: string }
export interface Journeys {
  sentence: string; customers: number; cases: number; events: number; without?: number; properties: string[]; activities: { activity: string; n: number }[] | string[]; arcs: number; edges: Edge[];
  starts: { activity: string; n: number }[]; ends: { activity: string; n: number }[];
  variants: { activities: string[]; n: number; variant: string; median_ms: number }[];
  repeats: { activity: string; cases: number }[];
  drop_off: { activity: string; n: number; of: number; low: number; high: number }[];
  hidden: boolean;
}
/* What is broken. Figures of too few customers are hidden: only "of" is said. */
export interface BrokenSignal {
  signal: string; says: string; hidden: boolean; customers: number | null; of: number; share?: number; low?: number; high?: number; baseline?: number; excess?: number; cost_a_month?: number;
  touchpoint?: string; at?: string;
}
export interface BrokenSpot { spot: string; title: string; owner: string; customers: number; score: number; broken: boolean; cost_a_month: number; signals: BrokenSignal[] }
interface BrokenHead { sentence: string; from: Time; to: Time; days: number; currency: string }
export interface Broken extends BrokenHead { broken: number; spots: BrokenSpot[] }
export interface Behind { hidden: boolean; customers: CustomerLine[]; total: number; agreed: number; withheld: number; purpose: string }
export interface BrokenOpened extends BrokenHead, BrokenSpot {
  months: { until: Time; of: number; share: number | null; low?: number; high?: number }[]; behind: Behind;
  journeys: { customer: CustomerLine | null; began: Time; steps: { time: Time; event: string; channel: string }[] }[];
}
/* Without a yes to being looked at one by one, only the sentence and what is missing. */
export interface Relationship {
  sentence: string; withheld?: string; strength?: number; contact_days?: number; course?: { until: Time; strength: number; fell_most: boolean }[];
  turns?: { time: Time; effect: number; what: string; spot?: string }[];
}
/* A move mends a signal of what is broken, or lifts a limit of the layers. */
export interface Move {
  move: string; title: string; because: string; must: boolean; goal: "outward" | "inward"; people_a_month: number; low: number; effort_weeks: number | null; predicted: number | null;
  mends?: string; spot?: string; signal?: string; share?: number; baseline?: number; cost_a_month?: number; lifts?: string;
}
interface RoadmapShare { share: number; low: number; high: number; of: number }
export interface Roadmap {
  sentence: string; days: number; currency: string; moves: Move[];
  done: { move: string; title: string; spot: string; done: Time; goal: string; effort_weeks: number | null; predicted_from: number | null; predicted_to: number | null; before?: RoadmapShare; after?: RoadmapShare; verdict: "hit" | "missed" | "too_early" }[];
}
export interface InventoryTouchpoint {
  touchpoint: string; title: string; channel: string; owner: string; configured: boolean; seen: boolean; events: number; customers: number | null; last: Time | null;
  rests_on: { system: string; title: string; sort: string }[]; notes: { note: string; says: string; by: string; at: Time | null }[];
}
/* Of two channels or senders: how many customers both know, and how many each. */
export interface Shared { one: string; other: string; customers: number; of_one: number; of_other: number }
export interface Inventory {
  sentence: string; days: number; customers: number | null; events: number; touchpoints: InventoryTouchpoint[];
  interactions: { interaction: string; title: string; recognised: boolean; seen: boolean; events: number; customers: number | null; last: Time | null; at: string[] }[];
  shared: Shared[]; sources: Shared[];
}
/* The five layers. A time that nobody stated is null. */
export type LayerMap = "is" | "must_be" | "should_be";
export interface Limits { takes_ms: number | null; closed_ms: number | null; freshness_ms: number | null; availability: number | null; capacity: number | null }
export interface LayerNode {
  id: string; layer: "experience" | "interaction" | "touchpoint" | "procedure" | "system"; title: string; owner?: string; need?: string; sort?: string; channel?: string; goal?: string;
  prototype?: boolean; customers_a_week: number | null; events_a_week?: number; needs: string[]; promises?: string[]; maps: Record<LayerMap, { there: boolean; own: Limits; sum: Limits }>;
}
export interface LayerPromise { promise: string; says: string; within_ms: number | null; kept: number | null; goal: string; given_at: { node: string; at_risk: Record<LayerMap, boolean> }[] }
export interface Layers {
  nodes: LayerNode[]; promises: LayerPromise[]; findings: { id: string; layer: string; file: string; line: number; finding: string }[]; unbound: { event: string; events_a_week: number }[];
}
export interface Ripple {
  node: string; title: string; was: Limits; now: Limits; owners: string[];
  experiences: { experience: string; title: string; customers_a_week: number | null; by: string[]; was: Limits; now: Limits }[];
  promises: { promise: string; says: string; node: string; experiences: string[]; was_at_risk: boolean; why: string; customers_a_week: number | null }[];
}
export interface Walk {
  experience: string; title: string; takes_ms: number; within_ms: number | null; forced_changes: number; cannot: number; possible: boolean;
  steps: { step: string; touchpoint: string; nodes: { id: string; layer: string; title: string; owner?: string; can: boolean; why?: string }[] }[];
}
/* What customers answered. A figure of too few customers is hidden and has no value. */
export interface Interval { value: number; low: number; high: number }
export interface VoiceCell { hidden: boolean; value?: number; low?: number; high?: number; n?: number; customers?: number; share?: Interval }
export type VoiceScale = "stars" | "nps" | "ces";
export interface VoiceQuestion {
  question: string; text: string; scale: VoiceScale | "rank"; touchpoint: string; title: string; every_uses: number; asks: number | null; answers: number | null;
  uses: number | null; looked_at: number; last_looked_at: Time | null; rests: boolean;
}
export interface Voice {
  sentence: string; days: number; remembered: { peak_and_end: number; mean: number; customers: number } | null; questions: VoiceQuestion[];
  scales: { scale: VoiceScale; goal: number | null; now: VoiceCell; change: (Interval & { is_change: boolean }) | null; months: (VoiceCell & { month: string })[]; touchpoints: (VoiceCell & { touchpoint: string; title: string })[] }[];
}
export interface Idea {
  idea: string; title: string; text: string; proposed: Time; status: "new" | "considered" | "trying" | "done" | "declined"; where: string; says: string; decided_by: string;
  decided: Time | null; overdue: boolean; votes: number | null; tried: number | null;
}
export interface Ideas { sentence: string; waiting: number; overdue: number; left_out: number; ideas: Idea[] }
export type ShareOf = (Interval & { n: number }) | null;
export interface Preference {
  sentence: string; question: string; text: string; hidden: boolean; weighted: boolean; n: number; n_eff: number; needed: number; withheld?: number;
  first?: ShareOf; enp?: Interval & { se: number }; np?: Interval & { se: number }; wallet?: number; wallet_weighted?: number;
  alternatives?: { option: string; title: string; us_before: ShareOf }[]; motives?: { motive: string; title: string; warning: boolean; share: ShareOf }[];
  quarters?: { from: Time; to: Time; first: ShareOf; warning: ShareOf }[]; warning_change?: (Interval & { is_change: boolean }) | null;
}
/* Worth. A figure of too few customers is null. */
export interface WorthShare { n: number; of: number; share: number; low: number; high: number }
export interface WorthSum { customers: number | null; profit: number | null }
export interface Worth {
  sentence: string; from: Time; at: Time; currency: string; customers: number; buyers: number; profit: number; below: WorthShare | null; peak: number; peak_of_total: number | null;
  groups: ({ worth: string; need: string } & WorthSum)[]; tiers: ({ worth: string; title: string } & WorthSum)[]; needs: ({ need: string; title: string; share_of_events?: number } & WorthSum)[];
  names: ({ name: string; title: string } & WorthSum)[]; cuts: Record<"recency_days" | "frequency" | "money", { rank: number; hidden: boolean; customers: number; from: number | null; to: number | null }[]>;
  curve: { share: number; customers: number; profit: number | null; of_total: number | null }[];
  lines: { event: string; channel: string; n: number; customers: number; profit: number; got: number; serves: "both" | "company" | "customer" | "neither" }[];
  reciprocity: { agreed: number; withheld: number; purpose: string; correlation: number | null; cells: ({ cell: string; title: string; do: string; share?: WorthShare } & WorthSum)[] };
}
export interface SegmentReason { rule: string; holds: "yes" | "no" | "unknown"; says: string }
export interface Segment { segment: string; title: string; rule: string; purpose: string; purpose_title: string; members: number | null; agreed: number; withheld: number; share?: number; low?: number; high?: number }
export interface Segments { at: Time; customers: number; segments: Segment[] }
export interface SegmentMembers extends Segment { hidden: boolean; customers: { customer: CustomerLine; reasons: SegmentReason[] }[]; unnamed: number; next: string | null }
export interface RankedMeasure { value: number; rank: number; from: number | null; to: number | null; customers: number }
export interface CustomerValue {
  currency: string; from: Time; at: Time; withheld: { what: string; reason: string; purpose: string }[]; profit?: number; got_total?: number; place?: number; of?: number;
  lines?: { event: string; channel: string; n: number; value: number; income: number; cost: number; minutes: number; profit: number; events: string[] }[];
  got?: { event: string; channel: string; n: number; minutes_saved: number; minutes_wasted: number; given: number; lost: number; got: number; events: string[] }[];
  stars?: { mean: number | null; contacts: number; last: StarsContact[] };
  rfm?: ({ title: string } & Record<"recency" | "frequency" | "money", RankedMeasure>) | null; need?: { title: string; rests_on: number } | null; give_and_get?: { cell: string; title: string };
}
/* Who of staff is signed in; `may` names routes as the table has them: "GET /v1/overview". */
export interface StaffAccount { name: string; roles: string; account: boolean; disabled: boolean; invited: boolean; created: Time; sessions: number }
export interface StaffDone { done: boolean; name: string; roles?: string; token?: string; sessions_ended: number }
export interface SignedIn { name: string; roles: string; has_password: boolean; may: string[] }
/* Trust. A share of too few customers is null. */
export type TrustShare = { share: number; low: number; high: number; n: number } | null;
export interface Trust {
  sentence: string; customers: number | null; answered: TrustShare; aggregate_min: number; requests: { open: number; overdue: number };
  purposes: { purpose: string; title: string; text: string; version: string; choice: boolean; retention: string; learned: string[]; traits: string[]; yes: TrustShare; no: TrustShare; outdated: TrustShare; asked: TrustShare }[];
  months: { from: Time; to: Time; yes: TrustShare }[]; retention: { what: string; kept: string }[];
  controller: { name: string; contact: string; address?: string; officer?: string; url?: string; jurisdiction?: string } | null; access_reason: "ask" | "off"; audit_lost: number;
}
/* How long what is kept. due, taken: not counted is null; whole: false means at least so many. */
export interface RetentionRule { retention: string; title: string; for?: string[]; keep: string; keep_ms: number; basis: string; law: string; due: number | null; taken: number | null }
export interface Retention {
  rules: RetentionRule[]; due: { events: number; rows: number; as_of: Time; whole: boolean } | null; counting: boolean; running: boolean;
  progress: { doing: "counting" | "taking-out"; done: number; of: number } | null; last: { begun: Time; ended: Time; events: number; customers: number; folded_again: number; rows: number | null; stopped_by: string } | null; next: Time;
}
export type RequestState = "open" | "done" | "refused";
export interface RightsRequest {
  request: string; cid: string; name: string | null; type: "access" | "correct" | "erase" | "restrict" | "portability" | "person"; text: string; decision: string | null; state: RequestState;
  received: Time; due: Time; overdue: boolean; extended_until: Time | null; extended_because: string; closed: Time | null; because: string; closed_by?: string;
}
export interface RightsRequests { requests: RightsRequest[]; total: number; overdue: number; next: string | null }
export interface AuditEntry { n: number; time: Time; who: string; what: string; about: string; reason: string; words: string; hash: string }
/* checked: the newest check of all entries since the server was started. */
export interface AuditPage { entries: AuditEntry[]; next: number | null; checked: { time: Time; sound: boolean } | null }
export interface AuditVerified { sound: boolean; entries: number; last: string; broken?: number; problem?: string }
export interface Session { token: string; cid: string; user_id: string; name: string; write_key: string }
export interface Person { person: string; name: string; says: string }
export interface Done { done: boolean; undo?: string; known?: boolean }

/* Every answer by its name. */
interface Answers {
  Damage: Damage; ApiKeys: { keys: ApiKey[] }; ApiKeyMade: ApiKeyMade;
  Anything: unknown; AuditPage: AuditPage; AuditVerified: AuditVerified; Broken: Broken; BrokenOpened: BrokenOpened; Card: Card;
  CustomerList: CustomerList; CustomerValue: CustomerValue; Decision: Decision; Decisions: Decisions; Done: Done; Explained: Explained; Ideas: Ideas;
  Inventory: Inventory; Journeys: Journeys; JourneysCustomers: JourneysCustomers; Known: Known; Layers: Layers; Overview: Overview;
  OwnProducts: OwnProducts; Participation: Participation; People: Person[]; Preference: Preference; Preview: Preview; Relationship: Relationship;
  Retention: Retention; RightsRequests: RightsRequests; Ripple: Ripple; Roadmap: Roadmap; Saved: { version: number }; ScoreOpened: ScoreOpened;
  SegmentMembers: SegmentMembers; Segments: Segments; Session: Session; SignedIn: SignedIn; StaffAccounts: { accounts: StaffAccount[] };
  StaffDone: StaffDone; Timeline: Timeline; Trust: Trust; Voice: Voice; VoiceWords: VoiceWords; Walk: Walk; Worth: Worth; WorthStars: WorthStars;
}

/* The server's own code and sentence; the sentence is fit to be shown. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) { super(message); }
}

/* Who asks. A customer token is short-lived: `renew` puts a fresh one into `token`, and the question is asked once more. `unread` is told after each
 * answer which of its fields could not be read; they are missing from what the page gets. */
export interface Who { token?: string; renew?: () => Promise<void>; unread?: (path: string, fields: Unread[]) => void }

async function call<K extends keyof Answers>(who: Who, name: K, method: string, path: string, body?: unknown, again = false): Promise<Answers[K]> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (who.token) headers["Authorization"] = `Bearer ${who.token}`;
  else headers["X-Attune"] = "console";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, { method, headers, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, "offline", "The server does not answer. Check that it runs, then try again.");
  }
  const text = await response.text();
  let value: unknown = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* Not JSON: the status says enough. */ }
  if (response.status === 401 && who.renew && !again) {
    await who.renew();
    return call(who, name, method, path, body, true);
  }
  if (!response.ok) {
    const { code, message } = (value ?? {}) as { code?: unknown; message?: unknown };
    throw new ApiError(response.status, typeof code === "string" ? code : "error", typeof message === "string" && message ? message : `The server answered ${response.status}.`);
  }
  const { answer, unread } = read<Answers[K]>(name, value);
  if (answer === undefined) throw new ApiError(response.status, "unreadable", `The server's answer to ${path.split("?")[0]} cannot be read. The page and the server may be of different versions: reload the page.`);
  who.unread?.(path.split("?")[0]!, unread);
  return answer;
}

function query(values: Record<string, string | number | undefined | null>): string {
  const parts = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== "").map(([k, v]) => `${k}=${encodeURIComponent(whole(String(v)))}`);
  return parts.length ? `?${parts.join("&")}` : "";
}

const at = (cid: string): string => `/v1/customers/${encodeURIComponent(whole(cid))}`;

export function client(who: Who = {}) {
  return {
    signedIn: () => call(who, "SignedIn", "GET", "/v1/session"),
    signOut: () => call(who, "Done", "DELETE", "/v1/session"),
    keys: () => call(who, "ApiKeys", "GET", "/v1/keys"),
    makeKey: (key: { scope: string; source: string; name: string; routes: string[] }) => call(who, "ApiKeyMade", "POST", "/v1/keys", key.routes.length ? key : { scope: key.scope, source: key.source, name: key.name }),
    revokeKey: (id: string) => call(who, "Done", "DELETE", `/v1/keys/${encodeURIComponent(id)}`),
    damage: () => call(who, "Damage", "GET", "/v1/damage"),
    staff: () => call(who, "StaffAccounts", "GET", "/v1/staff"),
    staffAct: (act: "invite" | "roles" | "lock" | "sign-out", body: { name: string; roles?: string }) => call(who, "StaffDone", "POST", `/v1/staff/${act}`, body),
    password: (change: { old: string; new: string }) => call(who, "Done", "POST", "/v1/session/password", change),
    scoreItem: (item: string) => call(who, "ScoreOpened", "GET", `/v1/scorecard/${encodeURIComponent(item)}`),
    broken: (days: number) => call(who, "Broken", "GET", `/v1/broken${query({ days })}`),
    brokenSpot: (spot: string, days: number, signal: string) => call(who, "BrokenOpened", "GET", `/v1/broken/${encodeURIComponent(spot)}${query({ days, signal })}`),
    participation: (cid: string) => call(who, "Participation", "GET", `${at(cid)}/participation`),
    relationship: (cid: string) => call(who, "Relationship", "GET", `${at(cid)}/relationship`),
    roadmap: (days: string | null) => call(who, "Roadmap", "GET", `/v1/roadmap${query({ days })}`),
    inventory: () => call(who, "Inventory", "GET", "/v1/inventory"),
    document: (kind: string, name: string, body: unknown) => call(who, "Saved", "PUT", `/v1/configuration/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`, body),
    layers: () => call(who, "Layers", "GET", "/v1/layers"),
    ripple: (change: string) => call(who, "Ripple", "GET", `/v1/layers/ripple${query({ if: change })}`),
    walk: (node: string, channel: string, map: string) => call(who, "Walk", "GET", `/v1/layers/${encodeURIComponent(node)}/walk${query({ channel, map })}`),
    voice: () => call(who, "Voice", "GET", "/v1/voice"),
    voiceCustomers: (ask: { scale: string; low?: string | null; high?: string | null; touchpoint?: string | null; days?: string | null }) => call(who, "JourneysCustomers", "GET", `/v1/voice/customers${query(ask)}`),
    preference: () => call(who, "Preference", "GET", "/v1/preference"),
    ideas: () => call(who, "Ideas", "GET", "/v1/ideas"),
    answerIdea: (idea: string, document: Record<string, Value>) => call(who, "Anything", "PUT", `/v1/configuration/idea/${encodeURIComponent(idea)}`, document),
    decide: (ask: { surface: string; channel: string; explain?: boolean; customer?: { identifier: string } | { cid: string }; context?: Record<string, Value> }) =>
      call(who, "Decision", "POST", "/v1/decide", ask),
    response: (answer: { decision: string; suggestion?: string; answer?: Answer; option?: string; value?: number | string }) =>
      call(who, "Done", "POST", "/v1/response", answer),
    track: (event: { userId: string; event: string; properties: Record<string, Value>; context: Record<string, Value> }) => call(who, "Anything", "POST", "/v1/track", { type: "track", ...event }),
    preview: (ask: { consequence: string; state: Record<string, string | number>; change: Record<string, string | number> }) => call(who, "Preview", "POST", "/v1/preview", ask),
    products: (cid: string) => call(who, "OwnProducts", "GET", `${at(cid)}/products`),
    undo: (cid: string, undo: string) => call(who, "Done", "POST", `${at(cid)}/undo`, { undo }),
    prefer: (cid: string, set: Record<string, Value>, channel: string) => call(who, "Done", "POST", `${at(cid)}/preferences`, { set, channel }),
    customers: (ask: { q?: string; n?: number; after?: string | null; channel?: string; who?: string }) => call(who, "CustomerList", "GET", `/v1/customers${query(ask)}`),
    card: (cid: string, reason?: string) => call(who, "Card", "GET", `${at(cid)}${query({ reason })}`),
    timeline: (cid: string, before?: string | null, n = 100, reason?: string) => call(who, "Timeline", "GET", `${at(cid)}/timeline${query({ before, n, reason })}`),
    decisions: (cid: string, reason?: string) => call(who, "Decisions", "GET", `${at(cid)}/decisions${query({ n: 20, reason })}`),
    decision: (cid: string, decision: string) => call(who, "Explained", "GET", `${at(cid)}/decisions/${encodeURIComponent(decision)}`),
    correct: (cid: string, trait: string, value: Value, because: string) => call(who, "Done", "POST", `${at(cid)}/correct`, { trait, value, because }),
    restrict: (cid: string, restricted: boolean, because: string) => call(who, "Done", "POST", `${at(cid)}/restrict`, { restricted, because }),
    erase: (cid: string, because: string) => call(who, "Anything", "DELETE", `${at(cid)}${query({ because })}`),
    /* Which fields: those that the configured touchpoint asks for. */
    known: (cid: string, touchpoint: string) => call(who, "Known", "GET", `${at(cid)}/known${query({ touchpoint })}`),
    merge: (cid: string, other: string) => call(who, "Done", "POST", `${at(cid)}/merge`, { with: other }),
    split: (cid: string, origin: string) => call(who, "Done", "POST", `${at(cid)}/split`, { origin }),
    overview: () => call(who, "Overview", "GET", "/v1/overview"),
    journeys: (ask: JourneysQuestion) => call(who, "Journeys", "GET", `/v1/journeys${query({ ...ask })}`),
    journeysCustomers: (ask: JourneysQuestion, figure: JourneysFigure) => call(who, "JourneysCustomers", "GET", `/v1/journeys/customers${query({ ...ask, ...figure })}`),
    voiceWords: () => call(who, "VoiceWords", "GET", "/v1/voice/words"),
    worthStars: () => call(who, "WorthStars", "GET", "/v1/worth/stars"),
    worth: () => call(who, "Worth", "GET", "/v1/worth"),
    worthCustomers: (group: string) => call(who, "JourneysCustomers", "GET", `/v1/worth/customers${query({ group })}`),
    segments: () => call(who, "Segments", "GET", "/v1/segments"),
    segment: (name: string, after?: string | null) => call(who, "SegmentMembers", "GET", `/v1/segments/${encodeURIComponent(name)}${query({ after })}`),
    value: (cid: string) => call(who, "CustomerValue", "GET", `${at(cid)}/value`),
    trust: () => call(who, "Trust", "GET", "/v1/trust"),
    retention: () => call(who, "Retention", "GET", "/v1/retention"),
    retentionRun: () => call(who, "Retention", "POST", "/v1/retention", {}),
    requests: (state: string, after?: string | null) => call(who, "RightsRequests", "GET", `/v1/requests${query({ state, after })}`),
    answerRequest: (id: string, answer: { state?: RequestState; extended_until?: string; because: string }) => call(who, "Done", "POST", `/v1/requests/${encodeURIComponent(id)}`, answer),
    audit: (ask: { about?: string | null; what?: string | null; after?: number | null; n?: number }) => call(who, "AuditPage", "GET", `/v1/audit${query(ask)}`),
    auditVerify: () => call(who, "AuditVerified", "GET", "/v1/audit/verify"),
    people: () => call(who, "People", "GET", "/harbour/people"),
    session: (person: string) => call(who, "Session", "POST", "/harbour/session", { person }),
    queue: (cid: string, counter: number) => call(who, "Done", "POST", "/harbour/queue", { cid, counter }),
  };
}
export type Client = ReturnType<typeof client>;
