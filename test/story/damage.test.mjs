/* Files of a data folder that are lost or damaged: each is made again from the log, or refused by name, or costs what it says and nothing else. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, configurationOf, identify, ok, refused, root, Server, track, until } from "./server.mjs";

const settings = { "log-segment-mb": 1, "snapshot-every-s": 3600 };
const names = Array.from({ length: 12 }, (_, i) => `u-${i}`);

/* What customers are told: it must be the same after everything that is rebuilt. */
const answers = async (server) => {
  const all = {};
  for (const name of names) {
    const answer = await server.get(`/v1/customers?identifier=user:${name}`);
    all[name] = answer.status === 200 ? { name: answer.body.name, cid: answer.body.cid, events: (await server.timeline(answer.body.cid)).length } : answer.status;
  }
  return all;
};
const flip = (path, at) => { const bytes = readFileSync(path); bytes[at] ^= 0x10; writeFileSync(path, bytes); };
const damageOf = (server) => server.log.split("\n").filter((line) => line.includes('"event":"damage"')).map((line) => JSON.parse(line).message);

const filled = async () => {
  const server = await Server.start({ settings });
  await server.send(names.flatMap((name) => [identify({ userId: name }, { name: `Name of ${name}` }), track({ userId: name }, "Page Read"), track({ userId: name }, "Page Left")]));
  await server.send([identify({ userId: "gone" }, { name: "Gone" }), { type: "track" }]);
  ok(await server.delete("/v1/customers/me?because=she+asked", { key: server.token("user:gone") }));
  ok(await server.post("/v1/snapshot", {}));
  await server.send([track({ userId: "u-1" }, "After the snapshot")]);
  return server;
};

