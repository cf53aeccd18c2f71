/* What was stated for one use serves that use alone: a trait bound to purposes, from the document to the last page that could show it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { copyOf, schemaErrors } from "./copy.mjs";
import { configurationOf, identify, ok, root, Server, track } from "./server.mjs";

const TRAITS = `kind: trait
name: income
title: What you earn
purposes: [marketing, analytics]
---
kind: segment
name: earns-well
title: Earns well
rule: trait.income >= 50000
purpose: marketing
---
kind: segment
name: says-income
title: Says what is earned
rule: has trait.income
purpose: analytics
`;
let server;
const harbour = configurationOf(join(root, "demo/harbour"));
before(async () => { server = await Server.start({ files: [...harbour, { name: "traits.yaml", text: TRAITS }] }); });
after(() => server.end());

const agree = (name, purpose, version) => server.send([track({ userId: name }, "Consent Given", { purpose, version })]);
const versions = async () => Object.fromEntries(ok(await server.get("/v1/trust")).purposes.map((p) => [p.purpose, p.version]));
const person = async (name, ...purposes) => {
  const of = await versions();
  await server.send([identify({ userId: name }, { name })]);
  for (const purpose of purposes) await agree(name, purpose, of[purpose]);
  await server.send([identify({ userId: name }, { income: 60000, street: "Quay 1" })]);
  return (await server.card(`user:${name}`)).cid;
};
const trait = (card, name) => card.traits.find((one) => one.name === name);
const segments = (card) => card.segments.map((one) => one.segment).filter((one) => /income|earns/.test(one));

test("staff and programs that serve do not see it: not on the card, in the form, in the history", async () => {
  const cid = await person("bound", "marketing"), card = ok(await server.get(`/v1/customers/${cid}`));
  assert.equal(trait(card, "income"), undefined);
  assert.equal(trait(card, "street").value, "Quay 1");
  assert.equal(card.traits_withheld, true);
  const form = ok(await server.get(`/v1/customers/${cid}/known?fields=income,street`));
  assert.deepEqual([Object.keys(form.known), form.ask], [["street"], ["income"]]);
  const history = JSON.stringify(ok(await server.get(`/v1/customers/${cid}/timeline`)));
  assert.ok(history.includes("Quay 1") && !history.includes("60000"));
});

test("it serves the purposes that were agreed to when it was sent, and only while they are", async () => {
  const cid = await person("agreed", "marketing"), read = () => server.card("user:agreed");
  assert.deepEqual(segments(await read()), ["earns-well"]);
  await agree("agreed", "analytics", (await versions()).analytics);
  assert.deepEqual(segments(await read()), ["earns-well"], "what was stated before this yes does not serve it");
  await server.send([identify({ userId: "agreed" }, { income: 61000 })]);
  assert.deepEqual(segments(await read()).sort(), ["earns-well", "says-income"]);
  await server.send([track({ userId: "agreed" }, "Consent Withdrawn", { purpose: "marketing" })]);
  assert.deepEqual(segments(await read()), ["says-income"]);
  assert.ok(cid);
});

test("the customer sees it, with what it is for, and takes it along", async () => {
  const cid = await person("own", "marketing"), token = server.token("user:own");
  const card = ok(await server.get(`/v1/customers/${cid}`, { key: token }));
  assert.deepEqual([trait(card, "income").value, trait(card, "income").purposes, card.traits_withheld], [60000, ["marketing"], false]);
  assert.ok(JSON.stringify(ok(await server.get(`/v1/customers/${cid}/timeline`, { key: token }))).includes("60000"));
  const { files } = await copyOf(server, cid);
  assert.deepEqual(schemaErrors(files), []);
  assert.equal(trait(JSON.parse(files.get("customer.json")).customer, "income").value, 60000);
  const states = JSON.parse(files.get("manifest.json")).follows_from_events;
  assert.ok(states.find((one) => one.state === "habits").purposes.includes("personalisation"));
  assert.equal(states.find((one) => one.state === "traits").purposes, undefined);
});

test("without any yes it is kept for the customer alone", async () => {
  const cid = await person("undecided");
  assert.deepEqual(segments(await server.card("user:undecided")), []);
  assert.deepEqual(trait(ok(await server.get(`/v1/customers/${cid}`, { key: server.token("user:undecided") })), "income").purposes, []);
});

test("the register says what is read for each purpose", async () => {
  const purposes = ok(await server.get("/v1/trust")).purposes, of = (name) => purposes.find((p) => p.purpose === name);
  assert.deepEqual(of("marketing").traits, ["income"]);
  assert.deepEqual(of("personalisation").traits, []);
  assert.ok(of("personalisation").learned.includes("habits") && !of("marketing").learned.includes("habits"));
});

test("a rule for another purpose, a name, no purpose and an unknown one are refused with their place", async () => {
  const problems = async (text) => {
    const answer = await server.post("/v1/configuration", { files: [...harbour, { name: "wrong.yaml", text }] });
    assert.equal(answer.status, 422, answer.text);
    return answer.body.problems.map((p) => `${p.file}:${p.line} ${p.message}`).join("\n");
  };
  const bound = (name, purposes) => `kind: trait\nname: ${name}\ntitle: T\npurposes: ${purposes}\n`;
  assert.match(await problems(`${bound("income", "[marketing]")}---\nkind: segment\nname: s\ntitle: S\nrule: trait.income >= 5\npurpose: analytics\n`), /wrong.yaml:9 .*"income" may not be used for "analytics"/);
  assert.match(await problems(bound("email", "[marketing]")), /wrong.yaml:2 .*called by/);
  assert.match(await problems(bound("income", "[]")), /wrong.yaml:4 .*what it may be used for/);
  assert.match(await problems(bound("income", "[nothing]")), /wrong.yaml:4 .*no purpose "nothing"/);
  assert.match(await problems(bound("income", `[${Array(8).fill("marketing")}]`)), /at most 7/);
  assert.match(await problems(Array.from({ length: 101 }, (_, i) => bound(`t${i}`, "[marketing]")).join("---\n")), /at most 100 documents/);
});
