/*
 * server.mjs: a development tool. It stands in for the Attune server so that the pages can be looked at without one.
 *
 * It serves dist/ as the real server does (same headers, same paths) and answers the API with invented people kept in memory.
 * Nothing here is part of the product. `node mock/server.mjs [--port 7390] [--key letmein] [--empty]`
 */
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const flag = (name, otherwise) => { const i = process.argv.indexOf(name); return i < 0 ? otherwise : process.argv[i + 1]; };
const port = Number(flag("--port", "7390"));
const key = flag("--key", "letmein");
const empty = process.argv.includes("--empty");
const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const DAY = 86400_000, HOUR = 3600_000;
const now = Date.now();
let serial = 1;
const id = (p) => `${p}_${String(serial++).padStart(6, "0")}`;
const iso = (t) => new Date(t).toISOString();

/* Invented people. */
const options = ["balance", "transfer", "pay-bill", "cards", "savings", "loans", "share-prices", "statements", "support"];
const normal = { text: "normal", contrast: "normal", stable_layout: false, screen_reader: false };
function person(name, user, extra = {}) {
  return {
    cid: `c${(1000 + serial++).toString(36)}${user}`, user, name, since: iso(now - 900 * DAY), prefs: {}, consents: {}, habit: null, moved: false, promoted: false,
    order: [...options], pinned: [], undo: new Map(), timeline: [], matters: [], present: null, contacts: [], next: null, asked: false, announced: [], ...extra,
  };
}
const ana = person("Ana Kovač", "ana", { habit: { value: 80, notes: [50, 20, 10] }, consents: { usual: "yes", menu: "yes" } });
const ben = person("Ben Tauber", "ben");
const edith = person("Edith Marek", "edith");
ana.order = ["balance", "transfer", "pay-bill", "cards", "savings", "statements", "share-prices", "support", "loans"];
ana.announced = [{ option: "loans", text: "Loans has moved to More: you have not used it in 40 visits.", undo: "u-loans" }];
ana.undo.set("u-loans", (p) => { p.order = ["balance", "transfer", "pay-bill", "cards", "savings", "loans", "statements", "share-prices", "support"]; p.announced = []; });
const bill = (matter, title, amount, due, state = "open") => ({ matter, kind: "bill", title, amount, currency: "EUR", due: iso(now + due * DAY), state, since: iso(now - 6 * DAY), closed: state === "done" ? iso(now - 20 * DAY) : null, closed_on: state === "done" ? "app" : null });
ana.matters = [bill("bill-301", "City power, October", 64.2, 4), bill("bill-302", "Water works, third quarter", 38.75, 9), bill("bill-288", "City power, September", 61.1, -20, "done")];
ben.matters = [bill("bill-310", "Telephone, October", 29.9, 3)];
edith.matters = [bill("bill-320", "House insurance 2027", 212, 12)];
const main = [ana, ben, edith];
const firsts = ["Mila", "Jonas", "Petra", "Omar", "Lucia", "Viktor", "Hana", "Emil", "Sofia", "Karel", "Nora", "Tomas"];
const lasts = ["Novak", "Berg", "Silva", "Horn", "Ito", "Marsh", "Okafor", "Weiss", "Dahl", "Rossi"];
const others = [];
for (let i = 0; i < 120; i++) others.push(person(`${firsts[i % 12]} ${lasts[(i * 7) % 10]}`, `u${2000 + i}`));
const all = [...main, ...others];

