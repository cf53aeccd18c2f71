/*
 * Nobody starves others: connections, streams, questions and events are bounded for each caller, and who is at a bound is
 * told so while everybody else is served.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import net from "node:net";
import { ok, refused, Server, sleep, track, until, uuid } from "./server.mjs";

/* A connection that asks for a stream and keeps it open; null when it was refused. */
const stream = (server, token) => new Promise((done) => {
  const socket = net.connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
    if (!/\r\n\r\n/.test(text)) return;
    done({ status: Number(text.match(/^HTTP\/1\.1 (\d+)/)[1]), text, socket, ended: new Promise((end) => socket.on("close", end)) });
  });
  socket.on("error", () => {});
  socket.write(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
});

describe("connections", () => {
  let server;
  before(async () => { server = await Server.start({ settings: { "connections-max": 40 } }); });
  after(() => server.end());

  test("when all are taken by one who says nothing, others are served all the same", async () => {
    const idle = [];
    for (let i = 0; i < 120; i++) {
      const socket = net.connect(server.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nX: ");
      idle.push(socket);
    }
    await sleep(300);
    for (let i = 0; i < 20; i++) assert.equal((await server.get("/healthz", { key: null })).text, "ok\n");
    assert.ok(Number((await server.get("/metrics")).text.match(/^attune_connections (\d+)/m)[1]) <= 60, "they are not kept");
    for (const socket of idle) socket.destroy();
  });
});

describe("streams", () => {
  let server;
  before(async () => { server = await Server.start({ settings: { "streams-a-caller": 3 } }); });
  after(() => server.end());

  test("one more of a customer ends the oldest, and nobody else's", async () => {
    await server.send([track({ userId: "ana" }, "Came"), track({ userId: "ben" }, "Came")]);
    const ana = server.token("user:ana"), open = [];
    const ben = await stream(server, server.token("user:ben"));
    for (let i = 0; i < 3; i++) open.push(await stream(server, ana));
    assert.deepEqual([ben, ...open].map(({ status }) => status), [200, 200, 200, 200]);
    open.push(await stream(server, server.token("user:ana", { claims: { other: 1 } })));
    assert.equal(open[3].status, 200);
    await open[0].ended; /* Another token of the same customer is no other caller. */
    assert.deepEqual(await Promise.race([Promise.any([ben, ...open.slice(1)].map(({ ended }) => ended)).then(() => "ended"), sleep(300).then(() => "open")]), "open");
    for (const { socket } of [...open, ben]) socket.destroy();
  });
});

describe("write keys", () => {
  let server;
  before(async () => { server = await Server.start({ settings: { "write-key-events-a-minute": 100, "visitor-mb-a-minute": 1 } }); });
  after(() => server.end());

  test("send so many events in a minute and no more, and secret keys are not counted", async () => {
    const batch = (n, who = uuid()) => ({ batch: [...Array(n)].map(() => track({ anonymousId: who }, "Seen")) });
    ok(await server.post("/v1/batch", batch(90), { key: server.write }));
    const answer = await server.post("/v1/batch", batch(20), { key: server.write });
    refused(answer, 429, "too_many_events");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
    ok(await server.post("/v1/batch", batch(10), { key: server.write }));
    ok(await server.post("/v1/batch", batch(500)));
    const other = ok(await server.post("/v1/keys", { scope: "write", source: "another" })).key;
    ok(await server.post("/v1/batch", batch(50), { key: other }), "another key has its own");
  });

  test("send so many bytes from one address", async () => {
    const key = ok(await server.post("/v1/keys", { scope: "write", source: "bytes" })).key;
    const large = () => ({ batch: [...Array(12)].map(() => track({ anonymousId: uuid() }, "Seen", { text: "x".repeat(30000) })) });
    let answer;
    for (let i = 0; i < 5; i++) answer = await server.post("/v1/batch", large(), { key });
    refused(answer, 429, "too_many_events");
  });
});

describe("a long history that has to be folded again", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  test("is folded elsewhere, and the answer is the one it always was", async () => {
    const who = { anonymousId: "long" };
    for (let i = 0; i < 4; i++)
      await server.send([...Array(500)].map((_, n) => ({ type: "screen", name: ["cards", "savings", "loans"][n % 3], messageId: uuid(), timestamp: `2026-0${1 + i}-0${1 + (n % 9)}T08:00:00Z`, ...who })));
    const menu = async () => (await server.decide("anonymous:long", "app-home")).options?.map(({ option }) => option);
    const before = await menu();
    for (let i = 0; i < 5; i++) {
      await server.send([{ type: "screen", name: "cards", messageId: uuid(), timestamp: "2025-12-01T00:00:00Z", ...who }]);
      assert.deepEqual(await menu(), before);
    }
    const { cid } = await server.card("anonymous:long");
    assert.equal((await server.timeline(cid)).filter(({ kind }) => kind === "screen").length, 2005);
  });

  test("a batch that meets one goes on where it was, and nothing of it is there twice", async () => {
    const long = (await server.card("anonymous:long")).cid;
    await server.send([track({ anonymousId: "short" }, "Came")]);
    const short = (await server.card("anonymous:short")).cid;
    ok(await server.post(`/v1/customers/${long}/merge`, { with: short }));
    const names = ["One", "Two", "Three"].map((name) => ({ type: "track", event: name }));
    const answer = ok(await server.post("/v1/batch", { batch: [{ ...names[0], anonymousId: "beside" }, { ...names[1], anonymousId: "short" }, { ...names[2], anonymousId: "beside" }] }));
    assert.deepEqual(answer, { success: true });
    const stored = async (identifier) => (await server.timeline((await server.card(identifier)).cid)).filter(({ name }) => ["One", "Two", "Three"].includes(name)).map(({ name }) => name);
    assert.deepEqual((await stored("anonymous:beside")).sort(), ["One", "Three"]);
    assert.deepEqual(await stored("anonymous:short"), ["Two"]);
  });
});

describe("bytes that are no UTF-8", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());
  const ask = (head) => server.raw([`${head}\r\n\r\n`], { wait: 300 });

  for (const [what, line] of Object.entries({ path: "GET /v1/projects/%FF/settings HTTP/1.1", query: "GET /v1/customers?identifier=user:%C3 HTTP/1.1", "name in the query": "GET /healthz?%E2%82=1 HTTP/1.1", "zero byte in the query": "GET /healthz?a=b%00c HTTP/1.1" }))
    test(`in a ${what} are refused`, async () => {
      const { status, text } = await ask(`${line}\r\nHost: x\r\nAuthorization: Bearer ${server.secret}`);
      assert.equal(status, 400, text);
      assert.match(text, /"code":"invalid_utf8"/);
    });

  test("in a cookie are refused, in somebody else's header they are not ours to judge", async () => {
    const send = (header) => server.raw([Buffer.concat([Buffer.from(`GET /healthz HTTP/1.1\r\nHost: x\r\n${header}: a`), Buffer.from([0xff, 0xfe]), Buffer.from("\r\n\r\n")])], { wait: 300 });
    assert.equal((await send("Cookie")).status, 400);
    assert.equal((await send("User-Agent")).status, 200);
  });
});
