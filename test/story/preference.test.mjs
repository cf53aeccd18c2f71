/* Effective net preference (C4): whom customers choose among the options open to them, why, and nothing without their yes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { configurationOf, DAY, iso, ok, refused, root, Server, track } from "./server.mjs";

describe("preference", () => {
  const N = 60;
  let server;
  /* Without prices, so that everybody weighs the same until a test says otherwise. */
  before(async () => { server = await Server.start({ files: configurationOf(join(root, "demo/harbour")).filter(({ text }) => !/^kind: price-list/m.test(text)) }); });
  after(() => server.end());

  const read = () => server.get("/v1/preference").then(ok);
  const consent = (user, answer) => track({ userId: user }, answer === "yes" ? "Consent Given" : "Consent Withdrawn", { purpose: "research", control: { preset: false } });
  const rank = (user, properties, days = 1) => track({ userId: user }, "Preference Ranked", { question: "whom-next", ...properties }, { timestamp: iso(Date.now() - days * DAY) });

  test("is hidden while too few count", async () => {
    await server.send(Array.from({ length: 20 }, (_, i) => [consent(`p${i}`, "yes"), rank(`p${i}`, { open: ["harbour", "north"], order: ["harbour"] })]).flat());
    const few = await read();
    assert.deepEqual([few.hidden, few.first], [true, undefined]);
    assert.match(few.sentence, /Too few customers/);
  });

  test("has its share, its interval, the alternatives by name and the motives; only the price is watched", async () => {
    /* Half choose Harbour before North; the others North before Harbour, with Coin open to them as well. For the price: a tenth half a year ago, half now. */
    const events = [];
    for (let i = 0; i < 2 * N; i++) {
      const now = i >= N, k = i % N, first = k % 2 === 0;
      events.push(consent(`p${i}`, "yes"), rank(`p${i}`, first
        ? { open: ["harbour", "north"], order: ["harbour", "north"], motive: k % (now ? 4 : 20) === 0 ? "price" : "ease" }
        : { open: ["harbour", "north", "coin"], order: ["north", "harbour"], motive: "trust" }, now ? 10 : 250));
    }
    events.push(rank("no-consent", { open: ["harbour", "north"], order: ["north"] }));
    for (let i = 0; i < events.length; i += 100) await server.send(events.slice(i, i + 100));
    /* The answers of the first test were newer than those of half a year ago, so they stand: 20 more for Harbour. */
    const found = await read(), firsts = found.first.value * found.first.n;
    assert.equal(found.n, 2 * N);
    assert.equal(Math.round(firsts), N + 10);
    assert.ok(found.first.low < found.first.value && found.first.value < found.first.high);
    assert.equal(found.weighted, false, "there is no price list");
    const expected = 100 * ((N + 10) * 1 + (N / 2 - 10) * 0 + (N / 2) * 0) / (2 * N);
    assert.ok(Math.abs(found.np.value - expected) < 1e-9, `${found.np.value} is not ${expected}`);
    assert.equal(found.enp.value, found.np.value);
    const north = found.alternatives.find(({ option }) => option === "north");
    assert.deepEqual([Math.round(north.us_before.value * north.us_before.n), north.us_before.n], [N + 10, 2 * N]);
    assert.equal(found.alternatives.find(({ option }) => option === "coin").us_before.value, 1, "what was open and not ranked comes last");
    assert.equal(found.withheld, 1);
    const price = found.motives.find(({ warning }) => warning);
    assert.equal(price.motive, "price");
    assert.equal(found.warning_change.is_change, true);
    assert.match(found.sentence, /Only the price”, up from half a year ago/);
    assert.equal(found.quarters.length, 4);
  });

  test("counts the newest answer of each, and nothing of who takes the consent back", async () => {
    const before = await read();
    await server.send([rank("p0", { open: ["harbour", "north"], order: ["north", "harbour"] }, 0), consent("p2", "no")]);
    const after = await read();
    assert.equal(after.n, before.n - 1);
    assert.equal(after.withheld, before.withheld + 1);
    assert.equal(Math.round(after.first.value * after.first.n), Math.round(before.first.value * before.first.n) - 2);
  });

  test("weighs customers by what the company earns with them, and how free they are", async () => {
    const before = await read();
    ok(await server.put("/v1/configuration/price-list/here", { currency: "EUR", lines: [{ event: "Order Completed", margin: "10%" }] }));
    assert.equal((await read()).hidden, true, "nobody has brought anything yet");
    const orders = Array.from({ length: 2 * N }, (_, i) => track({ userId: `p${i}` }, "Order Completed", { total: i % 2 ? 300 : 100 }));
    for (let i = 0; i < orders.length; i += 60) await server.send(orders.slice(i, i + 60));
    const found = await read();
    assert.equal(found.weighted, true);
    assert.ok(found.enp.value < found.np.value - 5, `who prefers others brings more: ${found.enp.value} is not well below ${found.np.value}`);
    assert.ok(Math.abs(found.np.value - before.np.value) < 1e-9);
    assert.ok(found.n_eff < found.n);
    const captive = Array.from({ length: 20 }, (_, i) => rank(`p${100 + i}`, { open: ["harbour", "north"], order: ["harbour"], freedom: 0 }, 0));
    await server.send(captive);
    assert.ok((await read()).n_eff < found.n_eff, "captive customers count for nothing");
    ok(await server.delete("/v1/configuration/price-list/here"));
  });

  test("is asked on the own page, by a form with nothing chosen, once", async () => {
    await server.send([consent("portal", "yes")]);
    const headers = { Cookie: `attune_portal=${server.token("user:portal")}` };
    const page = async () => (await server.get("/me/question", { key: null, headers })).text;
    const html = await page(), before = (await read()).n;
    assert.ok(html.includes("You could have used any of these."));
    assert.ok(!/ checked| selected/.test(html), "nothing is chosen beforehand");
    const [, token] = /name="token" value="([^"]+)"/.exec(html), [, decision] = /name="decision" value="([^"]+)"/.exec(html);
    const answer = (fields) => server.post("/me/answer", new URLSearchParams({ token, decision, ...fields }).toString(), { key: null, headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" } });
    assert.equal((await answer({ "rank-0": "", "rank-1": "" })).status, 400, "no answer yet");
    assert.equal((await answer({ "rank-0": "2", "rank-1": "1", "rank-2": "no", "rank-3": "", motive: "trust" })).status, 303);
    assert.equal((await answer({ "rank-0": "1", "rank-1": "2" })).status, 409);
    assert.equal((await read()).n, before + 1);
    const { cid } = await server.card("user:portal"), ranked = (await server.timeline(cid)).find((event) => event.name === "Preference Ranked");
    const said = ranked.properties.properties ?? ranked.properties;
    assert.deepEqual([said.order, said.open, said.motive], [["north", "harbour"], ["harbour", "north", "cooperative"], "trust"]);
    assert.match(await page(), /We ask you nothing now\.[^]*within the last 48 hours/);
  });

  test("is answered where it is asked, with an order among the options", async () => {
    await server.send([consent("asked", "yes")]);
    const decision = await server.decide("user:asked", "own-page-question", { channel: "web" });
    assert.deepEqual([decision.ask.scale, decision.ask.options.map(({ name }) => name)], ["rank", ["harbour", "north", "coin", "cooperative"]]);
    const respond = (value) => server.post("/v1/response", { decision: decision.decision, value });
    refused(await respond({ order: ["harbour", "harbour"] }), 400, "invalid_answer");
    refused(await respond({ order: ["elsewhere"] }), 400, "invalid_answer");
    refused(await respond({ order: ["coin"], motive: "whim" }), 400, "invalid_answer");
    const before = (await read()).n;
    ok(await respond({ open: ["harbour", "coin"], order: ["coin", "harbour"], motive: "ease" }));
    assert.equal((await read()).n, before + 1);
    refused(await server.get("/v1/preference?question=none"), 404, "no_question");
  });
});
