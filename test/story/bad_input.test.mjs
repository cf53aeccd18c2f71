/*
 * What is wrong is refused with a status, a stable code and a sentence; what is good beside it is kept; the server lives on.
 *
 * A row of the table is one request. Rows of single calls are sent as they are; every event a batch may hold is also sent in a batch between
 * two good ones, and the good ones must be stored, the bad one listed in the answer and in the dead letters.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { DAY, identifiersOf, identify, iso, ok, refused, Server, sleep, track, uuid } from "./server.mjs";

let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const alive = async () => {
  assert.equal((await server.get("/healthz", { key: null })).text, "ok\n");
  const who = { anonymousId: `good-${uuid()}` };
  await server.send([track(who, "Good")]);
  assert.equal((await server.card(`anonymous:${who.anonymousId}`)).events >= 1, true);
};
const call = (event) => ({ anonymousId: "bad", event: "Bad", ...event });
const nested = (levels) => { let value = 1; for (let i = 0; i < levels; i++) value = { deeper: value }; return value; };
const spaces = (n) => " ".repeat(n);

/* ---- events that are wrong: [what, the path of the single call, the event, code] ---- */
const events = [
  ["no userId and no anonymousId", "track", { event: "Bad" }, "no_user_anon_id"],
  ["empty ids", "track", { event: "Bad", userId: "", anonymousId: "  " }, "no_user_anon_id"],
  ["ids that are null", "track", { event: "Bad", userId: null, anonymousId: null }, "no_user_anon_id"],
  ["a userId that is a list", "track", call({ userId: ["ana"] }), "wrong_type"],
  ["a userId that is an object", "track", call({ userId: { id: "ana" } }), "wrong_type"],
  ["a userId that is true", "track", call({ userId: true }), "wrong_type"],
  ["a userId that is a fraction", "track", call({ userId: 1.5 }), "wrong_type"],
  ["an anonymousId that is a list", "track", call({ anonymousId: [] }), "wrong_type"],
  ["an anonymousId that is false", "track", call({ anonymousId: false }), "wrong_type"],
  ["a messageId that is an object", "track", call({ messageId: {} }), "wrong_type"],
  ["a messageId that is too long", "track", call({ messageId: "m".repeat(101) }), "message_id_too_long"],
  ["a messageId of 20 KB", "track", call({ messageId: "m".repeat(20000) }), "message_id_too_long"],
  ["properties that are a list", "track", call({ properties: [1, 2] }), "wrong_type"],
  ["properties that are a text", "track", call({ properties: "sku=1" }), "wrong_type"],
  ["properties that are a number", "track", call({ properties: 7 }), "wrong_type"],
  ["traits that are a text", "identify", { userId: "bad", traits: "name=Ana" }, "wrong_type"],
  ["traits that are a list", "identify", { userId: "bad", traits: [{ name: "Ana" }] }, "wrong_type"],
  ["a context that is a text", "track", call({ context: "web" }), "wrong_type"],
  ["a context that is a list", "track", call({ context: [] }), "wrong_type"],
  ["integrations that are a list", "track", call({ integrations: ["All"] }), "wrong_type"],
  ["a track without a name", "track", { anonymousId: "bad" }, "no_event"],
  ["a track with an empty name", "track", call({ event: "" }), "no_event"],
  ["a track whose name is a number", "track", call({ event: 7 }), "no_event"],
  ["a track whose name is a list", "track", call({ event: ["Bad"] }), "no_event"],
  ["a track whose name is null", "track", call({ event: null }), "no_event"],
  ["a name of 201 bytes", "track", call({ event: "n".repeat(201) }), "name_too_long"],
  ["a time in words", "track", call({ timestamp: "yesterday" }), "invalid_time"],
  ["a time that is a number", "track", call({ timestamp: 1750000000 }), "invalid_time"],
  ["a time that is an object", "track", call({ timestamp: { at: 1 } }), "invalid_time"],
  ["a time in month 13", "track", call({ timestamp: "2026-13-01T00:00:00Z" }), "invalid_time"],
  ["a time on 30 February", "track", call({ timestamp: "2026-02-30T00:00:00Z" }), "invalid_time"],
  ["a time at hour 25", "track", call({ timestamp: "2026-01-01T25:00:00Z" }), "invalid_time"],
  ["an originalTimestamp in words", "track", call({ originalTimestamp: "soon" }), "invalid_time"],
  ["a group without groupId", "group", { userId: "bad", traits: {} }, "no_group"],
  ["a group whose groupId is an object", "group", { userId: "bad", groupId: {} }, "wrong_type"],
  ["an alias without previousId", "alias", { userId: "bad" }, "no_previous"],
  ["an alias without userId", "alias", { anonymousId: "bad", previousId: "worse" }, "no_previous"],
  ["an alias whose previousId is a list", "alias", { userId: "bad", previousId: ["worse"] }, "wrong_type"],
  ["a context that is a list", "track", call({ context: [true, false] }), "wrong_type"],
  ["a consent that is a text", "track", call({ context: { consent: "yes" } }), "wrong_type"],
  ["categories of consent in a list", "track", call({ context: { consent: { categoryPreferences: [true] } } }), "wrong_type"],
  ["a list of consents that is an object", "track", call({ context: { consentManagement: { deniedConsentIds: { marketing: true } } } }), "wrong_type"],
  ["traits in the context that are a list", "track", call({ context: { traits: ["ana"] } }), "wrong_type"],
  ["external ids that are an object", "track", call({ context: { externalIds: { id: "7" } } }), "wrong_type"],
  ["an event nested 17 levels", "track", call({ properties: nested(17) }), "too_deep"],
  ["an event of 33 KB", "track", call({ properties: { text: "x".repeat(33 * 1024) } }), "event_too_large"],
  ["a consent to an unknown purpose", "track", call({ event: "Consent Given", properties: { purpose: "everything" } }), "unknown_purpose"],
  ["a consent without a purpose", "track", call({ event: "Consent Given" }), "unknown_purpose"],
  ["a consent from a ticked box", "track", call({ event: "Consent Given", properties: { purpose: "personalisation", control: { preset: true } } }), "preset_control"],
  ...["null", "NULL", "undefined", "none", "nil", "nan", "anonymous", "guest", "id", "0", "0000", "00000000-0000-0000-0000-000000000000", "-1", "true", "false", "unknown", "[object Object]", "n/a", " null "]
    .map((value) => [`the id "${value}" and no other`, "track", { event: "Bad", userId: value }, "blocked_id"]),
  ["an id of 181 bytes and no other", "track", { event: "Bad", userId: "u".repeat(181) }, "blocked_id"],
];

