/*
 * worth.mjs: what people need and what they are worth, as the simulator knows it: needs that drive what some do, and a ledger that adds
 * up every event by the price list and counts who is in which segment. Written a second time, apart from the server, on purpose.
 */
import { readFileSync } from "node:fs";
import { session } from "./life.mjs";
import { DAY, HOUR } from "./people.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";

const STREAM = 12, DRIVEN = 0.25, kinds = ["more", "overview", "bills", "person"];
const NO_ROW = new Set(["Consent Given", "Consent Withdrawn", "Preference Stated", "Menu Changed"]);   /* Kept as choices, not as something done. */
const screens = { more: ["share-prices", "savings"], overview: ["balance", "statements"], bills: ["pay-bill", "transfer"] };

/* Some have one need above all others, and it shows. Returns it, or null. */
export function liveNeed(person, life, record, world) {
  const random = new Random(world.seed, person.index, STREAM);
  const driven = random.chance(DRIVEN), need = kinds[random.weighted([3, 3, 3, 1])], n = random.whole(45, 75);
  const device = person.app.length ? "app" : person.web.length ? "web" : null, span = world.until - person.joined;
  if (!driven || person.kind !== "plain" || (need !== "person" && !device) || span < 60 * DAY) return null;
  const own = { person, record, world, random, who: { userId: person.userId }, signed: life.signed };
  const moment = () => person.joined + DAY + Math.floor(random.unit() * (span - 2 * DAY) / DAY) * DAY;
  if (need === "person")
    for (let i = 0; i < n / 2; i++) {
      const byPhone = random.chance(0.5), t = moment() + random.between(9, 17) * HOUR;
      record.track(person.index, t, own.who, byPhone ? places.phone : places.branch, byPhone ? "Call Started" : "Branch Visit", { reason: "advice" });
    }
  else
    for (let i = 0; i < n; i++) session(own, device, moment() + random.between(7, 21) * HOUR, [random.pick(screens[need]), random.pick(screens[need])]);
  return need;
}

/* "{event: Bill Paid, channel: app, income: .95}" as an object of texts. */
const entries = (text) => Object.fromEntries(text.split(",").map((part) => part.split(":").map((x) => x.trim())).filter(([k, v]) => k && v !== undefined));

function pricesOf(file) {
  const text = readFileSync(file, "utf8"), lines = [...text.matchAll(/^ *- \{(.*)\}/gm)].map(([, inside]) => entries(inside));
  return { lines, minute: entries(/^minute: *\{(.*)\}/m.exec(text)[1]) };
}

/* Money is whole hundredths of a cent, rounded half away from zero, each part by itself. */
const whole = (x) => Math.sign(x) * Math.round(Math.abs(x));
const minor = (text) => Number(text ?? 0) * 100;

const segmentsOf = {
  "regular-shopper": (own) => own.times("analytics", "Order Completed", 120).length >= 2,
  "needed-a-person": (own) => own.times("analytics", "Call Started", 90).length + own.times("analytics", "Branch Visit", 90).length > 0,
  "pays-large-bills": (own) => own.times("analytics", "Bill Paid", 180, (body) => body.amount >= 250).length >= 2,
  "could-pay-online": (own) => segmentsOf["needed-a-person"](own) && own.times("analytics", "Bill Paid", 90).length === 0 && own.traits.email !== undefined,
  "speaks-german": (own) => own.traits.language === "de",
};
const purposeOf = { "speaks-german": "personalisation" };

export class Ledger {
  constructor(file, world) { this.world = world; this.prices = pricesOf(file); this.customers = new Map(); }

  line(event, channel) {
    const all = this.prices.lines.filter((l) => l.event === event);
    return all.find((l) => l.channel === channel) ?? all.filter((l) => !l.channel).at(-1);
  }

  /* Known to the shop under an id of its own, somebody is another customer there. */
  note({ person, time, who, channel, type, name, body }) {
    if (type === "track" && NO_ROW.has(name)) return;
    const key = /^s\d+$/.test(who.userId ?? "") ? `${person}:shop` : `${person}`;
    if (!this.customers.has(key)) this.customers.set(key, { profit: 0, events: 0, happened: [], traits: {} });
    const own = this.customers.get(key);
    if (type === "identify") { Object.assign(own.traits, body); return; }
    if (type === "track") own.happened.push({ time, name, body });
    if (time < this.world.until - 365 * DAY) return;
    own.events++;
    const line = this.line(name, channel);
    if (!line) return;
    const amount = ["amount", "total", "revenue", "value", "stars", "seconds"].map((k) => body?.[k]).find((v) => typeof v === "number") ?? 0, value = Math.round(amount * 100);
    const margin = line.margin ? Number(line.margin.replace("%", "")) / 100 : 0;
    own.profit += whole(minor(line.income) * 100) + whole(margin * value * 100) - whole(minor(line.cost) * 100) - whole(Number(line.minutes ?? 0) * minor(this.prices.minute[channel]) * 100);
  }

  /* An event counts for a purpose from the yes on, and no longer than to the no. */
  truthOf(person) {
    const { until } = this.world, { given, withdrawn } = person.consents;
    return ["", ":shop"].flatMap((which) => {
      const own = this.customers.get(`${person.index}${which}`);
      if (!own) return [];
      const agreed = (purpose) => which === "" && purpose in given && !(purpose in withdrawn);
      own.times = (purpose, name, days, fits = () => true) => own.happened.filter((e) => e.name === name && e.time > given[purpose] && Math.floor(e.time / 1000) > Math.floor(until / 1000) - days * 86400 && fits(e.body));
      const segments = Object.keys(segmentsOf).filter((s) => agreed(purposeOf[s] ?? "analytics") && segmentsOf[s](own));
      return [{ user_id: which ? person.secondId : person.userId, profit: own.profit, events: own.events, segments }];
    });
  }

  totals() {
    const all = [...this.customers.values()].filter((own) => own.events > 0);
    return { at: new Date(this.world.until).toISOString(), customers: all.length, profit: all.reduce((sum, own) => sum + own.profit, 0), below: all.filter((own) => own.profit < 0).length, segments: Object.keys(segmentsOf) };
  }
}
