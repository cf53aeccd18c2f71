/* Purposes and consent in depth: who spoke, for how long, to which words; what arrives beside events; restricting; what leaves. T1 stands in
 * test/unit/test_trust.c. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { DAY, identify, iso, ok, refused, Server, track, until, uuid } from "./server.mjs";
import { fields, Visit, words } from "./visit.mjs";

const purpose = (name, { version = 1, ...more } = {}) => `kind: purpose\nname: ${name}\ntitle: "Title of ${name}"\ntext: "We use it for ${name}, version ${version}."\nversion: ${version}\n` +
  Object.entries(more).map(([key, value]) => `${key}: ${value}\n`).join("");
const usual = (name, of) => `kind: surface\nname: ${name}\ntype: usual\npurpose: ${of}\nlearns: {event: Cash Withdrawn, field: amount}\nstandard: [20, 50]\nverb: took\nask: "Remember this?"\n`;
const documents = (...texts) => [{ name: "all.yaml", text: texts.join("---\n") }];
const files = (more = {}) => documents(purpose("personalisation", more.personalisation), purpose("analytics"), purpose("marketing", { valid: "2h" }), purpose("sharing"),
  purpose("research", { class: "research", categories: "[answers]", recipients: "[the university]", retention: '"two years"', automated: "false", basis: "consent", texts: '{cs: {title: Výzkum, text: "Smíme se ptát?"}}' }),
  usual("machine", "personalisation"), usual("offers", "marketing"),
  "kind: source\nname: web\nchannel: web\ncategories: {Advertising: marketing, C0002: analytics, C0003: analytics}\n",
  'kind: segment\nname: draws\ntitle: Draws cash\nrule: did "Cash Withdrawn" at least 1 times in the last 365 days\npurpose: marketing\n');

let server;
before(async () => { server = await Server.start({ files: files() }); });
after(() => server.end());

const person = async (name) => { await server.send([identify({ userId: name }, { name })]); return (await server.card(`user:${name}`)).cid; };
const say = (cid, purpose, answer, more = {}, options) => server.post(`/v1/customers/${cid}/consents`, { purpose, answer, ...more }, options);
const consents = async (cid, query = "") => ok(await server.get(`/v1/customers/${cid}/consents${query}`));
const state = async (cid, purpose) => (await consents(cid)).consents.find((one) => one.purpose === purpose);
const holds = async (cid, purpose) => { const one = await state(cid, purpose); return one.answer !== null && one.holds; };
const withdraw = (who, n = 8, more = {}) => server.send([...Array(n)].map(() => track(who, "Cash Withdrawn", { amount: 80 }, more)));
const anonymously = { key: null };
const public_ = () => ({ key: server.write });

test("T2 without any answer a decision is generic and its trace has nothing personal", async () => {
  await person("t2");
  /* An amount that no id and no date holds by chance. */
  await server.send([...Array(8)].map(() => track({ userId: "t2" }, "Cash Withdrawn", { amount: 8035197 })));
  const decision = await server.decide("user:t2", "machine", { explain: true });
  assert.equal(decision.guess, false);
  assert.deepEqual(decision.options.map((option) => option.value), [20, 50]);
  assert.deepEqual(decision.because, []);
  assert.ok(!JSON.stringify(decision).includes("8035197"), "the amount is nowhere");
  assert.ok(decision.withheld.length > 0);
});

test("T3 once a withdrawal is acknowledged, every later decision sees it, however many are made at once", async () => {
  const cid = await person("t3");
  ok(await say(cid, "personalisation", "yes"));
  await withdraw({ userId: "t3" });
  assert.equal((await server.decide("user:t3", "machine")).guess, true);
  for (let round = 0; round < 20; round++) {
    let acknowledged = false;
    const all = [...Array(8)].map(async () => {
      for (let i = 0; i < 6; i++) {
        const late = acknowledged, decision = await server.decide("user:t3", "machine");
        if (late) assert.equal(decision.guess, false, "asked for after the acknowledgement");
      }
    });
    ok(await say(cid, "personalisation", "no"));
    acknowledged = true;
    await Promise.all(all);
    assert.equal((await server.decide("user:t3", "machine")).guess, false);
    ok(await say(cid, "personalisation", "yes"));
  }
});

test("T4 an unknown purpose is refused with 422 and nothing is stored", async () => {
  const cid = await person("t4"), before = (await server.timeline(cid)).length;
  refused(await say(cid, "everything", "yes"), 422, "unknown_purpose");
  refused(await say(cid, "", "no"), 422, "unknown_purpose");
  refused(await server.get("/v1/consents?purpose=everything"), 422, "unknown_purpose");
  assert.equal((await server.timeline(cid)).length, before);
  assert.deepEqual((await consents(cid)).ledger, []);
});

