/*
 * claims.test.mjs: what a public key says of a customer who is known. Everybody has a public key, for it stands in web pages; so what it
 * states is held until somebody who knows the customer confirms whose the anonymousId is. A no is heard at once.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { copyOf, lines } from "./copy.mjs";
import { identify, ok, refused, Server, track, uuid } from "./server.mjs";

let server, n = 0;
before(async () => { server = await Server.start(); });
after(() => server.end());

const open = { get key() { return server.write; } };
/* Somebody known, with an anonymousId that others may know, too. */
async function known() {
  const userId = `kim-${++n}`, anonymousId = `kim-device-${n}`;
  await server.send([identify({ userId, anonymousId }, { name: "Kim Known", email: `${userId}@example.org` })]);
  const cid = (await server.card(`user:${userId}`)).cid;
  return { userId, anonymousId, cid, key: server.token(`user:${userId}`), page: { anonymousId } };
}
const card = ({ cid }) => server.get(`/v1/customers/${cid}`).then(ok);
/* What is read and answered of what was stated. */
const stated = async (who) => {
  const { name, traits, preferences, consents } = await card(who);
  const products = ok(await server.get("/v1/customers/me/products", { key: who.key })).products.map(({ settings }) => settings.map(({ preference, value, own }) => [preference, value, own]));
  const { accessibility } = await server.decide(`user:${who.userId}`, "machine-withdrawal");
  const asked = ok(await server.get(`/v1/customers/${who.cid}/known?fields=name,phone,email`));
  return { name, traits: traits.map(({ name, value }) => [name, value]), preferences: preferences.map(({ name, value }) => [name, value]), accessibility, products, asked,
    consents: consents.map(({ purpose, answer, holds, yes }) => [purpose, answer, holds, yes]) };
};
const say = (name, value) => (who) => track(who, "Preference Stated", { name, value });
const STATEMENTS = [
  ["a trait", (who) => identify(who, { name: "Somebody Else" })],
  ["a new trait", (who) => identify(who, { phone: "+1 555" })],
  ["a trait taken away", (who) => identify(who, { email: null })],
  ["a preference", say("cash.amount", 500)],
  ["large print", say("accessibility.text", "huge")],
  ["a limit of a product", say("product.credit-card.limit", 3000)],
  ["a yes", (who) => track(who, "Consent Given", { purpose: "marketing" })],
  ["a yes in words of its own", (who) => track(who, "Consent Given", { purpose: "marketing", version: "1", text: "x", actor: "subject" })],
  ["a yes beside an event", (who) => track(who, "Page Seen", {}, { context: { consent: { categoryPreferences: { marketing: true, personalisation: true } } } })],
  ["an answer to a banner", (who) => track(who, "Segment Consent Preference Updated", {}, { context: { consent: { categoryPreferences: { marketing: true } } } })],
  ["allowed ids", (who) => track(who, "Page Seen", {}, { context: { consentManagement: { allowedConsentIds: ["marketing"] } } })],
];

