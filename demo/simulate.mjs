/*
 * simulate.mjs: a year at Harbour, from a seed: people with true habits, needs and identities, and the events that follow from them.
 *
 * Writes the events one a line, in the order of time, as the items of a batch of POST /v1/import; and the truth, which no server reads and
 * check.mjs compares with. The same seed, number and end give the same bytes.
 */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { read, refuse } from "./lib/arguments.mjs";
import { live } from "./lib/life.mjs";
import { named } from "./lib/named.mjs";
import { DAY, dayOf, HOUR, iso, monthDayOf, personOf, weekdayOf, weekdays } from "./lib/people.mjs";
import { places, purposesOf, Record } from "./lib/record.mjs";
import { Random } from "./lib/random.mjs";
import { speak, voiceOf, voiceTruth } from "./lib/voice.mjs";
import { liveNeed, Ledger } from "./lib/worth.mjs";
import { shopTruth } from "./lib/shop.mjs";

const usage = `node demo/simulate.mjs [--seed 5] [--customers 3000] [--until ISO-DATE] [--habit-day Friday] [--out events.ndjson] [--truth truth.json]
  --until      the end of the year; now, when absent
  --habit-day  the weekday of Ana's habit; "today" for that of --until`;
const given = read(usage, { "seed": 5, "customers": 3000, "until": "", "habit-day": "Friday", "out": "events.ndjson", "truth": "truth.json" });
const SHARED = 0.03, VISITORS = 0.05, CHUNK = 4 << 20;

function worldOf() {
  const until = given.until ? Date.parse(given.until) : Date.now();
  const day = given["habit-day"] === "today" ? weekdayOf(until) : weekdays.findIndex((d) => d.toLowerCase() === given["habit-day"].toLowerCase());
  if (Number.isNaN(until)) refuse(usage, "--until is no date");
  if (day < 0) refuse(usage, "--habit-day is no weekday");
  if (!(given.customers >= 3)) refuse(usage, "--customers must be 3 or more");
  const purposes = purposesOf(join(dirname(fileURLToPath(import.meta.url)), "harbour", "purposes.yaml"));
  return { seed: given.seed, until, start: dayOf(until) - 365 * DAY, habitDay: day, purposes, shared: new Set() };
}

/* Two neighbours in the list sit at one browser. */
function shareBrowsers(people, world) {
  const pairs = [];
  for (let i = 3; i + 1 < people.length; i++) {
    const [a, b] = [people[i], people[i + 1]];
    if (a.kind !== "plain" || b.kind !== "plain" || !a.hasWeb || !b.hasWeb || !new Random(world.seed, i, 3).chance(SHARED)) continue;
    const browser = `web-shared-${String(i).padStart(5, "0")}`;
    a.web = [browser]; b.web = [browser];
    world.shared.add(browser);
    pairs.push({ anonymous_id: browser, people: [a.id, b.id], user_ids: [a.userId, b.userId] });
    i++;
  }
  return pairs;
}

/* People who looked and never said who they are. */
function visitors(record, world, n) {
  const ids = [];
  for (let i = 0; i < n; i++) {
    const random = new Random(world.seed, i, 4), anonymousId = `visitor-${String(i).padStart(5, "0")}`;
    const t = world.start + (world.until - world.start - DAY) * random.unit();
    for (let k = 0; k < random.whole(1, 4); k++) record.add(1_000_000 + i, t + k * 40_000, { anonymousId }, places.web, "page", random.pick(["Welcome", "Savings", "Loans", "Cards"]), { path: "/" });
    ids.push(anonymousId);
  }
  return ids;
}

/* The next moment at which the habit would show, and what would be taken. */
function nextUse(habit, until) {
  for (let day = dayOf(until) + DAY; ; day += DAY) {
    const part = habit.parts.find((p) => p.day === monthDayOf(day)) ?? habit.parts.find((p) => p.weekday === weekdayOf(day)) ?? habit.parts.find((p) => p.every);
    if (part) return { now: iso(day + (habit.hour + 0.5) * HOUR), value: part.value, notes: part.notes, part: habit.parts.indexOf(part) };
  }
}