test("T5 a yes holds until the end of its time and not a millisecond longer", async () => {
  const cid = await person("t5");
  ok(await say(cid, "marketing", "yes"));
  const { valid_until, decision, act } = await state(cid, "marketing");
  /* On the weekday and at the hour of the end, so that the habit is the same on whichever side of midnight it is. */
  await server.send([...Array(8)].map((_, i) => track({ userId: "t5" }, "Cash Withdrawn", { amount: 80 }, { timestamp: iso(Date.parse(valid_until) - (8 - i) * 7 * DAY) })));
  assert.equal(decision, "granted");
  assert.equal(valid_until, act.valid_until);
  assert.equal(Date.parse(valid_until), Date.parse(act.occurred) + 2 * 3600 * 1000);
  const then = (ms) => server.decide("user:t5", "offers", { context: { now: iso(Date.parse(valid_until) + ms) } });
  assert.equal((await then(0)).guess, true);
  const over = await then(1);
  assert.equal(over.guess, false);
  assert.ok(over.withheld.length > 0);
  const ends = Date.now() + 2000; /* However slow the machine: it holds before, and not after. */
  ok(await say(cid, "marketing", "yes", { valid_until: iso(ends) }));
  const held = await holds(cid, "marketing");
  assert.ok(held || Date.now() > ends, "it held for its time");
  await until(async () => (await state(cid, "marketing")).decision === "expired", "it runs out");
  assert.ok(Date.now() > ends, "not before its time");
  assert.equal((await server.decide("user:t5", "offers")).guess, false, "the ready-made answer has run out too");
  assert.equal((await server.card("user:t5")).consents.find((one) => one.purpose === "marketing").holds, false);
});

test("T6 a new version asks again: the old yes is inactive, and comes back with the old words only by a new yes", async () => {
  const one = await Server.start({ files: files() });
  try {
    await one.send([track({ userId: "t6" }, "Consent Given", { purpose: "personalisation" })]);
    await one.send([...Array(8)].map(() => track({ userId: "t6" }, "Cash Withdrawn", { amount: 80 })));
    const ask = async () => (await one.decide("user:t6", "machine")).ask?.kind ?? null;
    assert.equal((await one.decide("user:t6", "machine")).guess, true);
    assert.equal(await ask(), null);
    ok(await one.post("/v1/configuration", { files: files({ personalisation: { version: 2 } }) }));
    assert.equal(await ask(), "consent", "it is asked again");
    const { cid } = await one.card("user:t6");
    const read = async () => ok(await one.get(`/v1/customers/${cid}/consents`)).consents.find((c) => c.purpose === "personalisation");
    assert.deepEqual([(await read()).decision, (await read()).holds], ["invalidated", false]);
    await one.kill();
    await one.up();
    assert.equal((await read()).decision, "invalidated");
    const decision = await one.decide("user:t6", "machine");
    assert.equal(decision.guess, false);
    ok(await one.post("/v1/response", { decision: decision.decision, suggestion: decision.ask.suggestion, answer: "yes" }));
    assert.deepEqual([(await read()).decision, (await read()).version_shown, (await one.decide("user:t6", "machine")).guess], ["granted", "2", true]);
  } finally { await one.end(); }
});

test("T7 two channels disagree: the customer's newest own word by receipt counts, and a no of others is heard at once", async () => {
  const cid = await person("t7");
  const own = (answer, channel) => say(cid, "marketing", answer, { channel }).then(ok);
  const staff = (answer, method = "api") => say(cid, "marketing", answer, { channel: "phone", actor: "agent:eva", method, evidence: "call 7" }).then(ok);
  await own("yes", "web");
  await own("no", "app");
  assert.equal(await holds(cid, "marketing"), false);
  await staff("yes");
  assert.equal(await holds(cid, "marketing"), false, "staff cannot outvote the customer's own no");
  await staff("yes", "spoken");
  assert.equal(await holds(cid, "marketing"), true, "what the customer said on the phone is the customer's word");
  await staff("no");
  assert.equal(await holds(cid, "marketing"), false, "a no acts at once");
  await own("yes", "app");
  assert.equal(await holds(cid, "marketing"), true);
  await server.send([track({ userId: "t7" }, "Consent Withdrawn", { purpose: "marketing" }, { timestamp: "2020-01-01T00:00:00Z" })]);
  assert.equal(await holds(cid, "marketing"), false, "receipt counts, not a stamp");
});

