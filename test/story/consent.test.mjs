/* Nothing is assumed: no row means no, a yes is asked for with nothing ticked, and a no acts at once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DAY, identify, iso, ok, refused, Server, track, until } from "./server.mjs";

const surface = "machine-withdrawal";
const friday = Date.parse("2026-03-06T12:00:00Z");
let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const person = async (name) => { await server.send([identify({ userId: name }, { name })]); return (await server.card(`user:${name}`)).cid; };
const answer = (name, purpose, yes, more = {}) => server.send([track({ userId: name }, yes ? "Consent Given" : "Consent Withdrawn", { purpose, version: "1", ...more })]);
const withdrawals = (name, n, from = friday) => server.post("/v1/import", { batch: [...Array(n)].map((_, i) => track({ userId: name }, "Cash Withdrawn", { amount: 80, notes: [50, 20, 10] }, { timestamp: iso(from + i * 7 * DAY), context: { channel: "machine" } })) }).then(ok);
const later = { context: { now: iso(friday + 8 * 7 * DAY) } };
const held = async (name, purpose) => (await server.card(`user:${name}`)).consents.find((one) => one.purpose === purpose);

test("nobody has agreed to anything: every purpose is unanswered and nothing is learned", async () => {
  await person("default");
  await withdrawals("default", 8);
  for (const consent of (await server.card("user:default")).consents) assert.equal(consent.answer, null);
  const decision = await server.decide("user:default", surface, later);
  assert.equal(decision.guess, false);
  assert.deepEqual(decision.options.map((option) => option.value), [20, 50, 100, 200]);
  assert.ok(decision.withheld.some(({ what, reason }) => what === "habits" || reason === "no consent"));
  assert.match(decision.why, /not agreed/);
});

test("the question is one, unticked, and answered with one tap; the next decision knows", async () => {
  await person("tap");
  const { ask, decision } = await server.decide("user:tap", surface);
  assert.equal(ask.kind, "consent");
  assert.equal(ask.text, "Remember this for next time?");
  assert.deepEqual(ask.answers, ["yes", "no"]);
  assert.ok(!("preset" in ask) && !("default" in ask) && !("checked" in ask), "nothing is ticked");
  assert.equal((await held("tap", "personalisation")).answer, null, "asking is no answer");
  ok(await server.post("/v1/response", { decision, suggestion: ask.suggestion, answer: "yes" }));
  const consent = await held("tap", "personalisation");
  assert.equal(consent.answer, "yes");
  assert.equal(consent.holds, true);
  const next = await server.decide("user:tap", surface);
  assert.deepEqual(next.withheld, []);
  assert.equal(next.ask, null, "it is not asked again");
});

test("a no to the question is respected: it is not asked again for 90 days", async () => {
  await person("no-thanks");
  const { ask, decision } = await server.decide("user:no-thanks", surface);
  ok(await server.post("/v1/response", { decision, suggestion: ask.suggestion, answer: "no" }));
  assert.equal((await held("no-thanks", "personalisation")).answer, "no");
  assert.equal((await server.decide("user:no-thanks", surface)).ask, null);
  assert.equal((await server.decide("user:no-thanks", surface, { context: { now: iso(Date.now() + 89 * DAY) } })).ask, null);
  assert.ok((await server.decide("user:no-thanks", surface, { context: { now: iso(Date.now() + 91 * DAY) } })).ask);
});

test("only what happens after the yes is learned", async () => {
  await person("after");
  await withdrawals("after", 8);
  await answer("after", "personalisation", true);
  assert.equal((await server.decide("user:after", surface, later)).guess, false, "what was before serves the running of the service alone");
  await withdrawals("after", 8, friday + 8 * 7 * DAY);
  assert.equal((await server.decide("user:after", surface, { context: { now: iso(friday + 16 * 7 * DAY) } })).guess, true);
});

test("a no acts in the very next answer", async () => {
  await person("withdraws");
  await answer("withdraws", "personalisation", true);
  await withdrawals("withdraws", 8);
  assert.equal((await server.decide("user:withdraws", surface, later)).guess, true);
  ok(await server.post("/v1/customers/" + (await server.card("user:withdraws")).cid + "/consents", { purpose: "personalisation", answer: "no", channel: "phone" }));
  const next = await server.decide("user:withdraws", surface, later);
  assert.equal(next.guess, false);
  assert.deepEqual(next.options.map((option) => option.value), [20, 50, 100, 200]);
  assert.equal((await held("withdraws", "personalisation")).channel, "phone");
  assert.deepEqual((await server.card("user:withdraws")).habits, [], "nor does staff see it");
});

test("the order of receipt counts: an older stamp on a no cannot save the yes, nor a newer stamp on the yes", async () => {
  await person("stamped");
  await answer("stamped", "personalisation", true);
  await server.send([track({ userId: "stamped" }, "Consent Withdrawn", { purpose: "personalisation" }, { timestamp: "2020-01-01T00:00:00Z" })]);
  assert.equal((await held("stamped", "personalisation")).holds, false, "withdrawn, though stamped before the yes");
  await server.post("/v1/import", { batch: [track({ userId: "stamped" }, "Consent Withdrawn", { purpose: "marketing" }, { timestamp: iso(Date.now()) }), track({ userId: "stamped" }, "Consent Given", { purpose: "marketing", notice: { id: "paper-2019", version: "1" } }, { timestamp: "2019-01-01T00:00:00Z" })] });
  assert.equal((await held("stamped", "marketing")).holds, true, "given later, though stamped before");
});

test("a yes from a control that was ticked beforehand is refused everywhere, a no from it is taken", async () => {
  const cid = await person("preset");
  const control = { preset: true };
  refused(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "yes", control }), 422, "preset_control");
  const batch = await server.send([track({ userId: "preset" }, "Consent Given", { purpose: "marketing", control })]);
  assert.equal(batch.rejected[0].code, "preset_control");
  assert.equal((await held("preset", "marketing")).answer, null);
  await answer("preset", "marketing", false, { control });
  assert.equal((await held("preset", "marketing")).answer, "no");
});

test("a purpose that is not configured cannot be agreed to", async () => {
  const cid = await person("purpose");
  refused(await server.post(`/v1/customers/${cid}/consents`, { purpose: "everything", answer: "yes" }), 422, "unknown_purpose");
  refused(await server.post(`/v1/customers/${cid}/consents`, { purpose: "service", answer: "no" }), 422, "unknown_purpose");
});

test("Segment's categoryPreferences are answers: a yes, a change to no, and nothing written while nothing changes", async () => {
  await person("category");
  const cid = (await server.card("user:category")).cid;
  const say = (personalisation) => server.send([track({ userId: "category" }, "Seen", {}, { context: { consent: { categoryPreferences: { personalisation, "no-such-purpose": true } } } })]);
  const acts = async () => (await server.timeline(cid)).filter((event) => event.kind === "consent").length;
  await say(false);
  assert.equal(await acts(), 0, "no was the state already");
  await say(true);
  assert.equal((await held("category", "personalisation")).holds, true);
  await say(true);
  await say(true);
  assert.equal(await acts(), 1);
  await say(false);
  assert.equal((await held("category", "personalisation")).holds, false);
  assert.equal(await acts(), 2);
});

test("a yes holds for the text that was shown: a new version asks anew", async () => {
  const files = (version) => [{ name: "p.yaml", text: `kind: purpose\nname: personalisation\ntitle: Remember\ntext: "We remember."\nversion: ${version}\n` },
    { name: "s.yaml", text: "kind: surface\nname: machine-withdrawal\ntype: usual\npurpose: personalisation\nlearns: {event: Cash Withdrawn, field: amount}\nstandard: [20]\nverb: took\nask: Remember?\n" }];
  const one = await Server.start({ files: files(1) });
  try {
    await one.send([track({ userId: "text" }, "Consent Given", { purpose: "personalisation" })]);
    const consent = async () => (await one.card("user:text")).consents[0];
    assert.equal((await consent()).holds, true);
    ok(await one.post("/v1/configuration", { files: files(2) }));
    assert.deepEqual([(await consent()).answer, (await consent()).holds, (await consent()).version_shown], ["yes", false, "1"]);
    await one.kill();
    await one.up();
    assert.equal((await consent()).holds, false);
    await one.send([track({ userId: "text" }, "Consent Given", { purpose: "personalisation" })]);
    assert.equal((await consent()).holds, true);
  } finally { await one.end(); }
});

test("what was agreed to for one purpose never serves another, whatever purposes are configured later", async () => {
  const files = (...names) => [{ name: "p.yaml", text: names.map((name) => `kind: purpose\nname: ${name}\ntitle: x\ntext: "x"\nversion: 1\n---\n` +
    `kind: surface\nname: for-${name}\ntype: usual\npurpose: ${name}\nlearns: {event: Cash Withdrawn, field: amount}\nstandard: [20]\nverb: took\nask: Remember?\n`).join("---\n") }];
  const one = await Server.start({ files: files("b", "c") });
  const agree = (...purposes) => one.send(purposes.map((purpose) => track({ userId: "sam" }, "Consent Given", { purpose })));
  const guesses = async (...names) => {
    const found = {};
    for (const name of names) found[name] = (await one.decide("user:sam", `for-${name}`, later)).guess;
    return found;
  };
  try {
    await agree("b");
    ok(await one.post("/v1/import", { batch: [...Array(8)].map((_, i) => track({ userId: "sam" }, "Cash Withdrawn", { amount: 80 }, { timestamp: iso(friday + i * 7 * DAY) })) }));
    assert.deepEqual(await guesses("b", "c"), { b: true, c: false });
    ok(await one.post("/v1/configuration", { files: files("a", "b", "c") }));
    await agree("a", "c"); // From now on: what was before was agreed to for b alone.
    assert.deepEqual(await guesses("a", "b", "c"), { a: false, b: true, c: false });
    await one.kill();
    await one.up();
    assert.deepEqual(await guesses("a", "b", "c"), { a: false, b: true, c: false });
    ok(await one.post("/v1/configuration", { files: files("a", "d") }));
    await agree("d");
    await one.restart();
    assert.deepEqual(await guesses("a", "d"), { a: false, d: false }, "the place of a purpose that was removed stays its own");
    ok(await one.post("/v1/configuration", { files: files("a", "b", "c", "d") }));
    assert.deepEqual(await guesses("a", "b", "c", "d"), { a: false, b: true, c: false, d: false }, "one that comes back finds it again");
    const names = [...Array(59)].map((_, i) => `p${i}`);
    const many = refused(await one.post("/v1/configuration", { files: files(...names) }), 422, "invalid_configuration");
    assert.match(many.problems[0].message, /never be more than 58 purposes/);
  } finally { await one.end(); }
});

test("every act stays in the customer's history, with words, version and channel, and survives kill -9", async () => {
  const cid = await person("ledger");
  const staff = { purpose: "research", channel: "branch", evidence: "signed form 17" };
  for (const yes of ["yes", "no", "yes"]) ok(await server.post(`/v1/customers/${cid}/consents`, { ...staff, answer: yes }));
  await server.kill();
  await server.up();
  const acts = (await server.timeline(cid)).filter((event) => event.kind === "consent").reverse();
  assert.deepEqual(acts.map((act) => act.properties.answer), ["yes", "no", "yes"]);
  for (const act of acts) {
    assert.equal(act.channel, "branch");
    assert.equal(act.properties.version, "1");
    assert.match(act.properties.text, /ask you now and then/);
    assert.equal(act.properties.evidence, "signed form 17");
  }
});

test("taking back a yes with undo leaves no yes behind", async () => {
  const cid = await person("undoes");
  const { undo } = ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "yes" }));
  assert.equal((await held("undoes", "marketing")).holds, true);
  ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
  assert.equal((await held("undoes", "marketing")).answer, null);
});

test("undoing a no is the customer's own doing and gives the state before it", async () => {
  const cid = await person("undoes-no");
  ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "yes" }));
  const { undo } = ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "no" }));
  assert.equal((await held("undoes-no", "marketing")).holds, false);
  ok(await server.post(`/v1/customers/${cid}/undo`, { undo }));
  assert.equal((await held("undoes-no", "marketing")).holds, true);
});

test("a page open at the customer's hears of the change", async () => {
  const cid = await person("hears");
  const listening = server.raw([`GET /v1/stream?token=${server.token("user:hears")} HTTP/1.1\r\nHost: x\r\n\r\n`], { wait: 700 });
  await until(async () => /attune_streams 1/.test((await server.get("/metrics", { key: null })).text), "the stream is open");
  ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "marketing", answer: "yes" }));
  assert.match((await listening).text, new RegExp(`event: changed\\s+data: \\{"cid":"${cid}","what":\\[[^\\]]*"consents"`));
});
