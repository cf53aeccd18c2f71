/* What is broken: found from events, with people and money; opened only as far as customers agreed; and how strong one relationship is. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, refused, Server, track } from "./server.mjs";

const files = [{ name: "here.yaml", text: `kind: purpose
name: analytics
title: Learn from how I use it
text: May we look at what you do, one by one?
version: "1"
---
kind: journey
name: card
title: Get a card
start: Card Ordered
goal: Card Activated
fails: [Card Activation Failed]
gap: 30d
owner: cards@here.example
---
kind: price-list
name: ours
currency: EUR
minute: {phone: 1}
lines:
  - {event: Call Started, minutes: 6}
` }];
const ORDERED = 40, FAILED = 16, AGREED = 5;

describe("what is broken", () => {
  let server;
  const now = Date.now(), name = (i) => `u${String(i).padStart(3, "0")}`;
  const at = (i, event, days, channel = "app", properties = {}) => track({ userId: name(i) }, event, properties, { timestamp: iso(now - days * DAY + i), context: { channel } });
  const agree = (i) => at(i, "Consent Given", 50, "app", { purpose: "analytics", text: "May we look at what you do, one by one?", version: "1", control: { preset: false } });
  before(async () => {
    server = await Server.start({ files });
    const events = [];
    for (let i = 0; i < ORDERED; i++) {
      if (i < AGREED) events.push(agree(i));
      events.push(at(i, "Card Ordered", 20));
      if (i < FAILED) events.push(at(i, "Card Activation Failed", 15), at(i, "Call Started", 14, "phone"), at(i, "Card Activated", 13.9, "phone"));
      else events.push(at(i, "Card Activated", 15));
    }
    await server.send(events);
  });
  after(() => server.end());

  test("is found with its people, its interval, its money and its owner", async () => {
    const { sentence, broken, spots: [card] } = ok(await server.get("/v1/broken?days=60"));
    assert.equal(broken, 1);
    assert.match(sentence, /^Get a card: 16 people met an error and had to ask our staff, \d+ EUR a month\.$/);
    assert.equal(card.customers, ORDERED);
    assert.equal(card.owner, "cards@here.example");
    const forced = card.signals.find((s) => s.signal === "forced");
    assert.deepEqual([forced.customers, forced.of, forced.share], [FAILED, ORDERED, FAILED / ORDERED]);
    assert.ok(forced.low > 0.25 && forced.low < forced.share && forced.high > forced.share);
    assert.ok(Math.abs(card.cost_a_month - FAILED * 6 * 30.44 / 60) < 0.01, `${card.cost_a_month}`);
  });

  test("opens to those who agreed to be looked at one by one, and counts the others", async () => {
    const { behind, journeys, sentence } = ok(await server.get("/v1/broken/card?days=60&signal=forced"));
    assert.match(sentence, /^16 people/);
    assert.deepEqual([behind.total, behind.agreed, behind.withheld, behind.customers.length], [FAILED, AGREED, FAILED - AGREED, AGREED]);
    assert.equal(journeys.length, AGREED);
    for (const { steps } of journeys) assert.deepEqual(steps.map((s) => s.event), ["Card Ordered", "Card Activation Failed", "Call Started"]);
  });

  test("of too few is not shown and not opened", async () => {
    await server.send(Array.from({ length: 3 }, (_, i) => at(i, "Card Ordered", 5)));
    const { behind, journeys } = ok(await server.get("/v1/broken/card?days=8"));
    assert.deepEqual([behind.total, behind.customers.length, journeys.length], [0, 0, 0]);
    assert.equal(ok(await server.get("/v1/broken?days=8")).spots.length, 0);
  });

  test("moves the relationship with whom it hurt, and that is shown only with their yes", async () => {
    const cid = async (i) => (await server.card(`user:${name(i)}`)).cid;
    const hurt = ok(await server.get(`/v1/customers/${await cid(0)}/relationship`));
    assert.equal(hurt.course.length, 12);
    assert.ok(hurt.strength < 50, `${hurt.strength}`);
    assert.match(hurt.turns[0].what, /met an error and had to ask our staff/);
    const withheld = ok(await server.get(`/v1/customers/${await cid(AGREED)}/relationship`));
    assert.equal(withheld.strength, undefined);
    assert.equal(withheld.withheld, "Learn from how I use it");
  });

  test("answers questions that make no sense with what would", async () => {
    refused(await server.get("/v1/broken/nothing"), 404, "no_spot");
    refused(await server.get("/v1/broken/card?signal=sad"), 400, "no_signal");
    refused(await server.get("/v1/broken?days=0"), 400, "invalid_number");
    refused(await server.get("/v1/broken", { key: server.write }), 403, "denied");
  });
});
