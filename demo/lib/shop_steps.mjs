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

export const shopSteps = { };
