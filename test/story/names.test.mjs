/* Names of events get numbers, of which there are so many: whoever has the public key cannot use up those of the company, and nothing is refused for it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { copyOf, lines, schemaErrors } from "./copy.mjs";
import { attune, configurationOf, ok, root, Server, track, uuid } from "./server.mjs";

const metric = async (server, name) => Number((await server.get("/metrics")).text.match(new RegExp(`^attune_${name} (\\S+)`, "m"))[1]);
const page = (anonymousId, path, more = {}) => ({ type: "page", messageId: uuid(), anonymousId, properties: { path }, ...more });

describe("names from a public key", () => {
  let server, open;
  const sendPublic = async (events) => ok(await server.post("/v1/batch", { writeKey: server.write, batch: events }, { key: null }));
  before(async () => { server = await Server.start({ settings: { "names-from-public-max": 50 } }); });
  after(() => server.end());

  test("are used up by nothing that is not stored", async () => {
    const before = await metric(server, "names");
    const old = page("v1", "/new/0", { timestamp: "not a time" }), twice = page("v1", "/new/1"), empty = { ...page("", "/new/2"), anonymousId: "" };
    const answer = await sendPublic([old, twice, { ...twice, properties: { path: "/new/3" } }, empty, page("v1", "/new/4", { context: "x" })]);
    assert.deepEqual([answer.accepted, answer.refused, answer.duplicates], [1, 3, 1]);
    const names = await metric(server, "names");
    assert.ok(names - before <= 3, `${names - before}: "Page" of one, its place, and "other"`);
    assert.ok(await metric(server, "names_public") >= 1);
  });

  test("go by \"other\" beyond the bound, are counted, told to the sender, and readable where they happened", async () => {
    for (let i = 0; i < 4; i++) await sendPublic(Array.from({ length: 50 }, (_, j) => page("v1", `/order/${i * 50 + j}`)));
    assert.equal(await metric(server, "names_public"), 50);
    assert.ok(await metric(server, "names_folded_total") > 100);
    const answer = await sendPublic([page("v1", "/beyond")]);
    assert.deepEqual(answer.warnings.map(({ code, what }) => [code, what]), [["name_folded", "/beyond"]]);
    open = await server.card("anonymous:v1");
    const events = await server.timeline(open.cid), pages = events.filter((e) => e.kind === "page");
    assert.equal(pages.length, 202, "none was refused");
    assert.deepEqual([pages[0].name, pages[0].own_name, pages[0].properties.path], ["other", "/beyond", "/beyond"]);
    assert.ok(pages.some((e) => e.name === "/order/0" && e.own_name === undefined));
    assert.deepEqual(new Set(pages.map((e) => e.own_name ?? e.name)).size, 202);
  });

  test("are in a copy, whole", async () => {
    const { files } = await copyOf(server, open.cid), records = lines(files.get("events.ndjson"));
    assert.deepEqual(schemaErrors(files), []);
    assert.equal(records.find((r) => r.own_name === "/beyond").content.name, "/beyond");
  });

  test("leave room for the company: its secret keys, and what its configuration speaks of, whoever sends it", async () => {
    const answer = await server.send([track({ userId: "ana" }, "Never Heard Of"), track({ userId: "ana" }, "Statement Opened")]);
    assert.equal(answer.warnings, undefined);
    ok(await server.post("/v1/configuration", { files: [...configurationOf(join(root, "demo/harbour")), { name: "claims.yaml", text: "kind: matter\nname: claim\ntitle: A claim\nopens: {event: Damage Reported, id: claim}\ncloses: {event: Claim Settled, id: claim}\n" }] }));
    assert.equal((await sendPublic([track({ anonymousId: "v1" }, "Damage Reported"), track({ anonymousId: "v1" }, "Something Else")])).warnings.length, 1);
    const newest = (await server.timeline(open.cid)).slice(0, 2);
    assert.deepEqual(newest.map((e) => [e.name, e.own_name]), [["other", "Something Else"], ["Damage Reported", undefined]]);
    const consent = await sendPublic([track({ anonymousId: "v9" }, "Consent Withdrawn", { purpose: "analytics" })]);
    assert.equal(consent.warnings, undefined);
  });

  test("are known as such after a restart, from the log as from the snapshot", async () => {
    for (const end of ["kill", "stop"]) {
      await server[end]();
      await server.up();
      assert.equal(await metric(server, "names_public"), 50, end);
      assert.equal((await sendPublic([page("v2", `/after-${end}`)])).warnings.length, 1);
      assert.equal((await server.send([track({ userId: "ana" }, `After ${end}`)])).warnings, undefined);
    }
  });

  test("of an event as large as may be are refused when there is no room beside it, and said to be", async () => {
    const take = async (name, bytes) => sendPublic([track({ anonymousId: "v3" }, name, { p: "x".repeat(bytes) })]);
    let most = 30000, beyond = 33000;
    while (beyond - most > 1) {
      const bytes = (most + beyond) >> 1;
      if ((await take("Damage Reported", bytes)).refused) beyond = bytes;
      else most = bytes;
    }
    assert.ok(most > 32 * 1024 - 200, `${most}`);
    const name = "n".repeat(100), answer = await take(name, most);
    assert.deepEqual([answer.refused, answer.rejected[0].code], [1, "event_too_large"]);
    assert.equal((await take(name, most - 130)).warnings.length, 1);
    assert.equal((await server.timeline((await server.card("anonymous:v3")).cid))[0].own_name, name);
  });

  test("are given back by a start once those who brought them are erased, and everybody else's stay as they are", async () => {
    const others = async () => ["user:ana", "anonymous:v2"].reduce(async (all, who) => [...await all, ...(await server.timeline((await server.card(who)).cid)).map((e) => [e.kind, e.name, e.own_name, e.source])], []);
    const before = await others();
    ok(await server.delete(`/v1/customers/${open.cid}`));
    await server.stop();
    await server.up();
    const left = await metric(server, "names_public");
    assert.ok(left < 10, `${left}`);
    assert.deepEqual(await others(), before);
    assert.equal((await sendPublic([page("v4", "/new/again"), page("v4", "/order/1")])).warnings, undefined);
    assert.equal(await metric(server, "names_public"), left + 2);
    await server.kill();
    await server.up();
    assert.deepEqual(await others(), before);
    assert.deepEqual((await server.timeline((await server.card("anonymous:v4")).cid)).filter((e) => e.kind === "page").map((e) => e.name).sort(), ["/new/again", "/order/1"]);
    await server.stop();
    const verified = attune("verify", server.folder);
    assert.equal(verified.code, 0, verified.out + verified.err);
    await server.up();
  });
});
