/*
 * portal_brand.test.mjs: the customer's own page in the company's name and colours, and what a brand may not do.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, attune, configurationOf, identify, ok, root } from "./server.mjs";
import { Visit, words } from "./visit.mjs";

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
    ["font: Comic Sans", /font/], ["logo: https://evil.example/x.svg", /no key ."logo/], ["script: x", /no key ."script/],
    ['accent: {light: "red", dark: "#fad"}', /no colour/], ['accent: {light: "#7a1f5c;}body{x", dark: "#fad"}', /no colour/], ['accent: {light: "#7a1f5c"}', /dark/], ['accent: {light: "#7a1f5", dark: "#fad"}', /no colour/]]) {
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
