/*
 * tokens.test.mjs: customer tokens end before their time: all of a customer, or one. And how one lets into the customer's page: by a form, or
 * by a link that works once; nobody is signed in as somebody else without being asked.
 */
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { attune, identify, ok, refused, Server, sleep, track, uuid } from "./server.mjs";
import { fields, Visit, words } from "./visit.mjs";

let server, n = 0;
before(async () => { server = await Server.start({ settings: { harbour: "on" } }); });
after(() => server.end());

async function person(name = "Tove Token") {
  const userId = `tove-${++n}-${uuid()}`;
  await server.send([identify({ userId }, { name })]);
  return { userId, cid: (await server.card(`user:${userId}`)).cid, sign: (claims = {}, more = {}) => server.token(`user:${userId}`, { claims, ...more }) };
}
const me = (key) => server.get("/v1/customers/me", { key });
const page = (token) => server.get("/me", { key: null, headers: { Cookie: `attune_portal=${token}` } });
const seconds = () => Math.floor(Date.now() / 1000);
const revoke = (who, options) => server.post(`/v1/customers/${who.cid}/tokens/revoke`, {}, options).then(ok);

describe("raising a customer's generation", () => {
  test("ends at once every token of before, in calls, cookies and events, and no later one", async () => {
    const who = await person(), other = await person();
    const before = { "that says nothing": who.sign({ jti: undefined }), "that was issued before": who.sign({ iat: seconds() - 5 }), "of this generation": who.sign({ gen: 0 }) };
    for (const token of Object.values(before)) { ok(await me(token)); assert.equal((await page(token)).status, 200); }
    const theirs = other.sign({ iat: seconds() - 5 }), { generation, since } = await revoke(who);
    assert.equal(generation, 1);
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60000);
    const check = async () => {
      for (const [what, token] of Object.entries(before)) {
        refused(await me(token), 401, "unauthorized");
        assert.equal((await page(token)).status, 403, what);
        assert.equal((await server.get(`/me/enter?token=${token}`, { key: null })).status, 403, what);
        await server.send([track({ userId: who.userId, anonymousId: `claimed-${what}` }, "Seen", {}, { context: { token } })], { key: server.write });
        assert.equal((await server.get(`/v1/customers?identifier=anonymous:${encodeURIComponent(`claimed-${what}`)}`).then(ok)).identifiers.some(({ type }) => type === "user"), false, what);
      }
      ok(await me(who.sign({ gen: 1 })));
      ok(await me(theirs));
    };
    await check();
    await server.kill();
    await server.up();
    await check();
    await sleep(1100);
    ok(await me(who.sign({ iat: seconds() })));
    assert.equal((await revoke(who)).generation, 2);
    refused(await me(who.sign({ gen: 1 })), 401, "unauthorized");
  });

  test("is a button on the customer's page: both visits end, another customer's lives on, and another site cannot press it", async () => {
    const who = await person(), other = await person(), iat = seconds() - 5;
    const visit = (one) => Visit.begin(server, `user:${one.userId}`, {}, { claims: { iat } });
    const here = await visit(who), there = await visit(who), theirs = await visit(other), app = who.sign({ iat });
    const form = fields(await here.page(), "sign-out"), mark = fields(await there.page(), "sign-out"), not_mine = fields(await theirs.page(), "sign-out");
    assert.notEqual(form.token, mark.token);
    for (const [what, given, headers] of [["no mark", {}, {}], ["a mark of another visit", mark, {}], ["another customer's mark", not_mine, {}], ["another site", form, { Origin: "http://evil.example" }], ["no cookie", form, { Cookie: "" }]])
      assert.equal((await here.send("sign-out", given, headers)).status, 403, what);
    for (const one of [here, there, theirs]) await one.page();
    ok(await me(app));
    const answer = await here.send("sign-out", form);
    assert.equal(answer.status, 200);
    assert.match(words(answer.text), /You are signed out\. You are signed out everywhere: .*To come back, take a new link/);
    assert.match(answer.headers["set-cookie"].join(), /attune_portal=;.*Max-Age=0/);
    assert.equal(answer.headers["cache-control"], "no-store");
    const check = async () => {
      assert.deepEqual([(await here.get()).status, (await there.get()).status], [403, 403]);
      refused(await me(app), 401, "unauthorized");
      assert.equal((await here.send("sign-out", form)).status, 403, "once more");
      await theirs.page();
    };
    await check();
    assert.ok(ok(await server.get(`/v1/audit?what=keys&about=user:${who.userId}&n=5`)).entries.some(({ words: says, who: by }) => says === "ended all tokens of the customer" && by === "customer"), (await server.get(`/v1/audit?what=keys&about=user:${who.userId}&n=5`)).text);
    await server.kill();
    await server.up();
    await check();
    await sleep(1100);
    await (await Visit.begin(server, `user:${who.userId}`, {}, { claims: { iat: seconds() } })).page();
  });

  test("is for the customer, too: signed out everywhere", async () => {
    const who = await person(), mine = who.sign({ iat: seconds() - 5 }), other = await person();
    refused(await server.post(`/v1/customers/${who.cid}/tokens/revoke`, {}, { key: other.sign() }), 403, "denied");
    refused(await server.post(`/v1/customers/${who.cid}/tokens/revoke`, {}, { key: server.write }), 403, "denied");
    ok(await me(mine));
    ok(await server.post("/v1/customers/me/tokens/revoke", {}, { key: mine }));
    refused(await me(mine), 401, "unauthorized");
  });

  test("is of both when customers are merged, and goes with the customer who is erased", async () => {
    const a = await person(), b = await person();
    await revoke(b);
    const old = a.sign({ iat: seconds() - 5 });
    ok(await me(old));
    ok(await server.post(`/v1/customers/${a.cid}/merge`, { with: b.cid }));
    refused(await me(old), 401, "unauthorized");
    ok(await server.delete(`/v1/customers/${a.cid}?because=asked`));
    assert.equal((await server.get(`/v1/customers/${a.cid}`)).status, 404);
  });
});

