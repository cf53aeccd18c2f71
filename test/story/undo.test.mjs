/* Every act that can be taken back is: by the one who did it, within 30 days, and it is as if it had never been. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, identify, iso, ok, refused, Server, track } from "./server.mjs";

describe("undo", () => {
  let server, cid, token;
  before(async () => {
    server = await Server.start();
    await server.send([identify({ userId: "una" }, { name: "Una Dorn", street: "Old Road 1", floor: 3 }, { timestamp: iso(Date.now() - DAY) })]);
    cid = (await server.card("user:una")).cid;
    token = server.token("user:una");
  });
  after(() => server.end());

  const own = { get key() { return token; } };
  const card = () => server.get(`/v1/customers/${cid}`).then(ok);
  /* Without what tells when something happened or how often. */
  const shape = async () => {
    const { traits, preferences, consents, identifiers, origins, name } = await card();
    return { name, traits, preferences, consents, identifiers, origins: origins.map(({ origin, identifiers }) => ({ origin, identifiers })) };
  };
  const at = (path) => `/v1/customers/${cid}${path}`;
  const menu = async () => (await server.decide("user:una", "app-home")).menu;
  const ideas = async () => (await server.get("/v1/ideas", own).then(ok)).ideas.map(({ idea, mine, supported, tried_by_me }) => ({ idea, mine, supported, tried_by_me }));
  const requests = () => server.get("/v1/requests?state=all", own).then(ok);
  const page = async () => (await server.get("/me", { key: null, headers: { Cookie: `attune_portal=${token}` } })).text;
  const form = async (action, fields) => server.request("POST", `/me/${action}`, new URLSearchParams({ token: /name="token" value="([^"]+)"/.exec(await page())[1], ...fields }).toString(),
    { key: null, headers: { Cookie: `attune_portal=${token}`, "Content-Type": "application/x-www-form-urlencoded" } });

  /* Do it, see that it did something, take it back, see that all is as before; by the interface and, when it is the customer's own act, on the own page. */
  async function both_ways(kind, act, seen, { portal = true, key } = {}) {
    for (const way of portal ? ["api", "portal"] : ["api"]) {
      const before = await seen(), { undo } = ok(await act());
      assert.match(undo, /^u[0-9a-f]+$/, `${kind}: says how it is taken back`);
      assert.notDeepEqual(await seen(), before, `${kind}: did something`);
      if (way === "portal") {
        assert.ok((await page()).includes(`data-change="${undo}"`), `${kind}: stands on the own page`);
        assert.equal((await form("undo", { undo })).status, 303);
      } else {
        ok(await server.post(at("/undo"), { undo }, key ? { key } : {}));
      }
      assert.deepEqual(await seen(), before, `${kind}: taken back by ${way}`);
    }
  }

  test("of a consent, a preference and a menu", async () => {
    await both_ways("consent", () => server.post(at("/consents"), { purpose: "personalisation", answer: "yes" }), shape);
    await both_ways("withdrawal", () => server.post(at("/consents"), { purpose: "personalisation", answer: "no" }, own), shape, { key: token });
    await both_ways("preference", () => server.post(at("/preferences"), { set: { "cash.receipt": "no" } }), shape);
    await both_ways("menu", () => server.post(at("/preferences"), { set: { "menu.app-home.order": ["support"] } }), menu);
  });

  test("of a correction, which stands against what is older and shows what it was", async () => {
    await both_ways("correction", () => server.post(at("/correct"), { trait: "street", value: "New Road 2", because: "I moved" }, own), shape, { key: token });
    await both_ways("correction to nothing", () => server.post(at("/correct"), { trait: "street", value: null }), shape);
    const posted = await form("correct", { trait: "floor", value: "4" });
    assert.equal(posted.status, 303, posted.text);
    assert.match(await page(), /Your floor was put right: from “3” to “4”\./);
    await server.send([identify({ userId: "una" }, { floor: 9 }, { timestamp: iso(Date.now() - DAY / 2) })]);
    const floor = (await card()).traits.find(({ name }) => name === "floor");
    assert.deepEqual([floor.value, floor.corrected], [4, true], "what is older in time does not overwrite it, though it comes later");
    const [event] = (await server.timeline(cid)).filter(({ correction }) => correction?.trait === "floor");
    assert.deepEqual([event.correction.old, event.correction.value, event.correction.by], [3, 4, "customer"]);
    await server.send([identify({ userId: "una" }, { floor: 5 })]);
    assert.equal((await card()).traits.find(({ name }) => name === "floor").value, 5, "what is newer does");
    refused(await server.post(at("/correct"), { trait: "street", value: "Old Road 1" }), 409, "same_value");
    refused(await server.post(at("/correct"), { trait: "shoe", value: 43 }), 404, "no_trait");
    refused(await server.post(at("/correct"), { trait: "street", value: { a: 1 } }), 400, "invalid_value");
    refused(await server.post(at("/correct"), { trait: "street" }), 400, "invalid_value");
    refused(await server.post(at("/correct"), { trait: "street", value: "x".repeat(3000) }), 400, "value_too_long");
    refused(await server.post(at("/correct"), { trait: "street", value: "x" }, { key: server.token("user:somebody") }), 403, "denied");
    assert.equal((await form("correct", { trait: "floor", value: "many" })).status, 400);
    const noted = ok(await server.get(`/v1/audit?about=${cid}&what=correct`)).entries;
    assert.ok(noted.length >= 5 && noted.every(({ words }) => words.startsWith("the trait ")));
  });

  test("of an idea, a vote, a try and a ranking", async () => {
    await both_ways("idea", () => server.post(at("/ideas"), { title: "A bench outside" }, own), ideas, { key: token });
    const { idea } = ok(await server.post(at("/ideas"), { title: "A lamp" }));
    const act = (what) => () => server.post(at(`/ideas/${idea}`), { act: what }, own);
    await both_ways("vote", act("support"), ideas, { key: token });
    await both_ways("try", act("try"), ideas, { key: token });
    ok(await act("support")());
    await both_ways("vote taken back", act("withdraw"), ideas, { key: token });
    await server.send([track({ userId: "una" }, "Preference Ranked", { question: "whom-next", open: ["harbour", "north"], order: ["harbour"] })]);
    const [ranking] = (await server.timeline(cid)).filter(({ name }) => name === "Preference Ranked"), undo = `u${ranking.event.slice(1)}`;
    assert.match(await page(), /You said whom you would choose\./);
    ok(await server.post(at("/undo"), { undo }, own));
    assert.match((await page()).split(`data-change="${undo}"`)[1].split("</li>")[0], /Undone/);
  });

  test("of a request by the customer, and of its closing by the company alone", async () => {
    await both_ways("request", () => server.post("/v1/requests", { type: "erase" }, own), requests, { key: token });
    const { request } = ok(await server.post("/v1/requests", { type: "access" }, own));
    const closed = ok(await server.post(`/v1/requests/${request.request}`, { state: "done", because: "sent" }));
    refused(await server.post(at("/undo"), { undo: closed.undo }, own), 404, "no_undo");
    assert.ok(!(await page()).includes(`data-change="${closed.undo}"`));
    ok(await server.post(at("/undo"), { undo: closed.undo }));
    assert.equal((await requests()).requests.find((one) => one.request === request.request).state, "open");
  });

  test("of joining and parting, by the company alone", async () => {
    const other = async (name) => { await server.send([identify({ userId: name }, { name })]); return (await server.card(`user:${name}`)).cid; };
    const two = await other("two"), three = await other("three");
    ok(await server.post(`/v1/customers/${two}/merge`, { with: three }));
    const pair = await server.card("user:two"), mine = await shape();
    const joined = ok(await server.post(at("/merge"), { with: two }));
    assert.equal((await card()).origins.length, 3);
    refused(await server.post(at("/undo"), { undo: joined.undo }, own), 404, "no_undo");
    ok(await server.post(at("/undo"), { undo: joined.undo }));
    assert.deepEqual(await shape(), mine, "she is as before");
    const parted_pair = await server.card("user:three");
    assert.deepEqual([parted_pair.cid, parted_pair.origins.map(({ origin }) => origin).sort()], [pair.cid, pair.origins.map(({ origin }) => origin).sort()], "and the two are together as before");
    refused(await server.post(at("/undo"), { undo: joined.undo }), 409, "conflict");
    const parted = ok(await server.post(`/v1/customers/${two}/split`, { origin: three }));
    assert.equal((await server.card("user:two")).origins.length, 1);
    ok(await server.post(`/v1/customers/${two}/undo`, { undo: parted.undo }));
    assert.equal((await server.card("user:three")).cid, two);
    refused(await server.post(at("/undo"), { undo: parted.undo }), 404, "no_undo");
  });

  test("of nothing that is older than 30 days, and of nothing that is no act", async () => {
    const old = (days) => track({ userId: "una" }, "Preference Stated", { name: `wish.${days}`, value: "yes" }, { timestamp: iso(Date.now() - days * DAY) });
    ok(await server.post("/v1/import", { batch: [old(29), old(31)] }));
    const events = await server.timeline(cid), of = (days) => `u${events.find(({ kind, properties }) => kind === "preference" && `wish.${days}` in properties.set).event.slice(1)}`;
    assert.match(refused(await server.post(at("/undo"), { undo: of(31) }), 409, "too_late").message, /30 days/);
    assert.equal((await form("undo", { undo: of(31) })).status, 404);
    ok(await server.post(at("/undo"), { undo: of(29) }));
    const plain = events.find(({ kind, correction }) => kind === "identify" && !correction).event;
    refused(await server.post(at("/undo"), { undo: `u${plain.slice(1)}` }), 404, "no_undo");
    refused(await server.post(at("/undo"), { undo: "u1" }), 404, "no_undo");
    refused(await server.post(at("/undo"), { undo: "x" }), 400, "no_undo");
  });
});
