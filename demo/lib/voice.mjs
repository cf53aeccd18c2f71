/*
 * voice.mjs: what customers say: whom they would choose and why, whether they recommend, how hard it was, and what they propose.
 *
 * Draws from a stream of its own (13), so that nobody else's life changes. Answers come from who agreed to be asked; the true shares are
 * those of everybody, which is what the answers are an estimate of.
 */
import { DAY, iso, MINUTE } from "./people.mjs";
import { places } from "./record.mjs";
import { Random } from "./random.mjs";

/* How much each bank is liked; who has which within reach. */
const liked = { harbour: 0.46, north: 0.28, coin: 0.18, cooperative: 0.14 }, REACH = { north: 0.8, coin: 0.6, cooperative: 0.45 };
const motives = { people: 0.24, ease: 0.34, nearby: 0.18, trust: 0.24 };
const PRICE_FROM = 0.08, PRICE_TO = 0.42;   /* Of those who choose Harbour: who do so for the price alone, at the beginning and the end of the year. */
const STARS = [0, 3, 5, 14, 42, 36], RECOMMEND = [1, 1, 2, 2, 3, 5, 7, 14, 25, 22, 18], EFFORT = [0, 4, 5, 9, 14, 24, 28, 16];
const RANKED = 0.85, ANSWERS = 0.55, TOOK_BACK = 0.06, TRIED = 0.3;

/* What customers propose: when, by whom (Ana, or a number of people), and which share is for it. */
export const proposals = [
  { idea: "notes-by-size", title: "Notes by size", text: "I cannot see well. Let the machine say which note comes when, or give them sorted by size.", by: 0, days: 190, votes: 0.07, tried: true },
  { idea: "evening-calls", title: "Somebody on the phone until nine", text: "I work until six. The call centre closes when I come home.", by: 41, days: 260, votes: 0.05, tried: true },
  { idea: "split-a-bill", title: "Split a bill with friends", text: "Pay a bill together from the app, each their part.", by: 77, days: 150, votes: 0.04 },
  { idea: "round-up", title: "Round up and save", text: "Every payment is rounded up and the difference goes to my savings.", by: 118, days: 120, votes: 0.03 },
  { idea: "paper-by-letter", title: "Statements by letter again, free", text: "My father wants them on paper.", by: 161, days: 90, votes: 0.015 },
  { idea: "coin-counter", title: "A coin counter in branch 2", text: "My shop has coins every evening.", by: 119, days: 40, votes: 0.008 },
  { idea: "quiet-hour", title: "A quiet hour in the branch", text: "One hour a week without music and screens.", by: 160, days: 3, votes: 0.001 },
];

const chance = (open) => liked.harbour / open.reduce((sum, bank) => sum + liked[bank], 0);
const priceAt = (time, world) => PRICE_FROM + (PRICE_TO - PRICE_FROM) * Math.max(0, Math.min(1, (time - world.start) / (world.until - world.start)));

/* One after another, each as likely as it is liked among those that are left. */
function ordered(random, open) {
  const left = [...open], order = [];
  while (left.length) order.push(...left.splice(random.weighted(left.map((bank) => liked[bank])), 1));
  return order;
}

/* Harbour keeps its own budget: nobody is asked twice within thirty days, whatever the question. */
function mayAsk(span, time) {
  if (span.asked.some((other) => Math.abs(other - time) < 30 * DAY)) return false;
  span.asked.push(time);
  return true;
}

function preference(random, person, record, world, span) {
  const open = ["harbour", ...Object.keys(REACH).filter((bank) => random.chance(REACH[bank]))];
  if (open.length === 1) open.push("north");
  const order = ordered(random, open), at = random.unit(), said = random.chance(RANKED), price = random.unit(), other = random.weighted(Object.values(motives));
  const truth = { first: chance(open), open: open.length };
  if (!span || !said) return truth;
  const time = span.from + at * (span.to - span.from), motive = order[0] === "harbour" && price < priceAt(time, world) ? "price" : Object.keys(motives)[other];
  mayAsk(span, time);
  record.track(person.index, time - MINUTE, { userId: person.userId }, places.app, "Question Asked", { question: "whom-next" });
  record.track(person.index, time, { userId: person.userId }, places.app, "Preference Ranked", { question: "whom-next", open, order: order.slice(0, 2), motive });
  return { ...truth, answered: { first: order[0] === "harbour", price: motive === "price", time } };
}

