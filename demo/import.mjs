/*
 * import.mjs: sends events, one a line, to POST /v1/import.
 *
 * Four requests are in flight, each on a connection of its own that is kept. Whoever shares an identifier goes through the same lane, so a
 * customer's events arrive in their order. What was not taken is sent again with the same messageIds: the server knows them.
 */
import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { read, refuse } from "./lib/arguments.mjs";

const usage = "node demo/import.mjs --base URL --key SECRET_KEY [--in events.ndjson] [--lanes 4]";
const given = read(usage, { base: "http://127.0.0.1:7300", key: process.env.ATTUNE_KEY ?? "", in: "events.ndjson", lanes: 4 });
const EVENTS_MAX = 400, BYTES_MAX = 400_000, TRIES = 40, WAIT_MS = 500, WAIT_MS_MAX = 10_000, PROGRESS_MS = 200;
if (!given.key) refuse(usage, "--key is missing");

const url = new URL("/v1/import", given.base), tls = url.protocol === "https:";
const agent = new (tls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: given.lanes });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* Who shares an identifier belongs together: union by userId and anonymousId. */
function lanesOf(lines) {
  const parent = [], numbers = new Map();
  const number = (id) => { let n = numbers.get(id); if (n === undefined) { n = parent.length; parent.push(n); numbers.set(id, n); } return n; };
  const root = (n) => { while (parent[n] !== n) { parent[n] = parent[parent[n]]; n = parent[n]; } return n; };
  const value = (line, key) => { const at = line.indexOf(`"${key}":"`); return at < 0 ? null : line.slice(at, line.indexOf('"', at + key.length + 4)); };
  const of = lines.map((line) => {
    const user = value(line, "userId"), anonymous = value(line, "anonymousId"), a = number(user ?? anonymous ?? "");
    if (user && anonymous) parent[root(a)] = root(number(anonymous));
    return a;
  });
  const lanes = Array.from({ length: given.lanes }, () => []);
  lines.forEach((line, i) => lanes[root(of[i]) % given.lanes].push(line));
  return lanes;
}

function* batchesOf(lines) {
  let from = 0, bytes = 0;
  for (let i = 0; i < lines.length; i++) {
    const n = Buffer.byteLength(lines[i]) + 1;
    if (i > from && (i - from === EVENTS_MAX || bytes + n > BYTES_MAX)) { yield lines.slice(from, i); from = i; bytes = 0; }
    bytes += n;
  }
  if (from < lines.length) yield lines.slice(from);
}

function post(body) {
  return new Promise((done, fail) => {
    const headers = { "Content-Type": "application/json", "Content-Length": body.length, Authorization: `Bearer ${given.key}` };
    const request = (tls ? httpsRequest : httpRequest)(url, { method: "POST", agent, headers }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part)).on("error", fail).on("end", () => done({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() }));
    });
    request.on("error", fail).end(body);
  });
}

/* How many of a batch were refused, and why the first one. */
function refusedOf({ status, text }, n) {
  let answer = {};
  try { answer = JSON.parse(text); } catch { /* The status says enough. */ }
  const list = answer.rejected ?? answer.errors ?? 0;
  const refused = Array.isArray(list) ? list.length : Number(list) || 0;
  if (status >= 200 && status < 300) return { refused, why: Array.isArray(list) && list.length ? JSON.stringify(list[0]) : "" };
  return { refused: n, why: `${status} ${answer.message ?? text.slice(0, 200)}` };
}

async function send(lines) {
  const body = Buffer.from(`{"batch":[${lines.join(",")}]}`);
  let last = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = await post(body).catch((error) => { last = error.message; return null; });
    if (answer && answer.status !== 429 && answer.status !== 503) {
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) throw new Error(`${url} answered ${answer.status}: ${answer.text.slice(0, 200)}`);
      return refusedOf(answer, lines.length);
    }
    if (answer) last = `${answer.status}`;
    state.again++;
    const asked = Number(answer?.headers["retry-after"]);
    await sleep(asked >= 0 ? Math.min(asked * 1000, 60_000) : Math.min(WAIT_MS * 2 ** attempt, WAIT_MS_MAX));
  }
  throw new Error(`${url} does not take the events (${last})`);
}

const state = { sent: 0, refused: 0, again: 0, why: "" };
async function run() {
  const lines = readFileSync(given.in, "utf8").split("\n").filter(Boolean);
  const began = process.hrtime.bigint(), seconds = () => Number(process.hrtime.bigint() - began) / 1e9;
  const show = () => process.stderr.write(`\r${Math.floor(100 * state.sent / lines.length)} %  ${state.sent} of ${lines.length} events, ${Math.round(state.sent / seconds())}/s `);
  const timer = process.stderr.isTTY ? setInterval(show, PROGRESS_MS) : null;
  try {
    await Promise.all(lanesOf(lines).map(async (lane) => {
      for (const batch of batchesOf(lane)) {
        const { refused, why } = await send(batch);
        state.sent += batch.length; state.refused += refused; state.why ||= why;
      }
    }));
  } finally {
    clearInterval(timer);
    if (timer) process.stderr.write("\r\x1b[K");
  }
  console.log(`${state.sent} events sent, ${state.refused} rejected, ${Math.round(state.sent / seconds())} events/s, ${seconds().toFixed(1)} s${state.again ? `, ${state.again} sent again` : ""}`);
  if (state.refused) console.error(`first reason: ${state.why}`);
  process.exitCode = state.refused ? 1 : 0;
}
await run().catch((error) => { console.error(error.message); process.exitCode = 1; }).finally(() => agent.destroy());
