/* What is bought is not offered again before it is due, on any channel, from the very next decision on, with or without consent. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, identify, iso, ok, refused, Server, track, until } from "./server.mjs";

const item = (product_id, more = {}) => ({ product_id, quantity: 1, ...more });
let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const agree = (name) => server.send([identify({ userId: name }, { name }), track({ userId: name }, "Consent Given", { purpose: "personalisation" })]);
const buy = (name, products, daysAgo = 0, event = "Order Completed") => server.send([track({ userId: name }, event, { order_id: `o-${name}-${daysAgo}`, products: [products].flat() }, { timestamp: iso(Date.now() - daysAgo * DAY) })]);
const shop = (name, channel = "web", options) => server.decide(`user:${name}`, "shop-home", { channel }, options);
const offered = (decision) => decision.options.map((option) => option.value);
const withheld = (decision, product) => decision.withheld.find((one) => one.product === product);
const categoriesNow = async () => ok(await server.get("/v1/categories"));
const categoryOf = async (name) => (await categoriesNow()).categories.find((one) => one.category === name);

describe("a purchase", () => {
  test("keeps a durable, and what serves the same need, away from every channel in the next decision", async () => {
    await agree("owner");
    assert.ok(offered(await shop("owner")).includes("kettle"));
    await buy("owner", [item("kettle"), item("lamp-grey")]);
    for (const channel of ["web", "app", "branch", "email"]) {
      const decision = await shop("owner", channel);
      for (const away of ["kettle", "lamp-grey", "lamp-red", "lamp-blue"]) assert.ok(!offered(decision).includes(away), `${away} on ${channel}`);
      assert.equal(withheld(decision, "kettle").reason, "owned");
      assert.match(withheld(decision, "kettle").why, /^You have it: bought on \d+ \w+\.$/);
      assert.equal(withheld(decision, "lamp-red").reason, "same need");
      assert.match(withheld(decision, "lamp-red").why, /^Grey lamp does the same/);
    }
  });

  test("does so without consent too, and then orders nothing by what the customer did", async () => {
    await buy("stranger", item("kettle"));
    const decision = await shop("stranger");
    assert.ok(!offered(decision).includes("kettle"));
    assert.equal(decision.guess, false);
    assert.ok(decision.options.every((option) => option.learned === false));
    assert.match(decision.why, /you have not agreed/);
  });

  test("that goes back is offered again, and one for somebody else never counted", async () => {
    await agree("returner");
    await buy("returner", item("kettle"));
    assert.equal(withheld(await shop("returner"), "kettle").reason, "owned");
    await buy("returner", item("kettle"), 0, "Order Refunded");
    assert.equal(withheld(await shop("returner"), "kettle"), undefined);
    await buy("returner", item("pan", { gift: true }));
    assert.equal(withheld(await shop("returner"), "pan"), undefined);
  });

  test("is forgotten when its life is over", async () => {
    await buy("patient", item("towels"), 364);
    assert.equal(withheld(await shop("patient"), "towels").reason, "owned");
    await buy("ready", item("towels"), 366);
    assert.equal(withheld(await shop("ready"), "towels"), undefined);
  });
});

describe("what purchases teach", () => {
  /* 40 buyers of coffee who come back every 20 days, and 60 of a pan who never do. */
  before(async () => {
    for (let i = 0; i < 40; i++) for (const days of [5, 25, 45]) await buy(`drinker-${i}`, item("coffee"), days);
    for (let i = 0; i < 60; i++) await buy(`cook-${i}`, item("pan"), 30);
    await until(async () => (await categoryOf("coffee")).buyers >= 40 && (await categoryOf("pans")).buyers >= 60, "the model has seen them");
  });

  test("is which categories come back, and after how many days", async () => {
    const coffee = await categoryOf("coffee"), pans = await categoryOf("pans"), tea = await categoryOf("tea");
    assert.equal(coffee.class, "consumable");
    assert.ok(Math.abs(coffee.cycle_days - 20) < 0.01, `${coffee.cycle_days}`);
    assert.ok(coffee.low > 0.2);
    assert.equal(pans.class, "durable");
    assert.ok(pans.high < 0.1);
    assert.equal(tea.class, "unknown");
    assert.equal(tea.hidden, true, "of fewer than ten buyers nothing is shown");
    assert.equal(tea.buyers, undefined);
    assert.equal((await categoryOf("towels")).declared, true);
  });

  test("brings a consumable back when it is due, not before, and says so", async () => {
    await agree("due");
    await buy("due", item("coffee"), 18);
    const decision = await shop("due"), coffee = decision.options.find((option) => option.value === "coffee");
    assert.equal(coffee.due_days, 2);
    assert.match(coffee.why, /^Bought on \d+ \w+; comes back after about 20 days, due in 2 days\.$/);
    assert.match(decision.why, /used because you agreed on/);
    const portal = async () => (await server.get("/me", { key: null, headers: { Cookie: `attune_portal=${server.token("user:due")}` } })).text;
    assert.match(await portal(), /data-guess="shop-home"[^]*Coffee, 1 kg: Bought on [^<]* due in 2 days\.[^]*Rewards shop/);
    await buy("due", item("coffee"));
    assert.doesNotMatch(await portal(), /data-guess="shop-home"/);
    const next = await shop("due", "app");
    assert.ok(!offered(next).includes("coffee"), "what was just bought is gone");
    assert.equal(withheld(next, "coffee").reason, "not due");
  });

  test("is the same after kill -9, and so is every answer", async () => {
    const before = await shop("due");
    await server.kill();
    await server.up();
    await until(async () => (await categoryOf("coffee")).class === "consumable", "the model is built again");
    const after = await shop("due");
    assert.deepEqual(after.options, before.options);
    assert.deepEqual(after.withheld, before.withheld);
  });

  test("is recorded as far as it mattered: a decision made again gives the same answer though the model has changed", async () => {
    const decision = await shop("due"), { cid } = await server.card("user:due");
    const seen = (await categoriesNow()).customers;
    for (let i = 0; i < 50; i++) await buy(`late-${i}`, [item("pan"), item("backpack")], 3);
    await until(async () => (await categoriesNow()).customers >= seen + 50, "there is another model");
    const again = ok(await server.get(`/v1/customers/${cid}/decisions/${decision.decision}`));
    assert.equal(again.same, true);
    assert.deepEqual(again.answer.options, decision.options);
    assert.deepEqual(again.answer.withheld, decision.withheld);
    assert.deepEqual(again.record.shown, offered(decision));
  });

  test("is asked for in categories that there are, and is not taught by other events", async () => {
    const say = async (text) => (await server.post("/v1/configuration", { files: [{ name: "s.yaml", text: `kind: purpose\nname: p\ntitle: t\ntext: t\nversion: 1\n---\nkind: surface\nname: s\ntype: recommend\npurpose: p\n${text}` }] }));
    const wrong = await say("categories: [hats]\n"), taught = await say("learns: {event: X}\n");
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /there is no category .{1,2}hats/);
    assert.match(taught.text, /learns from purchases/);
  });
});

