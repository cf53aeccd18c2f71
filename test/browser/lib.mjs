/*
 * lib.mjs: what the checks of pages need: claims that fail with a sentence, waiting, the keyboard, axe.
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), "../../web/package.json"));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const WAIT_MS = 8000;

export class Failed extends Error {}
export const must = (truth, says) => { if (!truth) throw new Failed(says); };
export const same = (got, wanted, says) => must(JSON.stringify(got) === JSON.stringify(wanted), `${says}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);

export const id = (name) => `[data-testid="${name}"]`;
export const seen = (page, name) => page.waitForSelector(id(name), { state: "visible" });
export const gone = (page, name) => page.waitForSelector(id(name), { state: "detached" });
export const tiles = (page) => page.$$eval('[data-testid="tiles"] > li', (all) => all.map((t) => t.dataset.option));
export const until = async (truth, says) => { const end = Date.now() + WAIT_MS; while (Date.now() < end) { if (await truth()) return; await new Promise((r) => setTimeout(r, 60)); } throw new Failed(says); };


/* What axe finds on the page as it stands. */
export async function scan(page) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
  return page.evaluate(async (tags) => {
    const r = await window.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return r.violations.map((v) => `${v.id} (${v.nodes.length}: ${v.nodes[0].target.join(" ")})`);
  }, TAGS);
}
/* Tab until the focus is on @selector, then @key. */
export async function reach(page, selector, key = "Enter") {
  for (let i = 0; i < 250; i++) {
    if (await page.evaluate((s) => document.activeElement?.matches(s), selector)) {
      if (i > 0) await page.keyboard.up("Tab");
      must(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), `the focus on ${selector} is not seen`);
      return key ? page.keyboard.press(key) : undefined;
    }
    await page.keyboard.down("Tab");   /* Held, as by a hand that wants to get on: each is one step. */
  }
  await page.keyboard.up("Tab");
  throw new Failed(`${selector} is not reached with Tab`);
}
/* The same, to the page that follows. */
export const go = async (page, selector, key = "Enter") => { await reach(page, selector, null); await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press(key)]); };
export const saves = async (page, selector) => { await reach(page, selector, null); const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]); return readFileSync(await download.path()); };
/* What can be operated and is to be seen, and was not passed with Tab. Of radio buttons the first of a group stands for all. */
export async function unreached(page) {
  const passed = new Set(), mark = () => page.evaluate(() => { const all = [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")]; return all.indexOf(document.activeElement); });
  for (let i = 0, first = -1; i < 400; i++) { /* Past the end it begins anew. A field for a time has several stops. */
    await page.keyboard.down("Tab");
    const at = await mark();
    if (at >= 0 && at === first && passed.size > 1) break;
    first = first < 0 ? at : first;
    passed.add(at);
  }
  await page.keyboard.up("Tab");
  return page.evaluate((seen) => [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")]
    .filter((e, i) => !seen.includes(i) && e.checkVisibility() && !(e.type === "radio" && e.form.querySelector(`input[name="${e.name}"]`) !== e)).map((e) => e.outerHTML.slice(0, 80)), [...passed]);
}
/* The company's logo: drawn, beside the name and called by it, within its bounds in every look, also when it is twenty times as wide as high. */
export async function logo_seen(page, huge, high) {
  await page.evaluate((needs) => Object.assign(document.documentElement.dataset, needs), { ...(huge && { text: "huge" }), ...(high && { contrast: "high" }) });
  const [logo, name, colours] = await page.evaluate(() => {
    const img = document.querySelector(".masthead .logo"), box = (e) => { const r = e.getBoundingClientRect(); return { left: r.left, right: r.right, top: r.top, bottom: r.bottom, width: r.width, height: r.height }; };
    return [{ ...box(img), drawn: img.complete && img.naturalWidth > 0, alt: img.alt }, { ...box(document.querySelector(".masthead .brand")), text: document.querySelector(".masthead .brand").textContent }, getComputedStyle(img).backgroundColor];
  });
  must(logo.drawn, "the logo is not drawn");
  same(logo.alt, "", "the name stands beside the logo");
  must(logo.height >= 32 && logo.height <= (huge ? 80 : 50) && logo.width <= (huge ? 260 : 165), `the logo is ${Math.round(logo.width)} by ${Math.round(logo.height)} px`);
  must(logo.right <= name.left || logo.bottom <= name.top, "the logo covers the name");
  same(colours, "rgb(255, 255, 255)", "the ground of the logo");
  must(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), "the page scrolls sideways");
}
