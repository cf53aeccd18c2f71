/* Where the company stands: the quadrant, ten points and taking part, all from events; too few are not shown; each line opens to its customers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { configurationOf, DAY, identify, iso, ok, refused, root, Server, track } from "./server.mjs";

const PEOPLE = 60, AGREED = 30, PROPOSED = 20, LEFT = 15;

describe("where the company stands", () => {
  let server;
  const now = Date.now(), name = (i) => `s${String(i).padStart(3, "0")}`, at = (i, event, days, properties = {}) => track({ userId: name(i) }, event, properties, { timestamp: iso(now - days * DAY + i), context: { channel: "app", touchpoint: "app-home" } });
  before(async () => { server = await Server.start({ files: configurationOf(join(root, "demo/harbour")) }); });
  after(() => server.end());

  test("nothing is measured before anybody has come, and that counts nothing", async () => {
    const { sentence, score, quadrant, participation } = ok(await server.get("/v1/overview"));
    assert.match(sentence, /Nobody has been seen yet/);
    assert.deepEqual([score.points, score.not_measured, quadrant.quarter, participation.value], [null, 10, null, null]);
    for (const item of score.items) assert.ok(!item.measured && item.points === null && item.why.length > 10);
  });

  test("of too few is not shown", async () => {
    await server.send(Array.from({ length: 5 }, (_, i) => at(i, "Savings Opening Begun", 3)));
    await server.restart();
    const { score, participation } = ok(await server.get("/v1/overview"));
    assert.equal(participation.value, null);
    assert.equal(score.items[4].measured, false);
  });

  test("follows from what customers did", async () => {
    const events = [];
    for (let i = 0; i < PEOPLE; i++) {
      events.push(identify({ userId: name(i) }, { name: `N ${i}` }, { timestamp: iso(now - 20 * DAY) }), at(i, "Savings Opening Begun", 12));
      if (i >= LEFT) events.push(at(i, "Savings Opened", 11.9));
      if (i < AGREED) events.push(at(i, "Consent Given", 10, { purpose: "analytics", text: "x", version: "1", control: { preset: false } }));
      if (i < PROPOSED) events.push(at(i, "Idea Supported", 5, { idea: "notes-by-size" }));
    }
    for (let i = 0; i < events.length; i += 100) await server.send(events.slice(i, i + 100));
    await server.restart(); /* What is kept for a minute is forgotten. */
    const { score, quadrant, participation, broken } = ok(await server.get("/v1/overview"));
    const found = score.items[4], opt = score.items[9], design = score.items[2];
    assert.deepEqual([found.of, Math.round(found.share * PEOPLE)], [PEOPLE, PEOPLE - LEFT]);
    assert.ok(found.low < found.share && Math.abs(found.points - found.low / 0.95) < 1e-9);
    assert.deepEqual([opt.of, opt.share], [AGREED, 1]);
    assert.equal(Math.round(design.share * design.of), PROPOSED);
    assert.equal(participation.n, PEOPLE);
    assert.equal(Math.round(participation.value * PEOPLE), AGREED);
    assert.ok(quadrant.interaction > 0 && quadrant.path.length >= 1 && quadrant.next.length === 3);
    assert.deepEqual(broken.map((b) => [b.spot, b.customers]), [["open-savings", LEFT]]);
  });

  test("each line opens to the customers it counts, those by name who agreed", async () => {
    const line = ok(await server.get("/v1/scorecard/5"));
    assert.deepEqual([line.total, line.agreed, line.withheld], [PEOPLE - LEFT, AGREED - LEFT, PEOPLE - AGREED]);
    assert.equal(line.customers.length, AGREED - LEFT);
    assert.equal(ok(await server.get("/v1/scorecard")).score.items.length, 10);
    assert.ok(ok(await server.get("/v1/quadrant")).quadrant.interaction > 0 && ok(await server.get("/v1/participation")).participation.n === PEOPLE);
    refused(await server.get("/v1/scorecard/11"), 404, "no_item");
    refused(await server.get("/v1/scorecard/first"), 404, "no_item");
    refused(await server.get("/v1/scorecard", { key: server.write }), 403, "denied");
  });
});

