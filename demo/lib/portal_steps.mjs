/* portal_steps.mjs: what Ana takes with her, and what it costs her to switch off. */
import { readFileSync } from "node:fs";
import { anasDay } from "./steps.mjs";
import { expect } from "./server.mjs";
import { unzip } from "./unzip.mjs";

const MONTHS = 12;

/* The copy opens as a page with a chart, and is complete as lines and as a table. */
async function copy({ browser, server, ana }) {
  return browser.page(`/me/enter?person=${ana.person}`, async ({ page }) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click('a[href="/me/export"]')]);
    const bytes = readFileSync(await download.path()), files = unzip(bytes);
    const lines = files.get("events.ndjson").trim().split("\n").map((line) => JSON.parse(line)), rows = files.get("events.csv").trim().split("\n");
    const { places } = JSON.parse(files.get("manifest.json")), missing = places.filter((p) => p.file && !files.has(p.file)).map((p) => p.place);
    const { events } = await server.card(`user:${ana.user_id}`).then((card) => server.call("GET", `/v1/customers/${card.cid}/export`));
    expect(missing.length === 0, `the copy lacks ${missing}`);
    expect(lines.length === events.length && rows.length === lines.length + 1, `${lines.length} lines and ${rows.length - 1} rows of ${events.length} events`);
    await page.setContent(files.get("index.html"));
    const bars = await page.locator("svg rect").count(), says = await page.locator("body").innerText();
    expect(bars === MONTHS && says.includes(ana.name), `${bars} bars; ${says.slice(0, 80)}`);
    expect(says.includes("guess") && /From: /.test(says), "no guess is marked, or no fact says where it is from");
    return `${files.size} files, ${Math.round(bytes.length / 1024)} KiB: a page with ${bars} months, ${lines.length} events as lines and as a table; ${places.length} places in its register`;
  });
}

/* Off: the machine is plain in the next decision, and the page says what that gives up. */
async function off({ browser, server, ana }) {
  const now = anasDay(ana), id = `user:${ana.user_id}`, usual = (decision) => decision.options.find((o) => o.usual);
  expect(usual(await server.machine(id, now)), "the machine offers nothing usual before");
  return browser.page(`/me/enter?person=${ana.person}`, async ({ page }) => {
    const of = page.locator('[data-purpose="personalisation"]'), saves = await of.locator("[data-saves]").innerText();
    expect(/about \d+ s a month/.test(saves), `it says "${saves}"`);
    await of.locator('button[role="switch"]').click();
    await page.waitForLoadState();
    const after = await server.machine(id, now), says = await page.locator("[data-spared]").innerText();
    expect(!usual(after) && !after.guess, `the machine still offers ${JSON.stringify(after.options[0])}`);
    await page.locator('[data-done] button[name="undo"]').click();
    await page.waitForLoadState();
    expect(usual(await server.machine(id, now)), "undone, and the usual amount did not come back");
    return `${saves} Off: ${after.options.map((o) => o.value).join(", ")}. ${says.trim()}`;
  });
}

export const portalSteps = { 18: copy, 19: off };
