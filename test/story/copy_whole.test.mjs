/*
 * Is a copy whole? A mark of its own comes in by every way there is, and each must be found in the copy; and every file, folder and table of the
 * data folder must be in the register of places. Both say by name what is missing, and both can fail: that is tested, too.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { copyOf, lines, schemaErrors } from "./copy.mjs";
import { attune, identify, ok, refused, Server, track } from "./server.mjs";

const marks = new Map();
const marked = (way, made) => { assert.ok(!marks.has(way), way); marks.set(way, made); return made; };
const mark = (way) => marked(way, `mark${randomBytes(6).toString("hex")}`);
const markLanguage = (way) => marked(way, `cs-x-${randomBytes(4).toString("hex")}`); /* Only what is a language tag is taken. */
const who = { userId: mark("userId"), anonymousId: mark("anonymousId") };

/* Where events say something, way by way. */
const events = () => [
  identify(who, { email: `${mark("e-mail address")}@mail.example`, [`t${mark("name of a trait")}`]: 1, plan: mark("trait"), address: { street: mark("part of a trait") } }),
  track(who, "Cash Withdrawn", { amount: 40, memo: mark("property of track"), list: [{ deep: mark("property deep in a list") }] }),
  track(who, mark("name of an event"), { [mark("name of a property")]: true }, { messageId: mark("messageId") }),
  track(who, "Seen", {}, { context: { channel: "app", touchpoint: mark("touchpoint"), source: mark("source named by the event"), ip: mark("context: address"), userAgent: mark("context: browser"), campaign: { name: mark("context: campaign") }, page: { referrer: mark("context: referrer") }, own: { any: mark("context: anything") }, traits: { age: mark("context: traits") }, device: { id: mark("context: device") } } }),
  track(who, "Known Elsewhere", {}, { context: { externalIds: [{ id: mark("external id"), type: "ga_client_id", collection: "users" }] } }),
  { type: "page", messageId: mark("messageId of a page"), name: mark("name of a page"), properties: { url: mark("property of a page") }, ...who },
  { type: "screen", messageId: mark("messageId of a screen"), name: mark("name of a screen"), properties: { part: mark("property of a screen") }, ...who },
  { type: "group", messageId: mark("messageId of a group"), groupId: mark("groupId"), traits: { industry: mark("trait of a group") }, ...who },
  { type: "alias", messageId: mark("messageId of an alias"), userId: who.userId, previousId: mark("previousId of an alias") },
  track(who, "Consent Given", { purpose: "research", text: mark("text of a consent"), version: mark("version of a consent"), notice: { id: mark("id of a notice") }, control: mark("control of a consent"), language: markLanguage("language of a consent"), jurisdiction: mark("jurisdiction of a consent"), actor: `agent:${mark("actor of a consent")}`, method: "spoken", evidence: mark("evidence of a consent") }),
  track(who, "Preference Stated", { name: "menu-word", value: mark("preference by an event") }),
  track(who, "Stars Given", { stars: 4, touchpoint: "machine-withdrawal", words: mark("words beside stars") }),
  track(who, "Bill Due", { bill: mark("id of a bill"), payee: mark("payee of a bill"), amount: 12, due: new Date(Date.now() + 9e8).toISOString() }),
  track(who, "Question Asked", { question: "cash-stars", wording: mark("wording of a question") }),
];

async function acts(server, cid) {
  const at = `/v1/customers/${cid}`, post = (path, body, options) => server.post(path, body, options).then(ok);
  await post(`${at}/consents`, { purpose: "marketing", answer: "yes", channel: "branch", text: mark("text shown by staff"), evidence: mark("evidence given by staff"), actor: `agent:${mark("staff who acted")}`, method: "signed" });
  const correct = await post(`${at}/correct`, { trait: "plan", value: mark("correction"), because: mark("reason of a correction") });
  assert.ok(correct);
  await post(`${at}/preferences`, { set: { language: markLanguage("preference") } });
  await post("/v1/requests", { customer: { cid }, type: "access", text: mark("text of a request") }).then(({ request }) =>
    post(`/v1/requests/${request.request ?? request.id}`, { state: "refused", because: mark("answer to a request") }));
  await post(`${at}/ideas`, { title: `An idea ${mark("title of an idea")}`, text: mark("text of an idea") });
  await post(`${at}/restrict`, { restricted: true, because: mark("reason of restricting") });
  await post(`${at}/restrict`, { restricted: false, because: mark("reason of lifting") });
  await post(`${at}/consents`, { purpose: "personalisation", answer: "yes", channel: "app" });
  const { decision } = await post("/v1/decide", { customer: { cid }, surface: "machine-withdrawal", channel: "machine" });
  await post("/v1/response", { decision, option: mark("option of a response"), value: { amount: mark("value of a response") }, customer: { cid } });
  await post("/v1/response", { decision: "dfedcba98765", option: mark("option of an unknown decision"), customer: { cid } });
  ok(await server.get(at, { headers: { "X-Attune-Reason": mark("reason of opening the card") } }));
  ok(await server.get(`${at}/timeline?reason=${mark("reason in the address")}`));
}

