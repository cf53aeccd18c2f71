/* broken_steps.mjs: what is broken, and one of those behind a figure. */
import { consolePage } from "./console_steps.mjs";
import { expect } from "./server.mjs";

const DAYS = 366, JOURNEYS = 5;

/* The worst spot with its people, its money and real journeys, each computed from events. */
async function broken(tour) {
  const worst = tour.truth.planted[0], { sentence, spots, currency } = await tour.server.call("GET", `/v1/broken?days=${DAYS}`);
  expect(spots[0]?.spot === worst.spot, `the first is ${spots[0]?.spot}, planted was ${worst.spot}`);
  expect(spots[0].cost_a_month > 0 && spots[0].owner, `no money or no owner: ${JSON.stringify(spots[0]).slice(0, 200)}`);
  return consolePage(tour, `/console/broken?days=${DAYS}`, async (page) => {
    await page.see(`spot-${worst.spot}`);
    expect((await page.text("sentence")).includes(String(worst.size)), `the page says "${await page.text("sentence")}", and ${worst.size} are hurt`);
    await page.click(`open-${worst.spot}-${worst.signal}`);
    await page.see("real-journeys");
    const journeys = await page.page.locator('[data-testid="real-journeys"] > li').count(), steps = await page.page.locator('[data-testid="real-journeys"] ol li').count();
    expect(journeys === JOURNEYS && steps >= 2 * journeys, `${journeys} journeys of ${steps} steps are shown`);
    expect(Number(await page.value("withheld", "total")) === worst.size, `${await page.value("withheld", "total")} are counted`);
    return `${sentence} ${journeys} real journeys; ${Math.round(spots[0].cost_a_month)} ${currency} a month; ${spots[0].owner} looks after it`;
  });
}

/* From the figure to a person, their course, and back. */
async function one(tour) {
  const worst = tour.truth.planted[0];
  return consolePage(tour, `/console/broken/${worst.spot}?days=${DAYS}&signal=${worst.signal}`, async (page) => {
    const links = await (await page.see("customers")).locator("tbody th a").all();
    expect(links.length > 0, "nobody is listed");
    const name = await links[0].innerText();
    await links[0].click();
    await page.see("timeline");
    const says = await page.text("relationship-says"), turns = await page.text("turns");
    expect(/\d+ of 100/.test(says), `the relationship says "${says}"`);
    expect(turns.includes("met an error"), `what moved it is "${turns}"`);
    await page.click("back-to-figure");
    await page.see("back-to-broken");
    return `${name}: ${says}`;
  });
}

export const brokenSteps = { 24: broken, 25: one };
