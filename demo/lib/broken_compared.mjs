/* broken_compared.mjs: what the server finds broken, beside what was planted. */
const DAYS = 366;

/* The planted breaks are the first that are found, and their true sizes lie within the intervals that are said. */
async function breaks({ server, truth }) {
  const { spots, broken } = await server.call("GET", `/v1/broken?days=${DAYS}`);
  const first = spots.slice(0, truth.planted.length).map((s) => s.spot), wanted = truth.planted.map((p) => p.spot);
  const sizes = truth.planted.map((planted) => {
    const signal = spots.find((s) => s.spot === planted.spot)?.signals.find((s) => s.signal === planted.signal);
    return { planted, signal, within: Boolean(signal?.customers) && signal.low * signal.of <= planted.size && planted.size <= signal.high * signal.of };
  });
  const said = sizes.map(({ planted, signal }) => `${planted.spot} ${signal?.customers ?? "not found"} (${planted.size} truly)`).join(", ");
  const same = wanted.every((spot) => first.includes(spot)) && broken === wanted.length;
  return { ok: same && sizes.every((s) => s.within), text: `broken: ${broken} found, first ${first.join(", ")}; ${said}` };
}

export const brokenCompared = [breaks];
