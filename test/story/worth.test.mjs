/*
 * What customers are worth and what they need, one by one (A2); segments that are true at the moment of asking, and profit by the price
 * list (D5); what was given and got, shown to both sides (C5, in part).
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, refused, Server, track } from "./server.mjs";

const configuration = { name: "worth.yaml", text: `kind: purpose
name: analytics
title: Learn from me
text: We count your visits.
version: 1
---
kind: purpose
name: marketing
title: Offers
text: We tell you about offers.
version: 1
---
kind: price-list
name: p
currency: EUR
minute: {phone: .90}
customer_minute: .20
goal: {profit: .25, minutes: 5, learns: [Rating Given]}
lines:
  - {event: Order Completed, margin: 22%, cost: 1.10, gives: 10%}
  - {event: Call Started, minutes: 6, wastes: 8}
  - {event: Bill Issued, cost: .08, ours: true}
---
kind: need
name: shop
title: Shop well
on: [{event: Order Completed}]
---
kind: need
name: talk
title: Talk to somebody
on: [{event: Call Started}]
---
kind: segment
name: shops-often
title: Shops often
rule: did "Order Completed" where total > 10 at least 3 times in the last 90 days
purpose: analytics
---
kind: segment
name: offers-in-german
title: Offers in German
rule: trait.language is "de" and in segment shops-often
purpose: marketing
` };

describe("worth, needs and segments", () => {
  let server;
  const now = Date.now();
  before(async () => { server = await Server.start({ files: [configuration] }); });
  after(() => server.end());

  const user = (id) => ({ userId: id });
  const cidOf = async (id) => (await server.card(`user:${id}`)).cid;
  const agree = async (id, purpose, yes = true) => ok(await server.post(`/v1/customers/${await cidOf(id)}/consents`, { purpose, answer: yes ? "yes" : "no", control: { preset: false } }));
  const order = (id, daysAgo, total = 20) => track(user(id), "Order Completed", { total, currency: "EUR" }, { timestamp: iso(now - daysAgo * DAY), context: { channel: "web" } });
  const call = (id, daysAgo) => track(user(id), "Call Started", {}, { timestamp: iso(now - daysAgo * DAY), context: { channel: "phone" } });
  const value = async (id) => ok(await server.get(`/v1/customers/${await cidOf(id)}/value`));
  const segment = async (name, query = "") => ok(await server.get(`/v1/segments/${name}${query}`));
  const names = (answer) => answer.customers.map((m) => m.customer.identifiers.find((i) => i.startsWith("user:")).slice(5)).sort();
  const known = (id, traits = { name: id }) => ({ type: "identify", messageId: `${id}-${Math.random()}`, userId: id, traits });

  test("before anything happened there is nothing to show, and the answer says what to do", async () => {
    assert.equal((await server.get("/v1/worth")).status, 404);
    refused(await server.get("/v1/segments/shops-oftne"), 404, "no_segment");
    refused(await server.get("/v1/worth/customers?group=worth:best"), 400, "bad_group");
  });

  test("the value of one customer is n times price, line by line, each naming its events", async () => {
    await server.send([known("eva")]);
    await agree("eva", "analytics");
    await server.send([order("eva", 40), order("eva", 20, 50.5), order("eva", 3), call("eva", 10), track(user("eva"), "Bill Issued", {}, { context: { channel: "post" } })]);
    const { lines, profit, got_total: got, stars } = await value("eva");
    const bought = lines.find((l) => l.event === "Order Completed"), called = lines.find((l) => l.event === "Call Started");
    assert.deepEqual([bought.n, bought.value, bought.income, bought.cost, bought.profit], [3, 90.5, 19.91, 3.3, 16.61]);
    assert.deepEqual([called.n, called.minutes, called.profit], [1, 6, -5.4]);
    assert.equal(profit, 11.13);
    assert.equal(got, 7.45, "a tenth of 90.50 as points, less eight minutes at .20");
    const events = (await server.timeline(await cidOf("eva"))).filter((e) => e.name === "Order Completed").map((e) => e.event);
    assert.deepEqual([...bought.events].sort(), events.sort());
    assert.equal(stars.contacts, 4, "three orders and a call; a letter that the company sent is no contact, nor is what came before the yes");
    assert.deepEqual(stars.last.map((s) => [s.name, s.stars]), [["Order Completed", 4], ["Call Started", 1], ["Order Completed", 4], ["Order Completed", 4]]);
    assert.match(stars.last[1].why, /^Cost 5\.40 EUR in 6 minutes of staff, where 5 is the goal\.$/);
  });

  test("who did not agree is not valued one by one: nothing is said but that", async () => {
    await server.send([order("mute", 5), known("mute")]);
    const answer = await value("mute");
    assert.deepEqual(answer.withheld.map((w) => w.what), ["worth"]);
    for (const key of ["profit", "lines", "got", "stars", "rfm", "place", "need"]) assert.equal(answer[key], undefined, key);
    assert.deepEqual((await server.card("user:mute")).segments, []);
  });

  test("segments follow each event, and each atom says its number", async () => {
    const why = async (id) => (await server.card(`user:${id}`)).segments.find((s) => s.segment === "shops-often")?.reasons[0].says;
    await server.send([known("kim")]);
    await agree("kim", "analytics");
    await server.send([order("kim", 80), order("kim", 2), order("kim", 1, 5)]);
    assert.equal(await why("kim"), undefined, "one of three was too small");
    await server.send([order("kim", 0.01)]);
    assert.match(await why("kim"), /^3 of 3; leaves on \d+ \w+ \d{4} unless it happens again$/);
  });

  test("time passing ends a membership, to the second", async () => {
    const at = (ms) => segment("shops-often", `?at=${iso(ms)}`);
    const before = now - 80 * DAY + 90 * DAY;
    const countAt = async (ms) => (await at(ms)).members;
    for (let i = 0; i < 12; i++) {
      await server.send([known(`t${i}`)]);
      await agree(`t${i}`, "analytics");
    }
    await server.send(Array.from({ length: 12 }, (_, i) => [order(`t${i}`, 80), order(`t${i}`, 70), order(`t${i}`, 60)]).flat());
    assert.equal(await countAt(before - 2000), 14, "twelve, Eva and Kim");
    assert.equal(await countAt(before + 2000), null, "Eva is too few to be shown");
  });

  test("an event from before the yes does not count, and a no ends it at once", async () => {
    await server.send([known("early"), order("early", 9), order("early", 8), order("early", 7)]);
    await agree("early", "analytics");
    assert.ok(!names(await segment("shops-often", "?n=200")).includes("early"));
    await server.send([order("early", 6), order("early", 5), order("early", 4)]);
    assert.ok(names(await segment("shops-often", "?n=200")).includes("early"));
    await agree("early", "analytics", false);
    const { withheld, customers } = await segment("shops-often", "?n=200");
    assert.ok(withheld >= 2 && !JSON.stringify(customers).includes("early"));
  });

  test("a segment for another purpose asks for that purpose, and a member's list for analytics as well", async () => {
    for (let i = 0; i < 12; i++) {
      await server.send([known(`t${i}`, { language: "de" })]);
      if (i < 11) await agree(`t${i}`, "marketing");
    }
    const answer = await segment("offers-in-german", "?n=5");
    assert.equal(answer.members, 11);
    assert.equal(answer.customers.length, 5);
    const rest = await segment("offers-in-german", `?n=200&after=${answer.next}`);
    assert.deepEqual([...names(answer), ...names(rest)].sort(), Array.from({ length: 11 }, (_, i) => `t${i}`).sort());
    assert.equal(rest.next, null);
    await agree("t3", "analytics", false);
    assert.equal((await segment("offers-in-german")).members, 10, "whether t3 shops often is not known any more");
    await agree("t4", "marketing", false);
    const fewer = await segment("offers-in-german", "?n=200");
    assert.deepEqual([fewer.members, fewer.hidden, fewer.customers], [null, true, []], "nine are too few to be shown");
  });

  test("groups cross worth with need, and a figure opens to those who agreed", async () => {
    await server.send(Array.from({ length: 15 }, (_, i) => [known(`c${i}`), ...Array.from({ length: 6 }, (_, k) => call(`c${i}`, 10 + k))]).flat());
    for (let i = 0; i < 15; i++) if (i % 3) await agree(`c${i}`, "analytics");
    const at = `at=${iso(Date.now() + 1000)}`;
    const worth = ok(await server.get(`/v1/worth?${at}`)), group = worth.groups.find((g) => g.worth === "below" && g.need === "talk");
    assert.equal(group.customers, 15);
    assert.equal(group.profit, -486, "fifteen times six calls of 5.40");
    assert.equal(worth.curve.length, 21);
    assert.ok(worth.peak > worth.profit);
    for (const point of worth.curve) assert.equal(point.profit === null, point.customers > 0 && point.customers < 10, `the curve names nobody: ${JSON.stringify(point)}`);
    const cuts = Object.values(worth.cuts).flat();
    for (const cut of cuts) assert.ok(cut.hidden ? cut.from === null && cut.to === null : cut.customers === 0 || cut.customers >= 10, `a rank names nobody: ${JSON.stringify(cut)}`);
    assert.ok(worth.curve.some((point) => point.profit === null) && cuts.some((cut) => cut.hidden), "something was too small");
    assert.deepEqual(worth.lines.map((l) => [l.event, l.serves]), [["Order Completed", "both"], ["Call Started", "neither"]], "the letter went to too few to be shown");
    const all = worth.tiers.reduce((sum, t) => sum + (t.customers ?? 0), 0);
    assert.ok(all <= worth.customers);
    const behind = ok(await server.get(`/v1/worth/customers?group=worth:below,need:talk&${at}`));
    assert.deepEqual([behind.total, behind.agreed, behind.withheld], [15, 10, 5]);
    assert.ok(behind.customers.every((c) => c.identifiers.some((i) => /^user:c\d+$/.test(i))));
    assert.equal((await value("c1")).profit, -32.4, "the lines are of this moment");
  });

  test("a group that is too small cannot be told from the totals", async () => {
    const worth = ok(await server.get(`/v1/worth?at=${iso(Date.now() + 1500)}`));
    for (const line of [...worth.needs.map((n) => worth.groups.filter((g) => g.need === n.need)), ...worth.tiers.map((t) => worth.groups.filter((g) => g.worth === t.worth))]) {
      const hidden = line.filter((g) => g.customers === null).length, shown = line.filter((g) => g.customers > 0).length;
      assert.ok(hidden !== 1 || shown === 0, JSON.stringify(line));
    }
    const closed = worth.groups.filter((g) => g.customers === null);
    assert.ok(closed.length > 0, "something was too small");
    for (const g of closed) assert.equal(ok(await server.get(`/v1/worth/customers?group=worth:${g.worth},need:${g.need}&at=${worth.at}`)).hidden, true);
  });

  test("what was given and got makes cells of those who agreed alone", async () => {
    const { reciprocity: r, customers } = ok(await server.get(`/v1/worth?at=${iso(Date.now() + 2000)}`));
    assert.equal(r.agreed + r.withheld, customers);
    assert.ok(r.cells.every((c) => c.customers === null || c.share.of === r.agreed));
  });

  test("the customer sees the groups, the stars and both sides, and nothing without a yes", async () => {
    const page = async (id) => {
      const entered = await server.get(`/me/enter?token=${server.token(`user:${id}`)}`, { key: null });
      return (await server.get("/me", { key: null, headers: { Cookie: entered.headers["set-cookie"][0].split(";")[0] } })).text;
    };
    const eva = await page("eva"), mute = await page("mute");
    assert.match(eva, /data-segment="shops-often"[\s\S]*You did &quot;Order Completed&quot; where total &gt; 10/);
    assert.match(eva, /We give your contacts 3\.3 of 5 stars on average, over 4 of them/);
    assert.match(eva, /you brought us 11\.13 EUR, and you got time and rewards worth 7\.45 EUR/);
    assert.match(mute, /You are counted in no group/);
    assert.match(mute, /We give you none/);
    assert.doesNotMatch(mute, /data-star|data-balance/);
  });

  test("everything is the same after kill -9", async () => {
    const before = await segment("shops-often", "?n=200"), eva = await value("eva");
    await server.kill();
    await server.up();
    const again = await segment("shops-often", `?n=200`);
    assert.deepEqual([again.members, names(again)], [before.members, names(before)]);
    assert.deepEqual((await value("eva")).lines, eva.lines);
  });

  test("a rule that cannot be read is refused with its place and the nearest word", async () => {
    const answer = await server.put("/v1/configuration/segment/new", { title: "x", rule: "did \"Order Completed\" at lest 3 times", purpose: "analytics" });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /did you mean \\"least\\"\?.*at \^lest 3 times/);
  });
});

describe("each of the last contacts", () => {
  let server, cid;
  const now = Date.now(), who = { userId: "nora" };
  const at = (event, minutes, channel, properties = {}) => track(who, event, properties, { timestamp: iso(now - minutes * 60000), context: { channel } });
  before(async () => {
    server = await Server.start();
    await server.send([track(who, "Consent Given", { purpose: "analytics", text: "x", version: "1", control: { preset: false } })]);
    await server.send([at("Bill Issued", 600, "post", { bill_id: "b1", payee: "City Water", amount: 82.4, currency: "EUR" }), at("Call Started", 500, "phone", { reason: "A wrong amount" }),
      at("Bill Paid", 300, "app", { bill_id: "b1", amount: 82.4, currency: "EUR" }), at("Rating Given", 299, "app", { stars: 4 }), at("Cash Withdrawn", 100, "machine", { amount: 50 })]);
    ({ cid } = await server.card("user:nora"));
  });
  after(() => server.end());

  test("says why the customer came, asked or inferred, and what each side got out of it", async () => {
    const [cash, paid, call] = ok(await server.get(`/v1/customers/${cid}/value`)).stars.last;
    assert.deepEqual(call.reason, { text: "A wrong amount", marked: "asked" });
    assert.deepEqual([call.company, call.customer], [{ profit: -5.4, minutes: 6, learned: null }, { got: 0.9, minutes_saved: 0, minutes_wasted: 8, settled: [] }]); /* 6 × .90; 2.50 less 8 × .20 */
    assert.equal(paid.reason.marked, "inferred");
    assert.match(paid.reason.text, /City Water/);
    assert.deepEqual([paid.company, paid.customer], [{ profit: 0.93, minutes: 0, learned: "what was thought of it" }, { got: 3.6, minutes_saved: 18, minutes_wasted: 0, settled: [paid.reason.text] }]);
    assert.deepEqual([cash.reason, cash.customer.minutes_saved], [{ text: "Cash Withdrawn", marked: "inferred" }, 6]);
  });

  test("and the customer reads the same", async () => {
    const entered = await server.get(`/me/enter?token=${server.token("user:nora")}`, { key: null });
    const text = (await server.get("/me", { key: null, headers: { Cookie: entered.headers["set-cookie"][0].split(";")[0] } })).text.replace(/<[^>]+>/g, "");
    assert.match(text, /You came for: A wrong amount \(you said so\)\. You lost 8 minutes\. All together it was worth 0\.90 EUR to you\./);
    assert.match(text, /City Water[^.]* \(a guess, from what you did\)\. You saved 18 minutes\. All together it was worth 3\.60 EUR to you\. This was settled: [^.]*City Water\./);
  });
});

