/* One truth at once: what is done on one channel is done on all in the next answer; and what was acknowledged is there, once, whatever happens. */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attune, DAY, identify, iso, ok, Server, sleep, track, until, uuid } from "./server.mjs";

const bill = (who, id, more = {}) => track({ userId: who }, "Bill Issued", { bill_id: id, payee: "Water", amount: 41.2, currency: "EUR", due_date: iso(Date.now() + 5 * DAY) }, more);
const paid = (who, id, channel, more = {}) => track({ userId: who }, "Bill Paid", { bill_id: id }, { context: { channel }, ...more });

describe("one truth", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());
  const open = async (who) => (await server.card(`user:${who}`)).open.filter((matter) => matter.state === "open").map((matter) => matter.matter);

  test("a bill paid on the web is done in the very next answer, whoever asks", async () => {
    await server.send([identify({ userId: "payer" }), bill("payer", "w-1"), bill("payer", "w-2")]);
    assert.deepEqual((await open("payer")).sort(), ["w-1", "w-2"]);
    for (let i = 0; i < 20; i++) {
      await server.send([bill("payer", `n-${i}`)]);
      await server.send([paid("payer", `n-${i}`, i % 2 ? "web" : "branch")]);
      const card = ok(await server.get("/v1/customers/me", { key: server.token("user:payer") }));
      const matter = card.open.find((one) => one.matter === `n-${i}`);
      assert.equal(matter.state, "done");
      assert.equal(matter.closed_on, i % 2 ? "web" : "branch");
    }
    assert.deepEqual((await open("payer")).sort(), ["w-1", "w-2"]);
  });

  test("an app that is open hears of it within a second, and only its own customer's app does", async () => {
    await server.send([identify({ userId: "hears" }), identify({ userId: "deaf" }), bill("hears", "h-1")]);
    const listen = (key) => {
      const heard = { text: "", at: 0 };
      heard.call = http.get({ host: "127.0.0.1", port: server.port, path: "/v1/stream", headers: { Authorization: `Bearer ${key}` }, agent: false }, (answer) =>
        answer.on("data", (chunk) => { heard.text += chunk; if (!heard.at && heard.text.includes("event: changed")) heard.at = Date.now(); }));
      heard.call.on("error", () => {});
      return heard;
    };
    const app = listen(server.token("user:hears")), other = listen(server.token("user:deaf")), desk = listen(server.secret);
    await until(() => [app, other, desk].every((one) => one.text.includes("event: hello")), "all three are connected");
    const begun = Date.now();
    await server.send([paid("hears", "h-1", "web")]);
    await until(() => app.at && desk.at, "both heard of it", 3000);
    assert.ok(app.at - begun < 1000 && desk.at - begun < 1000, `${app.at - begun} ms`);
    assert.match(app.text, /"what":\[[^\]]*"matters"/);
    await sleep(100);
    assert.ok(!other.text.includes("event: changed"), "another customer's app hears nothing");
    for (const one of [app, other, desk]) one.call.destroy();
  });

  test("the order of arrival does not matter: paid before it was issued is paid", async () => {
    await server.send([identify({ userId: "early" })]);
    await server.send([paid("early", "e-1", "web", { timestamp: iso(Date.now() - 1000) })]);
    await server.send([bill("early", "e-1", { timestamp: iso(Date.now() - 2 * DAY) })]);
    assert.deepEqual(await open("early"), []);
  });

  test("a late event takes its place: the newest statement counts, not the last to arrive", async () => {
    await server.send([identify({ userId: "late" }, { city: "Porto" }, { timestamp: iso(Date.now() - DAY) })]);
    await server.send([identify({ userId: "late" }, { city: "Lisbon", language: "pt" }, { timestamp: iso(Date.now() - 3 * DAY) })]);
    const traits = Object.fromEntries((await server.card("user:late")).traits.map((trait) => [trait.name, trait.value]));
    assert.deepEqual(traits, { city: "Porto", language: "pt" });
  });

  test("any order of the same events gives the same customer", async () => {
    const now = Date.now();
    const story = (who) => [
      identify({ userId: who }, { city: "Porto" }, { timestamp: iso(now - 9 * DAY) }), identify({ userId: who }, { city: "Lisbon" }, { timestamp: iso(now - 8 * DAY) }),
      bill(who, "o-1", { timestamp: iso(now - 7 * DAY) }), bill(who, "o-2", { timestamp: iso(now - 6 * DAY) }), paid(who, "o-1", "phone", { timestamp: iso(now - 5 * DAY) }),
      ...[1, 2, 3, 4].map((i) => ({ type: "screen", messageId: uuid(), userId: who, name: "balance", timestamp: iso(now - i * DAY), context: { channel: "app" } })),
    ];
    const essence = async (who) => { const { traits, open: matters, channels, since } = await server.card(`user:${who}`); return { traits: traits.map(({ name, value }) => [name, value]), matters: matters.map(({ matter, state, closed_on }) => [matter, state, closed_on]).sort(), channels: channels.map(({ channel, events }) => [channel, events]), since }; };
    await server.send(story("order-0"));
    const first = await essence("order-0");
    for (let i = 1; i <= 6; i++) {
      const events = story(`order-${i}`);
      for (let k = events.length - 1; k > 0; k--) { const at = (k * 7 + i * 13) % (k + 1); [events[k], events[at]] = [events[at], events[k]]; }
      await server.send(events);
      assert.deepEqual(await essence(`order-${i}`), first, events.map((event) => event.event ?? event.type).join(" "));
    }
  });

  test("a message sent again is answered as done and stored once: in the batch, after it, and after a restart", async () => {
    const event = track({ userId: "twice" }, "Once");
    assert.equal((await server.send([event, event])).duplicates, 1);
    assert.equal((await server.send([event])).duplicates, 1);
    await server.kill();
    await server.up();
    assert.equal((await server.send([event])).duplicates, 1);
    ok(await server.post("/v1/snapshot", {}));
    await server.restart();
    assert.equal((await server.send([event])).duplicates, 1);
    assert.equal((await server.timeline((await server.card("user:twice")).cid)).filter((one) => one.name === "Once").length, 1);
  });
});

