/*
 * Who tries to get at what is not theirs: tokens of others, forged and stale; keys beyond their purpose; tricks with paths and headers; pages
 * of other sites; guessed passwords; staff outside their role. Each is refused, and none learns whether a customer or an account exists.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, identify, ok, refused, Server, sleep, track, until } from "./server.mjs";

const ROLES = ["service", "manager", "privacy", "analyst"], PASSWORD = "three words and one more", NOBODY = "0".repeat(32);
let server, ana, ben, agreed;

/* A form as a browser of this site sends it. */
const form = (path, fields, { headers = {}, at = server } = {}) =>
  at.post(path, new URLSearchParams(fields).toString(), { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: at.url, "Sec-Fetch-Site": "same-origin", ...headers } });
const cookieOf = (answer) => answer.headers["set-cookie"]?.find((c) => c.startsWith("attune_console="))?.split(";")[0];
const signIn = (name, password = PASSWORD, more) => form("/console/sign-in", { name, password }, more);
/* Requests of somebody signed in, as the console makes them. */
const by = (cookie, more = {}) => ({ key: null, headers: { Cookie: cookie, "X-Attune": "console", ...more } });
/* An address of their own, as the proxy says it: what one does is not counted against another. */
let addresses = 1;
const elsewhere = () => ({ headers: { "X-Forwarded-For": `192.0.2.1, 10.${addresses >> 16 & 255}.${addresses >> 8 & 255}.${addresses++ & 255}` } });

function invite(name, role, at = server) {
  const made = attune("staff", "invite", name, "--role", role, "--data", at.folder, "--json");
  assert.equal(made.code, 0, made.err);
  return JSON.parse(made.out).token;
}
async function member(name, role, at = server) {
  const made = await form("/console/sign-in?invited", { token: invite(name, role, at), name, password: PASSWORD, again: PASSWORD }, { at, ...elsewhere() });
  assert.equal(made.status, 303, made.text);
  return cookieOf(made);
}

/* What a client can see of an answer, but for the time. */
const seen = ({ status, text, headers }) => { const { date, ...rest } = headers; return { status, text, headers: rest }; };
const alike = (one, other, says) => assert.deepEqual(seen(one), seen(other), says);

before(async () => {
  server = await Server.start({ settings: { "sign-ins-a-minute": 10000, "sign-in-pause-max-s": 1, harbour: "off" } });
  await server.send([identify({ userId: "ana" }, { name: "Ana Varga", email: "ana@example.org" }), identify({ userId: "ben" }, { name: "Ben Okafor" }), identify({ userId: "eve" }, { name: "Eve Agreed" })]);
  ana = (await server.card("user:ana")).cid;
  ben = (await server.card("user:ben")).cid;
  agreed = (await server.card("user:eve")).cid;
  ok(await server.post(`/v1/customers/${agreed}/consents`, { purpose: "analytics", answer: "yes", channel: "branch" }));
});
after(() => server.end());

