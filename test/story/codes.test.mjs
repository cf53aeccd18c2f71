/*
 * Currencies, languages, time zones and colours: a wrong one enters nowhere, whichever way it comes, and whoever sent it is told. A page that
 * formats an amount fails at a currency that is none, so one event with a public key must not be able to bring it there.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { attune, configurationOf, identify, iso, ok, refused, root, Server, track, uuid } from "./server.mjs";
import { Visit } from "./visit.mjs";

let server, folder;
before(async () => { server = await Server.start(); folder = mkdtempSync(join(tmpdir(), "attune-codes-")); });
after(() => { rmSync(folder, { recursive: true, force: true }); return server.end(); });

const warnings = (answer) => (answer.warnings ?? []).map(({ code, what }) => [code, what]);
const sendPublic = (events) => server.send(events, { key: server.write });
const bill = (who, currency, more = {}) => track(who, "Bill Issued", { bill_id: uuid(), payee: "Water", amount: 41.2, currency, due_date: iso(Date.now() + 5 * 86400e3) }, more);
const newest = async (identifier, name) => (await server.timeline((await server.card(identifier)).cid)).find((event) => event.name === name);
const stated = async (user, what) => Object.fromEntries((await server.card(`user:${user}`))[what].map(({ name, value }) => [name, value]));
const wrong = ["no such", "", "EURO", "zz", 7, true, ["EUR"], { code: "EUR" }];

test("a_currency_that_is_none_costs_the_event_that_member_and_nothing_else", async () => {
  for (const currency of wrong) {
    const who = { anonymousId: `a-${uuid()}` };
    const answer = await sendPublic([bill(who, currency), track(who, "After")]);
    assert.deepEqual([answer.refused, warnings(answer)], [undefined, [["invalid_currency", "properties.currency"]]], JSON.stringify(currency));
    const { properties } = await newest(`anonymous:${who.anonymousId}`, "Bill Issued");
    assert.deepEqual([properties.amount, "currency" in properties], [41.2, false]);
    const card = await server.card(`anonymous:${who.anonymousId}`);
    assert.deepEqual(card.open.map((m) => [m.amount, m.currency]), [[41.2, null]]);
  }
  assert.match((await server.get("/metrics", { key: null })).text, /attune_warnings_total [1-9]/);
});
test("a_currency_is_stored_in_capitals_and_checked_at_any_depth", async () => {
  const who = { userId: `u-${uuid()}` };
  const answer = await server.send([bill(who, "czk"), track(who, "Order Completed", { currency: null, products: [{ price: 1, currency: "usd" }, { price: 2, currency: "dollars" }] })]);
  assert.deepEqual(warnings(answer), [["invalid_currency", "properties.products.currency"]]);
  assert.equal((await newest(`user:${who.userId}`, "Bill Issued")).properties.currency, "CZK");
  const { properties } = await newest(`user:${who.userId}`, "Order Completed");
  assert.deepEqual([properties.products, properties.currency], [[{ price: 1, currency: "USD" }, { price: 2 }], null]);
  assert.equal((await server.card(`user:${who.userId}`)).open[0].currency, "CZK");
});
test("a_context_and_traits_hold_only_languages_and_zones_that_there_are", async () => {
  const who = { userId: `u-${uuid()}` };
  const answer = await server.send([
    track(who, "Seen", { language: "C++", timezone: "of the heart" }, { context: { locale: "en-", timezone: "Mars/Olympus", library: { locale: "any" }, traits: { language: "e1" } } }),
    identify(who, { language: "no such", locale: "cs_CZ", timezone: "Prague", currency: "gold", name: "Ana" })]);
  assert.deepEqual(warnings(answer), [["invalid_language", "context.locale"], ["invalid_timezone", "context.timezone"], ["invalid_language", "context.traits.language"],
    ["invalid_language", "traits.language"], ["invalid_timezone", "traits.timezone"], ["invalid_currency", "traits.currency"]]);
  const seen = await newest(`user:${who.userId}`, "Seen");
  assert.deepEqual([seen.properties.language, seen.properties.timezone], ["C++", "of the heart"], "what a property means is its sender's business");
  assert.deepEqual(await stated(who.userId, "traits"), { locale: "cs-CZ", name: "Ana" });
});
test("a_context_of_the_whole_batch_is_checked_for_each_event", async () => {
  const who = { anonymousId: `a-${uuid()}` };
  const answer = ok(await server.post("/v1/batch", { batch: [track(who, "One"), track(who, "Two", {}, { context: { locale: "cs" } })], context: { locale: "x y", timezone: "Europe/Prague" } }));
  assert.deepEqual(answer.warnings.map(({ index, code }) => [index, code]), [[0, "invalid_language"]]);
});
test("an_import_of_history_is_checked_as_what_happens_now_is", async () => {
  const who = { userId: `u-${uuid()}` };
  const answer = ok(await server.post("/v1/import", { batch: [bill(who, "no such", { timestamp: "2026-01-05T10:00:00.000Z" })] }));
  assert.deepEqual(warnings(answer), [["invalid_currency", "properties.currency"]]);
  for (const [name, text] of [["log.csv", "case,activity,time,currency\nCASE,Paid,2026-01-05T10:00:00Z,eur\nCASE,Lost,2026-01-06T10:00:00Z,no such\n"],
    ["log.ndjson", ["eur Paid 5", "no-such Lost 6"].map((line) => line.split(" ")).map(([currency, activity, day]) => `${JSON.stringify({ case: "CASE", activity, time: `2026-01-0${day}T10:00:00Z`, currency })}\n`).join("")]]) {
    const path = join(folder, name), id = `f-${uuid()}`;
    writeFileSync(path, text.replaceAll("CASE", id));
    const run = attune("import", path, "--key", server.secret, "--server", server.url, "--json");
    assert.equal(run.code, 0, run.err);
    assert.deepEqual([JSON.parse(run.out).refused, JSON.parse(run.out).warnings], [0, 1], name);
    assert.match(run.err, /line [23]: taken, but not "properties.currency" \(invalid_currency\)/);
    assert.deepEqual([(await newest(`user:${id}`, "Paid")).properties.currency, (await newest(`user:${id}`, "Lost")).properties.currency], ["EUR", undefined]);
  }
});
test("a_preference_for_a_language_or_a_zone_is_one_or_is_refused_and_changes_nothing", async () => {
  const user = `u-${uuid()}`;
  await server.send([identify({ userId: user }, { name: "Ana", language: "cs", timezone: "Europe/Prague" })]);
  const { cid } = await server.card(`user:${user}`), set = (more) => server.post(`/v1/customers/${cid}/preferences`, { set: more, channel: "app" });
  for (const [name, value] of [["language", "no such"], ["language", 7], ["language", ["cs"]], ["locale", "en-"], ["timezone", "Nowhere"], ["currency", "gold"]]) {
    const answer = await set({ "cash.receipt": "yes", [name]: value });
    refused(answer, 400, "invalid_preference");
    assert.match(answer.body.message, new RegExp(`"${name}" must be an? `));
    const event = await server.send([track({ userId: user }, "Preference Stated", { name, value })]);
    assert.deepEqual([event.accepted, event.rejected.map((r) => r.code)], [0, ["invalid_preference"]]);
  }
  assert.deepEqual(await stated(user, "preferences"), {});
  ok(await set({ language: "en_GB", timezone: "Europe/Prague" }));
  assert.deepEqual(await stated(user, "preferences"), { language: "en-GB", timezone: "Europe/Prague" });
  ok(await set({ language: null }));
  const correct = (trait, value) => server.post(`/v1/customers/${cid}/correct`, { trait, value });
  const answer = await correct("language", "no such");
  refused(answer, 400, "invalid_value");
  assert.match(answer.body.message, /"language" must be a BCP 47 tag/);
  refused(await correct("timezone", "Prague"), 400, "invalid_value");
  ok(await correct("language", "de_AT"));
  const visit = await Visit.begin(server, `user:${user}`);
  const shown = await visit.post("correct", { trait: "language", value: "no such" }, { like: `name="trait" value="language"` });
  assert.equal(shown.status, 400);
  assert.match(shown.text, /Write a language as cs or en-GB/);
  assert.equal((await visit.post("way", { language: "no such" })).status, 400);
  assert.equal((await stated(user, "traits")).language, "de-AT");
});
test("a_consent_is_in_a_language_that_there_is", async () => {
  const user = `u-${uuid()}`;
  await server.send([identify({ userId: user }, { name: "Ana" })]);
  const { cid } = await server.card(`user:${user}`);
  const act = { purpose: "personalisation", answer: "yes", language: "no such" };
  refused(await server.post(`/v1/customers/${cid}/consents`, act), 422, "invalid_language");
  const event = await server.send([track({ userId: user }, "Consent Given", act)]);
  assert.deepEqual(event.rejected.map((r) => r.code), ["invalid_language"]);
  ok(await server.post(`/v1/customers/${cid}/consents`, { ...act, language: "en-GB" }));
});
test("a_document_with_a_code_that_is_none_is_refused_and_says_what_is_allowed", async () => {
  const question = { type: "usual", purpose: "personalisation", learns: { event: "Cash Withdrawn", field: "amount" }, standard: [20, 50] };
  for (const [path, document, at, allowed] of [
    ["price-list/odd", { currency: "no such", lines: [{ event: "Order Completed", margin: "10%" }] }, /"column"/, /There is no currency "no such"\. Use an ISO 4217 code such as EUR\./],
    ["price-list/odd", { currency: "ZZZ", lines: [{ event: "Order Completed", margin: "10%" }] }, /"column"/, /There is no currency "ZZZ"/],
    ["product/odd", { title: "Odd", price: 5, currency: "gold" }, /"column"/, /There is no currency "gold"/],
    ["surface/odd", { ...question, currency: "gold" }, /"column"/, /There is no currency "gold"/],
    ["surface/odd", { ...question, asks: { "en-": "Shall we?" } }, /"column"/, /"en-" is not a language\. Use a BCP 47 tag such as cs or en-GB\./],
    ["purpose/odd", { title: "Odd", text: "Odd.", class: "marketing", version: "1", texts: { "no such": { title: "A", text: "B" } } }, /"column"/, /"no such" is not a language/],
    ["purpose/odd", { title: "Odd", text: "Odd.", class: "marketing", version: "1", language: "e1" }, /"column"/, /"e1" is not a language/],
  ]) {
    const answer = await server.put(`/v1/configuration/${path}`, document);
    assert.equal(answer.status, 422, `${path}: ${answer.text}`);
    assert.match(answer.text.replaceAll('\\"', '"'), allowed, path);
    assert.match(answer.text, at, path);
  }
  const files = configurationOf(join(root, "demo/harbour")).map((file) => ({ ...file, text: file.text.replace(/^accent: .*$/m, 'accent: {light: "green", dark: "#4fb8a5"}') }));
  const answer = await server.post("/v1/configuration", { files });
  assert.equal(answer.status, 422, answer.text);
  assert.deepEqual(answer.body.problems.map((problem) => problem.message), ['"green" is not a colour. Use #rgb or #rrggbb, such as #0f6b5c.']);
});
test("a_price_list_in_small_letters_is_the_same_currency", async () => {
  ok(await server.put("/v1/configuration/product/small", { title: "Small", price: 5, currency: "eur" }));
  ok(await server.put("/v1/configuration/price-list/small", { currency: "eur", lines: [{ event: "Small Sold", income: 1 }] }));
  assert.equal(ok(await server.get("/v1/broken")).currency, "EUR");
});