describe("an event that is wrong", () => {
  for (const [what, path, event, code] of events)
    test(`${what} is refused as ${code}, alone and in a batch between good ones, and is listed in the dead letters`, async () => {
      refused(await server.post(`/v1/${path}`, event), 400, code);
      const who = { anonymousId: `beside-${uuid()}` };
      const answer = await server.send([track(who, "Before"), { type: path, ...event }, track(who, "After")]);
      assert.equal(answer.accepted, 2);
      assert.equal(answer.refused, 1);
      assert.equal(answer.rejected.length, 1);
      assert.equal(answer.rejected[0].index, 1);
      assert.equal(answer.rejected[0].code, code);
      assert.ok(answer.rejected[0].message.length > 15);
      const names = (await server.timeline((await server.card(`anonymous:${who.anonymousId}`)).cid)).filter((stored) => stored.kind === "track").map((stored) => stored.name);
      assert.deepEqual(names, ["After", "Before"]);
      const { letters } = ok(await server.get("/v1/dead-letters?n=2"));
      assert.deepEqual(letters.map((letter) => letter.code), [code, code], "both of them");
      assert.equal(letters[0].message, answer.rejected[0].message);
      assert.equal(letters[0].source, "backend");
    });

  test("a context of the whole batch that is a list refuses the batch, and stores nothing of it", async () => {
    const who = { anonymousId: `shared-${uuid()}` };
    refused(await server.post("/v1/batch", { batch: [track(who, "Kept")], context: [true, false] }), 400, "wrong_type");
    assert.equal((await server.get(`/v1/customers?identifier=anonymous:${who.anonymousId}`)).status, 404);
  });

  test("a channel that is no text is left out, and the sender is told", async () => {
    const answer = await server.send([track({ anonymousId: `odd-${uuid()}` }, "Kept", {}, { context: { channel: 7 } })]);
    assert.deepEqual(answer.warnings.map(({ code, what }) => [code, what]), [["wrong_type", "context.channel"]]);
  });

  test("an item of a batch that is no object is refused alone", async () => {
    const who = { anonymousId: `beside-${uuid()}` };
    const answer = await server.send([null, 7, "event", ["track"], track(who, "Kept"), {}, { type: "tarck", userId: "bad" }, { type: 5, userId: "bad" }]);
    assert.deepEqual(answer.rejected.map(({ index, code }) => [index, code]),
      [[0, "wrong_type"], [1, "wrong_type"], [2, "wrong_type"], [3, "wrong_type"], [5, "unknown_type"], [6, "unknown_type"], [7, "unknown_type"]]);
    assert.equal((await server.timeline((await server.card(`anonymous:${who.anonymousId}`)).cid)).filter((event) => event.name === "Kept").length, 1);
  });

  test("event 2,501 and those after it are refused by index, the 2,500 before are kept", async () => {
    const who = { anonymousId: `many-${uuid()}` };
    const answer = await server.send([...Array(2502)].map((_, i) => ({ type: "track", event: "Many", messageId: `${who.anonymousId}-${i}`, ...who })));
    assert.equal(answer.accepted, 2500);
    assert.deepEqual(answer.rejected.map(({ index, code }) => [index, code]), [[2500, "too_many_events"], [2501, "too_many_events"]]);
    assert.equal((await server.timeline((await server.card(`anonymous:${who.anonymousId}`)).cid)).filter((event) => event.name === "Many").length, 2500);
  });

  test("a hundred refusals with long ids still make an answer that is JSON", async () => {
    const answer = await server.send([...Array(120)].map(() => ({ type: "track", event: "Bad", anonymousId: "bad", messageId: "\u0001".repeat(600) })));
    assert.equal(answer.refused, 120);
    assert.equal(answer.rejected.length, 100);
  });

  test("with a blocked id beside a usable one the event belongs to the usable one", async () => {
    const anonymousId = `usable-${uuid()}`;
    await server.send([track({ userId: "null", anonymousId }, "Kept")]);
    assert.deepEqual(identifiersOf(await server.card(`anonymous:${anonymousId}`)), [`anonymous:${anonymousId}`]);
    assert.equal((await server.get("/v1/customers?identifier=user:null")).status, 404);
  });

  test("a number as userId is its digits", async () => {
    await server.send([track({ userId: 4711 }, "Counted"), track({ userId: "4711" }, "Counted")]);
    assert.equal((await server.timeline((await server.card("user:4711")).cid)).filter((event) => event.name === "Counted").length, 2);
  });
});

/* ---- types of bodies ---- */

describe("a body whose members have a wrong type", () => {
  const values = { string: "x", number: 7, boolean: true, array: [true, 1], object: { a: 1 } };

  test("is answered by name on every route that describes its body, whatever stands there instead", async () => {
    const { paths } = ok(await server.get("/openapi.json"));
    const user = `typed-${uuid()}`;
    await server.send([track({ userId: user }, "Kept")]);
    const { cid } = await server.card(`user:${user}`);
    let tried = 0;
    for (const [path, methods] of Object.entries(paths)) {
      const members = methods.post?.requestBody?.content["application/json"].schema.properties ?? {};
      for (const [name, { type }] of Object.entries(members))
        for (const [wrong, value] of Object.entries(values)) {
          if (type.includes(wrong) || name === "writeKey") continue;
          const where = path.replace("{cid}", cid).replace("{act}", "invite").replace("{idea}", "i1").replace("{id}", "r1");
          const answer = await server.post(where, { [name]: value });
          assert.ok(answer.status >= 400 && answer.status < 500, `${where} ${name} ${wrong}: ${answer.status}`);
          if (answer.body.code === "wrong_type") assert.match(answer.body.message, new RegExp(`"${name}" must be `));
          tried++;
        }
    }
    assert.ok(tried > 150, `${tried} tried`);
    refused(await server.post("/v1/preview", { consequence: "delivery", state: ["a", 1] }), 400, "wrong_type");
    refused(await server.post("/v1/decide", { customer: [cid], surface: "app-home" }), 400, "wrong_type");
  });
});

/* ---- clocks ---- */

