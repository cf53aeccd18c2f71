/* shop_steps.mjs: the steps of the tour that Ana walks in the rewards shop and with her card. */
import { expect, show, sleep } from "./server.mjs";

const phone = { size: { width: 420, height: 860 } }, SEEN_MS = 3000;
const at = (person, channel) => `/harbour/shop?person=${person}&channel=${channel}`;
const offered = (decision) => decision.options.map((option) => option.value);

async function gone({ server, browser, ana, later }) {
  const ask = (channel) => server.decide(`user:${ana.user_id}`, "shop-home", channel);
  for (const end = Date.now() + 15_000; !(await ask("web")).guess; await sleep(200)) expect(Date.now() < end, "nothing has been learned from purchases after 15 s");
  const before = await ask("web");
  if (!offered(before).includes("kettle")) { const had = before.withheld.find((w) => w.product === "kettle"); expect(!had, `she has a kettle already: ${show(had)}`); }
  later.push(() => server.track(ana.user_id, "Order Refunded", { order_id: "tour", products: [{ product_id: "kettle", quantity: 1 }] }, { channel: "web" }));
  return browser.page(at(ana.person, "web"), async (web) => {
    await web.see("offer-kettle");
    await web.page.evaluate(() => { window.sameDocument = true; });
    return browser.page(at(ana.person, "app"), async (app) => {
      await app.click("basket-add-kettle"); await app.click("order");
      await app.see("ordered");
      for (const end = Date.now() + SEEN_MS; offered(await ask("web")).includes("kettle"); await sleep(20)) expect(Date.now() < end, "the kettle is still decided for the web");
      await web.gone("offer-kettle");
      expect(await web.page.evaluate(() => window.sameDocument === true), "the web page was loaded again");
      const why = await web.text("offer-coffee"), now = await ask("web"), had = now.withheld.find((w) => w.product === "kettle");
      expect(now.options.find((o) => o.value === "coffee")?.due_days === ana.coffee_due_days, `coffee is ${show(now.options.find((o) => o.value === "coffee"))}`);
      expect(/due in three days|due in 3 days/.test(why), `coffee says "${why}"`);
      expect(had?.reason === "owned", `the kettle is withheld as ${show(had)}`);
      return `bought on the phone, gone from the open web page (${had.why}) Coffee stays: ${now.options.find((o) => o.value === "coffee").why}`;
    }, phone);
  });
}

const DAY = 86400_000;
const weekday = (days) => new Date(Date.now() + days * DAY).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });

async function beforeTheChoice({ server, browser, ana }) {
  const answer = await server.call("POST", "/v1/preview", { consequence: "delivery", state: { product: "lamp-grey" }, change: { product: "lamp-red" } });
  const [now, then] = [answer.now.outcome.arrives.value, answer.changed.outcome.arrives.value], said = `Arrives ${weekday(then)} instead of ${weekday(now)}.`;
  expect(then - now === 2 && answer.sentence === said, `it says "${answer.sentence}", not "${said}"`);
  expect(answer.trace.some((t) => t.rule === "product.lead" && t.value === 4), `the rules are ${show(answer.trace)}`);
  return browser.page(at(ana.person, "app"), async (page) => {
    await page.click("basket-add-lamp-grey"); await page.click("change-lamp-red");
    expect(await page.text("change-sentence") === said, `the page says "${await page.text("change-sentence")}"`);
    const blue = await page.text("alternative-0");
    expect(blue === `the blue one: ${weekday(now)}`, `the alternative is "${blue}"`);
    expect(await page.sees("line-lamp-grey") && !await page.sees("line-lamp-red"), "the basket was changed before the choice");
    await page.click("take-alternative-0");
    await page.see("line-lamp-blue");
    expect(!await page.sees("line-lamp-grey"), "the grey lamp is still in the basket");
    return `${said} ${blue}`;
  }, phone);
}

async function tailored({ server, browser, ana, later }) {
  const { cid } = await server.card(`user:${ana.user_id}`), path = (channel) => `/harbour/product?person=${ana.person}&channel=${channel}`;
  const settings = async () => (await server.call("GET", `/v1/customers/${cid}/products`)).products[0].settings, valueOf = async (name) => (await settings()).find((s) => s.setting === name);
  const [day, limit] = [await valueOf("statement-day"), await valueOf("limit")];
  expect(!day.own && !limit.own, `she has set already: ${show([day, limit])}`);
  later.push(() => server.prefer(cid, { "product.credit-card.limit": null }, "web"));
  return browser.page(path("web"), async (web) => {
    await web.until("setting-statement-day", "value", String(day.standard), SEEN_MS);
    await web.page.evaluate(() => { window.sameDocument = true; });
    return browser.page(path("app"), async (app) => {
      await (await app.see("want-statement-day")).fill("3");
      await app.page.locator('[data-testid="leads-statement-day"]:not(:empty)').waitFor();
      const leads = await app.text("leads-statement-day");
      expect(/instead of/.test(leads), `nothing is said beforehand: "${leads}"`);
      await app.click("set-statement-day");
      const ms = await web.until("setting-statement-day", "value", "3", SEEN_MS);
      await (await web.see("want-limit")).fill("400"); await web.click("set-limit");
      await app.until("setting-limit", "value", "400", SEEN_MS);
      expect((await valueOf("limit")).value === 400 && (await valueOf("statement-day")).value === 3, `the server has ${show(await settings())}`);
      await web.click("undo-statement-day");
      await app.until("setting-statement-day", "value", String(day.standard), SEEN_MS);
      expect((await valueOf("limit")).value === 400, "undoing one took back the other");
      expect(await web.page.evaluate(() => window.sameDocument === true), "the web page was loaded again");
      const refused = await server.raw("POST", `/v1/customers/${cid}/preferences`, { set: { "product.credit-card.statement-day": 31 }, channel: "app" });
      expect(refused.status === 422, `day 31 was answered ${refused.status}`);
      return `${leads} Online after ${Math.round(ms)} ms; limit ${limit.value} to 400; the day undone to ${day.standard}`;
    }, phone);
  });
}

export const shopSteps = { 14: gone, 15: beforeTheChoice, 16: tailored };
