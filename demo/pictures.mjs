/*
 * pictures.mjs: the pictures of docs/tour.md, taken while the tour is walked in its order in the real pages.
 *
 * What one step changes the next one sees, as for somebody who follows the tour; run it on a fresh history (script/tour-pictures).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { read, refuse } from "./lib/arguments.mjs";
import { Browser } from "./lib/browser.mjs";
import { consolePage } from "./lib/console_steps.mjs";
import { small } from "./lib/picture.mjs";
import { Server, sleep } from "./lib/server.mjs";
import { at, takeCash } from "./lib/steps.mjs";
import { unzip } from "./lib/unzip.mjs";

const usage = "node demo/pictures.mjs --base URL --key SECRET_KEY --truth truth.json [--out docs/tour] [--only 02-usual]";
const given = read(usage, { base: "http://127.0.0.1:7300", key: process.env.ATTUNE_KEY ?? "", truth: "truth.json", out: "docs/tour", only: "" });
if (!given.key) refuse(usage, "--key is missing");

const machine = { size: { width: 960, height: 620 } }, phone = { size: { width: 390, height: 720 } }, column = { size: { width: 900, height: 700 } };
const SETTLED_MS = 300, MARGIN = 16, BYTES_MAX = 60 * 1024, DAYS = 366;
const { planted: [worst], named: { ana }, people } = JSON.parse(readFileSync(given.truth, "utf8"));
/* One of those behind the worst figure, the same at every run: who may be looked at, and did not take it back. */
const one = people.find((p) => worst.people.includes(p.id) && p.consented.analytics);
const server = new Server(given.base, given.key), browser = new Browser(given.base, given.key), tour = { server, browser };
let large = 0;

/*
 * Writes what @page shows as @name. Without more, the window, @tall when given; @from and @to (selectors) cut from the top of one to the
 * bottom of the other (of the same when @to is absent), over the whole width or only that of @from, when @narrow; @most cuts what is taller.
 */
async function take({ page }, name, { tall, from, to = from, narrow, most = Infinity } = {}) {
  if (tall) await page.setViewportSize({ ...page.viewportSize(), height: tall });
  await page.mouse.move(0, 0);
  await sleep(SETTLED_MS);
  const boxOf = (selector) => page.locator(selector).first().evaluate((e) => { const b = e.getBoundingClientRect(); return { x: b.x, y: b.y + scrollY, width: b.width, bottom: b.bottom + scrollY }; });
  const window = page.viewportSize(), whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const first = from ? await boxOf(from) : { x: 0, y: 0 }, last = to ? await boxOf(to) : { bottom: window.height };
  const side = narrow ? Math.min(MARGIN, first.x) : 0, top = Math.max(0, Math.floor(first.y) - (from ? MARGIN : 0));
  const clip = {
    x: narrow ? Math.floor(first.x) - side : 0, y: top, width: narrow ? Math.ceil(first.width) + 2 * side : window.width,
    height: Math.min(most, Math.min(whole, Math.ceil(last.bottom) + (to ? MARGIN : 0)) - top),
  };
  /* A shadow in few colours is rings. */
  await page.evaluate(() => document.querySelectorAll("dialog, .toast").forEach((e) => { e.style.boxShadow = "none"; }));
  const bytes = small(await page.screenshot({ clip, fullPage: clip.y + clip.height > window.height, animations: "disabled", caret: "hide" }));
  writeFileSync(join(given.out, `${name}.png`), bytes);
  if (bytes.length > BYTES_MAX) large++;
  console.log(`${name}.png ${clip.width} x ${clip.height}, ${(bytes.length / 1024).toFixed(1)} KiB${bytes.length > BYTES_MAX ? ": too large" : ""}`);
}
const id = (name) => `[data-testid="${name}"]`;
const own = (person, work, path = "/me") => browser.page(`/me/enter?person=${person}`, async (page) => { if (path !== "/me") await page.page.goto(new URL(path, given.base).href); return work(page); }, column);
const inConsole = (path, work) => consolePage(tour, path, async (page) => { await page.page.setViewportSize({ width: 1120, height: 760 }); return work(page); });

async function cashMachine() {
  await browser.page(at("machine", "ana"), async (page) => {
    await page.see("usual"); await take(page, "02-usual");
    await page.click("why"); await page.see("why-text"); await take(page, "03-why", { tall: 740 });
  }, machine);
  await browser.page(at("machine", "ben"), async (page) => { await page.see("amount-50"); await takeCash(page, "amount-50"); await page.see("remember-yes"); await take(page, "04-remember", { tall: 440 }); }, machine);
  await browser.page(at("machine", "edith"), async (page) => { await page.see("amount-50"); await page.styled("text", "huge", 3000); await take(page, "05-huge"); }, machine);
}

async function app() {
  await browser.page(at("app", "ana"), async (page) => {
    await page.see("suggestion"); await take(page, "06-menu", { tall: 760 });
    await page.click("suggestion-yes"); await page.see("tile-share-prices"); await take(page, "08-moved");
    await page.click("undo"); await page.gone("tile-share-prices");
    await page.click("reorder"); await page.click("make-first-cards"); await page.until("tile-cards", "index", "0", 3000);
  }, phone);
  await browser.page(at("app", "ana", "&screen=pay-bill"), async (page) => {
    await page.until(`bill-${ana.bill}`, "state", "open", 3000);
    await browser.page(at("web", "ana", "&screen=pay-bill"), (web) => web.click(`pay-${ana.bill}`));
    await page.until(`bill-${ana.bill}`, "state", "done", 3000);
  }, phone);
}