describe("a customer's token", () => {
  const routes = (cid) => [["GET", ""], ["GET", "/timeline"], ["GET", "/decisions"], ["GET", "/identity"], ["GET", "/consents"], ["GET", "/value"], ["GET", "/products"], ["GET", "/export"], ["GET", "/known?fields=email"],
    ["POST", "/consents", { purpose: "personalisation", answer: "yes" }], ["POST", "/preferences", { set: { language: "de" } }], ["POST", "/undo", { undo: "u1" }], ["POST", "/ideas", { title: "Mine", text: "now" }]].map(([method, path, body]) => [method, `/v1/customers/${cid}${path}`, body]);
  test("does not open another customer, nor tell whether there is one", async () => {
    const key = server.token("user:ben");
    const theirs = routes(ana), nobodys = routes(NOBODY);
    for (const [i, [method, path, body]] of theirs.entries()) {
      const answer = await server.request(method, path, body, { key });
      refused(answer, 403, "denied");
      alike(answer, await server.request(method, nobodys[i][1], nobodys[i][2], { key }), `${method} ${path}`);
    }
    assert.equal((await server.card("user:ana")).preferences.length, 0, "and nothing was changed");
  });
  test("does not decide for another, by any name, nor answer for them", async () => {
    const key = server.token("user:ben"), decide = (customer) => server.post("/v1/decide", { customer, surface: "machine-withdrawal", channel: "machine" }, { key });
    for (const [theirs, nobodys] of [[{ cid: ana }, { cid: NOBODY }], [{ identifier: "user:ana" }, { identifier: "user:nobody" }], [{ identifier: "email:ana@example.org" }, { identifier: "email:nobody@example.org" }]]) {
      refused(await decide(theirs), 403, "denied");
      alike(await decide(theirs), await decide(nobodys), JSON.stringify(theirs));
    }
    const { decision } = await server.decide("user:ana", "machine-withdrawal", { channel: "machine" });
    const answers = await Promise.all([decision, "d123456789abc"].map((d) => server.post("/v1/response", { decision: d, option: "20", customer: { cid: ana } }, { key })));
    refused(answers[0], 403, "denied");
    alike(answers[0], answers[1], "a decision of hers and one of nobody");
  });
  test("finds nobody else by an identifier, and lists nobody", async () => {
    const key = server.token("user:ben"), find = (who) => server.get(`/v1/customers?identifier=${who}`, { key });
    refused(await find("user:ana"), 403, "denied");
    alike(await find("user:ana"), await find("user:nobody"));
    refused(await server.get("/v1/customers", { key }), 403, "denied");
    refused(await server.get("/v1/customers?q=ana", { key }), 403, "denied");
  });
  const now = Date.now() / 1000, part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = {
    "that has expired": () => server.token("user:ana", { expires: now - 1 }),
    "that expires in a year": () => server.token("user:ana", { expires: now + 366 * 86400 }),
    "without an end": () => server.token("user:ana", { claims: { exp: undefined } }),
    "signed with another secret": () => server.token("user:ana", { secret: "x".repeat(43) }),
    "signed with an empty secret": () => server.token("user:ana", { secret: "" }),
    "that says alg none": () => server.token("user:ana", { alg: "none" }),
    "that says alg NONE, signed": () => server.token("user:ana", { alg: "NONE" }),
    "that says alg RS256, signed with the secret": () => server.token("user:ana", { alg: "RS256" }),
    "whose payload was altered": () => { const [head, , signature] = server.token("user:ben").split("."); return `${head}.${part({ sub: "user:ana", exp: Math.floor(now) + 600 })}.${signature}`; },
    "whose head was altered": () => { const [, claims, signature] = server.token("user:ana").split("."); return `${part({ alg: "HS256", typ: "JWT", kid: "../../signing-secret" })}.${claims}.${signature}`; },
    "whose signature is cut": () => server.token("user:ana").slice(0, -4),
    "without a signature": () => server.token("user:ana").replace(/[^.]+$/, ""),
    "with a fourth part": () => `${server.token("user:ana")}.x`,
    "for nobody": () => server.token(""),
    "whose subject is a list": () => server.token(["user:ana"]),
    "that is only dots": () => "..",
  };
  for (const [what, make] of Object.entries(forged))
    test(`${what} is nobody's`, async () => {
      const key = make();
      refused(await server.get("/v1/customers/me", { key }), 401, "unauthorized");
      refused(await server.get("/v1/customers/me", { key: null, headers: { Cookie: `attune_portal=${key}` } }), 401, "unauthorized");
      refused(await server.get(`/v1/customers/me?token=${encodeURIComponent(key)}`, { key: null }), 401, "unauthorized");
      refused(await server.post("/v1/decide", { surface: "machine-withdrawal" }, { key }), 401, "unauthorized");
      assert.equal((await server.get(`/me/enter?token=${encodeURIComponent(key)}`, { key: null })).status, 403);
      assert.equal((await server.get("/me", { key: null, headers: { Cookie: `attune_portal=${key}` } })).status, 403);
    });
  test("of its own customer goes on working beside all this", async () => assert.equal(ok(await server.get("/v1/customers/me", { key: server.token("user:ana") })).cid, ana));
});

describe("a write key", () => {
  test("reads nothing", async () => {
    const { paths } = ok(await server.get("/openapi.json", { key: null }));
    const closed = Object.entries(paths).flatMap(([path, operations]) => Object.entries(operations).filter(([, o]) => o.security && !o.security.some((s) => s.writeKey)).map(([method]) => [method.toUpperCase(), path]));
    assert.ok(closed.length > 50, `${closed.length} routes are closed to it`);
    for (const [method, path] of closed)
      refused(await server.request(method, path.replace("{cid}", ana).replace(/\{\w+\}/g, "x"), method === "GET" ? undefined : {}, { key: server.write }), 403, "denied");
  });
  test("consents for nobody, and does not decide for who is known", async () => {
    const consent = (cid) => server.post(`/v1/customers/${cid}/consents`, { purpose: "analytics", answer: "yes" }, { key: server.write });
    refused(await consent(ana), 403, "denied");
    alike(await consent(ana), await consent(NOBODY));
    const decide = (identifier) => server.post("/v1/decide", { customer: { identifier }, surface: "machine-withdrawal" }, { key: server.write });
    refused(await decide("user:ana"), 403, "denied");
    alike(await decide("user:ana"), await decide("user:nobody"));
    assert.equal((await server.card("user:ana")).consents.find((c) => c.purpose === "analytics").answer, null);
  });
  test("does not say yes for somebody by claiming their userId in an event", async () => {
    await server.post("/v1/track", track({ userId: "ana" }, "Consent Given", { purpose: "personalisation", answer: "yes" }), { key: server.write }).then(ok);
    assert.equal((await server.card("user:ana")).consents.find((c) => c.purpose === "personalisation").answer, null);
  });
});

