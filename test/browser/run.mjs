/*
 * run.mjs: checks the pages in a real browser against a running server.
 *
 * `node test/browser/run.mjs --base http://127.0.0.1:7390 [--console-key K] [--invitation TOKEN] [--signing SECRET] [--only TEXT] [--portal PATH] [--shots DIR] [--times]`
 * prints one line a check and ends with "N passed, N failed". Checks that change what others see run first, one after the other, in the order
 * of this file: they need the people of the demonstration in their first state (Ana agreed, Ben asked nothing yet) and put back what
 * they change where they can. Then come those that only read (`reads`), two at a time. Last come the looks of every page, two at a time, and with them
 * those whose changes nobody else looks at (`apart`).
 */
import { createHmac, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failed, WAIT_MS, go, gone, id, logo_seen, must, reach, same, saves, scan, seen, tiles, unreached, until } from "./lib.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "../../web/package.json"));
const { chromium } = require("playwright-core");

const flag = (name, otherwise) => { const i = process.argv.indexOf(name); return i < 0 ? otherwise : process.argv[i + 1]; };
const base = flag("--base", "http://127.0.0.1:7390").replace(/\/$/, "");
const key = flag("--console-key", "letmein");
const invitation = flag("--invitation", "");   /* Of mara, as service: for the checks of the door. */
const signing = flag("--signing", "");         /* Of the server: for checks with customers of their own. */
const only = flag("--only", "");
const portal = flag("--portal", "/me/enter?person=ana");
const shots = flag("--shots", ""), times = process.argv.includes("--times");
if (shots) mkdirSync(shots, { recursive: true });

let passed = 0, failed = 0;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/* Who is signed in at the console with the key: once for all checks. */
let door = null;
const signedIn = () => (door ??= (async () => {
  const context = await browser.newContext(), answer = await context.request.get(`${base}/console/enter?key=${encodeURIComponent(key)}`, { maxRedirects: 0 });
  must(answer.status() < 400, `the console's door answers ${answer.status()}`);
  const state = await context.storageState();
  await context.close();
  return state;
})());
const report = (name, error, began) => {
  if (error) failed++; else passed++;
  console.log(`${error ? "not ok" : "ok"} ${name}${times ? ` (${Date.now() - began} ms)` : ""}${error ? ` -- ${String(error.message).split("\n")[0]}` : ""}`);
};
/* Runs tasks two at a time: while one page is painted the other is looked at. */
async function lanes(tasks) {
  const lane = async () => { for (let next = tasks.shift(); next; next = tasks.shift()) await next(); };
  await Promise.all([lane(), lane()]);
}
const reading = [], apart = [];

