/* Accounts of staff from the console: an admin invites, changes roles, shuts out and ends sessions; nobody else does, and no key. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { attune, ok, refused, Server } from "./server.mjs";

const PASSWORD = "three words and one more";
let server, admin;
const form = (path, fields) => server.post(path, new URLSearchParams(fields).toString(), { key: null, headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: server.url, "Sec-Fetch-Site": "same-origin" } });
const cookie_of = (answer) => answer.headers["set-cookie"]?.find((c) => c.startsWith("attune_console="))?.split(";")[0];
const by = (cookie) => ({ key: null, headers: { Cookie: cookie, "X-Attune": "console" } });
const accept = async (token, name) => { const made = await form("/console/sign-in?invited", { token, name, password: PASSWORD, again: PASSWORD }); assert.equal(made.status, 303, made.text); return cookie_of(made); };
const sign_in = async (name) => cookie_of(await form("/console/sign-in", { name, password: PASSWORD }));
const act = (what, body, cookie = admin) => server.post(`/v1/staff/${what}`, body, by(cookie));
const list = async (cookie = admin) => ok(await server.get("/v1/staff", by(cookie))).accounts;
const account = async (name) => (await list()).find((a) => a.name === name);
const join = async (name, roles) => accept(ok(await act("invite", { name, roles })).token, name);
before(async () => { server = await Server.start({ settings: { "sign-ins-a-minute": 10000 } }); admin = await accept(server.setup, "boss"); });
after(() => server?.end());

test("an_admin_invites_and_the_invitation_makes_an_account_of_those_roles", async () => {
  const done = ok(await act("invite", { name: "Mara", roles: "service,privacy" }));
  assert.deepEqual([done.name, done.roles], ["mara", "service,privacy"]);
  assert.match(done.token, /^at_invite_[\w-]{43}$/);
  const { created, ...waiting } = await account("mara");
  assert.deepEqual(waiting, { name: "mara", roles: "service,privacy", account: false, disabled: false, invited: true, sessions: 0 });
  assert.ok(Math.abs(new Date(created) - Date.now()) < 60_000);
  const mara = await accept(done.token, "mara");
  assert.equal(ok(await server.get("/v1/session", by(mara))).roles, "service,privacy");
  assert.equal((await account("mara")).sessions, 1);
  assert.ok(!JSON.stringify(await list()).includes(done.token), "a token is shown once");
  assert.deepEqual(JSON.parse(attune("staff", "list", "--data", server.folder, "--json").out).find((a) => a.name === "mara").roles, "service,privacy", "the same accounts as on the command line");
});
test("an_invitation_says_when_it_ends_and_can_be_withdrawn", async () => {
  const invitations = async () => ok(await server.get("/v1/staff", by(admin))).invitations;
  const { token } = ok(await act("invite", { name: "wanda", roles: "service", days: 3 }));
  const [one] = (await invitations()).filter(({ name }) => name === "wanda");
  assert.ok(Math.abs(Date.parse(one.expires) - Date.now() - 3 * 864e5) < 600_000);
  for (const days of [0, 366, "3", 1.5]) refused(await act("invite", { name: "wanda", roles: "service", days }), 400, "invalid_days");
  ok(await act("withdraw", { name: "wanda" }));
  assert.ok(!(await invitations()).some(({ name }) => name === "wanda"));
  refused(await act("withdraw", { name: "wanda" }), 404, "no_account");
  assert.notEqual((await form("/console/sign-in?invited", { token, name: "wanda", password: PASSWORD, again: PASSWORD })).status, 303);
});
test("other_roles_hold_from_the_next_request_on_without_signing_in_again", async () => {
  const vera = await join("vera", "analyst");
  refused(await server.get("/v1/trust", by(vera)), 403, "outside_role");
  ok(await act("roles", { name: "vera", roles: "privacy" }));
  ok(await server.get("/v1/trust", by(vera)));
  refused(await server.get("/v1/overview", by(vera)), 403, "outside_role");
  assert.equal(attune("staff", "roles", "vera", "--role", "analyst", "--data", server.folder).code, 0);
  refused(await server.get("/v1/trust", by(vera)), 403, "outside_role");
  ok(await act("invite", { name: "waiting", roles: "analyst" }));
  ok(await act("roles", { name: "waiting", roles: "manager" }));
  assert.equal((await account("waiting")).roles, "manager", "of who is invited, too");
});
test("who_is_shut_out_is_out_at_once_and_who_is_signed_out_may_come_back", async () => {
  const tom = await join("tom", "service"), other = await sign_in("tom");
  assert.equal((await account("tom")).sessions, 2);
  assert.equal(ok(await act("sign-out", { name: "tom" })).sessions_ended, 2);
  for (const cookie of [tom, other]) refused(await server.get("/v1/session", by(cookie)), 401, "unauthorized");
  const back = await sign_in("tom");
  ok(await server.get("/v1/session", by(back)));
  ok(await act("lock", { name: "tom" }));
  refused(await server.get("/v1/session", by(back)), 401, "unauthorized");
  assert.equal(await sign_in("tom"), undefined, "and cannot sign in");
  assert.deepEqual([(await account("tom")).disabled, (await account("tom")).sessions], [true, 0]);
  ok(await act("sign-out", { name: "boss" }, await join("second", "admin")));
  refused(await server.get("/v1/staff", by(admin)), 401, "unauthorized");
  admin = await sign_in("boss");
});
test("nobody_but_an_admin_who_is_signed_in_may_and_no_key", async () => {
  const acts = [["invite", { name: "evil", roles: "admin" }], ["roles", { name: "boss", roles: "analyst" }], ["lock", { name: "boss" }], ["sign-out", { name: "boss" }]];
  const before = await list();
  for (const role of ["service", "manager", "privacy", "analyst"]) {
    const cookie = await join(`a-${role}`, role);
    refused(await server.get("/v1/staff", by(cookie)), 403, "outside_role");
    for (const [what, body] of acts) refused(await act(what, body, cookie), 403, "outside_role");
    refused(await act("roles", { name: `a-${role}`, roles: "admin" }, cookie), 403, "outside_role");
    assert.ok(!ok(await server.get("/v1/session", by(cookie))).may.some((m) => m.includes("/v1/staff")), "the console is not told that it may");
  }
  for (const key of [server.secret, server.write, server.token("user:ana")]) {
    refused(await server.get("/v1/staff", { key }), 403, "denied");
    for (const [what, body] of acts) refused(await server.post(`/v1/staff/${what}`, body, { key }), 403, "denied");
  }
  for (const [what, body] of acts) refused(await server.post(`/v1/staff/${what}`, body, { key: null }), 401, "unauthorized");
  refused(await server.post("/v1/staff/lock", { name: "mara" }, { key: null, headers: { Cookie: admin } }), 403, "cross_site");
  assert.deepEqual((await list()).filter((a) => !a.name.startsWith("a-")), before);
});
test("nobody_shuts_out_or_lowers_themselves", async () => {
  for (const [what, body] of [["lock", { name: "boss" }], ["lock", { name: "BOSS" }], ["roles", { name: "boss", roles: "analyst" }], ["invite", { name: "boss", roles: "analyst" }]])
    refused(await act(what, body), 409, "own_account");
  assert.deepEqual([(await account("boss")).roles, (await account("boss")).disabled], ["admin", false]);
});
test("what_is_wrong_is_refused_with_what_to_do", async () => {
  const before = await list();
  for (const [what, body, status, code] of [
    ["invite", { name: "", roles: "admin" }, 400, "invalid_name"], ["invite", { name: "a b", roles: "admin" }, 400, "invalid_name"], ["invite", { name: "m".repeat(81), roles: "admin" }, 400, "invalid_name"], ["invite", { name: "a\naccount eve admin", roles: "admin" }, 400, "invalid_name"],
    ["invite", { name: "ok" }, 400, "invalid_roles"], ["invite", { name: "ok", roles: "king" }, 400, "invalid_roles"], ["roles", { name: "nobody-here", roles: "admin" }, 404, "no_account"], ["lock", { name: "nobody-here" }, 404, "no_account"],
    ["sign-out", { name: "nobody-here" }, 404, "no_account"], ["promote", { name: "mara" }, 404, "no_act"]])
    refused(await act(what, body), status, code);
  assert.deepEqual(await list(), before);
});
test("each_act_stands_in_the_audit_log_with_who_did_it", async () => {
  const { entries } = ok(await server.get("/v1/audit?what=staff&n=100"));
  const words = entries.filter((e) => e.who.includes("boss")).map((e) => e.words);
  for (const says of ["invited mara as service,privacy", "vera is privacy from now on", "signed out tom (sessions: 2)", "shut out tom"]) assert.ok(words.includes(says), `${says}: ${words.join("; ")}`);
  assert.ok(entries.some((e) => e.who.includes("second") && e.words === "signed out boss (sessions: 1)"));
});
