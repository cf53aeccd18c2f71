/*
 * fuzz.mjs: hostile values in every field that a page shows, in a real browser against a running server.
 *
 * `node test/browser/fuzz.mjs --base URL --console-key K --signing SECRET [--seed N] [--seconds S | --minutes M | --all] [--only TEXT]`
 *
 * First each view is opened once and the server's answers are kept. Then it is drawn again and again with answers in which fields hold values
 * of hostile.mjs, many at once; when something goes wrong the change is halved until the field is named. A view passes when no script throws,
 * nothing stays at "One moment.", no part gives up, no "NaN" or "undefined" is shown, and nothing of a value is run. What the server itself
 * draws or keeps (the portal, the timeline) gets the values through the API. Without --all the time allows for a part of the changes only,
 * chosen by the seed; the lines say how many. Ends with "N passed, N failed".
 */
import { createHmac, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dice, fault_kinds, Fault, fields, GONE, leaf_kinds, MARKUP, mutated, shuffled, structure_kinds, written } from "./hostile.mjs";
import { console_views, portal_paths, whole_views } from "./fuzz-views.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "../../web/package.json")), { chromium } = require("playwright-core");
const flag = (name, otherwise) => { const i = process.argv.indexOf(name); return i < 0 ? otherwise : process.argv[i + 1]; };
const base = flag("--base", "http://127.0.0.1:7390").replace(/\/$/, ""), key = flag("--console-key", ""), signing = flag("--signing", ""), only = flag("--only", "");
const all = process.argv.includes("--all");
const seed = Number(flag("--seed", 1)); /* The same each time, unless another is wanted. */
const SECONDS = all ? Infinity : Number(flag("--seconds", Number(flag("--minutes", 0)) * 60 || 38));
const started = Date.now(), left = (share = 1) => started + SECONDS * share * 1000 - Date.now();
const FAILURES_MAX = 60, SETTLED_MS_MAX = 10000, GROUPS = 3;