describe("one token", () => {
  test("is ended by its id, for good, and no other is", async () => {
    const who = await person(), jti = uuid(), one = who.sign({ jti }), two = who.sign();
    ok(await server.delete(`/v1/tokens/${jti}`));
    refused(await me(one), 401, "unauthorized");
    assert.equal((await page(one)).status, 403);
    ok(await me(two));
    ok(await server.delete(`/v1/tokens/${jti}`));
    await server.restart();
    refused(await me(one), 401, "unauthorized");
    refused(await server.delete(`/v1/tokens/${jti}`, { key: two }), 403, "denied");
    refused(await server.delete(`/v1/tokens/${"x".repeat(201)}`), 400, "no_token");
  });

  for (const [what, claims] of [["whose iat is in the future", { iat: seconds() + 7200 }], ["whose iat is a word", { iat: "now" }], ["whose gen is below nothing", { gen: -1 }], ["whose gen is a word", { gen: "1" }], ["whose jti is a number", { jti: 7 }], ["whose jti is empty", { jti: "" }], ["whose jti is too long", { jti: "x".repeat(201) }]])
    test(`${what} is nobody's`, async () => refused(await me((await person()).sign(claims)), 401, "unauthorized"));
});

describe("an open stream", () => {
  /* Open one; what resolves when it ends. */
  const stream = (key) => new Promise((opened, fail) => {
    const call = http.get({ host: "127.0.0.1", port: server.port, path: "/v1/stream", headers: { Authorization: `Bearer ${key}` } }, (answer) => {
      assert.equal(answer.statusCode, 200);
      const ended = new Promise((done) => { answer.on("end", () => done(true)); answer.on("error", () => done(true)); });
      answer.once("data", () => opened({ ended, isOpen: () => !answer.readableEnded, close: () => call.destroy() }));
    });
    call.on("error", () => {});
    call.setTimeout(30000, () => fail(new Error("no stream")));
  });
  test("ends with the token or the key that opened it, and no other does", async () => {
    const who = await person(), other = await person(), jti = uuid();
    const key = ok(await server.post("/v1/keys", { scope: "secret", source: "watching" }));
    const [byId, ofAll, byKey, end, stays] = [await stream(who.sign({ jti })), await stream(who.sign({ iat: seconds() - 5 })), await stream(key.key), await stream(other.sign({}, { expires: Date.now() / 1000 + 3 })), await stream(other.sign())];
    ok(await server.delete(`/v1/tokens/${jti}`));
    await byId.ended;
    assert.ok(ofAll.isOpen());
    await revoke(who);
    await ofAll.ended;
    ok(await server.delete(`/v1/keys/${key.id}`));
    await byKey.ended;
    await end.ended;
    assert.ok(stays.isOpen());
    stays.close();
  });
});

