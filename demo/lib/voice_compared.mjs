/* voice_compared.mjs: what the server makes of answers and ideas, beside what the simulator knows. Each returns {ok, text}. */
const percent = (n) => `${(100 * n).toFixed(1)} %`;
const inside = (truth, { low, high }) => truth >= low && truth <= high;

async function preferred({ server, truth }) {
  const found = await server.call("GET", "/v1/preference"), { first, answered, price } = truth.voice;
  const ok = !found.hidden && found.first.n === answered && inside(first, found.first);
  const change = found.warning_change, trueChange = price[1] - price[0], trend = change && inside(trueChange, change);
  return { ok: Boolean(ok && trend), text: `preference: truly ${percent(first)} would choose Harbour, found ${found.first ? `${percent(found.first.value)} (${percent(found.first.low)} to ${percent(found.first.high)}), ${found.first.n} of ${answered} answers` : "nothing"}; only the price: truly ${percent(trueChange)} more in half a year, found ${change ? `${percent(change.value)} (${percent(change.low)} to ${percent(change.high)})` : "nothing"}` };
}

async function proposed({ server, truth }) {
  const { ideas } = await server.call("GET", "/v1/ideas"), at = new Map(ideas.map((i) => [i.idea, i]));
  /* Fewer than ten are not told. */
  const seen = (n) => (n < 10 ? null : n), off = truth.voice.ideas.filter((t) => at.get(t.idea)?.votes !== seen(t.votes) || at.get(t.idea)?.tried !== seen(t.tried));
  return { ok: off.length === 0 && ideas.length === truth.voice.ideas.length, text: `ideas: ${ideas.length} of ${truth.voice.ideas.length}, votes and tries ${off.length ? `differ for ${off.map((t) => `${t.idea} (${t.votes}, found ${at.get(t.idea)?.votes})`).join(", ")}` : "as they are"}` };
}

export const voiceCompared = [preferred, proposed];
