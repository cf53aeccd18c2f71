/*
 * portal.test.mjs: the customer's own page against a real server: what it shows, what its forms change, and what it refuses.
 *
 * `node --test test/story/portal.test.mjs`. ATTUNE_BINARY names the program; without it, build/attune.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server } from "./server.mjs";
import { fields } from "./visit.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const attune = process.env.ATTUNE_BINARY ?? join(root, "build/attune");
const skip = existsSync(attune) ? false : `${attune} is not built`;
const folder = mkdtempSync(join(tmpdir(), "attune-portal-"));
const START_MS = 20_000, DAY = 86_400_000;
let base = "", keys = {}, server = null, cid = "";

function start() {
  server = spawn(attune, ["serve", folder, "--port", "0", "--harbour", "on"], { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error("the server did not start")), START_MS);
    let said = "";
    const hear = (part) => {
      said += part;
      const line = said.split("\n").find((l) => l.includes('"started"'));
      const found = line && /http:\/\/[^\s"]+/.exec(line);
      if (found) { clearTimeout(timer); done(found[0]); }
    };
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.on("exit", (code) => fail(new Error(`the server ended with ${code}: ${said}`)));
  });
}

/* No redirect is followed, and no header is added but Host: what a browser sends is said by each test. */
function send(method, path, { headers = {}, body } = {}) {
  return new Promise((done, fail) => {
    const asked = request(new URL(path, base), { method, headers: { ...headers, ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }) } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).on("error", fail).on("end", () => done({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() }));
    });
    asked.on("error", fail).end(body);
  });
}
async function api(method, path, value) {
  const answer = await send(method, path, { headers: { Authorization: `Bearer ${keys.secret_key}`, "Content-Type": "application/json" }, body: value === undefined ? undefined : JSON.stringify(value) });
  assert.ok(answer.status < 300, `${method} ${path} answered ${answer.status} ${answer.text}`);
  return answer.text ? JSON.parse(answer.text) : {};
}
const decide = (surface, context, user = "ana") => api("POST", "/v1/decide", { customer: { identifier: `user:${user}` }, surface, context });

function token(subject, { seconds = 3600, secret = keys.signing_secret } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: subject, exp: Math.floor(Date.now() / 1000) + seconds, jti: randomUUID() })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
async function enter(user = "ana") {
  const answer = await send("GET", `/me/enter?token=${token(`user:${user}`)}`);
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.location, "/me");
  return { Cookie: answer.headers["set-cookie"][0].split(";")[0] };
}
const page = async (session, path = "/me") => { const answer = await send("GET", path, { headers: session }); assert.equal(answer.status, 200, answer.text); return answer.text; };
const mark = (html) => /name="token" value="([^"]+)"/.exec(html)[1];
const words = (html) => html.replace(/<script[^]*?<\/script>/g, "").replace(/<[^>]*>/g, " ").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace(/\s+/g, " ");
async function post(session, action, fields, headers = {}) {
  const body = new URLSearchParams({ token: mark(await page(session)), ...fields }).toString();
  return send("POST", `/me/${action}`, { headers: { ...session, "Content-Type": "application/x-www-form-urlencoded", Origin: base, ...headers }, body });
}
/* What the form of a choice says of the words that stand there. */
const words_of = async (session) => fields(await page(session), "consent", `value="personalisation"`);
const changes = (html) => [...html.matchAll(/<li data-change="(u[0-9a-f]+)">([^]*?)<\/li>/g)].map(([, id, inner]) => ({ id, text: words(inner) }));