async function check(name, options, story) {
  if (only && !name.includes(only)) return;
  const list = options.reads ? reading : options.apart ? apart : null;
  if (list) list.push(() => run(name, options, story)); else await run(name, options, story);
}
/* One browser context a check, so that no check lives on another's cookies. Script errors and refused loads fail the check. */
async function run(name, options, story) {
  const began = Date.now();
  const context = await browser.newContext({ viewport: { width: options.width ?? 1280, height: options.height ?? 800 }, colorScheme: options.scheme ?? "light", reducedMotion: "reduce", locale: "en-GB", bypassCSP: options.bypassCSP ?? false, javaScriptEnabled: options.scripts ?? true, acceptDownloads: true, storageState: options.console ? await signedIn() : undefined });
  const wrong = [];
  const open = async (path) => {
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (e) => wrong.push(`script error: ${e.message}`));
    page.on("console", (m) => { if (m.type() === "error" && /Content Security Policy|Refused to/.test(m.text())) wrong.push(m.text().slice(0, 160)); });
    await page.goto(base + path, { waitUntil: "load" });
    return page;
  };
  try {
    await story(open, context, wrong);
    must(wrong.length === 0, wrong.join("; "));
    if (!options.silent) report(name, null, began);
  } catch (error) {
    report(name, error, began);
  } finally { await context.close(); }
}
/* Stories. */
await check("machine_offers_ana_her_usual_first_and_says_why", {}, async (open) => {
  const page = await open("/harbour/machine?person=ana");
  await seen(page, "usual");
  const row = await page.$eval(id("usual"), (b) => ({ alone: b.parentElement.querySelectorAll("button.edge").length === 1, first: b === document.querySelector("main button") }));
  must(row.alone && row.first, "the usual amount is not first and alone in its row");
  must((await page.getAttribute(id("usual"), "data-notes")).length > 0, "the usual amount does not name its notes");
  await page.click(id("why"));
  await seen(page, "why-text");
  must((await page.textContent(id("why-text"))).length > 20, "why? says nothing");
  must((await page.$$(".because li")).length > 0, "why? shows no event");
});
await check("machine_asks_ben_after_his_cash_with_nothing_chosen", {}, async (open) => {
  const page = await open("/harbour/machine?person=ben");
  await seen(page, "amount-20");
  must(!(await page.$(id("usual"))), "Ben has agreed to nothing and is offered a usual amount");
  must(!(await page.$(id("remember-yes"))), "the question comes before the cash");
  await page.click(id("amount-50"));
  await seen(page, "receipt-no"); await page.click(id("receipt-no"));
  await page.click(`${id("cash-taken")}:not([disabled])`);
  await seen(page, "remember-yes"); await seen(page, "remember-no");
  const looks = await page.$$eval(`${id("remember-yes")}, ${id("remember-no")}`, (b) => b.map((x) => [getComputedStyle(x).backgroundColor, x.className, x.getBoundingClientRect().height]));
  same(looks[0], looks[1], "yes and no do not look the same");
  must(!(await page.$("input:checked, [aria-pressed=true]")), "something is chosen beforehand");
  must(!(await page.evaluate(() => document.activeElement?.tagName === "BUTTON")), "a button is chosen beforehand by the focus");
});
await check("machine_shows_edith_huge_type_and_no_guess", {}, async (open) => {
  const page = await open("/harbour/machine?person=edith");
  await seen(page, "amount-20");
  must(!(await page.$(id("usual"))), "a guess is shown");
  await until(() => page.evaluate(() => document.documentElement.dataset.text === "huge"), "the type is not huge");
  must(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
});
await check("a_need_stated_at_one_place_holds_at_the_others_at_once", {}, async (open) => {
  const machine = await open("/harbour/machine?person=edith");
  const app = await open("/harbour/app?person=edith");
  await seen(machine, "contrast"); await app.waitForSelector("h1");
  await machine.click(id("contrast"));
  await until(() => app.evaluate(() => document.documentElement.dataset.contrast === "high"), "the app did not follow");
  await machine.click(id("contrast"));
  await until(() => app.evaluate(() => document.documentElement.dataset.contrast !== "high"), "the app did not follow back");
});
await check("app_moves_a_suggestion_home_and_takes_it_back_to_the_byte", { width: 390, height: 844 }, async (open) => {
  const page = await open("/harbour/app?person=ana");
  await seen(page, "suggestion");
  const before = await page.innerHTML(id("tiles"));
  await page.click(id("suggestion-yes"));
  await until(async () => (await tiles(page)).includes("share-prices"), "it did not move");
  await page.click(id("undo"));
  await until(async () => !(await tiles(page)).includes("share-prices"), "it did not move back");
  must(before === await page.innerHTML(id("tiles")), "the menu is not as it was before");
});
await check("app_is_put_in_order_by_keyboard_alone_and_the_branch_shows_it", { width: 390, height: 844 }, async (open) => {
  const page = await open("/harbour/app?person=ana");
  await seen(page, "reorder");
  const before = await tiles(page);
  const press = async (test) => {
    for (let i = 0; i < 60; i++) {
      if (await page.evaluate((t) => document.activeElement?.getAttribute("data-testid") === t, test)) return page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
    }
    throw new Failed(`${test} is not reached with Tab`);
  };
  await press("reorder");
  await page.evaluate(() => { document.activeElement.blur(); });
  await press("make-first-cards");
  await until(async () => (await tiles(page))[0] === "cards", "cards is not first");
  const branch = await open("/harbour/branch?person=ana");
  await branch.waitForSelector(`${id("menu")} li`);
  same((await branch.$$eval(`${id("menu")} li`, (l) => l.map((x) => x.dataset.option)))[0], "cards", "the branch shows another order");
  await branch.close();
  await press("undo");
  await until(async () => JSON.stringify(await tiles(page)) === JSON.stringify(before), "the order did not come back");
});
await check("app_is_put_in_order_by_dragging", { width: 390, height: 844 }, async (open) => {
  const page = await open("/harbour/app?person=ana");
  await seen(page, "tile-cards");
  const before = await tiles(page);
  const from = await (await page.$(id("tile-cards"))).boundingBox();
  const to = await (await page.$(id(`tile-${before[0]}`))).boundingBox();
  await page.mouse.move(from.x + 30, from.y + 30); await page.mouse.down();
  await page.mouse.move(from.x + 10, from.y - 10, { steps: 4 }); await page.mouse.move(to.x + 40, to.y + 40, { steps: 6 }); await page.mouse.up();
  await until(async () => (await tiles(page))[0] === "cards", "cards is not first");
  same(await page.getAttribute("main", "data-screen"), "home", "dragging opened the tile");
  await page.click(id("undo"));
  await until(async () => JSON.stringify(await tiles(page)) === JSON.stringify(before), "the order did not come back");
});
await check("a_bill_paid_online_is_paid_in_the_open_app_within_a_second", {}, async (open) => {
  const app = await open("/harbour/app?person=ana&screen=pay-bill");
  const web = await open("/harbour/web?person=ana");
  await web.waitForSelector('[data-testid^="pay-"]');
  const bill = (await web.$eval('[data-testid^="pay-"]', (b) => b.dataset.testid)).slice(4);
  await app.waitForSelector(`${id(`bill-${bill}`)}[data-state="open"]`);
  await app.evaluate(() => { window.notReloaded = true; });
  await web.click(id(`pay-${bill}`));
  await web.waitForSelector(`${id(`bill-${bill}`)}[data-state="done"]`);
  const t = Date.now();
  await app.waitForSelector(`${id(`bill-${bill}`)}[data-state="done"]`);
  must(Date.now() - t < 1000, `it took ${Date.now() - t} ms`);
  must(await app.evaluate(() => window.notReloaded === true), "the app was reloaded");
});
await check("branch_fills_in_what_is_known_and_names_the_next_step", {}, async (open) => {
  const page = await open("/harbour/branch?person=ana");
  await seen(page, "not-asked"); await seen(page, "next-step"); await seen(page, "reason");
  const n = Number(await page.getAttribute(id("not-asked"), "data-not-asked"));
  same((await page.$$('[data-testid^="known-"]')).length, n, "the fields filled in are not the number not asked");
  must(n > 0, "nothing is filled in");
});
await check("queue_fills_the_screen_with_a_name_and_a_counter", { width: 1280, height: 720 }, async (open) => {
  const queue = await open("/harbour/queue?counter=4");
  await seen(queue, "queue-wait");
  const branch = await open("/harbour/branch?person=edith&counter=4");
  await seen(branch, "call");
  await new Promise((r) => setTimeout(r, 700));
  await branch.click(id("call"));
  await seen(queue, "queue-name");
  same(await queue.textContent(id("queue-counter")), "counter 4", "counter");
  const box = await (await queue.$(id("queue-name"))).boundingBox();
  must(box.height > 120 && box.x >= 0 && box.x + box.width <= 1280, `the name is ${Math.round(box.width)} x ${Math.round(box.height)}`);
});
await check("app_brings_back_what_has_moved_to_more", { width: 390, height: 844 }, async (open) => {
  const page = await open("/harbour/app?person=ana");
  await seen(page, "bring-back-loans");
  must(!(await tiles(page)).includes("loans"), "loans is still on home");
  await page.click(id("more")); await seen(page, "more-loans"); await page.click(id("back"));
  await page.click(id("bring-back-loans"));
  await until(async () => (await tiles(page)).includes("loans"), "loans did not come back");
  await gone(page, "bring-back-loans");
});

/* The console. */
await check("the_door_is_shut_to_whoever_is_not_signed_in", { reads: true }, async (open) => {
  const page = await open("/console/broken");
  await page.waitForURL(/\/console\/sign-in$/);
  await page.waitForSelector("input[name=password]");
  must(!(await page.$(id("sentence"))), "something is shown");
  same(await page.$$eval("script", (all) => all.length), 0, "scripts that could get in the way of pasting or of a password manager");
  same(await page.$eval("input[name=password]", (i) => [i.type, i.autocomplete]), ["password", "current-password"], "what a password manager looks for");
});
if (invitation) await check("the_door_opens_by_keyboard_and_shows_what_the_role_is_for", { bypassCSP: true }, async (open, context) => {
  const words = "six short words and a comma", page = await open("/console/sign-in?invited");
  const type = async (text) => { await page.keyboard.press("Tab"); await page.keyboard.insertText(text); };
  for (const text of [invitation, "mara", words, words]) await type(text);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/console\/customers$/);
  await seen(page, "signed-in");
  must(/mara\s*service/.test(await page.textContent(id("signed-in"))), "who is signed in is not said");
  same(await page.$$eval(".rail nav a", (all) => all.map((a) => a.textContent)), ["Customers"], "the pages of this role");
  must(/^Find a customer/.test(await page.textContent(id("sentence"))), "it does not say what to do");
  await page.keyboard.press("/"); await page.keyboard.type("ana varga"); await page.keyboard.press("Enter");
  await page.click(`${id("customers")} tbody a`);
  await seen(page, "timeline");
  must(!(await page.$(id("merge"))), "joining is offered to a role that may not");
  must(!(await page.$("[role=alert]")), `the card has an error: ${await page.$("[role=alert]").then((e) => e?.textContent())}`);
  await page.keyboard.press("g"); await page.keyboard.press("o");
  await page.waitForTimeout(200);
  must(/customers/.test(page.url()), "a key goes to a page outside the role");
  await page.goto(`${base}/console/worth`);
  await page.waitForSelector("h1:has-text('outside your role')");
  await page.click(id("password"));
  same(await scan(page), [], "axe of the dialog");
  await page.fill("#old", "not the one"); await page.fill("#new", `${words}, and more`); await page.fill("#again", `${words}, and more`); await page.press("#again", "Enter");
  await page.waitForSelector("[role=alert]:has-text('not the password')");
  await page.fill("#old", words); await page.press("#old", "Enter");
  await gone(page, "password-dialog");
  const cookies = await context.cookies();
  await page.click(id("sign-out"));
  await page.waitForURL(/sign-in$/);
  await context.addCookies(cookies);
  const again = await open("/console");
  await again.waitForURL(/sign-in$/);
  await again.fill("#name", "mara"); await again.fill("#password", "wrong in every word"); await again.press("#password", "Enter");
  await again.waitForSelector("[role=alert]");
  same(await again.inputValue("#name"), "mara", "the name has to be typed again");
  await again.fill("#password", `${words}, and more`); await again.press("#password", "Enter");
  await seen(again, "signed-in");
});
await check("console_is_walked_by_keys", { console: true, reads: true }, async (open) => {
  const page = await open("/console");
  await seen(page, "sentence");
  await page.keyboard.press("g"); await page.keyboard.press("c");
  await page.waitForURL(/console\/customers$/);
  await page.keyboard.press("/");
  await page.keyboard.type("ana"); await page.keyboard.press("Enter");
  await page.waitForURL(/q=ana/);
  await page.waitForSelector(`${id("customers")} tbody tr`);
  await page.keyboard.press("Escape");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  await seen(page, "help");
  await page.keyboard.press("Escape");
  await gone(page, "help");
  await page.keyboard.press("g"); await page.keyboard.press("j");
  await page.waitForURL(/journeys/);
});
for (const [view, table, marks] of [["map", "map-table", ".map .way"], ["flow", "flow-table", ".flow .band"], ["leaving&cut=goal&goal=Bill%20Paid", "leaving-table", ".bars li"]])
  await check(`the_table_of_the_${view.split("&")[0]}_says_what_the_picture_says`, { console: true, reads: true }, async (open) => {
    const page = await open(`/console/journeys?view=${view}`);
    await page.waitForSelector(marks, { state: "attached" });
    const read = (selector) => page.$$eval(selector, (all) => all.map((e) => JSON.stringify({ ...e.dataset })).sort());
    const chart = await read(marks);
    await page.keyboard.press("t");
    await seen(page, table);
    const rows = (await read(`${id(table)} tbody tr`)).filter((r) => view !== "map" || JSON.parse(r).from !== JSON.parse(r).to);
    must(chart.length > 0, "the picture is empty");
    same(rows, chart, "picture and table differ");
    await page.keyboard.press("t");
    await page.waitForSelector(marks, { state: "attached" });
  });
await check("the_map_is_walked_by_arrow_keys", { console: true, reads: true }, async (open) => {
  const page = await open("/console/journeys");
  await page.waitForSelector(".map .step");
  await page.focus('.map .step[tabindex="0"]');
  const at = () => page.evaluate(() => document.activeElement?.getAttribute("data-activity"));
  const first = await at();
  const moved = async () => { const now = await at(); return now && now !== first; };
  for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) if (!await moved()) await page.keyboard.press(key); /* The first step may stand at an edge. */
  await until(moved, "no arrow key moves");
  same(await page.textContent("#step-title"), await at(), "the step described is not the step reached");
});

