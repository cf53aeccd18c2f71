/*
 * people.mjs: who banks at Harbour: their names, devices, habits and answers. What is drawn here is the truth; what they do follows from it.
 */
import { Random } from "./random.mjs";

export const DAY = 86400_000, HOUR = 3600_000, MINUTE = 60_000;
export const options = ["balance", "transfer", "pay-bill", "cards", "loans", "savings", "share-prices", "statements", "support"];
export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
export const iso = (t) => new Date(t).toISOString();
export const dayOf = (t) => Math.floor(t / DAY) * DAY;
export const weekdayOf = (t) => (new Date(t).getUTCDay() + 6) % 7;   /* 0 is Monday. */
export const monthDayOf = (t) => new Date(t).getUTCDate();

const firsts = ("Mila Jonas Petra Omar Lucia Viktor Hana Emil Sofia Karel Nora Tomas Ida Luca Greta Aron Lena Felix Maja Hugo Elsa Ivan Clara Samir Vera Anton "
  + "Rosa Milan Zoe Oskar Alma Bruno Dora Matej Linn Pavel Freya Noah Judit Leo Yasmin Erik Tessa Marek Olga Daniel Sanna Rafael Ines Gustav").split(" ");
const lasts = ("Novak Berg Silva Horn Ito Marsh Weiss Dahl Rossi Kovac Meyer Holm Santos Fischer Lind Moreau Kaya Jansen Petrov Vogel Costa Nagy Dubois Haas Lopez "
  + "Wolf Sato Brandt Nilsson Keller Bauer Mendes Hansen Baran Lang Ferrari Simon Virta Ozols Farkas Roth Ekman Leroy Kask Popov Adler Winter Stein Marin Ruiz").split(" ");
const streets = "Quay Street,Harbour Lane,Mill Road,Station Street,Rope Walk,Sail Street,Church Road,Market Square,Dock Street,Lighthouse Road".split(",");
const cities = [["1011", "Northport"], ["1022", "Eastquay"], ["1035", "Sandhaven"], ["1047", "Southmole"]];
const jobs = "teacher,nurse,baker,engineer,clerk,driver,carpenter,pharmacist,cook,retired,student,electrician,librarian,gardener".split(",");
const digits = (n, width) => String(n).padStart(width, "0");

export function addressOf(random) {
  const [postal, city] = random.pick(cities);
  return { street: `${random.pick(streets)} ${random.whole(1, 140)}`, postalCode: postal, city, country: "Harbourland" };
}

/* The fewest notes of the given kinds. */
export function notesOf(amount, kinds = [100, 50, 20, 10]) {
  const notes = [];
  for (const kind of kinds) while (amount >= kind) { notes.push(kind); amount -= kind; }
  return amount > 0 ? [...notes, ...notesOf(amount)] : notes;
}

const amounts = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150, 180, 200, 250, 300];
const weekly = [[80, [50, 20, 10]], [50, [50]], [50, [20, 20, 10]], [100, [50, 50]], [60, [20, 20, 20]], [40, [20, 20]], [70, [50, 20]], [120, [50, 50, 20]], [30, [20, 10]], [100, [20, 20, 20, 20, 20]]];

/* The habit at the machine, or null. Each part: on a weekday, on a day of the month, or at every visit. */
function habitOf(random, from, until) {
  const kind = ["none", "weekly", "monthly", "two", "drift", "notes", "always"][random.weighted([36, 30, 7, 7, 7, 7, 6])];
  if (kind === "none") return null;
  const [value, notes] = random.pick(weekly);
  const reliability = random.chance(0.9) ? random.between(0.92, 1) : random.between(0.8, 0.92);
  const hour = random.whole(8, 19);
  const week = { weekday: random.chance(0.5) ? 4 : random.whole(0, 6), value, notes };
  const month = { day: random.whole(1, 3), value: 200, notes: random.chance(0.5) ? [100, 100] : [50, 50, 50, 50] };
  const habit = { kind, reliability: Math.round(reliability * 1000) / 1000, hour, since: from, parts: [week] };
  if (kind === "monthly") habit.parts = [month];
  if (kind === "two") habit.parts = [week, month];
  if (kind === "always") habit.parts = [{ every: random.between(6, 13), value, notes }];
  if (kind === "notes") week.notes = notesOf(value, random.chance(0.5) ? [20, 10] : [10]);
  if (kind === "drift") {
    habit.since = dayOf(from + (until - from) * random.between(0.25, 0.6));
    const next = random.pick(weekly.filter(([v]) => v !== value));
    habit.before = week;
    habit.parts = [{ ...week, value: next[0], notes: next[1] }];
  }
  return habit;
}

