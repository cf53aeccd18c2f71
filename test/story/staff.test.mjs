/* Accounts of staff as whoever looks after the server makes them: attune init, attune staff, beside a running server and without one. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { attune, binary } from "./server.mjs";

let folder, made;
const staff = (...args) => attune("staff", ...args, "--data", folder);
const list = () => JSON.parse(staff("list", "--json").out).map(({ name, roles, account, disabled, invited }) => ({ name, roles, account, disabled, invited }));
before(() => { folder = join(mkdtempSync(join(tmpdir(), "attune-staff-")), "data"); made = attune("init", folder, "--json"); });
after(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

test("attune init shows one invitation for the first account", () => {
  assert.equal(made.code, 0, made.err);
  assert.match(JSON.parse(made.out).setup_token, /^at_invite_[\w-]{43}$/);
  assert.deepEqual(list(), [{ name: "", roles: "admin", account: false, disabled: false, invited: true }]);
  const second = join(folder, "../second"), text = attune("init", second);
  assert.match(text.out, /invitation +at_invite_[\w-]{43}\n/);
  assert.match(attune("staff", "list", "--data", second).out, /\(the first account\) +admin +invited/);
});
test("an invitation names its roles, and a newer one takes its place", () => {
  const one = JSON.parse(staff("invite", "Mara", "--role", "service,privacy", "--json").out), other = JSON.parse(staff("invite", "mara", "--role", "manager", "--json").out);
  assert.notEqual(one.token, other.token);
  assert.deepEqual(list().find((a) => a.name === "mara"), { name: "mara", roles: "manager", account: false, disabled: false, invited: true });
  assert.match(staff("invite", "ben@example.org", "--role", "analyst").out, /ben@example\.org is invited as analyst:\n\n {2}at_invite_/);
});
test("who is disabled before coming has no invitation any more", () => {
  assert.deepEqual(JSON.parse(staff("disable", "mara", "--json").out), { disabled: true });
  assert.ok(!list().some((a) => a.name === "mara"));
  const gone = staff("disable", "mara");
  assert.equal(gone.code, 1);
  assert.match(gone.err, /no account of that name/);
});
for (const [what, args, code, says] of [
  ["no act", [], 2, /usage: attune staff list/], ["an act that is none", ["promote", "mara"], 2, /usage/], ["no name", ["invite"], 2, /usage/], ["two names", ["invite", "a", "b", "--role", "admin"], 2, /usage/],
  ["an option that is none", ["list", "--all"], 2, /usage|unrecognized/], ["no role", ["invite", "mara"], 1, /admin, service, manager, privacy, analyst/], ["a role that is none", ["invite", "mara", "--role", "service,king"], 1, /admin, service/],
  ["an empty name", ["invite", "", "--role", "admin"], 1, /1 to 80/], ["a name with a blank", ["invite", "mara lund", "--role", "admin"], 1, /1 to 80/], ["a name with a line break", ["invite", "a\naccount eve admin 1 1 open x", "--role", "admin"], 1, /1 to 80/], ["a very long name", ["invite", "m".repeat(81), "--role", "admin"], 1, /1 to 80/],
])
  test(`${what} is refused with what to do`, () => {
    const before = list(), run = staff(...args);
    assert.equal(run.code, code, run.err);
    assert.match(run.err, says);
    assert.deepEqual(list(), before);
  });
test("a folder that is none, and one without --data, are refused", () => {
  const none = attune("staff", "list", "--data", join(folder, "nothing"));
  assert.deepEqual([none.code, /attune init/.test(none.err)], [1, true]);
  assert.equal(attune("staff", "list").code, 2);
  assert.equal(attune("staff", "--help").code, 0);
});
test("many at the same time lose nothing", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `crowd-${i}`);
  const codes = await Promise.all(names.map((name) => new Promise((done) => spawn(binary, ["staff", "invite", name, "--role", "analyst", "--data", folder]).on("close", done))));
  assert.deepEqual(codes, names.map(() => 0));
  const there = list().map((a) => a.name);
  for (const name of names) assert.ok(there.includes(name), name);
  assert.ok(!readdirSync(folder).some((f) => f.endsWith(".new")), "and no draft is left");
});