async function branch() {
  await browser.page(at("branch", "ana"), async (page) => { await page.until(`bill-${ana.bill}`, "state", "done", 3000); await page.see("not-asked"); await take(page, "11-branch", { from: ".masthead", to: ".columns" }); }, { size: { width: 1180, height: 760 } });
  const { cid } = await server.card("user:edith");
  await browser.page("/harbour/queue?counter=4", async (page) => {
    await sleep(SETTLED_MS * 2);   /* Until the screen listens. */
    await server.call("POST", "/harbour/queue", { cid, counter: 4 });
    await page.see("queue-name"); await take(page, "12-turn");
  }, { size: { width: 960, height: 400 } });
}

async function portal() {
  await own("ana", async ({ page }) => {
    await page.check('[name="cash.notes"][value="20"]'); await page.check('[name="cash.receipt"][value="no"]');
    await page.fill('[name="post.day"]', "3"); await page.fill('[name="contact.after"]', "18:00");
    await page.click("#way button.first"); await page.locator("[data-done]").waitFor();
  });
  await browser.page(at("machine", "ana"), async (page) => { await page.see("usual"); await take(page, "13-twenties", { tall: 560, most: 280 }); }, machine);
}

async function shop() {
  await browser.page(at("shop", "ana", "&channel=web"), async (web) => {
    await web.see("offer-kettle");
    await browser.page(at("shop", "ana", "&channel=app"), async (page) => { await page.click("basket-add-kettle"); await page.click("order"); await page.see("ordered"); }, phone);
    await web.gone("offer-kettle"); await web.page.click('[data-testid="away"] summary');
    await take(web, "14-shop", { from: ".masthead", to: ".away" });
  }, column);
  await browser.page(at("shop", "ana", "&channel=app"), async (page) => { await page.click("basket-add-lamp-grey"); await page.click("change-lamp-red"); await page.see("alternative-0"); await take(page, "15-before"); }, phone);
  await browser.page(at("product", "ana", "&channel=app"), async (page) => {
    await (await page.see("want-statement-day")).fill("3"); await page.page.locator(`${id("leads-statement-day")}:not(:empty)`).waitFor();
    await take(page, "16-card");
    await page.click("set-statement-day"); await page.until("setting-statement-day", "value", "3", 3000);
  }, phone);
}

async function known() {
  await own("ana", async (page) => {
    await take(page, "17-known", { from: 'h3:text("What we guess")', to: '[data-star="mean"]' });
    const [download] = await Promise.all([page.page.waitForEvent("download"), page.page.click('a[href="/me/export"]')]);
    const html = unzip(readFileSync(await download.path())).get("index.html");
    await browser.page("/me", async (copy) => { await copy.page.setContent(html); await take(copy, "18-copy", { tall: 465 }); }, column);
    const of = page.page.locator('[data-purpose="personalisation"]');
    await of.locator('button[role="switch"]').click(); await page.page.locator("[data-done]").waitFor();
    await take(page, "19-off", { from: "#choices-title", to: '[data-purpose="analytics"]', most: 452 });
    await page.page.locator('[data-done] button[name="undo"]').click(); await page.page.waitForLoadState();
  });
  await browser.page(at("machine", "ana"), async (page) => { await page.see("amount-20"); await takeCash(page, "amount-20"); await page.see("question"); await take(page, "20-stars", { tall: 480 }); }, machine);
  await own("ana", (page) => take(page, "21-ideas", { from: "main", to: '[data-idea="notes-by-size"]' }), "/me/ideas");
}

async function manager() {
  await inConsole("/console", async (page) => { await page.page.locator("main h1").waitFor(); await take(page, "22-overview"); });
  await inConsole(`/console/broken?days=${DAYS}`, async (page) => {
    await page.see(`spot-${worst.spot}`); await take(page, "24-broken");
  });
  const { cid } = await server.card(`user:${one.user_ids[0]}`);
  await inConsole(`/console/customers/${cid}?spot=${worst.spot}&signal=${worst.signal}&days=${DAYS}`, async (page) => {
    await page.see("back-to-figure"); await page.see("turns"); await take(page, "25-one", { from: "section:has(#relationship)", narrow: true });
  });
  await inConsole("/console/layers", async (page) => { await page.page.setViewportSize({ width: 1440, height: 900 }); await page.click("node-safe-again"); await take(page, "27-layers", { from: id("layers"), narrow: true }); });
  await inConsole("/console/layers?node=card-system&if=hours%3Dnightly", async (page) => { await page.see("ripple"); await take(page, "28-ripple", { from: id("node"), to: id("ripple"), narrow: true }); });
  await inConsole("/console/layers?view=walk&node=card-tomorrow", async (page) => { await page.see("walk"); await take(page, "29-walk", { tall: 625 }); });
  await inConsole("/console/roadmap", async (page) => { await page.see("moves"); await take(page, "30-roadmap", { tall: 740 }); await take(page, "30-done", { from: "section:has(#done)", narrow: true }); });
  await inConsole("/console/voice?view=preference", async (page) => { await page.see("first"); await page.see("motives"); await take(page, "31-preference"); });
  await inConsole("/console/worth", async (page) => { await page.see("curve"); await take(page, "32-worth", { from: "section:has(#curve-title)", to: "section:has(#get-title)", narrow: true }); });
}

mkdirSync(given.out, { recursive: true });
const began = Date.now();
try { for (const part of [cashMachine, app, branch, portal, shop, known, manager]) if (!given.only || given.only === part.name) await part(); } finally { await browser.close(); server.close(); }
console.log(`in ${((Date.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = large ? 1 : 0;