test("T7 joining and parting: the authenticated word goes first, otherwise no wins, and parting gives back both ledgers", async () => {
  const visit = (id, name) => server.send([track({ anonymousId: id }, name, { purpose: "marketing" })], public_());
  const customer = async (identifier) => (await server.card(identifier)).cid;
  const ledger = async (cid) => (await consents(cid)).ledger.map(({ event, decision, verified }) => ({ event, decision, verified }));
  await visit("t7-a", "Consent Given");
  await visit("t7-b", "Consent Withdrawn");
  await visit("t7-c", "Consent Given");
  const known = await person("t7-known");
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((x) => customer(`anonymous:t7-${x}`)));
  assert.deepEqual(await Promise.all([a, b, c].map((cid) => holds(cid, "marketing"))), [true, false, true]);
  const before = [await ledger(a), await ledger(b)];
  const first = ok(await server.post(`/v1/customers/${a}/merge`, { with: b }));
  assert.equal(await holds(first.cid, "marketing"), false, "none is authenticated: no wins, though it came first or last");
  const parted = first.origins.find((origin) => !origin.first).origin;
  ok(await server.post(`/v1/customers/${first.cid}/split`, { origin: parted }));
  assert.deepEqual([await ledger(a), await ledger(b)].map((l) => l.filter((act) => act.decision)), before, "both ledgers are as they were");
  assert.deepEqual([await holds(a, "marketing"), await holds(b, "marketing")], [true, false]);
  ok(await say(known, "marketing", "yes"));
  await visit("t7-d", "Consent Withdrawn");
  const d = await customer("anonymous:t7-d");
  const joined = ok(await server.post(`/v1/customers/${known}/merge`, { with: d })).cid;
  assert.equal(await holds(joined, "marketing"), true, "the authenticated yes goes before a visitor's earlier no");
  await visit("t7-d", "Consent Withdrawn");
  assert.equal(await holds(joined, "marketing"), false, "a no from the page of somebody who is known acts at once");
  ok(await say(joined, "marketing", "no"));
  const other = ok(await server.post(`/v1/customers/${joined}/merge`, { with: c })).cid;
  assert.equal(await holds(other, "marketing"), false, "a visitor's yes does not outvote the authenticated no");
});

test("T8 a withdrawal ends membership at once, and whoever watches is told why", async () => {
  const cid = await person("t8");
  const members = async (who) => (await server.card(`user:${who}`)).segments.map((segment) => segment.segment);
  ok(await say(cid, "marketing", "yes"));
  await withdraw({ userId: "t8" }, 1);
  assert.deepEqual(await members("t8"), ["draws"]);
  const listening = server.raw([`GET /v1/stream?token=${server.token("user:t8")} HTTP/1.1\r\nHost: x\r\n\r\n`], { wait: 900 });
  await until(async () => /attune_streams 1/.test((await server.get("/metrics", anonymously)).text), "the stream is open");
  const { left } = ok(await say(cid, "marketing", "no"));
  assert.deepEqual(left, [{ segment: "draws", reason: "consent" }]);
  assert.deepEqual(await members("t8"), []);
  ok(await say(cid, "marketing", "yes"));
  await server.send([track({ userId: "t8" }, "Consent Withdrawn", { purpose: "marketing" })]);
  const text = (await listening).text, told = text.match(/event: segment\s+data: [^\n]*/g) ?? [];
  assert.equal(told.length, 2, "once by the interface, once by an event");
  for (const one of told) assert.deepEqual(JSON.parse(one.slice(one.indexOf("{"))), { cid, segment: "draws", member: false, reason: "consent" });
  assert.equal(ok(await say(cid, "marketing", "no")).left, undefined, "nothing is left twice");
  const { undo } = ok(await say(cid, "marketing", "yes")), hears = server.raw([`GET /v1/stream?token=${server.token("user:t8")} HTTP/1.1\r\nHost: x\r\n\r\n`], { wait: 700 });
  await until(async () => /attune_streams 1/.test((await server.get("/metrics", anonymously)).text), "the stream is open");
  ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
  assert.deepEqual(await members("t8"), []);
  assert.match((await hears).text, /event: segment\s+data: [^\n]*"segment":"draws","member":false/, "undoing a yes takes it back too");
});

test("T9 an imported yes that does not say what was shown is refused; a no needs nothing", async () => {
  const load = (event, properties) => server.post("/v1/import", { batch: [track({ userId: "t9" }, event, { purpose: "research", ...properties }, { timestamp: "2024-02-03T04:05:06Z" })] }).then(ok);
  assert.equal((await load("Consent Given", {})).rejected[0].code, "no_notice");
  assert.equal((await load("Consent Given", { version: "1" })).rejected[0].code, "no_notice");
  assert.equal((await load("Consent Withdrawn", {})).rejected, undefined);
  assert.equal((await load("Consent Given", { notice: { id: "leaflet-7", version: 1 } })).rejected, undefined);
  const { cid } = await server.card("user:t9"), { act } = await state(cid, "research");
  assert.match(act.actor, /^import:/);
  assert.deepEqual([act.notice.id, act.notice.version, act.occurred], ["leaflet-7", "1", "2024-02-03T04:05:06.000Z"]);
  assert.ok(act.received > act.occurred);
  assert.equal(await holds(cid, "research"), true);
});

