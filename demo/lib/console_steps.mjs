/* console_steps.mjs: the steps of the tour that Mara walks in the console. */
import { expect, sleep } from "./server.mjs";

const CARD_SYSTEM = "card-system", TOGETHER = 12;

/* A page of the console, signed in. */
export const consolePage = ({ browser }, path, work) =>
  browser.page(`/console/enter?key=${encodeURIComponent(browser.key)}`, async (page) => {
    await page.page.goto(new URL(path, browser.base).href);
    return work(page);
  });

async function threeMaps(tour) {
  const { nodes, promises } = await tour.server.call("GET", "/v1/layers");
  const given = promises.flatMap((p) => p.given_at), experiences = nodes.filter((n) => n.layer === "experience");
  const unmet = (map) => given.filter((g) => g.at_risk[map]).length;
  expect(unmet("is") > unmet("must_be"), `as it is ${unmet("is")} promises are out of reach, as it must be ${unmet("must_be")}`);
  return consolePage(tour, "/console/layers?view=maps", async (page) => {
    for (const e of experiences) await page.see(`map-${e.id}`);
    const steps = page.page.locator('[data-testid="map-step"]');
    const needs = await steps.locator("td:first-of-type").allInnerTexts(), rows = experiences.reduce((n, e) => n + 1 + e.needs.length, 0);
    expect(needs.length === rows && needs.every((need) => need.length > 3), `${needs.length} steps of ${rows} have their need`);
    const missing = await page.page.locator('[data-testid="map-step"][data-met="false"]').count(), shown = await page.page.locator('[data-testid="map-step"] >> text=not met').count();
    expect(missing >= 1 && shown >= missing, "no unmet need is marked");
    return `${experiences.length} experiences, ${rows} needs, ${missing} not met as it is, ${unmet("must_be")} as it must be`;
  });
}

async function fiveLayers(tour) {
  const { server, truth } = tour;
  const countOf = async () => (await server.call("GET", "/v1/layers")).nodes.find((n) => n.id === "block-card").customers_a_week ?? 0;
  const before = await countOf();
  await Promise.all(truth.people.filter((p) => p.user_ids.length).slice(0, TOGETHER).map((p) => server.track(p.user_ids[0], "Card Blocked", {}, { channel: "app", touchpoint: "app-cards" })));
  const after = await countOf();
  expect(after >= Math.max(before, TOGETHER), `${before} customers had blocked a card, and ${after} after ${TOGETHER} more did`);
  return consolePage(tour, "/console/layers", async (page) => {
    await page.click("node-safe-again");
    await sleep(200);
    const nodes = await page.page.locator(".node.near").evaluateAll((all) => all.map((a) => a.dataset.testid));
    for (const node of ["safe-again", "block-card", "app-cards", "change-card", CARD_SYSTEM]) expect(nodes.includes(`node-${node}`), `${node} is not marked: ${nodes}`);
    const counted = await page.page.locator(".node").evaluateAll((all) => all.filter((a) => /customer|not seen|too few|prototype/.test(a.textContent)).length), all = await page.page.locator(".node").count();
    expect(counted === all, `${counted} of ${all} nodes say who was seen`);
    return `from "Safe again in minutes" down to the card system, ${nodes.length} nodes; ${all} nodes with their counts; ${after} customers blocked a card`;
  });
}

async function ripple(tour) {
  const answer = await tour.server.call("GET", `/v1/layers/ripple?if=${CARD_SYSTEM}.hours=nightly`);
  return consolePage(tour, `/console/layers?node=${CARD_SYSTEM}&if=hours%3Dnightly`, async (page) => {
    const said = (await page.text("ripple")).split("\n")[0];
    const rows = await page.page.locator('[data-testid="reached"] tbody tr').count(), promise = await page.value("at-risk", "promise");
    expect(rows === 3 && answer.experiences.length === 3, `${rows} experiences are shown, ${answer.experiences.length} answered`);
    expect(promise === "at-once" && answer.promises.every((p) => !p.was_at_risk), `at risk is ${promise}`);
    expect(answer.experiences.some((e) => e.customers_a_week > 0) && /a week/.test(said), `nobody is counted: ${said}`);
    return said;
  });
}

async function prototype(tour) {
  return consolePage(tour, "/console/layers?view=walk&node=card-tomorrow", async (page) => {
    expect(await page.value("walk", "possible") === "false", "nothing stands in the way");
    const why = (await page.text("cannot")).replace(/\s+/g, " "), acting = await page.page.locator('[data-testid="walk"] tbody tr').count();
    expect(acting >= 10, `only ${acting} parts have to act`);
    return `${acting} parts have to act; ${why}`;
  });
}

export const consoleSteps = { 26: threeMaps, 27: fiveLayers, 28: ripple, 29: prototype };