describe("a consequence", () => {
  const preview = (state, change, consequence = "delivery") => server.post("/v1/preview", { consequence, state, change });
  const weekday = (days) => new Date(Date.now() + days * DAY).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });

  test("is said before the choice, with what would be better, and by which rules", async () => {
    const answer = ok(await preview({ product: "lamp-grey" }, { product: "lamp-red" }));
    assert.equal(answer.sentence, `Arrives ${weekday(5)} instead of ${weekday(3)}.`);
    assert.equal(answer.alternatives[0].says, `the blue one: ${weekday(3)}`);
    assert.deepEqual(answer.alternatives[0].change, { product: "lamp-blue" });
    assert.equal(answer.changed.outcome.arrives.value, 5);
    assert.deepEqual(answer.trace.filter((step) => step.output === "arrives"), [
      { output: "arrives", rule: "product.lead", value: 4 }, { output: "arrives", rule: "speed", value: "standard" },
      { output: "arrives", rule: "carrier_days[speed]", value: 1 }, { output: "arrives", rule: "product.lead + carrier_days[speed]", value: 5 }]);
    assert.ok(answer.alternatives.length <= 3 && answer.tried <= 200);
  });

  test("that cannot be said is refused with the reason", async () => {
    refused(await preview({ product: "lamp-grey" }, {}, "nothing"), 404, "no_consequence");
    refused(await preview({ product: "hat" }, {}), 400, "bad_choice");
    refused(await preview({}, { product: "lamp-red" }), 400, "bad_choice");
    refused(await preview({ product: "lamp-grey" }, { colour: "red" }), 400, "no_input");
    refused(await preview({ product: "lamp-grey" }, { speed: "by owl" }), 400, "bad_choice");
    refused(await preview({ value: 15 }, { value: 29 }, "statement"), 400, "bad_choice");
    refused(await preview({ product: "credit-card" }, {}), 422, "no_outcome");
    assert.equal((await server.post("/v1/preview", { consequence: "delivery" }, { key: server.write })).status, 403);
  });
});