await check("a_figure_of_the_overview_opens_to_as_many_customers", { console: true, reads: true }, async (open) => {
  const page = await open("/console");
  await seen(page, "channels");
  const links = await page.$$eval(`${id("channels")} a.opens, a[href*="who="]`, (all) => all.map((a) => [a.getAttribute("href"), /^[\d,]+/.exec(a.textContent)[0]]));
  must(links.length >= 6, `only ${links.length} figures open`);
  for (const [href, n] of links) {
    const list = await open(href);
    await seen(list, "withheld");
    must((await list.textContent(id("sentence"))).startsWith(`${n} customer`), `${href} counts ${await list.textContent(id("sentence"))}, not ${n}`);
    await list.close();
  }
});
await check("a_segment_of_the_overview_stands_in_the_picture_and_the_table_and_opens_to_its_members", { console: true, reads: true }, async (open) => {
  const page = await open("/console");
  await page.waitForSelector(`${id("groups")} ${id("group")}`);
  const keys = await page.$$eval(`${id("groups")} svg text.key`, (all) => all.map((t) => t.textContent)), lines = await page.$$eval(`${id("group")} .key`, (all) => all.map((t) => t.textContent));
  same(keys.filter((key) => key !== "all").sort(), lines.sort(), "a dot has no line, or a line no dot");
  await page.keyboard.press("t");
  await page.waitForSelector(`${id("groups")}[data-shows="table"] table`);
  same(await page.$$eval(`${id("groups")} tbody tr`, (all) => all.length), lines.length, "the table has other groups than the picture");
  const link = await page.$(`${id("groups")} tbody a.opens`), members = (await link.evaluate((a) => a.closest("tr").children[1].textContent)).replace(/\D/g, "");
  await link.click();
  await seen(page, "members");
  must((await page.textContent("main")).includes(members), "the segment opens to another number of members");
});
await check("a_card_says_in_which_months_the_customer_took_part", { console: true, reads: true }, async (open) => {
  const page = await open("/console/customers?q=ana%20varga");
  await page.click(`${id("customers")} a`);
  await seen(page, "part");
  must(/^Came in \d+ of the last twelve months, and took part in /.test(await page.textContent(id("part-says"))), "no sentence says it");
  await page.keyboard.press("t");
  await page.waitForSelector(`${id("part")}[data-shows="table"] table`);
  same(await page.$$eval(`${id("part")} tbody tr`, (all) => all.length), 12, "not twelve months");
});
for (const [view, figure] of [["map", "[data-testid=step] a.opens"], ["flow", `${id("flow-table")} a.opens`], ["paths", `${id("paths")} a.opens`], ["leaving&cut=goal&goal=Bill%20Paid", ".bars a.opens"]])
  await check(`a_figure_of_the_${view.split("&")[0]}_opens_to_its_customers_and_back`, { console: true, reads: true }, async (open) => {
    const page = await open(`/console/journeys?view=${view}`);
    if (view === "flow") { await page.waitForSelector(".flow"); await page.keyboard.press("t"); }
    await page.waitForSelector(figure);
    const rows = await page.$$eval("main table tbody tr", (all) => all.map((row) => row.querySelectorAll("a.opens").length));
    must(rows.length > 0 && rows.every((n) => n === 1), `rows of the table that open to nobody, or twice: ${rows.join(" ")}`);
    await page.focus(figure); await page.keyboard.press("Enter");
    await seen(page, "withheld");
    const sentence = await page.textContent(id("sentence"));
    must(/^\d+ customers /.test(sentence), `it says ${sentence}`);
    const listed = await page.$$eval(`${id("customers")} tbody tr`, (rows) => rows.length);
    must(Number(await page.getAttribute(id("withheld"), "data-withheld")) + listed <= Number(sentence.split(" ")[0]), "more are listed than counted");
    if (listed) { await page.click(`${id("customers")} tbody a`); await seen(page, "timeline"); await page.goBack(); await seen(page, "withheld"); }
    await page.click(id("back-to-journeys"));
    await page.waitForURL((url) => url.pathname === "/console/journeys" && url.search.includes(`view=${view.split("&")[0]}`) && !url.search.includes("of="));
  });

await check("an_idea_is_answered_in_the_console_and_its_proposer_reads_who_decided", { console: true }, async (open) => {
  const page = await open("/console/voice?view=ideas");
  await page.click(id("answer-notes-by-size"));
  await page.selectOption("#status-notes-by-size", "trying");
  await page.fill("#where-notes-by-size", "branch 3");
  await page.fill("#by-notes-by-size", "Mara Lund");
  await page.click(`${id("answer-form")} button`);
  await page.waitForSelector(`${id("idea-notes-by-size")}[data-status="trying"]`);
  await open("/me/enter?person=ana");
  const own = await open("/me/ideas"), idea = '[data-idea="notes-by-size"]';
  const text = await own.textContent(idea);
  for (const words of ["You proposed this", "Trying in branch 3", "Decided by Mara Lund"]) must(text.includes(words), `"${words}" is not there: ${text}`);
});
await check("a_request_made_on_the_own_page_is_answered_in_the_console_and_read_there", { console: true }, async (open) => {
  const asking = async () => { await (await open("/me/enter?person=ana")).close(); const own = await open("/me"); return own; };
  const own = await asking();
  await own.selectOption("#request-type", "access");
  await own.fill("#request-text", "All of it");
  await own.click('form[action="/me/request"] button');
  await own.waitForSelector('[data-done="asked"]');
  const text = await own.textContent("#requests li");
  must(/Tell me all you know.*“All of it”.*You have our answer by \d+ \w+ \d{4}/s.test(text), `it says ${text}`);
  const page = await open("/console/trust");
  await seen(page, "requests");
  await page.click('[data-testid^="answer-r"]');
  await seen(page, "answer");
  await page.keyboard.press("Escape");
  await gone(page, "answer");
  await page.click('[data-testid^="answer-r"]');
  await page.click('input[value="refused"]');
  must(await page.$eval("#because", (e) => e.required), "a refusal needs no reason");
  await page.fill("#because", "You took your copy yesterday.");
  await page.click(id("answer-save"));
  await page.waitForSelector("text=No request is open");
  await own.reload();
  const closed = await own.textContent("#requests li");
  must(/Refused on .*: You took your copy yesterday/s.test(closed), `it says ${closed}`);
});
await check("the_audit_log_is_checked_filtered_and_turned_by_keys", { console: true }, async (open) => {
  const page = await open("/console/trust");
  await seen(page, "entries");
  await page.focus(id("verify")); await page.keyboard.press("Enter");
  must(await page.getAttribute(`${id("verified")}`, "data-sound") === "true", "it is not sound");
  must(/All [\d,]+ entries are as they were written/.test(await page.textContent(id("verified"))), "it does not say so");
  await page.selectOption("#what", "configuration");
  await page.waitForURL(/what=configuration/);
  await until(async () => { const whats = await page.$$eval(`${id("entries")} tbody tr`, (rows) => rows.map((r) => r.dataset.what)); return whats.length > 0 && whats.every((w) => w === "configuration"); }, "other entries are shown");
  const chart = await page.$$eval(`${id("purposes")} .bars li`, (all) => all.map((e) => e.dataset.purpose));
  await page.keyboard.press("Escape"); await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("t");
  await page.waitForSelector(`${id("purposes")}[data-shows="table"]`);
  same(await page.$$eval(`${id("purposes")} tbody tr`, (all) => all.map((e) => e.dataset.purpose)), chart, "picture and table differ");
  await page.keyboard.press("g"); await page.keyboard.press("o");
  await page.waitForURL(/\/console$/);
  await page.keyboard.press("g"); await page.keyboard.press("t");
  await page.waitForURL(/\/console\/trust$/);
});
await check("a_trait_is_put_right_on_the_card_and_undone_and_erasing_is_asked_back", { console: true }, async (open) => {
  await seen(await open("/harbour/machine?person=ben"), "amount-20"); /* So that something was decided. */
  const page = await open("/console/customers?q=ben%20okafor");
  await seen(page, "customers");
  await page.click(`${id("customers")} tbody a`);
  await seen(page, "rights");
  await page.click(id("correct"));
  await seen(page, "correct-dialog");
  await page.selectOption("#correct-trait", "name");
  await page.fill("#correct-value", "Benjamin Okafor");
  await page.fill("#correct-because", "passport");
  await page.click(id("correct-save"));
  await page.waitForSelector("h1:has-text('Benjamin Okafor')");
  await page.waitForSelector(`${id("timeline")} li:has-text('Put right: name, from “Ben Okafor” to “Benjamin Okafor”, because: passport')`);
  await page.click(id("undo"));
  await page.waitForSelector("h1:has-text('Ben Okafor')");
  await page.click(id("erase"));
  await seen(page, "erase-dialog");
  must(await page.$eval("#erase-dialog-because", (e) => e.required), "erasing needs no reason");
  await page.keyboard.press("Escape");
  await gone(page, "erase-dialog");
  await page.click(id("decided"));
  await page.click('[data-testid^="explain-"]');
  await page.waitForSelector('[data-testid^="explained-"]:has-text("it comes out the same")');
});
await check("a_figure_of_voice_opens_to_its_customers_and_back", { console: true, reads: true }, async (open) => {
  const page = await open("/console/voice");
  await page.click('a.opens[href*="touchpoint="]');
  await seen(page, "withheld");
  const sentence = await page.textContent(id("sentence")), listed = await page.$$eval(`${id("customers")} tbody tr`, (rows) => rows.length);
  must(/^\d+ customers gave 1 to 5 stars/.test(sentence), `it says ${sentence}`);
  must(Number(await page.getAttribute(id("withheld"), "data-withheld")) + listed <= Number(sentence.split(" ")[0]), "more are listed than counted");
  await page.click(id("back-to-voice"));
  await seen(page, "questions");
});
await check("the_course_of_stars_is_its_table", { console: true, reads: true }, async (open) => {
  const page = await open("/console/voice");
  await page.waitForSelector(".course .dot", { state: "attached" });
  const dots = await page.$$eval(`${id("months-stars")} .dot`, (all) => all.length);
  await page.keyboard.press("t");
  await page.waitForSelector(`${id("months-stars")}[data-shows="table"]`);
  const rows = await page.$$eval(`${id("months-stars")} tbody tr td`, (all) => all.filter((td) => /\d/.test(td.textContent)).length);
  must(dots > 1 && rows === dots, `${dots} dots are ${rows} figures`);
});
await check("shop_says_what_a_change_leads_to_and_leaves_the_basket_until_it_is_taken_by_keyboard", { width: 390, height: 844 }, async (open) => {
  const page = await open("/harbour/shop?person=ana&channel=app");
  await (await seen(page, "basket-add-lamp-grey")).press("Enter");
  await (await seen(page, "change-lamp-red")).press("Enter");
  const said = await (await seen(page, "change-sentence")).innerText();
  must(/^Arrives \w+ instead of \w+\.$/.test(said), `it says "${said}"`);
  await page.keyboard.press("Escape");
  await gone(page, "change");
  await seen(page, "line-lamp-grey");
  same(await page.evaluate(() => document.activeElement?.dataset.testid), "change-lamp-red", "the focus is back where it was");
  await page.keyboard.press("Enter");
  await (await seen(page, "take")).press("Enter");
  await seen(page, "line-lamp-red");
});
await check("product_refuses_what_does_not_fit_and_keeps_what_does_until_undone", {}, async (open) => {
  const page = await open("/harbour/product?person=ben&channel=web");
  await seen(page, "want-limit");
  await page.fill(id("want-limit"), "123");
  must(await page.isDisabled(id("set-limit")), "123 can be set though steps are of 50");
  await page.fill(id("want-limit"), "500");
  await page.press(id("want-limit"), "Enter");
  await page.waitForSelector(`${id("setting-limit")}[data-value="500"][data-own="true"]`);
  await page.click(id("undo-limit"));
  await page.waitForSelector(`${id("setting-limit")}[data-value="1000"][data-own="false"]`);
});

