/* Claims on the demonstration's own tools: the simulator, the import and the checker. Run: node --test test/demo/ */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", ".."), folder = mkdtempSync(join(tmpdir(), "harbour-"));
after(() => rmSync(folder, { recursive: true }));

function simulate(name, ...flags) {
  const out = join(folder, `${name}.ndjson`), truth = join(folder, `${name}.json`);
  execFileSync("node", [join(root, "demo/simulate.mjs"), "--customers", "400", "--until", "2026-11-22T09:00:00Z", "--out", out, "--truth", truth, ...flags]);
  const text = readFileSync(out, "utf8");
  return { out, text, truth: JSON.parse(readFileSync(truth, "utf8")), get events() { return text.trimEnd().split("\n").map((line) => JSON.parse(line)); } };
}
const run = (file, flags) => new Promise((done) => execFile("node", [join(root, "demo", file), ...flags], (error, stdout, stderr) => done({ status: error?.code ?? 0, stdout, stderr })));
async function serve(handle, work) {
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    handle(request, Buffer.concat(parts), (status, value, headers) => { response.writeHead(status, { "Content-Type": "application/json", ...headers }); response.end(JSON.stringify(value)); });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try { return await work(`http://127.0.0.1:${server.address().port}`); } finally { server.closeAllConnections(); server.close(); }
}
const year = simulate("year"), events = year.events, { people, named, planted, shared_browsers: shared } = year.truth;

test("the same seed gives the same bytes, another seed another life", () => {
  assert.equal(simulate("again").text, year.text);
  assert.notEqual(simulate("other", "--seed", "6").text, year.text);
});

test("more customers change nobody's history", () => {
  const own = (all) => all.filter((e) => /^h5-20-/.test(e.messageId)).map((e) => JSON.stringify(e));
  assert.deepEqual(own(simulate("more", "--customers", "500").events), own(events));
});

test("events are in the order of time, within the year, with messageIds of their own", () => {
  assert.ok(events.every((e, i) => i === 0 || events[i - 1].timestamp <= e.timestamp));
  assert.ok(events.at(-1).timestamp < year.truth.until);
  assert.equal(new Set(events.map((e) => e.messageId)).size, events.length);
  assert.ok(events.every((e) => (e.userId || e.anonymousId) && e.context.channel && e.context.touchpoint));
  assert.equal(events.length, year.truth.counts.total);
});

test("Ana took 80 in 50, 20 and 10 on nine of the last eleven Fridays", () => {
  const fridays = events.filter((e) => e.userId === "ana" && e.event === "Cash Withdrawn" && new Date(e.timestamp).getUTCDay() === 5);
  const usual = fridays.filter((e) => e.properties.amount === 80 && e.properties.notes.join() === "50,20,10");
  assert.deepEqual([usual.length, fridays.length], [named.ana.hits, named.ana.of]);
  assert.ok(fridays.every((e) => e.timestamp > named.ana.agreed));
  assert.equal(fridays.at(-1).timestamp.slice(0, 10), "2026-11-20");
  assert.ok(!events.some((e) => e.userId === "ana" && e.name === "loans"));
});

test("nobody is asked before the yes or after the no, and the truth about ideas is that of the events", () => {
  const span = new Map(people.flatMap((p) => p.user_ids.map((user) => [user, [p.consented.research ?? "9", p.withdrawn.research ?? "9"]])));
  const asked = events.filter((e) => ["Question Asked", "Preference Ranked", "Recommendation Given", "Effort Given"].includes(e.event));
  const given = new Map(events.filter((e) => e.event === "Consent Given" && e.properties.purpose === "research").map((e) => [e.userId, e.timestamp]));
  assert.ok(asked.length > 50);
  for (const e of asked) assert.ok(e.timestamp > given.get(e.userId) && e.timestamp <= span.get(e.userId)[1], `${e.userId} is asked at ${e.timestamp}`);
  const times = new Map();
  for (const e of events.filter((e) => e.event === "Question Asked")) times.set(e.userId, [...(times.get(e.userId) ?? []), Date.parse(e.timestamp)]);
  for (const [user, all] of times) assert.ok(all.every((t, i) => i === 0 || t - all[i - 1] >= 30 * 86400_000), `${user} is asked twice within thirty days`);
  for (const { idea, votes } of year.truth.voice.ideas) {
    const of = (name) => events.filter((e) => e.event === name && e.properties.idea === idea).length;
    assert.equal(of("Idea Supported") - of("Idea Support Withdrawn"), votes);
    assert.equal(of("Idea Proposed"), 1);
  }
});

