/* The SDKs that companies have already work unchanged: Segment's for Node and Segment's for browsers, as they are published. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { identifiersOf, root, Server, until } from "./server.mjs";

const chromium = "/usr/bin/chromium";
const flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/* What is installed, by name; null when it is not. */
function installed(folder, name) {
  try { return createRequire(join(root, folder, "package.json"))(name); } catch { return null; }
}
const node = installed("test", "@segment/analytics-node");
const esbuild = installed("web", "esbuild");
const playwright = installed("test", "playwright-core");
const withoutNode = node ? false : "@segment/analytics-node is not installed: npm ci in test/";
const withoutBrowser = !existsSync(chromium) ? "there is no Chromium" : !esbuild ? "esbuild is not installed: npm ci in web/" :
  !playwright ? "playwright-core is not installed: npm ci in test/" : !installed("test", "@segment/analytics-next/package.json") ? "@segment/analytics-next is not installed: npm ci in test/" : false;

describe("Segment's SDK for Node", { skip: withoutNode }, () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  /* A client whose every error is remembered, and which keeps the messageIds of all that it took. */
  const client = (writeKey, more = {}) => {
    const analytics = new node.Analytics({ host: server.url, writeKey, flushAt: 5, flushInterval: 200, ...more });
    const mine = { analytics, taken: [], errors: [] };
    analytics.on("error", (error) => mine.errors.push(error));
    for (const call of ["identify", "track", "page", "screen", "group", "alias"]) analytics.on(call, (event) => mine.taken.push(event.event ?? call));
    return mine;
  };

  test("every call of the SDK with the secret key arrives as what it is", async () => {
    const { analytics, errors } = client(server.secret);
    analytics.identify({ userId: "sdk-ana", anonymousId: "sdk-browser", traits: { email: "Sdk.Ana@example.org", firstName: "Ana", lastName: "Silva" } });
    analytics.track({ userId: "sdk-ana", event: "Cash Withdrawn", properties: { amount: 80, notes: [50, 20, 10] }, context: { channel: "machine" } });
    analytics.page({ userId: "sdk-ana", name: "Bills" });
    analytics.screen({ userId: "sdk-ana", name: "home" });
    analytics.group({ userId: "sdk-ana", groupId: "household-7", traits: { name: "Silva" } });
    analytics.alias({ userId: "sdk-ana", previousId: "sdk-old-ana" });
    await analytics.flush({ close: true });
    assert.deepEqual(errors, []);
    const card = await server.card("user:sdk-ana");
    assert.equal(card.name, "Ana Silva");
    assert.deepEqual(identifiersOf(card), ["anonymous:sdk-browser", "anonymous:sdk-old-ana", "email:sdk.ana@example.org", "user:sdk-ana"]);
    const events = await server.timeline(card.cid);
    const calls = events.filter((event) => event.messageId).map((event) => [event.kind, event.name]).sort();
    assert.deepEqual(calls, [["alias", ""], ["group", ""], ["identify", ""], ["page", "Bills"], ["screen", "home"], ["track", "Cash Withdrawn"]]);
    assert.deepEqual(events.find((event) => event.name === "Cash Withdrawn").properties, { amount: 80, notes: [50, 20, 10] });
    assert.equal(events.find((event) => event.name === "Cash Withdrawn").channel, "machine");
  });

  test("with the write key the SDK collects, and what it says of identity stays a claim", async () => {
    const { analytics, errors } = client(server.write);
    analytics.identify({ userId: "sdk-ana", anonymousId: "sdk-stranger", traits: { email: "sdk.ana@example.org" } });
    analytics.track({ anonymousId: "sdk-stranger", event: "Product Viewed", properties: { sku: "kettle" } });
    await analytics.flush({ close: true });
    assert.deepEqual(errors, []);
    const stranger = await server.card("anonymous:sdk-stranger");
    assert.deepEqual(identifiersOf(stranger), ["anonymous:sdk-stranger"]);
    assert.notEqual(stranger.cid, (await server.card("user:sdk-ana")).cid);
    assert.equal((await server.timeline(stranger.cid)).filter((event) => event.messageId).length, 2);
  });

  test("batches of the SDK lose nothing and double nothing when the server is killed in the middle", async () => {
    const { analytics, errors } = client(server.secret, { flushAt: 10, maxRetries: 20 });
    const sent = new Set();
    analytics.on("http_request", ({ body }) => { for (const event of (typeof body === "string" ? JSON.parse(body) : body).batch) sent.add(event.messageId); });
    let delivered = 0;
    const note = (error) => { if (!error) delivered++; };
    for (let i = 0; i < 300; i++) {
      analytics.track({ userId: `sdk-crowd-${i % 7}`, event: "Counted", properties: { i } }, note);
      if (i % 10 === 0) await new Promise((done) => setTimeout(done, 5));
      if (i === 150) { await server.kill(); setTimeout(() => server.up(), 300); }
    }
    await analytics.flush({ close: true, timeout: 60000 });
    assert.deepEqual(errors, []);
    assert.equal(delivered, 300);
    assert.equal(sent.size, 300);
    const counts = await server.messages();
    for (const id of sent) assert.equal(counts.get(id), 1, `${id} is there once`);
  });

  test("a 429 tells the SDK how long to wait, and the SDK then delivers everything", async () => {
    const crowded = await Server.start({ settings: { "new-customers-a-minute": 3 } });
    try {
      const events = [...Array(6)].map((_, i) => ({ type: "track", event: "Seen", anonymousId: `crowd-${i}`, messageId: `crowd-${i}` }));
      const answer = await crowded.post("/v1/batch", { batch: events }, { key: crowded.write });
      assert.equal(answer.status, 429, answer.text);
      assert.match(answer.headers["retry-after"], /^[1-9]\d*$/, "whole seconds");
      assert.ok(answer.body.code && answer.body.message);
      const analytics = new node.Analytics({ host: crowded.url, writeKey: crowded.write, flushAt: 1 });
      const waited = [];
      analytics.on("http_response", ({ status }) => waited.push(status));
      analytics.track({ anonymousId: "crowd-9", event: "Seen" });
      await until(() => waited.length >= 1, "the SDK was answered 429");
      assert.equal(waited[0], 429);
      await crowded.stop();
      crowded.settings["new-customers-a-minute"] = 1000;
      await crowded.up();
      await analytics.flush({ close: true, timeout: 30000 });
      assert.equal((await crowded.timeline((await crowded.card("anonymous:crowd-9")).cid)).filter((event) => event.name === "Seen").length, 1);
    } finally { await crowded.end(); }
  });
});

