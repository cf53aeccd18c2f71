/* Where the company stands: the quadrant, ten points and taking part, all from events; too few are not shown; each line opens to its customers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { configurationOf, DAY, identify, iso, ok, refused, root, Server, track } from "./server.mjs";

const PEOPLE = 60, AGREED = 30, PROPOSED = 20, LEFT = 15;

describe("where the company stands", () => {
  let server;
  const now = Date.now(), name = (i) => `s${String(i).padStart(3, "0")}`, at = (i, event, days, properties = {}) => track({ userId: name(i) }, event, properties, { timestamp: iso(now - days * DAY + i), context: { channel: "app", touchpoint: "app-home" } });
  before(async () => { server = await Server.start({ files: configurationOf(join(root, "demo/harbour")) }); });
  after(() => server.end());

  test("nothing is measured before anybody has come, and that counts nothing", async () => {
    const { sentence, score, quadrant, participation } = ok(await server.get("/v1/overview"));
    assert.match(sentence, /Nobody has been seen yet/);
    assert.deepEqual([score.points, score.not_measured, quadrant.quarter, participation.value], [null, 10, null, null]);
    for (const item of score.items) assert.ok(!item.measured && item.points === null && item.why.length > 10);
  });

  test("of too few is not shown", async () => {
    await server.send(Array.from({ length: 5 }, (_, i) => at(i, "Savings Opening Begun", 3)));
    await server.restart();
    const { score, participation } = ok(await server.get("/v1/overview"));
    assert.equal(participation.value, null);
    assert.equal(score.items[4].measured, false);
  });

  test("follows from what customers did", async () => {
    const events = [];
    for (let i = 0; i < PEOPLE; i++) {
      events.push(identify({ userId: name(i) }, { name: `N ${i}` }, { timestamp: iso(now - 20 * DAY) }), at(i, "Savings Opening Begun", 12));
      if (i >= LEFT) events.push(at(i, "Savings Opened", 11.9));
      if (i < AGREED) events.push(at(i, "Consent Given", 10, { purpose: "analytics", text: "x", version: "1", control: { preset: false } }));
      if (i < PROPOSED) events.push(at(i, "Idea Supported", 5, { idea: "notes-by-size" }));
    }
    for (let i = 0; i < events.length; i += 100) await server.send(events.slice(i, i + 100));
    await server.restart(); /* What is kept for a minute is forgotten. */
    const { score, quadrant, participation, broken } = ok(await server.get("/v1/overview"));
    const found = score.items[4], opt = score.items[9], design = score.items[2];
    assert.deepEqual([found.of, Math.round(found.share * PEOPLE)], [PEOPLE, PEOPLE - LEFT]);
    assert.ok(found.low < found.share && Math.abs(found.points - found.low / 0.95) < 1e-9);
    assert.deepEqual([opt.of, opt.share], [AGREED, 1]);
    assert.equal(Math.round(design.share * design.of), PROPOSED);
    assert.equal(participation.n, PEOPLE);
    assert.equal(Math.round(participation.value * PEOPLE), AGREED);
    assert.ok(quadrant.interaction > 0 && quadrant.path.length >= 1 && quadrant.next.length === 3);
    assert.deepEqual(broken.map((b) => [b.spot, b.customers]), [["open-savings", LEFT]]);
  });

  test("each line opens to the customers it counts, those by name who agreed", async () => {
    const line = ok(await server.get("/v1/scorecard/5"));
    assert.deepEqual([line.total, line.agreed, line.withheld], [PEOPLE - LEFT, AGREED - LEFT, PEOPLE - AGREED]);
    assert.equal(line.customers.length, AGREED - LEFT);
    assert.equal(ok(await server.get("/v1/scorecard")).score.items.length, 10);
    assert.ok(ok(await server.get("/v1/quadrant")).quadrant.interaction > 0 && ok(await server.get("/v1/participation")).participation.n === PEOPLE);
    refused(await server.get("/v1/scorecard/11"), 404, "no_item");
    refused(await server.get("/v1/scorecard/first"), 404, "no_item");
    refused(await server.get("/v1/scorecard", { key: server.write }), 403, "denied");
  });
});
