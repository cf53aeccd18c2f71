/*
 * named.mjs: Ana, Ben and Edith: the people of the tour. They are the same for every seed, and their last weeks are exact.
 */
import { DAY, dayOf, HOUR, iso, MINUTE, notesOf, weekdayOf, weekdays } from "./people.mjs";
import { bill, session, withdraw } from "./life.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";
import { goods, order } from "./shop.mjs";

const FRIDAYS = 11, MISSED = [0, 1];   /* Of the last Fridays, oldest first: those with another amount. */

/*
 * 3 May of the current year at a quarter past nine; of the year before while less than 125 days have passed: all she
 * took at the machine and is counted comes after it.
 */
function agreedOn(until) {
  const year = new Date(until).getUTCFullYear(), may = (y) => Date.UTC(y, 4, 3, 9, 15);
  return may(year) <= until - 125 * DAY ? may(year) : may(year - 1);
}

function base(index, id, firstName, lastName, traits) {
  return {
    index, id: `p0000${index}`, kind: "named", userId: id, secondId: null, app: [], web: [], habit: null, bills: [],
    traits: { name: `${firstName} ${lastName}`, firstName, lastName, email: `${id}@mail.example`, ...traits },
    consents: { given: {}, withdrawn: {} }, screens: {}, machine: true, amounts: [30, 60, 90, 100, 120, 150],
  };
}

function start(person, record, world, joined) {
  person.joined = joined;
  const life = { person, record, world, random: new Random(7, person.index), who: { userId: person.userId }, visits: [], open: [], signed: new Set() };
  record.identify(person.index, joined, life.who, places.branch, person.traits);
  return life;
}

function agree(life, purpose, time, place) {
  const { text, version } = life.world.purposes[purpose];
  life.person.consents.given[purpose] = time;
  life.record.track(life.person.index, time, life.who, place, "Consent Given", { purpose, text, version, control: { preset: false } });
}

const known = (life) => ({ person: life.person, signed: life.signed, visits: life.visits, open: life.open, failed_activation: false, asked_again: false, late_code: false });

/* The last @n of a weekday before the day of the end, oldest first. */
function lastDays(until, weekday, n) {
  const today = dayOf(until), back = ((weekdayOf(today) - weekday + 6) % 7) + 1;
  return Array.from({ length: n }, (_, i) => today - (back + 7 * (n - 1 - i)) * DAY);
}

function ana(record, world) {
  const { until } = world, weekday = world.habitDay, agreed = agreedOn(until), today = dayOf(until);
  const person = base(0, "ana", "Ana", "Varga", {
    full_name: "Ana Varga", birthday: "1987-04-12", phone: "+49 555 010203", occupation: "teacher", account: "HB0047110815", language: "en", contact_after: "18:00",
    address: { street: "Lighthouse Road 4", postalCode: "1011", city: "Northport", country: "Harbourland" } });
  Object.assign(person, { hasApp: true, hasWeb: true, app: ["app-ana"], web: ["web-ana"] });
  const life = start(person, record, world, Math.min(world.start, agreed - 10 * DAY) + 9 * HOUR);
  agree(life, "personalisation", agreed, places.app);
  agree(life, "analytics", agreed + 20_000, places.app);
  agree(life, "research", agreed + 40_000, places.app);

  /* The machine: a few unlike amounts before it became a habit, then eleven Fridays. */
  const fridays = lastDays(until, weekday, FRIDAYS), odd = [[120, 2], [30, 4], [200, 5], [60, 3]];
  odd.forEach(([value, after], i) => withdraw(life, fridays[0] - (i + 1) * 9 * DAY + after * HOUR - (weekdayOf(fridays[0] - (i + 1) * 9 * DAY) === weekday ? DAY : 0) + 10 * HOUR, value, notesOf(value)));
  fridays.forEach((day, i) => {
    const missed = MISSED.indexOf(i), value = missed < 0 ? 80 : [150, 40][missed];
    withdraw(life, day + 17 * HOUR + (7 + i * 3) * MINUTE, value, notesOf(value, [50, 20, 10]), missed < 0 ? 0 : undefined);
  });
  person.habit = { kind: "weekly", reliability: 0.818, hour: 17, since: fridays[0], parts: [{ weekday, value: 80, notes: [50, 20, 10] }] };

  /* The app: share prices most, loans never. Online every other week. */
  const turns = [["share-prices", "balance"], ["balance", "transfer"], ["share-prices", "cards"], ["share-prices"], ["balance", "share-prices"], ["pay-bill", "balance"], ["cards", "share-prices"]];
  for (let i = 0, t = Math.max(agreed, until - 200 * DAY) + DAY; t < until - 6 * HOUR; i++, t += 2.3 * DAY) session(life, "app", dayOf(t) + (7 + i % 12) * HOUR, turns[i % turns.length]);
  for (let i = 0, t = agreed + 3 * DAY; t < until - DAY; i++, t += 15 * DAY) session(life, "web", dayOf(t) + 19 * HOUR, i % 2 ? ["pay-bill"] : ["balance", "statements"]);

  /* Twelve days ago she was asked about loans, which she never uses, and said yes: it moved to More. */
  record.track(0, today - 12 * DAY + 8 * HOUR, { userId: "ana", anonymousId: "app-ana" }, places.app, "Menu Changed", { surface: "app-home", op: "demote", option: "loans", by: "attune" });

  /* Power every month, paid in the app; the last one is open. A card is on its way. */
  for (let back = 6; back >= 1; back--) bill(life, `power-ana-${7 - back}`, "Harbour Power", 58.4 + back, today - (30 * back + 9) * DAY, today - (30 * back - 5) * DAY, today - (30 * back - 1) * DAY + 20 * HOUR, "appBills");
  bill(life, "power-ana", "Harbour Power", 64.2, today - 9 * DAY + 6 * HOUR, today + 5 * DAY, null);
  record.track(0, today - 3 * DAY + 12 * HOUR, { userId: "ana", anonymousId: "app-ana" }, places.appCards, "Card Ordered", { card_id: "card-ana", card: "Debit card" });
  record.track(0, today - 40 * DAY + 11 * HOUR, life.who, places.branch, "Branch Visit", { reason: "card limit", branch: "branch-1" });
  record.track(0, today - 20 * DAY + 8 * HOUR, life.who, places.app, "Rating Given", { stars: 4, about: "app", words: "Quick and clear, only the card took its time." });
  for (let n = 0; n < 4; n++) order(life, life.who, today - (27 + 30 * n) * DAY + 15 * HOUR, n, [goods.coffee]);
  return { ...known(life), named: {
    person: "ana", user_id: "ana", name: "Ana Varga", weekday: weekdays[weekday], value: 80, notes: [50, 20, 10], hits: FRIDAYS - MISSED.length, of: FRIDAYS, agreed: iso(agreed),
    last: iso(fridays.at(-1)), bill: "power-ana", amount: 64.2, card: "card-ana", coffee_due_days: 3, most_used: "share-prices", never_used: "loans", not_asked: 9, fields: 11, unknown: ["employer", "income"] } };
}

