/*
 * company.mjs: what the staff of Harbour has written in its console: moves that were done and are planned, notes on places, and answers to
 * what customers proposed.
 *
 * Dates count from the end of the simulated year, so this cannot stand in the folder of the configuration.
 */
import { readFileSync } from "node:fs";
import { read, refuse } from "./lib/arguments.mjs";
import { MENDED_DAYS } from "./lib/life.mjs";
import { DAY, iso } from "./lib/people.mjs";

const usage = "node demo/company.mjs --base URL --key SECRET_KEY --truth truth.json";
const given = read(usage, { base: "http://127.0.0.1:7300", key: process.env.ATTUNE_KEY ?? "", truth: "truth.json" });
if (!given.key) refuse(usage, "--key is missing");
const until = Date.parse(JSON.parse(readFileSync(given.truth, "utf8")).until), day = (back) => iso(until - back * DAY).slice(0, 10);

const MARA = "Mara Lund, customer experience";
const documents = {
  "move/address-form": { title: "The form of an address remembers what was said", mends: "address-change.asked", effort: "3w", goal: "outward", done: day(MENDED_DAYS), predicted: { from: 0.6, to: 0.25 } },
  "move/code-by-letter": { title: "Send the code once more by itself", mends: "password-reset.forced", effort: "1w", goal: "outward", done: day(100), predicted: { from: 0.15, to: 0.05 } },
  "move/code-in-the-app": { title: "Show the code in the app", mends: "password-reset.forced", effort: "4w", goal: "outward", predicted: { from: 0.15, to: 0.03 } },
  "move/activation-retries": { title: "Activation tries again by itself", mends: "card-activation.forced", effort: "5w", goal: "outward", predicted: { from: 0.18, to: 0.04 } },
  "move/card-press-by-day": { title: "Press cards by day as well", mends: "card-activation.waited", effort: "8w", goal: "inward", predicted: { from: 0.44, to: 0.2 } },
  "touchpoint/lobby-poster": { title: "Poster in the lobby", channel: "branch", need: "Know where to go." },
  "note/poster-old-hours": { about: "lobby-poster", says: "It still shows the opening hours of last year.", by: "M. Lind, branch 2", at: day(12) },
  "note/call-centre-asks": { about: "call-centre", says: "We have to ask for the address although the app had it yesterday.", by: "the call centre", at: day(30) },
  "idea/notes-by-size": { status: "trying", where: "branch 3", says: "The two machines there say which note comes, and give them sorted. We look at it together in spring.", decided_by: MARA, decided: day(21) },
  "idea/evening-calls": { status: "done", where: "call centre", says: "We answer until nine now, Monday to Friday.", decided_by: MARA, decided: day(70) },
  "idea/split-a-bill": { status: "considered", says: "It is on our list for next year; the payment system has to learn it first.", decided_by: "Jonas Weiss, payments", decided: day(50) },
  "idea/paper-by-letter": { status: "declined", says: "A letter costs 1.10. Who cannot read a screen gets it free: ask at the counter.", decided_by: MARA, decided: day(60) },
};

for (const [place, body] of Object.entries(documents)) {
  const answer = await fetch(`${given.base}/v1/configuration/${place}`, { method: "PUT", headers: { "Authorization": `Bearer ${given.key}`, "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) { console.error(`${place}: ${await answer.text()}`); process.exit(1); }
}
console.log(`${Object.keys(documents).length} documents written in the console`);