test("how many decisions were made is known after kill -9, from the log and from a snapshot", async () => {
  const one = await Server.start();
  const overview = async () => {
    const { decisions, checklist } = ok(await one.get("/v1/overview"));
    return { decisions, done: checklist.find((item) => item.title === "A decision has been made").done };
  };
  try {
    assert.deepEqual(await overview(), { decisions: 0, done: false });
    await one.send([identify({ userId: "decided" }), identify({ userId: "decided-too" })]);
    for (let i = 0; i < 6; i++) await one.decide(i % 2 ? "user:decided" : "user:decided-too", "app-home", { durable: true });
    assert.deepEqual(await overview(), { decisions: 6, done: true });
    await one.kill();
    await one.up();
    assert.deepEqual(await overview(), { decisions: 6, done: true }, "from the log");
    ok(await one.post("/v1/snapshot", {}));
    await one.decide("user:decided", "app-home", { durable: true });
    await one.kill();
    await one.up();
    assert.deepEqual(await overview(), { decisions: 7, done: true }, "from a snapshot, and the log behind it");
    const [a, b] = [await one.card("user:decided"), await one.card("user:decided-too")];
    ok(await one.post(`/v1/customers/${a.cid}/merge`, { with: b.cid }));
    await one.restart();
    assert.equal((await overview()).decisions, 7, "joining makes none and loses none");
  } finally { await one.end(); }
});

