/* server.mjs: the server under check, over HTTP: the calls that the steps make, and nothing clever. */
import { Agent, request } from "node:http";
import { execFile } from "node:child_process";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/* A check that fails says what was seen. */
export class Wrong extends Error {}
export function expect(condition, why) { if (!condition) throw new Wrong(why); }
export const show = (value) => { const text = JSON.stringify(value) ?? "nothing"; return text.length > 160 ? `${text.slice(0, 160)}…` : text; };

export class Server {
  constructor(base, key) {
    this.base = base.replace(/\/$/, ""); this.key = key; this.agent = new Agent({ keepAlive: true, maxSockets: 16 });
  }

  raw(method, path, body, headers = {}) {
    const data = body === undefined ? null : Buffer.from(JSON.stringify(body));
    return new Promise((done, fail) => {
      const asked = request(new URL(path, this.base), { method, agent: this.agent, timeout: 10_000, headers: {
        Authorization: `Bearer ${this.key}`, ...(data ? { "Content-Type": "application/json", "Content-Length": data.length } : {}), ...headers } }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part)).on("error", fail).on("end", () => done({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() }));
      });
      asked.on("timeout", () => asked.destroy(new Error("no answer within 10 s"))).on("error", fail).end(data ?? undefined);
    });
  }

  async call(method, path, body, headers) {
    const answer = await this.raw(method, path, body, headers);
    if (answer.status < 200 || answer.status > 299) throw new Wrong(`${method} ${path} answered ${answer.status} ${answer.text.slice(0, 160)}`);
    return answer.text ? JSON.parse(answer.text) : {};
  }

  decide(identifier, surface, channel, context) { return this.call("POST", "/v1/decide", { customer: { identifier }, surface, channel, ...(context ? { context } : {}) }); }
  machine(identifier, now) { return this.decide(identifier, "machine-withdrawal", "machine", { touchpoint: "machine-withdrawal", ...(now ? { now } : {}) }); }
  menu(identifier, channel = "app") { return this.decide(identifier, "app-home", channel); }
  card(identifier) { return this.call("GET", `/v1/customers?identifier=${encodeURIComponent(identifier)}`); }
  prefer(cid, set, channel) { return this.call("POST", `/v1/customers/${cid}/preferences`, { set, channel }); }
  undo(cid, undo) { return this.call("POST", `/v1/customers/${cid}/undo`, { undo }); }
  session(person) { return this.call("POST", "/harbour/session", { person }); }
  total() { return this.call("GET", "/v1/customers?n=1").then((list) => list.total); }
  track(userId, event, properties, context) {
    return this.call("POST", "/v1/track", { type: "track", userId, event, properties, context, messageId: `check-${process.pid}-${++this.sent}`, timestamp: new Date().toISOString() });
  }
  sent = 0;

  /* The cid of whoever has @identifier; null when nobody has it. */
  async cidOf(identifier) {
    const answer = await this.raw("GET", `/v1/customers?identifier=${encodeURIComponent(identifier)}`);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new Wrong(`GET /v1/customers answered ${answer.status} ${answer.text.slice(0, 160)}`);
    return JSON.parse(answer.text).cid ?? null;
  }

  async ready(ms = 30_000) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(100))
      if (await this.raw("GET", "/readyz").then((a) => a.status === 200, () => false)) return;
    throw new Wrong(`the server is not ready after ${ms / 1000} s`);
  }

  restart(command) {
    return new Promise((done, fail) => execFile("/bin/sh", ["-c", command], { timeout: 120_000 }, (error, _, said) => error ? fail(new Wrong(`--restart failed: ${error.message} ${said.slice(0, 160)}`)) : done()));
  }

  close() { this.agent.destroy(); }
}

/* @work for each item, @width at a time. */
export async function each(items, width, work) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => { while (next < items.length) { const i = next++; await work(items[i], i); } }));
}