let passed = 0, failed = 0;
const tell = (ok, name, says) => { if (ok) passed++; else failed++; console.log(`${ok ? "ok" : "not ok"} ${name}${says ? ` -- ${says}` : ""}`); };
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/* In every page, before anything of its own: counts what is asked, keeps what goes wrong, and draws without waiting for frames. */
function watch() {
  window.wrong = []; window.asked = 0;
  addEventListener("error", (e) => window.wrong.push(`throws: ${e.message || e.target?.tagName}`));
  addEventListener("unhandledrejection", (e) => window.wrong.push(`rejects: ${e.reason?.message ?? e.reason}`));
  document.addEventListener("securitypolicyviolation", (e) => window.wrong.push(`breaks the policy: ${e.violatedDirective}`));
  const real = window.fetch;
  window.answers = null;   /* By method, address and body: answered here, without a way to the test and back. */
  const answered = (address, options) => {
    const a = window.answers?.[`${options?.method ?? "GET"} ${address}${options?.body ?? ""}`];
    return a ? Promise.resolve(new Response(a.body, { status: a.status, headers: { "Content-Type": "application/json" } })) : real(address, options);
  };
  window.fetch = (address, options) => { window.asked++; return answered(address, options).finally(() => setTimeout(() => { window.asked--; })); };
  window.requestAnimationFrame = (then) => setTimeout(() => then(performance.now()), 0);
  window.cancelAnimationFrame = clearTimeout;
  const turn = () => new Promise((then) => setTimeout(then, 0)), root = () => document.querySelector("#page main") ?? document.querySelector("main") ?? document.body;
  window.settle = async (most) => {
    const end = Date.now() + most;
    for (let calm = 0; calm < 4 && Date.now() < end;) { await turn(); calm = window.asked > 0 || /One moment\./.test(root().textContent) ? 0 : calm + 1; }
  };
  window.go = async (path, most) => {
    const to = async (p) => { history.replaceState(null, "", p); dispatchEvent(new PopStateEvent("popstate")); await turn(); };
    await to("/console/nowhere"); await turn(); await to(path); await window.settle(most);
  };
  /* What is wrong with the page as it stands. */
  window.judge = () => {
    const main = root(), out = [...new Set(window.wrong)], words = /\bNaN\b|\bundefined\b|\[object |Invalid Date|\bInfinity\b|\bnull\b|=>/;
    window.wrong = [];
    const say = (text, where) => { const m = words.exec(text); if (m) out.push(`${where} "${text.slice(Math.max(0, m.index - 40), m.index + 30).replace(/\s+/g, " ")}"`); };
    const shown = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = shown.nextNode(); n; n = shown.nextNode()) say(n.data, "shows");
    for (const e of main.querySelectorAll("*")) {
      for (const name of ["aria-label", "title", "alt", "datetime", "href", "src", "placeholder", "value"]) if (e.hasAttribute(name)) say(e.getAttribute(name), `has ${name}`);
      if (/^(script|iframe|object|embed|base)$/i.test(e.localName) || (e.localName === "img" && e.getAttribute("src") === "x")) out.push(`has an element ${e.localName}`);
      if (/^javascript:/i.test(e.getAttribute("href") ?? "")) out.push("has a link that is a script");
    }
    if (window.ran) { out.push("ran a script of a value"); window.ran = undefined; }
    if (/One moment\./.test(main.textContent)) out.push("stays at One moment.");
    const gave_up = main.querySelector('[data-testid="part-failed"]');
    if (gave_up) out.push(`gives up: ${gave_up.textContent.slice(0, 160)}`);
    if (!main.textContent.trim()) out.push("is empty");
    return [...new Set(out)];
  };
  window.press = async (selectors, most) => { for (const s of selectors) { const e = document.querySelector(s); if (!e) break; e.click(); await window.settle(most); } };
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (subject) => { const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: subject, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 3600 })}`; return `${signed}.${createHmac("sha256", signing).update(signed).digest("base64url")}`; };
const ask = async (method, path, body, bearer = key) => {
  const r = await fetch(base + path, { method, headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" }, body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body) });
  return { status: r.status, json: await r.json().catch(() => null) };
};

/* A page whose answers are ours: first the server's are kept, then `answers` gives what is shown instead. */
async function stage(signed) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 240 }, reducedMotion: "reduce", locale: "en-GB" });
  if (signed) { const door = await context.newPage(); await door.goto(`${base}/console/enter?key=${encodeURIComponent(key)}`); await door.close(); }
  await context.addInitScript(watch);
  const page = await context.newPage(), kept = new Map();
  let changed = null;
  page.on("crash", () => console.log("not ok fuzz -- the page crashed"));
  page.on("pageerror", (e) => page.evaluate((m) => window.wrong.push(`throws: ${m}`), e.message).catch(() => undefined));
  await page.route(/\/v1\/|\/harbour\/(people|session|queue$)/, async (route) => {
    const request = route.request(), url = new URL(request.url());
    if (request.resourceType() === "document" || url.pathname === "/v1/stream" || url.pathname.startsWith("/v1/projects/")) return route.continue().catch(() => undefined);
    const name = `${request.method()} ${url.pathname}${url.search}${request.postData() ?? ""}`, what = `${request.method()} ${url.pathname}`;
    let answer = kept.get(name);
    if (!answer) {
      const got = await route.fetch().catch(() => null);
      if (!got) return route.abort().catch(() => undefined);
      const text = await got.text();
      let json; try { json = JSON.parse(text); } catch { json = null; }
      answer = { name, what, status: got.status(), json };
      kept.set(name, answer);
    }
    const sent = changed?.(answer) ?? { status: answer.status, body: JSON.stringify(answer.json) };
    return route.fulfill({ contentType: "application/json", ...sent }).catch(() => undefined);
  });
  return { page, context, kept, change: (f) => { changed = f; } };
}

/* A field is named by what is asked and its path; the customer and other names of one thing in a path are the same field. */
const route_of = (what) => what.replace(/\/v1\/customers\/[^/]+/, "/v1/customers/{cid}").replace(/\/decisions\/[^/]+/, "/decisions/{id}");

class View {
  constructor(name, path, clicks, on, whole) { Object.assign(this, { name, path, clicks: clicks ?? [], on, whole, renders: 0, done: new Set(), bad: new Set(), failures: [] }); }
  async draw() {
    const { page } = this.on;
    this.renders++;
    if (this.whole) { await page.goto(base + this.path, { waitUntil: "load" }); await page.evaluate((ms) => window.settle(ms), SETTLED_MS_MAX); }
    else await page.evaluate(([path, ms]) => window.go(path, ms), [this.path, SETTLED_MS_MAX]);
    const first = await page.evaluate(() => window.judge());
    if (!this.clicks.length) return first;
    await page.evaluate(([s, ms]) => window.press(s, ms), [this.clicks, SETTLED_MS_MAX]);
    return [...first, ...await page.evaluate(() => window.judge())];
  }
  /* The server's own answers, and what they have for fields. */
  async learn() {
    this.on.change(null);
    const before = this.answers = new Set();
    this.on.change((answer) => { before.add(answer); return null; });
    if (!this.whole) await this.on.page.evaluate(() => { window.answers = null; });
    const wrong = await this.draw(), unread = await this.on.page.evaluate(() => document.querySelector('[data-testid="unread"]')?.textContent);
    if (unread) wrong.push(unread);
    if (wrong.length) this.fail("as the server answers", wrong);
    const leaves = new Map(), structures = new Map();
    for (const answer of before) {
      if (!answer.json || answer.status >= 300) continue;
      const f = fields(answer.json), route = route_of(answer.what);
      for (const path of f.leaves) leaves.set(`${route} ${path}`, [route, path]);
      for (const path of f.structures) structures.set(`${route} ${path}`, [route, path]);
    }
    this.routes = [...new Set([...before].filter((a) => a.status < 300).map((a) => route_of(a.what)))];
    this.leaves = [...leaves.keys()]; this.structures = [...structures.keys()];
  }
  fail(what, wrong) { this.failures.push(`${what}: ${wrong.join("; ").slice(0, 400)}`); console.log(`not ok fuzz_${this.name} -- ${this.failures.at(-1)}`); }
  /* Draws with @changes, a list of [field, kind, value]; returns what is wrong. */
  async with(changes, turn) {
    const sent = (answer) => {
      const route = route_of(answer.what), fault = changes.find(([field, , value]) => field === `${route} ` && value instanceof Fault), mine = changes.filter(([field]) => field.startsWith(`${route} `)).map(([field, , value]) => [field.slice(route.length + 1), value]);
      if (fault) return fault[2];
      return { status: answer.status, body: mine.length && answer.status < 300 ? written(mutated(answer.json, new Map(mine), dice(turn))) : JSON.stringify(answer.json) };
    };
    this.on.change(sent);
    if (!this.whole) await this.on.page.evaluate((answers) => { window.answers = answers; }, Object.fromEntries([...this.answers].map((a) => [a.name, { ...sent(a) }])));
    return this.draw();
  }
  /* The least part of @changes that still goes wrong, by halving. */
  async narrow(changes, turn, wrong) {
    for (let size = Math.ceil(changes.length / 2); changes.length > 1;) {
      let smaller = null;
      for (let from = 0; from < changes.length && !smaller; from += size) {
        const some = changes.slice(from, from + size), now = await this.with(some, turn);
        if (now.length) { smaller = some; wrong = now; }
      }
      if (smaller) { changes = smaller; size = Math.ceil(changes.length / 2); } else if (size === 1) break; else size = Math.ceil(size / 2);
      if (changes.length > 1 && !smaller && size === 1 && changes.length > 12) break;
    }
    return [changes, wrong];
  }
  async attempt(changes, turn) {
    const now = changes.filter(([field]) => !this.bad.has(field));
    if (!now.length) return;
    const wrong = await this.with(now, turn);
    for (const [field, kind] of now) this.done.add(`${field}=${kind}`);
    if (!wrong.length) return;
    const [least, says] = await this.narrow(now, turn, wrong);
    for (const [field] of least) this.bad.add(field);
    this.fail(least.map(([field, kind]) => `${field} = ${kind}`).slice(0, 6).join(" and "), says);
  }
}

/* All that can be tried in a view: leaves in rounds, so that over all rounds each leaf had each kind; structures some at a time. */
function turns(view, random) {
  const kinds = Object.entries(leaf_kinds), others = Object.entries(structure_kinds), out = [];
  const leaves = shuffled(view.leaves, random), structures = shuffled(view.structures, random), groups = leaves.length > 12 ? GROUPS : 1;
  for (let g = 0; g < groups; g++) {
    const mine = leaves.filter((_, i) => i % groups === g);
    for (let r = 0; r < kinds.length; r++) out.push(mine.map((field, i) => [field, ...kinds[(i + r) % kinds.length]]));
  }
  const some = Math.max(1, Math.ceil(structures.length / 8));
  for (let from = 0; from < structures.length; from += some) {
    const mine = structures.slice(from, from + some);
    for (let r = 0; r < others.length; r++) out.push(mine.map((field, i) => [field, `structure ${others[(i + r) % others.length][0]}`, others[(i + r) % others.length][1]]));
  }
  /* One answer at a time is none at all. */
  for (const route of view.routes) for (const [kind, fault] of Object.entries(fault_kinds)) out.push([[`${route} `, `answer ${kind}`, fault]]);
  return shuffled(out, random);
}

/* Views in turn, a change each, until all is done or the time is over. */
async function lane(list, share) {
  const waiting = list.map((view) => ({ view, turns: turns(view, dice(seed ^ hash(view.name))), at: 0 }));
  for (let open = waiting; open.length && left(share) > 0 && failures() < FAILURES_MAX;) {
    for (const w of open) {
      if (left(share) <= 0 || failures() >= FAILURES_MAX) break;
      await w.view.attempt(w.turns[w.at], seed + w.at);
      w.at++;
    }
    open = open.filter((w) => w.at < w.turns.length);
  }
}
const hash = (text) => [...text].reduce((h, c) => Math.imul(h ^ c.codePointAt(0), 16777619) >>> 0, 2166136261);
const views = [];
const failures = () => views.reduce((n, v) => n + v.failures.length, 0);

/* What the views need to be there: a decision for Ana and a request of hers. */
const found = await ask("GET", "/v1/customers?q=ana%20varga");
const cid = found.json?.customers?.[0]?.cid;
if (!cid) { console.log(`not ok fuzz -- the demonstration's customers are not there (${found.status})`); console.log("0 passed, 1 failed"); process.exit(1); }
await ask("POST", "/v1/decide", { customer: { cid }, surface: "machine-withdrawal", channel: "machine" });
await ask("POST", "/v1/requests", { customer: { cid }, type: "access", text: "By telephone" });

