/* life.mjs: a year of one person: what the truth about a person leads to, as events. Returns what happened, for the truth file. */
import { addressOf, DAY, dayOf, HOUR, MINUTE, monthDayOf, notesOf, weekdayOf } from "./people.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";
import { roads } from "./roads.mjs";
import { shop } from "./shop.mjs";

const IN_TIME = 0.93, LATE = 0.05, ACTIVATION_FAILS = 0.2;
/* The form of an address forgot what was said, until it was mended; since then it still does, less often. */
const ASKED_AGAIN = 0.6, ASKED_SINCE = 0.2;
export const MENDED_DAYS = 120;
const cents = (amount) => Math.round(amount * 100) / 100;

export function live(person, record, world) {
  const random = new Random(world.seed, person.index, 2);
  const life = { person, record, world, random, who: person.userId ? { userId: person.userId } : { anonymousId: person.web[0] }, visits: [], open: [], signed: new Set() };
  const seen = { failed_activation: false, asked_again: false, late_code: false };
  begin(life);
  consents(life);
  if (person.machine) machine(life);
  for (const [channel, wait] of [["app", person.appWait], ["web", person.webWait]]) sessions(life, channel, wait);
  for (const biller of person.bills) bills(life, biller);
  if (person.ordersCard) seen.failed_activation = card(life);
  if (person.userId) seen.asked_again = service(life);
  const bought = person.shops || person.secondId || !person.userId ? shop(life) : null;
  if (person.userId) seen.late_code = roads(life);
  return { visits: life.visits, open: life.open, signed: life.signed, bought, ...seen };
}

function begin({ person, record, random }) {
  if (person.userId) {
    record.identify(person.index, person.joined, { userId: person.userId }, places.branch, person.traits);
    return;
  }
  /* Known by an e-mail address alone: wrote it into a form of the shop. */
  const { account: _, ...traits } = person.traits;
  const who = { anonymousId: person.web[0] };
  record.add(person.index, person.joined, who, places.shop, "page", "Shop", { path: "/shop" });
  record.identify(person.index, person.joined + random.between(1, 9) * MINUTE, who, places.shop, traits);
}

function consents({ person, record, who, world }) {
  const place = person.hasApp ? places.app : person.hasWeb ? places.web : places.branch;
  for (const [purpose, time] of Object.entries(person.consents.given))
    record.track(person.index, time, who, place, "Consent Given", { purpose, text: world.purposes[purpose].text, version: world.purposes[purpose].version, control: { preset: false } });
  for (const [purpose, time] of Object.entries(person.consents.withdrawn))
    record.track(person.index, time, who, place, "Consent Withdrawn", { purpose });
}

/* ---- the machine ---- */

const timeOfDay = (random, hour) => (hour + random.unit()) * HOUR;

export function withdraw(life, time, value, notes, part) {
  const { person, record, who } = life;
  if (record.track(person.index, time, who, places.machine, "Cash Withdrawn", { amount: value, currency: "EUR", notes, machine: `machine-${1 + person.index % 12}` }))
    life.visits.push({ time: Math.round(time), part });
}

function other(life, usual) {
  const value = life.random.pick(life.person.amounts.filter((a) => a !== usual));
  return [value, notesOf(value, life.random.pick([[100, 50, 20, 10], [50, 20, 10], [20, 10], [50, 10]]))];
}

function machine(life) {
  const { person, random, world } = life, { habit } = person;
  if (!habit) {
    for (let t = person.joined + random.wait(5) * DAY; t < world.until; t += Math.max(0.6, random.wait(7 / person.visitsAWeek)) * DAY)
      withdraw(life, dayOf(t) + timeOfDay(random, random.whole(7, 20)), ...other(life));
    return;
  }
  const use = (day, part) => {
    const choice = random.chance(habit.reliability) ? [part.value, part.notes] : other(life, part.value);
    withdraw(life, day + timeOfDay(random, habit.hour), ...choice, habit.parts.indexOf(part));
  };
  if (habit.kind === "always") {
    for (let t = person.joined + DAY; t < world.until; t += habit.parts[0].every * random.between(0.4, 1.6) * DAY) use(dayOf(t), habit.parts[0]);
    return;
  }
  for (let day = dayOf(person.joined) + DAY; day < world.until; day += DAY) {
    const parts = habit.before && day < habit.since ? [habit.before] : habit.parts;
    const part = parts.find((p) => p.day === monthDayOf(day)) ?? parts.find((p) => p.weekday === weekdayOf(day));
    if (part) { if (random.chance(0.93)) use(day, part); }
    else if (random.chance(0.01)) withdraw(life, day + timeOfDay(random, random.whole(7, 20)), ...other(life));
  }
}

/* ---- app and web ---- */

const pageOf = { "balance": "Balance", "transfer": "Transfer", "pay-bill": "Bills", "cards": "Cards", "loans": "Loans", "savings": "Savings", "share-prices": "Share Prices", "statements": "Statements", "support": "Help" };

export function signIn(life, device, channel, time) {
  const { person, record, world } = life;
  const who = person.userId ? { userId: person.userId, anonymousId: device } : { anonymousId: device };
  if (!life.signed.has(device) && person.userId) {
    /* Before the first sign-in on a device nobody knows who it is; on a shared one the other person was there before. */
    if (!world.shared.has(device)) record.add(person.index, time - 2 * MINUTE, { anonymousId: device }, places[channel], "page", "Welcome", { path: "/" });
    const happened = record.identify(person.index, time - MINUTE, who, places[channel], { email: person.traits.email, name: person.traits.name });
    record.track(person.index, time - MINUTE + 1, who, places[channel], "Signed In", {});
    if (happened) life.signed.add(device);
  }
  return who;
}