describe("a secret or a register", () => {
  let server, whole;
  before(async () => { server = await filled(); whole = await answers(server); await server.stop(); });
  after(() => server.end());

  for (const name of ["directory-key", "signing-secret", "certificate-key", "audit-key", "keys", "staff", "sealing/node-key", "sealing/slots", "sealing/erasures", "log"])
    test(`that is lost is named and not made again: ${name}`, async () => {
      const path = join(server.folder, name);
      renameSync(path, `${path}.away`);
      await assert.rejects(server.up(), new RegExp(`attune serve: .*${name}[^ ]* at byte 0: The .*missing`));
      assert.ok(!existsSync(path), "nothing was put in its place");
      renameSync(`${path}.away`, path);
      await server.up();
      assert.deepEqual(await answers(server), whole);
      await server.stop();
    });

  test("a configuration that is lost is named, everybody is there, and applied again it has the numbers it had", async () => {
    const path = join(server.folder, "configuration");
    renameSync(path, `${path}.away`);
    await server.up();
    assert.match((await server.get("/readyz")).text, /damaged: configuration at byte 0 \(lost\): The configuration is gone/);
    const { sentence, total, pieces } = ok(await server.get("/v1/damage"));
    assert.deepEqual([sentence, total, pieces.length], ["One piece on disk is damaged.", 1, 1]);
    const [{ what, remedy, ...piece }] = pieces;
    assert.deepEqual(piece, { file: "configuration", offset: 0, effect: "lost", times: 1 });
    assert.match(what, /^The configuration is gone: version \d+ was in force/);
    assert.match(remedy, /^[A-Z].*\.$/);
    refused(await server.get("/v1/damage", { key: null }), 401, "unauthorized");
    refused(await server.get("/v1/damage", { key: server.write }), 403, "denied");
    ok(await server.post("/v1/configuration", { files: configurationOf(join(root, "demo/harbour")) }));
    assert.deepEqual(await answers(server), whole);
    await server.restart();
    assert.deepEqual(ok(await server.get("/v1/damage")), { sentence: "Nothing on disk was found damaged since the server was started.", total: 0, pieces: [] });
    await server.stop();
    rmSync(`${path}.away`, { recursive: true });
  });

  for (const name of ["directory-key", "signing-secret", "certificate-key", "audit-key", "keys", "staff", "sealing/node-key"])
    test(`that is damaged, emptied or exchanged is named: ${name}`, async () => {
      const path = join(server.folder, name), bytes = readFileSync(path), other = readFileSync(join(server.folder, name === "audit-key" ? "directory-key" : "audit-key"));
      const flipped = Buffer.from(bytes);
      flipped[bytes.length >> 1] ^= 1;
      for (const content of [flipped, bytes.subarray(0, bytes.length - 1), Buffer.alloc(0), other]) {
        writeFileSync(path, content);
        await assert.rejects(server.up(), new RegExp(`${name} at byte 0: The file is damaged`));
        assert.deepEqual(readFileSync(path), content, "it is left as it was found");
      }
      writeFileSync(path, bytes);
      await server.up();
      await server.stop();
    });

  test("all small files are readable by their owner alone", () => {
    for (const name of ["directory-key", "signing-secret", "keys", "staff", "inventory", "lock", "dead-letters.ndjson", "sealing/slots", "sealing/slots-head", "sealing/erasures", "sealing/erasures-head", "audit/head"])
      assert.equal(statSync(join(server.folder, name)).mode & 0o777, 0o600, name);
  });

  test("without the inventory the start says so, goes on, and still does not make a lost secret again", async () => {
    rmSync(join(server.folder, "inventory"));
    renameSync(join(server.folder, "audit-key"), join(server.folder, "away"));
    await assert.rejects(server.up(), /audit-key at byte 0: The file is missing/);
    renameSync(join(server.folder, "away"), join(server.folder, "audit-key"));
    await server.up();
    assert.deepEqual(await answers(server), whole);
    await server.restart();
    assert.deepEqual(damageOf(server), []);
    await server.stop();
  });

  test("a damaged line of the register of erasures names itself and keeps nobody from starting", async () => {
    const path = join(server.folder, "sealing/erasures"), bytes = readFileSync(path);
    flip(path, 60);
    await server.up();
    assert.ok(damageOf(server).some((message) => /^sealing\/erasures at byte 0: Line 1 /.test(message)), server.log);
    assert.deepEqual(await answers(server), whole);
    await server.stop();
    writeFileSync(path, bytes);
  });

  test("losing the audit log, its head or the refused events is named and survived", async () => {
    for (const [name, says] of [["audit/head", /^audit\/head at byte 0: It is missing/], ["audit", /^audit\/000000000001\.ndjson at byte 0: The oldest entries/], ["dead-letters.ndjson", /^dead-letters\.ndjson at byte 0: The file is missing/]]) {
      rmSync(join(server.folder, name), { recursive: true });
      await server.up();
      assert.ok(damageOf(server).some((message) => says.test(message)), `${name}: ${server.log}`);
      assert.deepEqual(await answers(server), whole);
      await server.restart();
      assert.deepEqual(damageOf(server), [], "once");
      await server.stop();
    }
  });

  test("can be given up on purpose, which says what that costs", async () => {
    rmSync(join(server.folder, "directory-key"));
    rmSync(join(server.folder, "keys"));
    assert.match(attune("init", server.folder, "--renew", "moon").err, /cannot be renewed/);
    assert.match(attune("init", server.folder, "--renew", "directory-key").out, /read again from the log/);
    assert.match(attune("init", server.folder, "--renew", "tokens-ended").out, /let in again until they expire/);
    const made = attune("init", server.folder, "--renew", "keys", "--json");
    assert.equal(made.code, 0, made.err);
    server.secret = JSON.parse(made.out).secret_key;
    await server.up();
    assert.deepEqual(await answers(server), whole, "the identifiers are hashed again with the new key");
    assert.match(attune("init", server.folder, "--renew", "staff").err, /Another server runs on this folder \(pid \d+\)/);
    await server.stop();
  });
});

describe("the lock of the folder", () => {
  test("keeps a second server from writing anything", async () => {
    const server = await filled();
    const files = (folder) => readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile() && !name.startsWith("log/")).sort();
    const seen = files(server.folder).map((name) => [name, statSync(join(server.folder, name)).ino, readFileSync(join(server.folder, name), "latin1")]);
    const second = attune("serve", server.folder, "--port", "0");
    assert.equal(second.code, 1);
    assert.match(second.err, new RegExp(`Another server runs on this folder \\(pid ${server.child.pid}\\)`));
    assert.deepEqual(files(server.folder).map((name) => [name, statSync(join(server.folder, name)).ino, readFileSync(join(server.folder, name), "latin1")]), seen);
    await server.end();
  });
});