describe("tricks with paths and headers", () => {
  /* Sent as they are: no client tidies them up first. */
  const raw = (line, headers = {}) => server.raw([`${line} HTTP/1.1\r\n${Object.entries({ Host: "x", Connection: "close", ...headers }).map(([n, v]) => `${n}: ${v}`).join("\r\n")}\r\n\r\n`], { wait: 3000 });
  const ways = ["/console/../v1/keys", "/me/../v1/keys", "/v1/m/../keys", "/./v1/keys", "/v1/./keys", "//v1/keys", "/v1//keys", "/v1/keys/", "/v1/keys//", "/v1/keys;x", "/v1%2fkeys", "/v1/%6beys", "/V1/KEYS", "/v1/keys%00", "/v1/keys%20", "/v1\\keys", "/%2e%2e/v1/keys", "/assets/../../keys", "/assets/..%2f..%2fkeys", "/console/%2e%2e/%2e%2e/etc/passwd", `/${"../".repeat(200)}etc/passwd`, `http://x/v1/keys`];
  for (const path of ways)
    test(`GET ${path.slice(0, 40)} gives nobody the keys`, async () => {
      const answer = await raw(`GET ${path}`);
      assert.ok([400, 401, 403, 404].includes(answer.status) || answer.text.includes('<div id="page">'), answer.text.slice(0, 300));
      assert.doesNotMatch(answer.text, /"secret":\d|root:|at_secret_/);
    });
  test("a customer's path cannot be bent to another's", async () => {
    const key = server.token("user:ben"), authorization = { Authorization: `Bearer ${key}` };
    for (const path of [`/v1/customers/me/../${ana}`, `/v1/customers/me%2f..%2f${ana}`, `/v1/customers/${ana}%00me`, `/v1/customers/${ana}/timeline/../timeline`, `/v1/customers/${ana}?cid=me`, `/v1/customers/${ana.toUpperCase()}`]) {
      const answer = await raw(`GET ${path}`, authorization);
      assert.ok([400, 403, 404].includes(answer.status), `${path}: ${answer.text.slice(0, 200)}`);
      assert.doesNotMatch(answer.text, /Ana/);
    }
  });
  test("very long paths, headers and cookies are refused, and the next request is served", async () => {
    for (const [line, headers] of [[`GET /v1/customers/${"a".repeat(60000)}`, {}], ["GET /v1/keys", { Authorization: `Bearer ${"k".repeat(60000)}` }], ["GET /v1/session", { Cookie: `attune_console=${"c".repeat(40000)}` }], ["GET /v1/session", { Cookie: `attune_console=${"c".repeat(20000)}` }]]) {
      const answer = await raw(line, headers);
      assert.ok((answer.status >= 400 && answer.status < 500) || answer.closed, answer.text.slice(0, 100));
    }
    assert.equal((await server.get("/healthz", { key: null })).status, 200);
  });
  test("no header changes the method, the path or who asks", async () => {
    const analyst = await member("overriding", "analyst");
    for (const headers of [{ "X-HTTP-Method-Override": "DELETE" }, { "X-Method-Override": "PUT" }, { "X-HTTP-Method": "DELETE" }, { "X-Original-URL": "/v1/keys" }, { "X-Rewrite-URL": "/v1/keys" }, { "X-Forwarded-Host": "evil.example" }, { "X-Forwarded-For": "127.0.0.1" }, { "X-Real-IP": "127.0.0.1" }, { "X-Attune": "admin" }, { "X-Staff": "admin" }, { Forwarded: "for=127.0.0.1;proto=https" }, { From: "admin" }]) {
      refused(await server.get("/v1/keys", { key: null, headers }), 401, "unauthorized");
      refused(await server.get("/v1/keys", by(analyst, headers)), 403, "outside_role");
      assert.equal((await server.get("/healthz", { key: null, headers })).text, "ok\n");
    }
  });
  test("a foreign Host changes nothing that is answered, and an address in it is written nowhere", async () => {
    for (const host of ["evil.example", "127.0.0.1:1", "x\"><script>", "localhost/@evil.example"]) {
      const answer = await raw("GET /console/sign-in", { Host: host });
      assert.ok(answer.status === 200 || answer.status === 400, answer.text.slice(0, 100));
      assert.doesNotMatch(answer.text, /evil|<script>/);
      const enter = await raw("GET /console/enter?key=wrong", { Host: host });
      if (enter.status === 303) assert.match(enter.text, /Location: \/console\/sign-in\r\n/);
    }
  });
  test("two keys of which one is wrong are no way in", async () => {
    const admin = await member("two-keys", "admin");
    refused(await server.get("/v1/keys", { key: "at_secret_00000000_" + "a".repeat(32), headers: { Cookie: admin } }), 401, "unauthorized");
    refused(await server.get("/v1/keys", { key: null, headers: { Authorization: "Basic !!!", Cookie: admin } }), 401, "unauthorized");
    refused(await server.get("/v1/keys", { key: null, headers: { Authorization: "Digest x", Cookie: admin } }), 401, "unauthorized");
  });
  test("a secret key opens nothing in a cookie or an address", async () => {
    for (const options of [{ key: null, headers: { Cookie: `attune_console=${server.secret}`, "X-Attune": "console" } }, { key: null, headers: { Cookie: `attune_portal=${server.secret}`, "X-Attune": "console" } }])
      refused(await server.get("/v1/keys", options), 401, "unauthorized");
    refused(await server.get(`/v1/keys?token=${server.secret}`, { key: null }), 401, "unauthorized");
    const enter = await server.get(`/console/enter?key=${server.secret}`, { key: null });
    assert.deepEqual([enter.status, enter.headers.location, enter.headers["set-cookie"]], [303, "/console/sign-in", undefined]);
  });
});