const nextFriday = () => { const d = new Date(); d.setUTCDate(d.getUTCDate() + ((5 - d.getUTCDay() + 7) % 7)); return `${d.toISOString().slice(0, 10)}T17:30:00.000Z`; };
/* Ana in small: agreed 200 days ago, 80 in a fifty, a twenty and a ten on every Friday since, screens in the app, an open bill. */
function history() {
  const events = [], now = Date.now(), agreed = now - 200 * DAY, at = (ms) => new Date(ms).toISOString(), app = { channel: "app", source: "app" };
  events.push({ type: "identify", userId: "ana", timestamp: at(now - 300 * DAY), traits: { name: "Ana Varga", email: "ana@mail.example", address: { street: "Lighthouse Road 4", city: "Northport" } }, context: { channel: "branch" } });
  events.push({ type: "identify", userId: "ben", timestamp: at(now - 300 * DAY), traits: { name: "Ben Okafor" }, context: { channel: "branch" } });
  for (let t = agreed + DAY; t < now - DAY / 2; t += DAY) {
    const day = new Date(t);
    if (day.getUTCDay() === 5) events.push({ type: "track", event: "Cash Withdrawn", userId: "ana", timestamp: `${at(t).slice(0, 10)}T17:30:00.000Z`, properties: { amount: 80, currency: "EUR", notes: [50, 20, 10] }, context: { channel: "machine" } });
    if (day.getUTCDay() % 3 === 0) events.push({ type: "screen", name: "share-prices", userId: "ana", timestamp: at(t), properties: {}, context: app });
    events.push({ type: "screen", name: "balance", userId: "ana", timestamp: at(t + 60_000), properties: {}, context: app });
  }
  events.push({ type: "track", event: "Bill Issued", userId: "ana", timestamp: at(now - 2 * DAY), properties: { bill_id: "b1", payee: "City power", amount: 64.2, currency: "EUR", due_date: at(now + 5 * DAY).slice(0, 10) }, context: { channel: "post" } });
  return { agreed, events: events.map((e, i) => ({ ...e, messageId: `portal-${i}` })) };
}

before(async () => {
  if (skip) return;
  keys = JSON.parse(execFileSync(attune, ["init", folder, "--json"], { encoding: "utf8" }));
  base = await start();
  execFileSync(attune, ["apply", join(root, "demo/harbour"), "--key", keys.secret_key, "--server", base]);
  const { events } = history();
  await api("POST", "/v1/import", { batch: events.slice(0, 2) });
  cid = (await api("GET", "/v1/customers?identifier=user:ana")).cid;
  await api("POST", `/v1/customers/${cid}/consents`, { purpose: "personalisation", answer: "yes", text: "x", channel: "app" });
  for (let i = 2; i < events.length; i += 300) await api("POST", "/v1/import", { batch: events.slice(i, i + 300) });
});
after(async () => {
  if (server) { const ended = new Promise((done) => server.once("exit", done)); server.removeAllListeners("exit"); server.once("exit", () => 0); server.kill("SIGTERM"); await Promise.race([ended, new Promise((r) => setTimeout(r, 5000).unref())]); server.kill("SIGKILL"); }
  rmSync(folder, { recursive: true, force: true });
});