test("T10 a yes from a control that was ticked beforehand is refused, however it is called", async () => {
  const cid = await person("t10");
  for (const more of [{ control: { preset: true } }, { control: { preset: "yes" } }, { control: { preset: 1 } }, { control: "default" }, { control: { id: "default" } }, { method: "default" }])
    refused(await say(cid, "marketing", "yes", more), 422, "preset_control");
  for (const control of [{ preset: true }, "default"])
    assert.equal((await server.send([track({ userId: "t10" }, "Consent Given", { purpose: "marketing", control })])).rejected[0].code, "preset_control");
  assert.equal((await state(cid, "marketing")).answer, null);
});

test("T11 staff acting for a customer need evidence, and nobody but staff's own programs may act for one", async () => {
  const cid = await person("t11"), actor = "agent:eva";
  refused(await say(cid, "marketing", "yes", { actor }), 422, "no_evidence");
  refused(await say(cid, "marketing", "no", { actor }), 422, "no_evidence");
  ok(await say(cid, "marketing", "yes", { actor, evidence: "form 12", method: "signed", channel: "branch", jurisdiction: "CZ", language: "cs" }));
  const { act } = await state(cid, "marketing");
  assert.deepEqual([act.actor, act.evidence, act.method, act.channel, act.jurisdiction, act.language], [actor, "form 12", "signed", "branch", "CZ", "cs"]);
  refused(await say(cid, "marketing", "yes", { actor, evidence: "x" }, { key: server.token("user:t11") }), 422, "invalid_actor");
  refused(await say(cid, "marketing", "yes", { actor: "somebody" }), 422, "invalid_actor");
  refused(await say(cid, "marketing", "yes", { method: "telepathy" }), 422, "invalid_method");
  refused(await say(cid, "marketing", "yes", { valid_until: "soon" }), 422, "invalid_time");
  const sent = await server.send([track({ anonymousId: "t11-page" }, "Consent Given", { purpose: "marketing", actor, evidence: "x" })], public_());
  assert.equal(sent.rejected[0].code, "invalid_actor");
});

test("T12 whoever looks for analytics cannot get customers who denied analytics", async () => {
  const one = await Server.start({ files: files() });
  try {
    const names = [...Array(24)].map((_, i) => `t12-${i}`);
    await one.send(names.flatMap((userId, i) => [identify({ userId }, { name: userId }), track({ userId }, "Consent Given", { purpose: "marketing" }),
      ...(i % 2 ? [track({ userId }, "Consent Given", { purpose: "analytics" })] : []), ...(i % 4 === 3 ? [track({ userId }, "Consent Withdrawn", { purpose: "analytics" })] : []),
      track({ userId }, "Cash Withdrawn", { amount: 20 }, { context: { channel: "web" } })]));
    const agreed = names.filter((_, i) => i % 4 === 1);
    const check = (answer, list, says) => {
      const found = list.map((row) => row.customer?.name ?? row.name).sort();
      assert.deepEqual(found, [...agreed].sort(), says);
      for (const name of names.filter((name) => !agreed.includes(name))) assert.ok(!new RegExp(`"${name}"`).test(answer.text), `${says}: ${name}`);
    };
    const behind = await one.get("/v1/customers?channel=web&n=200"), segment = await one.get("/v1/segments/draws?n=200");
    const journeys = await one.get("/v1/journeys/customers?of=all&cut=gap");
    check(behind, ok(behind).customers, "behind a channel");
    check(segment, ok(segment).customers, "behind a segment");
    assert.equal(segment.body.members, 24, "all count");
    check(journeys, ok(journeys).customers, "behind journeys");
    const restricted = agreed[0], { cid } = await one.card(`user:${restricted}`);
    ok(await one.post(`/v1/customers/${cid}/restrict`, { restricted: true }));
    for (const path of ["/v1/customers?channel=web&n=200", "/v1/segments/draws?n=200", "/v1/journeys/customers?of=all&cut=gap"])
      assert.ok(!(await one.get(path)).text.includes(`"${restricted}"`), `${path}: restricted`);
    assert.equal(ok(await one.get("/v1/segments/draws")).members, 23);
    assert.equal(ok(await one.get("/v1/journeys?cut=gap")).customers, 23);
  } finally { await one.end(); }
});

