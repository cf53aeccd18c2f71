/* standing_steps.mjs: the console's first page, and the score. */
import { consolePage } from "./console_steps.mjs";
import { expect } from "./server.mjs";

const LINES = 10, WORST = 3, MONTHS = 12;

/* One plain sentence; the dot and its path; the score with what is not measured; taking part this month; the three worst spots. */
async function first(tour) {
  const { sentence, quadrant, score, participation, broken } = await tour.server.call("GET", "/v1/overview"), { truth } = tour;
  expect(quadrant.quarter >= 1 && quadrant.path.length === MONTHS && quadrant.next.length === 3, `the quadrant is ${JSON.stringify(quadrant).slice(0, 300)}`);
  expect(score.items.length === LINES && score.points > 0 && score.points <= LINES - score.not_measured, `the score is ${score.points} with ${score.not_measured} not measured`);
  expect(participation.value > 0 && participation.n > 100 && participation.low < participation.value && participation.value < participation.high, `taking part: ${JSON.stringify(participation).slice(0, 200)}`);
  expect(broken.length === WORST && broken.every((b) => truth.planted.some((p) => p.spot === b.spot)), `the worst are ${broken.map((b) => b.spot)}`);
  return consolePage(tour, "/console", async (page) => {
    await page.see("worst");
    expect(await page.text("sentence") === sentence, `the page says "${await page.text("sentence")}"`);
    expect((await page.text("participation")).includes(String(Math.round(participation.value * 100))), "taking part is another figure");
    await page.see("quarter");
    expect(await page.page.locator('[data-testid="worst"] li').count() === WORST, "not three spots");
    const where = page.page.locator(".quadrant").first();
    expect(await where.locator(".dot").count() === 1 && await where.locator(".trail").count() === 1, "no dot, or no path");
    return `${sentence} Quarter ${quadrant.quarter}; ${score.points} of ten, ${score.not_measured} not measured; ${Math.round(participation.value * 100)} % take part`;
  });
}

/* Ten lines, each measured one opens to as many customers as it counts. */
async function score(tour) {
  const { score: { items } } = await tour.server.call("GET", "/v1/scorecard");
  return consolePage(tour, "/console", async (page) => {
    await page.click("score-open");
    expect(await page.page.locator('[data-testid="ten"] li').count() === LINES, "not ten lines");
    let opened = 0;
    for (const item of items.filter((i) => i.measured)) {
      const { total, agreed, withheld, hidden, share, of } = await tour.server.call("GET", `/v1/scorecard/${item.number}`);
      expect(hidden || (total === agreed + withheld && Math.abs(total - Math.round(share * of)) <= 1), `line ${item.number}: ${total} customers, ${share} of ${of}`);
      opened += !hidden;
    }
    await page.click(`score-${items.find((i) => i.measured).number}`);
    await page.see("withheld");
    return `ten lines, ${items.filter((i) => i.measured).length} measured, ${opened} open to their customers; not measured: ${items.filter((i) => !i.measured).map((i) => i.title).join(", ") || "none"}`;
  });
}

export const standingSteps = { 22: first, 23: score };
