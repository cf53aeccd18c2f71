/*
 * server.mjs: a real server for a story: a data folder of its own under the temporary folder, a free port, and a plain way to talk to it.
 *
 * A server is started, stopped, killed and started again on the same port and folder, as in life. Every request here uses a connection of
 * its own unless an agent is given, so that no test lives on another's connection. ATTUNE_BINARY names another binary, such as one built
 * with sanitizers; SLOWER stretches what waits for time.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const binary = process.env.ATTUNE_BINARY ?? join(root, "build/attune");
export const DAY = 24 * 3600 * 1000;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const uuid = randomUUID;
export const iso = (ms) => new Date(ms).toISOString();

const started = new Set();
process.on("exit", () => { for (const server of started) { server.child?.kill("SIGKILL"); rmSync(server.folder, { recursive: true, force: true }); } });

/* A verb of the program, run to its end. */
export function attune(...args) {
  const run = spawnSync(binary, args, { encoding: "utf8", timeout: 60000 });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/* The YAML files of a folder, as POST /v1/configuration takes them. */
export const configurationOf = (folder) =>
  readdirSync(folder).filter((name) => name.endsWith(".yaml")).sort().map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));

export class Server {
  /* settings: of `attune serve`. env: more of the environment; FOLDER in a value is the data folder. parent: where that is made. files: the
   * configuration to begin with; Harbour's unless told otherwise. */
  static async start({ settings = {}, env = {}, parent = tmpdir(), files = configurationOf(join(root, "demo/harbour")) } = {}) {
    const server = new Server();
    server.folder = mkdtempSync(join(parent, "attune-story-"));
    server.settings = settings;
    server.env = env;
    started.add(server);
    const made = attune("init", server.folder, "--json");
    assert.equal(made.code, 0, made.err);
    const keys = JSON.parse(made.out);
    Object.assign(server, { secret: keys.secret_key, write: keys.write_key, signing: keys.signing_secret, setup: keys.setup_token, port: 0 });
    await server.up();
    if (files.length) await server.post("/v1/configuration", { files }).then(ok);
    return server;
  }

