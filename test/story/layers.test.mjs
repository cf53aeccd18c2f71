/* The five layers beside live events: what an experience needs, what a limit reaches, three maps, a prototype walked. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ok, refused, Server, track } from "./server.mjs";

const PEOPLE = 12;

describe("the five layers of Harbour", () => {
  let server;
  before(async () => {
    server = await Server.start();
    await server.send(Array.from({ length: PEOPLE }, (_, i) => track({ userId: `l${i}` }, "Card Blocked", {}, { context: { channel: "app", touchpoint: "app-cards" } })));
    await server.send(Array.from({ length: PEOPLE }, (_, i) => track({ userId: `l${i}` }, "Nobody Wrote This Down", {}, { context: { channel: "app" } })));
    await server.send(Array.from({ length: 3 }, (_, i) => track({ userId: `few${i}` }, "Card Limit Set", {}, { context: { channel: "app" } })));
  });
  after(() => server.end());

  test("count the customers of the week at every node, from the experience down to the system", async () => {
    const { nodes, unbound } = ok(await server.get("/v1/layers")), at = (id) => nodes.find((n) => n.id === id).customers_a_week;
    for (const id of ["safe-again", "block-card", "app-cards", "change-card", "card-system"]) assert.equal(at(id) >= PEOPLE, true, id);
    assert.equal(at("cash-and-gone"), 0);
    assert.equal(at("set-limit"), null, "three customers are not shown");
    assert.deepEqual(unbound.map((u) => u.event), ["Nobody Wrote This Down"]);
  });

  test("say what an experience needs, each part with its owner", async () => {
    const { needs } = ok(await server.get("/v1/layers/safe-again/trace"));
    assert.ok(needs.find((n) => n.id === "card-system")?.owner && needs[0].id === "safe-again");
  });

  test("ripple a limit up to the experiences and promises it reaches, with the customers of the week", async () => {
    const reached = ok(await server.get("/v1/layers/ripple?if=card-system.hours%3Dnightly"));
    assert.deepEqual(reached.experiences.map((e) => e.experience).sort(), ["card-that-works", "my-limits", "safe-again"]);
    assert.ok(reached.promises.some((p) => p.promise === "at-once" && !p.was_at_risk && p.customers_a_week >= PEOPLE));
    const harmless = ok(await server.get("/v1/layers/ripple?if=card-system.hours%3D24x7"));
    assert.equal(harmless.promises.filter((p) => !p.was_at_risk).length, 0);
  });

  test("stand side by side as they are, must be and should be, with the need of each step", async () => {
    const { nodes, promises } = ok(await server.get("/v1/layers")), unmet = (map) => promises.flatMap((p) => p.given_at).filter((g) => g.at_risk[map]).length;
    assert.ok(unmet("is") > unmet("must_be"));
    for (const n of nodes.filter((x) => x.layer === "interaction")) assert.ok(n.need?.length > 5, n.id);
    assert.deepEqual(nodes.filter((n) => n.maps.should_be.there && !n.maps.is.there).map((n) => n.id).sort(), ["card-tomorrow", "receive-card"]);
  });

  test("let a made-up customer walk a prototype, and name what cannot", async () => {
    const walk = ok(await server.get("/v1/layers/card-tomorrow/walk?channel=app&map=should-be"));
    assert.equal(walk.possible, false);
    assert.ok(walk.steps.flatMap((s) => s.nodes).some((n) => !n.can && n.why));
    refused(await server.get("/v1/layers/card-system/walk"), 400, "no_experience");
    refused(await server.get("/v1/layers/nothing/trace"), 404, "no_node");
    refused(await server.get("/v1/layers/ripple?if=card-system"), 400, "bad_change");
    refused(await server.get("/v1/layers?map=dream"), 400, "bad_map");
  });
});