describe("a page of another site", () => {
  const foreign = [{ Origin: "https://evil.example" }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }, { "Sec-Fetch-Site": "same-site" }, { Origin: "http://127.0.0.1:1" }, { Origin: "http://127.0.0.1" }];
  let admin;
  before(async () => { admin = await member("crossed", "admin"); });
  test("changes nothing with the cookie of staff, even with our header", async () => {
    refused(await server.post("/v1/keys", { scope: "secret", source: "evil" }, { key: null, headers: { Cookie: admin } }), 403, "cross_site");
    for (const headers of foreign)
      for (const [method, path, body] of [["POST", "/v1/keys", { scope: "secret", source: "evil" }], ["PUT", "/v1/configuration/note/x", { says: "x" }], ["DELETE", "/v1/session"], ["POST", "/v1/session/password", { old: PASSWORD, new: `${PASSWORD}!` }], ["POST", "/v1/track", track({ userId: "ana" }, "Forged")], ["POST", `/v1/customers/${ana}/merge`, { with: ben }]])
        refused(await server.request(method, path, body, by(admin, headers)), 403, "cross_site");
    assert.equal(ok(await server.get("/v1/session", by(admin))).name, "crossed", "and is still signed in");
    assert.ok(!(await server.timeline(ana)).some((e) => e.name === "Forged"));
  });
  test("changes nothing with a customer's cookie", async () => {
    const cookie = `attune_portal=${server.token("user:ana")}`;
    for (const headers of foreign) {
      refused(await server.post("/v1/customers/me/preferences", { set: { language: "de" } }, by(cookie, headers)), 403, "cross_site");
      assert.equal((await form("/me/consent", { all: "no" }, { headers: { Cookie: cookie, ...headers } })).status, 403);
    }
    assert.equal((await server.card("user:ana")).preferences.length, 0);
  });
  test("signs nobody in: not even with the right password", async () => {
    for (const headers of foreign) {
      const answer = await form("/console/sign-in", { name: "crossed", password: PASSWORD }, { headers: { ...elsewhere().headers, ...headers } });
      assert.equal(answer.status, 403);
      assert.equal(answer.headers["set-cookie"], undefined);
    }
  });
  test("is not given the cookie by the browser, nor leave to read what it asks with one", async () => {
    const made = await signIn("crossed", PASSWORD, elsewhere()), cookie = made.headers["set-cookie"][0];
    for (const word of ["HttpOnly", "SameSite=Strict", "Path=/"]) assert.ok(cookie.split("; ").includes(word), cookie);
    assert.ok(!cookie.includes("Domain"), cookie);
    const answer = await server.get("/v1/overview", by(cookieOf(made), { Origin: "https://evil.example" }));
    assert.equal(answer.headers["access-control-allow-credentials"], undefined);
    const page = await server.get("/console/sign-in", { key: null });
    for (const rule of ["frame-ancestors 'none'", "form-action 'self'", "default-src 'none'"]) assert.ok(page.headers["content-security-policy"].includes(rule), rule);
  });
  test("the cookie is for TLS alone when the proxy says that it came so, and only then", async () => {
    const secure = async (headers) => (await signIn("crossed", PASSWORD, { headers: { ...elsewhere().headers, ...headers } })).headers["set-cookie"][0].includes("; Secure");
    assert.equal(await secure({ "X-Forwarded-Proto": "https" }), true);
    assert.equal(await secure({ "X-Forwarded-Proto": "http" }), false);
    assert.equal(await secure({}), false);
  });
});

