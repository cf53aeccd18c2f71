/* The disk: full, nothing acknowledged is lost and it goes on when there is room; and a backup of a running server brings everything back. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { attune, binary, DAY, ok, refused, Server, sleep, track, until, uuid } from "./server.mjs";

/* A small disk of its own, where this machine lets us make one. */
const disk = mkdtempSync(join(tmpdir(), "attune-disk-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=96m", "none", disk]).status === 0;
const settings = { "log-segment-mb": 8, "disk-reserve-mb": 8, "snapshot-every-s": 1 };

describe("a full disk", { skip: mounted ? false : "mounting a small disk is not permitted here" }, () => {
  let server;
  const filler = join(disk, "filler"), acknowledged = new Set();
  before(async () => { server = await Server.start({ settings, parent: disk }); });
  after(async () => { await server.end(); spawnSync("umount", [disk]); rmSync(disk, { recursive: true, force: true }); });

  /* Take all the room there is, to the last page. */
  const fill = () => spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k"]);

  /* Send until a batch is not acknowledged; remember those that were, and the one of which nobody knows. */
  let unknown = [];
  const fillAndSend = async () => {
    for (let i = 0; i < 2000; i++) {
      const batch = Array.from({ length: 100 }, () => ({ ...track({ userId: `u-${i % 50}` }, "Page Read", { text: "x".repeat(2000) }), messageId: uuid() }));
      if (i === 1) fill();
      const answer = await server.post("/v1/batch", { batch });
      if (answer.status !== 200) {
        unknown = batch;
        return refused(answer, 503, "unknown");
      }
      for (const event of batch) acknowledged.add(event.messageId);
    }
    throw new Error("it was never refused");
  };

  test("refuses new events with 503, and says so in /readyz", async () => {
    await fillAndSend();
    refused(await server.post("/v1/track", track({ userId: "u-1" }, "Page Read")), 503, "disk_full");
    assert.equal((await server.get("/readyz", { key: null })).status, 503);
    assert.ok(acknowledged.size > 0, "some were taken before");
  });

  test("goes on by itself when there is room again", async () => {
    rmSync(filler);
    await until(async () => (await server.get("/readyz", { key: null })).status === 200, "ready again");
    await server.send([{ ...track({ userId: "u-1" }, "Page Read", {}), messageId: "after-room" }]);
    acknowledged.add("after-room");
    await server.send(unknown); // As its sender would: with the same messageIds.
    for (const event of unknown) acknowledged.add(event.messageId);
  });

  test("lets the server stop, with all that was acknowledged on disk, and start again", async () => {
    await fillAndSend();
    await server.stop();
    const verified = attune("verify", server.folder, "--json");
    assert.equal(verified.code, 0, verified.err);
    rmSync(filler);
    await server.up();
    const found = await server.messages();
    assert.deepEqual([...acknowledged].filter((id) => found.get(id) !== 1), [], "each acknowledged event is there once");
    ok(await server.post("/v1/batch", { batch: [{ ...track({ userId: "u-2" }, "Page Read", {}), messageId: uuid() }] }));
  });

  test("starts to read after a kill, refuses what is new, and goes on by itself", async () => {
    await fillAndSend();
    await server.kill();
    fill();
    await server.up();
    refused(await server.post("/v1/track", track({ userId: "u-1" }, "A Name Never Seen")), 503, "disk_full");
    refused(await server.post("/v1/track", track({ userId: "u-1" }, "Page Read")), 503, "disk_full");
    assert.equal((await server.get("/readyz", { key: null })).status, 503);
    assert.ok((await server.card("user:u-1")).cid, "a customer can be read");
    const found = await server.messages();
    assert.deepEqual([...acknowledged].filter((id) => found.get(id) !== 1), [], "each acknowledged event is there once");
    rmSync(filler);
    await until(async () => (await server.get("/readyz", { key: null })).status === 200, "ready again");
    ok(await server.post("/v1/track", track({ userId: "u-1" }, "Page Read")));
  });
});

describe("a backup", () => {
  let server;
  const folder = mkdtempSync(join(tmpdir(), "attune-backup-")), to = join(folder, "copy"), restored = join(folder, "restored"), keys = join(folder, "keys");
  const ana = { userId: "ana" };
  before(async () => { server = await Server.start({ settings: { "log-segment-mb": 1, "snapshot-every-s": 1 } }); });
  after(async () => { await server.end(); rmSync(folder, { recursive: true, force: true }); });

  const sent = [];
  const send = async (n, text = "x".repeat(1500)) => {
    const batch = Array.from({ length: n }, (_, i) => track(i % 7 ? ana : { userId: `other-${i % 40}` }, "Page Read", { text }));
    await server.send(batch);
    sent.push(...batch.map((event) => event.messageId));
  };

  test("of a running server, taken while events come in, holds all that was acknowledged before", async () => {
    for (let i = 0; i < 20; i++) await send(100);
    await sleep(1500); // A snapshot, and more behind it.
    await send(100);
    const acknowledged = [...sent];
    let going = true;
    const more = (async () => { while (going) await send(20); })();
    const { stdout } = await promisify(execFile)(binary, ["backup", server.folder, to, "--json"]);
    going = false;
    await more;
    const answer = JSON.parse(stdout);
    assert.ok(answer.segments > 2 && answer.linked === answer.segments - 1, stdout);
    const card = await server.card("user:ana");
    await server.stop();
    const bare = attune("restore", to, restored);
    assert.equal(bare.code, 1, bare.out);
    assert.match(bare.err, /sealed and their keys are not/);
    rmSync(restored, { recursive: true });
    const copied = attune("backup", server.folder, keys, "--keys");
    assert.equal(copied.code, 0, copied.err);
    writeFileSync(join(keys, "taken"), `${Date.now() - 8 * DAY}\n`);
    assert.match(attune("restore", to, restored, "--sealing", keys).err, /older than 7 days/);
    writeFileSync(join(keys, "taken"), `${Date.now() - 6 * DAY}\n`);
    const back = attune("restore", to, restored, "--sealing", keys, "--json");
    assert.equal(back.code, 0, back.err);
    assert.ok(!existsSync(join(restored, "backup.json")));
    const original = server.folder;
    server.folder = restored;
    await server.up();
    const found = await server.messages();
    assert.deepEqual(acknowledged.filter((id) => found.get(id) !== 1), [], "all is there once");
    const again = await server.card("user:ana");
    assert.deepEqual([again.cid, again.identifiers], [card.cid, card.identifiers]);
    await send(100);
    await server.stop();
    assert.equal(attune("verify", restored).code, 0, "the restored folder goes on");
    assert.equal(attune("verify", original).code, 0, "the first one is untouched");
    assert.equal(attune("verify", to).code, 0, "and so is the backup");
    server.folder = original;
    rmSync(restored, { recursive: true, force: true });
    await server.up();
  });

  test("is refused onto a folder that is there, from one that is not, and brought back only when it is whole", () => {
    const refusal = (args, says) => {
      const run = attune(...args);
      assert.equal(run.code, 1, run.out);
      assert.match(run.err, says);
    };
    refusal(["backup", server.folder, to], /not empty/);
    refusal(["backup", join(folder, "nothing"), join(folder, "new")], /no data folder/);
    refusal(["restore", server.folder, join(folder, "new")], /not a whole backup/);
    assert.equal(attune("backup").code, 2);
    assert.equal(attune("restore", to).code, 2);
    assert.match(attune("backup", "--help").out, /hard links/);
    assert.ok(JSON.parse(readFileSync(join(to, "backup.json"), "utf8")).taken);
  });
});
