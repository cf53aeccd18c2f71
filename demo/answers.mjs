/* answers.mjs: what Harbour's staff said to what customers proposed, as the console would write it. */
import { read, refuse } from "./lib/arguments.mjs";

const usage = "node demo/answers.mjs --base URL --key SECRET_KEY";
const given = read(usage, { base: "http://127.0.0.1:7300", key: process.env.ATTUNE_KEY ?? "" });
if (!given.key) refuse(usage, "--key is missing");

const MARA = "Mara Lund, customer experience", day = (ago) => new Date(Date.now() - ago * 86400_000).toISOString().slice(0, 10);
const answers = {
  "notes-by-size": { status: "trying", where: "branch 3", says: "The two machines there say which note comes, and give them sorted. We look at it together in spring.", decided_by: MARA, decided: day(21) },
  "evening-calls": { status: "done", where: "call centre", says: "We answer until nine now, Monday to Friday.", decided_by: MARA, decided: day(70) },
  "split-a-bill": { status: "considered", says: "It is on our list for next year; the payment system has to learn it first.", decided_by: "Jonas Weiss, payments", decided: day(50) },
  "paper-by-letter": { status: "declined", says: "A letter costs 1.10. Who cannot read a screen gets it free: ask at the counter.", decided_by: MARA, decided: day(60) },
};
for (const [idea, document] of Object.entries(answers)) {
  const answer = await fetch(`${given.base}/v1/configuration/idea/${idea}`, {
    method: "PUT", headers: { Authorization: `Bearer ${given.key}`, "Content-Type": "application/json" }, body: JSON.stringify(document) });
  if (!answer.ok) { console.error(`${idea}: ${answer.status} ${await answer.text()}`); process.exitCode = 1; }
}
console.log(`${Object.keys(answers).length} ideas answered`);