test("the ledger has every act, newest first, with who, how and what was shown, its text found by the hash, in pages", async () => {
  const cid = await person("ledger");
  ok(await say(cid, "research", "no"));
  ok(await say(cid, "research", "yes", { language: "cs-CZ", method: "checkbox", control: { id: "settings/research", preset: false }, channel: "app" }));
  const { undo } = ok(await say(cid, "research", "no", { text: "Own words.", version: "9" }));
  ok(await say(cid, "marketing", "no"));
  ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
  const all = await consents(cid);
  assert.deepEqual(all.ledger.map((act) => [act.purpose, act.decision, act.undone]), [["marketing", "denied", false], ["research", "withdrawn", true], ["research", "granted", false], ["research", "denied", false]]);
  const given = all.ledger[2];
  assert.deepEqual([given.actor, given.method, given.control, given.language, given.channel, given.verified], ["subject", "checkbox", "settings/research", "cs-CZ", "app", true]);
  for (const act of all.ledger) {
    const text = all.texts[act.notice.sha256];
    assert.equal(createHash("sha256").update(text).digest("hex"), act.notice.sha256, "the hash is that of the text");
  }
  assert.equal(all.texts[given.notice.sha256], "Smíme se ptát?", "the words in the customer's language");
  assert.equal(all.texts[all.ledger[1].notice.sha256], "Own words.");
  const research = all.consents.find((one) => one.purpose === "research");
  assert.deepEqual([research.class, research.categories, research.recipients, research.retention, research.automated, research.basis], ["research", ["answers"], ["the university"], "two years", false, "consent"]);
  assert.equal(research.act.event, given.event, "what holds names its act");
  const pages = [];
  for (let before = ""; before !== null;) {
    const page = await consents(cid, `?n=1${before ? `&before=${before}` : ""}`);
    assert.equal(page.ledger.length, 1);
    pages.push(page.ledger[0].event);
    before = page.next;
  }
  assert.deepEqual(pages, all.ledger.map((act) => act.event));
  refused(await server.get(`/v1/customers/${cid}/consents?before=x`), 400, "invalid_cursor");
  const ownToken = { key: server.token("user:ledger") };
  assert.equal(ok(await server.get(`/v1/customers/${cid}/consents`, ownToken)).ledger.length, 4, "the customer reads it too");
  assert.equal((await server.get(`/v1/customers/${cid}/consents`, { key: server.token("user:t2") })).status, 403);
});

test("all consents come as CSV and JSON, in pages, with the secret key alone", async () => {
  const one = await Server.start({ files: files() });
  try {
    await one.send([...Array(7)].flatMap((_, i) => [track({ userId: `u${i}` }, i % 2 ? "Consent Given" : "Consent Withdrawn", { purpose: "research", version: i === 1 ? '=2+"2' : "1" }),
      track({ userId: `u${i}` }, "Consent Given", { purpose: "marketing" })]));
    const lines = [], seen = [];
    for (let after = "0"; after !== undefined;) {
      const page = await one.get(`/v1/consents?format=csv&purpose=research&n=3&after=${after}`);
      assert.match(page.headers["content-type"], /^text\/csv/);
      const rows = page.text.trimEnd().split("\n");
      assert.equal(rows.shift(), "cid,purpose,decision,holds,time,valid_until,version_shown,channel");
      assert.ok(rows.length <= 3);
      lines.push(...rows);
      after = page.headers["x-attune-next"];
    }
    assert.equal(lines.length, 7);
    assert.equal(new Set(lines.map((line) => line.split(",")[0])).size, 7);
    assert.ok(lines.some((line) => line.includes(`"'=2+""2"`)), "a formula is no formula");
    assert.equal(lines.filter((line) => line.includes(",granted,yes,")).length, 2);
    for (let after = "0"; after !== null;) {
      const page = ok(await one.get(`/v1/consents?n=2&after=${after}`));
      seen.push(...page.consents);
      after = page.next;
    }
    assert.equal(seen.length, 14);
    assert.ok(seen.filter((row) => row.purpose === "marketing").every((row) => row.valid_until && row.holds));
    assert.equal((await one.get("/v1/consents", { key: one.write })).status, 403);
    assert.equal((await one.get("/v1/consents", { key: one.token("user:u1") })).status, 403);
    refused(await one.get("/v1/consents?format=xml"), 400, "invalid_format");
  } finally { await one.end(); }
});

test("categories of a banner are purposes by name or by the source's map; what is denied or left out is not served by the event", async () => {
  const visit = (categoryPreferences, event = "Cash Withdrawn") => server.send([track({ anonymousId: "banner" }, event, { amount: 80 }, { context: { consent: { categoryPreferences } } })], public_());
  await visit({ Advertising: true, personalisation: true });
  const { cid } = await server.card("anonymous:banner");
  assert.deepEqual([await holds(cid, "marketing"), await holds(cid, "personalisation")], [true, true]);
  for (let i = 0; i < 8; i++) await visit({ Advertising: true });
  assert.equal(await holds(cid, "personalisation"), true, "left out: unchanged for the customer");
  assert.equal((await server.decide("anonymous:banner", "offers")).guess, true);
  assert.equal((await server.decide("anonymous:banner", "machine")).guess, false, "left out: the event served it not");
  const acts = (await consents(cid)).ledger.length;
  await visit({ Advertising: true, personalisation: true });
  assert.equal((await consents(cid)).ledger.length, acts, "nothing changed, nothing is written");
  await visit({ C0002: true, C0003: false });
  assert.equal((await state(cid, "analytics")).answer, null, "two categories of one purpose: all have to be allowed");
  await visit({ C0002: true, C0003: true });
  assert.equal(await holds(cid, "analytics"), true);
  const warned = await visit({ Advertising: true, "C0009": true });
  assert.deepEqual(warned.warnings.map(({ code, what }) => [code, what]), [["unknown_category", "C0009"]]);
  assert.match((await server.get("/metrics", anonymously)).text, /attune_warnings_total [1-9]/);
  const before = (await consents(cid)).ledger.length;
  await visit({ Advertising: false, personalisation: true }, "Segment Consent Preference Updated");
  const { ledger } = await consents(cid);
  assert.equal(ledger.length, before + 2, "the customer's answer itself is kept whole, changed or not");
  assert.equal(await holds(cid, "marketing"), false);
  assert.equal(ledger[0].control, "context.consent");
});