test("what forms had to ask, and what was known, is known for ever; the metrics begin anew", async () => {
  const files = [{ name: "t.yaml", text: "kind: touchpoint\nname: apply\ntitle: Apply\nchannel: web\nasks: [email, phone, birthday]\n" }];
  const one = await Server.start({ files });
  const forms = async () => ok(await one.get("/v1/overview")).forms;
  const metric = async (name) => Number((await one.get("/metrics", { key: null })).text.match(new RegExp(`^attune_fields_${name}_total\\{touchpoint="apply"\\} (\\d+)`, "m"))?.[1] ?? 0);
  try {
    await one.send([identify({ userId: "form" }, { email: "form@example.org" })]);
    const { cid } = await one.card("user:form");
    const open = async () => assert.equal(ok(await one.get(`/v1/customers/${cid}/known?touchpoint=apply`)).not_asked, 1);
    assert.deepEqual(await forms(), []);
    await open();
    await open();
    const twice = [{ touchpoint: "apply", asked: 4, not_asked: 2 }];
    assert.deepEqual(await forms(), twice);
    assert.deepEqual([await metric("asked"), await metric("not_asked")], [4, 2]);
    await sleep(3000); // It is written within a second or two: nobody waits for it.
    await one.kill();
    await one.up();
    assert.deepEqual(await forms(), twice, "from the log");
    assert.deepEqual([await metric("asked"), await metric("not_asked")], [0, 0]);
    ok(await one.post("/v1/snapshot", {}));
    await one.kill();
    await one.up();
    assert.deepEqual(await forms(), twice, "from a snapshot");
    await open();
    ok(await one.get(`/v1/customers/${cid}/known?fields=email&touchpoint=nowhere`));
    await one.restart(); // At once: a stop loses nothing.
    assert.deepEqual(await forms(), [{ touchpoint: "other", asked: 0, not_asked: 1 }, { touchpoint: "apply", asked: 6, not_asked: 3 }]);
    assert.equal(attune("verify", one.folder).code, 0);
  } finally { await one.end(); }
});

