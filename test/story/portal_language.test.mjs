/*
 * portal_language.test.mjs: a customer reads what is asked in their own language, and the ledger keeps the words that were read.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { Server, configurationOf, identify, ok, root } from "./server.mjs";
import { Visit, fields, words } from "./visit.mjs";
import { join } from "node:path";

const CS = "Smíme vám nejvýše dvakrát za měsíc říct o účtech, kartách a zboží, které se hodí k tomu, co používáte.", EN = "We may tell you about accounts, cards and goods that fit what you use, at most twice a month.";
const hash = (text) => createHash("sha256").update(text).digest("hex");
const files = configurationOf(join(root, "demo/harbour"));
let server, n = 0;
before(async () => { server = await Server.start(); });
after(() => server?.end());

async function somebody(traits = {}, headers = {}) {
  const user = `reader${++n}`;
  await server.send([identify({ userId: user }, { name: `Reader ${n}`, ...traits })]);
  return { user, cid: (await server.card(`user:${user}`)).cid, visit: await Visit.begin(server, `user:${user}`, headers) };
}
const marketing = (html) => /<li data-purpose="marketing">([^]*?)<form/.exec(html)[1];
const ledger = async (cid) => { const all = ok(await server.get(`/v1/customers/${cid}/consents`)); return { ...all.ledger[0], text: all.texts[all.ledger[0].notice.sha256] }; };

test("what_was_stated_comes_before_what_the_browser_says", async () => {
  for (const [traits, stated, accept, wanted] of [
    [{}, null, "", "en"], [{}, null, "cs", "cs"], [{}, null, "cs-CZ,en;q=0.8", "cs"], [{}, null, "en-GB,cs;q=0.9", "en"], [{}, null, "pl, cs;q=0.4, en;q=0.6", "en"], [{}, null, "pl, cs;q=0", "en"],
    [{ locale: "cs-CZ" }, null, "en", "cs"], [{ language: "cs" }, null, "en", "cs"], [{ language: "cs" }, "en", "cs", "en"], [{}, "cs", "en", "cs"], [{}, "de", "cs", "en"], [{ language: "Czech, please" }, null, "cs", "cs"]]) {
    const { visit, cid } = await somebody(traits, accept ? { "Accept-Language": accept } : {});
    if (stated) ok(await server.post(`/v1/customers/${cid}/preferences`, { set: { language: stated } }));
    const html = marketing(await visit.page());
    assert.ok(html.includes(wanted === "cs" ? CS : EN), `${JSON.stringify({ traits, stated, accept })} reads ${wanted}`);
    assert.ok(!html.includes(wanted === "cs" ? EN : CS));
    assert.equal(/<span lang="cs">Dávejte mi vědět o nabídkách<\/span>/.test(html), wanted === "cs", "a foreign part says its language");
  }
});
test("the_ledger_keeps_the_words_that_were_read_and_their_language", async () => {
  const { visit, cid } = await somebody({}, { "Accept-Language": "cs" });
  assert.equal((await visit.choose("marketing", "yes")).status, 303);
  const yes = await ledger(cid);
  assert.deepEqual([yes.decision, yes.language, yes.text, yes.notice.sha256], ["granted", "cs", CS, hash(CS)]);
  assert.equal((await visit.choose("marketing", "no")).status, 303);
  const no = await ledger(cid);
  assert.deepEqual([no.decision, no.language, no.text], ["withdrawn", "cs", CS]);
  const english = await somebody({}, { "Accept-Language": "en" });
  await english.visit.choose("marketing", "yes");
  const other = await ledger(english.cid);
  assert.deepEqual([other.language, other.text, other.notice.sha256], ["en", EN, hash(EN)]);
  assert.match(words(await visit.page()), /You said yes to “ ?Dávejte mi vědět o nabídkách ?”/);
});
test("stopping_all_is_kept_with_the_words_that_were_read", async () => {
  const { visit, cid } = await somebody({ language: "cs" });
  await visit.choose("marketing", "yes");
  await visit.post("consent", { all: "no" }, { like: 'name="all"' });
  const all = ok(await server.get(`/v1/customers/${cid}/consents`));
  const stop = all.ledger.filter((act) => act.control === "stop-all");
  assert.ok(stop.length >= 2 && stop.every((act) => act.language === "cs" && /[ěščřžýáíéů]/.test(all.texts[act.notice.sha256])), JSON.stringify(stop));
});
test("a_yes_to_words_that_did_not_stand_there_is_none", async () => {
  const { visit, cid } = await somebody({}, { "Accept-Language": "cs" });
  const form = fields(await visit.page(), "consent", 'value="marketing"');
  assert.equal(form.shown, hash(CS));
  for (const forged of [{ language: "en" }, { shown: hash("Something else") }, { shown: "" }, { version: "0" }])
    assert.equal((await visit.send("consent", { ...form, ...forged, answer: "yes" })).status, 409, JSON.stringify(forged));
  assert.equal((await server.get(`/v1/customers/${cid}/consents`)).body.ledger.length, 0);
  /* The words are changed under an open page, and nobody raised the version: the yes is to the old words, and not taken. */
  const reworded = files.map((f) => f.name === "purposes.yaml" ? { ...f, text: f.text.replace(CS, `${CS} A častěji.`) } : f);
  ok(await server.post("/v1/configuration", { files: reworded }));
  try {
    const answer = await visit.send("consent", { ...form, answer: "yes" });
    assert.equal(answer.status, 409);
    assert.match(words(answer.text), /The words have changed meanwhile/);
  } finally { ok(await server.post("/v1/configuration", { files })); }
});
test("the_question_at_the_machine_is_in_the_language_that_was_stated_and_its_yes_keeps_those_words", async () => {
  const { user, cid } = await somebody({ locale: "cs-CZ" });
  const decision = await server.decide(`user:${user}`, "machine-withdrawal", { channel: "machine" });
  assert.deepEqual([decision.ask.kind, decision.ask.text, decision.ask.language], ["consent", "Zapamatovat si to pro příště?", "cs"]);
  ok(await server.post("/v1/response", { decision: decision.decision, suggestion: decision.ask.suggestion, answer: "yes" }));
  const yes = await ledger(cid);
  assert.deepEqual([yes.purpose, yes.decision, yes.language, yes.text], ["personalisation", "granted", "cs", "Zapamatovat si to pro příště?"]);
  const again = ok(await server.get(`/v1/customers/${cid}/decisions/${decision.decision}`));
  assert.equal(again.same, true, "made again from the log it is the same");
  const plain = await somebody();
  const english = await server.decide(`user:${plain.user}`, "machine-withdrawal", { channel: "machine" });
  assert.deepEqual([english.ask.text, english.ask.language], ["Remember this for next time?", undefined]);
});
test("where_the_question_has_no_translation_title_and_text_of_the_purpose_stand_for_it", async () => {
  ok(await server.post("/v1/configuration", { files: files.map((f) => f.name === "surfaces.yaml" ? { ...f, text: f.text.replace(/^asks: .*\n/m, "") } : f) }));
  try {
    const { user } = await somebody({ language: "cs" });
    const { ask } = await server.decide(`user:${user}`, "machine-withdrawal");
    assert.match(ask.text, /^Pamatujte si, jak to dělám: Pamatujeme si, jaké částky, .*vzít zpět\.$/);
    assert.equal(ask.language, "cs");
  } finally { ok(await server.post("/v1/configuration", { files })); }
});
test("what_is_no_language_is_a_problem_with_its_line", async () => {
  for (const [from, to, line] of [["texts: {cs: {title: \"Pama", "texts: {c_s: {title: \"Pama", /"c_s" is not a language/], ["name: personalisation\n", "name: personalisation\nlanguage: \"a language\"\n", /is not a language. Use a BCP 47 tag/]]) {
    const answer = await server.post("/v1/configuration", { files: files.map((f) => f.name === "purposes.yaml" ? { ...f, text: f.text.replace(from, to) } : f) });
    assert.equal(answer.status, 422, answer.text);
    const [problem] = answer.body.problems;
    assert.match(problem.message, line);
    assert.ok(problem.line > 0 && problem.column > 0);
  }
});