describe("a clock that is wrong", () => {
  const timeOf = async (event, batch = {}) => {
    const who = { anonymousId: `clock-${uuid()}` };
    ok(await server.post("/v1/batch", { batch: [track(who, "Timed", {}, event)], ...batch }));
    const stored = (await server.timeline((await server.card(`anonymous:${who.anonymousId}`)).cid)).find((one) => one.name === "Timed");
    return { time: Date.parse(stored.time), received: Date.parse(stored.received) };
  };
  for (const [what, timestamp] of [["in the future", iso(Date.now() + 400 * DAY)], ["in the year 9999", "9999-12-31T23:59:59.999Z"], ["before 1970", "1969-07-20T20:17:00Z"], ["in the year 1", "0001-01-01T00:00:00Z"]])
    test(`a time ${what} counts as the time of receipt`, async () => {
      const { time, received } = await timeOf({ timestamp });
      assert.equal(time, received);
    });
  test("a sender whose clock is a day ahead keeps the distances between its events", async () => {
    const ahead = Date.now() + DAY;
    const { time, received } = await timeOf({ timestamp: iso(ahead - 60000) }, { sentAt: iso(ahead) });
    assert.ok(Math.abs(received - 60000 - time) < 2000, `${received - time} ms before receipt`);
  });
  test("a sentAt that makes no sense cannot push an event before 1970 or into the future", async () => {
    for (const sentAt of ["2990-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "never", 5, null]) {
      const { time, received } = await timeOf({ timestamp: iso(Date.now() - 1000) }, { sentAt });
      assert.ok(time > 0 && time <= received, `${sentAt}: ${time}`);
    }
  });
  test("times are read as senders write them", async () => {
    for (const [written, wanted] of [["2026-05-03T07:00:00.123456+02:00", "2026-05-03T05:00:00.123Z"], ["2026-05-03T07:00:00Z", "2026-05-03T07:00:00.000Z"], ["2026-5-03T07:00:00Z", "2026-05-03T07:00:00.000Z"]]) {
      if (Date.parse(wanted) > Date.now()) continue;
      assert.equal(iso((await timeOf({ timestamp: written })).time), wanted, written);
    }
  });
});

/* ---- bodies that are wrong: [what, path, body, status, code, headers] ---- */
const good = JSON.stringify({ batch: [{ type: "track", event: "Good", anonymousId: "good" }] });
const gzip = { "Content-Encoding": "gzip" };
const bodies = [
  ["an empty body", "/v1/track", "", 400, "invalid_json"],
  ["blanks", "/v1/track", "   \n ", 400, "invalid_json"],
  ["broken JSON", "/v1/track", '{"event": "Bad", ', 400, "invalid_json"],
  ["a trailing comma", "/v1/track", '{"event": "Bad", "anonymousId": "bad",}', 400, "invalid_json"],
  ["single quotes", "/v1/track", "{'event': 'Bad'}", 400, "invalid_json"],
  ["two documents", "/v1/track", '{"event":"A","anonymousId":"bad"}{"event":"B","anonymousId":"bad"}', 400, "invalid_json"],
  ["NaN", "/v1/track", '{"event":"Bad","anonymousId":"bad","properties":{"n":NaN}}', 400, "invalid_json"],
  ["a number out of range", "/v1/track", '{"event":"Bad","anonymousId":"bad","properties":{"n":1e999}}', 400, "invalid_json"],
  ["a form", "/v1/track", "event=Bad&anonymousId=bad", 400, "invalid_json"],
  ["a list", "/v1/track", "[]", 400, "invalid_json"],
  ["a text", "/v1/track", '"track"', 400, "invalid_json"],
  ["null", "/v1/track", "null", 400, "invalid_json"],
  ["a number", "/v1/batch", "7", 400, "invalid_json"],
  ["a list of events without batch", "/v1/batch", '[{"type":"track"}]', 400, "invalid_json"],
  ["no batch", "/v1/batch", '{"event":"Bad"}', 400, "no_batch"],
  ["a batch that is an object", "/v1/batch", '{"batch":{"type":"track"}}', 400, "no_batch"],
  ["a batch that is a text", "/v1/batch", '{"batch":"[]"}', 400, "no_batch"],
  ["a batch that is null", "/v1/import", '{"batch":null}', 400, "no_batch"],
  ["a hundred levels", "/v1/track", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`, 400, "too_deep"],
  ["a hundred thousand brackets", "/v1/track", `${"[".repeat(100000)}${"]".repeat(100000)}`, 400, "too_deep"],
  ["invalid UTF-8", "/v1/track", Buffer.concat([Buffer.from('{"event":"B'), Buffer.from([0xff, 0xfe]), Buffer.from('","anonymousId":"bad"}')]), 400, "invalid_json"],
  ["UTF-8 cut short", "/v1/track", Buffer.concat([Buffer.from('{"event":"B'), Buffer.from([0xc3]), Buffer.from('","anonymousId":"bad"}')]), 400, "invalid_json"],
  ["an overlong UTF-8 slash", "/v1/track", Buffer.concat([Buffer.from('{"event":"B'), Buffer.from([0xc0, 0xaf]), Buffer.from('","anonymousId":"bad"}')]), 400, "invalid_json"],
  ["UTF-16", "/v1/track", Buffer.from('{"event":"Bad","anonymousId":"bad"}', "utf16le"), 400, "invalid_json"],
  ["UTF-16 with its mark", "/v1/track", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"event":"Bad","anonymousId":"bad"}', "utf16le")]), 400, "invalid_json"],
  ["a lone surrogate", "/v1/track", '{"event":"Bad \\ud800","anonymousId":"bad"}', 400, "invalid_json"],
  ["surrogates the wrong way round", "/v1/track", '{"event":"Bad \\udc00\\ud800","anonymousId":"bad"}', 400, "invalid_json"],
  ["a raw control character", "/v1/track", '{"event":"Bad \u0001","anonymousId":"bad"}', 400, "invalid_json"],
  ["a NUL byte", "/v1/track", '{"event":"Bad\0","anonymousId":"bad"}', 400, "invalid_json"],
  ["a single call of 33 KB of blanks", "/v1/track", `{"event":"Bad","anonymousId":"bad"${spaces(33 * 1024)}}`, 400, "event_too_large"],
  ["a batch of 501 KB", "/v1/batch", `{"batch":[]${spaces(501 * 1000)}}`, 400, "batch_too_large"],
  ["a body of 513 KiB", "/v1/batch", `{"batch":[]${spaces(513 * 1024)}}`, 400, "too_large"],
  ["an import of 513 KiB", "/v1/import", `{"batch":[]${spaces(513 * 1024)}}`, 413, "too_large"],
  ["gzip that is none", "/v1/batch", good, 400, "bad_gzip", gzip],
  ["an empty gzip body", "/v1/batch", "", 400, "bad_gzip", gzip],
  ["half a gzip", "/v1/batch", gzipSync(good).subarray(0, 30), 400, "bad_gzip", gzip],
  ["a gzip without its checksum", "/v1/batch", gzipSync(good).subarray(0, -8), 400, "bad_gzip", gzip],
  ["a gzip with a wrong checksum", "/v1/batch", Buffer.concat([gzipSync(good).subarray(0, -8), Buffer.alloc(8)]), 400, "bad_gzip", gzip],
  ["a gzip with something after it", "/v1/batch", Buffer.concat([gzipSync(good), Buffer.from("more")]), 400, "bad_gzip", gzip],
  ["a gzip bomb of 100 MB", "/v1/batch", gzipSync(Buffer.alloc(100 * 1024 * 1024, 32)), 400, "too_large", gzip],
  ["a bomb in a bomb", "/v1/batch", gzipSync(gzipSync(Buffer.alloc(100 * 1024 * 1024, 32))), 400, "invalid_json", gzip],
  ["a gzip that unpacks over 500 KB", "/v1/batch", gzipSync(`{"batch":[]${spaces(505 * 1000)}}`), 400, "batch_too_large", gzip],
  ["an encoding nobody knows", "/v1/batch", good, 415, "unknown_encoding", { "Content-Encoding": "snappy" }],
  ["two encodings", "/v1/batch", good, 415, "unknown_encoding", { "Content-Encoding": "gzip, br" }],
];

describe("a body that is wrong", () => {
  for (const [what, path, body, status, code, headers] of bodies)
    test(`${what} at ${path} is refused as ${code}`, async () => {
      refused(await server.post(path, body, { headers }), status, code);
    });
  test("after all of them the server takes events, and gzip and deflate are understood", async () => {
    await alive();
    for (const [encoding, pack] of [["gzip", gzipSync], ["GZIP", gzipSync], ["deflate", deflateSync], ["identity", Buffer.from]])
      ok(await server.post("/v1/batch", pack(good), { headers: { "Content-Encoding": encoding } }));
  });
  test("a BOM before the JSON, unknown members and doubled keys do no harm", async () => {
    const answer = await server.post("/v1/track", `\ufeff{"event":"Kept","anonymousId":"bom","colour":"red","event":"Kept","_metadata":{"nodeVersion":"x"}}`);
    assert.ok(answer.status === 200 || answer.body.code === "invalid_json", answer.text);
    ok(await server.post("/v1/track", '{"event":"Kept","anonymousId":"bom","colour":"red","event":"Second","_metadata":{"nodeVersion":"x"}}'));
    await alive();
  });
  test("a body over 512 KiB in chunks, without a length, is refused too", async () => {
    const chunk = `8000\r\n${"x".repeat(0x8000)}\r\n`;
    const answer = await server.raw([`POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nTransfer-Encoding: chunked\r\n\r\n`, ...Array(20).fill(chunk), "0\r\n\r\n"], { wait: 3000 });
    assert.equal(answer.status, 400, answer.text.slice(0, 300));
    assert.match(answer.text, /"code":"too_large"/);
    await alive();
  });
  test("a body of 6 MiB and one of 60 MiB are refused, the second before it is sent", async () => {
    refused(await server.post("/v1/batch", spaces(6 * 1024 * 1024)), 400, "too_large");
    const answer = await server.raw([`POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nContent-Length: ${60 * 1024 * 1024}\r\n\r\n`], { wait: 2000 });
    assert.deepEqual([answer.status, answer.closed], [400, true]);
    const asking = await server.raw([`POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nExpect: 100-continue\r\nContent-Length: 600000\r\n\r\n`], { wait: 2000 });
    assert.deepEqual([asking.status, asking.closed], [400, true], "and who asks first is told at once");
  });
  test("a good body in chunks is taken", async () => {
    const who = `chunked-${uuid()}`, text = JSON.stringify({ event: "Chunked", anonymousId: who });
    const chunks = text.match(/.{1,7}/g).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
    const answer = await server.raw([`POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${server.secret}\r\nTransfer-Encoding: chunked\r\n\r\n`, ...chunks, "0\r\n\r\n"], { pause: 2, wait: 3000 });
    assert.equal(answer.status, 200, answer.text);
    await server.card(`anonymous:${who}`);
  });
  for (const [what, head] of [["a length that is no number", "Content-Length: many"], ["a negative length", "Content-Length: -5"], ["a length beyond all bounds", "Content-Length: 99999999999999999999999"], ["two lengths", "Content-Length: 5\r\nContent-Length: 6"], ["a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked"], ["a chunk size that is none", "Transfer-Encoding: chunked"]])
    test(`${what} is refused, and the connection closed`, async () => {
      const answer = await server.raw([`POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\n${head}\r\n\r\nzzzzz\r\n`], { wait: 2000, half: true });
      assert.ok(answer.closed || answer.status >= 400, `${answer.text.slice(0, 200)}`);
      assert.ok(answer.status === 0 || answer.status >= 400, answer.text.slice(0, 200));
      await alive();
    });
});

/* ---- keys ---- */

describe("a key that is wrong", () => {
  const event = () => track({ anonymousId: `key-${uuid()}` }, "Keyed");
  const basic = (text) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  const unauthorised = (answer) => refused(answer, 401, "unauthorized");

  test("no key at all is refused on every route that needs one", async () => {
    const { paths } = ok(await server.get("/openapi.json", { key: null }));
    let n = 0;
    for (const [path, operations] of Object.entries(paths))
      for (const [method, operation] of Object.entries(operations)) {
        if (!operation.security?.length) continue;
        unauthorised(await server.request(method.toUpperCase(), path.replace(/\{\w+\}/g, "x"), method === "get" ? undefined : {}, { key: null }));
        n++;
      }
    assert.ok(n >= 30, `${n} routes`);
  });
  for (const [what, key] of [["an unknown write key", "at_write_00000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], ["a key of no shape", "hello"], ["an empty key", " "], ["a very long key", "at_write_00000000_".padEnd(4000, "a")], ["half a key", null]])
    test(`${what} is refused in every place it may stand`, async () => {
      const text = key ?? server.write.slice(0, -1);
      unauthorised(await server.post("/v1/track", event(), { key: text }));
      unauthorised(await server.post("/v1/track", event(), { key: null, headers: basic(`${text}:`) }));
      unauthorised(await server.post("/v1/track", { ...event(), writeKey: text }, { key: null }));
    });
  test("a key is found in Bearer, in Basic with and without a colon, and in the body, and nowhere else", async () => {
    ok(await server.post("/v1/track", event(), { key: server.write }));
    ok(await server.post("/v1/track", event(), { key: null, headers: basic(`${server.write}:`) }));
    ok(await server.post("/v1/track", event(), { key: null, headers: basic(server.write) }));
    ok(await server.post("/v1/track", { ...event(), writeKey: server.write }, { key: null }));
    ok(await server.post("/v1/batch", { batch: [event()], writeKey: server.write }, { key: null }));
    unauthorised(await server.post("/v1/batch", { batch: [{ ...event(), writeKey: server.write }] }, { key: null }));
    unauthorised(await server.post(`/v1/track?writeKey=${server.write}`, event(), { key: null }));
    unauthorised(await server.post("/v1/track", event(), { key: null, headers: { "X-Api-Key": server.secret } }));
    unauthorised(await server.post("/v1/track", event(), { key: null, headers: { Authorization: server.secret } }));
    unauthorised(await server.post("/v1/track", event(), { key: null, headers: { Authorization: "Bearer" } }));
    unauthorised(await server.post("/v1/track", event(), { key: null, headers: { Authorization: "Basic !!!" } }));
  });
  test("a key in an address is no key: addresses are written down everywhere", async () => {
    unauthorised(await server.get(`/v1/customers?token=${server.secret}`, { key: null }));
    unauthorised(await server.get(`/v1/overview?key=${server.secret}`, { key: null }));
    unauthorised(await server.post(`/v1/track?token=${server.write}`, event(), { key: null, headers: { "X-Attune": "1" } }));
  });
  test("a write key reads and administers nothing", async () => {
    const { cid } = (await server.send([identify({ userId: "key-ben" }, { name: "Ben" })]), await server.card("user:key-ben"));
    for (const path of ["/v1/customers", `/v1/customers/${cid}`, `/v1/customers/${cid}/timeline`, `/v1/customers/${cid}/export`, "/v1/overview", "/v1/journeys", "/v1/journeys/customers", "/v1/keys", "/v1/configuration", "/v1/dead-letters", "/v1/stream"])
      refused(await server.get(path, { key: server.write }), 403, "denied");
    for (const path of [`/v1/customers/${cid}/merge`, `/v1/customers/${cid}/split`, `/v1/customers/${cid}/undo`, `/v1/customers/${cid}/preferences`, `/v1/customers/${cid}/consents`, "/v1/keys", "/v1/configuration", "/v1/import", "/v1/response", "/v1/snapshot"])
      refused(await server.post(path, {}, { key: server.write }), 403, "denied");
  });
  test("a write key neither decides nor consents nor links for somebody who is known", async () => {
    await server.send([identify({ userId: "key-mara", anonymousId: "key-mara-browser" }, { email: "key.mara@example.org" })]);
    const surface = "machine-withdrawal";
    for (const customer of [{ identifier: "user:key-mara" }, { identifier: "email:key.mara@example.org" }, { identifier: "anonymous:key-mara-browser" }, { cid: (await server.card("user:key-mara")).cid }])
      refused(await server.post("/v1/decide", { customer, surface }, { key: server.write }), 403, "denied");
    await server.send([
      track({ userId: "key-mara" }, "Consent Given", { purpose: "personalisation" }),
      identify({ userId: "key-mara", anonymousId: "key-thief" }, { email: "key.mara@example.org" }),
      { type: "alias", userId: "key-mara", previousId: "key-thief", messageId: uuid() },
      track({ anonymousId: "key-thief" }, "Seen", {}, { context: { externalIds: [{ type: "email", id: "key.mara@example.org", collection: "users" }], traits: { email: "key.mara@example.org" } } }),
    ], { key: server.write });
    const mara = await server.card("user:key-mara");
    assert.deepEqual(identifiersOf(mara), ["anonymous:key-mara-browser", "email:key.mara@example.org", "user:key-mara"]);
    assert.ok(mara.consents.every((consent) => consent.answer === null), "she agreed to nothing");
    assert.deepEqual(identifiersOf(await server.card("anonymous:key-thief")), ["anonymous:key-thief"]);
  });
  test("a write key decides for an anonymousId of whom nothing else is known", async () => {
    await server.send([track({ anonymousId: "key-nobody" }, "Seen")], { key: server.write });
    const answer = await server.decide("anonymous:key-nobody", "machine-withdrawal", {}, { key: server.write });
    assert.equal(answer.guess, false);
  });
});

describe("a customer token that is wrong", () => {
  let ana, ben;
  before(async () => {
    await server.send([identify({ userId: "token-ana" }, { name: "Ana" }), identify({ userId: "token-ben", anonymousId: "token-ben-browser" }, { name: "Ben", email: "token.ben@example.org" }), track({ anonymousId: "token-nobody" }, "Seen"),
      track({ anonymousId: "token-mail-only", }, "Subscribed", {}, { context: { traits: { email: "token.mail@example.org" } } })]);
    ana = (await server.card("user:token-ana")).cid;
    ben = (await server.card("user:token-ben")).cid;
  });
  const tampered = (token) => { const [head, , mac] = token.split("."); return `${head}.${Buffer.from(JSON.stringify({ sub: "user:token-ben", exp: Math.floor(Date.now() / 1000) + 600 })).toString("base64url")}.${mac}`; };
  const wrong = {
    "expired": () => server.token("user:token-ana", { expires: Date.now() / 1000 - 1 }),
    "valid for more than a day": () => server.token("user:token-ana", { expires: Date.now() / 1000 + 2 * 24 * 3600 }),
    "with alg none": () => server.token("user:token-ana", { alg: "none" }),
    "with alg none and a signature": () => server.token("user:token-ana", { alg: "none" }) + "AAAA",
    "that says HS512 but is signed as HS256": () => server.token("user:token-ana", { alg: "HS512" }),
    "signed with another secret": () => server.token("user:token-ana", { secret: "not the secret" }),
    "signed with the secret key": () => server.token("user:token-ana", { secret: server.secret }),
    "whose claims were changed": () => tampered(server.token("user:token-ana")),
    "without a subject": () => server.token(undefined),
    "without its signature": () => server.token("user:token-ana").split(".").slice(0, 2).join("."),
    "with a part too many": () => `${server.token("user:token-ana")}.e30`,
    "with an empty signature": () => `${server.token("user:token-ana").split(".").slice(0, 2).join(".")}.`,
    "of 3 KB": () => server.token("user:token-ana", { claims: { padding: "x".repeat(3000) } }),
  };
  for (const [what, make] of Object.entries(wrong))
    test(`a token ${what} is refused`, async () => {
      refused(await server.get("/v1/customers/me", { key: make() }), 401, "unauthorized");
      refused(await server.post("/v1/decide", { surface: "machine-withdrawal" }, { key: make() }), 401, "unauthorized");
      refused(await server.get(`/v1/stream?token=${make()}`, { key: null }), 401, "unauthorized");
    });
  test("a token opens its own customer and no other, by whatever name", async () => {
    const key = server.token("user:token-ana");
    assert.equal(ok(await server.get("/v1/customers/me", { key })).cid, ana);
    assert.equal(ok(await server.get(`/v1/customers/${ana}`, { key })).cid, ana);
    for (const path of [`/v1/customers/${ben}`, "/v1/customers?identifier=user:token-ben", "/v1/customers?identifier=email:token.ben@example.org", `/v1/customers/${ben}/export`, `/v1/customers/${ben}/timeline`, "/v1/customers", "/v1/customers?q=ben"])
      refused(await server.get(path, { key }), 403, "denied");
    for (const [path, body] of [[`/v1/customers/${ben}/preferences`, { set: { language: "de" } }], [`/v1/customers/${ben}/consents`, { purpose: "marketing", answer: "yes" }], [`/v1/customers/${ben}/undo`, { undo: "u1" }], [`/v1/customers/${ana}/merge`, { with: ben }], ["/v1/decide", { customer: { cid: ben }, surface: "app-home" }]])
      refused(await server.post(path, body, { key }), 403, "denied");
    const decision = await server.decide("user:token-ben", "machine-withdrawal");
    const yes = { decision: decision.decision, suggestion: decision.ask.suggestion, answer: "yes" };
    refused(await server.post("/v1/response", { ...yes, customer: { cid: ben } }, { key }), 403, "denied");
    const strange = async (id) => { const { event, ...rest } = ok(await server.post("/v1/response", { ...yes, decision: id, suggestion: id.replace("d", "s") }, { key })); return rest; };
    assert.deepEqual(await strange(decision.decision), { known: false, done: false }, "another's decision is one that is not known");
    assert.deepEqual(await strange("d7fffffffffff"), await strange(decision.decision), "and which there are cannot be found out");
    assert.ok((await server.timeline(ben)).every((event) => event.kind !== "response" && event.kind !== "consent"), "to whom it belongs nothing happens");
    assert.ok((await server.timeline(ana)).every((event) => event.kind !== "consent"));
  });
  test("a token cannot find out who is a customer", async () => {
    const key = server.token("user:token-ana");
    const there = await server.get("/v1/customers?identifier=email:token.ben@example.org", { key });
    const not = await server.get("/v1/customers?identifier=email:nobody.at.all@example.org", { key });
    assert.deepEqual([not.status, not.body], [there.status, there.body]);
  });
  test("a token cannot take over somebody: neither by alias, nor by their e-mail address, nor by an external id", async () => {
    const key = server.token("user:token-ana");
    const who = { userId: "token-ana", anonymousId: "token-ana-browser" };
    const events = [identify(who, { email: "token.mail@example.org" }), identify(who, { email: "token.ben@example.org" }),
      { type: "alias", userId: "token-ana", previousId: "token-ben", messageId: uuid() },
      track(who, "Seen", {}, { context: { externalIds: [{ type: "email", id: "token.ben@example.org", collection: "users" }, { type: "user", id: "token-ben", collection: "users" }], traits: { email: "token.mail@example.org" } } })];
    await server.send(events, { key });
    await server.send(events.map((event) => ({ ...event, messageId: uuid(), context: { ...event.context, token: key } })), { key: server.write });
    assert.deepEqual(identifiersOf(await server.card("user:token-ana")), ["anonymous:token-ana-browser", "user:token-ana"]);
    assert.equal((await server.card("user:token-ben")).cid, ben);
    assert.deepEqual(identifiersOf(await server.card("anonymous:token-mail-only")), ["anonymous:token-mail-only", "email:token.mail@example.org"]);
  });
  test("events sent with a token for somebody else are a claim and no more", async () => {
    await server.send([track({ userId: "token-ben", anonymousId: "token-ana-phone" }, "Forged")], { key: server.token("user:token-ana") });
    assert.equal((await server.timeline(ben)).filter((event) => event.name === "Forged").length, 0);
  });
});

/* ---- requests that are wrong ---- */

describe("a request that is wrong", () => {
  test("an unknown path is 404 with a word on where to look, a wrong method 405", async () => {
    for (const path of ["/", "/v2/track", "/v1/", "/v1", "/v1/tracks", "/v1/track/", "//v1/track", "/v1/customers/", "/v1/customers/a/b/c", "/V1/TRACK", "/admin", "/.env"])
      refused(await server.get(path), 404, "no_route");
    for (const [method, path] of [["GET", "/v1/track"], ["PUT", "/v1/track"], ["DELETE", "/v1/batch"], ["POST", "/healthz"], ["PATCH", "/v1/decide"], ["TRACE", "/v1/track"], ["POST", "/v1/overview"]])
      refused(await server.request(method, path, method === "POST" ? {} : undefined), 405, "method_not_allowed");
    assert.equal((await server.raw([`BREW /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`])).status, 405);
  });
  test("no path leads out of the server", async () => {
    for (const path of ["/../../etc/passwd", "/assets/../../../etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/....//etc/passwd", "/console/../../keys", "/assets/..\\..\\keys", "/harbour/%00", "/assets/keys", "/signing-secret", "/assets/%252e%252e%252fkeys"]) {
      const answer = await server.raw([`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]);
      assert.ok([400, 404, 503].includes(answer.status), `${path}: ${answer.text.slice(0, 100)}`);
      assert.doesNotMatch(answer.text, /root:|at_secret|secret [0-9a-f]{8}/);
    }
  });
  test("HEAD answers as GET without a body", async () => {
    for (const path of ["/healthz", "/openapi.json", "/v1/customers", "/v1/overview"]) {
      const get = await server.get(path), head = await server.request("HEAD", path);
      assert.equal(head.status, 200, path);
      assert.equal(head.text, "");
      assert.equal(head.headers["content-type"], get.headers["content-type"]);
    }
    assert.equal((await server.request("HEAD", "/v1/stream")).status, 200, "and of a stream, at once");
    assert.equal((await server.request("HEAD", "/v1/track")).status, 405);
  });
  test("OPTIONS answers a preflight with 204 and lets the SDKs' headers through, and is 404 where nothing is", async () => {
    const answer = await server.request("OPTIONS", "/v1/t", undefined, { key: null, headers: { Origin: "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-retry-count,authorization" } });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["access-control-allow-origin"], "https://shop.example");
    for (const name of ["content-type", "x-retry-count", "authorization"]) assert.ok(answer.headers["access-control-allow-headers"].toLowerCase().includes(name), name);
    assert.equal(answer.headers["access-control-allow-credentials"], undefined, "cookies of ours are not for other sites");
    refused(await server.request("OPTIONS", "/v1/nothing", undefined, { key: null }), 404, "no_route");
  });
  test("errors carry the header that lets a page of another origin read them", async () => {
    for (const answer of [await server.post("/v1/track", "{", { headers: { Origin: "https://shop.example" } }), await server.post("/v1/batch", "x".repeat(600 * 1024), { headers: { Origin: "https://shop.example" } })])
      assert.equal(answer.headers["access-control-allow-origin"], "https://shop.example");
  });
  test("very long addresses and headers are refused, and nothing is harmed", async () => {
    for (const head of [`GET /${"a".repeat(100000)} HTTP/1.1\r\nHost: x`, `GET /healthz?${"q=1&".repeat(30000)} HTTP/1.1\r\nHost: x`, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"h".repeat(100000)}`, `GET /healthz HTTP/1.1\r\nHost: x\r\n${[...Array(3000)].map((_, i) => `X-Many-${i}: ${"v".repeat(20)}`).join("\r\n")}`]) {
      const answer = await server.raw([`${head}\r\n\r\n`], { wait: 2000 });
      assert.ok(answer.status >= 400 && answer.status < 500 || answer.closed, answer.text.slice(0, 100));
      assert.notEqual(answer.status, 200);
    }
    await alive();
  });
  test("what is no HTTP at all is refused", async () => {
    for (const bytes of ["hello\r\n\r\n", "\0\0\0\0\0\0\r\n\r\n", Buffer.from("160301020001000100fc0303", "hex"), "GET\r\n\r\n", "GET /healthz\r\n\r\n", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\nNoColon\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]) {
      const answer = await server.raw([bytes], { wait: 300, half: true });
      assert.ok(answer.status === 0 || answer.status >= 400, `${JSON.stringify(String(bytes))}: ${answer.text.slice(0, 100)}`);
    }
    await alive();
  });
  test("pipelined requests are answered all, in their order", async () => {
    const one = (n) => { const body = JSON.stringify({ event: "Piped", anonymousId: "piped", messageId: `piped-${n}`, ...(n === 2 ? { event: "" } : {}) }); return `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nContent-Length: ${body.length}\r\n\r\n${body}`; };
    const answer = await server.raw([`${one(1)}${one(2)}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n${one(3)}GET /v1/customers?identifier=anonymous:piped HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nConnection: close\r\n\r\n`], { wait: 5000 });
    assert.deepEqual([...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]), ["200", "400", "200", "200", "200"]);
    assert.match(answer.text, /"value":"piped"/);
  });
  test("a cookie alone changes nothing: a page of another site can send it, but not the header X-Attune", async () => {
    const cookie = { Cookie: `attune_portal=${server.token("user:cookie-ana")}` };
    await server.send([identify({ userId: "cookie-ana" }, { name: "Ana" })]);
    assert.equal(ok(await server.get("/v1/customers/me", { key: null, headers: cookie })).name, "Ana");
    refused(await server.post("/v1/customers/me/preferences", { set: { language: "de" } }, { key: null, headers: cookie }), 403, "cross_site");
    refused(await server.post("/v1/track", track({ userId: "cookie-ana" }, "Forged"), { key: null, headers: cookie }), 403, "cross_site");
    refused(await server.post("/v1/configuration", { files: [] }, { key: null, headers: { Cookie: `attune_console=${server.secret}` } }), 401, "unauthorized");
    ok(await server.post("/v1/customers/me/preferences", { set: { language: "de" } }, { key: null, headers: { ...cookie, "X-Attune": "1" } }));
  });
  const asked = [
    ["a limit that is no number", "/v1/dead-letters?n=many", 400, "invalid_number"], ["a limit of nothing", "/v1/dead-letters?n=0", 400, "invalid_number"], ["a limit beyond all", "/v1/customers?n=99999999999999999999", 400, "invalid_number"],
    ["a negative place", "/v1/customers?after=-1", 400, "invalid_number"], ["a time that is none", "/v1/journeys?from=then", 400, "invalid_time"], ["a gap that is none", "/v1/journeys?gap=long", 400, "invalid_gap"],
    ["a cut nobody knows", "/v1/journeys?cut=half", 400, "invalid_cut"], ["a cut at no goal", "/v1/journeys?cut=goal", 400, "no_goal"], ["a goal nobody has seen", "/v1/journeys?cut=goal&goal=Nirvana", 404, "no_goal"], ["a channel nobody knows", "/v1/journeys?channel=fax", 400, "invalid_channel"],
    ["an identifier without a type", "/v1/customers?identifier=ana", 400, "invalid_identifier"], ["an identifier of nobody", "/v1/customers?identifier=user:no-such-person", 404, "not_found"], ["a cid of nobody", "/v1/customers/00000000000000000000000000000000", 404, "not_found"], ["a cid of no shape", "/v1/customers/..", 404, "not_found"],
  ];
  for (const [what, path, status, code] of asked)
    test(`asking with ${what} is refused as ${code}`, async () => { refused(await server.get(path), status, code); });
  const said = [
    ["deciding without a surface", "/v1/decide", { customer: { identifier: "user:asked" } }, 404, "no_surface"], ["deciding on a surface nobody made", "/v1/decide", { surface: "moon", customer: { identifier: "user:asked" } }, 404, "no_surface"],
    ["deciding on a surface that is a number", "/v1/decide", { surface: 7, customer: { identifier: "user:asked" } }, 400, "wrong_type"], ["deciding for nobody", "/v1/decide", { surface: "app-home" }, 400, "no_customer"],
    ["deciding for a customer that is a text", "/v1/decide", { surface: "app-home", customer: "user:asked" }, 400, "wrong_type"], ["deciding for an identifier without a type", "/v1/decide", { surface: "app-home", customer: { identifier: "asked" } }, 400, "invalid_identifier"],
    ["deciding at a time that is none", "/v1/decide", { surface: "app-home", customer: { identifier: "user:asked" }, context: { now: "late" } }, 400, "invalid_time"],
    ["a response to no decision", "/v1/response", {}, 400, "no_decision"], ["a response to a decision of no shape", "/v1/response", { decision: "d-1" }, 400, "no_decision"], ["a response to a decision with blanks", "/v1/response", { decision: "d 5" }, 400, "no_decision"],
    ["a response to a decision nobody made", "/v1/response", { decision: "d7fffffffffff" }, 404, "no_decision"], ["a response to the largest number", "/v1/response", { decision: "dffffffffffffffff" }, 404, "no_decision"], ["a response whose decision is a number", "/v1/response", { decision: 5 }, 400, "wrong_type"],
    ["preferences that are none", "/v1/customers/CID/preferences", { set: [] }, 400, "nothing_set"], ["no preferences", "/v1/customers/CID/preferences", {}, 400, "nothing_set"], ["a preference without a name", "/v1/customers/CID/preferences", { set: { "": 1 } }, 400, "invalid_preference"],
    ["a menu mode nobody knows", "/v1/customers/CID/preferences", { set: { "menu.app-home.mode": "perhaps" } }, 400, "invalid_preference"], ["a menu order with a stranger", "/v1/customers/CID/preferences", { set: { "menu.app-home.order": ["cards", "moon"] } }, 400, "invalid_preference"],
    ["a menu order with a double", "/v1/customers/CID/preferences", { set: { "menu.app-home.order": ["cards", "cards"] } }, 400, "invalid_preference"], ["a menu order that is a text", "/v1/customers/CID/preferences", { set: { "menu.app-home.order": "cards" } }, 400, "invalid_preference"],
    ["undoing nothing", "/v1/customers/CID/undo", {}, 400, "no_undo"], ["undoing what nobody did", "/v1/customers/CID/undo", { undo: "u7fffffffffff" }, 404, "no_undo"],
    ["a consent without an answer", "/v1/customers/CID/consents", { purpose: "marketing" }, 400, "no_answer"], ["a consent with perhaps", "/v1/customers/CID/consents", { purpose: "marketing", answer: "perhaps" }, 400, "no_answer"], ["a consent to an unknown purpose by hand", "/v1/customers/CID/consents", { purpose: "moon", answer: "yes" }, 422, "unknown_purpose"],
    ["joining with nobody", "/v1/customers/CID/merge", { with: "00000000000000000000000000000000" }, 404, "not_found"], ["joining without saying with whom", "/v1/customers/CID/merge", {}, 404, "not_found"], ["parting an origin of nobody", "/v1/customers/CID/split", { origin: "x" }, 404, "not_found"],
    ["a key of no scope", "/v1/keys", { source: "app" }, 400, "invalid_scope"], ["a key for a source with blanks", "/v1/keys", { scope: "write", source: "my app" }, 400, "invalid_source"], ["a key for a source with a line break", "/v1/keys", { scope: "write", source: "a\nsecret" }, 400, "invalid_source"], ["a key for a source of 41 letters", "/v1/keys", { scope: "write", source: "s".repeat(41) }, 400, "invalid_source"],
    ["a configuration of nothing", "/v1/configuration", {}, 400, "no_files"], ["a configuration whose files are a text", "/v1/configuration", { files: "purposes.yaml" }, 400, "no_files"], ["a configuration with an empty list", "/v1/configuration", { files: [] }, 400, "no_files"],
  ];
  for (const [what, path, body, status, code] of said)
    test(`${what} is refused as ${code}`, async () => {
      await server.send([identify({ userId: "asked" }, { name: "Asked" })]);
      refused(await server.post(path.replace("CID", (await server.card("user:asked")).cid), body), status, code);
    });
});

/* ---- clients that are slow ---- */

describe("a client that is slow", { concurrency: true }, () => {
  let brief, crowded;
  before(async () => {
    brief = await Server.start({ settings: { "timeout-s": 2 } });
    crowded = await Server.start({ settings: { "timeout-s": 2, "connections-max": 40 } });
  });
  after(() => Promise.all([brief.end(), crowded.end()]));
  const head = () => `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${brief.secret}\r\nContent-Length: 400\r\n`;
  const cutOff = (answer, least, most) => {
    assert.ok(answer.closed, "the server closed it");
    assert.ok(answer.ms >= least && answer.ms <= most, `after ${answer.ms} ms`);
  };
  test("who says nothing is cut off after timeout_s", async () => { cutOff(await brief.raw([""], { wait: 9000 }), 1500, 6000); });
  test("who sends half a request and waits is cut off after timeout_s", async () => { cutOff(await brief.raw([head()], { wait: 9000 }), 1500, 6000); });
  test("who sends half a body and waits is cut off after timeout_s", async () => { cutOff(await brief.raw([`${head()}\r\n{"event":`], { wait: 9000 }), 1500, 6000); });
  test("who announces an encoding of transfer nobody knows is refused or cut off", async () => {
    const answer = await brief.raw([`POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${brief.secret}\r\nTransfer-Encoding: gzip\r\n\r\nzzzzz`], { wait: 12000 });
    assert.ok(answer.closed && (answer.status === 0 || answer.status >= 400), answer.text);
  });
  test("who drips a header a letter at a time is cut off, too", async () => { cutOff(await brief.raw([head(), ..."X-Slow: 12345678901234567890123456789012345678901234567890".split("")], { wait: 9000, pause: 400 }), 1500, 12000); });
  test("who drips a body a letter at a time is cut off, too", async () => { cutOff(await brief.raw([`${head()}\r\n`, ..."{\"event\":\"12345678901234567890123456789012345678901234567890".split("")], { wait: 9000, pause: 400 }), 1500, 12000); });
  test("forty who hold their connections keep nobody else out for long", async () => {
    const held = [...Array(40)].map(() => crowded.raw([head(), ..."X-Slow: 12345678901234567890123456789012345678901234567890".split("")], { wait: 15000, pause: 400 }));
    await sleep(300);
    const begun = Date.now();
    ok(await crowded.post("/v1/track", track({ anonymousId: "patient" }, "Waited")));
    assert.ok(Date.now() - begun < 14000);
    for (const answer of await Promise.all(held)) assert.ok(answer.closed);
  });
  test("an honest client that pauses between its requests is not cut off in the middle", async () => {
    const body = JSON.stringify({ event: "Paused", anonymousId: "pauses" });
    const one = `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${brief.secret}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await brief.raw(Array(12).fill(one), { pause: 1000, wait: 1500 });
    assert.equal([...answer.text.matchAll(/HTTP\/1\.1 200/g)].length, 12);
  });
  test("a stream that stays open and silent is not cut off: it beats", { skip: process.env.ATTUNE_PATIENCE ? false : "takes 17 s: set ATTUNE_PATIENCE" }, async () => {
    const listening = brief.raw([`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${brief.secret}\r\n\r\n`], { wait: 16000 });
    assert.equal(await Promise.race([listening, sleep(17000).then(() => "open")]), "open", "a beat came within 16 s, and it was not closed");
    assert.match((await brief.get("/metrics")).text, /attune_streams 1/);
  });
});

