/* shop_compared.mjs: what purchases taught the server, beside what the simulator knows. */
import { each, sleep } from "./server.mjs";

const WIDTH = 6, OFF = 0.15, SAMPLED = 400, PEOPLE = 20, WAIT_MS = 15_000, EARLY = 0.6, TOO_EARLY = 0.01;
const days = (from, to) => (to - Date.parse(from)) / 86400_000;

async function taught(server, truth) {
  const wanted = truth.people.filter((p) => p.bought && p.bought.owns.length + p.bought.uses.length).length;
  for (const end = Date.now() + WAIT_MS; ; await sleep(200)) {
    const answer = await server.call("GET", "/v1/categories");
    if (answer.customers >= wanted * 0.98 || Date.now() > end) return answer;
  }
}

async function classes({ server, truth }) {
  const { categories, customers } = await taught(server, truth), learned = categories.filter((c) => !c.declared), wrong = [];
  let furthest = 0;
  for (const c of learned) {
    const true_ = truth.shop.categories[c.category], off = true_.cycle_days ? Math.abs((c.cycle_days ?? Infinity) / true_.cycle_days - 1) : 0;
    furthest = Math.max(furthest, off);
    if (c.class !== true_.class || off > OFF) wrong.push(`${c.category} is ${c.class}${c.cycle_days ? ` after ${c.cycle_days.toFixed(1)} days` : ""}, truly ${true_.class}${true_.cycle_days ? ` after ${true_.cycle_days}` : ""}`);
  }
  return { ok: learned.length >= 8 && wrong.length === 0, text: `bought by ${customers}: class right for ${learned.length - wrong.length} of ${learned.length} categories, cycles at most ${(100 * furthest).toFixed(1)} % off (15 % allowed)${wrong.length ? `; ${wrong.join("; ")}` : ""}` };
}

/*
 * Nobody is offered what they own. What is used up comes back from the moment on at which one in ten has bought again; who is known little is
 * thought to have everybody's pace, so now and then somebody slow is offered it early by their own.
 */
async function nobodyTwice({ server, truth }) {
  const named = new Set(Object.values(truth.named).map((n) => n.user_id));
  const people = truth.people.filter((p) => p.bought && p.bought.owns.length + p.bought.uses.length && !p.user_ids.some((u) => named.has(u))).slice(0, SAMPLED);
  let owned = 0, early = 0, had = 0, used = 0, stayed = 0, example = "";
  await each(people, WIDTH, async ({ bought }) => {
    const decision = await server.decide(bought.identifier, "shop-home", "web"), now = Date.parse(decision.at), shown = new Set(decision.options.map((o) => o.value));
    had += bought.owns.length; used += bought.uses.length;
    const needs = new Set(bought.owns.flatMap(({ category }) => truth.shop.categories[category].goods));
    for (const good of needs) if (shown.has(good)) { owned++; example ||= `${good} to ${bought.identifier}`; }
    for (const { product, bought: when, cycle_days } of bought.uses) {
      if (!shown.has(product)) continue;
      stayed++;
      if (days(when, now) < EARLY * cycle_days) { early++; example ||= `${product} to ${bought.identifier} after ${days(when, now).toFixed(0)} of ${cycle_days} days`; }
    }
  });
  return { ok: people.length >= PEOPLE && owned === 0 && early <= TOO_EARLY * used && stayed > 0, text: `offered again: ${owned} of what ${people.length} people own (${had}), ${early} of what they have not used up (${used}, of which ${stayed} were rightly offered); none and at most 1 % allowed${example ? `: ${example}` : ""}` };
}

export const shopCompared = [classes, nobodyTwice];