describe("what follows from the log", () => {
  let server, whole, rows;
  const figures = async () => { const answer = await until(async () => { const now = await server.get("/v1/journeys"); return now.status === 503 ? null : now; }, "figures are there again"); return ok(answer); };
  before(async () => { server = await filled(); whole = await answers(server); rows = await figures(); await server.restart(); await server.stop(); });
  after(() => server.end());

  for (const parts of [["lookup"], ["columns"], ["seen"], ["lookup", "columns"], ["columns", "seen"], ["lookup", "columns", "seen"]])
    test(`is made again when it is lost: ${parts.join(" and ")}`, async () => {
      for (const part of parts) rmSync(join(server.folder, part), { recursive: true });
      await server.up();
      for (const part of parts) assert.ok(damageOf(server).some((message) => message.startsWith(part)), `${part}: ${server.log}`);
      assert.deepEqual(await answers(server), whole);
      assert.deepEqual(await figures(), rows);
      await server.restart();
      assert.deepEqual(damageOf(server), []);
      assert.deepEqual(await figures(), rows);
      await server.stop();
    });

  test("is made again when it is damaged or cut", async () => {
    const file = (part) => join(server.folder, part, readdirSync(join(server.folder, part)).filter((name) => name !== "lock.mdb").sort().at(-1));
    for (const [part, at] of [["lookup", 16], ["lookup", 16 + 4096], ["columns", 40], ["columns", 3], ["seen", 9]]) {
      const path = file(part);
      flip(path, at);
      await server.up();
      assert.deepEqual(await answers(server), whole);
      assert.deepEqual(await figures(), rows, part);
      assert.ok(damageOf(server).some((message) => message.startsWith(part)), `${part}: ${server.log}`);
      await server.restart();
      assert.deepEqual(damageOf(server), [], part);
      await server.stop();
      const bytes = readFileSync(file(part));
      writeFileSync(file(part), bytes.subarray(0, part === "lookup" ? 8192 : 8));
      await server.up();
      assert.deepEqual(await answers(server), whole);
      assert.deepEqual(await figures(), rows, part);
      await server.stop();
    }
  });

  test("rows that are damaged while the server runs give no wrong figure", async () => {
    await server.up();
    await figures();
    const path = join(server.folder, "columns", readdirSync(join(server.folder, "columns")).filter((name) => name.endsWith(".sealed")).at(-1));
    flip(path, 33);
    const first = await server.get("/v1/journeys");
    assert.ok(first.status === 503 ? first.body.code === "rebuilding" : true, first.text);
    assert.deepEqual(await figures(), rows);
    await server.stop();
  });
});

describe("a damaged key", () => {
  let server, whole;
  before(async () => { server = await filled(); whole = await answers(server); await server.stop(); });
  after(() => server.end());

  test("costs the customer it belongs to, by name, and nobody else", async () => {
    flip(join(server.folder, "sealing/slots"), 5 * 64 + 40);
    await server.up();
    assert.ok(damageOf(server).some((message) => /^sealing\/slots at byte 320: The key of history 5 is damaged/.test(message)), server.log);
    refused(await server.get("/v1/customers?identifier=user:u-4"), 500, "damaged");
    const now = await answers(server);
    assert.deepEqual(now, { ...whole, "u-4": 500 });
    const answer = await server.send([track({ userId: "u-3" }, "Again"), track({ userId: "u-4" }, "Again"), track({ userId: "u-5" }, "Again")]);
    assert.equal(answer.accepted, 2);
    assert.deepEqual(answer.rejected.map(({ code }) => code), ["damaged"]);
  });

  test("stays that way after a restart, also when all is read from the log again", async () => {
    await server.stop();
    rmSync(join(server.folder, "lookup"), { recursive: true });
    await server.up();
    assert.equal((await server.get(`/v1/customers/${whole["u-4"].cid}`)).body.code, "damaged");
    const now = await answers(server);
    for (const name of names) if (name !== "u-4") assert.equal(now[name].cid, whole[name].cid);
  });

  test("the customer can still be erased", async () => {
    ok(await server.delete(`/v1/customers/${whole["u-4"].cid}?because=the+key+was+damaged`));
    assert.equal((await server.get(`/v1/customers/${whole["u-4"].cid}`)).status, 404);
    await server.restart();
    assert.deepEqual(damageOf(server), []);
  });
});