describe("a product of one's own", () => {
  const productsOf = async (cid, options) => ok(await server.get(`/v1/customers/${cid}/products`, options)).products.find((one) => one.product === "credit-card").settings;
  const settingOf = async (cid, name, options) => (await productsOf(cid, options)).find((one) => one.setting === name);
  const set = (cid, values, channel, options) => server.post(`/v1/customers/${cid}/preferences`, { set: values, channel }, options);

  test("is set within its range, holds at once on every channel, since when and where it was said, and is undone", async () => {
    await agree("holder");
    const { cid } = await server.card("user:holder"), token = { key: server.token("user:holder") };
    assert.deepEqual([(await settingOf(cid, "statement-day")).value, (await settingOf(cid, "statement-day")).own], [15, false]);
    const day = ok(await set("me", { "product.credit-card.statement-day": 3 }, "app", token)), limit = ok(await set(cid, { "product.credit-card.limit": 400 }, "web"));
    for (const options of [undefined, token]) {
      const statement = await settingOf(options ? "me" : cid, "statement-day", options);
      assert.deepEqual([statement.value, statement.own, statement.channel, statement.standard], [3, true, "app", 15]);
      assert.ok(Math.abs(Date.parse(statement.since) - Date.now()) < 60000);
      assert.equal(statement.undo, day.undo);
    }
    assert.equal((await settingOf(cid, "limit")).value, 400);
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo: day.undo }));
    assert.deepEqual([(await settingOf(cid, "statement-day")).value, (await settingOf(cid, "limit")).value], [15, 400], "the other stays");
    ok(await server.post(`/v1/customers/${cid}/undo`, { undo: limit.undo }));
    assert.equal((await settingOf(cid, "limit")).own, false);
  });

  test("cannot be set to what the product does not know", async () => {
    await agree("tester");
    const { cid } = await server.card("user:tester");
    for (const [name, value] of [["statement-day", 29], ["statement-day", 0], ["statement-day", 2.5], ["statement-day", "3"], ["limit", 425], ["limit", 3050], ["colour", 1]])
      refused(await set(cid, { [`product.credit-card.${name}`]: value }, "web"), 422, "invalid_setting");
    refused(await set(cid, { "product.bicycle.limit": 1 }, "web"), 422, "invalid_setting");
    assert.ok((await productsOf(cid)).every((setting) => !setting.own), "nothing of it was kept");
    ok(await set(cid, { "product.credit-card.limit": 150 }, "web"));
    ok(await set(cid, { "product.credit-card.limit": null }, "web"));
    assert.equal((await settingOf(cid, "limit")).value, 1000, "taken back is the standard");
  });

  test("said by an event from elsewhere does not hold where it does not fit", async () => {
    await server.send([track({ userId: "elsewhere" }, "Preference Stated", { name: "product.credit-card.limit", value: 999999 })]);
    const { cid } = await server.card("user:elsewhere");
    assert.deepEqual([(await settingOf(cid, "limit")).value, (await settingOf(cid, "limit")).own], [1000, false]);
    await server.send([track({ userId: "elsewhere" }, "Preference Stated", { name: "product.credit-card.limit", value: 500 })]);
    assert.equal((await settingOf(cid, "limit")).value, 500);
  });
});
