/* Stars and questions (B6): asked once, seldom, only who agreed; one asking has one answer; every figure has its n and its interval. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, refused, Server, track } from "./server.mjs";

const PURPOSE = "research", SURFACE = "machine-question";

describe("a question", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  const agree = async (user) => {
    await server.send([track({ userId: user }, "Cash Withdrawn", { amount: 50 })]);
    const { cid } = await server.card(`user:${user}`);
    ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: PURPOSE, answer: "yes", channel: "machine" }));
    return cid;
  };
  const ask = (user, days = 0) => server.decide(`user:${user}`, SURFACE, { channel: "machine", context: { now: iso(Date.now() + days * DAY) } });
  const uses = (user, n) => server.send(Array.from({ length: n }, () => track({ userId: user }, "Cash Withdrawn", { amount: 50 })));

  test("is not asked of who has not agreed, and says so", async () => {
    await uses("shy", 1);
    const decision = await ask("shy");
    assert.equal(decision.ask, null);
    assert.match(decision.why, /not agreed to be asked/);
  });

  test("is asked once, answered once, and not again next time", async () => {
    await agree("once");
    const first = await ask("once");
    assert.equal(first.type, "question");
    assert.deepEqual([first.ask.kind, first.ask.question, first.ask.scale, first.ask.low, first.ask.high, first.ask.every_uses], ["question", "cash-stars", "stars", 1, 5, 24]);
    refused(await server.post("/v1/response", { decision: first.decision, value: 6 }), 400, "invalid_answer");
    ok(await server.post("/v1/response", { decision: first.decision, value: 4 }));
    refused(await server.post("/v1/response", { decision: first.decision, value: 1 }), 409, "already_answered");
    const again = await ask("once", 1);
    assert.equal(again.ask, null);
    assert.match(again.why, /within the last 48 hours/);
    const { cid } = await server.card("user:once"), given = (await server.timeline(cid)).filter((event) => event.name === "Rating Given");
    assert.equal(given.length, 1, "one asking has one answer");
    assert.deepEqual([given[0].properties.properties?.stars ?? given[0].properties.stars, given[0].touchpoint, given[0].channel], [4, "machine-withdrawal", "machine"]);
  });

  test("comes back after 24 uses and 30 days, and not before", async () => {
    await agree("often");
    await ask("often");
    assert.match((await ask("often", 10)).why, /asked something within the last 30 days/);
    await uses("often", 23);
    const later = 30 + 1 / 1440, few = await ask("often", later);
    assert.equal(few.ask, null);
    assert.match(few.why, /23 of 24 uses/);
    await uses("often", 1);
    assert.equal((await ask("often", later)).ask.question, "cash-stars");
    assert.match((await ask("often", 45)).why, /nobody here has looked at the answers for 30 days/, "a question that nobody uses rests");
  });

  test("waits while a complaint is open, and after any answer on any channel", async () => {
    await agree("angry");
    await server.send([track({ userId: "angry" }, "Complaint Made", { complaint_id: "c-1", about: "fees" })]);
    assert.match((await ask("angry")).why, /complaint of yours is open/);
    await server.send([track({ userId: "angry" }, "Complaint Settled", { complaint_id: "c-1" })]);
    assert.equal((await ask("angry")).ask.kind, "question");
    await agree("phoned");
    await server.send([track({ userId: "phoned" }, "Effort Given", { value: 6 }, { context: { channel: "phone" } })]);
    assert.match((await ask("phoned")).why, /48 hours/);
  });

  test("asked by another system spends the same budget", async () => {
    await agree("mailed");
    await server.send([track({ userId: "mailed" }, "Question Asked", { question: "recommend" }, { timestamp: iso(Date.now() - 5 * DAY) })]);
    assert.match((await ask("mailed")).why, /asked something within the last 30 days/);
  });

  test("decided again from the log is the same decision", async () => {
    const cid = await agree("replayed"), asked = await ask("replayed"), silent = await ask("replayed");
    for (const decision of [asked, silent]) {
      const again = ok(await server.get(`/v1/customers/${cid}/decisions/${decision.decision}`));
      assert.equal(again.same, true);
      assert.equal(again.answer.why, decision.why);
    }
    await server.kill();
    await server.up();
    assert.equal((await ask("replayed")).ask, null, "the asking survived the crash");
  });

  test("must be one that can be asked", async () => {
    const put = (name, body) => server.put(`/v1/configuration/question/${name}`, body);
    const problem = async (body, says) => { const answer = await put("bad", body); assert.equal(answer.status, 422, answer.text); assert.match(answer.text, says); };
    await problem({ text: "Well?", scale: "stars", where: "web-home", purpose: "nothing" }, /no purpose/);
    await problem({ text: "Well?", scale: "stars", where: "web-home", purpose: "research", every: { uses: 3 } }, /uses are counted by the event/);
    await problem({ text: "Well?", scale: "rank", where: "web-home", purpose: "research", options: { a: "A" }, us: "a" }, /at least two options/);
  });
});

describe("the voice of customers", () => {
  const N = 40;
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());
  const answer = (event, values, at, context) => server.send(values.map((value, i) =>
    track({ userId: `v${i}` }, event, event === "Rating Given" ? { stars: value } : { value }, { timestamp: iso(Date.now() - at * DAY), context })));
  const scaleOf = (voice, name) => voice.scales.find(({ scale }) => scale === name);

  test("is not shown of so few", async () => {
    await answer("Rating Given", [5, 5, 5], 3, { channel: "app", touchpoint: "app-home" });
    const voice = ok(await server.get("/v1/voice"));
    assert.equal(scaleOf(voice, "stars").now.hidden, true);
    assert.equal(scaleOf(voice, "stars").now.value, undefined);
    assert.match(voice.sentence, /Too few customers/);
  });

  test("has a figure, an interval, a place and a month, and a change only beyond chance", async () => {
    await answer("Rating Given", Array(N).fill(2), 45, { channel: "app", touchpoint: "app-home" });
    await answer("Rating Given", Array(N).fill(4), 2, { channel: "app", touchpoint: "app-home" });
    await answer("Recommendation Given", Array.from({ length: 100 }, (_, i) => (i < 60 ? 9 : i < 85 ? 8 : 3)), 2, { channel: "phone", touchpoint: "call-centre" });
    const voice = ok(await server.get("/v1/voice")), stars = scaleOf(voice, "stars"), nps = scaleOf(voice, "nps");
    assert.equal(stars.now.n, N + 3);
    assert.ok(Math.abs(stars.now.value - (4 * N + 15) / (N + 3)) < 1e-9);
    assert.ok(stars.now.low < stars.now.value && stars.now.value < stars.now.high);
    assert.equal(stars.change.is_change, true);
    assert.ok(Math.abs(nps.now.value - 0.45) < 1e-9 && Math.abs(nps.now.low - 0.293431) < 1e-6 && Math.abs(nps.now.high - 0.580356) < 1e-6);
    assert.equal(nps.change, null, "there is nothing to compare with");
    assert.deepEqual(nps.touchpoints.map(({ touchpoint, n }) => [touchpoint, n]), [["call-centre", 100]]);
    assert.equal(stars.months.at(-1).month, iso(Date.now()).slice(0, 7));
    assert.equal(stars.months.reduce((n, month) => n + (month.n ?? 0), 0) >= 2 * N, true);
    assert.ok(voice.remembered.customers >= N);
  });

  test("opens to the customers behind a figure: by name who agreed, the others as a number", async () => {
    await server.send([0, 1].map((i) => track({ userId: `v${i}` }, "Consent Given", { purpose: "analytics", control: { preset: false } })));
    const open = (query) => server.get(`/v1/voice/customers?${query}`).then(ok);
    const pleased = await open("scale=stars&low=4&touchpoint=app-home");
    assert.deepEqual([pleased.total, pleased.agreed, pleased.withheld, pleased.customers.length], [N, 2, N - 2, 2], "three of them gave five stars as well");
    assert.match(pleased.sentence, /^40 customers gave 4 to 5 stars, at: Home of the app in the last 30 days\.$/);
    const few = await open("scale=stars&low=5");
    assert.deepEqual([few.hidden, few.total, few.customers], [true, 0, []]);
    assert.equal((await open("scale=nps&high=6&days=3")).total, 15, "who would not recommend");
    refused(await server.get("/v1/voice/customers?scale=smiles"), 400, "invalid_scale");
    refused(await server.get("/v1/voice/customers?scale=stars&touchpoint=nowhere"), 404, "no_touchpoint");
  });

  test("says how often customers were asked, and who looks at the answers", async () => {
    for (let i = 0; i < 12; i++) {
      await server.send([track({ userId: `v${i}` }, "Question Asked", { question: "cash-stars" }), track({ userId: `v${i}` }, "Cash Withdrawn", { amount: 50 }), track({ userId: `v${i}` }, "Cash Withdrawn", { amount: 50 })]);
      if (i < 10) await server.send([track({ userId: `v${i}` }, "Rating Given", { stars: 4, question: "cash-stars" })]);
    }
    const stars = () => server.get("/v1/voice").then((answer) => ok(answer).questions.find(({ question }) => question === "cash-stars"));
    const first = await stars(), second = await stars();
    assert.deepEqual([first.asks, first.answers, first.uses, first.rests], [12, 10, 24, false]);
    assert.equal(second.looked_at, 1, "a day counts once, however often somebody looks");
    assert.equal(second.last_looked_at.slice(0, 10), iso(Date.now()).slice(0, 10));
  });
});

describe("what customers say in words", () => {
  let server;
  const now = Date.now(), RATERS = 12;
  const at = (user, days, stars, words) => track({ userId: user }, "Rating Given", { stars, ...(words ? { words } : {}) }, { timestamp: iso(now - days * DAY), context: { channel: "app", touchpoint: "app-home" } });
  const agrees = (user) => track({ userId: user }, "Consent Given", { purpose: "analytics", text: "x", version: "1", control: { preset: false } });
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  test("is not shown while so few rate that they would stand out", async () => {
    await server.send([agrees("v0"), at("v0", 80, 3, "All fine"), at("v0", 25, 1, "The card does not work"), at("v0", 18, 5), at("v0", 10, 4, "Now it does, thank you")]);
    const { hidden, experiences } = ok(await server.get("/v1/voice/words"));
    assert.deepEqual([hidden, experiences], [true, []]);
  });

  test("stands beside the peak and the end of what it was said of, of those who agreed", async () => {
    await server.send([at("v1", 1, 1, "Mine is mine"), ...Array.from({ length: RATERS - 2 }, (_, i) => at(`v${i + 2}`, 5, 4)), agrees("v2"), at("v3", 100, 1, "Too long ago"), agrees("v3")]);
    const answer = ok(await server.get("/v1/voice/words"));
    assert.deepEqual([answer.hidden, answer.agreed, answer.withheld], [false, 3, RATERS - 3]);
    assert.deepEqual(answer.experiences.map((e) => [e.customer.identifiers.includes("user:v0"), e.ratings, e.peak.stars, e.end.stars, e.remembered, e.said.map((s) => [s.stars, s.words])]), [
      [true, 1, 3, 3, 0, [[3, "All fine"]]],
      [true, 3, 5, 4, 0.75, [[1, "The card does not work"], [4, "Now it does, thank you"]]]]); /* 1 and 5 are as intense; the later one is remembered. */
    assert.doesNotMatch(JSON.stringify(answer), /Mine is mine|Too long ago/);
    refused(await server.get("/v1/voice/words", { key: server.write }), 403, "denied");
  });
});
