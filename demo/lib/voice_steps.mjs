/* voice_steps.mjs: the steps of the tour in which customers say something: stars after cash, an idea, whom they would choose. */
import { expect, show, sleep } from "./server.mjs";

const ONCE_IN = 24, SEEN_MS = 3000;

/* Ana takes @amount out to the moment after her cash. */
async function takeOut(page, amount) {
  await page.click(`amount-${amount}`);
  await page.page.locator('[data-testid="receipt-no"], [data-testid="cash-taken"]').first().waitFor();
  if (await page.sees("receipt-no")) await page.click("receipt-no");
  await page.page.locator('[data-testid="cash-taken"]:enabled').waitFor();
  await page.click("cash-taken");
  await page.page.locator('[data-testid="question"], [data-testid="bye"], [data-testid="suggestion"]').first().waitFor();
}

const ratings = async (server, cid) => (await server.call("GET", `/v1/customers/${cid}/timeline?n=200`)).events.filter((e) => e.name === "Rating Given");

async function stars({ server, browser, ana }) {
  const { cid } = await server.card(`user:${ana.user_id}`), before = (await ratings(server, cid)).length;
  return browser.page(`/harbour/machine?person=${ana.person}`, async (page) => {
    await takeOut(page, 20);
    expect(await page.sees("question"), `no question was asked; the page shows ${(await page.page.innerText("main")).slice(0, 80)}`);
    const says = await page.text("question-why"), buttons = await page.page.locator('[data-testid^="stars-"]:not([data-testid="stars-none"])').count();
    expect(says.includes(`once in ${ONCE_IN} uses`), `it says "${says}"`);
    expect(buttons === 5, `${buttons} answers are offered`);
    const chosen = await page.page.locator('[data-testid="question"] :checked, [data-testid="question"] [aria-pressed="true"]').count();
    expect(chosen === 0, "an answer is preset");
    await page.part("stars-4").focus();
    await page.page.keyboard.press("Enter");
    await page.see("bye");
    await sleep(200);
    const given = await ratings(server, cid);
    expect(given.length === before + 1, `${given.length - before} ratings came of it`);
    await page.click("card-again");
    await page.see("amount-20");
    await takeOut(page, 20);
    expect(await page.sees("bye") && !await page.sees("question"), "she was asked again the next time");
    const { ask, why } = await server.decide(`user:${ana.user_id}`, "machine-question", "machine");
    expect(ask === null && /Not asked/.test(why), `the decision says ${show({ ask, why })}`);
    return `asked once in ${ONCE_IN} uses, four stars by keyboard; the next time: ${why}`;
  });
}

async function idea({ server, browser, ana, ben, truth, later }) {
  const truly = truth.voice.ideas.find((i) => i.idea === "notes-by-size"), li = '[data-idea="notes-by-size"]';
  const votesOf = async (page) => Number(/(\d+) customers/.exec(await page.page.locator(`${li} [data-testid="votes"]`).innerText())?.[1] ?? NaN);
  const seen = await browser.page("/me/enter?person=ana", async (page) => {
    await page.page.goto(new URL("/me/ideas", browser.base).href);
    const text = (await page.page.locator(li).innerText()).replace(/\s+/g, " ");
    expect(/You proposed this/.test(text) && /Trying in branch 3/.test(text), `the idea says "${text}"`);
    expect(/Decided by Mara Lund, customer experience on \d+ \w+ \d{4}/.test(text), `who decided is not said: "${text}"`);
    return { votes: await votesOf(page), decided: /Decided by [^.]*/.exec(text)[0] };
  });
  expect(Math.abs(seen.votes - truly.votes) <= 1, `${seen.votes} votes, truly ${truly.votes}`);
  const { cid } = await server.card(`user:${ben.user_id}`);
  later.push(() => server.call("POST", `/v1/customers/${cid}/ideas/notes-by-size`, { act: "withdraw" }));
  const voted = await browser.page("/me/enter?person=ben", async (page) => {
    await page.page.goto(new URL("/me/ideas", browser.base).href);
    const before = await votesOf(page);
    await page.page.locator(`${li} button[value="support"]`).click();
    await page.page.locator('[data-done="voted"]').waitFor();
    const after = await votesOf(page);
    expect(after === before + 1, `${before} votes became ${after}`);
    await page.page.locator(`${li} button[value="withdraw"]`).click();
    await page.page.locator('[data-done="unvoted"]').waitFor();
    expect(await votesOf(page) === before, "the vote was not taken back");
    return after;
  });
  return `${voted} votes with Ben's, taken back again; trying in branch 3. ${seen.decided}`;
}

const consolePage = ({ browser }, path, work) =>
  browser.page(`/console/enter?key=${encodeURIComponent(browser.key)}`, async (page) => {
    await page.page.goto(new URL(path, browser.base).href);
    return work(page);
  });

async function preference(tour) {
  const found = await tour.server.call("GET", "/v1/preference"), voice = await tour.server.call("GET", "/v1/voice");
  expect(!found.hidden && found.first.n >= 100, `too few answered: ${found.sentence}`);
  return consolePage(tour, "/console/voice?view=preference", async (page) => {
    const first = await page.text("first"), said = await page.text("sentence");
    expect(first.includes(`${Math.round(found.first.value * 100)} %`), `first choice says "${first}"`);
    await page.see("beside-nps", SEEN_MS);
    const beside = (await page.text("beside")).replace(/\s+/g, " ");
    for (const { scale, now } of voice.scales) {
      expect(!now.hidden, `${scale} has too few answers to show`);
      expect(new RegExp(`\\(.* to .*, ${now.n}\\)`).test(await page.text(`beside-${scale}`)), `${scale} is shown without its interval: ${beside}`);
    }
    const alternatives = await page.page.locator('[data-testid="alternatives"] > li').count(), motives = await page.page.locator('[data-testid="motives"] > li').allInnerTexts();
    expect(alternatives === 3 && motives.some((m) => /Only the price/.test(m) && /\d+ %/.test(m)), `alternatives ${alternatives}, motives ${show(motives)}`);
    const quarters = await page.page.locator('[data-testid="quarters"] tbody tr').count(), trend = await page.text("price-trend");
    expect(quarters === 4 && /half-year/.test(trend), `the trend says "${trend}"`);
    return `${said} ${trend}`;
  });
}

export const voiceSteps = { 20: stars, 21: idea, 31: preference };