function answers(random, person, record, span, question, event, property, weights, place, mean) {
  const n = Math.floor(random.wait(mean)), draws = Array.from({ length: n }, () => [random.unit(), random.chance(ANSWERS), random.weighted(weights)]);
  if (!span) return;
  for (const [at, said, value] of draws) {
    const time = span.from + at * (span.to - span.from), who = { userId: person.userId };
    if (!mayAsk(span, time)) continue;
    record.track(person.index, time - MINUTE, who, place, "Question Asked", { question });
    if (said) record.track(person.index, time, who, place, event, { question, [property]: value });
  }
}

function ideas(random, person, record, world, counts) {
  const who = { userId: person.userId }, place = person.hasApp ? places.app : person.hasWeb ? places.web : places.branch;
  for (const { idea, title, text, by, days, votes, tried } of proposals) {
    const began = world.until - days * DAY, at = began + (0.02 + 0.97 * random.unit()) * days * DAY, wants = random.chance(votes), regrets = random.chance(TOOK_BACK), tries = random.chance(TRIED);
    if (by === person.index && record.track(person.index, began, who, place, "Idea Proposed", { idea, title, text })) counts[idea].proposed = true;
    if (!wants || person.kind === "named" || by === person.index || at < person.joined) continue;
    if (!record.track(person.index, at, who, place, "Idea Supported", { idea })) continue;
    if (regrets && record.track(person.index, at + MINUTE, who, place, "Idea Support Withdrawn", { idea })) continue;
    counts[idea].votes++;
    if (tried && tries && record.track(person.index, at + 2 * MINUTE, who, place, "Idea Tried", { idea })) counts[idea].tried++;
  }
}

/* The truth that grows person by person. */
export const voiceOf = () => ({ ideas: Object.fromEntries(proposals.map((p) => [p.idea, { votes: 0, tried: 0 }])), people: 0, first: 0, answered: 0, price: [[0, 0], [0, 0]] });

/* A person's year of saying something; @voice is the truth so far. */
export function speak(person, record, world, voice) {
  if (!person.userId) return;
  const random = new Random(world.seed, person.index, 13), named = person.kind === "named";
  const given = person.consents.given.research, end = Math.min(person.consents.withdrawn.research ?? Infinity, world.until - 60 * MINUTE);
  const span = !named && given !== undefined && end > given + 2 * MINUTE ? { from: given + 2 * MINUTE, to: end, asked: [] } : null;
  const said = preference(random, person, record, world, span);
  voice.people++;
  voice.first += said.first;
  if (said.answered && person.consents.withdrawn.research === undefined) {
    voice.answered++;
    const half = voice.price[said.answered.time < world.until - 182.5 * DAY ? 0 : 1];
    if (said.answered.first) { half[0] += priceAt(said.answered.time, world); half[1]++; }
  }
  answers(random, person, record, span, "recommend", "Recommendation Given", "value", RECOMMEND, places.app, 2.2);
  answers(random, person, record, span, "call-effort", "Effort Given", "value", EFFORT, places.phone, 1.6);
  if (person.machine) answers(random, person, record, span, "cash-stars", "Rating Given", "stars", STARS, places.machine, 2);
  ideas(random, person, record, world, voice.ideas);
}

/* For truth.json: the true share that would choose Harbour first, and of these who do so for the price, by half year. */
export const voiceTruth = (voice, world) => ({
  first: voice.first / voice.people, answered: voice.answered, price: voice.price.map(([sum, n]) => (n ? sum / n : null)),
  ideas: proposals.filter(({ idea }) => voice.ideas[idea].proposed).map(({ idea, title, days }) => ({ idea, title, proposed: iso(world.until - days * DAY), ...voice.ideas[idea] })),
});