describe("where each segment stands", () => {
  const READERS = 15, RATED = 12, BEFORE = 11, LONG_AGO = 8, WISHES = 3, OTHERS = 25, VOTED = 5, SILENT = 5, RARE = 4, DRAWN = 0.48; /* What a withdrawal brings by Harbour's prices. */
  const segment = (name, title, rule, purpose = "analytics") => `kind: segment\nname: ${name}\ntitle: ${title}\nrule: ${rule}\npurpose: ${purpose}\n`;
  const files = [...configurationOf(join(root, "demo/harbour")).filter((file) => file.name !== "segments.yaml"), { name: "segments.yaml", text: [
    segment("readers", "Reads our news", 'did "News Read" in the last 60 days'), segment("draws", "Draws cash", 'did "Cash Withdrawn" in the last 60 days'),
    segment("rare", "Did something rare", 'did "Rare" in the last 60 days'), segment("told", "May be written to", 'did "News Read" in the last 60 days', "marketing")].join("---\n") }];
  const now = Date.now(), name = (i) => `g${String(i).padStart(3, "0")}`, all = READERS + OTHERS + SILENT;
  const at = (i, event, days, channel = "machine", properties = {}) => track({ userId: name(i) }, event, properties, { timestamp: iso(now - days * DAY + i), context: { channel } });
  let server, readers, answer;
  before(async () => { server = await Server.start({ files }); });
  after(() => server.end());

  test("with its share who take part, month by month, and of too few it is not shown", async () => {
    const events = [];
    for (let i = 0; i < all; i++) {
      if (i < READERS + OTHERS) events.push(at(i, "Consent Given", 100, "app", { purpose: "analytics", text: "x", version: "1", control: { preset: false } }));
      events.push(at(i, "Cash Withdrawn", 10, "machine", { amount: 20 }));
      if (i < READERS || i >= READERS + OTHERS) events.push(at(i, "News Read", 9, "app"));
      if (i < BEFORE) events.push(at(i, "Cash Withdrawn", 40, "machine", { amount: 20 }));
      if (i < LONG_AGO) events.push(at(i, "Cash Withdrawn", 70, "machine", { amount: 20 }));
      if (i < RATED) events.push(at(i, "Rating Given", 8, "app", { stars: i % 2 ? 5 : 3 }));
      if (i >= READERS && i < READERS + VOTED) events.push(at(i, "Idea Supported", 5, "app", { idea: "notes-by-size" }));
      if (i < RARE) events.push(at(i, "Rare", 3, "app"));
    }
    for (let i = 0; i < events.length; i += 100) await server.send(events.slice(i, i + 100));
    for (let i = 0; i < WISHES; i++) ok(await server.post(`/v1/customers/${(await server.card(`user:${name(i)}`)).cid}/preferences`, { set: { language: "de" } }));
    answer = ok(await server.get("/v1/participation"));
    assert.equal(Math.round(answer.participation.value * all), RATED + VOTED);
    assert.deepEqual(answer.segments.map((s) => [s.segment, s.title, s.customers]), [["readers", "Reads our news", READERS]]);
    assert.deepEqual([answer.segments_configured, answer.segments_withheld], [4, 3]); /* Too few; too few beside them; nobody agreed. */
    [readers] = answer.segments;
    assert.deepEqual([readers.took_part.of, Math.round(readers.took_part.share * READERS)], [READERS, RATED]);
    assert.ok(readers.took_part.low < RATED / READERS && readers.took_part.high > RATED / READERS);
    const [longAgo, before, current] = readers.months.slice(-3);
    assert.deepEqual([longAgo.value, longAgo.n], [null, null]);
    assert.deepEqual([before.value, before.n], [0, BEFORE]);
    assert.deepEqual([Math.round(current.value * READERS), current.n], [RATED, READERS]);
  });

  test("with its place on the quadrant, measured with the parts of the whole, and what is not measured said so", async () => {
    const { quadrant, segments: [s] } = ok(await server.get("/v1/quadrant"));
    const mean = (parts) => { const measured = parts.filter((p) => p.measured); return measured.reduce((sum, p) => sum + p.share, 0) / measured.length; };
    assert.deepEqual([s.interaction_parts.map((p) => p.title), s.customization_parts.map((p) => p.title)], [quadrant.interaction_parts.map((p) => p.title), quadrant.customization_parts.map((p) => p.title)]);
    assert.deepEqual(s.not_measured, ["Told once", "Promises kept"]);
    assert.deepEqual(s.interaction_parts.map((p) => p.measured), [true, true, false, false]);
    assert.equal(s.interaction, 1); /* All of them are known, and all agreed. */
    assert.ok(quadrant.interaction < 1);
    const [personal, places, own] = s.customization_parts;
    assert.deepEqual([own.of, Math.round(own.share * READERS)], [READERS, WISHES]);
    assert.equal(personal.of % READERS, 0); /* All fifteen, on every surface. */
    assert.equal(places.share, quadrant.customization_parts[1].share);
    assert.ok(Math.abs(s.customization - mean(s.customization_parts)) < 1e-9);
    assert.equal(s.quadrant, 1 + (s.interaction >= 0.5) + 2 * (s.customization >= 0.5));
  });

  test("with satisfaction and profit beside it, and so for channels", async () => {
    const near = (a, b) => assert.ok(Math.abs(a - b) < 0.006, `${a} is not ${b}`);
    const { quadrant, segments: [s] } = ok(await server.get("/v1/overview"));
    assert.deepEqual([s.satisfaction.value, s.satisfaction.answers, s.satisfaction.customers, s.satisfaction.satisfied.share], [4, RATED, RATED, 0.5]);
    assert.ok(s.satisfaction.low < 4 && s.satisfaction.high > 4);
    assert.deepEqual([s.profit.customers, s.profit.currency, s.profit.days], [READERS, "EUR", 90]);
    near(s.profit.a_customer, (READERS + BEFORE + LONG_AGO) * DRAWN / READERS);
    near(quadrant.profit.a_customer, (all + BEFORE + LONG_AGO) * DRAWN / all);
    const machine = quadrant.channels.find((c) => c.channel === "machine"), app = quadrant.channels.find((c) => c.channel === "app");
    assert.deepEqual([machine.customers, app.customers], [all, READERS + SILENT + VOTED]);
    near(machine.profit.a_customer, (all + BEFORE + LONG_AGO) * DRAWN / all);
    assert.deepEqual([machine.satisfaction, app.satisfaction.value, app.profit.a_customer], [null, 4, 0]);
    assert.equal(Math.round(app.took_part * app.customers), RATED + VOTED);
    assert.ok(Math.abs(app.interaction_parts[1].share - (READERS + VOTED) / (READERS + SILENT + VOTED)) < 1e-9);
  });

  test("and a single customer's part by the same measure, as far as the customer agreed", async () => {
    const part = async (i) => ok(await server.get(`/v1/customers/${(await server.card(`user:${name(i)}`)).cid}/participation`));
    const parts = await Promise.all(Array.from({ length: READERS + OTHERS }, (_, i) => part(i)));
    const company = answer.participation.months;
    for (let m = 0; m < 12; m++) { /* Who agreed are all who took part and all who came before this month. */
      assert.equal(parts[0].months[m].until.slice(0, 10), company[m].until.slice(0, 10));
      const came = parts.filter((p) => p.months[m].came).length, took = parts.filter((p) => p.months[m].took_part).length;
      assert.equal(came + (m === 11 ? SILENT : 0), company[m].n);
      if (company[m].value !== null) assert.equal(took, Math.round(company[m].value * company[m].n));
    }
    assert.deepEqual([parts[0].came, parts[0].took_part, parts[0].months[11].in], [3, 1, ["answered a question"]]);
    assert.equal(parts[0].sentence, "Came in 3 of the last twelve months, and took part in 1 of them: answered a question.");
    assert.deepEqual(parts[READERS].months[11].in, ["voted for an idea"]);
    assert.deepEqual([parts[RATED].came, parts[RATED].took_part], [1, 0]);
    const silent = await part(all - 1);
    assert.deepEqual([silent.months, silent.withheld !== undefined, /not agreed/.test(silent.sentence)], [undefined, true, true]);
    refused(await server.get(`/v1/customers/${"0".repeat(32)}/participation`), 404, "not_found");
  });

  test("which the customer reads on the own page, with where it comes from, and takes along", async () => {
    const own = async (i) => { const entered = await server.get(`/me/enter?token=${server.token(`user:${name(i)}`)}`, { key: null }); return (await server.get("/me", { key: null, headers: { Cookie: entered.headers["set-cookie"][0].split(";")[0] } })).text.replace(/<[^>]+>/g, "").replace(/\s+/g, " "); };
    const text = await own(0), none = await own(all - 1);
    assert.match(text, /What you took part in ?You came in 3 of the last twelve months, and took part in 1 of them: answered a question\./);
    assert.match(text, /You answered a question \(in the month to \d+ \w+ \d{4}\)\. ?From: what you did yourself; it stands in your history\./);
    assert.match(none, /nobody looks at your part alone: you have not agreed to it/);
    assert.doesNotMatch(none, /You came in/);
    const copy = ok(await server.get(`/v1/customers/${(await server.card(`user:${name(0)}`)).cid}/export`));
    assert.deepEqual([copy.participation.came, copy.participation.took_part], [3, 1]);
  });

  test("and who takes the yes back is no member from then on", async () => {
    await server.send([at(READERS - 1, "Consent Withdrawn", 0, "app", { purpose: "analytics" })]);
    await server.restart();
    const { segments: [s] } = ok(await server.get("/v1/participation"));
    assert.deepEqual([s.customers, s.took_part.of, Math.round(s.took_part.share * s.took_part.of)], [READERS - 1, READERS - 1, RATED]);
  });

  test("the same for each of many segments", async () => {
    const many = Array.from({ length: 130 }, (_, i) => segment(`s${i}`, `Number ${i}`, `did "${i % 2 ? "News Read" : "Cash Withdrawn"}" in the last 60 days and not did "Idea Supported" in the last 60 days`)).join("---\n");
    ok(await server.post("/v1/configuration", { files: [...files.slice(0, -1), { name: "segments.yaml", text: many }] }));
    const { segments } = ok(await server.get("/v1/quadrant")), same = (s) => [s.customers, s.took_part.of, s.took_part.share, s.profit.a_customer];
    assert.equal(segments.length, 130);
    for (const s of segments) assert.deepEqual(same(s), same(segments[Number(s.segment.slice(1)) % 2]));
    assert.deepEqual([segments[0].customers, segments[1].customers], [READERS - 1 + OTHERS - VOTED, READERS - 1]);
    assert.ok(segments.every((s) => s.customization_parts[0].measured));
  });

  test("without segments there are none, and that is said", async () => {
    ok(await server.post("/v1/configuration", { files: files.slice(0, -1) }));
    const { segments, segments_configured, segments_withheld } = ok(await server.get("/v1/overview"));
    assert.deepEqual([segments, segments_configured, segments_withheld], [[], 0, 0]);
  });
});