function ben(record, world) {
  const person = base(1, "ben", "Ben", "Okafor", { birthday: "1979-10-30", phone: "+49 555 020304", address: { street: "Rope Walk 17", postalCode: "1022", city: "Eastquay", country: "Harbourland" } });
  Object.assign(person, { hasApp: true, hasWeb: false, app: ["app-ben"] });
  const life = start(person, record, world, world.start + 10 * HOUR), today = dayOf(world.until);
  for (let i = 0, t = dayOf(world.start) + 2 * DAY; t < world.until - DAY; i++, t += (4 + i % 3) * DAY) withdraw(life, t + (12 + i % 3) * HOUR, i % 8 === 5 ? 100 : 50, i % 8 === 5 ? [50, 50] : [50], 0);
  for (let t = dayOf(world.start) + 5 * DAY; t < world.until - DAY; t += 9 * DAY) session(life, "app", t + 21 * HOUR, ["balance", "transfer"]);
  bill(life, "phone-ben", "Fjord Telephone", 29.9, today - 11 * DAY + 6 * HOUR, today + 3 * DAY, null);
  person.habit = { kind: "always", reliability: 0.875, hour: 12, since: world.start, parts: [{ every: 5, value: 50, notes: [50] }] };
  return { ...known(life), named: { person: "ben", user_id: "ben", name: "Ben Okafor", bill: "phone-ben" } };
}

function edith(record, world) {
  const person = base(2, "edith", "Edith", "Lindqvist", { birthday: `${new Date(world.until).getUTCFullYear() - 78}-01-19`, phone: "+49 555 030405", occupation: "retired", language: "en",
    address: { street: "Church Road 2", postalCode: "1047", city: "Southmole", country: "Harbourland" } });
  Object.assign(person, { hasApp: false, hasWeb: false });
  const life = start(person, record, world, world.start + 9 * HOUR), today = dayOf(world.until);
  agree(life, "personalisation", Math.round(world.start + 30 * DAY + 10 * HOUR), places.branch);
  /* She told the branch once; it holds everywhere. */
  record.track(2, world.start + 30 * DAY + 10 * HOUR + MINUTE, life.who, places.branch, "Preference Stated", { name: "accessibility.text", value: "huge" });
  /* No amount comes twice: nobody could find a habit. */
  const values = [30, 150, 70, 20, 100, 40, 200, 60, 120, 50, 90, 250, 80, 10, 180, 110, 300, 140, 160, 210], gaps = [12, 31, 19, 26, 9, 41, 22];
  for (let i = 0, t = dayOf(world.start) + 33 * DAY; t < world.until - 2 * DAY; t += gaps[i++ % gaps.length] * DAY) withdraw(life, t + (9 + i % 6) * HOUR, values[i % values.length], notesOf(values[i % values.length], [50, 20, 10]));
  for (let t = dayOf(world.start) + 6 * DAY, i = 0; t < world.until - DAY; t += 27 * DAY, i++) record.track(2, t + 10 * HOUR, life.who, places.branch, "Branch Visit", { reason: i % 2 ? "a bill" : "cash and change", branch: "branch-2" });
  bill(life, "house-edith", "Lighthouse Insurance", 212, today - 6 * DAY + 6 * HOUR, today + 12 * DAY, null);
  return { ...known(life), named: { person: "edith", user_id: "edith", name: "Edith Lindqvist", bill: "house-edith" } };
}

export const named = [ana, ben, edith];
