/* roadmap_steps.mjs: what to do next, and what there is. */
import { consolePage } from "./console_steps.mjs";
import { expect } from "./server.mjs";

async function roadmap(tour) {
  const { moves, done, sentence } = await tour.server.call("GET", "/v1/roadmap");
  const ordered = moves.filter((m) => !m.must && m.effort_weeks !== null).map((m) => m.low / m.effort_weeks);
  expect(ordered.length >= 3 && ordered.every((score, i) => i === 0 || score <= ordered[i - 1]), `the moves are not in their order: ${ordered}`);
  const verdicts = Object.fromEntries(done.map((d) => [d.move, d.verdict]));
  expect(verdicts["address-form"] === "hit" && verdicts["code-by-letter"] === "missed", `predictions: ${JSON.stringify(done)}`);
  return consolePage(tour, "/console/roadmap", async (page) => {
    await page.see("moves");
    const goals = await page.page.locator('[data-testid="moves"] > li').evaluateAll((all) => all.map((li) => li.dataset.goal)), table = await page.text("done");
    expect(goals.includes("outward") && goals.includes("inward"), `goals are ${goals}`);
    expect(/hit/.test(table) && /missed/.test(table), `the table of what was done says "${table}"`);
    return `${sentence} ${moves.length} moves, ${goals.filter((g) => g === "inward").length} inward`;
  });
}

async function inventory(tour) {
  const { touchpoints, shared } = await tour.server.call("GET", "/v1/inventory"), silent = touchpoints.filter((t) => !t.seen);
  expect(silent.some((t) => t.touchpoint === "lobby-poster"), `silent are ${silent.map((t) => t.touchpoint)}`);
  expect(touchpoints.filter((t) => t.seen).every((t) => t.rests_on.length > 0 || !t.configured || t.touchpoint), "a touchpoint rests on nothing");
  expect(shared.length > 0, "no channels share customers");
  return consolePage(tour, "/console/inventory", async (page) => {
    const table = await page.text("touchpoints");
    expect(table.includes("opening hours of last year") && table.includes("silent"), "what staff said or what is silent is not shown");
    const most = [...shared].sort((a, b) => b.customers - a.customers)[0];
    return `${touchpoints.length} touchpoints, ${silent.length} silent; ${most.customers} customers on ${most.one} and ${most.other}`;
  });
}

export const roadmapSteps = { 30: roadmap, 33: inventory };