describe("the door", () => {
  test("opens first for whoever has the invitation of attune init, once", async () => {
    const make = (more = {}) => form("/console/sign-in?invited", { token: server.setup, name: "first", password: PASSWORD, again: PASSWORD, ...more }, elsewhere());
    for (const [more, status] of [[{ token: `${server.setup.slice(0, -1)}_` }, 401], [{ token: "" }, 401], [{ password: "short", again: "short" }, 400], [{ again: "something else entirely" }, 400], [{ name: "" }, 400], [{ name: "a\nb" }, 400], [{ name: "<script>" }, 400], [{ password: "p".repeat(201), again: "p".repeat(201) }, 400]]) {
      const answer = await make(more);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers["set-cookie"], undefined);
      assert.doesNotMatch(answer.text, /<script>/);
      assert.doesNotMatch(answer.text, new RegExp(`${PASSWORD}|${server.setup}`), "nothing secret is written back");
    }
    const made = await make();
    assert.deepEqual([made.status, made.headers.location], [303, "/console"]);
    const who = ok(await server.get("/v1/session", by(cookieOf(made))));
    assert.deepEqual([who.name, who.roles], ["first", "admin"]);
    assert.equal((await make({ name: "second" })).status, 401, "the invitation was used");
  });
  test("keeps no password and no token in its files", () => {
    const path = join(server.folder, "staff"), text = readFileSync(path, "utf8");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    for (const secret of [PASSWORD, server.setup, server.setup.slice(10)]) assert.ok(!text.includes(secret));
    assert.match(text, /^account first admin \d+ \d+ open \$argon2id\$v=19\$m=65536,t=2,p=1\$/m);
  });
  test("says the same of a wrong password, an unknown name, a disabled account and a name that is none", async () => {
    await member("known", "analyst"); await member("left", "analyst");
    assert.equal(attune("staff", "disable", "left", "--data", server.folder).code, 0);
    const wrong = await signIn("known", "another phrase altogether", elsewhere());
    assert.equal(wrong.status, 401);
    const same = (answer, name) => { const other = seen(answer); other.text = other.text.replace(`value="${name}"`, 'value="known"'); other.headers["content-length"] = seen(wrong).headers["content-length"]; assert.deepEqual(other, seen(wrong), name); };
    same(await signIn("nobody", "another phrase altogether", elsewhere()), "nobody");
    same(await signIn("left", PASSWORD, elsewhere()), "left");
    same(await signIn("no name", PASSWORD, elsewhere()), "no name");
    same(await signIn("known", "", elsewhere()), "known");
    same(await signIn("known", "p".repeat(5000), elsewhere()), "known");
  });
  test("closes for a while after the fifth wrong password, whether or not there is such an account, and opens again", async () => {
    await member("guessed", "analyst");
    for (const name of ["guessed", "not-there"]) {
      for (let i = 0; i < 5; i++) assert.equal((await signIn(name, `wrong wrong wrong ${i}`, elsewhere())).status, 401);
      const shut = await signIn(name, PASSWORD, elsewhere());
      assert.equal(shut.status, 429, "even for the right one");
      assert.equal(shut.headers["retry-after"], "1");
      assert.equal(shut.headers["set-cookie"], undefined);
    }
    await sleep(1100);
    assert.equal((await signIn("guessed", PASSWORD, elsewhere())).status, 303);
    assert.equal((await signIn("not-there", PASSWORD, elsewhere())).status, 401);
  });
  test("closes for an address that tries many names, and for no other", async () => {
    await member("bystander", "analyst");
    const one = elsewhere();
    for (let i = 0; i < 5; i++) assert.equal((await signIn(`name-${i}`, PASSWORD, one)).status, 401);
    assert.equal((await signIn("bystander", PASSWORD, one)).status, 429);
    assert.equal((await signIn("bystander", PASSWORD, { headers: { "X-Forwarded-For": `203.0.113.9, ${one.headers["X-Forwarded-For"].split(", ")[1]}` } })).status, 429, "what it says before the proxy's word counts nothing");
    assert.equal((await signIn("bystander", PASSWORD, elsewhere())).status, 303);
  });
  test("hashes few passwords at a time, however many come, and serves others meanwhile", async () => {
    const many = Array.from({ length: 40 }, (_, i) => signIn(`crowd-${i}`, PASSWORD, elsewhere()));
    for (let i = 0; i < 20; i++) assert.equal((await server.get("/healthz", { key: null })).status, 200);
    for (const answer of await Promise.all(many)) assert.ok([401, 429].includes(answer.status), `${answer.status}`);
    const kib = Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]);
    assert.ok(kib < 1024 * 1024, `${kib} KiB at most`);
  });
});