/* By what is not trusted, by what is refused, in bulk, and by somebody who is joined later. */
async function others(server, cid) {
  await server.post("/v1/batch", { batch: [track({ anonymousId: who.anonymousId }, "Seen", { note: mark("from a public key") })], context: { library: { name: mark("context of a batch") } } }, { key: server.write }).then(ok);
  const visitor = mark("anonymousId of a visitor");
  await server.post("/v1/identify", { anonymousId: visitor, traits: { nick: mark("trait from a public key") }, messageId: "visit" }, { key: server.write }).then(ok);
  await server.post("/v1/track", track({ anonymousId: visitor, userId: mark("userId that was only claimed") }, "Seen"), { key: server.write }).then(ok);
  await server.send([track({ ...who, anonymousId: visitor }, "Signed In")]);
  refused(await server.post("/v1/track", track(who, "Odd", { memo: mark("property of a refused event") }, { timestamp: "no time" })), 400, "invalid_time");
  await server.post("/v1/import", { batch: [track(who, "Old Visit", { memo: mark("property of an import") }, { timestamp: "2020-01-01T00:00:00.000Z" })] }).then(ok);
  await server.send([identify({ userId: mark("userId of another history") }, { plan: mark("trait of another history") })]);
  const other = await server.card(`user:${marks.get("userId of another history")}`);
  ok(await server.post(`/v1/customers/${cid}/merge`, { with: other.cid, because: mark("reason of joining") }));
}

/* The ways whose mark is in none of the files. */
const missing = (files) => [...marks].filter(([, made]) => ![...files].some(([name, text]) => !name.startsWith("schema/") && text.includes(made))).map(([way]) => way);

/* Files, folders (with / at the end) and tables of a data folder that no place of the register is. */
function unnamed(server, places) {
  const named = places.map(({ place }) => new RegExp(`^${place.replace(/[.+?^$(){}|[\]\\]/g, "\\$&").replace("*", "[^/]+")}$`));
  const walk = (below) => readdirSync(join(server.folder, below), { withFileTypes: true }).flatMap((item) => item.isDirectory() ? [`${below}${item.name}/`, ...walk(`${below}${item.name}/`)] : [below + item.name]);
  const described = attune("describe", "places", server.folder);
  assert.equal(described.code, 0, described.err);
  const there = [...walk(""), ...JSON.parse(described.out).tables.map((table) => `lookup:${table}`)];
  assert.ok(there.length > 25, `only ${there.length} were found`);
  return { there, unnamed: there.filter((place) => !named.some((pattern) => pattern.test(place))) };
}

describe("the copy of a customer is whole", () => {
  let server, cid, files, places;
  before(async () => {
    server = await Server.start();
    const answer = await server.send(events());
    assert.deepEqual(answer.rejected ?? [], []);
    cid = (await server.card(`user:${who.userId}`)).cid;
    await acts(server, cid);
    await others(server, cid);
    files = (await copyOf(server, cid, { headers: { "X-Attune-Reason": mark("reason of the copy itself") } })).files;
    places = JSON.parse(attune("describe", "places").out).places;
  });
  after(() => server.end());

  test("has the mark of every way in", () => {
    assert.ok(marks.size >= 60, `${marks.size} ways`);
    assert.deepEqual(missing(files), []);
  });

  test("would be missed if one file were not whole: the ways are named", () => {
    const without = (cut) => new Map([...files].map(([name, text]) => [name, cut(name, text)]));
    assert.deepEqual(missing(without((name, text) => (name === "refused.ndjson" ? "" : text))), ["property of a refused event"]);
    assert.ok(missing(without((name, text) => (name === "audit.ndjson" ? "" : text))).includes("reason of opening the card"));
    const shown = missing(without((name, text) => (name === "events.csv" || name === "index.html" ? "" : name === "events.ndjson" ? lines(text).map(({ content, ...line }) => JSON.stringify(line)).join("\n") : text)));
    assert.ok(shown.includes("context: address") && shown.includes("context: anything"), "a timeline alone is not all");
    assert.ok(missing(new Map()).length === marks.size);
  });

  test("fits its schemas with all that in it", () => assert.deepEqual(schemaErrors(files), []));

  test("says in its manifest what the register says", () => assert.deepEqual(JSON.parse(files.get("manifest.json")).places, places));

  test("comes from a register in which every file, folder and table is, at work, at rest and after a crash", async () => {
    attune("staff", "invite", "mara", "--role", "service", "--data", server.folder);
    ok(await server.post("/v1/snapshot", {}));
    assert.deepEqual(unnamed(server, places).unnamed, []);
    await server.restart();
    await server.kill();
    assert.deepEqual(unnamed(server, places).unnamed, []);
    await server.up();
    ok(await server.delete(`/v1/customers/${cid}?because=test`));
    await server.stop();
    const { there, unnamed: left } = unnamed(server, places);
    assert.deepEqual(left, []);
    const optional = ["attune.conf", "log/reserve", "log/rewrite", "log/rewrite.new"], invented = places.map(({ place }) => place).filter((place) => !place.includes("*") && !there.includes(place) && !optional.includes(place));
    assert.deepEqual(invented, [], "and the register makes nothing up");
  });

  test("would be missed if a place were not in the register: it is named", () => {
    for (const gone of ["lookup:identifiers", "seen/", "sealing/slots", "staff"])
      assert.deepEqual(unnamed(server, places.filter(({ place }) => place !== gone)).unnamed, [gone]);
    assert.ok(unnamed(server, places.filter(({ place }) => place !== "log/*.segment")).unnamed.every((path) => /^log\/.*\.segment$/.test(path)));
  });
});
