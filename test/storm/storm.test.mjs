/*
 * A storm: the same few customers are joined, parted, erased, asked about, changed, undone, copied and watched by many at once, for a
 * minute (STORM_S). Nothing hangs, no answer is the server's own failure, and afterwards, after a kill, everybody is exactly as before
 * it. Under ThreadSanitizer (ATTUNE_BINARY) a race makes the exit status not zero. The seed is printed; STORM_SEED gives it again.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { identify, ok, Server, sleep, track, uuid } from "../story/server.mjs";

const SECONDS = Number(process.env.STORM_S ?? 60), SEED = Number(process.env.STORM_SEED ?? Date.now() % 1000000), PEOPLE = 12, HANDS = 16;

/* mulberry32: small, and good enough to throw dice. */
const dice = (seed) => () => { seed = (seed + 0x6d2b79f5) | 0; let t = Math.imul(seed ^ (seed >>> 15), 1 | seed); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };

test("nothing races, hangs or breaks, and a kill changes nothing", { timeout: (SECONDS + 240) * 1000 }, async () => {
  const server = await Server.start({ settings: { "snapshot-every-s": 2, "customer-requests-a-minute": 1000000, "address-requests-a-minute": 1000000 }, env: { TSAN_OPTIONS: "halt_on_error=0:exitcode=66:second_deadlock_stack=1" } });
  after(() => server.end()); /* A server that still runs would keep a test that failed from ending. */
  console.log(`# storm: seed ${SEED}, ${SECONDS} s`);
  const user = (i) => `storm-${i}`, cids = new Map(), undos = [], statuses = new Map();
  const cidOf = async (i) => {
    const answer = await server.get(`/v1/customers?identifier=user:${user(i)}`);
    if (answer.status === 200) cids.set(i, answer.body.cid);
    return answer.status === 200 ? answer.body.cid : null;
  };
  for (let i = 0; i < PEOPLE; i++) await server.send([identify({ userId: user(i), anonymousId: `a-${i}` }, { name: `N${i}` }), track({ userId: user(i) }, "Came")]);
  const keep = (answer) => { statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1); if (answer.body?.undo) undos.push([answer.body.undo, answer.cid]); return answer; };
  const acts = [
    (i) => server.post("/v1/batch", { batch: [track({ userId: user(i) }, "Cash Withdrawn", { amount: 20 + i }), track({ anonymousId: `a-${i}` }, "Late", {}, { timestamp: "2026-01-01T00:00:00Z" })] }),
    (i) => server.post("/v1/batch", { batch: [identify({ userId: user(i), anonymousId: `a-${i}-${uuid().slice(0, 2)}` }, { name: `M${i}` })] }),
    (i) => server.post("/v1/decide", { customer: { identifier: `user:${user(i)}` }, surface: "app-home" }),
    (i) => server.post("/v1/decide", { customer: { identifier: `user:${user(i)}` }, surface: "machine-withdrawal", explain: true }),
    async (i, roll) => { const [a, b] = [await cidOf(i), await cidOf(Math.floor(roll() * PEOPLE))]; return a && b && a !== b ? server.post(`/v1/customers/${a}/merge`, { with: b }) : { status: 0 }; },
    async (i, roll) => {
      const cid = await cidOf(i), identity = cid && await server.get(`/v1/customers/${cid}/identity`);
      const origins = identity?.body?.origins ?? [];
      return origins.length > 1 ? server.post(`/v1/customers/${cid}/split`, { origin: origins[Math.floor(roll() * origins.length)].origin ?? origins[0].id }) : { status: 0 };
    },
    async (i) => { const cid = await cidOf(i); return cid ? { ...(await server.post(`/v1/customers/${cid}/preferences`, { set: { "cash.receipt": i % 2 ? "no" : "yes" } })), cid } : { status: 0 }; },
    async (i) => { const cid = await cidOf(i); return cid ? { ...(await server.post(`/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: i % 2 ? "yes" : "no" })), cid } : { status: 0 }; },
    async () => { const one = undos.shift(); return one ? server.post(`/v1/customers/${one[1]}/undo`, { undo: one[0] }) : { status: 0 }; },
    async (i) => { const cid = await cidOf(i); return cid ? server.get(`/v1/customers/${cid}/export?format=zip`) : { status: 0 }; },
    async (i) => { const cid = await cidOf(i); return cid ? server.get(`/v1/customers/${cid}/timeline?n=20`) : { status: 0 }; },
    (i) => server.get("/me", { key: null, headers: { Cookie: `attune_portal=${server.token(`user:${user(i)}`)}` } }),
    (i) => server.raw([`GET /v1/stream?token=${server.token(`user:${user(i)}`)} HTTP/1.1\r\nHost: x\r\n\r\n`], { wait: 200 }).then(() => ({ status: 0 })),
    () => server.get("/v1/overview"), () => server.get("/metrics"), () => server.post("/v1/snapshot", {}),
  ];
  const rare = async (i) => { const cid = await cidOf(i); return cid ? server.delete(`/v1/customers/${cid}?because=storm`) : { status: 0 }; };
  const end = Date.now() + SECONDS * 1000;
  await Promise.all([...Array(HANDS)].map(async (_, hand) => {
    const roll = dice(SEED * 1000 + hand);
    while (Date.now() < end) {
      const i = Math.floor(roll() * PEOPLE), act = roll() < 0.02 ? rare : acts[Math.floor(roll() * acts.length)];
      const answer = keep(await act(i, roll));
      assert.ok(answer.status < 500 || /You are being erased/.test(answer.text), `${answer.status} ${answer.text}`);
    }
  }));
  console.log(`# storm: ${[...statuses].map(([status, n]) => `${status}: ${n}`).join(", ")}`);
  assert.ok((statuses.get(200) ?? 0) > SECONDS * 5, "most of it was done");
  await sleep(500);
  const digests = async () => {
    const all = {};
    for (let after = "0"; after !== null;) {
      const page = ok(await server.get(`/v1/customers?n=200&after=${after}`));
      for (const { cid } of page.customers) all[cid] = [ok(await server.get(`/v1/customers/${cid}/digest`)), (await server.get(`/v1/customers/${cid}`)).body?.preferences ?? null];
      after = page.next;
    }
    return all;
  };
  const before = await digests();
  assert.doesNotMatch(server.log, /ThreadSanitizer|AddressSanitizer|runtime error/, "a killed program has no exit status of its own");
  await server.kill();
  await server.up();
  assert.deepEqual(await digests(), before, "the same from the log as it was in memory");
});