test("Ben agreed to nothing", () => assert.ok(!events.some((e) => e.userId === "ben" && e.event === "Consent Given")));

test("no consent in the history comes from a preset control, and each carries its text", () => {
  const given = events.filter((e) => e.event === "Consent Given");
  assert.ok(given.length > 300);
  assert.ok(given.every((e) => e.properties.control.preset === false && e.properties.text.length > 20 && e.properties.version === "1"));
});

test("what is planted is in the events: whose card failed has phoned", () => {
  const failed = planted.find((p) => p.spot === "card-activation"), users = new Set(failed.people.map((id) => people.find((p) => p.id === id).user_ids[0]));
  const called = new Set(events.filter((e) => e.event === "Call Started" && e.properties.reason === "card activation").map((e) => e.userId));
  assert.ok(failed.size > 10);
  assert.deepEqual(called, users);
});

test("open bills of the truth were issued and never paid", () => {
  const paid = new Set(events.filter((e) => e.event === "Bill Paid").map((e) => e.properties.bill_id)), issued = new Set(events.filter((e) => e.event === "Bill Issued").map((e) => e.properties.bill_id));
  const open = people.flatMap((p) => p.open_bills);
  assert.ok(open.length > 20);
  assert.ok(open.every((id) => issued.has(id) && !paid.has(id)));
  assert.equal(issued.size - paid.size, open.length);
});

test("what the truth says of the shop follows from the orders and what went back", () => {
  const shoppers = people.filter((p) => p.bought), has = new Map();
  assert.ok(shoppers.length > 50);
  for (const e of events.filter((e) => /^Order (Completed|Refunded)$/.test(e.event)))
    for (const { product_id: id } of e.properties.products) {
      const key = `${e.userId ? `user:${e.userId}` : e.anonymousId} ${id}`;
      has.set(key, (has.get(key) ?? 0) + (e.event === "Order Completed" ? 1 : -1));
    }
  for (const { bought } of shoppers.filter((p) => p.bought.identifier.startsWith("user:")))
    assert.deepEqual([...bought.owns, ...bought.uses].map((b) => b.product).sort(), [...has].filter(([key, n]) => n > 0 && key.startsWith(`${bought.identifier} `)).map(([key]) => key.split(" ")[1]).sort());
});

test("Ana buys coffee every 30 days, and the next is due in three", () => {
  const bought = events.filter((e) => e.userId === "ana" && e.event === "Order Completed").map((e) => Date.parse(e.timestamp.slice(0, 10)) / 86400_000);
  assert.deepEqual(bought.slice(1).map((day, i) => day - bought[i]), [30, 30, 30]);
  assert.equal(bought.at(-1) + 30 - Date.parse(year.truth.until.slice(0, 10)) / 86400_000, named.ana.coffee_due_days);
});

test("two at one browser both sign in there, and nothing is anonymous on it", () => {
  assert.ok(shared.length > 0);
  for (const { anonymous_id: browser, user_ids: users } of shared)
    assert.ok(events.filter((e) => e.anonymousId === browser).every((e) => users.includes(e.userId)));
});