export function session(life, channel, time, screens) {
  const { person, record, random } = life;
  const who = signIn(life, random.pick(person[channel]), channel, time);
  const type = channel === "app" ? "screen" : "page", add = (t, name, properties) => record.add(person.index, t, who, places[channel], type, name, properties);
  add(time, channel === "app" ? "home" : "Home", channel === "app" ? { surface: "app-home" } : { path: "/" });
  screens.forEach((screen, i) => {
    const t = time + (i + 0.4 + random.unit()) * MINUTE;
    if (channel === "app") add(t, screen, { option: screen, surface: "app-home" }); else add(t, pageOf[screen], { path: `/${screen}` });
  });
}

function sessions(life, channel, wait) {
  const { person, random, world } = life;
  if (!person[channel].length) return;
  const names = Object.keys(person.screens), weights = Object.values(person.screens);
  for (let t = person.joined + HOUR + random.wait(wait) * DAY; t < world.until; t += (0.05 + random.wait(wait)) * DAY) {
    const screens = Array.from({ length: random.weighted([0, 5, 3, 1]) }, () => names[random.weighted(weights)]);
    session(life, channel, dayOf(t) + timeOfDay(random, random.whole(7, 21)), screens);
  }
}

/* ---- bills, cards ---- */

const payingPlaces = (person) => [...(person.hasApp ? ["appBills", "appBills", "appBills"] : []), ...(person.hasWeb ? ["webBills", "webBills"] : []), "branch", "phone"];

export function bill(life, id, payee, amount, issued, due, paid, place) {
  const { person, record, who } = life;
  const body = { bill_id: id, payee, amount, currency: "EUR", due_date: new Date(due).toISOString().slice(0, 10) };
  if (!record.track(person.index, issued, who, places.post, "Bill Issued", body)) return;
  if (paid === null || !record.track(person.index, paid, who, places[place], "Bill Paid", { bill_id: id, payee, amount, currency: "EUR" })) life.open.push(id);
}

function bills(life, biller) {
  const { person, random, world } = life;
  const from = life.bill ?? 0;
  let n = from, amount = biller.amount;
  for (let t = person.joined + random.between(1, biller.every) * DAY; t < world.until; t += biller.every * DAY, n++) {
    if (!biller.fixed) amount = biller.amount * random.between(0.85, 1.15);
    const issued = dayOf(t) + 6 * HOUR, due = dayOf(t) + 14 * DAY, luck = random.unit();
    const paid = luck < IN_TIME ? issued + random.between(0.2, 13.2) * DAY : luck < IN_TIME + LATE ? due + random.between(1, 12) * DAY : null;
    bill(life, `bill-${person.index}-${n}`, biller.payee, cents(amount), issued, due, paid, random.pick(payingPlaces(person)));
  }
  life.bill = n;
}

/* A card is ordered and activated. Planted: for some, activating fails, and they phone within days. */
function card({ person, record, who, random, world }) {
  const place = person.hasApp ? places.appCards : person.hasWeb ? places.webCards : places.branch;
  const t = person.joined + (world.until - person.joined) * random.unit(), id = `card-${person.index}`;
  const track = (time, where, name, properties) => record.track(person.index, time, who, where, name, { card_id: id, ...properties });
  const come = t + random.between(4, 9) * DAY;
  track(t, place, "Card Ordered", { card: "Debit card" });
  if (!random.chance(ACTIVATION_FAILS)) { track(come, place, "Card Activated"); return false; }
  track(come, place, "Card Activation Failed", { error: "code not accepted" });
  const called = come + random.between(0.05, 3) * DAY;
  if (!track(called, places.phone, "Call Started", { reason: "card activation" })) return false;
  track(called + random.between(4, 15) * MINUTE, places.phone, "Card Activated");
  return true;
}

/* ---- branch, phone, stars ---- */

const visitReasons = ["cash and change", "a loan", "savings", "an address", "a standing order", "advice"];
const callReasons = ["balance", "a transfer", "card limit", "password", "a bill"];

function service({ person, record, who, random, world }) {
  const span = world.until - person.joined, any = () => person.joined + 2 * DAY + span * random.unit();
  const track = (time, place, name, properties) => record.track(person.index, time, who, place, name, properties);
  const visits = Math.floor(random.wait(person.hasApp ? 0.8 : 2.5)), calls = Math.floor(random.wait(0.9)), stars = Math.floor(random.wait(1.3));
  for (let i = 0; i < visits; i++) track(any(), places.branch, "Branch Visit", { reason: random.pick(visitReasons), branch: `branch-${1 + person.index % 4}` });
  for (let i = 0; i < calls; i++) {
    const t = any(), seconds = random.whole(60, 900);
    track(t, places.phone, "Call Started", { reason: random.pick(callReasons) });
    track(t + seconds * 1000, places.phone, "Call Ended", { seconds });
  }
  for (let i = 0; i < stars; i++) track(any(), person.hasApp ? places.app : places.branch, "Rating Given", { stars: 1 + random.weighted([4, 6, 15, 40, 35]), about: person.hasApp ? "app" : "branch" });
  if (!random.chance(0.12)) return false;
  /* Moved, said so, and is asked again for what was said. */
  const moved = any(), again = moved + random.between(3, 40) * DAY, asked = random.chance(moved < world.until - MENDED_DAYS * DAY ? ASKED_AGAIN : ASKED_SINCE);
  const where = person.hasWeb ? places.web : places.branch;
  track(moved - 2 * MINUTE, where, "Address Change Begun", {});
  if (!record.identify(person.index, moved, who, where, { address: addressOf(random) })) return false;
  track(moved + 1, where, "Address Changed", {});
  return asked && track(again, random.chance(0.5) ? places.phone : places.branch, "Address Asked", { field: "address" });
}