describe("a client that goes away", () => {
  test("half a request, half a body and an answer nobody waits for harm nothing", async () => {
    const body = JSON.stringify({ event: "Gone", anonymousId: "gone", messageId: "gone-1" });
    const whole = `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (let cut = 1; cut < whole.length; cut += 13) await server.raw([whole.slice(0, cut)], { wait: 20, half: cut % 2 === 0 });
    await Promise.all([...Array(30)].map(() => server.raw([whole], { wait: 20 })));
    await Promise.all([...Array(10)].map(() => server.raw([`GET /v1/overview HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\n\r\n`], { wait: 20 })));
    await Promise.all([...Array(10)].map(() => server.raw([`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.secret}\r\n\r\n`], { wait: 20 })));
    await alive();
    assert.ok((await server.timeline((await server.card("anonymous:gone")).cid)).filter((event) => event.messageId === "gone-1").length <= 1);
  });
});

test("the dead letters outlive a restart, and a torn line in their file spoils only itself", async () => {
  refused(await server.post("/v1/track", { anonymousId: "letters", event: "" }), 400, "no_event");
  await server.kill();
  appendFileSync(join(server.folder, "dead-letters.ndjson"), '{"time":"2026-01-01T00:00:00.000Z","source":"web","code":"torn","mess');
  await server.up();
  refused(await server.post("/v1/track", { userId: "null", event: "Later" }), 400, "blocked_id");
  const { letters } = ok(await server.get("/v1/dead-letters?n=1000"));
  assert.ok(letters.length > 100);
  assert.ok(letters.some((letter) => letter.code === "no_event"));
  assert.equal(letters[0].code, "blocked_id");
  for (const letter of letters) assert.ok(letter.time && letter.code && letter.message.length > 15 && typeof letter.event === "string");
});