/* How often each screen is wanted: what is popular, bent by the person. */
function screensOf(random) {
  const popular = { "balance": 30, "transfer": 14, "pay-bill": 12, "cards": 8, "loans": 2, "savings": 8, "share-prices": 7, "statements": 8, "support": 2 };
  return Object.fromEntries(options.map((o) => [o, Math.round(popular[o] * random.wait(1) * (random.chance(0.12) ? 5 : 1) * 10) / 10]));
}

const shares = { personalisation: 0.6, analytics: 0.45, marketing: 0.25, research: 0.15 };

function consentsOf(random, from, until) {
  const given = {}, withdrawn = {};
  for (const [purpose, share] of Object.entries(shares)) {
    const time = Math.round(from + (until - from) * 0.97 * random.unit() ** 1.7 + HOUR);
    const leaves = Math.round(time + (until - time) * random.between(0.1, 0.98)), wants = random.chance(share), regrets = random.chance(0.06);
    if (!wants) continue;
    given[purpose] = time;
    if (regrets) withdrawn[purpose] = leaves;
  }
  return { given, withdrawn };
}

/* Person number @index: 0 to 2 are Ana, Ben and Edith, who are told in named.mjs. */
export function personOf(seed, index, start, until) {
  const random = new Random(seed, index, 1);
  const number = digits(index, 5);
  const kind = ["plain", "two-ids", "email-only"][random.weighted([92, 4, 4])];
  const firstName = random.pick(firsts), lastName = random.pick(lasts), age = random.whole(18, 88);
  const joined = Math.round(random.chance(0.85) ? start + random.between(0, 12) * DAY : start + (until - start) * random.between(0.05, 0.8));
  const hasApp = kind !== "email-only" && random.chance(age > 70 ? 0.35 : 0.78), hasWeb = kind === "email-only" || random.chance(age > 70 ? 0.4 : 0.66);
  const email = `${firstName}.${lastName}.${index}@mail.example`.toLowerCase();
  const born = new Date(until - age * 365.25 * DAY - random.between(0, 364) * DAY).toISOString().slice(0, 10);
  const traits = {
    name: `${firstName} ${lastName}`, firstName, lastName, email, birthday: born, address: addressOf(random), account: `HB${digits(47110000 + index * 7, 10)}`,
    ...(random.chance(0.88) ? { phone: `+49 555 ${digits(random.whole(0, 999999), 6)}` } : {}),
    ...(random.chance(0.6) ? { occupation: random.pick(jobs) } : {}), ...(random.chance(0.7) ? { language: random.pick(["en", "en", "de", "fr"]) } : {}),
  };
  const device = (channel, n) => `${channel}-${number}-${n}`;
  return {
    index, id: `p${number}`, kind, joined, traits, hasApp, hasWeb,
    userId: kind === "email-only" ? null : `u${number}`, secondId: kind === "two-ids" ? `s${number}` : null,
    secondEmail: kind === "two-ids" && random.chance(0.5) ? `${lastName}${index}@post.example`.toLowerCase() : null,
    app: hasApp ? (random.chance(0.12) ? [device("app", 1), device("app", 2)] : [device("app", 1)]) : [],
    /* Whoever has no user id is known on one device only: nothing would tie another to it. */
    web: hasWeb ? (random.chance(0.2) && kind !== "email-only" ? [device("web", 1), device("web", 2)] : [device("web", 1)]) : [],
    machine: kind !== "email-only" && random.chance(0.72), habit: habitOf(random, joined, until),
    visitsAWeek: random.between(0.35, 1), amounts: [...amounts].sort(() => random.unit() - 0.5).slice(0, random.whole(7, 11)),
    appWait: 7 / Math.min(4, 0.25 + random.wait(0.42)), webWait: 7 / Math.min(3, 0.1 + random.wait(0.17)), screens: screensOf(random),
    consents: consentsOf(random, joined, until), bills: kind === "email-only" || !random.chance(0.7) ? [] : billersOf(random),
    ordersCard: kind !== "email-only" && random.chance(0.4), shops: random.chance(0.18),
  };
}

function billersOf(random) {
  const billers = [["Harbour Power", 38, 120, 30], ["City Water", 20, 60, 91], ["Fjord Telephone", 15, 45, 30], ["Lighthouse Insurance", 90, 260, 182], ["Rent, Rope Walk Homes", 480, 980, 30]];
  const n = random.weighted([0, 5, 3, 1]);
  return billers.sort(() => random.unit() - 0.5).slice(0, n).map(([payee, low, high, every]) => ({ payee, amount: random.between(low, high), every, fixed: payee.startsWith("Rent") || payee.startsWith("Lighthouse") }));
}
