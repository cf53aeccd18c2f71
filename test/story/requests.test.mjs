/* What customers ask by right has a due date, an answer with who gave it, and stands on their own page. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { join } from "node:path";
import { configurationOf, identify, iso, ok, refused, root, Server, track } from "./server.mjs";

/* The same day of a later month, or its last. */
function months(from, n) {
  const then = new Date(from), day = then.getUTCDate();
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() + n);
  then.setUTCDate(Math.min(day, new Date(Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 0)).getUTCDate()));
  return then.getTime();
}

describe("a request of a customer", () => {
  let server, cid, token;
  before(async () => {
    server = await Server.start();
    await server.send([identify({ userId: "req" }, { name: "Rike Quist" }), identify({ userId: "other" }, { name: "Other" })]);
    cid = (await server.card("user:req")).cid;
    token = server.token("user:req");
  });
  after(() => server.end());

  const make = (body, options) => server.post("/v1/requests", body, options);
  const list = (query = "", options) => server.get(`/v1/requests${query}`, options).then(ok);
  const answer = (id, body) => server.post(`/v1/requests/${id}`, body);
  const page = async () => {
    const answer = await server.get("/me", { key: null, headers: { Cookie: `attune_portal=${token}` } });
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    return answer.text;
  };
  const post = async (action, fields) => {
    const mark = /name="token" value="([^"]+)"/.exec(await page())[1];
    return server.request("POST", `/me/${action}`, new URLSearchParams({ token: mark, ...fields }).toString(), { key: null, headers: { Cookie: `attune_portal=${token}`, "Content-Type": "application/x-www-form-urlencoded" } });
  };
  let first;

  test("is due in one calendar month", async () => {
    const { request } = ok(await make({ customer: { cid }, type: "access", text: "All of it, <please>." }));
    first = request.request;
    assert.match(first, /^r[0-9a-f]+$/);
    assert.deepEqual([request.type, request.text, request.state, request.overdue, request.extended_until], ["access", "All of it, <please>.", "open", false, null]);
    assert.equal(Date.parse(request.due), months(Date.parse(request.received), 1));
    const { requests, total, overdue } = await list("?state=open");
    assert.deepEqual([requests.length, total, overdue], [1, 1, 0]);
    assert.deepEqual([requests[0].cid, requests[0].name], [cid, "Rike Quist"]);
  });

  test("is about a decision when a person is asked for", async () => {
    const { decision } = await server.decide("user:req", "machine-withdrawal"), other = await server.decide("user:other", "machine-withdrawal");
    const { request } = ok(await make({ type: "person", decision }, { key: token }));
    assert.equal(request.decision, decision);
    refused(await make({ type: "person", decision: other.decision }, { key: token }), 404, "no_decision");
    refused(await make({ customer: { cid }, type: "gossip" }), 400, "invalid_type");
    refused(await make({ customer: { cid }, type: "access", text: "x".repeat(2001) }), 400, "text_too_long");
    refused(await make({ customer: { identifier: "user:other" }, type: "erase" }, { key: token }), 403, "denied");
    refused(await make({ customer: { cid }, type: "access" }, { key: server.write }), 403, "denied");
  });

  test("is extended once with a reason, by two months at most", async () => {
    const { received, due } = (await list()).requests.find(({ request }) => request === first), until = (n, because = "many at once") => answer(first, { extended_until: iso(months(Date.parse(received), n)), because });
    refused(await until(2, ""), 400, "no_reason");
    refused(await until(1), 422, "invalid_until");
    refused(await answer(first, { extended_until: iso(months(Date.parse(received), 3) + 1000), because: "more" }), 422, "invalid_until");
    ok(await until(3));
    const extended = (await list()).requests.find(({ request }) => request === first);
    assert.equal(Date.parse(extended.due), months(Date.parse(received), 3));
    assert.notEqual(extended.due, due);
    assert.equal(extended.extended_because, "many at once");
    assert.match(await page(), /later than first said, because: many at once/);
  });

  test("is made on the own page, and stands there with its date", async () => {
    const posted = await post("request", { type: "restrict", text: "Until July" });
    assert.equal(posted.status, 303, posted.text);
    assert.match(posted.headers.location, /done=asked&undo=u[0-9a-f]+#requests/);
    assert.match(await page(), /Keep it, but do not use it: “Until July”\.<\/span><span class="from">Received on [^.]+\. You have our answer by /);
    assert.equal((await post("request", { type: "gossip" })).status, 400);
    const own = await list("", { key: token });
    assert.deepEqual(own.requests.map(({ type }) => type), ["access", "person", "restrict"]);
    assert.ok(own.requests.every((one) => !("cid" in one) && !("closed_by" in one)));
    assert.equal((await list("", { key: server.token("user:other") })).total, 0);
  });

  test("is closed by somebody, with a reason when refused, and the customer reads it", async () => {
    const person = (await list()).requests.find(({ type }) => type === "person").request;
    refused(await answer(person, { state: "refused" }), 400, "no_reason");
    refused(await answer(person, { state: "gone", because: "x" }), 400, "invalid_state");
    refused(await answer("r123", { state: "done" }), 404, "no_request");
    refused(await server.post(`/v1/requests/${person}`, { state: "done" }, { key: token }), 403, "denied");
    ok(await answer(person, { state: "refused", because: "No decision was made about money." }));
    refused(await answer(person, { state: "done" }), 409, "closed");
    const [closed] = (await list("?state=refused")).requests;
    assert.deepEqual([closed.request, closed.because], [person, "No decision was made about money."]);
    assert.match(closed.closed_by, /^key /);
    assert.match(await page(), /Refused on [^:]+: No decision was made about money\./);
    assert.ok((await list()).requests.every(({ request }) => request !== person));
    assert.ok((await server.timeline(cid)).some(({ kind, properties }) => kind === "request" && properties.act === "refused"));
    const noted = ok(await server.get(`/v1/audit?about=${cid}&what=request`)).entries;
    assert.deepEqual(noted.map(({ words }) => words), ["refused", "restrict", "extended", "person", "access"]);
  });

  test("survives a restart and a kill, and is listed in pages", async () => {
    const before = await list("?state=all");
    await server.restart();
    assert.deepEqual(await list("?state=all"), before);
    await server.kill();
    await server.up();
    assert.deepEqual(await list("?state=all"), before);
    const paged = [];
    for (let after = ""; after !== null;) {
      const one = await list(`?state=all&n=1${after ? `&after=${after}` : ""}`);
      paged.push(...one.requests.map(({ request }) => request));
      after = one.next;
    }
    assert.deepEqual(paged, before.requests.map(({ request }) => request));
    assert.ok(before.requests.every((one, i) => i === 0 || Date.parse(before.requests[i - 1].due) <= Date.parse(one.due)));
  });

  test("cannot be made without bound, nor closed from outside", async () => {
    for (let i = (await list("?state=open")).total; i < 20; i++) ok(await make({ type: "correct" }, { key: token }));
    refused(await make({ type: "correct" }, { key: token }), 409, "many_requests");
    await server.send([{ type: "request", userId: "req", messageId: "forged", properties: { act: "done", request: 1 } }]).catch(() => null);
    assert.equal((await list("?state=open")).total, 20);
  });
});