test("RudderStack's lists of allowed and denied ids are read, with the provider as the control", async () => {
  const visit = (consentManagement) => server.send([track({ anonymousId: "rudder" }, "Cash Withdrawn", { amount: 80 }, { context: { consentManagement } })], public_());
  await visit({ allowedConsentIds: ["Advertising", "C0002"], deniedConsentIds: ["C0003", "research"], provider: "oneTrust", resolutionStrategy: "and" });
  const { cid } = await server.card("anonymous:rudder");
  assert.deepEqual([await holds(cid, "marketing"), (await state(cid, "analytics")).answer], [true, null]);
  assert.equal((await state(cid, "marketing")).act.control, "context.consentManagement:oneTrust");
  await visit({ allowedConsentIds: ["C0002"], deniedConsentIds: ["C0003"], provider: "oneTrust", resolutionStrategy: "or" });
  assert.equal(await holds(cid, "analytics"), true);
  await visit({ allowedConsentIds: [], deniedConsentIds: ["Advertising"] });
  assert.equal(await holds(cid, "marketing"), false);
  const { warnings } = await visit({ allowedConsentIds: ["nobody-knows"], deniedConsentIds: [] });
  assert.equal(warnings[0].what, "nobody-knows");
});

test("Sec-GPC is a no to sharing by the browser; the customer's later explicit yes holds, and both are shown", async () => {
  const gpc = { headers: { "Sec-GPC": "1" } }, visit = () => server.send([track({ anonymousId: "gpc" }, "Seen")], { ...public_(), ...gpc });
  await visit();
  const { cid } = await server.card("anonymous:gpc");
  const sharing = await state(cid, "sharing");
  assert.deepEqual([sharing.answer, sharing.decision, sharing.act.actor, sharing.act.control], ["no", "denied", "system:gpc", "Sec-GPC"]);
  assert.equal((await state(cid, "marketing")).answer, null, "to sharing alone, unless the setting says more");
  await visit();
  assert.equal((await consents(cid)).ledger.length, 1, "noted once");
  await server.send([track({ anonymousId: "gpc" }, "Consent Given", { purpose: "sharing" })], { ...public_(), ...gpc });
  await visit();
  assert.equal(await holds(cid, "sharing"), true, "the later explicit yes");
  assert.deepEqual((await consents(cid)).ledger.map((act) => [act.actor, act.decision]), [["subject", "granted"], ["system:gpc", "denied"]]);
  const announced = ok(await server.get("/.well-known/gpc.json", anonymously));
  assert.equal(announced.gpc, true);
  assert.match(announced.lastUpdate, /^20\d\d-\d\d-\d\d$/);
  const one = await Server.start({ files: files(), settings: { gpc: "marketing" } }), none = await Server.start({ files: files(), settings: { gpc: "off" } });
  try {
    for (const [at, wanted] of [[one, ["marketing", "sharing"]], [none, []]]) {
      await at.send([track({ userId: "g" }, "Seen")], gpc);
      const { cid } = await at.card("user:g"), { ledger } = ok(await at.get(`/v1/customers/${cid}/consents`));
      assert.deepEqual(ledger.map((act) => act.purpose).sort(), wanted);
    }
    assert.equal(ok(await none.get("/.well-known/gpc.json", anonymously)).gpc, false);
  } finally { await one.end(); await none.end(); }
});