describe("a session", () => {
  test("is never one that came along: its id is made by the server, and the old one ends", async () => {
    await member("fixed", "analyst");
    const chosen = `attune_console=${"A".repeat(43)}`;
    const made = await signIn("fixed", PASSWORD, { headers: { ...elsewhere().headers, Cookie: chosen } });
    assert.notEqual(cookieOf(made), chosen);
    refused(await server.get("/v1/session", by(chosen)), 401, "unauthorized");
    const next = await signIn("fixed", PASSWORD, { headers: { ...elsewhere().headers, Cookie: cookieOf(made) } });
    refused(await server.get("/v1/session", by(cookieOf(made))), 401, "unauthorized");
    ok(await server.get("/v1/session", by(cookieOf(next))));
  });
  test("really ends with signing out", async () => {
    const cookie = await member("leaving", "admin");
    ok(await server.get("/v1/overview", by(cookie)));
    const out = await server.delete("/v1/session", by(cookie));
    assert.match(out.headers["set-cookie"][0], /^attune_console=; .*Max-Age=0/);
    for (const path of ["/v1/session", "/v1/overview", "/v1/stream"]) refused(await server.get(path, by(cookie)), 401, "unauthorized");
  });
  test("takes its open line along when it ends", async () => {
    const cookie = await member("listening", "service");
    const line = server.raw([`GET /v1/stream HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`], { wait: 2000 });
    await until(async () => Number((await server.get("/metrics", { key: null })).text.match(/^attune_streams (\d+)/m)[1]) > 0, "the line is open");
    ok(await server.delete("/v1/session", by(cookie)));
    await server.send([track({ userId: "ana" }, "After The End")]);
    const { text } = await line;
    assert.ok(text.endsWith("0\r\n\r\n"), "the line is ended by the server");
    assert.match(text, /event: hello/);
    assert.doesNotMatch(text, /event: changed/);
  });
  test("ends everywhere else with another password, which needs the old one", async () => {
    const here = await member("changing", "analyst"), there = cookieOf(await signIn("changing", PASSWORD, elsewhere()));
    const change = (old, next, more) => server.post("/v1/session/password", { old, new: next }, by(here, { ...elsewhere().headers, ...more }));
    refused(await change("not the old one", "a phrase that is new"), 403, "wrong_password");
    refused(await change(PASSWORD, "short"), 400, "invalid_password");
    refused(await change(PASSWORD, 12345678901234), 400, "wrong_type");
    const done = await change(PASSWORD, "a phrase that is new");
    ok(done);
    for (const cookie of [here, there]) refused(await server.get("/v1/session", by(cookie)), 401, "unauthorized");
    ok(await server.get("/v1/session", by(cookieOf(done))));
    assert.equal((await signIn("changing", PASSWORD, elsewhere())).status, 401);
    assert.equal((await signIn("changing", "a phrase that is new", elsewhere())).status, 303);
  });
  test("ends at once when its account is disabled, or invited anew and taken up", async () => {
    const cookie = await member("dismissed", "admin");
    ok(await server.get("/v1/keys", by(cookie)));
    assert.equal(attune("staff", "disable", "dismissed", "--data", server.folder).code, 0);
    refused(await server.get("/v1/keys", by(cookie)), 401, "unauthorized");
    assert.equal((await signIn("dismissed", PASSWORD, elsewhere())).status, 401);
    const back = await member("dismissed", "analyst");
    refused(await server.get("/v1/keys", by(cookie)), 401, "unauthorized");
    assert.equal(ok(await server.get("/v1/session", by(back))).roles, "analyst");
  });
  test("does not outlive the server", async () => {
    const cookie = await member("restarted", "analyst");
    await server.restart();
    refused(await server.get("/v1/session", by(cookie)), 401, "unauthorized");
    assert.equal((await signIn("restarted", PASSWORD, elsewhere())).status, 303);
  });
});