describe("where trust stands", () => {
  let server;
  before(async () => { server = await Server.start(); });
  after(() => server.end());

  const trust = () => server.get("/v1/trust").then(ok);
  const answer = (name, purpose, yes) => track({ userId: name }, yes ? "Consent Given" : "Consent Withdrawn", { purpose });

  test("says nothing of fewer than ten, and counts each customer's last answer with its interval", async () => {
    const nobody = await trust();
    assert.equal(nobody.customers, null);
    assert.match(nobody.sentence, /^No request is open; too few have answered/);
    await server.send(Array.from({ length: 9 }, (_, i) => answer(`t${i}`, "personalisation", true)));
    assert.equal((await trust()).purposes.find(({ purpose }) => purpose === "personalisation").yes, null);
    await server.send([...Array.from({ length: 3 }, (_, i) => answer(`t${9 + i}`, "personalisation", true)), answer("t0", "personalisation", false), answer("t1", "analytics", true)]);
    const now = await trust(), asked = now.purposes.find(({ purpose }) => purpose === "personalisation");
    assert.deepEqual([now.customers, asked.yes.n, Math.round(asked.yes.share * 12), Math.round(asked.no.share * 12)], [12, 12, 11, 1]);
    assert.ok(asked.yes.low < asked.yes.share && asked.yes.share < asked.yes.high);
    assert.equal(now.purposes.find(({ purpose }) => purpose === "analytics").yes, null, "of one customer nothing is said");
    assert.match(now.sentence, /92 % of those who were asked say yes/);
    const months = now.months.filter(({ yes }) => yes);
    assert.equal(now.months.length, 12);
    assert.equal(months.length, 1);
    assert.equal(months[0], now.months[11]);
    assert.equal(months[0].yes.n, 13, "answers, of at least ten customers");
  });

  test("names a purpose whose words were changed, and the request that is due first", async () => {
    ok(await server.post("/v1/requests", { customer: { identifier: "user:t3" }, type: "erase" }));
    const { sentence, requests } = await trust();
    assert.match(sentence, /^1 request is open, and the first answer is due on \d{4}-\d\d-\d\d; /);
    assert.deepEqual(requests, { open: 1, overdue: 0 });
    refused(await server.get("/v1/trust", { key: server.token("user:t3") }), 403, "denied");
    const purposes = configurationOf(join(root, "demo/harbour")).map(({ name, text }) => ({ name, text: text.replace(/(name: personalisation[\s\S]*?version: )("?)1\2/, "$1\"2\"") }));
    ok(await server.post("/v1/configuration", { files: purposes }));
    const changed = (await trust()).purposes.find(({ purpose }) => purpose === "personalisation");
    assert.deepEqual([changed.version, Math.round(changed.yes.share * 12), Math.round(changed.outdated.share * 12)], ["2", 0, 11]);
  });
});
