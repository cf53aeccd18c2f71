/* Why, and what would have changed it: found by deciding again, and true of a twin who lived so. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, Server, track, uuid } from "./server.mjs";

const SURFACE = "machine-withdrawal", now = Date.now() - 60_000;
let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

async function agreed(userId, yes = true) {
  await server.send([{ type: "identify", messageId: uuid(), userId, traits: { name: userId } }]);
  const { cid } = await server.card(`user:${userId}`);
  ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: yes ? "yes" : "no", channel: "app", text: "as shown" }));
  return cid;
}
/* @times: how long before now, in days. */
const withdrew = (userId, amount, times) => server.send(times.map((days) => track({ userId }, "Cash Withdrawn", { amount, notes: "20x4" }, { timestamp: iso(now - days * DAY), context: { channel: "machine", touchpoint: "machine.withdrawal" } })));
const decide = (userId, surface = SURFACE) => server.decide(`user:${userId}`, surface, { context: { now: iso(now) } });
const first = (decision) => String(decision.options[0].value);
const explained = async (cid, { decision }) => ok(await server.get(`/v1/customers/${cid}/decisions/${decision}`));
const weeks = (n, from = 1) => Array.from({ length: n }, (_, i) => (from + i) * 7);

describe("what would have changed a decision", () => {
  test("the least of the newest that had not been, and one fewer changes nothing", async () => {
    const cid = await agreed("has-habit");
    await withdrew("has-habit", 80, weeks(14));
    const decision = await decide("has-habit");
    assert.equal(first(decision), "80");
    const { same, otherwise } = await explained(cid, decision);
    assert.equal(same, true);
    assert.ok(otherwise.found && !otherwise.more && !otherwise.agreed, JSON.stringify(otherwise));
    assert.deepEqual([otherwise.name, otherwise.was, otherwise.place], ["Cash Withdrawn", "80", 1]);
    assert.match(otherwise.sentence, /^Without the last \d+ “Cash Withdrawn”, the newest of \d{4}-\d\d-\d\d, first would have stood “\d+”, not “80”\.$/);
    for (const [twin, left, wanted] of [["twin-without", 14 - otherwise.n, otherwise.would], ["twin-with-one-more", 15 - otherwise.n, "80"]]) {
      await agreed(twin);
      await withdrew(twin, 80, weeks(left, 15 - left));
      assert.equal(first(await decide(twin)), wanted, twin);
    }
  });
  test("how often more it had to come, where there is no habit yet", async () => {
    const cid = await agreed("nearly");
    await withdrew("nearly", 70, [14 * 7 + 1, 15 * 7 + 1]);
    const decision = await decide("nearly");
    assert.equal(decision.guess, false);
    const { otherwise } = await explained(cid, decision);
    assert.ok(otherwise.found && otherwise.more, JSON.stringify(otherwise));
    assert.equal(otherwise.would, "70");
    for (const [twin, more, wanted] of [["twin-more", otherwise.n, "70"], ["twin-not-enough", otherwise.n - 1, first(decision)]]) {
      await agreed(twin);
      await withdrew(twin, 70, [14 * 7 + 1, 15 * 7 + 1, ...weeks(more)]);
      assert.equal(first(await decide(twin)), wanted, twin);
    }
  });
  test("a yes, where what was learned was not read for want of it; and then it is so", async () => {
    const cid = await agreed("took-it-back");
    await withdrew("took-it-back", 90, weeks(14));
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: "no", channel: "web", text: "as shown" }));
    const decision = await decide("took-it-back");
    const { otherwise } = await explained(cid, decision);
    assert.ok(otherwise.found && otherwise.agreed, JSON.stringify(otherwise));
    assert.equal(otherwise.would, "90");
    assert.match(otherwise.sentence, /^With a yes to “.+”, first would have stood “90”, not “\d+”\.$/);
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: "yes", channel: "web", text: "as shown" }));
    assert.equal(first(await decide("took-it-back")), "90");
  });
  test("a menu's order, too; and of somebody nothing is known of, nothing would have", async () => {
    const cid = await agreed("menu-user");
    ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "menu.app-home.mode": "do" } }));
    await server.send([...Array(60)].map((_, i) => ({ type: "screen", name: "share-prices", messageId: uuid(), userId: "menu-user", timestamp: iso(now - (i + 1) * DAY), context: { channel: "app" } })));
    await decide("menu-user", "app-home");
    const second = await decide("menu-user", "app-home");
    const a = await explained(cid, second);
    assert.equal(a.same, true);
    assert.equal(typeof a.otherwise.found, "boolean");
    const stranger = await agreed("stranger");
    const { otherwise } = await explained(stranger, await decide("stranger"));
    assert.deepEqual(otherwise, { found: false, tried: 0 });
  });
});

describe("decisions made again", () => {
  test("come out the same, all of them, whatever came in between", async () => {
    const people = ["re-a", "re-b", "re-c", "re-d"], surfaces = [SURFACE, "app-home"];
    for (const [i, userId] of people.entries()) await agreed(userId, i !== 3);
    let made = 0;
    for (let round = 0; round < 60; round++) {
      await Promise.all(people.map((userId, i) => server.send([track({ userId }, "Cash Withdrawn", { amount: 20 + 10 * ((round * (i + 1)) % 5) }, { timestamp: iso(now - (300 - round * 4) * DAY), context: { channel: "machine" } }), { type: "screen", name: ["loans", "savings", "share-prices"][(round + i) % 3], messageId: uuid(), userId, timestamp: iso(now - (300 - round * 4) * DAY) }])));
      await Promise.all(people.flatMap((userId) => surfaces.map((surface) => server.decide(`user:${userId}`, surface))));
      made += people.length * surfaces.length;
    }
    const all = ok(await server.get("/v1/decisions/verify?n=100000"));
    assert.ok(all.decisions >= made, `${all.decisions} of ${made}`);
    assert.deepEqual([all.different, all.unreadable, all.listed], [0, 0, []]);
    assert.equal(all.same, all.decisions);
  });
  test("come out otherwise when something they rested on was undone, and are listed by name", async () => {
    const cid = await agreed("undoes");
    const { undo } = ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "accessibility.text": "huge" } }));
    await decide("undoes");
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
    const all = ok(await server.get("/v1/decisions/verify?n=100000"));
    assert.equal(all.different + all.same, all.decisions);
    assert.equal(all.listed.every((d) => /^d[0-9a-f]+$/.test(d.decision)), true);
  });
});
