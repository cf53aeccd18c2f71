/* Customers take part in the design (B8): they propose, vote once, take it back, try, and hear what became of it and who decided. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DAY, iso, ok, refused, Server, track } from "./server.mjs";

describe("an idea", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  const cidOf = async (user) => { await server.send([track({ userId: user }, "Signed In")]); return (await server.card(`user:${user}`)).cid; };
  const ideas = (options) => server.get("/v1/ideas", options).then(ok);
  const ideaOf = async (id, options) => (await ideas(options)).ideas.find(({ idea }) => idea === id);
  const act = async (cid, id, what) => server.post(`/v1/customers/${cid}/ideas/${id}`, { act: what, channel: "web" });
  let lamp, proposer;

  test("is proposed, and has a status from the first moment", async () => {
    proposer = await cidOf("proposer");
    lamp = ok(await server.post(`/v1/customers/${proposer}/ideas`, { title: "A lamp at the machine", text: "It is dark <there>.", channel: "web" })).idea;
    assert.match(lamp, /^a-lamp-at-the-machine-[0-9a-f]{6}$/);
    const idea = await ideaOf(lamp);
    assert.deepEqual([idea.title, idea.text, idea.status, idea.overdue, idea.votes], ["A lamp at the machine", "It is dark <there>.", "new", false, null]);
    assert.ok(!JSON.stringify(await ideas()).includes("proposer"), "nobody reads whose it is");
    refused(await server.post(`/v1/customers/${proposer}/ideas`, { title: " " }), 400, "invalid_idea");
    refused(await server.post(`/v1/customers/${proposer}/ideas`, { title: "x".repeat(121) }), 400, "invalid_idea");
  });

  test("is voted for once a customer, and the vote is taken back", async () => {
    const voters = [];
    for (let i = 0; i < 11; i++) voters.push(await cidOf(`voter${i}`));
    for (const cid of voters) { ok(await act(cid, lamp, "support")); ok(await act(cid, lamp, "support")); }
    assert.equal((await ideaOf(lamp)).votes, 11);
    ok(await act(voters[0], lamp, "withdraw"));
    assert.equal((await ideaOf(lamp)).votes, 10);
    ok(await act(voters[1], lamp, "withdraw"));
    assert.equal((await ideaOf(lamp)).votes, null, "of fewer than ten nothing is shown");
    ok(await act(voters[1], lamp, "support"));
    ok(await act(voters[2], lamp, "try"));
    refused(await act(voters[0], "never-proposed", "support"), 404, "no_idea");
    refused(await act(voters[0], lamp, "shout"), 400, "invalid_act");
    const own = await ideaOf(lamp, { key: server.token("user:voter2") });
    assert.deepEqual([own.mine, own.supported, own.tried_by_me], [false, true, true]);
    refused(await server.post(`/v1/customers/${voters[3]}/ideas/${lamp}`, { act: "withdraw" }, { key: server.token("user:voter2") }), 403, "denied");
  });

  test("is not voted for with a public key alone", async () => {
    const before = (await ideaOf(lamp)).votes;
    for (let i = 0; i < 5; i++) await server.send([track({ anonymousId: `stuffed-${i}` }, "Idea Supported", { idea: lamp })], { key: server.write });
    assert.equal((await ideaOf(lamp)).votes, before);
  });

  test("of two customers who are joined, one vote counts", async () => {
    const before = (await ideaOf(lamp)).votes, [first, second] = [await cidOf("voter4"), await cidOf("voter5")];
    ok(await server.post(`/v1/customers/${first}/merge`, { with: second }));
    const after = (await ideaOf(lamp)).votes;
    assert.deepEqual([before, after], [10, null], "ten votes are nine now, which are too few to show");
  });

  test("is answered by staff, who say so with their name, and the customer reads it on the own page", async () => {
    const put = (body) => server.put(`/v1/configuration/idea/${lamp}`, body);
    assert.equal((await put({ status: "trying", where: "branch 3" })).status, 422, "customers hear who decided");
    ok(await put({ status: "trying", where: "branch 3", says: "With two lamps.", decided_by: "Mara Lund", decided: "2026-11-02" }));
    const idea = await ideaOf(lamp);
    assert.deepEqual([idea.status, idea.where, idea.decided_by, idea.decided.slice(0, 10)], ["trying", "branch 3", "Mara Lund", "2026-11-02"]);
    const page = await server.get("/me/ideas", { key: null, headers: { Cookie: `attune_portal=${server.token("user:proposer")}` } });
    assert.equal(page.status, 200, page.text.slice(0, 300));
    for (const words of ["You proposed this, and this is what we did:", "Trying in branch 3", "Decided by Mara Lund on 2 November 2026", "It is dark &lt;there&gt;."]) assert.ok(page.text.includes(words), words);
    assert.ok(!page.text.includes("<script>"), "it works without a script");
  });

  test("that nobody answers is overdue after two weeks", async () => {
    await server.send([track({ userId: "old" }, "Idea Proposed", { idea: "older", title: "Older" }, { timestamp: iso(Date.now() - 20 * DAY) })]);
    assert.deepEqual([(await ideaOf("older")).status, (await ideaOf("older")).overdue], ["new", true]);
    assert.match((await ideas()).sentence, /1 of them for more than 14 days/);
  });

  test("is proposed and voted for by forms alone", async () => {
    const cookie = `attune_portal=${server.token("user:voter7")}`;
    const page = async () => (await server.get("/me/ideas", { key: null, headers: { Cookie: cookie } })).text;
    const token = /name="token" value="([^"]+)"/.exec(await page())[1];
    const form = (action, fields, mark = token) => server.post(`/me/${action}`, new URLSearchParams({ token: mark, ...fields }).toString(),
      { key: null, headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" } });
    assert.equal((await form("propose", { title: "Forged" }, "x")).status, 403);
    const done = await form("propose", { title: "Coffee <b>free</b>", text: "" });
    assert.deepEqual([done.status, done.headers.location], [303, "/me/ideas?done=proposed#ideas"]);
    assert.ok((await page()).includes("Coffee &lt;b&gt;free&lt;/b&gt;"), "what a customer writes is only ever text");
    assert.equal((await form("idea", { idea: "older", act: "support" })).status, 303);
    const supported = async () => (await ideaOf("older", { key: server.token("user:voter7") })).supported;
    assert.equal(await supported(), true);
    assert.ok((await page()).includes("you among them"));
    assert.equal((await form("idea", { idea: "older", act: "withdraw" })).status, 303);
    assert.equal(await supported(), false, "the vote is taken back");
    assert.equal((await form("idea", { idea: "nothing", act: "support" })).status, 404);
  });

  test("survives the end of the server", async () => {
    const before = await ideas();
    await server.kill();
    await server.up();
    assert.deepEqual(await ideas(), before);
  });
});