describe("Sec-GPC where a browser talks to us otherwise", () => {
  let at, n = 0;
  before(async () => { at = await Server.start({ files: files(), settings: { gpc: "marketing" } }); });
  after(() => at.end());
  const somebody = async (...agreed) => {
    const user = `signal${++n}`;
    await at.send([identify({ userId: user }, { name: user })]);
    const { cid } = await at.card(`user:${user}`);
    for (const name of agreed) ok(await at.post(`/v1/customers/${cid}/consents`, { purpose: name, answer: "yes" }));
    return { user, cid, browser: { key: at.token(`user:${user}`), headers: { "Sec-GPC": "1" } } };
  };
  const ledger = async (cid) => ok(await at.get(`/v1/customers/${cid}/consents`)).ledger;
  const signals = async (cid) => (await ledger(cid)).filter((act) => act.actor === "system:gpc").map((act) => act.purpose).sort();
  const both = ["marketing", "sharing"];

  test("the very decision that carries it respects it, by a token and by a public key; one of a server does not carry it", async () => {
    const { user, cid, browser } = await somebody("marketing");
    await at.send([...Array(8)].map(() => track({ userId: user }, "Cash Withdrawn", { amount: 80 })));
    const decide = (options) => at.post("/v1/decide", { customer: { cid }, surface: "offers" }, options).then(ok);
    assert.equal((await decide()).guess, true);
    assert.equal((await decide({ key: browser.key })).guess, true, "a browser that sends no signal");
    assert.equal((await decide({ headers: browser.headers })).guess, true, "a secret key is no browser");
    assert.deepEqual(await signals(cid), []);
    const first = await decide(browser);
    assert.deepEqual([first.guess, first.options.map((option) => option.value)], [false, [20, 50]]);
    assert.deepEqual(await signals(cid), both);
    await decide(browser);
    assert.deepEqual(await signals(cid), both, "nothing a second time");
    ok(await at.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "yes" }));
    assert.equal((await decide(browser)).guess, true, "an explicit yes after it holds");
    assert.deepEqual(await signals(cid), both);

    await at.send([track({ anonymousId: "passer-by" }, "Seen")], { key: at.write });
    ok(await at.post("/v1/decide", { customer: { identifier: "anonymous:passer-by" }, surface: "offers" }, { key: at.write, headers: browser.headers }));
    const { ledger: acts } = ok(await at.get(`/v1/customers/${(await at.card("anonymous:passer-by")).cid}/consents`));
    assert.deepEqual(acts.map((act) => [act.actor, act.purpose, act.verified]).sort(), both.map((name) => ["system:gpc", name, false]));
  });

  test("who leaves a segment by it is told to whoever watches, and it is there after a crash", async () => {
    const { user, cid, browser } = await somebody("marketing");
    await at.send([track({ userId: user }, "Cash Withdrawn", { amount: 80 })]);
    assert.deepEqual((await at.card(`user:${user}`)).segments.map((s) => s.segment), ["draws"]);
    const hears = at.raw([`GET /v1/stream?token=${browser.key} HTTP/1.1\r\nHost: x\r\n\r\n`], { wait: 700 });
    await until(async () => /attune_streams 1/.test((await at.get("/metrics", anonymously)).text), "the stream is open");
    ok(await at.post("/v1/decide", { surface: "offers" }, browser));
    assert.deepEqual((await at.card(`user:${user}`)).segments, []);
    assert.match((await hears).text, /event: segment\s+data: [^\n]*"segment":"draws","member":false,"reason":"consent"/);
    await at.kill();
    await at.up();
    assert.deepEqual(await signals(cid), both, "the answer waited until it was on disk");
  });

  test("with a response it is noted before what was answered, so that a yes holds", async () => {
    const { user, cid, browser } = await somebody();
    const { ask } = ok(await at.post("/v1/decide", { surface: "offers" }, { key: browser.key }));
    assert.equal(ask.kind, "consent");
    ok(await at.post("/v1/response", { decision: ask.suggestion.replace(/^s/, "d"), suggestion: ask.suggestion, answer: "yes" }, browser));
    assert.deepEqual((await ledger(cid)).map((act) => [act.actor, act.purpose]), [["subject", "marketing"], ["system:gpc", "sharing"], ["system:gpc", "marketing"]]);
    const { consents } = ok(await at.get(`/v1/customers/${cid}/consents`));
    assert.equal(consents.find((c) => c.purpose === "marketing").holds, true, user);
  });

  test("the customer's own page notes it once, says so and since when, and leaves the last word to the customer", async () => {
    const { user, cid } = await somebody("sharing"), plain = await Visit.begin(at, `user:${user}`);
    await plain.page();
    assert.deepEqual(await signals(cid), [], "without the signal nothing");
    const visit = await Visit.begin(at, `user:${user}`, { "Sec-GPC": "1" });
    const choice = (html) => words(html.match(/<li data-purpose="sharing">[^]*?<\/li>/)[0]);
    const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(Date.now());
    assert.ok(choice(await visit.page()).includes(`Your browser asks companies not to share or sell what they know about you; we heed it, since ${day}`), choice(await visit.page()));
    for (const path of ["/me", "/me/why", "/me/receipts", "/me/ideas"]) await visit.page(path);
    assert.deepEqual(await signals(cid), both, "a page may be asked for again and again");
    const html = await visit.page(), change = html.match(/<li data-change[^>]*>(?:(?!<\/li>)[^])*Your browser asks(?:(?!<\/li>)[^])*<\/li>/)[0];
    assert.match(words(change), /Your browser, online, on .*Answer it yourself/);
    assert.ok(!change.includes("/me/undo"), "undone it would be there again at once");
    const answered = await visit.choose("sharing", "yes");
    assert.match(answered.headers.location, /done=yes/);
    assert.match(choice(await visit.page()), /You said yes .*It is on/);
    assert.deepEqual(await signals(cid), both);
  });

  test("a form that carries it is done as well; a form of another site notes nothing", async () => {
    const { user, cid } = await somebody(), visit = await Visit.begin(at, `user:${user}`);
    const form = fields(await visit.page(), "consent", 'name="purpose" value="analytics"');
    const foreign = await visit.send("consent", { ...form, answer: "yes" }, { "Sec-GPC": "1", Origin: "https://elsewhere.example" });
    assert.equal(foreign.status, 403);
    assert.deepEqual(await ledger(cid), []);
    const done = await visit.send("consent", { ...form, answer: "yes" }, { "Sec-GPC": "1" });
    assert.match(done.headers.location, /done=yes/);
    assert.deepEqual((await ledger(cid)).map((act) => act.purpose).sort(), ["analytics", ...both]);
  });

  test("where the setting is off nothing is heeded anywhere", async () => {
    const off = await Server.start({ files: files(), settings: { gpc: "off" } });
    try {
      await off.send([identify({ userId: "o" }, { name: "O" })]);
      ok(await off.post("/v1/decide", { surface: "offers" }, { key: off.token("user:o"), headers: { "Sec-GPC": "1" } }));
      await (await Visit.begin(off, "user:o", { "Sec-GPC": "1" })).page();
      assert.deepEqual(ok(await off.get(`/v1/customers/${(await off.card("user:o")).cid}/consents`)).ledger, []);
    } finally { await off.end(); }
  });
});