describe("what was acknowledged", () => {
  const rounds = Number(process.env.ATTUNE_ROUNDS ?? 10);

  /* Send batches on one connection until the server is gone; what was answered 200 goes to @acknowledged, the rest to @open. */
  async function load(server, name, acknowledged, open) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; ; i++) {
      const batch = [...Array(1 + (i * 7) % 25)].map((_, k) => track({ userId: `${name}-${(i + k) % 5}` }, "Loaded", { i, k }));
      try {
        const answer = await server.post("/v1/batch", { batch }, { agent });
        if (answer.status !== 200) { open.push(batch); continue; }
        for (const event of batch) acknowledged.push(event.messageId);
      } catch { open.push(batch); break; }
    }
    agent.destroy();
  }
  const counted = async (server, names) => {
    const counts = new Map();
    for (const name of names) {
      const found = await server.get(`/v1/customers?identifier=user:${name}`);
      for (const event of found.status === 200 ? await server.timeline(found.body.cid) : [])
        if (event.messageId) counts.set(event.messageId, (counts.get(event.messageId) ?? 0) + 1);
    }
    return counts;
  };

  test(`is there, once, after kill -9 under load from four clients, ${rounds} times over, with snapshots in between; what was not is taken when sent again`, async () => {
    const server = await Server.start({ settings: { "snapshot-every-s": 1 } });
    const seed = Number(process.env.ATTUNE_SEED ?? Date.now() % 100000);
    console.log(`seed ${seed}`);
    let all = 0;
    try {
      for (let round = 0; round < rounds; round++) {
        const acknowledged = [], open = [], names = [];
        const clients = [0, 1, 2, 3].map((client) => { for (let k = 0; k < 5; k++) names.push(`r${round}-c${client}-${k}`); return load(server, `r${round}-c${client}`, acknowledged, open); });
        await sleep(60 + (seed * (round + 1) * 37) % 400);
        if (round % 3 === 1) await server.post("/v1/snapshot", {}).catch(() => {});
        await server.kill();
        await Promise.all(clients);
        await server.up();
        if (round % 4 === 3) await server.restart(); /* Twice. */
        const first = await counted(server, names);
        for (const id of acknowledged) assert.equal(first.get(id), 1, `round ${round}: ${id} was acknowledged`);
        for (const [id, n] of first) assert.equal(n, 1, `round ${round}: ${id} is there ${n} times`);
        for (const batch of open) await server.send(batch);
        const second = await counted(server, names);
        for (const id of [...acknowledged, ...open.flat().map((event) => event.messageId)]) assert.equal(second.get(id), 1, `round ${round}: ${id} after sending again`);
        all += acknowledged.length;
      }
      assert.ok(all > rounds * 20, `${all} events were acknowledged`);
    } finally { await server.end(); }
  });

  test("on any of several connections that send the same message at once is there, once, after kill -9", async () => {
    const server = await Server.start();
    try {
      for (let round = 0; round < 5; round++) {
        const answered = [];
        const clients = [...Array(60)].map(async (_, i) => {
          const event = { type: "track", event: "Raced", messageId: `race-${round}-${i >> 2}`, userId: `race-${round}`, properties: {} };
          try { if ((await server.post("/v1/track", event)).status === 200) answered.push(event.messageId); } catch { /* Killed. */ }
        });
        await sleep(round * 4);
        await server.kill();
        await Promise.all(clients);
        await server.up();
        const counts = await counted(server, [`race-${round}`]);
        for (const id of answered) assert.equal(counts.get(id), 1, id);
        for (const [id, n] of counts) assert.equal(n, 1, id);
      }
    } finally { await server.end(); }
  });

  test("is there when the snapshot is older than the log, and when there is none", async () => {
    const server = await Server.start();
    try {
      await server.send([identify({ userId: "old" }, { name: "Old" }), bill("old", "s-1")]);
      ok(await server.post("/v1/snapshot", {}));
      await server.stop();
      const saved = `${server.folder}-saved`;
      cpSync(server.folder, saved, { recursive: true });
      await server.up();
      await server.send([paid("old", "s-1", "web"), bill("old", "s-2"), identify({ userId: "old", anonymousId: "old-phone" }, { name: "New" })]);
      ok(await server.post("/v1/snapshot", {}));
      const essence = async () => { const { name, identifiers, open, channels } = await server.card("user:old"); return { name, identifiers, open, channels }; };
      const before = await essence();
      await server.kill();
      for (const part of ["lookup", "columns"]) {
        rmSync(join(server.folder, part), { recursive: true, force: true });
        cpSync(join(saved, part), join(server.folder, part), { recursive: true, force: true });
      }
      await server.up();
      assert.deepEqual(await essence(), before, "with the older one");
      await server.kill();
      for (const part of ["lookup", "columns"]) rmSync(join(server.folder, part), { recursive: true, force: true });
      await server.up();
      assert.deepEqual(await essence(), before, "with none");
      await server.restart();
      assert.deepEqual(await essence(), before, "and once more");
      rmSync(saved, { recursive: true, force: true });
    } finally { await server.end(); }
  });

  test("when the server is asked to stop under load, every request that was taken in is answered, and it ends well", async () => {
    const server = await Server.start();
    try {
      for (let round = 0; round < 5; round++) {
        const acknowledged = [], open = [], names = [0, 1, 2, 3].flatMap((client) => [0, 1, 2, 3, 4].map((k) => `stop${round}-${client}-${k}`));
        const clients = [0, 1, 2, 3].map((client) => load(server, `stop${round}-${client}`, acknowledged, open));
        const questions = [...Array(20)].map(() => server.get("/v1/overview").catch(() => null));
        await sleep(50 + round * 30);
        await server.stop();
        await Promise.all([...clients, ...questions]);
        await server.up();
        const counts = await counted(server, names);
        for (const id of acknowledged) assert.equal(counts.get(id), 1, id);
        const unanswered = open.flat().filter((event) => counts.has(event.messageId)).length;
        assert.equal(unanswered, 0, `${unanswered} events were stored and not answered`);
      }
    } finally { await server.end(); }
  });
});
