/* record.mjs: events in Segment's shape, kept with their times until they are written in order. */
import { readFileSync } from "node:fs";
import { iso } from "./people.mjs";

/* Where something happens: the context of its events. */
export const places = {
  machine: { channel: "machine", touchpoint: "machine-withdrawal", source: "machine" },
  app: { channel: "app", touchpoint: "app-home", source: "app" },
  appBills: { channel: "app", touchpoint: "app-bills", source: "app" },
  appCards: { channel: "app", touchpoint: "app-cards", source: "app" },
  web: { channel: "web", touchpoint: "web-home", source: "web" },
  webBills: { channel: "web", touchpoint: "web-bills", source: "web" },
  webCards: { channel: "web", touchpoint: "web-cards", source: "web" },
  branch: { channel: "branch", touchpoint: "branch-desk", source: "branch" },
  phone: { channel: "phone", touchpoint: "call-centre", source: "phone" },
  post: { channel: "post", touchpoint: "post-letter", source: "post" },
  shop: { channel: "web", touchpoint: "shop-checkout", source: "shop" },
};

/* The texts that customers agreed to are those of the configuration, word for word. */
export function purposesOf(file) {
  const purposes = {};
  for (const document of readFileSync(file, "utf8").split(/^---$/m)) {
    const value = (key) => new RegExp(`^${key}: *"?(.*?)"? *$`, "m").exec(document)?.[1];
    if (value("kind") === "purpose") purposes[value("name")] = { text: value("text"), version: value("version") };
  }
  return purposes;
}

export class Record {
  constructor(seed, until) {
    this.seed = seed; this.until = until; this.times = []; this.lines = []; this.counts = {}; this.serial = new Map(); this.watch = null;
  }

  /* @who: {userId?, anonymousId?}. What would happen after the end has not happened: false. */
  add(person, time, who, place, type, name, body) {
    time = Math.round(time);
    if (time >= this.until) return false;
    const n = (this.serial.get(person) ?? 0) + 1;
    this.serial.set(person, n);
    const label = type === "track" || type === "identify" ? {} : { name };
    this.times.push(time);
    this.lines.push(JSON.stringify({
      type, messageId: `h${this.seed}-${person}-${n}`, ...who, timestamp: iso(time), ...(type === "track" ? { event: name } : label),
      ...(type === "identify" ? { traits: body } : { properties: body ?? {} }), context: place,
    }));
    const counted = type === "track" ? name : type;
    this.counts[counted] = (this.counts[counted] ?? 0) + 1;
    this.watch?.({ person, time, who, channel: place.channel, type, name, body });
    return true;
  }

  track(person, time, who, place, name, properties) { return this.add(person, time, who, place, "track", name, properties); }
  identify(person, time, who, place, traits) { return this.add(person, time, who, place, "identify", null, traits); }

  /* Indices in the order of time; equal times keep the order in which they were told. */
  order() {
    const order = new Uint32Array(this.times.length).map((_, i) => i);
    return order.sort((a, b) => this.times[a] - this.times[b] || a - b);
  }
}