describe("entering the customer's page", () => {
  const cookies = (answer) => Object.fromEntries((answer.headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0].split("=")));
  const header = (jar) => ({ Cookie: Object.entries(jar).filter(([, value]) => value).map(([name, value]) => `${name}=${value}`).join("; ") });
  const post = (token, headers = {}) => server.post("/me/enter", new URLSearchParams({ token }).toString(), { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers } });
  const own = (jar) => server.get("/me", { key: null, headers: header(jar) });

  test("by a link works once, and the token does not stay in the address", async () => {
    const who = await person("Lina Link"), link = `/me/enter?token=${who.sign()}`;
    assert.equal((await server.request("HEAD", link, undefined, { key: null })).status, 200, "whoever only looks does not use it");
    const first = await server.get(link, { key: null });
    assert.deepEqual([first.status, first.headers.location, first.headers["cache-control"]], [303, "/me", "no-store"]);
    assert.match((await own(cookies(first))).text, /Lina Link/);
    const second = await server.get(link, { key: null });
    assert.equal(second.status, 403);
    assert.deepEqual(cookies(second), {});
    assert.equal((await server.get(link, { key: null, headers: header(cookies(first)) })).status, 303, "the browser that used it comes back by it");
    await server.kill();
    await server.up();
    assert.equal((await server.get(link, { key: null })).status, 403, "also after a restart");
  });

  test("works once for a token that says nothing but whose it is and until when", async () => {
    const link = `/me/enter?token=${(await person()).sign({ jti: undefined })}`;
    assert.deepEqual([(await server.get(link, { key: null })).status, (await server.get(link, { key: null })).status], [303, 403]);
  });

  test("by a form of the company's page, which is another site, without a script", async () => {
    const who = await person("Fia Form"), answer = await post(who.sign(), { Origin: "https://bank.example", "Sec-Fetch-Site": "cross-site" });
    assert.deepEqual([answer.status, answer.headers.location], [303, "/me"]);
    assert.match(answer.headers["set-cookie"][0], /HttpOnly; SameSite=Strict/);
    const there = await own(cookies(answer));
    assert.match(there.text, /Fia Form/);
    const jar = { ...cookies(answer), ...cookies(there) };
    assert.ok(jar.attune_portal && !jar.attune_entering, "it is the session from now on");
    assert.match((await own(jar)).text, /Fia Form/);
    assert.equal((await post("x.y.z")).status, 403);
  });

  const ways = [["a form of another site", (token, headers) => post(token, headers)], ["a link", (token, headers) => server.get(`/me/enter?token=${token}`, { key: null, headers })]];
  for (const [what, send] of ways)
    for (const [how, headers, sees] of [["whose browser shows its cookie", {}, true], ["whose browser keeps it back", { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }, false]])
      test(`by ${what} signs in nobody as somebody else unasked (${how})`, async () => {
        const victim = await person("Vera Victim"), mallory = await person("Mallory Miller"), session = { attune_portal: victim.sign() };
        const sent = await send(mallory.sign(), { ...headers, ...(sees ? header(session) : {}) });
        assert.equal(cookies(sent).attune_portal, undefined, "the session is not touched");
        const jar = { ...session, ...cookies(sent) }, asked = await own(jar);
        assert.equal(asked.status, 409);
        assert.match(asked.text, /Vera Victim[\s\S]*Mallory Miller/);
        const token = /name="token" value="([^"]+)"/.exec(asked.text)[1];
        const answer = (as, more = {}) => server.post("/me/continue", new URLSearchParams({ token, as, ...more }).toString(), { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: server.url, ...header(jar) } });
        assert.equal((await answer("other", { token: "forged" })).status, 403);
        const stay = await answer("here");
        assert.match((await own({ ...jar, ...cookies(stay) })).text, /Vera Victim/);
        const go = await answer("other");
        assert.match((await own({ ...jar, ...cookies(go) })).text, /Mallory Miller/);
      });

  test("by the demo's door changes from one of its people to the next", async () => {
    const ana = cookies(await server.get("/me/enter?person=ana", { key: null })), ben = await server.get("/me/enter?person=ben", { key: null, headers: header(ana) });
    assert.equal(ben.status, 303);
    assert.ok(cookies(ben).attune_portal);
  });

  test("again as the same customer asks nothing", async () => {
    const who = await person("Sam Same"), answer = await server.get(`/me/enter?token=${who.sign()}`, { key: null, headers: header({ attune_portal: who.sign() }) });
    assert.equal(answer.status, 303);
    assert.ok(cookies(answer).attune_portal);
  });
});

describe("an invitation of staff", () => {
  const list = () => JSON.parse(attune("staff", "list", "--data", server.folder, "--json").out);
  const accept = (token, name) => server.post("/console/sign-in?invited", new URLSearchParams({ token, name, password: "three words and one more", again: "three words and one more" }).toString(),
    { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: server.url, "Sec-Fetch-Site": "same-origin" } });
  const invite = (name, ...more) => JSON.parse(attune("staff", "invite", name, "--role", "service", "--data", server.folder, "--json", ...more).out);

  test("has an end, seven days from now unless it is said", async () => {
    const soon = (text, days) => assert.ok(Math.abs(Date.parse(text) - Date.now() - days * 864e5) < 600000, text);
    soon(invite("ina").expires, 7);
    soon(invite("ida", "--days", "2").expires, 2);
    soon(list().find(({ name }) => name === "ida").expires, 2);
    for (const days of ["0", "366", "many"]) assert.notEqual(attune("staff", "invite", "ivo", "--role", "service", "--days", days, "--data", server.folder).code, 0, days);
  });

  test("can be withdrawn, and lets nobody in from then on", async () => {
    const { token } = invite("wim");
    assert.equal(attune("staff", "withdraw", "wim", "--data", server.folder).code, 0);
    assert.equal((await accept(token, "wim")).status, 401);
    assert.equal(list().some(({ name }) => name === "wim"), false);
    assert.equal(attune("staff", "withdraw", "wim", "--data", server.folder).code, 1);
    assert.equal((await accept(invite("wim").token, "wim")).status, 303);
  });
});
