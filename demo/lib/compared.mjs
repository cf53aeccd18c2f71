/* compared.mjs: what the server found, beside what the simulator knows. Each returns {ok, text}. */
import { each, sleep } from "./server.mjs";

const VISITS = 8, OFFERED = 0.8, RIGHT = 0.9, WRONGLY = 0.02, BILLS = 50, AT_ONCE_MS = 1000, WIDTH = 6, TOTAL_OFF = 0.01;
const percent = (n, of) => of ? `${(100 * n / of).toFixed(1)} %` : "none";
const usualOf = (decision) => decision.options.find((o) => o.usual);
const agreed = (person) => "personalisation" in person.consented;
const users = (truth, which) => truth.people.filter((p) => p.user_ids.length && !(p.user_ids[0] in truth.named) && p.uses_machine && which(p));

async function habits({ server, truth }) {
  const people = users(truth, (p) => agreed(p) && p.habit?.next.visits >= VISITS);
  let offered = 0, right = 0;
  await each(people, WIDTH, async (person) => {
    const { now, value, notes } = person.habit.next, first = usualOf(await server.machine(`user:${person.user_ids[0]}`, now));
    if (!first) return;
    offered++;
    if (first.value === value && JSON.stringify(first.with?.notes) === JSON.stringify(notes)) right++;
  });
  return { ok: people.length > 0 && offered >= OFFERED * people.length && right >= RIGHT * offered && offered > 0, text: `habit known after ${VISITS} visits: offered to ${offered} of ${people.length} (${percent(offered, people.length)}, at least 80 %), amount and notes right for ${right} (${percent(right, offered)}, at least 90 %)` };
}

/* Asked on each day of the next week, so that a guess has seven chances to be wrong. */
async function none({ server, truth }) {
  const people = users(truth, (p) => agreed(p) && !p.habit), until = Date.parse(truth.until);
  let asked = 0, offered = 0;
  await each(people, WIDTH, async (person, i) => {
    const now = new Date(until + (1 + i % 7) * 86400_000).toISOString();
    asked++;
    if (usualOf(await server.machine(`user:${person.user_ids[0]}`, now))) offered++;
  });
  return { ok: asked > 0 && offered <= WRONGLY * asked, text: `no habit: offered to ${offered} of ${asked} (${percent(offered, asked)}, at most 2 %)` };
}

async function noConsent({ server, truth }) {
  const people = users(truth, (p) => !agreed(p)), withHabit = people.filter((p) => p.habit).length;
  let offered = 0;
  await each(people, WIDTH, async (person) => { if (usualOf(await server.machine(`user:${person.user_ids[0]}`, person.habit?.next.now))) offered++; });
  return { ok: people.length > 0 && offered === 0, text: `no consent, or withdrawn: offered to ${offered} of ${people.length}, ${withHabit} of them with a habit (none allowed)` };
}

async function payments({ server, truth }) {
  const people = truth.people.filter((p) => p.open_bills.length && p.user_ids.length && !(p.user_ids[0] in truth.named)).slice(0, BILLS);
  let seen = 0, slowest = 0;
  for (const person of people) {
    const user = person.user_ids[0], id = person.open_bills[0], from = performance.now();
    const state = async () => (await server.card(`user:${user}`)).open.find((m) => m.matter.endsWith(id))?.state;
    await server.track(user, "Bill Paid", { bill_id: id }, { channel: "web", touchpoint: "web-bills" });
    let now = await state();
    while (now === "open" && performance.now() - from < AT_ONCE_MS) { await sleep(10); now = await state(); }
    const ms = performance.now() - from;
    slowest = Math.max(slowest, ms);
    if (now !== "open" && ms < AT_ONCE_MS) seen++;
  }
  return { ok: people.length > 0 && seen === people.length, text: `paid online: ${seen} of ${people.length} no longer open on the card within a second, the slowest after ${Math.round(slowest)} ms` };
}

const names = (group) => [...group.user_ids.map((id) => `user:${id}`), ...group.emails.map((id) => `email:${id}`), ...group.anonymous_ids.map((id) => `anonymousId:${id}`)];

async function recognised({ server, truth }) {
  const groups = [...truth.people.flatMap((p) => p.groups), ...truth.visitors.map((id) => ({ user_ids: [], emails: [], anonymous_ids: [id] }))];
  const found = new Map();
  let whole = 0, unknown = 0, joined = 0, example = "";
  await each(groups, WIDTH, async (group) => {
    const cids = await Promise.all(names(group).map((name) => server.cidOf(name)));
    unknown += cids.filter((cid) => !cid).length;
    if (cids.every((cid) => cid && cid === cids[0])) whole++; else example ||= `${names(group).join(", ")} are ${cids.join(", ")}`;
    for (const cid of new Set(cids.filter(Boolean))) { if (found.has(cid)) joined++; found.set(cid, group); }
  });
  const total = await server.total(), off = Math.abs(total - groups.length) / groups.length;
  return { ok: whole === groups.length && joined === 0 && off <= TOTAL_OFF, text: `customers: ${truth.people.length} people and ${truth.visitors.length} visitors, ${groups.length} as far as the events say, ${total} found; ${whole} whole, ${joined} wrongly joined, ${unknown} identifiers unknown${example ? ` (${example})` : ""}` };
}

async function shared({ server, truth }) {
  let apart = 0;
  for (const { user_ids: [a, b] } of truth.shared_browsers) { const [x, y] = [await server.cidOf(`user:${a}`), await server.cidOf(`user:${b}`)]; if (x && y && x !== y) apart++; }
  return { ok: apart === truth.shared_browsers.length, text: `two at one browser: ${apart} of ${truth.shared_browsers.length} pairs are two` };
}

export const compared = [habits, none, noConsent, recognised, shared, payments];
