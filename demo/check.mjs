/*
 * check.mjs: walks the tour without a person, and compares what the server found with what the simulator knows.
 *
 * Prints one line a step, "01 ok ..." or "01 -- why", and exits 0 only when every claimed step and every comparison is ok.
 */
import { readFileSync } from "node:fs";
import { read, refuse } from "./lib/arguments.mjs";
import { Browser } from "./lib/browser.mjs";
import { compared as people } from "./lib/compared.mjs";
import { Server, Wrong } from "./lib/server.mjs";
import { brokenCompared } from "./lib/broken_compared.mjs";
import { brokenSteps } from "./lib/broken_steps.mjs";
import { consoleSteps } from "./lib/console_steps.mjs";
import { portalSteps } from "./lib/portal_steps.mjs";
import { roadmapSteps } from "./lib/roadmap_steps.mjs";
import { shopCompared } from "./lib/shop_compared.mjs";
import { shopSteps } from "./lib/shop_steps.mjs";
import { steps as first, titles } from "./lib/steps.mjs";
import { standingSteps } from "./lib/standing_steps.mjs";
import { voiceCompared } from "./lib/voice_compared.mjs";
import { voiceSteps } from "./lib/voice_steps.mjs";
import { worthCompared } from "./lib/worth_compared.mjs";
import { worthSteps } from "./lib/worth_steps.mjs";

const steps = { ...first, ...consoleSteps, ...brokenSteps, ...portalSteps, ...roadmapSteps, ...voiceSteps, ...worthSteps, ...shopSteps, ...standingSteps };
/* Worth first: later steps and comparisons add events of their own. */
const compared = [...worthCompared, ...people, ...brokenCompared, ...voiceCompared, ...shopCompared];

const usage = `node demo/check.mjs --base URL --key SECRET_KEY --truth truth.json [--claimed 1-13,34] [--restart CMD] [--links /harbour,/console,/me/enter?person=ana] [--compare yes]
  --claimed  the steps that must be ok; all, when absent
  --restart  a shell command that ends the server with kill -9, starts it again and returns when it is ready
  --compare  no: leave out the comparisons with the truth`;
const given = read(usage, { base: "http://127.0.0.1:7300", key: process.env.ATTUNE_KEY ?? "", truth: "truth.json", claimed: "1-34", restart: "", links: "/harbour,/console,/me/enter?person=ana", compare: "yes" });
if (!given.key) refuse(usage, "--key is missing");
const STEP_MS = 60_000;

function claimedOf(text) {
  const claimed = new Set();
  for (const part of text.split(",")) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!range || !(Number(range[1]) in titles) || !(Number(range[2] ?? range[1]) in titles)) refuse(usage, `--claimed: what is "${part}"?`);
    for (let n = Number(range[1]); n <= Number(range[2] ?? range[1]); n++) claimed.add(n);
  }
  return [...claimed].sort((a, b) => a - b);
}

/* {ok, text} of @work, which may throw and may not hang. */
async function attempt(work) {
  let timer;
  const limit = new Promise((_, fail) => { timer = setTimeout(() => fail(new Wrong(`not done after ${STEP_MS / 1000} s`)), STEP_MS); });
  try {
    const answer = await Promise.race([work(), limit]);
    return typeof answer === "string" ? { ok: true, text: answer } : answer;
  } catch (error) {
    return { ok: false, text: error instanceof Wrong ? error.message : `${error.message}`.split("\n")[0] };
  } finally { clearTimeout(timer); }
}

function line(name, { ok, text }) {
  console.log(`${name} ${ok ? "ok" : "--"} ${text.replace(/\s+/g, " ")}`);
  return ok;
}

const claimed = claimedOf(given.claimed), server = new Server(given.base, given.key), browser = new Browser(given.base, given.key), began = Date.now();
const truth = JSON.parse(readFileSync(given.truth, "utf8")), later = [];
const tour = { server, browser, truth, ...truth.named, restart: given.restart, links: given.links.split(","), later };
let ok = 0, matched = 0;
const comparing = given.compare === "no" ? [] : compared;
for (const compare of comparing) matched += line("truth", await attempt(() => compare(tour)));
for (const n of claimed) ok += line(String(n).padStart(2, "0"), await attempt(() => steps[n] ? steps[n](tour) : { ok: false, text: `there is no check of this step yet: ${titles[n]}` }));
for (const back of later.reverse()) await attempt(back);
await browser.close();
server.close();
console.log(`${ok} of ${claimed.length} claimed steps ok; ${matched} of ${comparing.length} comparisons with the truth ok; ${((Date.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = ok === claimed.length && matched === comparing.length ? 0 : 1;