describe("a copy of the keys that is older than the data", () => {
  let server;
  const folder = mkdtempSync(join(tmpdir(), "attune-old-keys-")), copy = join(folder, "data"), keys = join(folder, "keys");
  after(async () => { await server?.end(); rmSync(folder, { recursive: true }); });

  test("loses what is younger than it, by number, and nothing else", async () => {
    server = await filled();
    const whole = await answers(server), customers = 70000;
    assert.equal(attune("backup", server.folder, keys, "--keys").code, 0);
    for (let i = 0; i < customers; i += 2500)
      await until(async () => (await server.post("/v1/batch", { batch: Array.from({ length: 2500 }, (_, j) => ({ type: "track", event: "E", anonymousId: `a${i + j}`, messageId: `m${i + j}` })) })).status === 200, "taken");
    assert.equal(attune("backup", server.folder, copy).code, 0);
    await server.stop();
    rmSync(server.folder, { recursive: true });
    const back = attune("restore", copy, server.folder, "--sealing", keys, "--json");
    assert.equal(back.code, 0, back.err);
    const lost = JSON.parse(back.out).unreadable_histories;
    assert.ok(lost > 0 && lost < 10000, back.out);
    assert.match(back.err, new RegExp(`${lost} histories are younger than the keys`));
    for (let life = 0; life < 2; life++) {
      await server.up();
      assert.ok(damageOf(server).some((message) => message.includes(`The keys of ${lost} histories`)), server.log);
      assert.deepEqual(await answers(server), whole);
      assert.equal((await server.get("/v1/customers?identifier=anonymous:a0")).status, 200);
      await server.send([track({ userId: `new-${life}` }, "Came later")]);
      await server.card(`user:new-${life}`);
      if (life === 0) await server.stop();
    }
    await server.card("user:new-0");
  });
});

describe("attune verify and attune repair", () => {
  let server, whole;
  before(async () => { server = await filled(); whole = await answers(server); });
  after(() => server.end());
  const verified = () => { const run = attune("verify", server.folder, "--json"); return { code: run.code, ...JSON.parse(run.out) }; };

  test("find nothing in a sound folder, beside its server and without", async () => {
    assert.deepEqual([verified().code, verified().damaged], [0, []]);
    assert.match(attune("repair", server.folder).err, /Another server runs on this folder/);
    await server.stop();
    assert.deepEqual([verified().code, verified().sound, verified().damaged], [0, true, []]);
    const mended = attune("repair", server.folder);
    assert.equal(mended.code, 0, mended.err);
    assert.match(mended.out, /nothing is damaged/);
  });

  test("name each piece with its file, and make again what can be", async () => {
    const columns = join("columns", readdirSync(join(server.folder, "columns"))[0]), seen = join("seen", readdirSync(join(server.folder, "seen"))[0]);
    const damaged = [["sealing/slots", 20], ["sealing/slots-head", 3], ["sealing/erasures", 30], ["dead-letters.ndjson", 11], ["lookup/data.mdb", 16], ["inventory", 2]];
    for (const [name, at] of damaged) flip(join(server.folder, name), at);
    const found = verified();
    assert.equal(found.code, 1);
    assert.equal(found.sound, false);
    for (const name of ["sealing/slots", "sealing/erasures", "dead-letters.ndjson", "lookup/data.mdb", "inventory"])
      assert.ok(found.damaged.some(({ file, what, remedy }) => file === name && what && remedy), `${name}: ${JSON.stringify(found.damaged)}`);
    await assert.rejects(server.up(), /sealing\/slots at byte 0: The head of the keys and its copy/);
    const mended = attune("repair", server.folder);
    assert.equal(mended.code, 0, mended.err);
    assert.deepEqual([verified().code, verified().damaged], [0, []]);
    await server.up();
    assert.deepEqual(await answers(server), whole);
    await server.stop();
    flip(join(server.folder, columns), 5);
    flip(join(server.folder, seen), 5);
    assert.deepEqual(verified().damaged.map(({ file, effect }) => [file, effect]).sort(), [[columns, "rebuilt"], [seen, "rebuilt"]]);
  });

  test("say what cannot be made again", async () => {
    flip(join(server.folder, "sealing/slots"), 3 * 64);
    const mended = attune("repair", server.folder);
    assert.equal(mended.code, 1);
    assert.match(mended.err, /sealing\/slots at byte 192: The key of history 3 is damaged/);
  });
});
