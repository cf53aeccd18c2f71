/*
 * portal_erase.test.mjs: a customer erases everything alone: told what happens, asked twice, and left with a certificate that needs no
 * sign-in any more.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, configurationOf, identify, iso, ok, refused, root, track } from "./server.mjs";
import { Visit, fields, signed, words } from "./visit.mjs";
import { join } from "node:path";

let server;
before(async () => { server = await Server.start(); });
after(() => server?.end());

let n = 0;
/* Somebody new with a name, an e-mail address and an open bill. */
async function somebody() {
  const user = `gone${++n}`;
  await server.send([identify({ userId: user }, { name: `Gone Person ${n}`, email: `gone${n}@mail.example` }),
    track({ userId: user }, "Bill Issued", { bill_id: `b${n}`, payee: "City power", amount: 64.2, currency: "EUR", due_date: iso(Date.now()).slice(0, 10) })]);
  const { cid } = await server.card(`user:${user}`);
  return { user, cid, visit: await Visit.begin(server, `user:${user}`) };
}
const verbatim = (html) => JSON.parse(words(/data-testid="verbatim">([^<]*)</.exec(html)[1]));
const saved = (html) => JSON.parse(Buffer.from(/href="data:application\/json;base64,([^"]+)"/.exec(html)[1], "base64").toString());
const is_known = async (cid) => (await server.get(`/v1/customers/${cid}`)).status === 200;