/* The identities that the events allow to be joined: what a perfect server would find, person by person. */
function groupsOf(person, signed, world) {
  if (!person.userId) return [{ user_ids: [], emails: [person.traits.email], anonymous_ids: person.web.slice(0, 1) }];
  const own = [...person.app, ...person.web].filter((d) => signed.has(d) && !world.shared.has(d));
  const groups = [{ user_ids: [person.userId], emails: [person.traits.email], anonymous_ids: own }];
  if (person.secondId)
    groups.push({ user_ids: [person.secondId], emails: person.secondEmail ? [person.secondEmail] : [], anonymous_ids: [`shop-${String(person.index).padStart(5, "0")}`] });
  return groups;
}

function truthOf(person, life, world) {
  const consented = Object.fromEntries(Object.entries(person.consents.given).filter(([p]) => !(p in person.consents.withdrawn)).map(([p, t]) => [p, iso(t)]));
  const since = person.consents.given.personalisation ?? Infinity;
  const visits = life.visits.filter((v) => v.time >= since);
  let habit = null;
  if (person.habit && person.machine) {
    const { before: _, ...rest } = person.habit, next = nextUse(person.habit, world.until);
    /* How often the server has seen the habit as it is now. */
    next.visits = visits.filter((v) => v.part === next.part && v.time >= person.habit.since).length;
    habit = { ...rest, since: iso(person.habit.since), parts: rest.parts.map((p) => ({ ...p, ...(p.weekday === undefined ? {} : { weekday: weekdays[p.weekday] }) })), next };
  }
  const groups = groupsOf(person, life.signed, world);
  return {
    id: person.id, user_ids: groups.flatMap((g) => g.user_ids), emails: groups.flatMap((g) => g.emails), anonymous_ids: groups.flatMap((g) => g.anonymous_ids), groups, kind: person.kind,
    consented, withdrawn: Object.fromEntries(Object.entries(person.consents.withdrawn).map(([p, t]) => [p, iso(t)])),
    need: life.need ?? null, worth: ledger.truthOf(person),
    uses_machine: life.visits.length > 0, habit, visits_since_consent: visits.length, open_bills: life.open, ...(life.bought ? { bought: life.bought } : {}),
  };
}

function write(file, record) {
  const out = openSync(file, "w");
  let chunk = [], size = 0, bytes = 0;
  const flush = () => { bytes += writeSync(out, chunk.join("")); chunk = []; size = 0; };
  for (const i of record.order()) {
    chunk.push(record.lines[i], "\n");
    if ((size += record.lines[i].length) > CHUNK) flush();
  }
  flush();
  closeSync(out);
  return bytes;
}

const began = Date.now(), world = worldOf(), record = new Record(world.seed, world.until), ledger = new Ledger(join(dirname(fileURLToPath(import.meta.url)), "harbour", "prices.yaml"), world);
record.watch = (event) => ledger.note(event);
const people = Array.from({ length: given.customers }, (_, i) => personOf(world.seed, i, world.start, world.until));
const shared = shareBrowsers(people, world), lives = [], tour = {}, voice = voiceOf();
people.forEach((person, i) => {
  const life = i < named.length ? named[i](record, world) : live(person, record, world);
  if (!life.named) life.need = liveNeed(person, life, record, world);
  if (life.named) { person = life.person; tour[life.named.person] = life.named; }
  lives.push([person, life]);
  speak(person, record, world, voice);
});
const visiting = visitors(record, world, Math.round(given.customers * VISITORS));
const truths = lives.map(([person, life]) => truthOf(person, life, world));
const planted = (spot, signal, text, key) => { const found = lives.filter(([, l]) => l[key]).map(([p]) => p.id); return { spot, signal, text, people: found, size: found.length }; };
const bytes = write(given.out, record);
const total = record.lines.length, recognisable = truths.reduce((n, p) => n + p.groups.length, 0) + visiting.length;
writeFileSync(given.truth, JSON.stringify({
  seed: world.seed, start: iso(world.start), until: iso(world.until), named: tour, people: truths, worth: ledger.totals(), visitors: visiting, shared_browsers: shared,
  planted: [planted("card-activation", "forced", "activating the card failed and the customer phoned within days", "failed_activation"),
    planted("address-change", "asked", "the address was changed and asked for again", "asked_again"), planted("password-reset", "forced", "the code came too late and the customer phoned", "late_code")],
  voice: voiceTruth(voice, world),
  shop: shopTruth(),
  counts: { events: record.counts, total, customers: people.length, recognisable },
}));
console.log(`${total} events of ${people.length} customers, ${(bytes / 1e6).toFixed(1)} MB, in ${((Date.now() - began) / 1000).toFixed(1)} s: ${given.out}, ${given.truth}`);
