/*
 * shop.mjs: the rewards shop: what people buy there, from a stream of its own. What a category truly is (lasting, or used up after a time)
 * is told here and goes into the truth; the server has to find it out from purchases.
 */
import { DAY, HOUR, iso, MINUTE } from "./people.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";

const STREAM = 11, SPREAD = 0.2, OWN_SPREAD = 0.1, AGAIN = 0.02, RETURNED = 0.04, ORDERED_TOGETHER = 0.5;
const cents = (amount) => Math.round(amount * 100) / 100;

/* [id, name, price] as the shop's own events name them. */
export const goods = {
  coffee: ["coffee", "Coffee, 1 kg", 18.9], kettle: ["kettle", "Kettle", 49], "lamp-red": ["lamp-red", "Red lamp", 39], "lamp-grey": ["lamp-grey", "Grey lamp", 39],
  "lamp-blue": ["lamp-blue", "Blue lamp", 39], towels: ["towels", "Towels", 25], pan: ["pan", "Pan", 59], tea: ["tea", "Tea", 9.5], backpack: ["backpack", "Backpack", 79],
  detergent: ["detergent", "Detergent", 12], batteries: ["batteries", "Batteries", 8],
};

/* wanted: the share of those who shop that buys it at all; cycle: median days until it is used up; none: it lasts. */
export const categories = {
  coffee: { class: "consumable", cycle: 30, wanted: 0.5, goods: ["coffee"] },
  tea: { class: "consumable", cycle: 45, wanted: 0.3, goods: ["tea"] },
  detergent: { class: "consumable", cycle: 60, wanted: 0.35, goods: ["detergent"] },
  batteries: { class: "consumable", cycle: 75, wanted: 0.3, goods: ["batteries"] },
  kettles: { class: "durable", wanted: 0.35, goods: ["kettle"] },
  lamps: { class: "durable", wanted: 0.35, goods: ["lamp-red", "lamp-grey", "lamp-blue"] },
  pans: { class: "durable", wanted: 0.3, goods: ["pan"] },
  backpacks: { class: "durable", wanted: 0.3, goods: ["backpack"] },
  towels: { class: "durable", wanted: 0.25, goods: ["towels"] },
};

export function order(life, who, time, n, products) {
  const total = cents(products.reduce((sum, [, , price]) => sum + price, 0));
  return life.record.track(life.person.index, time, who, places.shop, "Order Completed", {
    order_id: `order-${life.person.index}-${n}`, total, currency: "EUR",
    products: products.map(([product_id, name, price]) => ({ product_id, name, price, quantity: 1 })) });
}

const normal = (random) => Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());

/* When this person buys what: [time, good], and the person's own cycle of each consumable. Tea is wanted most by those who have a kettle. */
function wishes(random, from, until) {
  const wished = [], own = {};
  let kettle = false;
  for (const category of ["kettles", ...Object.keys(categories).filter((c) => c !== "kettles")]) {
    const { cycle, wanted, goods: choice } = categories[category], good = random.pick(choice);
    const first = from + (until - from) * random.unit() * (cycle ? 0.4 : 0.97), again = random.chance(AGAIN), share = category === "tea" && kettle ? 0.6 : wanted;
    if (!random.chance(share)) continue;
    kettle ||= category === "kettles";
    if (!cycle) {
      wished.push([first, good]);
      if (again) wished.push([first + random.between(20, 200) * DAY, good]);
      continue;
    }
    own[category] = cycle * Math.exp(OWN_SPREAD * normal(random));
    for (let t = first; t < until; t += own[category] * Math.exp(SPREAD * normal(random)) * DAY) wished.push([t, good]);
  }
  return { wished: wished.sort((a, b) => a[0] - b[0]), own };
}

/* Some are known to the shop under a user id of its own; that it is the same person, no event says. */
export function shop(life) {
  const { person, record, world } = life, random = new Random(world.seed, person.index, STREAM);
  const device = `shop-${String(person.index).padStart(5, "0")}`;
  const who = person.secondId ? { userId: person.secondId, anonymousId: device } : life.who;
  let from = person.joined + random.between(1, 60) * DAY;
  if (person.secondId) {
    from = Math.min(from, world.until - DAY);   /* Whoever is known twice has been there. */
    const email = person.secondEmail ? { email: person.secondEmail } : {};
    record.identify(person.index, from, who, places.shop, { name: person.traits.name, ...email });
  }
  record.add(person.index, from + MINUTE, who, places.shop, "page", "Shop", { path: "/shop" });
  const { wished, own } = wishes(random, from + HOUR, world.until), bought = new Map();
  let n = 0;
  for (let i = 0; i < wished.length; n++) {
    const [time, good] = wished[i], together = [good];
    /* What is wanted within two days goes into one order. */
    for (i++; i < wished.length && wished[i][0] < time + 2 * DAY && !together.includes(wished[i][1]) && random.chance(ORDERED_TOGETHER); i++) together.push(wished[i][1]);
    record.add(person.index, time - 5 * MINUTE, who, places.shop, "page", "Shop", { path: "/shop" });
    if (!order(life, who, time, n, together.map((g) => goods[g]))) continue;
    for (const g of together) bought.set(g, { time, units: (bought.get(g)?.units ?? 0) + 1 });
    if (random.chance(RETURNED)) giveBack(life, who, time + random.between(3, 14) * DAY, n, good, bought);
  }
  return truthOf(person, bought, own);
}

function giveBack(life, who, time, n, good, bought) {
  const [product_id, name, price] = goods[good];
  if (life.record.track(life.person.index, time, who, places.shop, "Order Refunded", { order_id: `order-${life.person.index}-${n}`, total: price, currency: "EUR", products: [{ product_id, name, price, quantity: 1 }] }))
    bought.get(good).units--;
}

const categoryOf = (good) => Object.keys(categories).find((c) => categories[c].goods.includes(good));

/* What the person has at the end, and when what is used up is due by the person's own pace. */
function truthOf(person, bought, own) {
  const user = person.secondId ?? person.userId, has = [...bought].filter(([, { units }]) => units > 0);
  return {
    identifier: user ? `user:${user}` : `email:${person.traits.email}`,
    owns: has.filter(([good]) => !own[categoryOf(good)]).map(([product, { time }]) => ({ product, category: categoryOf(product), bought: iso(time) })),
    uses: has.filter(([good]) => own[categoryOf(good)]).map(([product, { time }]) => ({ product, category: categoryOf(product), bought: iso(time), cycle_days: Math.round(own[categoryOf(product)] * 10) / 10, due: iso(time + own[categoryOf(product)] * DAY) })),
  };
}

export const shopTruth = () => ({ categories: Object.fromEntries(Object.entries(categories).map(([name, c]) => [name, { class: c.class, ...(c.cycle ? { cycle_days: c.cycle } : {}), goods: c.goods }])) });
