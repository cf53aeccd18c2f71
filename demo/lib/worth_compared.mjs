/* worth_compared.mjs: profit, segments and needs that the server found, beside what the simulator knows: equal, not nearly equal. */
import { each } from "./server.mjs";

const WIDTH = 6, PAGE = 200, NEEDS_RIGHT = 0.9;
const exact = (amount) => Math.round(amount * 10000);   /* Hundredths of a cent. */
const plain = (truth) => truth.people.flatMap((p) => p.worth.filter((w) => w.user_id).map((w) => ({ ...w, person: p })));

async function profit({ server, truth }) {
  const at = truth.worth.at, all = await server.call("GET", `/v1/worth?at=${at}`);
  const same = all.customers === truth.worth.customers && exact(all.profit) === truth.worth.profit && all.below.n === truth.worth.below;
  const agreed = plain(truth).filter((w) => "analytics" in w.person.consented && w.user_id === w.person.user_ids[0] && w.events > 0);
  let right = 0, example = "";
  await each(agreed, WIDTH, async (w) => {
    const value = await server.call("GET", `/v1/customers/${await server.cidOf(`user:${w.user_id}`)}/value?at=${at}`);
    if (exact(value.profit) === w.profit && exact(value.lines.reduce((sum, l) => sum + l.profit, 0)) === w.profit) right++; else example ||= `${w.user_id}: ${value.profit}, not ${w.profit / 10000}`;
  });
  return { ok: same && agreed.length > 0 && right === agreed.length, text: `profit: ${all.customers} customers brought ${all.profit}, ${all.below.n} of them below zero (true: ${truth.worth.customers}, ${truth.worth.profit / 10000}, ${truth.worth.below}); to a hundredth of a cent for ${right} of ${agreed.length} who may be looked at${example ? ` (${example})` : ""}` };
}

/* Every page of a segment's members, as user ids. */
async function membersOf(server, name, at) {
  const users = [];
  let answer;
  for (let after = "0"; after; after = answer.next) {
    answer = await server.call("GET", `/v1/segments/${name}?at=${at}&n=${PAGE}&after=${after}`);
    users.push(...answer.customers.map((m) => m.customer.identifiers.find((i) => i.startsWith("user:"))?.slice(5)).filter(Boolean));
  }
  return { users: users.sort(), total: answer.members };
}

async function segments({ server, truth }) {
  const said = [];
  let ok = true, wrong = "";
  for (const name of truth.worth.segments) {
    const { users, total } = await membersOf(server, name, truth.worth.at);
    const members = truth.people.flatMap((p) => p.worth.filter((w) => w.segments.includes(name)).map((w) => ({ ...w, person: p })));
    const named = members.filter((w) => w.user_id && "analytics" in w.person.consented).map((w) => w.user_id).sort();
    const equal = total === members.length && JSON.stringify(users) === JSON.stringify(named);
    if (!equal) { ok = false; wrong ||= ` (${name}: ${users.filter((u) => !named.includes(u)).slice(0, 3)} are too many, ${named.filter((u) => !users.includes(u)).slice(0, 3)} are missing)`; }
    said.push(`${name} ${total} of ${members.length}`);
  }
  return { ok, text: `segments, the same members: ${said.join(", ")}${wrong}` };
}

async function needs({ server, truth }) {
  const people = truth.people.filter((p) => p.need && "analytics" in p.consented);
  let right = 0, example = "";
  await each(people, WIDTH, async (p) => {
    const value = await server.call("GET", `/v1/customers/${await server.cidOf(`user:${p.user_ids[0]}`)}/value?at=${truth.worth.at}`);
    if (value.need?.name === p.need) right++; else example ||= `${p.user_ids[0]} needs ${p.need}, found ${value.need?.name}`;
  });
  return { ok: people.length > 0 && right >= NEEDS_RIGHT * people.length, text: `needs: found for ${right} of ${people.length} whom one need drives (at least 90 %)${example ? `; ${example}` : ""}` };
}

export const worthCompared = [profit, segments, needs];