test("restricted: stored and used for nothing but the service, on all ways, until it is lifted, over restarts and joining", async () => {
  const cid = await person("restricts");
  const restrict = (restricted, id = cid) => server.post(`/v1/customers/${id}/restrict`, { restricted, because: "I contest it", channel: "phone" });
  for (const name of ["personalisation", "marketing"]) ok(await say(cid, name, "yes"));
  await withdraw({ userId: "restricts" });
  assert.equal((await server.decide("user:restricts", "machine")).guess, true);
  assert.deepEqual(ok(await restrict(true)).left, [{ segment: "draws", reason: "restricted" }]);
  const generic = async () => {
    const decision = await server.decide("user:restricts", "machine");
    assert.deepEqual([decision.guess, decision.ask], [false, null]);
    assert.match(decision.why, /restricted the use/);
    assert.deepEqual([(await consents(cid)).restricted, (await server.card("user:restricts")).segments], [true, []]);
    assert.equal(await holds(cid, "personalisation"), false);
  };
  await generic();
  await withdraw({ userId: "restricts" }, 2);
  ok(await say(cid, "analytics", "yes"));
  assert.equal(await holds(cid, "analytics"), false, "a yes meanwhile is kept and rests");
  await server.kill();
  await server.up();
  await generic();
  const other = await person("restricts-too");
  const joined = ok(await server.post(`/v1/customers/${cid}/merge`, { with: other })).cid;
  assert.equal((await consents(joined)).restricted, true);
  assert.equal((await server.timeline(joined)).filter((event) => event.kind === "restrict").length, 1);
  ok(await restrict(false, joined));
  ok(await restrict(false, joined));
  assert.equal((await consents(joined)).restricted, false);
  assert.equal((await server.timeline(joined)).filter((event) => event.kind === "restrict").length, 2, "lifting is an act, once");
  assert.equal((await server.decide("user:restricts", "machine")).guess, true);
  assert.equal(await holds(joined, "analytics"), true);
  const lifted = (await consents(joined)).ledger.filter((act) => act.decision === "restricted" || act.decision === "lifted").map((act) => act.decision);
  assert.deepEqual(lifted, ["lifted", "restricted"]);
  refused(await server.post(`/v1/customers/${joined}/restrict`, { restricted: "yes" }), 400, "no_answer");
  const { undo } = ok(await restrict(true, joined));
  assert.equal((await consents(joined)).restricted, true);
  ok(await server.post(`/v1/customers/${joined}/undo`, { undo }));
  assert.equal((await consents(joined)).restricted, false, "as if it had never been");
});

test("what is wrong with a purpose is said with its line and column", async () => {
  const problems = async (...more) => refused(await server.post("/v1/configuration", { files: [{ name: "p.yaml", text: "kind: purpose\nname: x\ntitle: x\ntext: x\nversion: 1\n" + more.join("\n") + "\n" }] }), 422, "invalid_configuration").problems;
  for (const [line, says, at = 6] of [["class: profiling", /one of: service personalisation/], ["valid: soon", /length of time/], ["valid: 0d", /length of time/], ["basis: because", /one of: consent/],
    ["---\nkind: source\nname: web\ncategories: {A: nothing}", /no purpose "nothing"/, 9], ["automated: maybe", /true or false/], ["texts: {cs: {title: x}}", /"cs" needs/], ["categories: all", /must be a list/], ["recipient: [x]", /recipients/]]) {
    const [problem] = await problems(line);
    assert.match(problem.message, says, line);
    assert.equal(problem.line, at, line);
    assert.ok(problem.column >= 1, line);
  }
});