const channels = ["app", "machine", "web", "branch", "phone"];
function fill(p, n) {
  for (let i = 0; i < n; i++) {
    const channel = channels[(i * 3 + p.user.length) % 4];
    const t = now - i * 9 * HOUR - 3 * HOUR;
    const pick = channel === "machine" ? ["Cash Withdrawn", { amount: i % 5 ? 80 : 50, notes: [50, 20, 10], currency: "EUR" }, "machine-3"]
      : channel === "branch" ? ["Advice Asked", { about: "card limit" }, "branch-1"]
      : i % 4 === 1 ? ["Bill Paid", { bill_id: `bill-${200 + i}`, amount: 40 + i, currency: "EUR" }, channel] : [`Viewed ${["Balance", "Share Prices", "Cards"][i % 3]}`, { option: "balance" }, channel];
    p.timeline.push({ event: id("e"), time: iso(t), received: iso(t + 900), kind: pick[0].startsWith("Viewed") ? "screen" : "track", name: pick[0], channel, touchpoint: pick[2], source: `harbour-${channel}`, properties: pick[1] });
  }
}
fill(ana, 140); fill(ben, 30); fill(edith, 12);
others.forEach((p, i) => fill(p, 3 + (i * 13) % 40));
const reason = { text: "To pay: City power, October, open and looked at twice this week", marked: "inferred" };
ana.present = { channel: "branch", touchpoint: "branch-1", start: iso(now - 4 * 60_000), reason };
ana.next = { text: "Offer to pay City power by standing order.", why: "She paid this bill by hand in each of the last five months." };
ana.contacts = [{ channel: "app", touchpoint: "app", start: iso(now - 5 * HOUR), end: iso(now - 5 * HOUR + 240_000), events: 7, reason: { text: "To see share prices", marked: "inferred" } },
  { channel: "phone", touchpoint: "hotline", start: iso(now - 50 * HOUR), end: iso(now - 49.8 * HOUR), events: 2, reason: { text: "Asked why the card limit is low", marked: "asked" } }];

