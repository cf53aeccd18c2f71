/* keys.test.mjs: keys have names, are listed, limited to routes, and revoked; over the interface and by the program, beside a server and without. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { attune, identify, ok, refused, Server, track, uuid } from "./server.mjs";

let server;
before(async () => { server = await Server.start(); });
after(() => server.end());

const list = async (options) => ok(await server.get("/v1/keys", options)).keys;
const make = async (what) => ok(await server.post("/v1/keys", { scope: "secret", source: "crm", ...what }));
const revoke = (id, options) => server.delete(`/v1/keys/${id}`, options);

test("keys are listed with what they are for and when they were used last, to the day", async () => {
  const made = await make({ scope: "write", source: "app", name: "The app, since spring", routes: ["collect"], events_a_minute: 600, bytes_a_minute: 1000000 });
  const find = async () => (await list()).find(({ id }) => id === made.id);
  const { created, ...rest } = await find();
  assert.ok(Math.abs(Date.parse(created) - Date.now()) < 600000);
  assert.deepEqual(rest, { id: made.id, name: "The app, since spring", scope: "write", source: "app", routes: ["collect"], last_used: null, events_a_minute: 600, bytes_a_minute: 1000000, revoked: null });
  assert.ok(made.key.includes(`_${made.id}_`));
  await server.send([track({ anonymousId: uuid() }, "Seen")], { key: made.key });
  assert.equal((await find()).last_used, new Date().toISOString().slice(0, 10));
  await server.restart();
  assert.equal((await find()).last_used, new Date().toISOString().slice(0, 10), "also after a restart");
  assert.equal((await make({ name: undefined })).note, "This is shown once.");
  for (const [what, code] of [[{ name: "x".repeat(81) }, "invalid_source"], [{ name: "a\nb" }, "invalid_source"], [{ routes: ["everything"] }, "invalid_routes"], [{ routes: ["/v1/nothing"] }, "invalid_routes"], [{ routes: "collect" }, "invalid_routes"], [{ routes: [7] }, "invalid_routes"], [{ routes: ["a,b"] }, "invalid_routes"], [{ events_a_minute: 0 }, "invalid_number"], [{ bytes_a_minute: "many" }, "invalid_number"]])
    refused(await server.post("/v1/keys", { scope: "write", source: "app", ...what }), 400, code);
});

describe("a key that is limited to routes", () => {
  const cases = [
    ["collect", "secret", ["collect"], ["POST /v1/track", "POST /v1/batch", "POST /v1/import"], ["GET /v1/customers", "POST /v1/decide", "GET /v1/overview", "GET /v1/keys"]],
    ["decide", "secret", ["decide"], ["POST /v1/decide"], ["POST /v1/track", "POST /v1/batch", "GET /v1/customers"]],
    ["one path", "secret", ["/v1/ideas"], ["GET /v1/ideas"], ["POST /v1/customers/x/ideas", "GET /v1/overview", "POST /v1/track"]],
    ["reading", "secret", ["read"], ["GET /v1/customers", "GET /v1/overview"], ["POST /v1/track", "DELETE /v1/customers/x", "POST /v1/configuration"]],
    ["two things", "secret", ["/v1/segments", "collect"], ["GET /v1/segments", "POST /v1/track"], ["GET /v1/worth", "POST /v1/decide"]],
    ["a part of a path", "secret", ["/v1/customers"], ["GET /v1/customers", "GET /v1/customers/x/identity"], ["GET /v1/consents"]],
    ["collecting in public", "write", ["/v1/page"], ["POST /v1/page"], ["POST /v1/track", "POST /v1/batch", "POST /v1/decide"]],
  ];
  for (const [what, scope, routes, inside, outside] of cases)
    test(`(${what}) opens those and no other`, async () => {
      const { key } = await make({ scope, routes });
      const call = (route) => { const [method, path] = route.split(" "); return server.request(method, path, method === "GET" ? undefined : {}, { key }); };
      for (const route of inside) assert.ok(!["outside_key", "denied", "unauthorized"].includes((await call(route)).body?.code), route);
      for (const route of outside) refused(await call(route), 403, "outside_key");
      if (scope === "write") refused(await server.post("/v1/track", { ...track({ anonymousId: "x" }, "E"), writeKey: key }, { key: null }), 403, "outside_key");
    });

  test("administers no keys, whatever it opens", async () => {
    const { key } = await make({ routes: ["/v1/keys", "read"] });
    refused(await server.get("/v1/keys", { key }), 403, "outside_key");
    refused(await server.post("/v1/keys", { scope: "secret", source: "evil" }, { key }), 403, "outside_key");
    refused(await revoke("00000000", { key }), 403, "outside_key");
  });

  test("undoes only what its routes do", async () => {
    await server.send([identify({ userId: "una" }, { name: "Una" }), identify({ userId: "una-2" }, { name: "Una" })]);
    const a = (await server.card("user:una")).cid, b = (await server.card("user:una-2")).cid;
    const { key } = await make({ routes: ["/v1/customers/{cid}/undo"] }), merged = ok(await server.post(`/v1/customers/${a}/merge`, { with: b }));
    refused(await server.post(`/v1/customers/${a}/undo`, { undo: merged.undo }, { key }), 403, "denied");
  });
});

describe("a revoked key", () => {
  test("opens nothing from then on, stays in the list, and is named in the audit log", async () => {
    const { key, id } = await make({ name: "leaked" });
    ok(await server.get("/v1/overview", { key }));
    ok(await revoke(id));
    refused(await server.get("/v1/overview", { key }), 401, "unauthorized");
    refused(await server.post("/v1/batch", { batch: [] }, { key }), 401, "unauthorized");
    ok(await revoke(id));
    const [one] = (await list()).filter((other) => other.id === id);
    assert.ok(Math.abs(Date.parse(one.revoked) - Date.now()) < 600000);
    assert.ok(ok(await server.get("/v1/audit?what=keys&n=10")).entries.some(({ words }) => words === `revoked the key ${id}`));
    await server.restart();
    refused(await server.get("/v1/overview", { key }), 401, "unauthorized");
    refused(await revoke("ffffffff"), 404, "no_key");
  });

  test("may not be the last that administers, unless an admin has an account", async () => {
    const own = await Server.start({ files: [] });
    try {
      const keys = async () => ok(await own.get("/v1/keys")).keys, id = (await keys()).find(({ scope }) => scope === "secret").id;
      ok(await own.post("/v1/keys", { scope: "secret", source: "limited", routes: ["read"] }));
      refused(await own.delete(`/v1/keys/${id}`), 409, "last_key");
      const spare = ok(await own.post("/v1/keys", { scope: "secret", source: "spare" }));
      ok(await own.delete(`/v1/keys/${id}`));
      refused(await own.get("/v1/keys"), 401, "unauthorized");
      refused(await own.delete(`/v1/keys/${spare.id}`, { key: spare.key }), 409, "last_key");
      const invited = JSON.parse(attune("staff", "invite", "ada", "--role", "admin", "--data", own.folder, "--json").out).token;
      refused(await own.delete(`/v1/keys/${spare.id}`, { key: spare.key }), 409, "last_key");
      const made = await own.post("/console/sign-in?invited", new URLSearchParams({ token: invited, name: "ada", password: "three words and one more", again: "three words and one more" }).toString(),
        { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: own.url, "Sec-Fetch-Site": "same-origin" } });
      assert.equal(made.status, 303, made.text);
      ok(await own.delete(`/v1/keys/${spare.id}`, { key: spare.key }));
    } finally { await own.end(); }
  });
});

describe("attune key", () => {
  const lines = (run) => { assert.equal(run.code, 0, run.err); return run.out.trim().split("\n"); };
  const exercise = async (...by) => {
    const run = (...args) => attune("key", ...args, ...by);
    const added = JSON.parse(run("add", server.folder, "--scope", "secret", "--source", "shop", "--name", "The shop", "--routes", "collect,/v1/customers", "--json").out);
    assert.match(added.key, /^at_secret_[0-9a-f]{8}_[a-z2-9]{32}$/);
    assert.ok(lines(run("list", server.folder)).some((line) => line.startsWith(`${added.id}  secret  shop`) && line.endsWith("The shop")));
    assert.match(run("revoke", server.folder, added.id).out, /opens nothing any more/);
    assert.ok(lines(run("list", server.folder)).some((line) => line.startsWith(added.id) && line.endsWith("The shop (revoked)")));
    assert.deepEqual(JSON.parse(run("list", server.folder, "--json").out).keys.find(({ id }) => id === added.id).routes, ["collect", "/v1/customers"]);
    const missing = run("revoke", server.folder, "ffffffff");
    assert.deepEqual([missing.code, /no key with this id/.test(missing.err)], [1, true], missing.err);
    assert.equal(run("add", server.folder, "--source", "a b").code, 1);
    return added;
  };

  test("asks a server that runs on the folder", async () => {
    const added = await exercise("--server", server.url, "--key", server.secret);
    refused(await server.get("/v1/overview", { key: added.key }), 401, "unauthorized");
    const without = attune("key", "list", server.folder);
    assert.deepEqual([without.code, /secret key/.test(without.err)], [1, true]);
  });

  test("writes the folder itself when none does", async () => {
    await server.stop();
    try {
      await exercise();
      const { key } = JSON.parse(attune("key", "add", server.folder, "--scope", "secret", "--source", "night", "--json").out);
      await server.up();
      ok(await server.get("/v1/overview", { key }));
    } finally { if (!server.child) await server.up(); }
  });

  for (const args of [[], ["list"], ["add", "x"], ["revoke", "x"], ["sell", "x"], ["add", "x", "--source", "y", "--scope", "admin"]])
    test(`explains itself: ${args.join(" ")}`, () => assert.equal(attune("key", ...args).code, 2));
  test("says when there is no data folder", () => assert.match(attune("key", "list", "/tmp").err, /no data folder/));
});