  /* Start the program on the folder; again on the same port once it has one. */
  async up() {
    const settings = { "log-segment-mb": 8, "disk-reserve-mb": 8, port: this.port, ...this.settings };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.log = "";
    this.child = spawn(binary, ["serve", this.folder, ...flags], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...Object.fromEntries(Object.entries(this.env).map(([name, value]) => [name, value.replace("FOLDER", this.folder)])) } });
    this.exited = new Promise((done) => this.child.once("exit", (code, signal) => done({ code, signal })));
    const listening = new Promise((done, fail) => {
      const read = (chunk) => {
        this.log += chunk;
        const at = this.log.match(/Listening on http:\/\/127\.0\.0\.1:(\d+)/);
        if (at) done(Number(at[1]));
      };
      this.child.stdout.on("data", read);
      this.child.stderr.on("data", read);
      this.exited.then(({ code, signal }) => fail(new Error(`the server did not start (${code ?? signal}): ${this.log.slice(-2000)}`)));
    });
    this.port = await listening;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /* kill -9: nothing may be said goodbye to. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.exited;
    this.child = null;
  }

  /* Ask it to stop, and say how it went: it must have ended by itself, well. */
  async stop() {
    this.child.kill("SIGTERM");
    const end = await this.exited;
    this.child = null;
    assert.deepEqual(end, { code: 0, signal: null }, `the server did not stop cleanly: ${this.log.slice(-3000)}`);
  }

  async restart() {
    if (this.child) await this.stop();
    await this.up();
  }

  /* The end of a story. A sanitizer's complaint makes the exit status not zero. */
  async end() {
    if (this.child) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    started.delete(this);
  }

  /* One request. key: null sends none. body: an object is sent as JSON, a string or Buffer as it is. */
  request(method, path, body, { key = this.secret, headers = {}, agent = false } = {}) {
    const bytes = body === undefined ? null : Buffer.isBuffer(body) || typeof body === "string" ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    const all = { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...(bytes ? { "Content-Type": "application/json", "Content-Length": bytes.length } : {}), ...headers };
    return new Promise((done, fail) => {
      const call = http.request({ host: "127.0.0.1", port: this.port, method, path, headers: all, agent, timeout: 60000 }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          const bytes = Buffer.concat(parts), text = bytes.toString();
          done({ status: answer.statusCode, headers: answer.headers, bytes, text, body: answer.headers["content-type"]?.includes("json") && text ? JSON.parse(text) : null });
        });
      });
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer within a minute`)));
      call.on("error", fail);
      call.end(bytes);
    });
  }
  get(path, options) { return this.request("GET", path, undefined, options); }
  post(path, body, options) { return this.request("POST", path, body, options); }
  put(path, body, options) { return this.request("PUT", path, body, options); }
  delete(path, options) { return this.request("DELETE", path, undefined, options); }

  /* Send events in a batch; the body of the answer. */
  async send(events, options) { return ok(await this.post("/v1/batch", { batch: events }, options)); }
  async card(identifier) { return ok(await this.get(`/v1/customers?identifier=${encodeURIComponent(identifier)}`)); }
  async decide(identifier, surface, more = {}, options) {
    return ok(await this.post("/v1/decide", { customer: { identifier }, surface, ...more }, options));
  }

  /* The whole timeline of a customer, newest first, page by page. */
  async timeline(cid) {
    const events = [];
    for (let before = ""; before !== null;) {
      const page = ok(await this.get(`/v1/customers/${cid}/timeline?n=1000${before ? `&before=${before}` : ""}`));
      events.push(...page.events);
      before = page.next;
    }
    return events;
  }

  /* Every messageId in the timelines of all customers, and how often it is there. */
  async messages() {
    const counts = new Map();
    for (let after = "0"; after !== null;) {
      const page = ok(await this.get(`/v1/customers?n=200&after=${after}`));
      for (const row of page.customers)
        for (const event of await this.timeline(row.cid))
          if (event.messageId) counts.set(event.messageId, (counts.get(event.messageId) ?? 0) + 1);
      after = page.next;
    }
    return counts;
  }

  /* A customer token, as a company's backend signs it. */
  token(subject, { expires = Date.now() / 1000 + 600, alg = "HS256", secret = this.signing, claims = {} } = {}) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg, typ: "JWT" })}.${part({ sub: subject, exp: Math.floor(expires), jti: uuid(), ...claims })}`;
    return `${signed}.${alg === "none" ? "" : createHmac("sha256", secret).update(signed).digest("base64url")}`;
  }

  /* A raw connection: write what you like; all it answered until it was closed, or until @wait ms of nothing. */
  raw(parts, { wait = 1000, pause = 0, half = false } = {}) {
    return new Promise((done) => {
      const begun = Date.now();
      const socket = net.connect(this.port, "127.0.0.1");
      let text = "", over = false;
      const end = (closed) => { if (over) return; over = true; socket.destroy(); done({ text, closed, ms: Date.now() - begun, status: Number(text.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0) }); };
      socket.setTimeout(wait, () => end(false));
      socket.on("data", (chunk) => { text += chunk.toString("latin1"); });
      socket.on("error", () => end(true));
      socket.on("close", () => end(true));
      socket.on("connect", async () => {
        for (const part of [parts].flat()) {
          if (over) return;
          socket.write(part);
          if (pause) await sleep(pause);
        }
        if (half) socket.end();
      });
    });
  }
}

/* The body of an answer that must be good. */
export function ok(answer) {
  assert.equal(answer.status, 200, `${answer.status} ${answer.text}`);
  return answer.body;
}

/* An answer that must be an error: its status, its stable code, and a message that says something. */
export function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body?.code, code, answer.text);
  assert.ok(answer.body.message.length >= 20 && answer.body.message.includes(" "), `the message says something: ${answer.text}`);
  return answer.body;
}

/* Wait until @truth holds; @says what did not come true. */
export async function until(truth, says, ms = 10000) {
  for (const end = Date.now() + ms; ;) {
    const value = await truth();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${says}`);
    await sleep(20);
  }
}

/* Events as an SDK would send them. */
export const track = (who, event, properties = {}, more = {}) => ({ type: "track", messageId: uuid(), event, properties, ...who, ...more });
export const identify = (who, traits = {}, more = {}) => ({ type: "identify", messageId: uuid(), traits, ...who, ...more });
export const identifiersOf = (card) => card.identifiers.map(({ type, value }) => `${type}:${value}`).sort();