test("the_page_says_what_happens_what_a_law_keeps_and_offers_the_copy_first", async () => {
  const { visit } = await somebody();
  assert.match(await visit.page(), /<a class="button" href="\/me\/erase">/);
  const html = await visit.page("/me/erase"), text = words(html);
  for (const says of [/nobody here knows you any more/, /key with which everything about you is sealed is destroyed/, /It cannot be undone/, /1 matter is still open between us/,
    /A law makes us keep the following in our books/, /Keep our books .* By law: the Accounting Act\. Kept for ten years\./, /for 30 days numbers made from your identifiers/])
    assert.match(text, says);
  assert.ok(html.indexOf('href="/me/export"') < html.indexOf('href="/me/erase?step=sure"'), "the copy is offered before going on");
  assert.ok(!/<form[^>]*action="\/me\/erase"/.test(html), "nothing can be erased on the first page");
  assert.match(await visit.page("/me/erase?step=sure"), /<input id="word" name="word" required/);
});
test("where_no_law_keeps_anything_the_page_says_that_nothing_is_kept", async () => {
  const bare = await Server.start({ files: configurationOf(join(root, "demo/harbour")).map((f) => f.name === "purposes.yaml" ? { ...f, text: f.text.replace("basis: legal-obligation\nlaw: \"the Accounting Act\"", "basis: contract") } : f) });
  try {
    await bare.send([identify({ userId: "ana" }, { name: "Ana" })]);
    const text = words(await (await Visit.begin(bare, "user:ana")).page("/me/erase"));
    assert.match(text, /Nothing\. No law makes us keep anything of what is here\./);
    assert.ok(!/Accounting/.test(text));
  } finally { await bare.end(); }
});
test("without_the_word_nothing_is_erased", async () => {
  const { visit, cid } = await somebody();
  for (const word of ["", "yes", "ERASE IT", "erased"]) {
    const answer = await visit.post("erase", { word }, { path: "/me/erase?step=sure" });
    assert.equal(answer.status, 400, word);
    assert.match(words(answer.text), /not the word, so nothing was erased/);
    assert.match(answer.text, /aria-describedby="word-problem"/);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
  assert.ok(await is_known(cid));
});
test("a_page_of_another_site_erases_nobody", async () => {
  const { visit, cid } = await somebody(), other = await somebody();
  const mark = fields(await visit.page("/me/erase?step=sure"), "erase").token;
  assert.equal((await visit.send("erase", { word: "ERASE", token: mark }, { Origin: "http://evil.example" })).status, 403);
  assert.equal((await visit.send("erase", { word: "ERASE" })).status, 403, "no mark");
  assert.equal((await other.visit.send("erase", { word: "ERASE", token: mark })).status, 403, "another's mark");
  assert.equal((await server.get("/me/erase", { key: null })).status, 403, "nobody");
  assert.ok(await is_known(cid) && await is_known(other.cid));
});
test("the_word_erases_and_the_answer_is_the_certificate", async () => {
  const { visit, cid, user } = await somebody();
  ok(await server.post("/v1/requests", { customer: { cid }, type: "access" }));
  const answer = await visit.post("erase", { word: " erase " }, { path: "/me/erase?step=sure" });
  assert.equal(answer.status, 200, words(answer.text));
  assert.match(answer.headers["set-cookie"][0], /^attune_portal=;.*Max-Age=0/, "the session has ended");
  assert.match(words(answer.text), /Everything about you is erased\..*signed out.*files were searched for \d+ texts that named you: none was found/);
  assert.ok(!/<form/.test(answer.text), "no form that would need the session");
  const certificate = verbatim(answer.text), statement = signed(certificate);
  assert.deepEqual(saved(answer.text), certificate, "what is saved is what is shown");
  assert.deepEqual([statement.by, statement.because, statement.histories, statement.keys_destroyed], ["customer", "the customer asked", 1, 1]);
  assert.ok(statement.events >= 3 && statement.search.texts >= 2 && statement.search.found_in_files === 0, JSON.stringify(statement));
  assert.ok(!await is_known(cid));
  assert.equal((await server.get(`/v1/customers?identifier=user:${user}`)).status, 404);
  assert.deepEqual(ok(await server.get(`/v1/erasures/${statement.erasure}`)), certificate, "the company keeps the same");
  const noted = ok(await server.get("/v1/audit?what=erase")).entries.slice(0, 2);
  assert.deepEqual(noted.map((e) => [e.who, e.words]), [["customer", "done"], ["customer", "begins"]], "noted as what DELETE does is noted");
  const { open } = ok(await server.get("/v1/requests?state=open"));
  assert.ok(!JSON.stringify(open ?? {}).includes(cid), "what was asked of us is gone, too");
});
test("who_was_erased_finds_the_certificate_again_and_who_comes_back_is_somebody_new", async () => {
  const { visit, user, cid } = await somebody(), filled = fields(await visit.page("/me/erase?step=sure"), "erase");
  const answers = await Promise.all([1, 2, 3].map(() => visit.send("erase", { ...filled, word: "ERASE" })));
  const certificates = answers.filter((a) => a.status === 200).map((a) => verbatim(a.text));
  assert.ok(certificates.length >= 1, answers.map((a) => a.status).join(" "));
  assert.ok(ok(await server.get("/v1/erasures")).erasures.every((e) => e.done), "none is left begun, however often it was sent");
  for (const late of answers.filter((a) => a.status !== 200)) assert.match(words(late.text), /being erased/);
  const again = await (await Visit.begin(server, `user:${user}`)).page();
  for (const certificate of certificates) assert.deepEqual(verbatim(again), certificate);
  assert.equal(ok(await server.get("/v1/erasures")).erasures.filter((e) => e.erasure === signed(certificates[0]).erasure).length, 1);
  assert.equal((await (await Visit.begin(server, cid)).get()).status, 404, "a link by the number that was is nobody's");
  await server.send([identify({ userId: user }, { name: "New Person" })]);
  assert.match(words(await (await Visit.begin(server, `user:${user}`)).page()), /Your page, New Person\./);
});
test("a_staff_door_is_no_way_round_and_a_customers_token_still_erases_by_the_api", async () => {
  const { cid, user } = await somebody(), token = server.token(`user:${user}`);
  refused(await server.delete(`/v1/customers/${cid}`, { key: null }), 401, "unauthorized");
  const statement = signed(ok(await server.delete(`/v1/customers/${cid}`, { key: token })));
  assert.deepEqual([statement.by, statement.because], ["customer", "the customer asked"]);
});
