/* What to do next: computed from what is broken and from limits, ordered, predicted, compared. And the inventory of places. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, refused, Server, track } from "./server.mjs";

const files = [{ name: "here.yaml", text: `kind: journey
name: card
title: Get a card
start: Card Ordered
goal: Card Activated
fails: [Card Activation Failed]
gap: 10d
---
kind: touchpoint
name: desk
channel: branch
needs: [till]
---
kind: touchpoint
name: poster
channel: branch
needs: [till]
---
kind: system
name: till
title: The till
sort: people
limits: {availability: 99%}
must_be: {availability: 99.9%}
---
kind: interaction
name: order
title: Order a card
events: [Card Ordered]
at: [desk, poster]
---
kind: experience
name: a-card
title: A card
feel: "It came."
steps: [order]
` }];
const EACH = 100, CHANGED = 60;

describe("the roadmap", () => {
  let server;
  const now = Date.now(), at = (user, event, days, channel = "app", touchpoint) => track({ userId: user }, event, {}, { timestamp: iso(now - days * DAY), context: { channel, ...(touchpoint ? { touchpoint } : {}) } });
  /* Of those who ordered before the change a half met an error; of those after it, one in ten. */
  before(async () => {
    server = await Server.start({ files });
    const events = [];
    for (let i = 0; i < EACH; i++)
      for (const [group, days, fails] of [["a", CHANGED + 20, i % 2 === 0], ["b", 30, i % 10 === 0]]) {
        const user = `${group}${String(i).padStart(3, "0")}`;
        events.push(at(user, "Card Ordered", days, "branch", "desk"));
        if (fails) events.push(at(user, "Card Activation Failed", days - 2));
        events.push(at(user, "Card Activated", days - 3));
      }
    await server.send(events);
  });
  after(() => server.end());
  const roadmap = async () => ok(await server.get("/v1/roadmap?days=120"));
  const move = (more) => ({ title: "Try again by itself", mends: "card.failed", effort: "2w", goal: "outward", predicted: { from: 0.5, to: 0.15 }, ...more });

  test("puts what must be first, and takes its worth from the events", async () => {
    const { moves, sentence } = await roadmap();
    assert.deepEqual(moves.map((m) => m.because), ["must be", "broken"]);
    assert.match(sentence, /^Next: The till: being there from 99.00 % to 99.90 % of the time/);
    const [, broken] = moves;
    assert.deepEqual([broken.mends, broken.effort_weeks, broken.predicted], ["card.failed", null, null]);
    assert.ok(Math.abs(broken.people_a_month - 60 / 120 * 30.44 * 0.5) < 0.01, `${broken.people_a_month}`);
    assert.ok(broken.low > 0 && broken.low < broken.people_a_month);
  });

  test("takes the effort and the prediction from staff, and what must be from them too", async () => {
    ok(await server.put("/v1/configuration/move/retry", move()));
    const planned = (await roadmap()).moves.find((m) => m.move === "retry");
    assert.deepEqual([planned.title, planned.effort_weeks, planned.predicted, planned.must], ["Try again by itself", 2, 0.15, false]);
    ok(await server.put("/v1/configuration/move/retry", move({ must: true })));
    assert.equal((await roadmap()).moves.find((m) => m.move === "retry").must, true);
    for (const wrong of [{ effort: "soon" }, { mends: "card" }, { predicted: { to: 7 } }, { done: "yesterday" }]) refused(await server.put("/v1/configuration/move/retry", move(wrong)), 422, "invalid_configuration");
  });

  test("holds a prediction against what came after the change", async () => {
    const done = iso(now - CHANGED * DAY).slice(0, 10);
    ok(await server.put("/v1/configuration/move/retry", move({ done })));
    ok(await server.put("/v1/configuration/move/dream", move({ done, title: "Nothing fails any more", predicted: { from: 0.5, to: 0.01 } })));
    ok(await server.put("/v1/configuration/move/today", move({ done: iso(now).slice(0, 10) })));
    const verdicts = Object.fromEntries((await roadmap()).done.map((d) => [d.move, d]));
    assert.deepEqual([verdicts.retry.verdict, verdicts.dream.verdict, verdicts.today.verdict], ["hit", "missed", "too_early"]);
    assert.deepEqual([verdicts.retry.before.share, verdicts.retry.after.share], [0.5, 0.1]);
  });

  test("lists places with what was seen there, what is silent, and what staff said", async () => {
    ok(await server.put("/v1/configuration/note/old", { about: "poster", says: "It is from last year.", by: "Jo", at: "2026-05-03" }));
    const { touchpoints, interactions, shared, sentence } = ok(await server.get("/v1/inventory"));
    const [desk, poster] = ["desk", "poster"].map((name) => touchpoints.find((t) => t.touchpoint === name));
    assert.deepEqual([desk.seen, desk.events, desk.customers, poster.seen, poster.notes[0].says], [true, 2 * EACH, 2 * EACH, false, "It is from last year."]);
    assert.deepEqual(desk.rests_on, [{ system: "till", title: "The till", sort: "people" }]);
    assert.deepEqual([interactions[0].interaction, interactions[0].customers], ["order", 2 * EACH]);
    assert.deepEqual(shared.map((s) => [s.one, s.other, s.customers]), [["app", "branch", 2 * EACH]]);
    assert.match(sentence, /1 of them gave no sign in 90 days, and staff has 1 note\./);
    refused(await server.put("/v1/configuration/note/bad", { about: "poster", says: "x", at: "some day" }), 422, "invalid_configuration");
  });

  test("says which senders know the same customers, and of how many each", async () => {
    const people = [...Array(15)].map((_, i) => `shared-${i}`), said = (source, who) => track(who, "Said Hello", {}, { context: { source, channel: "app" } });
    await server.send([...people.map((userId) => said("shop", { userId })), ...people.slice(0, 12).map((userId) => said("till", { userId, anonymousId: `till-${userId}` }))]);
    const { sources } = ok(await server.get("/v1/inventory"));
    assert.deepEqual(sources.map((s) => [s.one, s.other, s.customers, s.of_one, s.of_other]), [["shop", "till", 12, 15, 12]]);
  });
});
