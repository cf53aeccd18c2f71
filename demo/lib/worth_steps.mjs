/* worth_steps.mjs: the steps of the tour about what customers are worth, what they need, and what is known about one. */
import { expect, show } from "./server.mjs";

const plain = (text) => text.replace(/\s+/g, " ").trim();

async function whatYouKnow({ browser, server, ana, ben }) {
  const { cid } = await server.card(`user:${ana.user_id}`), value = await server.call("GET", `/v1/customers/${cid}/value`), card = await server.card(`user:${ana.user_id}`);
  expect(card.segments.length >= 1 && card.segments.every((s) => s.reasons.length >= 1), `her segments are ${show(card.segments)}`);
  const text = await browser.page(`/me/enter?person=${ana.person}`, async ({ page }) => {
    const lines = (name) => page.locator(`#know li[${name}]`);
    const facts = await lines("data-fact").allInnerTexts();
    expect(facts.length >= 8 && facts.every((t) => /From: .*since .*Used to serve you/s.test(t)), `${facts.length} facts, and where from: ${show(facts[0])}`);
    const guesses = await lines("data-guess").allInnerTexts();
    expect(guesses.length >= 1 && guesses.every((t) => /guess/.test(t) && /Used because you agreed on/.test(t)), `her guesses: ${show(guesses)}`);
    const groups = await lines("data-segment").allInnerTexts();
    expect(groups.length === card.segments.length && groups.every((t) => /Because of what you did/.test(t) && /Used for “.*”: you agreed on .* It ends when you switch that off/s.test(t)), `her groups: ${show(groups)}`);
    const mean = plain(await page.locator('#know li[data-star="mean"]').innerText()), contacts = await lines('data-star="contact"').allInnerTexts();
    expect(mean.includes(`${value.stars.mean.toFixed(1)} of 5`) && contacts.length >= 1 && contacts.every((t) => /[1-5] of 5 stars for .*\..*From your contact on/s.test(t)), `the company's stars: ${mean}; ${show(contacts)}`);
    return `${facts.length} facts with where from, ${guesses.length} guesses marked, ${groups.length} groups with why; ${mean}`;
  });
  await browser.page(`/me/enter?person=${ben.person}`, async ({ page }) => {
    const known = await page.locator("#know").innerText();
    expect(/You are counted in no group/.test(known) && /We give you none/.test(known) && (await page.locator("#know li[data-star]").count()) === 0, `Ben agreed to nothing: ${show(known)}`);
  });
  return text;
}

async function worthAndNeed({ browser, server, ana, ben }) {
  const worth = await server.call("GET", "/v1/worth"), { cid } = await server.card(`user:${ana.user_id}`), value = await server.call("GET", `/v1/customers/${cid}/value`);
  const bens = await server.call("GET", `/v1/customers/${(await server.card(`user:${ben.user_id}`)).cid}/value`);
  expect(bens.withheld.length === 1 && bens.profit === undefined && bens.lines === undefined, `Ben agreed to nothing: ${show(bens)}`);
  expect(worth.peak > worth.profit && worth.below.n > 0, `nobody costs more than he brings: ${worth.sentence}`);
  return browser.page(`/console/enter?key=${encodeURIComponent(browser.key)}`, async (page) => {
    await page.page.goto(new URL("/console/worth", browser.base).href);
    await page.see("groups");
    const top = plain(await page.text("sentence")), total = worth.customers.toLocaleString("en-GB");
    expect(top.startsWith(`${total} customers brought`) && top.includes("cost more than they bring"), `at the top stands: ${top}`);
    const groups = await page.page.locator('[data-testid="groups"] tbody tr').count(), needs = worth.needs.length;
    expect(groups === needs, `${groups} needs are shown, ${needs} answered`);
    await page.see("curve");
    await page.page.keyboard.press("t");
    await page.until("curve", "shows", "table", 2000);
    expect((await page.page.locator('[data-testid="curve"] tbody tr').count()) === 21, "the curve has not 21 points in its table");
    expect((await page.page.locator('[data-testid="cell"]').count()) === 4, "give and get has not four cells");
    await page.page.locator('[data-testid="cell"] a').first().click();
    const behind = await page.text("withheld"), sentence = await page.text("sentence");
    expect(/customers are in this group/.test(sentence) && /agreed to be looked at/.test(behind), `opened, it says: ${sentence} ${behind}`);
    expect((await page.page.locator('[data-testid="customers"] tbody tr').count()) > 0, "nobody is listed");
    await page.page.goto(new URL(`/console/customers/${cid}`, browser.base).href);
    const line = plain(await page.text("worth"));
    await page.click("worth-why");
    await page.see("worth-lines");
    const lines = await page.page.locator('[data-testid="worth-lines"] tbody tr').count(), got = await page.page.locator('[data-testid="worth-got"] tbody tr').count();
    expect(lines === value.lines.length && got === value.got.length, `${lines} and ${got} lines are shown, ${value.lines.length} and ${value.got.length} answered`);
    return `${plain(worth.sentence)} Ana: ${line}`;
  });
}

export const worthSteps = { 17: whatYouKnow, 32: worthAndNeed };