test("nobody_gets_in_without_a_cookie_and_the_page_says_how", { skip }, async () => {
  const answer = await send("GET", "/me");
  assert.equal(answer.status, 403);
  assert.match(answer.headers["content-type"], /text\/html/);
  assert.match(answer.headers["content-security-policy"], /default-src 'none'; script-src 'self'/);
  assert.match(words(answer.text), /You get in by the link/);
  assert.ok(!answer.text.includes("Varga"));
});
test("a_token_that_is_forged_or_has_run_out_lets_nobody_in", { skip }, async () => {
  for (const bad of ["", "x.y.z", token("user:ana", { secret: "another" }), token("user:ana", { seconds: -5 })]) {
    const answer = await send("GET", `/me/enter?token=${bad}`);
    assert.equal(answer.status, 403, bad);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
  assert.equal((await send("GET", "/me", { headers: { Cookie: "attune_portal=nonsense" } })).status, 403);
});
test("the_cookie_is_read_by_no_script_and_sent_from_no_other_site", { skip }, async () => {
  const answer = await send("GET", `/me/enter?token=${token("user:ana")}`);
  assert.match(answer.headers["set-cookie"][0], /^attune_portal=.*HttpOnly; SameSite=Strict/);
});
test("the_demo_lets_its_people_in_and_nobody_else", { skip }, async () => {
  assert.equal((await send("GET", "/me/enter?person=ana")).status, 303);
  assert.equal((await send("GET", "/me/enter?person=mallory")).status, 403);
});
test("somebody_who_is_not_known_yet_is_told_so", { skip }, async () => {
  const answer = await send("GET", "/me", { headers: await enter("stranger") });
  assert.equal(answer.status, 404);
  assert.match(words(answer.text), /We know nothing about you yet/);
});
test("every_section_is_there_with_what_is_known", { skip }, async () => {
  const html = await page(await enter()), text = words(html);
  for (const question of ["What do you know about me?", "What have I agreed to?", "How would I like things?", "What stands on my menu?", "What can I undo?", "What is open?", "How do I take it with me?"])
    assert.ok(text.includes(question), question);
  assert.match(text, /Your address: Lighthouse Road 4, Northport From: .*since/);
  assert.match(text, /Your customer number: ana/);
  assert.match(text, /You took 80 (on )?\d+ of the last \d+ \w+[^.]*\. guess/);
  assert.match(text, /because you agreed on \d+ \w+ \d{4} to “Remember how I do things”/);
  assert.match(text, /Nothing is used for “Tell me about offers”: you have not agreed/);
  assert.match(text, /From: accounts and cards, purchases\. Also seen by: our mail house\. Kept for one year\./);
  assert.match(text, /Kept for two years\. Done by machines alone; you can always ask a person\./);
  assert.match(text, /Bill: City power, 64\.20 EUR/);
  assert.match(text, /You said yes to “Remember how I do things”\./);
  assert.match(html, /href="\/me\/export"/);
  assert.ok(!/\son[a-z]+=|\sstyle=|<style|javascript:/.test(html), "something the policy would refuse");
});
test("of_somebody_who_agreed_to_nothing_nothing_is_guessed", { skip }, async () => {
  const text = words(await page(await enter("ben")));
  assert.match(text, /We guess nothing about you/);
  assert.ok(!text.includes("Varga") && !text.includes("City power"), "another customer's facts");
  assert.ok(!text.includes("Stop all marketing"));
});
test("nothing_is_chosen_before_the_customer_chooses", { skip }, async () => {
  const html = await page(await enter("ben"));
  assert.ok(!html.includes('aria-checked="true"'));
  assert.ok(!/name="mode"[^>]*checked/.test(html));
  assert.ok(!/type="checkbox"[^>]*checked/.test(html));
});
test("a_yes_and_a_no_by_form_are_seen_by_the_next_decision", { skip }, async () => {
  const ben = await enter("ben");
  assert.ok((await decide("machine-withdrawal", {}, "ben")).withheld.length > 0);
  const yes = await post(ben, "consent", { ...(await words_of(ben)), answer: "yes" });
  assert.equal(yes.status, 303);
  assert.match(yes.headers.location, /^\/me\?done=yes&undo=u[0-9a-f]+#choices$/);
  assert.deepEqual((await decide("machine-withdrawal", {}, "ben")).withheld, []);
  assert.match(words(await page(ben, yes.headers.location.split("#")[0])), /Done: it is on\. Undo/);
  assert.equal((await post(ben, "consent", { ...(await words_of(ben)), answer: "no" })).headers.location.split("&")[0], "/me?done=no");
  assert.ok((await decide("machine-withdrawal", {}, "ben")).withheld.length > 0);
  assert.equal((await post(ben, "consent", { ...(await words_of(ben)), version: "0", answer: "yes" })).status, 409, "a yes to words that are no longer in force");
});
test("one_button_stops_all_marketing_and_personalisation_and_one_touch_undoes_it", { skip }, async () => {
  const ana = await enter(), now = nextFriday();
  assert.equal((await decide("machine-withdrawal", { now })).options[0].value, 80);
  const stopped = (await post(ana, "consent", { all: "no" })).headers.location;
  assert.match(stopped, /^\/me\?done=stopped&undo=u[0-9a-f]+#choices$/);
  const plain = await decide("machine-withdrawal", { now });
  assert.equal(plain.guess, false);
  assert.deepEqual(plain.options.map((o) => o.value), [20, 50, 100, 200]);
  const html = await page(ana);
  assert.match(words(html), /We guess nothing about you/);
  const nos = changes(html).filter((c) => c.text.includes("You said no to"));
  assert.deepEqual(nos.map((c) => /“(.*?)”/.exec(c.text)[1]).sort(), ["Remember how I do things", "Tell me about offers"], "every purpose of the two classes, and no other");
  assert.equal((await post(ana, "undo", { undo: /undo=(u[0-9a-f]+)/.exec(stopped)[1] })).headers.location, "/me?done=undone#undo");
  assert.equal((await decide("machine-withdrawal", { now })).options[0].value, 80);
  for (const no of nos) assert.match(changes(await page(ana)).find((c) => c.id === no.id).text, /Undone/);
});
test("one_touch_restricts_all_use_to_the_service_and_lifts_it", { skip }, async () => {
  const ana = await enter(), now = nextFriday();
  assert.match((await post(ana, "restrict", { restricted: "yes" })).headers.location, /^\/me\?done=restricted&undo=u[0-9a-f]+#choices$/);
  const plain = await decide("machine-withdrawal", { now });
  assert.deepEqual([plain.guess, plain.ask], [false, null]);
  assert.match(plain.why, /restricted the use of your data/);
  assert.match(words(await page(ana)), /We guess nothing about you/);
  assert.ok(changes(await page(ana)).some((c) => c.text.includes("Your data used for nothing but the service itself.")), "it can be undone, as everything");
  assert.match((await post(ana, "restrict", { restricted: "no" })).headers.location, /^\/me\?done=lifted&undo=/);
  assert.equal((await decide("machine-withdrawal", { now })).options[0].value, 80);
  assert.equal((await post(ana, "restrict", { restricted: "perhaps" })).status, 400);
});
test("what_one_wants_to_hear_about_is_a_wish_and_no_consent", { skip }, async () => {
  const ana = await enter(), before = (await api("GET", `/v1/customers/${cid}`)).consents;
  assert.ok(!/<option[^>]*selected[^>]*>(yes, please|no, thank you)/.test(await page(ana)), "nothing is wished beforehand");
  const done = (await post(ana, "contact", { "contact.email.tips": "no", "contact.post.tips": "yes" })).headers.location;
  assert.match(done, /^\/me\?done=contact&undo=u[0-9a-f]+#contact$/);
  const card = await api("GET", `/v1/customers/${cid}`), stated = Object.fromEntries(card.preferences.map((p) => [p.name, p.value]));
  assert.deepEqual([stated["contact.email.tips"], stated["contact.post.tips"]], ["no", "yes"]);
  assert.deepEqual(card.consents, before, "no consent comes of it");
  assert.match(words(await page(ana)), /Tips for everyday banking by e-mail: no, thank you/);
  assert.equal((await post(ana, "contact", { "contact.email.tips": "always" })).status, 400);
  assert.equal((await post(ana, "contact", { "contact.email.tips": "no" })).headers.location, "/me?done=same-contact#contact");
  await post(ana, "undo", { undo: /undo=(u[0-9a-f]+)/.exec(done)[1] });
  assert.ok(!(await api("GET", `/v1/customers/${cid}`)).preferences.some((p) => p.name === "contact.email.tips"));
});
test("what_is_stated_once_is_honoured_and_taken_back", { skip }, async () => {
  const ana = await enter(), now = nextFriday();
  const done = await post(ana, "way", { "cash.notes": "20", "cash.receipt": "no", "post.day": "3", "contact.after": "18:00" });
  assert.match(done.headers.location, /^\/me\?done=way&undo=u/);
  const decision = await decide("machine-withdrawal", { now });
  assert.deepEqual(decision.options[0].with.notes, [20, 20, 20, 20]);
  assert.equal(decision.preferences["cash.receipt"], "no");
  const card = await api("GET", `/v1/customers/${cid}`), stated = Object.fromEntries(card.preferences.map((p) => [p.name, p.value]));
  assert.equal(stated["post.day"], 3);
  assert.equal(stated["contact.after"], "18:00");
  assert.match(words(await page(ana)), /Notes from the machine: twenties only/);
  assert.equal((await post(ana, "way", { "cash.notes": "20" })).headers.location, "/me?done=same-way#way");
  assert.equal((await post(ana, "way", { "cash.notes": "" })).status, 303);
  assert.deepEqual((await decide("machine-withdrawal", { now })).options[0].with.notes, [50, 20, 10]);
  for (const wrong of [{ "post.day": "31" }, { "cash.notes": "7" }, { "contact.after": "25:00" }, { language: "<b>" }])
    assert.equal((await post(ana, "way", wrong)).status, 400, JSON.stringify(wrong));
});
test("needs_are_applied_to_the_page_itself", { skip }, async () => {
  const ben = await enter("ben");
  await post(ben, "way", { boxes: "here", "accessibility.text": "huge", "accessibility.contrast": "high" });
  assert.match(await page(ben), /<html lang="en" data-text="huge" data-contrast="high">/);
  assert.equal((await decide("machine-withdrawal", {}, "ben")).accessibility.text, "huge");
  await post(ben, "way", { boxes: "here", "accessibility.contrast": "high" });
  assert.match(await page(ben), /<html lang="en" data-contrast="high">/);
});
/* The disk is full from the 400th write on: the first form after it waits in vain, the next is refused at once. */
const faults = join(dirname(attune), "test/fault/libfaults.so");
test("a_form_that_cannot_be_kept_is_answered_with_a_page_that_says_so", { skip: skip || (existsSync(faults) ? false : `${faults} is not built`) }, async () => {
  const full = await Server.start({ env: { LD_PRELOAD: faults, FAULT_FOLDER: "FOLDER", FAULT_FULL: "400,60000", ASAN_OPTIONS: "verify_asan_link_order=0" } });
  const usual = base;
  try {
    await full.send([{ type: "identify", messageId: "full-1", userId: "ana", traits: { name: "Ana" } }]);
    base = full.url;
    const entered = await send("GET", `/me/enter?token=${full.token("user:ana")}`);
    const ana = { Cookie: entered.headers["set-cookie"][0].split(";")[0] }, answers = [];
    for (let i = 0; i < 900 && answers.length < 2; i++) {
      const answer = await post(ana, "menu", { surface: "app-home", mode: i % 2 ? "ask" : "no" });
      if (answer.status !== 303) answers.push(answer);
    }
    assert.equal(answers.length, 2, "the disk was full in time");
    for (const answer of answers) {
      assert.equal(answer.status, 503);
      assert.match(answer.headers["content-type"], /^text\/html/);
      assert.equal(answer.headers.location, undefined, "and leads nowhere by itself");
      assert.match(answer.headers["content-security-policy"], /default-src 'none'/);
      assert.match(answer.text, /portal[^"]*\.css/, "in the looks of the page");
      assert.match(answer.text, /<a href="\/me">Back to your page<\/a>/);
    }
    assert.match(words(answers[0].text), /We do not know yet whether this was kept\. .*make it again/);
    assert.match(words(answers[1].text), /could not be kept just now\. Nothing was changed\. Try again in a moment\./);
  } finally {
    base = usual;
    await full.kill();
    await full.end();
  }
});
test("a_menu_put_in_order_and_undone_is_the_same_to_the_byte", { skip }, async () => {
  const ana = await enter(), menu = async () => JSON.stringify((await decide("app-home", {})).menu), before_ = await menu();
  const moved = await post(ana, "menu", { surface: "app-home", option: "cards", move: "first" });
  const undo = /undo=(u[0-9a-f]+)/.exec(moved.headers.location)[1];
  assert.equal(JSON.parse(await menu()).home[0].option, "cards");
  assert.deepEqual(JSON.parse(await menu()).home.filter((h) => h.pinned).map((h) => h.option), ["cards"], "what she put there stays; the rest may follow its use");
  await post(ana, "undo", { undo });
  assert.equal(await menu(), before_);
  const away = await post(ana, "menu", { surface: "app-home", option: "loans", move: "more" });
  assert.ok(JSON.parse(await menu()).more.some((m) => m.option === "loans"));
  await post(ana, "menu", { surface: "app-home", option: "loans", move: "home" });
  assert.ok(JSON.parse(await menu()).home.some((m) => m.option === "loans"));
  await post(ana, "menu", { surface: "app-home", option: "transfer", move: "up" });
  assert.equal(JSON.parse(await menu()).home[0].option, "transfer");
  await post(ana, "menu", { surface: "app-home", mode: "do" });
  assert.equal(JSON.parse(await menu()).mode, "do");
  for (const { id } of changes(await page(ana)).filter((c) => !c.text.includes("Undone") && /Menu|menu|moved|brought/.test(c.text))) await post(ana, "undo", { undo: id });
  assert.equal(await menu(), before_);
  assert.ok(away.headers.location.endsWith("#menu"));
  for (const wrong of [{ option: "support", move: "more" }, { option: "balance", move: "first" }, { option: "nothing", move: "up" }, { option: "cards", move: "sideways" }, { mode: "maybe" }])
    assert.equal((await post(ana, "menu", { surface: "app-home", ...wrong })).status, 400, JSON.stringify(wrong));
});
test("an_order_taken_back_leaves_what_was_moved_otherwise", { skip }, async () => {
  const ana = await enter(), menu = async () => (await decide("app-home", {})).menu, first = (await menu()).home.map((h) => h.option);
  await post(ana, "menu", { surface: "app-home", option: "loans", move: "more" });
  await post(ana, "menu", { surface: "app-home", option: "cards", move: "first" });
  await post(ana, "menu", { surface: "app-home", option: "pay-bill", move: "first" });
  await api("POST", `/v1/customers/${cid}/preferences`, { set: { "menu.app-home.order": null }, channel: "app" });
  assert.deepEqual((await menu()).home.map((h) => h.option), first.filter((o) => o !== "loans"));
  await post(ana, "menu", { surface: "app-home", option: "loans", move: "home" });
});
test("text_from_outside_is_only_ever_text", { skip }, async () => {
  const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
  await api("POST", "/v1/import", { batch: [
    { type: "identify", userId: "eve", messageId: "x1", timestamp: new Date().toISOString(), traits: { name: evil, [evil]: evil, nested: { a: [evil] } }, context: { channel: "web" } },
    { type: "track", event: "Bill Issued", userId: "eve", messageId: "x2", timestamp: new Date().toISOString(), properties: { bill_id: evil, payee: evil, amount: 1, currency: "<b>" }, context: {} }] });
  const { cid: eve } = await api("GET", "/v1/customers?identifier=user:eve");
  await api("POST", `/v1/customers/${eve}/preferences`, { set: { [evil]: evil, "cash.receipt": evil, "cash.notes": evil }, channel: "web" });
  const html = await page(await enter("eve"), `/me?done=${encodeURIComponent(evil)}&undo=${encodeURIComponent(evil)}`);
  assert.equal(html.match(/<script/g).length, 1, "the page's own script, and no other");
  assert.ok(!/<img|<b>/.test(html.replace(/<img class="logo" src="\/me\/brand\/logo\?v=[0-9a-f]{8}" alt="">/, "")), "no picture but the company's own");
  assert.ok(!/<[a-z][^>]*\sonerror/i.test(html.replace(/"[^"]*"/g, '""')), "an attribute from outside");
  assert.ok(html.includes("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "the text is shown as text");
});
test("a_post_from_elsewhere_changes_nothing", { skip }, async () => {
  const ana = await enter(), fields = { "cash.receipt": "yes" }, receipt = async () => (await decide("machine-withdrawal", {})).preferences["cash.receipt"], was = await receipt();
  for (const Origin of ["http://evil.example", "null", `${base}.evil.example`])
    assert.equal((await post(ana, "way", fields, { Origin })).status, 403, Origin);
  assert.equal((await post(ana, "way", { ...fields, token: "" })).status, 403, "no mark");
  assert.equal((await post(ana, "way", { ...fields, token: mark(await page(await enter("ben"))) })).status, 403, "the mark of another session");
  assert.equal((await send("POST", "/me/way", { body: "cash.receipt=yes" })).status, 403, "no cookie");
  assert.equal(await receipt(), was);
});
test("nobody_undoes_what_another_did", { skip }, async () => {
  const ana = await enter(), done = await post(ana, "way", { "post.day": "9" }), undo = /undo=(u[0-9a-f]+)/.exec(done.headers.location)[1];
  assert.equal((await post(await enter("ben"), "undo", { undo })).status, 404);
  for (const wrong of ["", "u0", "uzz", "e1"]) assert.ok((await post(ana, "undo", { undo: wrong })).status >= 400, wrong);
});
test("an_action_that_is_none_is_refused_in_plain_words", { skip }, async () => {
  const answer = await post(await enter(), "dance", {});
  assert.equal(answer.status, 404);
  assert.match(words(answer.text), /There is no such thing to do/);
});
test("the_copy_is_the_customers_own_export", { skip }, async () => {
  const answer = await send("GET", "/me/export?format=json", { headers: await enter() });
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-disposition"], /attachment/);
  const copy = JSON.parse(answer.text);
  assert.equal(copy.customer.cid, cid);
  assert.ok(copy.events.length > 200);
  assert.equal((await send("GET", "/me/export")).status, 403);
});
test("who_leaves_is_out", { skip }, async () => {
  const answer = await post(await enter(), "leave", {});
  assert.equal(answer.status, 303);
  assert.match(answer.headers["set-cookie"][0], /^attune_portal=;.*Max-Age=0/);
});
