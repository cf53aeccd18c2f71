/*
 * steps.mjs: the tour, step by step. A step throws Wrong with what was seen instead, or returns the sentence that is printed.
 *
 * @tour: {server, browser, truth, ana, ben, edith, restart, links, later}: `later` collects what is taken back at the end.
 */
import { expect, show, sleep } from "./server.mjs";
import { weekdays } from "./people.mjs";

const DAY = 86400_000, AT_ONCE_MS = 1000, SEEN_MS = 3000, SETTLED_MS = 1500, LARGER = 1.5;
export const titles = {
  1: "three links, and collect, decide and export answer", 2: "Ana's usual amount is the first button", 3: "why: 9 of the last 11, and the day she agreed", 4: "Ben gets the standard amounts and is asked, nothing ticked",
  5: "Edith: standard amounts in huge type, no guess", 6: "Ana's app: what she never used moved to More, announced", 7: "share prices are proposed for home", 8: "yes moves it, undo puts it back to the byte",
  9: "cards dragged first, and by keyboard; first on the branch tablet", 10: "paid online, seen in the open app within a second", 11: "the clerk's card and the form", 12: "huge type and high contrast, said once, everywhere at once",
  13: "twenties only, no receipt question", 14: "the kettle is gone from the recommendations", 15: "a consequence before the choice", 16: "the product itself, tailored", 17: "what you know about me", 18: "the export",
  19: "personalisation off", 20: "one question with stars", 21: "ideas", 22: "the console's first page", 23: "the score", 24: "what is broken", 25: "one of those behind a figure", 26: "three maps", 27: "five layers",
  28: "a limit ripples up", 29: "a prototype walked", 30: "the roadmap", 31: "preference", 32: "worth and need", 33: "the inventory", 34: "kill -9, start again: same screens, same counts",
};

/* A moment of Ana's habit: now when today is the day, else its next day. */
export function anasDay(ana) {
  const today = (new Date().getUTCDay() + 6) % 7, ahead = (weekdays.indexOf(ana.weekday) - today + 7) % 7;
  return ahead === 0 ? null : `${new Date(Date.now() + ahead * DAY).toISOString().slice(0, 10)}T17:30:00.000Z`;
}
export const at = (path, person, extra = "") => `/harbour/${path}?person=${person}${extra}`;
const phone = { size: { width: 420, height: 860 } };
const onHerDay = (ana) => ({ now: anasDay(ana), identifier: `user:${ana.user_id}` });
const usualOf = (decision) => decision.options.find((o) => o.usual);
const orderOf = (decision) => decision.menu.home.map((h) => h.option);
const layoutOf = ({ menu }) => JSON.stringify({ mode: menu.mode, home: menu.home, more: menu.more });
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
function firstDifference(a, b) {
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)], from = Math.max(0, [...x].findIndex((c, i) => c !== y[i]) - 40);
  return `was …${x.slice(from, from + 100)}… and is …${y.slice(from, from + 100)}…`;
}

async function start({ server, ana, links }) {
  for (const link of links) { const { status } = await server.raw("GET", link, undefined, { Accept: "text/html" }); expect(status < 400, `${link} answers ${status}`); }
  await server.track(ana.user_id, "Tour Begun", {}, { channel: "web", touchpoint: "web-home" });
  const decision = await server.machine(`user:${ana.user_id}`);
  expect(decision.decision && decision.options?.length, `decide answered ${show(decision)}`);
  const { cid } = await server.card(`user:${ana.user_id}`), exported = await server.raw("GET", `/v1/customers/${cid}/export`);
  expect(exported.status === 200 && exported.text.length > 100, `the export answers ${exported.status}`);
  return `${links.join(", ")}; an event was taken, a decision given, ${exported.text.length} bytes exported`;
}