describe("the company's stars by month", () => {
  let server;
  const now = Date.now(), AGREED = 16, MUTE = 4, JUDGED = 0.05;
  const at = (user, event, days, channel, properties = {}) => track({ userId: user }, event, properties, { timestamp: iso(now - days * DAY), context: { channel } });
  const files = (goal) => [{ name: "worth.yaml", text: configuration.text.replace("learns: [Rating Given]}", `learns: [Rating Given]${goal}}`) }];
  before(async () => { server = await Server.start({ files: files(", stars: 3.5") }); });
  after(() => server.end());

  test("are none while too few have come, and without prices the answer says what to do", async () => {
    const none = ok(await server.get("/v1/worth/stars"));
    assert.match(none.sentence, /Too few customers who agreed came this month: 10 are needed/);
    assert.deepEqual([none.goal, none.months.length, none.months.every((m) => m.hidden)], [3.5, 12, true]);
  });

  test("stand against the goal, with their interval, of those who agreed, and judged as on their cards", async () => {
    const events = Array.from({ length: AGREED + MUTE }, (_, i) => `w${i}`).flatMap((user, i) => [
      ...(i < AGREED ? [track({ userId: user }, "Consent Given", { purpose: "analytics", text: "x", version: "1", control: { preset: false } }, { timestamp: iso(now - 200 * DAY) })] : [])]);
    await server.send(events);
    await server.send(Array.from({ length: AGREED + MUTE }, (_, i) => `w${i}`).flatMap((user, i) => [
      at(user, "Order Completed", 5, "web", { total: 20 + i }), ...(i % 4 === 0 ? [at(user, "Call Started", 6, "phone")] : []), ...(i < 12 ? [at(user, "Call Started", 50, "phone")] : []), ...(i < 5 ? [at(user, "Order Completed", 80, "web", { total: 20 })] : [])]));
    const stars = ok(await server.get("/v1/worth/stars")), [longAgo, before, current] = stars.months.slice(-3);
    const cards = await Promise.all(Array.from({ length: AGREED }, async (_, i) => ok(await server.get(`/v1/customers/${(await server.card(`user:w${i}`)).cid}/value`)).stars.last));
    const inMonth = (from, to) => cards.flat().filter((c) => { const days = (now - new Date(c.start)) / DAY; return days >= from && days < to; });
    const mean = (contacts) => contacts.reduce((sum, c) => sum + c.stars, 0) / contacts.length;
    assert.deepEqual([stars.looked_at, current.customers, current.contacts], [AGREED, AGREED, inMonth(0, 30).length]);
    assert.ok(Math.abs(current.value - mean(inMonth(0, 30))) < 1e-9);
    assert.ok(current.low < current.value && current.value < current.high && current.high - current.low < 2);
    assert.equal(current.against_goal, current.low > 3.5 ? "above" : current.high < 3.5 ? "below" : "open");
    assert.ok(Math.abs(current.profit_a_contact - inMonth(0, 30).reduce((sum, c) => sum + c.company.profit, 0) / current.contacts) < JUDGED);
    assert.deepEqual([before.value, before.low, before.high, before.customers, before.against_goal, before.minutes_a_contact], [1, 1, 1, 12, "below", 6]);
    assert.equal(longAgo.hidden, true); /* Five customers. */
    assert.match(stars.sentence, new RegExp(`^A contact of this month gets ${current.value.toFixed(2)} of 5 stars`));
  });

  test("without a goal there is none, and one that is no number of stars is refused", async () => {
    ok(await server.post("/v1/configuration", { files: files("") }));
    const { goal, months } = ok(await server.get("/v1/worth/stars"));
    assert.deepEqual([goal, months[11].against_goal, months[11].hidden], [null, undefined, false]);
    const wrong = await server.post("/v1/configuration", { files: files(", stars: 7") });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /A month aims at 1 to 5 stars/);
  });
});