describe("what a public key states of a known customer", () => {
  for (const [what, make] of STATEMENTS)
    test(`${what}, is neither read nor answered, and counts once the pair is confirmed`, async () => {
      const who = await known(), before = await stated(who);
      await server.send([make(who.page)], open);
      assert.deepEqual(await stated(who), before, "as if it had not been said");
      await server.send([make({ ...who.page, userId: who.userId })], open);
      assert.deepEqual(await stated(who), before, "nor when the userId stands beside it");
      const page = await server.get("/me", { key: null, headers: { Cookie: `attune_portal=${who.key}` } });
      assert.ok(!/data-change=/.test(page.text), "the own page has nothing to undo");
      await server.send([identify({ userId: who.userId, anonymousId: who.anonymousId })]);
      assert.notDeepEqual(await stated(who), before, "confirmed, it counts");
    });

  test("is in the timeline, the ledger and the copy, marked as held", async () => {
    const who = await known();
    await server.send([identify(who.page, { name: "X" }), say("cash.amount", 500)(who.page), track(who.page, "Consent Given", { purpose: "marketing" }), track(who.page, "Page Seen")], open);
    const held = (events) => events.filter((event) => event.held).map(({ kind }) => kind).sort();
    assert.deepEqual(held(await server.timeline(who.cid)), ["consent", "identify", "preference"]);
    const ledger = async () => ok(await server.get(`/v1/customers/${who.cid}/consents`));
    assert.deepEqual((await ledger()).ledger.map(({ purpose, held, verified }) => [purpose, held, verified]), [["marketing", true, false]]);
    const flagged = lines((await copyOf(server, who.cid)).files.get("events.ndjson")).filter(({ flags }) => flags.includes("held")).map(({ kind }) => kind).sort();
    assert.deepEqual(flagged, ["consent", "identify", "preference"]);
    await server.send([identify({ userId: who.userId, anonymousId: who.anonymousId })]);
    assert.deepEqual(held(await server.timeline(who.cid)), []);
    assert.deepEqual((await ledger()).ledger.map(({ held }) => held), [undefined]);
  });

  test("is held as well for somebody known by an e-mail address alone", async () => {
    const anonymousId = uuid();
    await server.send([identify({ anonymousId }, { email: `${anonymousId}@example.org` })]);
    await server.send([say("cash.amount", 500)({ anonymousId })], open);
    assert.deepEqual((await server.card(`anonymous:${anonymousId}`)).preferences, []);
  });

  test("said with every page is kept once", async () => {
    const who = await known(), consents = async () => (await server.timeline(who.cid)).filter(({ kind }) => kind === "consent").length;
    for (let i = 0; i < 5; i++) await server.send([STATEMENTS.find(([what]) => what === "a yes beside an event")[1](who.page)], open);
    assert.equal(await consents(), 2, "one for each purpose");
  });

  test("does not hold back what merely happened", async () => {
    const who = await known();
    await server.send([track(who.page, "Bill Paid", { amount: 20 }), { type: "page", messageId: uuid(), name: "Home", ...who.page }], open);
    assert.deepEqual((await server.timeline(who.cid)).filter(({ kind, held }) => ["track", "page"].includes(kind) && !held).map(({ name }) => name), ["Home", "Bill Paid"]);
  });
});

describe("confirming", () => {
  const value = async (who) => (await card(who)).preferences.find(({ name }) => name === "cash.amount")?.value;
  const both = (who) => ({ userId: who.userId, anonymousId: who.anonymousId });
  const ways = [
    ["a secret key that identifies both", (who) => server.send([identify(both(who))])],
    ["a secret key's alias", (who) => server.send([{ type: "alias", messageId: uuid(), userId: who.userId, previousId: who.anonymousId }])],
    ["the customer's token in a call", (who) => server.send([track(both(who), "Signed In")], { key: who.key })],
    ["the customer's token in an event of a public key", (who) => server.send([track(both(who), "Signed In", {}, { context: { token: who.key } })], open)],
    ["a decision by the customer's token for the anonymousId", (who) => server.decide(`anonymous:${who.anonymousId}`, "machine-withdrawal", {}, { key: who.key })],
  ];
  for (const [what, confirm] of ways)
    test(`is done by ${what}, and covers what was said before, once`, async () => {
      const who = await known();
      await server.send([say("cash.amount", 500)(who.page)], open);
      assert.equal(await value(who), undefined);
      await confirm(who);
      assert.equal(await value(who), 500);
      await server.send([say("cash.amount", 600)(who.page)], open);
      assert.equal(await value(who), 500, "what comes after is held again");
      await server.kill();
      await server.up();
      assert.equal(await value(who), 500, "and a restart changes nothing");
      await confirm(who);
      assert.equal(await value(who), 600);
      const confirms = (await server.timeline(who.cid)).filter(({ kind }) => kind === "confirm").length;
      assert.equal(confirms, 2);
      await confirm(who);
      assert.equal((await server.timeline(who.cid)).filter(({ kind }) => kind === "confirm").length, confirms, "with nothing held, nothing is recorded");
    });

  const not = [
    ["an event that merely names both", (who) => server.send([track(both(who), "Visit")])],
    ["an import", (who) => server.post("/v1/import", { batch: [identify(both(who))] }).then(ok)],
    ["a public key that claims both", (who) => server.send([identify(both(who))], open)],
    ["another of the customer's devices", async (who) => server.send([identify({ userId: who.userId, anonymousId: `${who.anonymousId}-2` })])],
    ["another customer's token", async (who) => server.send([track({ anonymousId: who.anonymousId }, "Visit")], { key: (await known()).key })],
    ["another customer's decision", async (who) => refused(await server.post("/v1/decide", { customer: { identifier: `anonymous:${who.anonymousId}` }, surface: "app-home" }, { key: (await known()).key }), 403, "denied")],
    ["a staff's reading of it", (who) => server.decide(`anonymous:${who.anonymousId}`, "machine-withdrawal")],
  ];
  for (const [what, act] of not)
    test(`is not done by ${what}`, async () => {
      const who = await known();
      await server.send([say("cash.amount", 500)(who.page)], open);
      await act(who);
      assert.equal(await value(who), undefined);
    });

  test("leaves what the customer said since", async () => {
    const who = await known();
    await server.send([say("cash.amount", 500)(who.page)], open);
    ok(await server.post("/v1/customers/me/preferences", { set: { "cash.amount": 40 } }, { key: who.key }));
    await ways[0][1](who);
    assert.equal(await value(who), 40);
  });

  test("gives the customer something to undo", async () => {
    const who = await known();
    await server.send([say("cash.amount", 500)(who.page)], open);
    await ways[0][1](who);
    const { undo } = (await card(who)).preferences.find(({ name }) => name === "cash.amount");
    ok(await server.post("/v1/customers/me/undo", { undo }, { key: who.key }));
    assert.equal(await value(who), undefined);
    await ways[0][1](who);
    assert.equal(await value(who), undefined, "and stays undone");
  });

  test("moves with the customer's copy", async () => {
    const who = await known(), bytes = async () => (await copyOf(server, who.cid)).bytes;
    await server.send([say("cash.amount", 500)(who.page)], open);
    const other = await Server.start();
    try {
      const bring = async () => ok(await other.post("/v1/customers/import", await bytes(), { headers: { "Content-Type": "application/zip" } }));
      const there = async () => ok(await other.get(`/v1/customers/${who.cid}`)).preferences.find(({ name }) => name === "cash.amount")?.value;
      await bring();
      assert.equal(await there(), undefined);
      await ways[0][1](who);
      await bring();
      assert.equal(await there(), 500);
    } finally { await other.end(); }
  });
});