describe("staff", () => {
  /* What each role is for, written down once more: not read from the program. */
  const single = ["GET /v1/customers", "GET /v1/customers/{cid}", "GET /v1/customers/{cid}/participation", "GET /v1/customers/{cid}/timeline", "GET /v1/customers/{cid}/value"];
  const figures = ["overview", "scorecard", "quadrant", "participation", "journeys", "broken", "roadmap", "inventory", "layers", "layers/ripple", "layers/{node}/trace", "layers/{node}/walk", "voice", "preference", "worth", "worth/stars", "segments", "categories"].map((p) => `GET /v1/${p}`);
  const opened = ["scorecard/{item}", "journeys/customers", "broken/{spot}", "voice/customers", "voice/words", "worth/customers", "segments/{name}", "customers/{cid}/relationship", "ideas"].map((p) => `GET /v1/${p}`);
  const rights = [...single, ...["decisions", "decisions/{decision}", "identity", "consents"].map((p) => `GET /v1/customers/{cid}/${p}`), "POST /v1/customers/{cid}/consents", "POST /v1/customers/{cid}/undo", "POST /v1/customers/{cid}/correct", "POST /v1/requests"];
  const own = ["GET /v1/session", "DELETE /v1/session", "POST /v1/session/password"], documents = ["PUT /v1/configuration/{kind}/{name}", "DELETE /v1/configuration/{kind}/{name}"];
  const theirs = {
    service: [...own, ...rights, ...documents, "GET /v1/customers/{cid}/known", "GET /v1/customers/{cid}/products", "GET /v1/customers/{cid}/relationship", "GET /v1/ideas", "GET /v1/stream", "POST /v1/decide", "POST /v1/response", "POST /v1/preview", "POST /v1/customers/{cid}/preferences", "POST /v1/customers/{cid}/ideas", "POST /v1/customers/{cid}/ideas/{idea}"],
    manager: [...own, ...figures, ...opened, ...single, ...documents, "GET /v1/damage"],
    privacy: [...own, ...rights, "GET /v1/damage", "GET /v1/customers/{cid}/export", "DELETE /v1/customers/{cid}", "GET /v1/erasures", "GET /v1/erasures/{id}", "POST /v1/customers/{cid}/restrict", "GET /v1/consents", "GET /v1/trust", "GET /v1/decisions/verify", "GET /v1/retention", "POST /v1/retention", "GET /v1/requests", "POST /v1/requests/{id}", "GET /v1/audit", "GET /v1/audit/verify", "GET /v1/customers/{cid}/digest"],
    analyst: [...own, ...figures],
  };
  let cookies, all;
  before(async () => {
    cookies = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await member(`the-${role}`, role)])));
    const { paths } = ok(await server.get("/openapi.json", { key: null }));
    all = Object.entries(paths).flatMap(([path, operations]) => Object.entries(operations).filter(([, o]) => o.security).map(([method]) => `${method.toUpperCase()} ${path}`));
  });
  /* Not carried out: signing out, erasing, and an open line. */
  const call = (route, role, cid = ana) => { const [method, path] = route.split(" "); return server.request(method, path.replace("{cid}", cid).replace(/\{\w+\}/g, "x"), method === "GET" ? undefined : {}, by(cookies[role])); };
  for (const role of ROLES)
    test(`as ${role} get what their role is for, and nothing outside it`, async () => {
      assert.ok(theirs[role].every((route) => all.includes(route)), theirs[role].filter((route) => !all.includes(route)).join(", "));
      assert.deepEqual(ok(await server.get("/v1/session", by(cookies[role]))).may.toSorted(), theirs[role].toSorted());
      for (const route of all) {
        if (["DELETE /v1/session", "DELETE /v1/customers/{cid}", "GET /v1/stream"].includes(route) && theirs[role].includes(route)) continue;
        const answer = await call(route, role);
        if (!theirs[role].includes(route)) refused(answer, 403, "outside_role");
        else if (![...single, ...documents, "GET /v1/customers/{cid}/relationship"].includes(route)) assert.notEqual(answer.body?.code, "outside_role", `${route}: ${answer.text}`);
        else assert.notEqual(answer.status, 401, route);
      }
    });
  test("outside their role do not learn whether a customer exists", async () => {
    for (const role of ROLES)
      for (const route of all.filter((r) => r.includes("{cid}") && !theirs[role].includes(r)))
        alike(await call(route, role, ana), await call(route, role, NOBODY), `${role}: ${route}`);
  });
  test("who look at figures open customers alone who agreed to it, and cannot tell the others from nobody", async () => {
    for (const path of ["", "/timeline", "/value", "/relationship"]) {
      const open = (cid) => server.get(`/v1/customers/${cid}${path}`, by(cookies.manager));
      refused(await open(ana), 403, "outside_role");
      alike(await open(ana), await open(NOBODY), path);
      const allowed = await open(agreed);
      assert.ok(allowed.status === 200 || allowed.body.code === "no_prices", allowed.text);
    }
    const find = (who) => server.get(`/v1/customers?${who}`, by(cookies.manager));
    refused(await find("identifier=user:ana"), 403, "outside_role");
    alike(await find("identifier=user:ana"), await find("identifier=user:nobody"));
    alike(await find("q=ana@example.org"), await find("q=xyz@example.org"), "a search is not even counted");
    assert.deepEqual(ok(await find("q=eve")).customers.map((c) => c.cid), [agreed]);
    const list = ok(await find(""));
    assert.deepEqual([list.customers.map((c) => c.cid), list.withheld], [[agreed], list.total - 1]);
    assert.ok(list.total >= 3, "the others are counted");
  });
  test("who look at figures alone read of no single customer in any of them", async () => {
    const crowd = Array.from({ length: 60 }, (_, i) => `quince-${i}-person`);
    await server.send(crowd.flatMap((userId) => [identify({ userId }, { name: `Zebedee ${userId}`, email: `${userId}@example.org` }), track({ userId }, "Bill Paid", { amount: 20 }, { context: { channel: "app" } }), track({ userId }, "Cash Withdrawn", { amount: 50 }, { context: { channel: "machine" } })]));
    const cids = await Promise.all(crowd.map(async (userId) => (await server.card(`user:${userId}`)).cid));
    for (const cid of cids.slice(0, 30)) ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "analytics", answer: "yes", channel: "branch" }));
    let read = 0;
    for (const route of figures.filter((r) => !r.includes("{"))) {
      const answer = await server.get(route.slice(4), by(cookies.analyst));
      if (answer.status === 200) read++;
      for (const name of [...crowd, ...cids, "Zebedee", ana, ben, agreed]) assert.ok(!answer.text.includes(name), `${route} names ${name}`);
    }
    assert.ok(read >= 10, `${read} figures were read`);
    assert.ok(ok(await server.get("/v1/overview", by(cookies.analyst))).customers >= 60, "and they are figures of everybody");
    const opened = ok(await server.get("/v1/customers?channel=app", by(cookies.manager)));
    assert.deepEqual([opened.customers.length, opened.withheld], [30, opened.total - 30], "while a manager sees who agreed");
  });
  test("who serve find a customer, and list nobody", async () => {
    for (const role of ["service", "privacy"]) {
      assert.deepEqual(ok(await server.get("/v1/customers?q=ana%20varga", by(cookies[role]))).customers.map((c) => c.cid), [ana]);
      assert.equal(ok(await server.get("/v1/customers?identifier=user:ana", by(cookies[role]))).cid, ana);
      for (const query of ["", "?q=", "?q=a", "?channel=app", "?who=identified", "?who=agreed&q=ana"]) refused(await server.get(`/v1/customers${query}`, by(cookies[role])), 403, "outside_role");
    }
  });
  test("answer for a customer with evidence alone", async () => {
    for (const role of ["service", "privacy"]) {
      const say = (more) => server.post(`/v1/customers/${ben}/consents`, { purpose: "personalisation", answer: "yes", channel: "phone", ...more }, by(cookies[role]));
      refused(await say({}), 422, "no_evidence");
      refused(await say({ evidence: "  " }), 422, "no_evidence");
      ok(await say({ evidence: `call 4711, ${role}` }));
    }
  });
  test("write down what is theirs to write, and no other document", async () => {
    const put = (role, kind, body = { about: "x", says: "It is slow." }) => server.put(`/v1/configuration/${kind}/attack`, body, by(cookies[role]));
    for (const [role, kinds] of [["service", ["idea", "move", "purpose", "surface", "price-list"]], ["manager", ["purpose", "surface", "price-list"]]])
      for (const kind of kinds) { refused(await put(role, kind), 403, "outside_role"); refused(await server.delete(`/v1/configuration/${kind}/attack`, by(cookies[role])), 403, "outside_role"); }
    for (const role of ["service", "manager"]) assert.notEqual((await put(role, "note")).status, 403);
  });
  test("are named in what they change", async () => {
    ok(await server.put("/v1/configuration/note/slow", { about: "machine-hall", says: "The lights flicker.", by: "Mara" }, by(cookies.service)));
    const folder = join(server.folder, "configuration"), log = Buffer.concat(readdirSync(folder).filter((f) => f.endsWith(".segment")).map((f) => readFileSync(join(folder, f))));
    assert.ok(log.includes("the-service"), "the version of the configuration says who made it");
  });
});