const sessions = new Map();
const listeners = new Set();
function tell(event, data) {
  for (const l of listeners) if (!l.cid || l.cid === data.cid) l.res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
const changed = (p, ...what) => setTimeout(() => tell("changed", { cid: p.cid, what }), 60);
const needs = (p) => ({ ...normal, text: p.prefs["accessibility.text"] === "huge" ? "huge" : "normal", contrast: p.prefs["accessibility.contrast"] === "high" ? "high" : "normal" });
if (!process.argv.includes("--plain")) edith.prefs["accessibility.text"] = "huge";

const decisions = new Map();
function decide(p, ask) {
  const d = { decision: id("d"), surface: ask.surface, type: "usual", customer: p.cid, guess: false, options: [], why: "", because: [], ask: null, accessibility: needs(p), preferences: p.prefs, withheld: [] };
  decisions.set(d.decision, { p, d });
  if (ask.surface === "app-home") {
    d.type = "menu";
    const allowed = p.consents.menu === "yes";
    let order = allowed ? p.order : [...options];
    const stated = p.prefs["menu.app-home.order"] ?? [];
    order = [...stated, ...order.filter((o) => !stated.includes(o))];
    d.menu = { mode: p.prefs["menu.app-home.mode"] ?? "ask", home: order.slice(0, 6).map((o) => ({ option: o, ...(stated.includes(o) ? { pinned: true } : {}) })), more: order.slice(6).map((o) => ({ option: o, ...(o === "loans" && p.announced.length ? { moved: iso(now - 2 * DAY), why: "not used in 40 visits" } : {}) })), suggestions: [], announce: allowed ? p.announced : [] };
    d.options = order.map((value) => ({ value }));
    d.why = allowed ? "In the order in which you use them." : "The usual order: nothing is learned without your yes.";
    if (allowed && !p.answered && !p.promoted && d.menu.more.some((m) => m.option === "share-prices")) {
      d.ask = { suggestion: "s-share", kind: "promote", option: "share-prices", text: "You use share prices often. Move it to home?", answers: ["yes", "no", "never"] };
      d.menu.suggestions = ["share-prices"];
    }
    return d;
  }
  const plain = [20, 50, 100, 200].map((value) => ({ value }));
  if (p.habit && p.consents.usual === "yes") {
    const wish = p.prefs["cash.notes"];
    d.guess = true;
    d.options = [{ value: p.habit.value, usual: true, with: { notes: wish ? Array(p.habit.value / wish[0]).fill(wish[0]) : p.habit.notes }, ...(wish ? { stated: true } : {}) }, ...plain];
    d.why = "You took 80 on 9 of the last 11 Fridays; used because you agreed on 3 May.";
    d.because = p.timeline.filter((e) => e.name === "Cash Withdrawn").slice(0, 9).map((e) => ({ event: e.event, name: e.name, time: e.time, text: `${e.properties.amount} at machine 3` }));
  } else {
    d.options = plain;
    d.why = "These are the standard amounts: nothing is guessed about you.";
    if (!(("usual") in p.consents) && p === ben) d.ask = { suggestion: "s-remember", kind: "consent", purpose: "usual", text: "Remember this for next time?", answers: ["yes", "no"] };
    d.withheld = [{ what: "usual amount", reason: "no consent" }];
  }
  return d;
}

const traitsOf = (p) => ({ name: p.name, birthday: "1984-03-02", email: `${p.user}@example.org`, phone: "+420 555 010 203", street: "Dock Street 4", postal_code: "110 00", city: "Prague", nationality: "Czech", occupation: "Teacher" });
function card(p) {
  return {
    cid: p.cid, name: p.name, since: p.since,
    identifiers: [{ type: "user", value: p.user, since: p.since, source: "harbour-web" }, { type: "email", value: `${p.user}@example.org`, since: p.since, source: "harbour-web" }, { type: "card", value: "···· 4411", since: p.since, source: "harbour-machine" }],
    traits: Object.entries(traitsOf(p)).map(([name, value]) => ({ name, value, source: "harbour-branch", time: p.since })),
    preferences: Object.entries(p.prefs).map(([name, value]) => ({ name, value, channel: "portal", time: iso(now - DAY) })),
    consents: [["usual", "Offer my usual choice first"], ["menu", "Order my menu by what I use"], ["advice", "Suggest what to do next"], ["research", "Ask me questions"]].map(([purpose, title]) => ({ purpose, title, answer: p.consents[purpose] ?? null, time: p.consents[purpose] ? iso(now - 160 * DAY) : null, channel: p.consents[purpose] ? "app" : null, text: title, version: "1" })),
    channels: channels.slice(0, 4).map((channel, i) => ({ channel, contacts: Math.max(1, Math.round(p.timeline.length / (i + 3))), last: iso(now - (i + 1) * 7 * HOUR) })),
    present: p.present, contacts: p.contacts, open: p.matters, next: p.next,
    habits: p.habit && p.consents.usual === "yes" ? [{ surface: "machine-withdrawal", text: "Takes 80 on Fridays, one fifty, one twenty, one ten", guess: true }, { surface: "app-home", text: "Looks at share prices most mornings", guess: true }] : [],
    accessibility: needs(p), withheld: p.consents.usual === "yes" ? [] : [{ what: "habits", reason: "no consent for usual choices" }],
    origins: [{ origin: "o1", since: p.since, identifiers: [`user:${p.user}`, `email:${p.user}@example.org`], events: Math.ceil(p.timeline.length * 0.8) }, { origin: "o2", since: iso(now - 200 * DAY), identifiers: ["card:···· 4411"], events: Math.floor(p.timeline.length * 0.2) }],
  };
}
const line = (p) => ({ cid: p.cid, name: p.name, identifiers: [`user:${p.user}`, `email:${p.user}@example.org`], channels: channels.slice(0, 2 + (p.user.length % 3)), last_seen: p.timeline[0]?.time ?? null, events: p.timeline.length });

function overview() {
  if (empty) return { sentence: "Nothing has arrived yet.", rests_on: "No events so far.", customers: 0, identified: 0, events: 0, decisions: 0, forms: [], quadrant: { interaction: null, customization: null, missing: ["Contacts on two channels or more", "Decisions asked for by a surface"] }, score: { points: null, items: Array.from({ length: 10 }, (_, i) => ({ number: i + 1, title: titles[i], measured: false, points: null, why: "No events yet." })) }, participation: { value: null, n: 0, consented: null, missing: "No customer has been asked yet. Offer a first choice." }, channels: [], checklist: [{ title: "Make a write key", done: true, hint: "attune init made one: it is in attune.yaml." }, { title: "Send a first event", done: false, hint: "Point a Segment SDK at this server, or use the curl line in the README." }, { title: "Say who a customer is", done: false, hint: "Call identify with a userId." }, { title: "Ask for a decision", done: false, hint: "POST /v1/decide with a customer." }] };
  return {
    sentence: "Customers are known on four channels, and one in three contacts is personal.", rests_on: "4,812 customers and 1,204,331 events from 1 November 2025 to today.", customers: 4812, identified: 3120, events: 1204331, decisions: 96410, forms: [{ touchpoint: "branch-desk", asked: 812, not_asked: 6120 }],
    quadrant: { interaction: 0.71, customization: 0.34, missing: [] },
    score: { points: 5.5, items: titles.map((title, i) => ({ number: i + 1, title, measured: i < 8, points: i < 8 ? [1, 1, 0.5, 1, 0, 1, 0.5, 0.5][i] : null, why: i < 8 ? ["Customers are the same person on four of five channels.", "83 % of contacts carry a customer.", "Half the menus follow use.", "Status is the same on each channel.", "No purchase takes things off the recommendations.", "Every decision says why.", "Two of five choices can be undone.", "A third were asked at most once a month."][i] : "Needs answers to the stars question: switch it on at one touchpoint." })) },
    participation: { value: null, n: 0, consented: null, missing: "No idea has been asked for yet. Open ideas on the portal." },
    channels: channels.map((channel, i) => ({ channel, customers: [3911, 2804, 2203, 640, 512][i], events: [611200, 204310, 330210, 21011, 37600][i], last: iso(now - i * 40_000) })), checklist: [],
  };
}
const titles = ["Knows me on every channel", "Knows me at once", "Learns what I use", "Same status everywhere", "Never offers what I have", "Says why", "Lets me undo", "Asks me little", "Lets me decide", "Keeps its promises"];
function journeys(q) {
  const variants = [[["Sign in", "Balance", "Pay bill"], 912, 184_000], [["Sign in", "Balance"], 740, 61_000], [["Insert card", "Cash withdrawn"], 1604, 42_000], [["Sign in", "Cards", "Activate card", "Call us"], 214, 5_400_000], [["Sign in", "Cards", "Activate card"], 402, 260_000], [["Sign in", "Share prices", "Balance"], 331, 120_000], [["Insert card", "Balance", "Cash withdrawn"], 288, 71_000], [["Call us", "Activate card"], 120, 900_000], [["Sign in", "Balance", "Transfer", "Balance"], 260, 301_000]]
    .map(([activities, n, median_ms]) => ({ activities: q.get("channel") === "phone" ? [...activities, "Call us"] : activities, n, variant: String(n).padStart(32, "0"), median_ms }));
  const edges = new Map(), starts = new Map(), ends = new Map(), acts = new Map();
  for (const v of variants) {
    starts.set(v.activities[0], (starts.get(v.activities[0]) ?? 0) + v.n);
    ends.set(v.activities.at(-1), (ends.get(v.activities.at(-1)) ?? 0) + v.n);
    v.activities.forEach((a, i) => { acts.set(a, (acts.get(a) ?? 0) + v.n); if (i) { const k = `${v.activities[i - 1]}|${a}`; edges.set(k, (edges.get(k) ?? 0) + v.n); } });
  }
  const list = (m) => [...m].map(([activity, n]) => ({ activity, n })).sort((a, b) => b.n - a.n);
  const cases = variants.reduce((s, v) => s + v.n, 0);
  if (empty) return { sentence: "No journeys yet.", customers: 0, properties: [], cases: 0, events: 0, activities: [], arcs: 0, edges: [], starts: [], ends: [], variants: [], repeats: [], drop_off: [], hidden: false };
  return {
    sentence: "One in three who activate a card phones us afterwards.", customers: Math.round(cases / 3), properties: ["bill_id", "card_id"], cases, events: cases * 3, activities: list(acts), arcs: edges.size,
    edges: [...edges].map(([k, n], i) => ({ from: k.split("|")[0], to: k.split("|")[1], n, p50_ms: 20_000 * (i + 1), p90_ms: 90_000 * (i + 1) })).sort((a, b) => b.n - a.n),
    starts: list(starts), ends: list(ends), variants: variants.sort((a, b) => b.n - a.n), repeats: [{ activity: "Call us", cases: 214 }, { activity: "Balance", cases: 260 }],
    drop_off: [{ activity: "Activate card", n: 214, of: 616, low: 0.31, high: 0.386 }, { activity: "Balance", n: 740, of: 2531, low: 0.275, high: 0.31 }], hidden: false,
  };
}

function undoable(p, back) { const u = id("u"); p.undo.set(u, back); return u; }
const restore = (p) => { const kept = JSON.stringify({ prefs: p.prefs, consents: p.consents, order: p.order, promoted: p.promoted, announced: p.announced, answered: p.answered ?? null }); return () => Object.assign(p, JSON.parse(kept)); };

const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const manifest = () => JSON.parse(readFileSync(join(dist, "assets.json"), "utf8"));

const server = createServer(async (req, res) => {
  const url = new URL(req.url, `http://${req.headers.host}`);
  const path = url.pathname;
  const send = (status, value, headers = {}) => { res.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers }); res.end(JSON.stringify(value)); };
  const fail = (status, code, message) => send(status, { code, message });
  let body = "";
  for await (const chunk of req) body += chunk;
  const read = () => { try { return JSON.parse(body || "{}"); } catch { return {}; } };
  const cookie = /(^|; )attune_console=yes/.test(req.headers.cookie ?? "");
  const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1] ?? url.searchParams.get("token");
  const own = token ? sessions.get(token) : null;

  if (path === "/console/enter") {
    const given = url.searchParams.get("key") ?? new URLSearchParams(body).get("key");
    if (given !== key) { res.writeHead(303, { Location: "/console?wrong=1" }); return res.end(); }
    res.writeHead(303, { Location: "/console", "Set-Cookie": "attune_console=yes; HttpOnly; SameSite=Strict; Path=/" });
    return res.end();
  }
  if (path === "/harbour/people") return send(200, [{ person: "ana", name: "Ana", says: "I take the same cash every Friday. Greet me by what I need." }, { person: "ben", name: "Ben", says: "I have agreed to nothing. Ask me before you remember." }, { person: "edith", name: "Edith", says: "I am 78 and see badly. Big letters, please." }]);
  if (path === "/harbour/session") {
    const p = main.find((x) => x.user === read().person);
    if (!p) return fail(404, "not_found", "Nobody of that name banks here.");
    const t = id("t"); sessions.set(t, p);
    return send(200, { token: t, cid: p.cid, user_id: p.user, name: p.name, write_key: "wk_mock" });
  }
  if (path === "/harbour/queue" && req.method === "POST") {
    const { cid, counter } = read(); const p = all.find((x) => x.cid === cid);
    tell("queue", { name: p.name.split(" ").at(-1), counter, cid });
    return send(200, { done: true });
  }
  if (path.startsWith("/v1/projects/")) return send(200, { integrations: { "Segment.io": { apiKey: "wk_mock", unbundledIntegrations: [], addBundledMetadata: true, maybeBundledConfigIds: {}, versionSettings: { version: "4.4.7", componentTypes: ["browser"] } } }, plan: { track: { __default: { enabled: true, integrations: {} } }, identify: { __default: { enabled: true } }, group: { __default: { enabled: true } } }, edgeFunction: {}, analyticsNextEnabled: true, middlewareSettings: {}, enabledMiddleware: {}, metrics: { sampleRate: 0 }, legacyVideoPluginsEnabled: false, remotePlugins: [] });
  if (req.method === "POST" && /^\/v1\/([itpsga]|identify|track|page|screen|group|alias)$/.test(path)) {
    const e = read(); const p = sessions.get(e.context?.token) ?? main.find((x) => x.user === e.userId);
    if (p) {
      p.timeline.unshift({ event: e.messageId ?? id("e"), time: iso(Date.now()), received: iso(Date.now()), kind: e.type, name: e.event ?? e.name ?? e.type, channel: e.context?.channel ?? "web", touchpoint: e.context?.touchpoint ?? "web", source: "harbour", properties: e.properties ?? {} });
      if (e.event === "Bill Paid") { const m = p.matters.find((x) => x.matter === e.properties.bill_id); if (m) { Object.assign(m, { state: "done", closed: iso(Date.now()), closed_on: e.context?.channel }); p.present &&= { ...p.present, reason: { text: "Bill paid today; about the card limit", marked: "inferred" } }; } changed(p, "matters", "timeline"); }
      else changed(p, "timeline");
    }
    return send(200, { success: true });
  }
  if (path === "/v1/stream") {
    if (!own && !cookie) return fail(401, "no_key", "A customer token or the console's key is needed.");
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    res.write(": here\n\n");
    const l = { cid: own?.cid ?? null, res }; listeners.add(l);
    const beat = setInterval(() => res.write(": here\n\n"), 15_000);
    req.on("close", () => { listeners.delete(l); clearInterval(beat); });
    return;
  }
  if (path.startsWith("/v1/")) {
    if (!own && !cookie) return fail(401, "no_key", "Paste the console's key first.");
    if (path === "/v1/decide") { const ask = read(); const p = own ?? all.find((x) => x.cid === ask.customer?.cid || `user:${x.user}` === ask.customer?.identifier); return p ? send(200, decide(p, ask)) : fail(404, "not_found", "No such customer."); }
    if (path === "/v1/response") {
      const r = read(); const known = decisions.get(r.decision);
      if (!known) return fail(404, "not_found", "No such decision.");
      const { p, d } = known; let undo;
      if (r.suggestion && r.answer) {
        const back = restore(p);
        if (d.ask?.kind === "promote") { p.answered = r.answer; if (r.answer === "yes") { p.promoted = true; p.order = ["share-prices", ...p.order.filter((o) => o !== "share-prices")]; const i = p.order.splice(0, 1); p.order.splice(5, 0, ...i); } changed(p, "menu"); }
        if (d.ask?.kind === "consent") { p.consents[d.ask.purpose] = r.answer; changed(p, "consents"); }
        undo = undoable(p, back);
      }
      return send(200, { done: true, ...(undo ? { undo } : {}) });
    }
    if (path === "/v1/overview") return send(200, overview());
    if (path === "/v1/journeys/customers") return send(200, { sentence: "37 customers did this.", hidden: false, customers: main.map(line), total: 37, agreed: main.length, withheld: 37 - main.length, purpose: "Learn from how I use the bank" });
    if (path === "/v1/journeys") return send(200, journeys(url.searchParams));
    if (path === "/v1/customers") {
      const ident = url.searchParams.get("identifier");
      if (ident) { const p = all.find((x) => `user:${x.user}` === ident); return p ? send(200, card(p)) : fail(404, "not_found", "No such customer."); }
      if (empty) return send(200, { customers: [], next: null, total: 0 });
      const q = (url.searchParams.get("q") ?? "").toLowerCase(); const n = Number(url.searchParams.get("n") ?? 50); const after = Number(url.searchParams.get("after") ?? 0);
      const hits = all.filter((p) => !q || `${p.name} user:${p.user}`.toLowerCase().includes(q));
      return send(200, { customers: hits.slice(after, after + n).map(line), next: after + n < hits.length ? String(after + n) : null, total: hits.length });
    }
    const m = /^\/v1\/customers\/([^/]+)(?:\/(\w+))?$/.exec(path);
    if (m) {
      const p = all.find((x) => x.cid === decodeURIComponent(m[1]));
      if (!p || (own && own !== p)) return fail(404, "not_found", "No such customer.");
      const b = read();
      switch (m[2]) {
        case undefined: return send(200, card(p));
        case "timeline": { const start = Number(url.searchParams.get("before") ?? 0), n = Number(url.searchParams.get("n") ?? 100); return send(200, { events: p.timeline.slice(start, start + n), next: start + n < p.timeline.length ? String(start + n) : null }); }
        case "known": { const t = traitsOf(p), known = {}, ask = []; for (const f of (url.searchParams.get("fields") ?? "full_name,birthday,address,phone,email,occupation,employer,income,account,contact_after,language").split(",")) t[f] ? (known[f] = { value: t[f], source: "harbour-branch", since: p.since }) : ask.push(f); return send(200, { known, ask, not_asked: Object.keys(known).length, of: Object.keys(known).length + ask.length }); }
        case "undo": { const back = p.undo.get(b.undo); if (!back) return fail(404, "not_found", "That can no longer be undone."); back(p); changed(p, "menu", "preferences", "consents"); return send(200, { done: true }); }
        case "preferences": { const back = restore(p); for (const [k, v] of Object.entries(b.set)) if (v === null) delete p.prefs[k]; else p.prefs[k] = v; changed(p, "preferences", "menu"); return send(200, { done: true, undo: undoable(p, back) }); }
        case "consents": { const back = restore(p); p.consents[b.purpose] = b.answer; changed(p, "consents"); return send(200, { done: true, undo: undoable(p, back) }); }
        case "merge": case "split": return send(200, { done: true, undo: undoable(p, () => {}) });
      }
    }
    return fail(404, "not_found", "There is nothing at this path.");
  }
  if (path === "/portal-sample") { res.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": csp }); return res.end(readFileSync(join(dist, "portal-sample.html"))); }
  const entry = manifest().find((a) => a.path === path || (a.path.endsWith("/*") && path.startsWith(a.path.slice(0, -1))));
  if (entry && existsSync(join(dist, entry.file))) {
    res.writeHead(200, { "Content-Type": entry.type, "Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff", "Cache-Control": entry.immutable ? "public, max-age=31536000, immutable" : "no-cache" });
    return res.end(readFileSync(join(dist, entry.file)));
  }
  fail(404, "not_found", "There is nothing at this path.");
});
server.listen(port, "127.0.0.1", () => console.log(`The mock server (a development tool) listens on http://127.0.0.1:${port}; the console's key is "${key}".`));