/* The own page by keyboard alone, with scripts and without: somebody who is nobody of the demonstration, so that everything can be done. */
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (subject) => { const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: subject, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 3600 })}`; return `${signed}.${createHmac("sha256", signing).update(signed).digest("base64url")}`; };
const api = async (path, body) => { const r = await fetch(base + path, { method: "POST", headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" }, body: JSON.stringify(body) }); must(r.ok, `${path} was answered ${r.status}`); return r.json(); };
async function newcomer(user, traits = {}) {
  await api("/v1/batch", { batch: [{ type: "identify", messageId: `walk-${user}`, userId: user, traits: { name: `Walker ${user}`, city: "Northport", ...traits } }, { type: "track", messageId: `walk-${user}-2`, userId: user, event: "Rating Given", properties: { stars: 4, question: "cash-stars" } }] });
  await api("/v1/decide", { customer: { identifier: `user:${user}` }, surface: "machine-withdrawal", channel: "machine" });
  return `/me/enter?token=${token(`user:${user}`)}`;
}
const on = (page, selector) => page.getAttribute(selector, "aria-checked");
async function choices_walked(page) {
  const sw = '[data-purpose="personalisation"] .switch';
  same(await on(page, sw), "false", "a switch that nobody touched");
  await go(page, sw, "Space");
  same(await on(page, sw), "true", "the switch after Space");
  await go(page, '[data-done="yes"] button');
  same(await on(page, sw), "false", "the switch after Undo");
  await go(page, 'form[action="/me/restrict"] button');
  must(await page.$('[data-restricted="yes"]'), "it is not restricted");
  await go(page, 'form[action="/me/restrict"] button');
  must(await page.$('[data-restricted="no"]'), "it is not lifted");
  await go(page, '[data-purpose="research"] .switch');
}
async function wishes_walked(page) {
  await reach(page, 'input[name="accessibility.text"]', "Space");
  await reach(page, 'select[name="questions.often"]', "ArrowDown");
  await go(page, 'form[action="/me/way"] button');
  must(await page.$('html[data-text="huge"]'), "the letters are not huge");
  must(/at most one question in 90 days, as you wish/.test(await page.textContent(id("asked-limit"))), "the wish is not honoured");
  await reach(page, 'form[action="/me/contact"] select', "ArrowDown");
  await go(page, 'form[action="/me/contact"] button');
  const second = '[data-menu="app-home"] ol li:nth-child(2)', option = await page.getAttribute(second, "data-option");
  await go(page, `${second} button[value="up"]`);
  same(await page.getAttribute('[data-menu="app-home"] ol li', "data-option"), option, "the menu's first option");
  await reach(page, "#know summary", "Enter");
  await reach(page, '#know input[name="value"]', null);
  await page.keyboard.type("Southport");
  await go(page, '#know details[open] button');
  must(/Southport/.test(await page.textContent("#know")), "it was not put right");
}
async function asked_walked(page) {
  await reach(page, "#request-type", "ArrowDown");
  await reach(page, "#request-text", null);
  await page.keyboard.type("All of it");
  await go(page, '#requests form button');
  must(/You have our answer by \d+ \w+ \d{4}/.test(await page.textContent("#requests li")), "no due date");
  await go(page, 'a[href="/me/why"]');
  await go(page, "[data-decision] button");
  must((await page.$$("#requests li[data-request]")).length === 2, "the person who was asked for is not there");
  await go(page, 'a[href="/me/receipts"]');
  must(JSON.parse(await saves(page, 'a[href^="/me/receipts?of=u"]')).signature, "no receipt");
  await go(page, 'main a[href="/me"]');
  same((await saves(page, 'a[href="/me/export"]')).subarray(0, 2).toString(), "PK", "the copy");
}
async function erase_walked(page, context) {
  await go(page, 'a[href="/me/erase"]:not(.contents a)');
  await go(page, 'a[href="/me/erase?step=sure"]');
  await reach(page, "#word", null); await page.keyboard.type("no"); await go(page, "#word", "Enter");
  must(/nothing was erased/.test(await page.textContent("[role=alert]")), "the wrong word is not refused");
  await go(page, 'main a[href="/me"]');
  must(/Your page, Walker/.test(await page.textContent("h1")), "who went back has no page");
  await go(page, 'a[href="/me/erase"]:not(.contents a)');
  await go(page, 'a[href="/me/erase?step=sure"]');
  await reach(page, "#word", null); await page.keyboard.type("ERASE"); await go(page, "button.danger", "Space");
  must(/Everything about you is erased/.test(await page.textContent("h1")), await page.textContent("main"));
  const certificate = JSON.parse(await saves(page, "a[download]"));
  must(JSON.parse(certificate.statement).search.found_in_files === 0, certificate.statement);
  same((await context.cookies()).filter((c) => c.name === "attune_portal"), [], "the session");
  await reach(page, "summary", "Enter");
  must(await page.isVisible(id("verbatim")), "the certificate does not open");
}
for (const scripts of signing ? [true, false] : [])
  await check(`the_own_page_is_walked_by_keyboard_alone_${scripts ? "with" : "without"}_scripts`, { scripts, bypassCSP: scripts, apart: true }, async (open, context) => {
    const page = await open(await newcomer(scripts ? "walker-with" : "walker-without"));
    await page.keyboard.press("Tab");
    must(await page.evaluate(() => document.activeElement.matches(".skip")), "the first stop does not lead to the content");
    same(await unreached(page), [], "what Tab does not reach");
    await choices_walked(page);
    await wishes_walked(page);
    await asked_walked(page);
    for (const path of ["/me/why", "/me/receipts", "/me/erase", "/me/erase?step=sure", "/me"]) { await page.goto(base + path); same(await unreached(page), [], `what Tab does not reach on ${path}`); }
    await erase_walked(page, context);
    same(await unreached(page), [], "what Tab does not reach on the certificate");
    if (scripts) same(await scan(page), [], "axe of the certificate");
  });
for (const [look, width, scheme, huge, high] of [["light", 1280, "light"], ["light_phone", 390, "light"], ["dark", 390, "dark"], ["huge", 390, "light", true], ["high", 390, "dark", false, true]])
  await check(`the_own_page_shows_the_logo_beside_the_name_${look}`, { width, scheme, bypassCSP: true, reads: true }, async (open, context) => {
    const page = await open(portal);
    await logo_seen(page, huge, high);
    same(await scan(page), [], "axe");
    if (shots) await page.screenshot({ path: join(shots, `logo-${look}.png`) });
    const wide = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 20"><path d="M0 0h400v20z"/></svg>');
    await context.route("**/me/brand/logo*", (route) => route.fulfill({ contentType: "image/svg+xml", body: wide }));
    await page.goto(`${base}/me`, { waitUntil: "load" });
    await logo_seen(page, huge, high);
    if (shots) await page.screenshot({ path: join(shots, `logo-wide-${look}.png`) });
  });
/* Three damaged pieces, in the form of the server's own answer. */
const damaged = (context) => context.route("**/v1/damage", (route) => route.fulfill({ json: { sentence: "3 pieces on disk are damaged.", total: 3, pieces: [
  { file: "configuration", offset: 0, effect: "refused", what: "The configuration and the log contradict each other: it ends with version 9, and version 7 was in force.", remedy: "Restore this folder from the backup that the log comes from.", times: 1 },
  { file: "sealing/slots", offset: 448, effect: "lost", what: "The key of history 7 is damaged.", remedy: "Restore the slot from a copy of the keys.", times: 2 },
  { file: "columns/2026-11-30.sealed", offset: 65536, effect: "rebuilt", what: "A run of rows was damaged and was made again from the log.", remedy: "Nothing to do.", times: 1 }] } }));
if (signing) await check("signing_out_everywhere_is_pressed_by_keyboard_without_scripts_and_ends_the_other_visit", { scripts: false, apart: true }, async (open, context) => {
  const here = await open(await newcomer("everywhere")), other = await browser.newContext({ javaScriptEnabled: false });
  try {
    const there = await other.newPage();
    await there.goto(base + await newcomer("everywhere"));
    same((await there.goto(`${base}/me`)).status(), 200, "the other visit before");
    await here.focus('form[action="/me/sign-out"] button');
    await here.keyboard.press("Enter");
    await here.waitForSelector('[data-done="signed-out"]');
    same(await here.textContent("h1"), "You are signed out.", "the heading");
    same((await there.goto(`${base}/me`)).status(), 403, "the other visit after");
    same((await here.goto(`${base}/me`)).status(), 403, "this one");
    same((await context.cookies()).filter(({ name }) => name === "attune_portal"), [], "the cookie");
  } finally { await other.close(); }
});
await check("the_logo_by_itself_is_a_picture_under_a_policy_that_lets_it_do_nothing", { reads: true }, async (open) => {
  const page = await open("/me/brand/logo");
  same(await page.evaluate(() => [document.documentElement.localName, window.origin]), ["svg", "null"], "what is opened, and whose");
});
await check("the_own_page_and_the_console_say_who_answers_for_the_data", { console: true, reads: true }, async (open) => {
  const own = await open(portal);
  await own.click('.contents a[href="#answers"]');
  must(/Harbour Bank, a\.s\. decides what your data is used for/.test(await own.textContent("#answers")), await own.textContent("#answers"));
  same(await own.getAttribute('#answers [data-controller="url"] a', "href"), "https://harbour.example/privacy", "the notice");
  const page = await open("/console/trust");
  must(/Answers for the data\s*Harbour Bank, a\.s\.\s*1 Quay, Harbour/.test(await (await seen(page, "controller")).textContent()), await page.textContent(id("controller")));
});
await check("the_console_says_that_nobody_answers_and_what_to_do", { console: true, reads: true, bypassCSP: true }, async (open, context) => {
  await context.route("**/v1/trust", async (route) => { const answer = await route.fetch(); await route.fulfill({ response: answer, json: { ...await answer.json(), controller: null } }); });
  const page = await open("/console/trust");
  await seen(page, "entries");
  must(/Nobody is named.*Add controller with name and contact to the document of kind brand/s.test(await page.textContent('[aria-labelledby="answers"]')), await page.textContent('[aria-labelledby="answers"]'));
  must(!(await page.$(id("controller"))), "somebody is named all the same");
  same(await scan(page), [], "axe");
});
await check("what_is_damaged_on_disk_stands_above_every_page_and_leads_to_what_to_do", { console: true, reads: true, bypassCSP: true }, async (open, context) => {
  const before = await open("/console/damage");
  await before.waitForSelector("text=Nothing is damaged");
  same(await before.$(id("damage")), null, "a notice of nothing");
  await before.close();
  await damaged(context);
  const page = await open("/console/customers");
  must(/Damaged: 3 pieces of the data on disk/.test(await (await seen(page, "damage")).textContent()), await page.textContent(id("damage")));
  await page.click('nav[aria-label="Pages"] a[href="/console/trust"]');
  await seen(page, "entries");
  await page.focus(`${id("damage")} a`);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/console\/damage$/);
  await seen(page, "pieces");
  same(await page.$$eval(`${id("pieces")} li`, (rows) => rows.map((row) => row.dataset.effect)), ["refused", "lost", "rebuilt"], "the worst first");
  must(/Lost: sealing\/slots.*The key of history 7 is damaged.*What to do: Restore the slot from a copy of the keys.*The damage is at byte 448 and was met 2 times/s.test(await page.textContent(`${id("pieces")} [data-effect="lost"]`)), await page.textContent(id("pieces")));
  same(await page.title(), "Damaged data, Attune", "the title");
  same(await scan(page), [], "axe");
});
await check("what_may_not_be_kept_any_longer_is_taken_out_by_keyboard_and_said", { console: true, width: 390, height: 844, bypassCSP: true }, async (open) => {
  const put = (method, body) => fetch(`${base}/v1/configuration/retention/brochures`, { method, headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const old = new Date(Date.now() - 40 * 86_400_000).toISOString();
  await api("/v1/import", { batch: ["a", "b"].map((n) => ({ type: "track", messageId: `brochure-${n}`, userId: "edith", event: "Brochure Read", properties: {}, timestamp: old })) });
  must((await put("PUT", { title: "Brochures you read", events: ["Brochure Read"], keep: "30d", basis: "consent" })).ok, "the rule is not taken");
  try {
    const page = await open("/console/trust"), rule = '[data-rule="brochures"] td';
    await page.waitForSelector(`${id("due")}[data-events="2"]`);
    await page.evaluate(() => { window.told = []; new MutationObserver(() => window.told.push(document.querySelector('[aria-live="polite"]').textContent)).observe(document.querySelector('[aria-live="polite"]'), { childList: true, characterData: true, subtree: true }); });
    same(await page.$$eval(rule, (all) => all.map((e) => e.textContent)), ["30 days", "consent", "▲2", await page.textContent(`${rule}:last-child`)], "what stands beside the rule");
    await reach(page, id("take-out"));
    await seen(page, "take-out-dialog");
    must(/2 entries may not be kept.*cannot be undone/s.test(await page.textContent(id("take-out-dialog"))), "the dialog does not say what happens");
    same(await scan(page), [], "axe of the dialog");
    await page.keyboard.press("Escape");
    await gone(page, "take-out-dialog");
    must(await page.evaluate(() => document.activeElement.dataset.testid === "take-out"), "the focus is not back where it was");
    await page.route("**/v1/retention", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 503, contentType: "application/json", body: '{"code":"disk_full","message":"The disk is full: nothing is lost, free some space."}' }) : route.continue()));
    await page.keyboard.press("Enter");
    await reach(page, id("take-out-now"));
    await page.waitForSelector(`${id("take-out-dialog")} [role=alert]:has-text("The disk is full")`);
    await page.unroute("**/v1/retention");
    await reach(page, id("take-out-now"));
    await gone(page, "take-out-dialog");
    await until(async () => (await page.textContent(`${rule}:last-child`)) === "2", "it is not said what was taken out");
    same(await page.getAttribute(id("due"), "data-events"), "0", "something is due still");
    must(/It took out 2 entries of 1 customer, and 2 rows for figures/.test(await page.textContent(id("last-run"))), `it says ${await page.textContent(id("last-run"))}`);
    await until(() => page.evaluate(() => window.told.some((t) => t.startsWith("It took out 2 entries"))), "a screen reader is not told");
    same(await scan(page), [], "axe of the page");
    must(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  } finally { await put("DELETE"); }
});
await check("the_page_of_trust_is_walked_by_keyboard_alone", { console: true }, async (open) => {
  await api("/v1/requests", { customer: { identifier: "user:edith" }, type: "portability", text: "By telephone" });
  const page = await open("/console/trust");
  await seen(page, "entries"); await seen(page, "requests");
  same(await unreached(page), [], "what Tab does not reach");
  await reach(page, '[data-testid^="answer-r"]');
  await seen(page, "answer");
  must(await page.evaluate(() => document.activeElement.closest("dialog") !== null), "the focus is not in the dialog");
  await page.keyboard.press("Escape");
  await gone(page, "answer");
  must(await page.evaluate(() => document.activeElement.dataset.testid?.startsWith("answer-r")), "the focus is not back where it was");
  const who = await page.evaluate(() => document.activeElement.dataset.testid);
  await page.keyboard.press("Enter");
  await reach(page, 'dialog input[value="done"]', "ArrowDown");
  must(await page.$eval("#because", (e) => e.required), "an arrow does not choose");
  await reach(page, "#because", null);
  await page.keyboard.type("It was handed on already.");
  await reach(page, id("answer-save"));
  await gone(page, who);
  await reach(page, 'nav[aria-label="Requests"] a[href*="refused"]');
  await page.waitForURL(/requests=refused/);
  await page.waitForSelector('text=It was handed on already.');
  await reach(page, "#what", "ArrowDown");
  await page.waitForURL(/what=consent/);
  await reach(page, "#about", null);
  await page.keyboard.type("user:edith"); await page.keyboard.press("Enter");
  await page.waitForURL(/about=user/);
  await reach(page, id("verify"));
  same(await (await seen(page, "verified")).getAttribute("data-sound"), "true", "the log is sound");
  await page.keyboard.press("t");
  await page.waitForSelector(`${id("purposes")}[data-shows="table"]`);
  same(await unreached(page), [], "what Tab does not reach with tables");
});
await check("a_key_is_made_with_limits_shown_once_and_revoked_by_keyboard_alone", { console: true, bypassCSP: true }, async (open, context) => {
  const page = await open("/console"), name = `The shop ${randomUUID().slice(0, 8)}`;
  await reach(page, id("keys-page"));
  await page.waitForURL(/console\/keys$/);
  await seen(page, "keys");
  await reach(page, id("make"));
  await seen(page, "key-dialog");
  await reach(page, "#key-name", null); await page.keyboard.type(name);
  await reach(page, "#key-source", null); await page.keyboard.type("shop");
  await reach(page, 'input[value="collect"]', "Space");
  same(await scan(page), [], "axe of the dialog");
  await reach(page, id("key-save"));
  await gone(page, "key-dialog");
  const made = (await page.textContent(`${id("made")} .token`)).trim(), row = `[data-key="${made.split("_")[2]}"]`;
  await page.waitForSelector(row);
  const send = () => fetch(`${base}/v1/track`, { method: "POST", headers: { Authorization: `Bearer ${made}`, "Content-Type": "application/json" }, body: JSON.stringify({ anonymousId: "keys-page", event: "Seen" }) });
  same((await send()).status, 200, "the new key");
  must(new RegExp(`${name}.*source shop.*write.*collect`, "s").test(await page.textContent(row)), await page.textContent(row));
  same(await unreached(page), [], "what Tab does not reach");
  await reach(page, `${row} button`);
  await seen(page, "revoke-dialog");
  await page.keyboard.press("Escape"); await gone(page, "revoke-dialog");
  same((await send()).status, 200, "a key that was kept");
  must(!(await page.$(id("made"))), "the key stays on the page after the next act");
  await page.keyboard.press("Enter"); await seen(page, "revoke-dialog");
  same(await scan(page), [], "axe of the question");
  await reach(page, id("revoke-now"));
  await page.waitForSelector(`${row}[data-revoked="true"]`);
  same((await send()).status, 401, "the revoked key");
  await context.route("**/v1/keys", (route) => route.fulfill({ json: { write: 0, secret: 0, keys: [] } }));
  await page.reload();
  await page.waitForSelector("text=There is no key");
});
if (invitation) await check("the_page_of_keys_is_outside_every_role_but_admin", { console: true, bypassCSP: true }, async (open, context) => {
  await context.route("**/v1/session", async (route) => { const answer = await route.fetch(), who = await answer.json(); await route.fulfill({ response: answer, json: { ...who, roles: "manager", may: who.may.filter((r) => !r.includes("/v1/keys")) } }); });
  const page = await open("/console/keys");
  await page.waitForSelector("text=This page is outside your role.");
  must(!(await page.$(id("keys-page"))), "the way to it is shown all the same");
});
await check("a_card_goes_on_showing_whatever_currency_an_event_says", { console: true, bypassCSP: true }, async (open, context) => {
  const user = `odd-${randomUUID()}`;
  await api("/v1/batch", { batch: ["no such", "EURO", ""].map((currency, i) => ({ type: "track", messageId: `${user}-${i}`, userId: user, event: "Bill Issued", properties: { bill_id: `${user}-${i}`, payee: "Water", amount: 41.2, currency, due_date: new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10) } })) });
  const { cid } = await (await fetch(`${base}/v1/customers?identifier=user:${user}`, { headers: { Authorization: `Bearer ${key}` } })).json();
  const page = await open(`/console/customers/${cid}`);
  must(/Water, 41\.20/.test(await (await seen(page, "open")).textContent()), await page.textContent(id("open")));
  /* Also one that was stored before it was checked. */
  await context.route(`**/v1/customers/${cid}`, async (route) => { const answer = await route.fetch(), card = await answer.json(); await route.fulfill({ response: answer, json: { ...card, open: card.open.map((m) => ({ ...m, currency: "no such" })) } }); });
  await page.reload();
  must(/Water, 41\.20 no such/.test(await (await seen(page, "open")).textContent()), await page.textContent(id("open")));
  await seen(page, "timeline");
});
await check("staff_is_invited_given_other_roles_and_shut_out_by_keyboard_alone", { console: true, bypassCSP: true }, async (open) => {
  const page = await open("/console");
  await reach(page, id("staff"));
  await page.waitForURL(/console\/staff$/);
  await seen(page, "accounts");
  await reach(page, id("invite"));
  await seen(page, "staff-dialog");
  await reach(page, "#staff-name", null); await page.keyboard.type("keys-only");
  await reach(page, 'input[value="service"]', "Space");
  await reach(page, id("staff-save"));
  await gone(page, "staff-dialog");
  must(/at_invite_[\w-]{43}/.test(await page.textContent(id("token"))), "the invitation is not shown");
  const row = '[data-account="keys-only"]';
  must(/service.*invited/s.test(await page.textContent(row)), await page.textContent(row));
  await reach(page, id("roles-keys-only"));
  await reach(page, 'input[value="service"]', "Space"); await reach(page, 'input[value="analyst"]', "Space");
  same(await scan(page), [], "axe of the dialog");
  await reach(page, id("staff-save"));
  await until(async () => /analyst/.test(await page.textContent(row)) && !/service/.test(await page.textContent(row)), "the roles are not changed");
  must(!(await page.$(id("token"))), "an invitation stays on the page after the next act");
  same(await unreached(page), [], "what Tab does not reach");
  await reach(page, id("lock-keys-only"));
  await seen(page, "staff-dialog");
  await page.keyboard.press("Escape"); await gone(page, "staff-dialog");
  await page.keyboard.press("Enter"); await seen(page, "staff-dialog");
  await reach(page, id("staff-save"));
  await until(async () => !(await page.$(row)), "who never came is still there");
});
await check("a_figure_of_worth_opens_to_as_many_customers_and_back", { console: true, reads: true }, async (open) => {
  const page = await open("/console/worth");
  await page.waitForSelector(`${id("groups")} tbody a`);
  const figure = Number((await page.textContent(`${id("groups")} tbody a`)).replace(/\D/g, ""));
  await page.click(`${id("groups")} tbody a`);
  await seen(page, "withheld");
  const listed = await page.$$eval(`${id("customers")} tbody tr`, (all) => all.length), withheld = Number(await page.getAttribute(id("withheld"), "data-withheld"));
  same(listed + withheld, figure, "listed and withheld together");
  await page.click("text=Back to worth");
  await seen(page, "groups");
});
await check("the_table_of_the_profit_curve_ends_where_the_sentence_says", { console: true, reads: true }, async (open) => {
  const page = await open("/console/worth");
  await seen(page, "curve");
  await page.click(id("curve-turn"));
  const last = await page.$eval(`${id("curve")} tbody tr:last-child`, (row) => [...row.children].map((c) => c.textContent.trim()));
  must((await page.textContent(id("sentence"))).includes(`${last[1]} customers brought ${last[2]}`), `the table ends with ${last.join(" ")}`);
});
/* What a look needs to be there: a request of Ana's, a decision for her. */
const post = async (page, path, body) => {
  const status = await page.evaluate(([p, b]) => fetch(p, { method: "POST", headers: { "X-Attune": "console", "Content-Type": "application/json" }, body: JSON.stringify({ customer: { identifier: "user:ana" }, ...b }) }).then((r) => r.status), [path, body]);
  must(status === 200, `${path} was answered ${status}`);
};
/* The page with another state of retention than the server's, which has no long run and is never without rules. */
const retention = async (page, state) => {
  const real = await page.evaluate(() => fetch("/v1/retention", { headers: { "X-Attune": "console" } }).then((r) => r.json()));
  await page.route("**/v1/retention", (route) => route.fulfill({ json: { ...real, ...state } }).catch(() => undefined)); /* The page may be gone: it asks again every second. */
  await page.reload();
};
const request_open = async (page) => { await post(page, "/v1/requests", { type: "erase", text: "By telephone" }); await page.reload(); };
let ana_path = "/console/customers";
await check("a_customer_is_found_and_opened", { console: true }, async (open) => {
  const page = await open("/console/customers?q=ana");
  await page.click(`${id("customers")} tbody a`);
  await seen(page, "timeline");
  ana_path = new URL(page.url()).pathname;
  must(await page.evaluate(() => document.querySelector("#now").compareDocumentPosition(document.querySelector("#history")) & Node.DOCUMENT_POSITION_FOLLOWING), "history stands before now");
});
const pages = [
  ["harbour", "/harbour", "h1"], ["machine-ana", "/harbour/machine?person=ana", id("amount-20")], ["machine-edith", "/harbour/machine?person=edith", id("amount-20")], ["machine-card", "/harbour/machine", id("person-ana")],
  ["machine-why", "/harbour/machine?person=ana", id("amount-20"), async (p) => { await p.click(id("why")); await seen(p, "why-text"); }],
  ["machine-other", "/harbour/machine?person=ana", id("amount-20"), async (p) => { await p.click(id("something-else")); await p.waitForSelector("#other"); }],
  ["machine-cash", "/harbour/machine?person=ben", id("amount-20"), async (p) => { await p.click(id("amount-50")); await p.click(id("receipt-no")); await p.waitForSelector(`${id("cash-taken")}:not([disabled])`); }],
  ["app-ana", "/harbour/app?person=ana", id("tile-balance")], ["app-order", "/harbour/app?person=ana", id("reorder"), async (p) => { await p.click(id("reorder")); }],
  ["app-edith", "/harbour/app?person=edith", id("tile-balance")], ["app-bills", "/harbour/app?person=ana&screen=pay-bill", '[data-testid^="bill-"]'], ["app-more", "/harbour/app?person=ana&screen=more", id("mode-ask")],
  ["web", "/harbour/web?person=ana", '[data-testid^="bill-"]'], ["web-who", "/harbour/web", id("person-ana")],
  ["shop", "/harbour/shop?person=ana&channel=web", id("offer-coffee")], ["shop-phone", "/harbour/shop?person=ana&channel=app", id("offer-coffee")], ["shop-who", "/harbour/shop", id("person-ana")],
  ["shop-basket", "/harbour/shop?person=edith&channel=app", id("offer-lamp-grey"), async (p) => { await p.click(id("basket-add-lamp-grey")); await p.waitForFunction(() => /Arrives/.test(document.querySelector('[data-testid="arrives"]')?.textContent ?? "")); }],
  ["shop-change", "/harbour/shop?person=ana&channel=web", id("offer-lamp-grey"), async (p) => { await p.click(id("basket-add-lamp-grey")); await p.click(id("change-lamp-red")); await seen(p, "change-sentence"); }],
  ["product", "/harbour/product?person=ana&channel=web", id("want-statement-day"), async (p) => { await p.fill(id("want-statement-day"), "3"); await p.waitForSelector(`${id("leads-statement-day")}:not(:empty)`); }],
  ["product-phone", "/harbour/product?person=edith&channel=app", id("want-limit"), async (p) => { await p.fill(id("want-limit"), "99"); }],
  ["branch", "/harbour/branch?person=ana", id("not-asked")], ["branch-empty", "/harbour/branch", id("customer-ana")], ["branch-edith", "/harbour/branch?person=edith", id("not-asked")], ["queue", "/harbour/queue?counter=4", id("queue-wait")],
  ["door", "/console/sign-in", "input[name=password]", async (p) => { await p.fill("#name", "nobody"); await p.fill("#password", "wrong"); await p.press("#password", "Enter"); await p.waitForSelector("[role=alert]"); }, false],
  ["door-invited", "/console/sign-in?invited", "input[name=again]", null, false],
  ["overview", "/console", id("sentence"), null, true], ["score", "/console", id("sentence"), async (p) => { await p.click(id("score-open")); await seen(p, "ten"); }, true],
  ["overview-table", "/console", id("groups"), async (p) => { await p.keyboard.press("t"); await p.waitForSelector(`${id("groups")}[data-shows="table"]`); }, true],
  ["help", "/console", id("sentence"), async (p) => { await p.keyboard.press("?"); await seen(p, "help"); }, true],
  ["customers", "/console/customers", id("customers"), null, true], ["nobody", "/console/customers?q=zzzz", "h2", null, true],
  ["customers-app", "/console/customers?channel=app", id("withheld"), null, true], ["customers-social", "/console/customers?channel=social", "h2", null, true], ["card", () => ana_path, id("timeline"), null, true],
  ["merge", () => ana_path, id("merge"), async (p) => { await p.click(id("merge")); await seen(p, "merge-dialog"); }, true],
  ["journeys", "/console/journeys", ".map .step", null, true], ["journeys-table", "/console/journeys", ".map .step", async (p) => { await p.keyboard.press("t"); await seen(p, "map-table"); }, true],
  ["score", "/console/score/10", id("withheld"), null, true], ["overview-ten", "/console", id("score-open"), async (p) => { await p.click(id("score-open")); await seen(p, "ten"); }, true],
  ["broken", "/console/broken?days=366", ".signals", null, true], ["broken-opened", "/console/broken/card-activation?days=366", id("withheld"), null, true],
  ["roadmap", "/console/roadmap", id("moves"), null, true], ["roadmap-plan", "/console/roadmap?days=366", id("moves"), async (p) => { await p.click("[data-testid^=plan-]"); await seen(p, "plan"); }, true], ["inventory", "/console/inventory", id("touchpoints"), null, true],
  ["voice", "/console/voice", id("questions"), null, true], ["voice-customers", "/console/voice/customers?scale=stars&days=365", id("withheld"), null, true], ["ideas", "/console/voice?view=ideas", id("ideas"), async (p) => { await p.click(id("answer-notes-by-size")); await seen(p, "answer-form"); }, true],
  ["preference", "/console/voice?view=preference", "h1", async (p) => { await p.waitForSelector(`${id("first")}, main strong`); }, true],
  ["worth", "/console/worth", `${id("segments")} tbody tr`, null, true], ["worth-table", "/console/worth", id("curve"), async (p) => { await p.keyboard.press("t"); await p.waitForSelector(`${id("curve")}[data-shows="table"]`); }, true],
  ["worth-group", "/console/worth/customers?group=cell:keep", id("withheld"), null, true], ["worth-few", "/console/worth/customers?group=cell:none,rfm:champion,worth:below", "h2", null, true], ["worth-segment", "/console/worth/customers?segment=needed-a-person", id("members"), null, true],
  ["worth-why", "/console/customers?q=ana%20varga", id("customers"), async (p) => { await p.click(`${id("customers")} a`); await seen(p, "worth-why"); await p.click(id("worth-why")); await seen(p, "worth-lines"); }, true],
  ["trust", "/console/trust", id("entries"), null, true], ["trust-table", "/console/trust", id("purposes"), async (p) => { await p.keyboard.press("t"); await p.waitForSelector(`${id("purposes")}[data-shows="table"]`); }, true],
  ["trust-take-out", "/console/trust", id("take-out"), async (p) => { await p.waitForSelector(`${id("due")}[data-events]:not([data-events=""])`); await p.click(id("take-out")); await seen(p, "take-out-dialog"); }, true],
  ["trust-taking", "/console/trust", id("rules"), async (p) => { await retention(p, { running: true, progress: { doing: "taking-out", done: 1200, of: 5000 }, due: { events: 5000, rows: 4100, as_of: Date.now(), whole: true } }); await seen(p, "taking"); }, true],
  ["trust-no-rule", "/console/trust", id("rules"), async (p) => { await retention(p, { rules: [], due: null }); await p.waitForSelector("text=No rule says how long"); }, true],
  ["trust-request", "/console/trust", id("entries"), async (p) => { await request_open(p); await p.click('[data-testid^="answer-r"]'); await seen(p, "answer"); await p.click('input[value="extend"]'); }, true], ["trust-checked", "/console/trust?what=keys&requests=refused", id("verify"), async (p) => { await p.click(id("verify")); await seen(p, "verified"); }, true],
  ["card-rights", () => ana_path, id("rights"), async (p) => { await post(p, "/v1/decide", { customer: { cid: ana_path.split("/").pop() }, surface: "machine-withdrawal" }); await p.click(id("decided")); await p.click('[data-testid^="explain-"]'); await p.waitForSelector('[data-testid^="explained-"]'); await p.click(id("erase")); await seen(p, "erase-dialog"); }, true],
  ["keys", "/console/keys", id("keys"), null, true], ["keys-make", "/console/keys", id("keys"), async (p) => { await p.click(id("make")); await seen(p, "key-dialog"); }, true], ["keys-revoke", "/console/keys", id("keys"), async (p) => { await p.click('[data-testid^="revoke-"]'); await seen(p, "revoke-dialog"); }, true],
  ["damage", "/console/damage", "h1", async (p) => { await damaged(p.context()); await p.reload(); await seen(p, "pieces"); }, true], ["damage-none", "/console/damage", "text=Nothing is damaged", null, true],
  ["damage-notice", "/console/trust", id("entries"), async (p) => { await damaged(p.context()); await p.reload(); await seen(p, "damage"); await seen(p, "entries"); }, true],
  ["staff", "/console/staff", id("accounts"), null, true], ["staff-invite", "/console/staff", id("accounts"), async (p) => { await p.click(id("invite")); await seen(p, "staff-dialog"); }, true],
  ["layers", "/console/layers", id("layers"), null, true], ["layers-node", "/console/layers?node=card-system&if=hours%3Dnightly", id("reached"), null, true],
  ["layers-maps", "/console/layers?view=maps", id("map-card-that-works"), null, true], ["layers-walk", "/console/layers?view=walk", id("cannot"), null, true],
  ["flow", "/console/journeys?view=flow", ".flow", null, true], ["paths", "/console/journeys?view=paths", id("paths"), null, true], ["journey-customers", "/console/journeys/customers?of=all", id("withheld"), null, true],
  ["journeys-by-bill", "/console/journeys?cut=property&property=bill_id&view=paths", id("paths"), null, true], ["journeys-closed", "/console/journeys/customers", "h2", null, true], ["leaving", "/console/journeys?view=leaving&cut=goal&goal=Bill%20Paid", id("leaving"), null, true],
  ...(portal === "none" ? [] : [["portal", portal, "h1", null, false], ["portal-ideas", portal, "h1", async (p) => { await p.goto(`${base}/me/ideas`); await p.waitForSelector(".ideas"); }, false], ...["why", "receipts", "erase", "erase?step=sure"].map((name) => [`portal-${name.replace("?step=", "-")}`, portal, "h1", async (p) => { await p.goto(`${base}/me/${name}`); await p.waitForSelector("main h1"); }, false]),
    ["portal-wrong-word", portal, "h1", async (p) => { await p.goto(`${base}/me/erase?step=sure`); await p.fill("#word", "no"); await p.click("button.danger"); await p.waitForSelector("[role=alert]"); }, false],
    ...(signing ? [["portal-czech", portal, "h1", async (p) => { await p.context().clearCookies(); await p.goto(base + await newcomer("czech", { language: "cs" })); await p.waitForSelector('[lang="cs"]'); }, false],
      ["portal-signed-out", portal, "h1", async (p) => { await p.context().clearCookies(); await p.goto(base + await newcomer(`leaver-${randomUUID()}`)); await p.click('form[action="/me/sign-out"] button'); await p.waitForSelector('[data-done="signed-out"]'); }, false],
      ["portal-whose", portal, "h1", async (p) => { await p.goto(base + await newcomer("second")); await p.waitForSelector("text=Whose page do you want?"); }, false]] : []),
    ["portal-stranger", "/me", "h1", null, false],
    ["portal-question", portal, "h1", async (p) => { await p.goto(`${base}/me/question`); await p.waitForSelector('[data-testid="why"]'); }, false]]),
];
/* Each width and each colour once; needs where space is scarcest. A page is loaded once and turned from look to look; where a script lays out by the size of letters (`drawn`), it is loaded again for huge ones. */
const looks = [["light", 1280, "light", {}], ["dark", 390, "dark", {}], ["high", 390, "light", { contrast: "high" }], ["huge", 390, "light", { text: "huge" }]];
const drawn = (path) => ["/console/journeys", "/console/journeys?view=flow"].includes(path);
/* Before a page's own scripts: what the page itself says about needs is kept, and a look is put over it. */
function dress_up() {
  const own = {}, names = ["text", "contrast"];
  let look = null;
  const put = () => { const r = document.documentElement; for (const k of names) { const v = look[k] ?? own[k]; if (v === undefined) { if (k in r.dataset) delete r.dataset[k]; } else if (r.dataset[k] !== v) r.dataset[k] = v; } };
  window.look = (needs) => {
    if (!look) { for (const k of names) own[k] = document.documentElement.dataset[k]; look = needs; new MutationObserver(put).observe(document.documentElement, { attributes: true }); }
    look = needs;
    put();
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20))));
  };
}
async function seen_as(page, name, [look, width]) {
  await page.evaluate(() => document.fonts.ready);
  if (shots) await page.screenshot({ path: join(shots, `${name}-${look}-${width}.png`), fullPage: !["help", "merge", "machine-why"].includes(name) });
  const bad = await scan(page);
  must(bad.length === 0, bad.join("; "));
  const wide = await page.evaluate(() => (document.documentElement.scrollWidth <= innerWidth + 1 ? null
    : `${document.documentElement.scrollWidth} px: ${[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(-2).map((e) => `${e.tagName} "${e.textContent.slice(0, 40)}"`).join(", ")}`));
  must(!wide, `scrolls sideways: ${wide}`);
}
async function see([name, path, ready, then, signed]) {
  const wanted = looks.filter(([look, width]) => !only || `${name}_${look}_${width}`.includes(only));
  if (!wanted.length) return;
  await run(`${name}_is_there`, { console: signed === true, bypassCSP: true, silent: true }, async (open, context, wrong) => {
    await context.addInitScript(dress_up);
    const page = await open(typeof path === "function" ? path() : path);
    const come = async () => { await page.waitForSelector(ready); if (then) await then(page); };
    await come();
    for (const look of wanted) {
      const began = Date.now(), [title, width, scheme, needs] = look;
      let error = null;
      try {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 800 });
        await page.emulateMedia({ colorScheme: scheme });
        if (needs.text && drawn(path)) {
          await page.evaluate((n) => localStorage.setItem("attune.display", JSON.stringify(n)), needs);
          await page.reload();
          await come();
        }
        await page.evaluate((n) => window.look(n), needs);
        await seen_as(page, name, look);
        must(wrong.length === 0, wrong.splice(0).join("; "));
      } catch (e) { error = e; }
      report(`${name}_${title}_${width}`, error, began);
    }
  });
}
await lanes(reading);
await lanes([...apart, ...pages.map((page) => () => see(page))]);

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