describe("a no by a public key", () => {
  const holds = async (who, purpose) => (await card(who)).consents.find((one) => one.purpose === purpose)?.holds ?? false;
  const agreed = async () => {
    const who = await known();
    ok(await server.post("/v1/customers/me/consents", { purpose: "marketing", answer: "yes" }, { key: who.key }));
    assert.equal(await holds(who, "marketing"), true);
    return who;
  };
  const noes = [
    ["a withdrawal", (who) => server.send([track(who.page, "Consent Withdrawn", { purpose: "marketing" })], open)],
    ["a no beside an event", (who) => server.send([track(who.page, "Page Seen", {}, { context: { consent: { categoryPreferences: { marketing: false } } } })], open)],
  ];
  for (const [what, say] of noes)
    test(`acts at once (${what}), is not undone by a public yes, confirmed or not, and is by the customer's own`, async () => {
      const who = await agreed();
      await say(who);
      assert.equal(await holds(who, "marketing"), false);
      await server.send([track(who.page, "Consent Given", { purpose: "marketing" })], open);
      assert.equal(await holds(who, "marketing"), false);
      await server.send([identify({ userId: who.userId, anonymousId: who.anonymousId })]);
      assert.equal(await holds(who, "marketing"), false);
      ok(await server.post("/v1/customers/me/consents", { purpose: "marketing", answer: "yes" }, { key: who.key }));
      assert.equal(await holds(who, "marketing"), true);
    });
});

describe("a visitor of whom nothing is known", () => {
  test("states for themselves by a public key, and keeps it when they sign in", async () => {
    const anonymousId = uuid(), who = { userId: `late-${anonymousId}`, anonymousId };
    await server.send([identify({ anonymousId }, { name: "Vic Visitor" }), say("cash.amount", 70)({ anonymousId }), track({ anonymousId }, "Consent Given", { purpose: "personalisation" })], open);
    const seen = async (identifier) => { const { name, preferences, consents } = await server.card(identifier); return [name, preferences.map(({ value }) => value), consents.filter(({ holds }) => holds).map(({ purpose }) => purpose)]; };
    const mine = ["Vic Visitor", [70], ["personalisation"]];
    assert.deepEqual(await seen(`anonymous:${anonymousId}`), mine);
    await server.send([identify(who)]);
    assert.deepEqual(await seen(`user:${who.userId}`), mine);
  });
});

test("where public keys are trusted, what they state counts at once", async () => {
  const trusting = await Server.start({ settings: { "identify-from-public": "trusted" } });
  try {
    await trusting.send([identify({ userId: "tess", anonymousId: "tess-device" }, { name: "Tess" })]);
    await trusting.send([identify({ anonymousId: "tess-device" }, { name: "Tess New" }), say("cash.amount", 500)({ anonymousId: "tess-device" })], { key: trusting.write });
    const { name, preferences } = await trusting.card("user:tess");
    assert.deepEqual([name, preferences.map(({ value }) => value)], ["Tess New", [500]]);
  } finally { await trusting.end(); }
});