describe("too much at once", () => {
  let small;
  before(async () => { small = await Server.start({ settings: { "customer-requests-a-minute": 20, "address-requests-a-minute": 60, "sign-ins-a-minute": 3 } }); });
  after(() => small.end());
  test("of one customer is slowed, and of nobody else", async () => {
    await small.send([identify({ userId: "ana" }, {}), identify({ userId: "ben" }, {})]);
    const ask = (who, more = {}) => small.get("/v1/customers/me", { key: small.token(`user:${who}`), ...more });
    for (let i = 0; i < 20; i++) ok(await ask("ana"));
    const slowed = await ask("ana");
    refused(slowed, 429, "too_many_requests");
    assert.ok(Number(slowed.headers["retry-after"]) >= 1);
    assert.equal((await small.get("/me", { key: null, headers: { Cookie: `attune_portal=${small.token("user:ana")}` } })).status, 429, "on her page too");
    ok(await ask("ben"));
    ok(await small.get("/v1/customers?identifier=user:ana"));
    await sleep(1000 * Number(slowed.headers["retry-after"]) + 2100);
    ok(await ask("ana"));
  });
  test("from one address is slowed, whoever it claims to be, and from no other", async () => {
    const ask = (i, address) => small.get("/v1/customers/me", { key: small.token(`user:crowd-${i}`), headers: { "X-Forwarded-For": address } });
    for (let i = 0; i < 60; i++) assert.equal((await ask(i, "198.51.100.7")).status, 404);
    refused(await ask(61, "198.51.100.7"), 429, "too_many_requests");
    assert.equal((await ask(62, "198.51.100.8")).status, 404);
  });
  test("of tries to sign in is refused before a password is hashed", async () => {
    const at = { at: small, headers: { "X-Forwarded-For": "198.51.100.9" } };
    for (let i = 0; i < 3; i++) assert.equal((await signIn(`name-${i}`, PASSWORD, at)).status, 401);
    const slowed = await signIn("name-4", PASSWORD, at);
    assert.equal(slowed.status, 429);
    assert.ok(Number(slowed.headers["retry-after"]) > 1);
  });
  test("is not believed of a proxy that is none", async () => {
    const direct = await Server.start({ settings: { proxy: "192.0.2.200", "sign-ins-a-minute": 2 } });
    const at = (i) => ({ at: direct, headers: { "X-Forwarded-For": `198.51.100.${i}`, "X-Forwarded-Proto": "https" } });
    for (let i = 0; i < 2; i++) assert.equal((await signIn("name", PASSWORD, at(i))).status, 401);
    assert.equal((await signIn("name", PASSWORD, at(9))).status, 429);
    await direct.end();
  });
});
