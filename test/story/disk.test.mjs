/* What happens when the disk is full: nothing acknowledged is lost, what is refused says so, and it goes on when there is room. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, ok, refused, Server, track, until, uuid } from "./server.mjs";

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
});