describe("Segment's SDK for browsers, in a page of another origin", { skip: withoutBrowser }, () => {
  let server, browser, folder, site, page, origin;
  before(async () => {
    server = await Server.start();
    folder = mkdtempSync(join(tmpdir(), "attune-sdk-page-"));
    writeFileSync(join(folder, "page.js"), `
      import { AnalyticsBrowser } from "@segment/analytics-next";
      const { server, key } = window.story;
      window.analytics = AnalyticsBrowser.load({ writeKey: key, cdnURL: server }, { integrations: { "Segment.io": { apiHost: server.replace("http://", "") + "/v1", protocol: "http", ...(window.story.segment ?? {}) } } });
    `);
    await esbuild.build({ entryPoints: [join(folder, "page.js")], bundle: true, outfile: join(folder, "out.js"), nodePaths: [join(root, "test/node_modules")], define: { "process.env.NODE_ENV": '"production"' }, logLevel: "error" });
    site = http.createServer((request, answer) => {
      const script = request.url.startsWith("/out.js");
      answer.setHeader("Content-Type", script ? "text/javascript" : "text/html");
      answer.end(script ? readFileSync(join(folder, "out.js")) :
        `<!doctype html><title>Shop</title><script>window.story = ${JSON.stringify({ server: server.url, key: server.write })}</script><script src="/out.js"></script>`);
    });
    await new Promise((done) => site.listen(0, "127.0.0.1", done));
    origin = `http://localhost:${site.address().port}`;
    browser = await playwright.chromium.launch({ executablePath: chromium, args: flags });
    page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/`, { waitUntil: "load" });
  });
  after(async () => {
    await browser?.close();
    site?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
    await server?.end();
  });

  const anonymous = () => page.evaluate(async () => (await window.analytics.user()).anonymousId());
  const arrived = (id, name) => until(async () => {
    const found = await server.get(`/v1/customers?identifier=anonymous:${id}`);
    return found.status === 200 && (await server.timeline(found.body.cid)).find((event) => event.name === name || event.kind === name);
  }, `${name} arrived`);

  test("track, page and identify arrive, from the settings this server serves", async () => {
    await page.evaluate(async () => {
      await window.analytics.page("Checkout");
      await window.analytics.track("Product Added", { sku: "kettle", price: 24.5 });
      await window.analytics.identify("browser-ana", { email: "browser.ana@example.org" });
    });
    const id = await anonymous();
    assert.deepEqual((await arrived(id, "Product Added")).properties, { sku: "kettle", price: 24.5 });
    assert.equal((await arrived(id, "Checkout")).kind, "page");
    await arrived(id, "identify");
    assert.deepEqual(identifiersOf(await server.card(`anonymous:${id}`)), [`anonymous:${id}`], "a page's word joins nobody");
    assert.equal((await server.get("/v1/customers?identifier=user:browser-ana")).status, 404);
  });

  test("a page of another origin may send with headers of its own: the preflight is answered", async () => {
    const answered = await page.evaluate(async ({ server, key }) => {
      const answer = await fetch(`${server}/v1/t`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${key}:`)}`, "X-Retry-Count": "1" },
        body: JSON.stringify({ event: "Asked First", anonymousId: "preflight", messageId: "preflight-1" }) });
      return { status: answer.status, body: await answer.json() };
    }, { server: server.url, key: server.write });
    assert.deepEqual(answered, { status: 200, body: { success: true } });
    await arrived("preflight", "Asked First");
  });

  test("what was tracked while the server was dead arrives once when it is back", async () => {
    const id = await anonymous();
    await server.kill();
    await page.evaluate(() => { for (let i = 0; i < 5; i++) window.analytics.track("Kept", { i }); });
    await new Promise((done) => setTimeout(done, 300));
    await server.up();
    const cid = (await server.card(`anonymous:${id}`)).cid;
    await until(async () => (await server.timeline(cid)).filter((event) => event.name === "Kept").length >= 5, "all five arrived", 40000);
    const kept = (await server.timeline(cid)).filter((event) => event.name === "Kept").map((event) => event.properties.i).sort();
    assert.deepEqual(kept, [0, 1, 2, 3, 4]);
  });
});
