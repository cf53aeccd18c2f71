/*
 * portal_pages.test.mjs: why the customer saw what they saw, receipts for every answer, and stars: what was given, and how often one is asked.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, identify, iso, ok, root, track, DAY } from "./server.mjs";
import { Visit, fields, signed, words } from "./visit.mjs";

let server, n = 0;
before(async () => { server = await Server.start(); });
after(() => server?.end());
async function somebody(...agreed) {
  const user = `page${++n}`;
  await server.send([identify({ userId: user }, { name: `Page ${n}` })]);
  const { cid } = await server.card(`user:${user}`);
  for (const purpose of agreed) ok(await server.post(`/v1/customers/${cid}/consents`, { purpose, answer: "yes", channel: "app", method: "button" }));
  return { user, cid, visit: await Visit.begin(server, `user:${user}`) };
}
const lines = (html, attribute) => [...html.matchAll(new RegExp(`<li data-${attribute}="([^"]*)">([^]*?)</li>`, "g"))].map(([, id, inner]) => ({ id, html: inner, text: words(inner) }));

test("the_last_decisions_stand_with_their_reason_and_what_would_have_been_otherwise", async () => {
  const { user, visit } = await somebody("personalisation");
  assert.match(words(await visit.page("/me/why")), /Nothing has been decided for you yet/);
  const past = [];
  for (let day = 60; day > 0; day--) past.push(track({ userId: user }, "Cash Withdrawn", { amount: 80, currency: "EUR" }, { timestamp: iso(Date.now() - day * DAY), context: { channel: "machine" } }));
  ok(await server.post("/v1/import", { batch: past }));
  const { guess } = await server.decide(`user:${user}`, "machine-withdrawal", { channel: "machine" });
  const made = [await server.decide(`user:${user}`, "machine-withdrawal", { channel: "machine" }), await server.decide(`user:${user}`, "machine-withdrawal", { channel: "machine" })];
  const [line, ...others] = lines(await visit.page("/me/why"), "decision").filter((l) => l.text.includes("You were offered"));
  assert.equal(others.length, 0, "the same for the same reason is one line");
  assert.equal(line.id, made[1].decision);
  assert.match(line.text, / 3 times since/);
  const offered = made[1].options.map((o) => o.value);
  assert.ok(line.text.includes(`You were offered ${offered.join(", ")}. Because: ${made[1].why}`), `${line.text} -- ${made[1].why}`);
  assert.equal(guess, true, "imported as they were, the withdrawals are agreed to");
  assert.match(line.text, /Otherwise: without your yes to “ ?Remember how I do things ?” you would have been offered the standard choices: 20, 50, 100, 200\./);
  assert.match(line.text, /What would have changed it\?/);
  const asked = lines(await visit.page(`/me/why?of=${line.id}`), "decision").find((l) => l.id === line.id);
  const { otherwise } = ok(await server.get(`/v1/customers/${(await server.card(`user:${user}`)).cid}/decisions/${line.id}`));
  assert.ok(otherwise.found && asked.text.includes(otherwise.sentence), `${asked.text} -- ${otherwise.sentence}`);
  const stranger = await somebody();
  await server.decide(`user:${stranger.user}`, "machine-withdrawal");
  const plain = lines(await stranger.visit.page("/me/why"), "decision")[0].text;
  assert.match(plain, /You were asked “Remember this for next time\?”/);
  assert.match(plain, /Nothing learned was used\. Otherwise: with a yes to “Remember how I do things” your usual choice can stand first\./);
  assert.ok(!(await stranger.visit.page("/me/why")).includes(made[1].decision), "nobody sees another's");
});
test("a_person_is_asked_for_where_the_decision_stands", async () => {
  const { user, visit } = await somebody(), other = await somebody();
  const { decision } = await server.decide(`user:${user}`, "machine-withdrawal");
  const form = fields(await visit.page("/me/why"), "request", decision);
  assert.deepEqual([form.type, form.decision], ["person", decision]);
  assert.match((await visit.send("request", form)).headers.location, /^\/me\?done=asked/);
  const request = ok(await server.get("/v1/requests?state=open&n=100")).requests.find((r) => r.decision === decision);
  assert.equal(request.type, "person");
  const html = await visit.page();
  assert.match(words(/<section id="requests"[^]*?<\/section>/.exec(html)[0]), /Let a person look at a decision\. It is about “.+” on \d+ \w+ \d{4}.*You have our answer by/);
  assert.match(words(await visit.page("/me/why")), /You asked for a person/);
  assert.equal((await other.visit.send("request", { ...form, token: fields(await other.visit.page(), "request").token })).status, 404, "of a decision that was made for another");
});
test("every_answer_has_a_receipt_with_the_words_their_hash_and_a_signature", async () => {
  const { visit, user } = await somebody();
  assert.match(words(await visit.page("/me/receipts")), /no receipt/);
  await visit.choose("marketing", "yes");
  await visit.choose("research", "no");
  const answers = lines(await visit.page("/me/receipts"), "receipt");
  assert.deepEqual(answers.map((a) => /^\s*You said (yes|no) to/.exec(a.text)[1]), ["no", "yes"]);
  const answer = await visit.get(`/me/receipts?of=${answers[1].id}`);
  assert.match(answer.headers["content-disposition"], /attachment; filename="receipt\.json"/);
  const statement = signed(answer.body), [receipt] = statement.receipts;
  assert.deepEqual([statement.schema, statement.customer, statement.company, statement.receipts.length], ["attune-consent-receipts-1", `user:${user}`, "Harbour Bank", 1]);
  assert.deepEqual([receipt.receipt, receipt.purpose, receipt.answer, receipt.version, receipt.language, receipt.channel, receipt.method, receipt.actor, receipt.undone],
    [answers[1].id, "marketing", "yes", "1", "en", "web", "button", "subject", false]);
  assert.equal(receipt.sha256, createHash("sha256").update(receipt.text).digest("hex"));
  assert.ok(answers[1].text.includes(receipt.text) && answers[1].text.includes(receipt.sha256), "what is saved is what is shown");
  assert.ok(Math.abs(Date.parse(receipt.received) - Date.now()) < 60_000);
  await visit.post("undo", { undo: answers[1].id });
  const all = signed((await visit.get("/me/receipts?of=all")).body).receipts;
  assert.deepEqual(all.map((r) => [r.purpose, r.answer, r.undone]), [["research", "no", false], ["marketing", "yes", true]]);
  assert.equal((await (await somebody()).visit.get(`/me/receipts?of=${answers[1].id}`)).status, 404, "nobody has another's receipt");
  for (const wrong of ["u1", "zz", "u"]) assert.equal((await visit.get(`/me/receipts?of=${wrong}`)).status, 404);
  assert.equal((await server.get("/me/receipts?of=all", { key: null })).status, 403);
});
test("a_receipt_is_checked_as_the_document_says", async () => {
  const { visit } = await somebody(), folder = mkdtempSync(join(tmpdir(), "attune-receipt-"));
  try {
    const command = /To check one:\n\n```sh\n([^]*?)```/.exec(readFileSync(join(root, "docs/portal.md"), "utf8"))[1];
    const check = (receipt) => { writeFileSync(join(folder, "receipt.json"), JSON.stringify(receipt)); return execFileSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" }).trim(); };
    await visit.choose("marketing", "yes");
    const receipt = (await visit.get("/me/receipts?of=all")).body;
    assert.equal(check(receipt), "sound");
    assert.equal(check({ ...receipt, statement: receipt.statement.replace('"yes"', '"no"') }), "not sound");
  } finally { rmSync(folder, { recursive: true, force: true }); }
});
test("stars_that_were_given_are_listed_and_where_the_companys_stand", async () => {
  const { user, visit } = await somebody("research");
  const stars = (html) => words(/<section id="stars"[^]*?<\/section>/.exec(html)[0]);
  assert.match(stars(await visit.page()), /You have given none yet/);
  await server.send([track({ userId: user }, "Rating Given", { stars: 4, question: "cash-stars" }), track({ userId: user }, "Recommendation Given", { value: 9 }), track({ userId: user }, "Effort Given", { value: 6 })]);
  assert.match(stars(await visit.page()), /It was easy: 6 of 7.*You would recommend us: 9 of 10.*You gave 4 of 5 stars for “/s);
  assert.match(stars(await visit.page()), /at most one question in 30 days\./);
});
test("who_wishes_to_be_asked_seldom_or_never_is_on_every_channel", async () => {
  const { user, visit, cid } = await somebody("research");
  const ask = async () => server.decide(`user:${user}`, "machine-question");
  await visit.post("way", { "questions.often": "never" }, { like: "questions.often" });
  const never = await ask();
  assert.deepEqual([never.ask, never.why], [null, "Not asked: you want to be asked nothing."]);
  assert.match(words(await visit.page()), /You want to be asked nothing, and nothing is asked\./);
  await visit.post("way", { "questions.often": "90" }, { like: "questions.often" });
  assert.equal((await ask()).ask?.kind, "question", "nothing was asked yet, so the first question is within the wish");
  await server.send([track({ userId: user }, "Question Asked", { question: "cash-stars" }, { timestamp: iso(Date.now()) })]);
  assert.equal((await ask()).why, "Not asked: you want at most one question in 90 days.");
  assert.match(words(await visit.page()), /at most one question in 90 days, as you wish\./);
  ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { "questions.often": null } }));
  assert.match((await ask()).why, /^Not asked: you were asked something within the last 30 days/, "the budget holds beside the wish");
  assert.equal((await visit.post("way", { "questions.often": "daily" }, { like: "questions.often" })).status, 400);
});
