/* Promises: begun and ended by events, broken at the moment they are due, and that moment is a fact, once, whatever happens to the server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { configurationOf, iso, root, Server, sleep, track, until } from "./server.mjs";

const promises = { name: "promises-here.yaml", text: `kind: promise
name: call-back-soon
says: "We call you back within two seconds."
starts: Call Back Asked
ends: Called Back
id: call_id
within: 2s
kept: 90%
` };

describe("a promise", () => {
  let server;
  before(async () => {
    server = await Server.start({ files: [...configurationOf(join(root, "demo/harbour")), promises] });
  });
  after(() => server.end());

  const promiseOf = async (user) => (await server.card(`user:${user}`)).promises.find((promise) => promise.promise === "call-back-soon");
  const timersOf = async (user) => (await server.timeline((await server.card(`user:${user}`)).cid)).filter((event) => event.kind === "timer");
  const ask = (userId, more) => server.send([track({ userId }, "Call Back Asked", { call_id: "c-1" }, more)]);
  const call = (userId, more) => server.send([track({ userId }, "Called Back", { call_id: "c-1" }, more)]);

  test("is pending, then kept when the other event comes in time", async () => {
    await ask("kept");
    assert.equal((await promiseOf("kept")).state, "pending");
    await call("kept");
    assert.equal((await promiseOf("kept")).state, "kept");
    await sleep(2500);
    assert.deepEqual(await timersOf("kept"), [], "nothing was due");
  });

  test("is broken when its time is over, and the moment is in the history", async () => {
    await ask("broken");
    await until(async () => (await timersOf("broken")).length === 1, "the timer record is there");
    assert.equal((await promiseOf("broken")).state, "broken");
    const [timer] = await timersOf("broken"), promise = await promiseOf("broken");
    assert.equal(timer.time, promise.due);
    await call("broken");
    assert.equal((await promiseOf("broken")).state, "broken", "late is late");
  });

  test("that broke while the server was down breaks at its next start, at the moment it was due, once", async () => {
    await ask("down");
    await server.kill();
    await sleep(2500);
    await server.up();
    await until(async () => (await timersOf("down")).length === 1, "the timer record is there");
    assert.equal((await timersOf("down"))[0].time, (await promiseOf("down")).due);
    await server.restart();
    await sleep(600);
    assert.equal((await timersOf("down")).length, 1, "and not again");
  });

  test("is the same whichever event arrives first", async () => {
    const begun = Date.now() - 60000;
    await call("turned", { timestamp: iso(begun + 1000) });
    assert.equal(await promiseOf("turned"), undefined, "not begun");
    await ask("turned", { timestamp: iso(begun) });
    assert.equal((await promiseOf("turned")).state, "kept");
  });

  test("must say what it is measured by, or not be measured at all", async () => {
    const answer = await server.post("/v1/configuration", { files: [{ name: "p.yaml", text: "kind: promise\nname: p\nsays: x\nstarts: A\n" }] });
    assert.equal(answer.status, 422);
    assert.match(answer.text, /needs starts, ends and within/);
  });
});