test("the import keeps each customer's order, repeats what was refused for now, and sends all", async () => {
  const seen = new Map(), ids = new Set();
  let asked = 0, disorder = 0;
  await serve((request, body, answer) => {
    assert.equal(request.headers.authorization, "Bearer secret");
    if (++asked % 20 === 0) { answer(asked % 40 ? 429 : 503, {}, { "Retry-After": "0" }); return; }
    const { batch } = JSON.parse(body);
    assert.ok(batch.length <= 400 && body.length <= 401_000);
    for (const e of batch) {
      const who = e.userId ?? e.anonymousId;
      disorder += (seen.get(who) ?? "") > e.timestamp;
      seen.set(who, e.timestamp); ids.add(e.messageId);
    }
    answer(200, { success: true });
  }, async (base) => {
    const { status, stdout } = await run("import.mjs", ["--base", base, "--key", "secret", "--in", year.out]);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^${events.length} events sent, 0 rejected, \\d+ events/s`));
  });
  assert.equal(ids.size, events.length);
  assert.equal(disorder, 0);
});

test("the import fails when events are refused, and says why", () => serve((_, __, answer) => answer(200, { rejected: [{ messageId: "h5-0-1", code: "too_old" }] }), async (base) => {
  const { status, stderr } = await run("import.mjs", ["--base", base, "--key", "secret", "--in", year.out]);
  assert.equal(status, 1);
  assert.match(stderr, /too_old/);
}));

const check = (base, ...flags) => run("check.mjs", ["--base", base, "--key", "secret", "--truth", join(folder, "year.json"), ...flags]);

test("a check without a server fails with a line for each step", async () => {
  const { status, stdout } = await check("http://127.0.0.1:1", "--claimed", "2,24", "--compare", "no");
  assert.equal(status, 1);
  assert.match(stdout, /^02 -- .*ECONNREFUSED/m);
  assert.match(stdout, /^24 -- .*ECONNREFUSED/m);
  assert.match(stdout, /^0 of 2 claimed steps ok/m);
});

test("a claim that names no step is a mistake in the command", async () => assert.equal((await check("http://127.0.0.1:1", "--claimed", "35")).status, 2));

/* All goods but what this person has, and what is not used up. */
function shelfOf(identifier, fault) {
  const { bought } = people.find((p) => p.bought?.identifier === identifier), until = Date.parse(year.truth.until);
  const owned = bought.owns.flatMap(({ category }) => year.truth.shop.categories[category].goods);
  const early = bought.uses.filter(({ bought: when, cycle_days }) => until - Date.parse(when) < 0.8 * cycle_days * 86400_000).map(({ product }) => product);
  return Object.values(year.truth.shop.categories).flatMap((c) => c.goods).filter((g) => (fault === "twice" || !owned.includes(g)) && (fault === "early" || !early.includes(g))).map((value) => ({ value }));
}

/* A server that knows the truth, with one fault. */
function oracle(fault) {
  const cids = new Map(), habits = new Map(), open = new Map();
  let n = 0;
  for (const p of people) {
    for (const g of p.groups) { n++; for (const id of [...g.user_ids.map((u) => `user:${u}`), ...g.emails.map((e) => `email:${e}`), ...g.anonymous_ids.map((a) => `anonymousId:${a}`)]) cids.set(id, fault === "joined" && n % 50 === 0 ? `c${n - 1}` : `c${n}`); }
    if (!p.user_ids.length) continue;
    if (p.habit && ("personalisation" in p.consented || fault === "no wall")) habits.set(`user:${p.user_ids[0]}`, p.habit.next);
    open.set(p.user_ids[0], p.open_bills.map((matter) => ({ matter, state: "open" })));
  }
  const worths = new Map(people.filter((p) => p.user_ids.length).map((p) => [cids.get(`user:${p.user_ids[0]}`), p])), { worth } = year.truth;
  const member = (p, w) => ({ customer: { identifiers: [`user:${w.user_id}`] }, reasons: [], named: w.user_id && "analytics" in p.consented });
  for (const visitor of year.truth.visitors) cids.set(`anonymousId:${visitor}`, `c${++n}`);
  return (request, body, answer) => {
    const url = new URL(request.url, "http://x"), identifier = url.searchParams.get("identifier");
    if (url.pathname === "/v1/decide") {
      const { customer, context, surface } = JSON.parse(body);
      if (surface === "shop-home") return answer(200, { at: year.truth.until, guess: true, withheld: [], options: shelfOf(customer.identifier, fault) });
      const next = habits.get(customer.identifier), offers = next && next.now === context.now;
      return answer(200, { options: [...(offers ? [{ value: next.value, with: { notes: fault === "notes" ? [10] : next.notes }, usual: true }] : []), { value: 20 }] });
    }
    if (url.pathname === "/v1/categories") return answer(200, { customers: n, categories: Object.entries(year.truth.shop.categories).map(([category, c]) => ({ category, declared: false, class: fault === "classes" && category === "pans" ? "consumable" : c.class, ...(c.cycle_days ? { cycle_days: c.cycle_days * (fault === "cycles" ? 1.2 : 1.1) } : {}) })) });
    if (url.pathname === "/v1/track") {
      const { userId, properties } = JSON.parse(body), matter = open.get(userId).find((m) => m.matter === properties.bill_id);
      if (fault !== "deaf") matter.state = "done";
      return answer(200, { success: true });
    }
    if (url.pathname === "/v1/broken") {
      const of = 1000, spots = year.truth.planted.map(({ spot, signal, size }) => { const k = size * (fault === "smaller" ? 0.5 : 1); return { spot, signals: [{ signal, customers: k, of, low: 0.9 * k / of, high: 1.1 * k / of }] }; });
      return answer(200, { broken: spots.length, spots });
    }
    const { voice } = year.truth, around = (value, half) => ({ value, low: value - half, high: value + half });
    if (url.pathname === "/v1/preference")
      return answer(200, { first: { ...around(voice.first + (fault === "flattered" ? 0.2 : 0), 0.05), n: voice.answered }, warning_change: around(voice.price[1] - voice.price[0], 0.1) });
    if (url.pathname === "/v1/ideas")
      return answer(200, { ideas: voice.ideas.map((i) => ({ ...i, votes: i.votes < 10 ? null : i.votes + (fault === "votes" ? 1 : 0), tried: i.tried < 10 ? null : i.tried })) });
    if (url.pathname === "/v1/worth") return answer(200, { customers: worth.customers, profit: (worth.profit + (fault === "a cent" ? 100 : 0)) / 10000, below: { n: worth.below } });
    if (url.pathname.startsWith("/v1/segments/")) {
      const members = people.flatMap((p) => p.worth.filter((w) => w.segments.includes(url.pathname.slice(13))).map((w) => member(p, w)));
      return answer(200, { members: members.length, customers: members.filter((m) => m.named).slice(fault === "a member" ? 1 : 0), next: null });
    }
    if (url.pathname.endsWith("/value")) {
      const person = worths.get(url.pathname.split("/")[3]), profit = person.worth[0].profit / 10000;
      return answer(200, { profit, lines: [{ profit }], need: { name: fault === "needs" ? "cash" : person.need } });
    }
    if (!identifier) return answer(200, { total: n });
    return cids.has(identifier) ? answer(200, { cid: cids.get(identifier), open: open.get(identifier.slice(5)) ?? [] }) : answer(404, {});
  };
}

test("a server that finds the truth passes all comparisons", () => serve(oracle(null), async (base) => {
  assert.match((await check(base, "--claimed", "2")).stdout, /(\d+) of \1 comparisons with the truth ok/);
}));

/* Two customers joined wrongly are wrong in what they are worth as well. */
for (const [fault, line, wrong = 1] of [["no wall", "no consent, or withdrawn"], ["notes", "habit known"], ["joined", "customers:", 2], ["flattered", "preference:"], ["votes", "ideas:"],
  ["a cent", "profit:"], ["a member", "segments, "], ["needs", "needs:"], ["smaller", "broken:"], ["classes", "bought by"], ["cycles", "bought by"], ["twice", "offered again"], ["early", "offered again"]])
  test(`the comparisons notice this fault: ${fault}`, () => serve(oracle(fault), async (base) => {
    const { status, stdout } = await check(base, "--claimed", "2"), [, right, of] = /(\d+) of (\d+) comparisons with the truth ok/.exec(stdout);
    assert.equal(status, 1);
    assert.match(stdout, new RegExp(`^truth -- ${line}`, "m"));
    const [, ok, all] = /(\d+) of (\d+) comparisons with the truth ok/.exec(stdout);
    assert.equal(Number(ok), Number(all) - wrong);
  }));