async function usual({ server, browser, ana }) {
  const now = anasDay(ana), decision = await server.machine(`user:${ana.user_id}`, now), first = decision.options[0];
  expect(decision.guess && first.usual, `no guess: ${show(decision.options)}; ${decision.why}`);
  expect(first.value === ana.value && same(first.with?.notes, ana.notes), `offered is ${show(first)}`);
  return browser.page(at("machine", ana.person), async (page) => {
    expect(await page.value("usual", "value") === String(ana.value) && await page.value("usual", "notes") === ana.notes.join(","), `the button says ${await page.text("usual")}`);
    const names = await page.page.locator("main button[data-testid]").evaluateAll((all) => all.map((b) => b.dataset.testid));
    expect(names[0] === "usual", `the first button is ${names[0]}`);
    expect(await page.sees("why") && await page.sees("something-else"), "why or something else is not there");
    return `first button: ${(await page.text("usual")).replace(/\s+/g, " ")}`;
  }, onHerDay(ana));
}

async function why({ browser, ana }) {
  const agreed = new Date(ana.agreed).toLocaleDateString("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });
  return browser.page(at("machine", ana.person), async (page) => {
    await page.click("why");
    const text = await page.text("why-text"), counted = `${ana.value} on ${ana.hits} of the last ${ana.of} ${ana.weekday}s`;
    expect(text.includes(counted), `it says "${text}", not "${counted}"`);
    expect(text.includes(agreed), `it says "${text}", not when she agreed (${agreed})`);
    return text;
  }, onHerDay(ana));
}

/* Through the machine up to the question afterwards; without @take the cash still lies there, and nothing is asked. */
export async function takeCash(page, button, take = true) {
  await page.click(button);
  await page.page.locator('[data-testid="receipt-no"], [data-testid="cash-taken"]').first().waitFor();
  const asked = await page.sees("receipt-no");
  if (asked) await page.click("receipt-no");
  await page.page.locator('[data-testid="cash-taken"]:enabled').waitFor();
  if (take) await page.click("cash-taken");
  return asked;
}

async function nothingAgreed({ server, browser, ben }) {
  const decision = await server.machine(`user:${ben.user_id}`);
  expect(!decision.guess && !usualOf(decision), `something was guessed: ${show(decision.options)}`);
  expect(same(decision.options.map((o) => o.value), [20, 50, 100, 200]), `the amounts are ${show(decision.options)}`);
  return browser.page(at("machine", ben.person), async (page) => {
    for (const amount of [20, 50, 100, 200]) await page.see(`amount-${amount}`);
    expect(!await page.sees("usual"), "a usual amount is shown");
    await takeCash(page, "amount-50");
    await page.see("remember-yes"); await page.see("remember-no");
    const ticked = await page.page.locator(':checked, [aria-checked="true"], [aria-pressed="true"], [data-testid^="remember-"]:focus').count();
    expect(ticked === 0, `${ticked} of the answers is preset`);
    return `standard amounts; "${(await page.text("suggestion")).split("\n")[0]}" with nothing chosen`;
  });
}

async function hugeType({ server, browser, edith }) {
  const { cid } = await server.card(`user:${edith.user_id}`), decision = await server.machine(`user:${edith.user_id}`);
  expect(!decision.guess && !usualOf(decision), `something was guessed: ${show(decision.options)}`);
  if (decision.accessibility.text !== "huge") await server.prefer(cid, { "accessibility.text": "huge" }, "branch");
  /* The words, not the amounts, which are large for everybody. */
  const size = (page) => page.part("something-else").evaluate((e) => parseFloat(getComputedStyle(e).fontSize));
  return browser.page(at("machine", edith.person), async (page) => {
    await page.see("amount-50"); await page.styled("text", "huge", SEEN_MS);
    expect(!await page.sees("usual"), "a usual amount is shown");
    const hers = await size(page), usually = await browser.page(at("machine", "ben"), async (other) => { await other.see("amount-50"); return size(other); });
    expect(hers >= usually * LARGER, `her letters have ${hers} px, others ${usually} px`);
    return `${hers} px letters beside ${usually} px; no guess`;
  });
}

async function movedToMore({ server, browser, ana }) {
  const { menu } = await server.menu(`user:${ana.user_id}`), moved = menu.more.find((m) => m.option === ana.never_used);
  expect(moved, `${ana.never_used} is still at home: ${show(menu.home)}`);
  expect(menu.announce.some((a) => a.option === ana.never_used && a.undo), `nothing is announced: ${show(menu.announce)}`);
  return browser.page(at("app", ana.person), async (page) => {
    await page.see("more");
    expect(!await page.sees(`tile-${ana.never_used}`), `${ana.never_used} is still a tile`);
    await page.see(`bring-back-${ana.never_used}`);
    await page.click("more"); await page.see(`more-${ana.never_used}`);
    return menu.announce.find((a) => a.option === ana.never_used).text;
  }, phone);
}

async function proposed({ server, browser, ana }) {
  const { ask } = await server.menu(`user:${ana.user_id}`);
  expect(ask?.kind === "promote" && ask.option === ana.most_used, `asked is ${show(ask)}`);
  return browser.page(at("app", ana.person), async (page) => {
    const text = await page.text("suggestion");
    expect(/share prices/i.test(text), `it says "${text}"`);
    await page.see("suggestion-yes"); await page.see("suggestion-no");
    return text.split("\n")[0];
  }, phone);
}

async function yesThenUndo({ server, browser, ana }) {
  const before = layoutOf(await server.menu(`user:${ana.user_id}`));
  return browser.page(at("app", ana.person), async (page) => {
    await page.click("suggestion-yes"); await page.see(`tile-${ana.most_used}`);
    const moved = layoutOf(await server.menu(`user:${ana.user_id}`));
    expect(moved !== before && JSON.parse(moved).home.some((h) => h.option === ana.most_used), "the server's menu did not change");
    await page.click("undo"); await page.gone(`tile-${ana.most_used}`);
    const after = layoutOf(await server.menu(`user:${ana.user_id}`));
    expect(after === before, `before ${before.slice(0, 200)} after ${after.slice(0, 200)}`);
    return `moved, and back: the same ${before.length} bytes`;
  }, phone);
}

async function ownOrder(tour) {
  const { server, browser, ana, later } = tour, { cid } = await server.card(`user:${ana.user_id}`), first = async () => orderOf(await server.menu(`user:${ana.user_id}`))[0];
  const settle = async (option, how) => { for (const end = Date.now() + SEEN_MS; await first() !== option; await sleep(50)) expect(Date.now() < end, `${how}, first is ${await first()}`); };
  later.push(() => server.prefer(cid, { "menu.app-home.order": null }, "app"));
  await browser.page(at("app", ana.person), async (page) => {
    const from = await (await page.see("tile-cards")).boundingBox(), target = page.page.locator('[data-testid^="tile-"]').first(), to = await target.boundingBox();
    await page.page.mouse.move(from.x + from.width / 2, from.y + from.height / 2); await page.page.mouse.down();
    await page.page.mouse.move(to.x + to.width / 3, to.y + to.height / 2, { steps: 8 }); await page.page.mouse.up();
    await settle("cards", "after dragging");
    await page.until("tile-cards", "index", "0", SEEN_MS);
    await page.click("reorder");
    await (await page.see("move-down-cards")).press("Enter");
    await page.until("tile-cards", "index", "1", SEEN_MS);
    await (await page.see("make-first-cards")).press("Enter"); await settle("cards", "by keyboard");
  }, phone);
  return browser.page(at("branch", ana.person), async (page) => {
    await page.see("menu");
    const shown = await page.page.locator('[data-testid="menu"] [data-option]').first().getAttribute("data-option");
    expect(shown === "cards", `first on the branch tablet is ${shown}`);
    return "cards first by hand and by keyboard, and at the branch";
  });
}

/* An open bill of Ana's: the planted one, or a fresh one once that is paid. */
async function openBill({ server, ana }) {
  const has = async (id) => (await server.card(`user:${ana.user_id}`)).open.some((m) => m.matter.endsWith(id) && m.state === "open");
  if (await has(ana.bill)) return ana.bill;
  const id = `${ana.bill}-${Date.now()}`;
  await server.track(ana.user_id, "Bill Issued", { bill_id: id, payee: "Harbour Power", amount: ana.amount, currency: "EUR", due_date: new Date(Date.now() + 5 * DAY).toISOString().slice(0, 10) }, { channel: "post", touchpoint: "post-letter" });
  for (const end = Date.now() + SEEN_MS; !await has(id); await sleep(50)) expect(Date.now() < end, "a bill that was issued is not on her card");
  return id;
}

async function oneTruth(tour) {
  const { browser, ana } = tour, id = await openBill(tour);
  tour.bill = id;
  return browser.page(at("app", ana.person, "&screen=pay-bill"), async (app) => {
    await app.until(`bill-${id}`, "state", "open", SEEN_MS);
    await app.page.evaluate(() => { window.sameDocument = true; });
    return browser.page(at("web", ana.person, "&screen=pay-bill"), async (web) => {
      await web.click(`pay-${id}`);
      const ms = await app.until(`bill-${id}`, "state", "done", AT_ONCE_MS);
      expect(await app.page.evaluate(() => window.sameDocument === true), "the app was loaded again");
      return `the open app showed it paid after ${Math.round(ms)} ms`;
    });
  }, phone);
}

async function clerk({ server, browser, ana, truth, bill }) {
  const { cid } = await server.card(`user:${ana.user_id}`), id = bill ?? ana.bill;
  const fields = ["full_name", "birthday", "address", "phone", "email", "occupation", "employer", "income", "account", "contact_after", "language"];
  const known = await server.call("GET", `/v1/customers/${cid}/known?fields=${fields}&touchpoint=branch-desk`);
  expect(known.not_asked === ana.not_asked && known.of === ana.fields, `not asked: ${known.not_asked} of ${known.of}, to ask ${show(known.ask)}`);
  expect(same([...known.ask].sort(), ana.unknown), `to ask are ${show(known.ask)}`);
  return browser.page(at("branch", ana.person), async (page) => {
    await page.until(`bill-${id}`, "state", "done", SEEN_MS);
    const next = await page.text("next-step"), reason = await page.text("reason"), said = await page.text("not-asked");
    expect(reason && !/not known/i.test(reason), `the reason for coming: ${reason}`);
    expect(next && !/nothing to suggest/i.test(next), `the next step: ${next}`);
    await page.see("needs");
    expect(said.includes(`${ana.not_asked} of ${ana.fields}`), `the form says "${said}"`);
    const filled = await page.page.locator('[data-testid^="known-"]').count();
    expect(filled === ana.not_asked, `${filled} fields are filled in`);
    return `${said} Next: ${next}`;
  });
}

async function saidOnce({ server, browser, edith, later }) {
  const { cid } = await server.card(`user:${edith.user_id}`), name = edith.name.split(" ").at(-1).toLocaleUpperCase();
  const plain = await server.prefer(cid, { "accessibility.text": null, "accessibility.contrast": null }, "branch");
  later.push(() => plain.undo && server.undo(cid, plain.undo).catch(() => undefined));
  const open = (places, then) => places.length ? browser.page(at(places[0], edith.person), (page) => open(places.slice(1), (pages) => then([page, ...pages]))) : then([]);
  const ms = await open(["machine", "app", "branch"], async (pages) => {
    await sleep(300);
    for (const page of pages) expect(await page.style("text") === null, `${page.page.url()} is huge before it was said`);
    await server.prefer(cid, { "accessibility.text": "huge", "accessibility.contrast": "high" }, "web");
    const times = await Promise.all(pages.map(async (page) => Math.max(await page.styled("text", "huge", AT_ONCE_MS), await page.styled("contrast", "high", AT_ONCE_MS))));
    return Math.round(Math.max(...times));
  });
  return browser.page("/harbour/queue?counter=4", async (page) => {
    await sleep(500);   /* Until the screen listens. */
    await server.call("POST", "/harbour/queue", { cid, counter: 4 });
    const text = await page.text("queue-name"), box = await (await page.see("queue-name")).boundingBox();
    expect(text.includes(name), `the screen says "${text}"`);
    expect(box.height >= 120, `the name is ${Math.round(box.height)} px high`);
    expect(/4/.test(await page.page.innerText("main")), "the counter is not shown");
    return `machine, app and branch after ${ms} ms; "${text} · counter 4", ${Math.round(box.height)} px high`;
  });
}

async function myWay({ server, browser, ana, later }) {
  const { cid } = await server.card(`user:${ana.user_id}`), now = anasDay(ana), twenties = Array(ana.value / 20).fill(20);
  const { undo } = await server.prefer(cid, { "cash.notes": [20], "cash.receipt": "no", "post.day": 3, "contact.after": "18:00" }, "web");
  later.push(() => undo && server.undo(cid, undo));
  const first = (await server.machine(`user:${ana.user_id}`, now)).options[0];
  expect(first.usual && first.value === ana.value && same(first.with?.notes, twenties), `offered is ${show(first)}`);
  return browser.page(at("machine", ana.person), async (page) => {
    expect(await page.value("usual", "notes") === twenties.join(","), `the button says ${await page.text("usual")}`);
    const label = (await page.text("usual")).replace(/\s+/g, " ");
    expect(!await takeCash(page, "usual", false), "she was asked about a receipt");
    return `${label}; no receipt question`;
  }, onHerDay(ana));
}

/* What must be the same after a restart: without what depends on the moment of asking. */
async function answers({ server, ana, ben, edith }, now) {
  const all = { total: { customers: await server.total() } };
  for (const { user_id: user } of [ana, ben, edith]) {
    const { present: _, ...card } = await server.card(`user:${user}`), machine = await server.machine(`user:${user}`, now);
    all[user] = { card, options: machine.options, why: machine.why, menu: layoutOf(await server.menu(`user:${user}`)) };
  }
  return all;
}

async function pages({ browser, ana, ben, edith }) {
  const seen = [];
  for (const { person } of [ana, ben, edith])
    seen.push(await browser.page(at("app", person), async (page) => { await page.see("tiles"); return page.page.locator('[data-testid="tiles"]').innerText(); }, phone));
  return seen;
}

async function killed(tour) {
  expect(tour.restart, "give --restart, a command that kills the server with -9 and starts it again");
  /* Opening a page is an event itself: so pages come before the answers, and after them once it is back. */
  const seen = await pages(tour), now = anasDay(tour.ana) ?? new Date().toISOString();
  await sleep(SETTLED_MS);
  const before = await answers(tour, now), from = Date.now();
  await tour.server.restart(tour.restart);
  await tour.server.ready();
  const ms = Date.now() - from, after = await answers(tour, now);
  for (const person of Object.keys(before)) for (const key of Object.keys(before[person]))
    expect(same(before[person][key], after[person][key]), `${person} ${key}: ${firstDifference(before[person][key], after[person][key])}`);
  expect(same(await pages(tour), seen), "the app's home differs");
  return `back after ${ms} ms: ${after.total.customers} customers, the same cards, offers, menus and screens`;
}

export const steps = { 1: start, 2: usual, 3: why, 4: nothingAgreed, 5: hugeType, 6: movedToMore, 7: proposed, 8: yesThenUndo, 9: ownOrder, 10: oneTruth, 11: clerk, 12: saidOnce, 13: myWay, 34: killed };
