/* check-budget.mjs: fails when a first load has grown past what look.md allows. Gzipped script and style; the font apart. */
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "dist");
const load = JSON.parse(readFileSync(join(dist, "first-load.json"), "utf8"));
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const budgets = { console: 60_000, portal: 20_000, harbour: Infinity };
let failed = 0;
for (const [name, most] of Object.entries(budgets)) {
  const bytes = load[name].filter((f) => !f.endsWith(".woff2")).reduce((sum, f) => sum + size(f), 0);
  const ok = bytes <= most;
  if (!ok) failed++;
  console.log(`${ok ? "ok" : "too large"} ${name} first load ${bytes} bytes gzipped${most === Infinity ? "" : ` of ${most}`}`);
}
for (const part of load.parts) console.log(`   ${part} ${size(part)} bytes gzipped, loaded when needed`);
process.exit(failed ? 1 : 0);
