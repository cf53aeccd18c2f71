/* browser.mjs: the real pages in headless Chromium, when playwright-core is installed under web/. Every page is one person at one place. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Wrong } from "./server.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const NEEDED = "needs the browser: script/bootstrap --browser";
const WAIT_MS = 5000;

export class Browser {
  constructor(base, key) { this.base = base; this.key = key; this.opened = null; }

  async start() {
    if (this.opened) return this.opened;
    let chromium;
    try { ({ chromium } = createRequire(join(root, "web", "package.json"))("playwright-core")); } catch { throw new Wrong(NEEDED); }
    const path = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));
    try {
      this.opened = await chromium.launch({ ...(path ? { executablePath: path } : {}), args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
    } catch (error) { throw new Wrong(`${NEEDED} (${error.message.split("\n")[0]})`); }
    return this.opened;
  }

  /*
   * Opens @path in a window of its own and hands it to @work; the window is closed whatever happens. With @now the page's questions
   * are asked for that moment, which takes the secret key: so a habit of Fridays can be seen on any day.
   */
  async page(path, work, { size = { width: 1280, height: 800 }, now, identifier } = {}) {
    const context = await (await this.start()).newContext({ viewport: size, locale: "en-GB", timezoneId: "UTC" });
    try {
      const page = await context.newPage();
      if (now) await page.route("**/v1/decide", (route, request) => {
        const asked = request.postDataJSON(), headers = { ...request.headers(), authorization: `Bearer ${this.key}` };
        return route.continue({ headers, postData: JSON.stringify({ ...asked, customer: { identifier }, context: { ...asked.context, now } }) });
      });
      page.setDefaultTimeout(WAIT_MS);
      await page.goto(new URL(path, this.base).href);
      return await work(new Page(page));
    } finally { await context.close(); }
  }

  async close() { await this.opened?.close(); }
}

/* A page by the names its parts have in the tests. */
export class Page {
  constructor(page) { this.page = page; }
  part(name) { return this.page.locator(`[data-testid="${name}"]`).first(); }
  async see(name, ms = WAIT_MS) { await this.part(name).waitFor({ state: "visible", timeout: ms }).catch(() => { throw new Wrong(`${this.page.url()} does not show "${name}"`); }); return this.part(name); }
  async sees(name) { return (await this.part(name).count()) > 0 && this.part(name).isVisible(); }
  async click(name) { await (await this.see(name)).click(); }
  async text(name) { return (await (await this.see(name)).innerText()).trim(); }
  async value(name, key) { return (await this.see(name)).getAttribute(`data-${key}`); }
  async gone(name) { await this.part(name).waitFor({ state: "hidden" }).catch(() => { throw new Wrong(`"${name}" is still there`); }); }
  /* ms until @name has @value at data-@key, or a Wrong. */
  async until(name, key, value, ms) {
    const from = performance.now();
    await this.page.locator(`[data-testid="${name}"][data-${key}="${value}"]`).first().waitFor({ timeout: ms })
      .catch(async () => { throw new Wrong(`"${name}" is ${await this.part(name).getAttribute(`data-${key}`, { timeout: 100 }).catch(() => "not there")}, not ${value}, after ${ms} ms`); });
    return performance.now() - from;
  }
  style(key) { return this.page.evaluate((k) => document.documentElement.dataset[k] ?? null, key); }
  /* ms until the page honours a need. */
  async styled(key, value, ms) {
    const from = performance.now();
    await this.page.waitForFunction(([k, v]) => document.documentElement.dataset[k] === v, [key, value], { timeout: ms, polling: 20 }).catch(() => { throw new Wrong(`${this.page.url()} does not show ${key}: ${value} within ${ms} ms`); });
    return performance.now() - from;
  }
}