/* The console's own list of pages, so that none is forgotten. */
const names = [...readFileSync(join(here, "../../web/console/main.tsx"), "utf8").matchAll(/\{ name: "([\w-]*)", title: /g)].map((m) => m[1]);
const opened = new Set(console_views.map(([, path]) => path.split(/[/?]/)[2] ?? ""));
const forgotten = names.filter((n) => !opened.has(n));
if (!only) tell(names.length > 8 && forgotten.length === 0, "fuzz_opens_every_page_of_the_console", forgotten.join(", "));

/* Opens each view once; when the machine is slow, some are left for another seed, and the last line says so. */
const skipped = [];
async function learned(list) {
  for (const view of list.splice(0)) if (left(1.35) > 0) { views.push(view); await view.learn(); list.push(view); } else skipped.push(view.name);
}
async function console_lane(list) {
  const on = await stage(true);
  await on.page.goto(`${base}/console`, { waitUntil: "load" });
  await on.page.evaluate((ms) => window.settle(ms), SETTLED_MS_MAX);
  const mine = list.map(([name, path, clicks]) => new View(name, path.replace("{cid}", cid), clicks, on, false));
  await learned(mine);
  await lane(mine, 1);
}
async function whole_lane(list, share) {
  const on = await stage(true);
  const mine = list.map(([name, path, clicks]) => new View(name, path, clicks, on, true));
  await learned(mine);
  await lane(mine, share);
}

/* Every function of format.ts with every value, and every two: a text, and what is missing is never a figure. */
async function formatters() {
  const { buildSync } = require("esbuild"), root = join(here, "../../web");
  const { outputFiles } = buildSync({ entryPoints: [join(root, "shared/format.ts")], bundle: true, format: "esm", write: false, logLevel: "error" });
  globalThis.document = { documentElement: { lang: "en-GB" } };
  const format = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);
  const odd = [undefined, NaN, Infinity, -Infinity, -0, new Date(NaN), ...Object.values(leaf_kinds).filter((v) => v !== GONE), ...Object.values(structure_kinds).filter((v) => v !== GONE)], wrong = [];
  const texts = ["money", "count", "hundredths", "percent", "plural", "day", "shortDay", "clock", "month", "monthOfYear", "monthNamed", "ago", "lasting", "duration", "on", "words", "valueText", "notesText"];
  const figures = ["money", "count", "hundredths", "percent", "duration"], times = ["day", "shortDay", "clock", "month", "ago"];
  const show = (v) => { try { return String(JSON.stringify(v) ?? v).slice(0, 40); } catch { return "a value"; } };
  const attempt = (name, ...args) => {
    try {
      const out = format[name](...args);
      if (texts.includes(name) && (typeof out !== "string" || (typeof args[0] !== "string" && /NaN|undefined|\[object|Invalid|Infinity|null/.test(out)))) wrong.push(`${name}(${args.map(show)}) is ${show(out)}`);
      return out;
    } catch (error) { wrong.push(`${name}(${args.map(show)}) throws ${error.message}`); return undefined; }
  };
  for (const lang of ["en-GB", "cs", "x", "no such", "", "\uD800"]) {
    document.documentElement.lang = lang;
    for (const [name, value] of Object.entries(format)) if (typeof value === "function") for (const a of odd) {
      const out = name === "plural" ? attempt(name, a, "day") : attempt(name, a);
      if (figures.includes(name) && !(typeof a === "number" && Number.isFinite(a)) && out !== format.MISSING) wrong.push(`${name}(${show(a)}) is ${show(out)}, not missing`);
      if (times.includes(name) && typeof a !== "string" && !(Math.abs(a) <= 8.64e15) && out !== format.MISSING) wrong.push(`${name}(${show(a)}) is ${show(out)}, not missing`);
      if (lang === "en-GB") for (const b of odd) if (!["decimal", "named", "valueText", "plural"].includes(name)) attempt(name, a, b);
    }
  }
  tell(wrong.length === 0 && texts.every((t) => t in format), `fuzz_every_formatter_shows_every_value (${Object.keys(format).length} functions, ${odd.length} values)`, wrong.slice(0, 5).join("; "));
}
if (!only || "fuzz_every_formatter".includes(only)) await formatters();

/* ---- what the server keeps and draws ---- */

/* Every property that an event of the demonstration has, and those with a meaning of their own. */
async function properties() {
  const names = new Set(["amount", "currency", "value", "total", "price", "quantity", "due", "bill_id", "order_id", "product_id", "products", "stars", "question", "score", "words", "text", "language", "locale", "timezone", "color", "url", "email", "name", "reason", "topic", "minutes", "revenue", "query", "title"]);
  const events = new Set(["Payment Made", "Rating Given"]);
  const list = await ask("GET", "/v1/customers?n=6");
  for (const c of list.json?.customers ?? []) for (const e of (await ask("GET", `/v1/customers/${c.cid}/timeline?n=100`)).json?.events ?? []) {
    if (e.kind === "track" || !e.kind) events.add(e.name);
    for (const k of Object.keys(e.properties ?? {})) names.add(k);
  }
  return { names: [...names], events: [...events] };
}
const sendable = (value) => written(value === GONE ? null : value).replace(/-?1e999/g, "1e308");
const bodies = (kinds, f) => kinds.map(([kind, value]) => f(kind, sendable(value)));

async function hostile_people(write_key) {
  const { names, events } = await properties(), kinds = Object.entries(leaf_kinds), wrong = [], when = new Date().toISOString();
  const text = JSON.stringify, sent = { taken: 0, refused: 0 };
  const send = async (path, body, bearer) => {
    const r = await ask("POST", path, body, bearer);
    if (r.status >= 500) wrong.push(`${path} was answered ${r.status} for ${body.slice(0, 120)}`);
    if (r.status < 300) sent.taken++; else sent.refused++;
  };
  for (const [who, bearer] of [["secret", key], ["public", write_key]]) {
    if (!bearer) continue;
    const user = `hostile-${who}-${seed}`, path = "/v1/batch";
    await send(path, `{"writeKey":${text(bearer)},"batch":[{"type":"identify","messageId":"${randomUUID()}","userId":"${user}","traits":{"name":${text(`Walker ${MARKUP}`)},"city":"Northport"}}]}`, bearer);
    for (const [kind, value] of kinds) {
      const v = sendable(value), every = names.map((n) => `${text(n)}:${v}`).join(","), event = events[Math.abs(hash(kind)) % events.length];
      const one = (properties, name = event) => `{"type":"track","messageId":"${randomUUID()}","userId":"${user}","event":${text(name)},"timestamp":"${when}","properties":{${properties}}}`;
      const each = names.map((n, i) => one(`${text(n)}:${v}`, events[i % events.length])).join(",");
      await send(path, `{"writeKey":${text(bearer)},"batch":[${one(every)},${each}]}`, bearer);
      await send(path, `{"writeKey":${text(bearer)},"batch":[{"type":"identify","messageId":"${randomUUID()}","userId":"${user}","traits":{"name":${v},"city":${v},"language":${v},"timezone":${v},"email":${v},"phone":${v},"birthday":${v},"trait_${hash(kind)}":${v}}}]}`, bearer);
      await send(path, `{"writeKey":${text(bearer)},"batch":[{"type":"track","messageId":"${randomUUID()}","userId":"${user}","event":${typeof value === "string" && value ? v : text(event)},"timestamp":${v},"context":{"channel":${v},"locale":${v},"timezone":${v},"touchpoint":${v},"page":{"url":${v},"title":${v}}},"properties":{"amount":${v},"currency":"EUR"}}]}`, bearer);
    }
  }
  for (const c of await hostile_cids()) for (const [kind, value] of kinds) await send(`/v1/customers/${c}/preferences`, `{"channel":"web","set":{"language":${sendable(value)},"withdrawal.note":${sendable(value)},"wish_${hash(kind)}":${sendable(value)}}}`, key);
  return { wrong, sent };
}
async function hostile_cids() {
  const out = [];
  for (const who of ["secret", "public"]) { const r = await ask("GET", `/v1/customers?q=${encodeURIComponent(`hostile-${who}-${seed}`)}`); for (const c of r.json?.customers ?? []) out.push(c.cid); }
  return [...new Set(out)];
}
async function kept_lane() {
  const session = await ask("POST", "/harbour/session", { person: "edith" });
  const { wrong, sent } = await hostile_people(session.json?.write_key);
  tell(wrong.length === 0 && sent.taken > 0, `fuzz_the_api_takes_or_refuses_each_value (${sent.taken} requests taken, ${sent.refused} refused)`, wrong.slice(0, 3).join("; "));
  const on = await stage(true), look = async (name, path, clicks = []) => {
    const view = new View(name, path, clicks, on, path.startsWith("/me"));
    on.change(null);
    on.kept.clear();
    const says = await view.draw();
    if (says.length) view.fail("with values the server keeps", says);
    return view.failures.length === 0;
  };
  await on.page.goto(`${base}/console`, { waitUntil: "load" });
  const cids = await hostile_cids();
  tell(cids.length > 0, "fuzz_hostile_customers_are_found", cids.length ? "" : "nobody was made");
  for (const [i, c] of cids.entries()) for (const [name, clicks] of [["card", [id("worth-why")]], ["card-decided", [id("decided")]], ["card-correct", [id("correct")]]]) {
    const ok = await look(`${name}_of_a_hostile_customer_${i}`, `/console/customers/${c}`, clicks);
    if (ok) tell(true, `fuzz_${name}_of_a_hostile_customer_${i}`); else failed++;
  }
  const around = shuffled(console_views.filter(([, p]) => !p.includes("{cid}")), dice(seed));
  for (const [name, path] of all ? around : around.slice(0, 9)) { const ok = await look(`${name}_with_hostile_customers`, path); if (ok) passed++; else failed++; }
  for (const user of signing ? [`hostile-secret-${seed}`, `hostile-public-${seed}`] : []) {
    await on.page.goto(`${base}/me/enter?token=${token(`user:${user}`)}`, { waitUntil: "load" });
    for (const path of portal_paths) { const ok = await look(`portal${path.replace(/\W+/g, "_")}_of_${user}`, path); if (ok) passed++; else failed++; }
  }
}
const id = (name) => `[data-testid="${name}"]`;

console.log(`fuzz: seed ${seed}, ${SECONDS === Infinity ? "everything" : `${SECONDS} seconds`}`);
const chosen = (list) => list.filter(([name]) => !only || `fuzz_${name}`.includes(only));
const halves = [[], []];
shuffled(chosen(console_views), dice(seed)).forEach((v, i) => halves[i % 2].push(v));
const second = async () => { if (!only || "fuzz_kept".includes(only)) await kept_lane(); if (chosen(whole_views).length) await whole_lane(shuffled(chosen(whole_views), dice(seed)), 0.7); if (halves[1].length) await console_lane(halves[1]); };
try { await Promise.all([halves[0].length ? console_lane(halves[0]) : null, second()]); } catch (error) { tell(false, "fuzz", error.stack); }
await browser.close();

let tried = 0, of = 0;
const every = new Map();
for (const v of views) {
  for (const f of v.leaves ?? []) every.set(f, (every.get(f) ?? new Set()));
  for (const d of v.done) { const [f, kind] = d.split(/=(?=[^=]*$)/); every.get(f)?.add(kind); }
  if (v.failures.length) failed++;
  else tell(true, `fuzz_${v.name} (${v.renders} times drawn, ${v.leaves?.length ?? 0} fields, ${v.structures?.length ?? 0} lists and objects)`);
}
for (const s of every.values()) { tried += [...s].filter((k) => k in leaf_kinds).length; of += Object.keys(leaf_kinds).length; }
if (skipped.length) console.log(`fuzz: no time was left to open: ${skipped.join(", ")}`);
console.log(`fuzz: ${every.size} fields × ${Object.keys(leaf_kinds).length} values: ${tried} of ${of} tried${tried < of ? ` in this run; --seed ${seed} repeats it, --all tries everything` : ""}; ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
