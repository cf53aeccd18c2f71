/*
 * portal_brand.test.mjs: the customer's own page in the company's name, colours and picture, who answers for the data, and what a brand may not do.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { copyOf, schemaErrors } from "./copy.mjs";
import { Server, attune, configurationOf, identify, ok, root } from "./server.mjs";
import { Visit, signed, words } from "./visit.mjs";

const plain = configurationOf(join(root, "demo/harbour")).filter((f) => f.name !== "brand.yaml");
const brand = (lines) => ({ name: "brand.yaml", text: `kind: brand\nname: ours\n${lines}` });
const apply = (lines) => server.post("/v1/configuration", { files: lines === null ? plain : [...plain, brand(lines)] });
let server, ana;
before(async () => {
  server = await Server.start({ files: plain });
  await server.send([identify({ userId: "ana" }, { name: "Ana" })]);
  ana = await Visit.begin(server, "user:ana");
});
after(() => server?.end());

/* Contrast as WCAG 2.2 defines it, and the grounds of the pages, from the file that draws them. */
const light = (hex) => { const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const tokens = readFileSync(join(root, "web/shared/tokens.css"), "utf8");
const grounds = ["paper", "raised", "tint"].map((name) => new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(tokens).slice(1));
const readable = (colour, dark) => grounds.every((g) => contrast(colour, g[dark ? 1 : 0]) >= 4.5);

test("without_a_brand_the_page_is_as_it_was", async () => {
  const html = await ana.page();
  assert.ok(!html.includes("brand"));
  assert.match(html, /<title>Your own page<\/title>/);
  assert.equal((await server.get("/me/brand.css", { key: null })).status, 404);
});
test("a_brand_gives_the_page_its_name_its_colours_and_a_way_to_reach_people", async () => {
  ok(await apply('title: "Bank <b>of</b> \\"Quays\\""\nhome: https://quays.example/start?a=1&b=2\naccent: {light: "#7a1f5c", dark: "#f0a"}\nfont: serif\ncontact: "Call 0800 <1>"\n'.replace('"#f0a"', '"#fad"')));
  const html = await ana.page();
  assert.match(html, /<title>Your own page · Bank &lt;b&gt;of&lt;\/b&gt; &quot;Quays&quot;<\/title>/);
  assert.match(html, /<a class="brand" href="https:\/\/quays\.example\/start\?a=1&amp;b=2">Bank &lt;b&gt;/);
  assert.match(words(html), /Call 0800 <1>/);
  assert.ok(!/style=|<style/.test(html), "nothing that the policy refuses");
  const style = await server.get("/me/brand.css", { key: null });
  assert.equal(style.status, 200);
  assert.match(style.headers["content-type"], /^text\/css/);
  assert.match(style.headers["content-security-policy"], /default-src 'none'/);
  assert.match(style.text, /^:root\{--accent:light-dark\(#7a1f5c,#ffaadd\);--accent-ink:var\(--accent\);--on-accent:light-dark\(#fff,#000\);--accent-tint:var\(--tint\);--face:Georgia,[^;]*serif;\}\n$/);
  const stranger = await server.get("/me", { key: null });
  assert.equal(stranger.status, 403);
  assert.match(stranger.text, /<title>This is your own page\. · Bank/, "who is not let in sees whose page it is");
  ok(await apply('title: Quays\nfont: hyperlegible\n'));
  assert.ok(!(await ana.page()).includes("brand.css"), "nothing to style");
  ok(await apply(null));
});
test("a_colour_is_taken_exactly_when_it_can_be_read_on_every_ground", async () => {
  const folder = mkdtempSync(join(tmpdir(), "attune-brand-"));
  try {
    let seed = 20261122, taken = 0, refusals = 0;
    const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
    const colour = () => `#${[0, 0, 0].map(() => Math.floor(random() * 256).toString(16).padStart(2, "0")).join("")}`;
    for (let i = 0; i < 60; i++) {
      const pair = [colour(), colour()];
      writeFileSync(join(folder, "brand.yaml"), brand(`title: Quays\naccent: {light: "${pair[0]}", dark: "${pair[1]}"}\n`).text);
      const run = attune("check", folder), good = readable(pair[0], false) && readable(pair[1], true);
      assert.equal(run.code === 0, good, `seed 20261122, ${i}: ${pair} ${run.out}${run.err}`);
      good ? taken++ : refusals++;
      const says = run.out + run.err;
      if (!readable(pair[0], false)) assert.match(says, /brand\.yaml:4:\d+: #\w+ has a contrast of \d+\.\d to 1 on our light ground, and 4\.5 is needed to be read: take a darker one/);
      if (!readable(pair[1], true)) assert.match(says, /brand\.yaml:4:\d+: #\w+ has a contrast of \d+\.\d to 1 on our dark ground, and 4\.5 is needed to be read: take a lighter one/);
    }
    assert.ok(taken >= 3 && refusals >= 20, `${taken} taken, ${refusals} refused`);
  } finally { rmSync(folder, { recursive: true, force: true }); }
});
test("what_could_run_or_lead_astray_is_a_problem_with_its_line", async () => {
  for (const [line, says] of [
    ["home: javascript:alert(1)", /begins with https/], ["home: http://quays.example", /begins with https/], ["home: //evil.example", /begins with https/], ["home: https://", /begins with https/],
    ['home: "https://a.example/\\" onclick=x"', /begins with https/], ["home: '/\\evil.example'", /begins with https/], ["home: data:text/html,x", /begins with https/],
    ["font: Comic Sans", /font/], ["logo: https://evil.example/x.svg", /the picture itself/], ["script: x", /no key ."script/],
    ['accent: {light: "red", dark: "#fad"}', /is not a colour/], ['accent: {light: "#7a1f5c;}body{x", dark: "#fad"}', /is not a colour/], ['accent: {light: "#7a1f5c"}', /dark/], ['accent: {light: "#7a1f5", dark: "#fad"}', /is not a colour/]]) {
    const answer = await apply(`title: Quays\n${line}\n`);
    assert.equal(answer.status, 422, line);
    assert.match(JSON.stringify(answer.body.problems[0]), says, line);
    assert.deepEqual([answer.body.problems[0].file, answer.body.problems[0].line], ["brand.yaml", 4], line);
  }
  const two = await server.post("/v1/configuration", { files: [...plain, brand("title: A\n"), { name: "z.yaml", text: "kind: brand\nname: other\ntitle: B\n" }] });
  assert.equal(two.status, 422);
  assert.match(two.body.problems[0].message, /a brand "ours" already/);
  assert.ok(!(await ana.page()).includes("Quays"), "nothing of it was taken");
});

const svg = (inside, root = 'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"') => `<svg ${root}>${inside}</svg>`;
const logo = (bytes, type = "image/svg+xml") => `title: Quays\nlogo: "data:${type};base64,${Buffer.from(bytes).toString("base64")}"\n`;
/* The smallest PNG there is: one clear pixel. */
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");

test("a_logo_stands_beside_the_name_and_is_served_so_that_it_can_do_nothing", async () => {
  assert.equal((await server.get("/me/brand/logo", { key: null })).status, 404, "none is configured");
  for (const [bytes, type] of [[Buffer.from(svg('<path d="M0 0h8v8z"/>')), "image/svg+xml"], [png, "image/png"]]) {
    ok(await apply(logo(bytes, type).replace("Quays", '"Quays <&> Co"')));
    const [, address, alt] = /<img class="logo" src="([^"]+)" alt="([^"]*)">/.exec(await ana.page());
    assert.match(address, /^\/me\/brand\/logo\?v=[0-9a-f]{8}$/);
    assert.equal(alt, "", "the name stands beside it");
    const answer = await server.get(address, { key: null });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.bytes, bytes, "to the byte");
    const { etag, ...headers } = answer.headers;
    assert.deepEqual([headers["content-type"], headers["x-content-type-options"], headers["cache-control"]], [type, "nosniff", "public, max-age=300"]);
    assert.equal(headers["content-security-policy"], "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert.equal(headers["set-cookie"], undefined);
    assert.match(etag, /^"[0-9a-f]{16}"$/);
    const again = await server.get(address, { key: null, headers: { "If-None-Match": `"other", ${etag}` } });
    assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, etag]);
    assert.equal((await server.get(address, { key: null, headers: { "If-None-Match": '"0123456789abcdef"' } })).status, 200);
  }
  const page = await ana.get();
  assert.match(page.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;/, "the page's own policy stays as strict");
  const was = /logo\?v=(\w+)/.exec(page.text)[1];
  ok(await apply(logo(svg('<path d="M0 0h8v7z"/>'))));
  assert.notEqual(/logo\?v=(\w+)/.exec(await ana.page())[1], was, "another picture has another address");
  ok(await apply(null));
  assert.equal((await server.get("/me/brand/logo", { key: null })).status, 404);
  assert.ok(!(await ana.page()).includes("<img"));
});
test("a_picture_that_is_none_too_large_or_could_act_is_a_problem_with_its_line", async () => {
  const big = svg(" ".repeat(32 * 1024));
  for (const [line, says] of [
    [logo(svg("<script>alert(1)</script>")), /element that can run/], [logo(svg('<path onload="x"/>')), /runs something/], [logo(svg("<foreignObject/>")), /foreignObject/],
    [logo(svg('<image href="https://evil.example/x.png"/>')), /href may only be/], [logo(svg('<use xlink:href="x.svg#a"/>', 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"')), /href may only be/],
    [logo(svg('<path fill="url(https://evil.example/)"/>')), /url\(#/], [logo(svg('<style>@import "https://evil.example/"</style>')), /from elsewhere/], [logo(`<!DOCTYPE svg [<!ENTITY a "b">]>${svg("&a;")}`), /DOCTYPE/],
    [logo(svg("", "")), /root is not svg/], [logo("<html></html>"), /root is not svg/], [logo("not a picture"), /well-formed/], [logo(big), /32 KiB/], [logo(Buffer.from("GIF89a"), "image/png"), /no PNG/], [logo(png), /well-formed/],
    [logo(svg(""), "image/png"), /no PNG/], [logo(svg(""), "image/gif"), /picture itself/], ['title: Quays\nlogo: "data:image/png;base64,@@@@"\n', /not base64/], ['title: Quays\nlogo: "data:image/png;base64,"\n', /not base64/],
    ['title: Quays\nlogo: "data:image/svg+xml,<svg/>"\n', /picture itself/], ["title: Quays\nlogo: harbour.svg\n", /picture itself/], ["title: Quays\nlogo: {}\n", /must be a text/]]) {
    const answer = await apply(line), about = line.slice(0, 120);
    assert.equal(answer.status, 422, about);
    assert.match(answer.body.problems[0].message, says, about);
    assert.deepEqual([answer.body.problems[0].file, answer.body.problems[0].line, answer.body.problems[0].column], ["brand.yaml", 4, 1], about);
  }
  assert.equal((await server.get("/me/brand/logo", { key: null })).status, 404, "nothing of it was taken");
});
test("a_logo_is_written_as_the_document_says", async () => {
  const command = /### The logo\n[^]*?```sh\n([^]*?)```/.exec(readFileSync(join(root, "docs/portal.md"), "utf8"))[1];
  const run = spawnSync("sh", ["-e", "-c", command], { cwd: root, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  ok(await apply(`title: Quays\n${run.stdout}`));
  const drawn = readFileSync(join(root, "demo/harbour/logo.svg"));
  assert.deepEqual((await server.get("/me/brand/logo", { key: null })).bytes, drawn);
  ok(await server.post("/v1/configuration", { files: configurationOf(join(root, "demo/harbour")) }));
  assert.deepEqual((await server.get("/me/brand/logo", { key: null })).bytes, drawn, "Harbour's document has the picture that lies beside it");
  ok(await apply(null));
});

const named = { name: "Quays & <Sons>, a.s.", contact: "privacy@quays.example", address: "1 Quay, Harbour", officer: "Vera Holm", url: "https://quays.example/privacy", jurisdiction: "CZ" };
const answering = (more = {}) => `title: Quays\ncontroller: ${JSON.stringify({ ...named, ...more })}\n`;
const section = (html) => words(/<section id="answers"[^]*?<\/section>/.exec(html)[0]);
/* What all the places say of who answers: the ledger and the page of the copy, the own page, a signed receipt, and the figures of trust. */
async function said() {
  const { cid } = await server.card("user:ana"), { files } = await copyOf(server, cid), receipts = await ana.get("/me/receipts?of=all");
  assert.deepEqual(schemaErrors(files), []);
  const spoilt = files.get("consents.jsonld").replace('"controller":null', '"controller":7').replaceAll('"contact":"', '"kontakt":"');
  assert.ok(schemaErrors(new Map([...files, ["consents.jsonld", spoilt]])).length >= 1, "the schema knows what a controller is");
  return { ledger: JSON.parse(files.get("consents.jsonld")), copy: files.get("index.html"), page: await ana.page(), receipt: signed(receipts.body), receipts: await ana.page("/me/receipts"), trust: ok(await server.get("/v1/trust")) };
}

test("who_answers_for_the_data_is_said_wherever_somebody_may_ask", async () => {
  ok(await apply(answering()));
  await ana.choose("marketing", "yes");
  const { cid } = await server.card("user:ana");
  ok(await server.post(`/v1/customers/${cid}/consents`, { purpose: "analytics", answer: "yes", channel: "app", jurisdiction: "SK" }));
  ok(await server.post(`/v1/customers/${cid}/restrict`, { restricted: true }));
  ok(await server.post(`/v1/customers/${cid}/restrict`, { restricted: false }));
  const all = await said(), acts = all.ledger["@graph"];
  const context = all.ledger["@context"];
  assert.deepEqual(["controller", "name", "address", "contact", "officer", "jurisdiction"].map((term) => context[term]),
    ["dpv:hasDataController", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "dpv:hasDataProtectionOfficer", "dpv:hasJurisdiction"]);
  assert.equal(acts.length, 4);
  for (const act of acts) {
    const { id, type, ...rest } = act.controller;
    assert.deepEqual(rest, named);
    assert.equal(type, "dpv:DataController");
    assert.match(id, /^urn:attune:controller:[0-9a-f]{32}$/);
  }
  assert.deepEqual(acts.filter((a) => a.purpose).map((a) => [a.purpose.record, a.jurisdiction]), [["analytics", "SK"], ["marketing", "CZ"]], "what an act says itself goes first");
  for (const text of [section(all.page), section(all.copy)])
    for (const says of [/Quays & <Sons>, a\.s\. decides what your data is used for, and answers for it\./, /Write or call: privacy@quays\.example/, /By letter: 1 Quay, Harbour/, /Who looks after your rights there: Vera Holm/, /Under the law of: CZ/, /How your data is protected/])
      assert.match(text, says);
  assert.match(all.page, /<a href="https:\/\/quays\.example\/privacy">/);
  assert.match(all.page, /<nav class="contents"[^]*href="#answers"[^]*<\/nav>/);
  assert.deepEqual(all.receipt.controller, named);
  assert.match(words(all.receipts), /Quays & <Sons>, a\.s\., 1 Quay, Harbour, answers for your data: privacy@quays\.example/);
  assert.deepEqual(all.trust.controller, named);
});
test("a_notice_on_this_server_is_linked_on_the_page_and_not_in_a_copy_that_stands_alone", async () => {
  ok(await apply(answering({ url: "/harbour" })));
  const all = await said();
  assert.match(/<section id="answers"[^]*?<\/section>/.exec(all.page)[0], /<a href="\/harbour">/);
  assert.ok(!/How your data is protected/.test(section(all.copy)));
  assert.ok(!all.copy.includes('href="/'), "nothing of a copy leads to a server");
});
test("the_name_and_the_contact_are_enough", async () => {
  ok(await apply('title: Quays\ncontroller: {name: Quays, contact: "0800 123 456"}\n'));
  const all = await said();
  assert.deepEqual(all.trust.controller, { name: "Quays", contact: "0800 123 456" });
  assert.match(section(all.page), /Quays decides .* Write or call: 0800 123 456/);
  assert.ok(!/By letter|law of|rights there|protected/.test(section(all.page)));
  assert.match(words(all.receipts), /Quays answers for your data: 0800 123 456/);
  assert.deepEqual(all.ledger["@graph"].filter((a) => a.purpose).map((a) => a.jurisdiction), ["SK", undefined]);
});
test("where_nobody_is_named_everything_says_so", async () => {
  for (const lines of [null, "title: Quays\n"]) {
    ok(await apply(lines));
    const all = await said();
    assert.ok(all.ledger["@graph"].length >= 4 && all.ledger["@graph"].every((act) => act.controller === null));
    for (const text of [section(all.page), section(all.copy)]) assert.match(text, /has not written here who answers for your data/);
    assert.match(words(all.receipts), /Who answers for your data is not written here/);
    assert.deepEqual([all.receipt.controller, all.trust.controller], [null, null]);
  }
});
test("the_certificate_of_an_erasure_names_who_answers_as_it_was_then", async () => {
  const gone = async (name) => {
    await server.send([identify({ userId: name }, { name })]);
    const visit = await Visit.begin(server, `user:${name}`);
    return visit.post("erase", { word: "ERASE" }, { path: "/me/erase?step=sure" }).then((answer) => answer.text);
  };
  const statement = (html) => signed(JSON.parse(words(/data-testid="verbatim">([^<]*)</.exec(html)[1])));
  ok(await apply(answering()));
  const html = await gone("gone-named");
  assert.deepEqual(statement(html).controller, named);
  assert.match(words(html), /Quays & <Sons>, a\.s\. answers for it: privacy@quays\.example/);
  ok(await apply(null));
  const other = await gone("gone-unnamed");
  assert.equal(statement(other).controller, null);
  assert.ok(!/answers for it/.test(words(other)));
  assert.deepEqual(signed(ok(await server.get(`/v1/erasures/${statement(html).erasure}`))).controller, named, "what was signed stays");
});
test("whoever_answers_badly_is_a_problem_with_its_line", async () => {
  for (const [lines, says, line] of [
    ["  name: Quays\n", /"contact" is missing/, 4], ["  contact: x\n", /"name" is missing/, 4], ['  name: ""\n  contact: x\n', /must be a text/, 5], ['  name: " "\n  contact: x\n', /"name" is empty/, 5], ['  name: Quays\n  contact: " "\n', /"contact" is empty/, 6],
    [`  name: ${"n".repeat(201)}\n  contact: x\n`, /at most 200 bytes/, 5], [`  name: Quays\n  contact: ${"c".repeat(301)}\n`, /at most 300 bytes/, 6], [`  name: Quays\n  contact: x\n  address: ${"a".repeat(401)}\n`, /at most 400 bytes/, 7],
    [`  name: Quays\n  contact: x\n  officer: ${"o".repeat(301)}\n`, /at most 300 bytes/, 7], [`  name: Quays\n  contact: x\n  url: https://${"u".repeat(300)}\n`, /at most 300 bytes/, 7],
    ...["javascript:alert(1)", "quays.example", "//evil.example", "data:text/html,x", "ftp://quays.example", "https://"].map((url) => [`  name: Quays\n  contact: x\n  url: "${url}"\n`, /begins with https:\/\/ or http:\/\//, 7]),
    ...["cz", "C", "CZE", "CZ-", "CZ-PRAHA", "Czechia", "C1"].map((code) => [`  name: Quays\n  contact: x\n  jurisdiction: ${code}\n`, /two letters|at most/, 7]),
    ["  name: Quays\n  contact: x\n  adress: y\n", /did you mean "address"/, 7], ["  name: [Quays]\n  contact: x\n", /must be a text/, 5]]) {
    const answer = await apply(`title: Quays\ncontroller:\n${lines}`), about = lines.slice(0, 120);
    assert.equal(answer.status, 422, about);
    assert.match(answer.body.problems[0].message, says, about);
    assert.deepEqual([answer.body.problems[0].file, answer.body.problems[0].line], ["brand.yaml", line], about);
  }
  assert.equal((await apply("title: Quays\ncontroller: Quays\n")).status, 422);
  for (const good of ["http://quays.example/x", "/privacy"]) ok(await apply(answering({ url: good, jurisdiction: "US-CA" })));
  ok(await apply(null));
});
