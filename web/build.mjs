/*
 * build.mjs: bundles the pages into dist/ and lists them in dist/assets.json.
 *
 * Each entry of assets.json is {path, file, type, immutable}: the path the server answers, the file in dist/, the content type and
 * whether a browser may keep it for ever (its name carries a hash of its content). `name` gives the unhashed name of an entry that
 * the server itself must write into a page, such as portal.css.
 */
import * as esbuild from "esbuild";
import { mkdirSync, readFileSync, rmSync, writeFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shapes } from "./shapes.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const entries = { console: "console/main.tsx", harbour: "harbour/main.tsx", portal: "portal/portal.ts" };

/* The worker is built first: the pages must know its hashed name. */
const worker = await esbuild.build({
  absWorkingDir: here, entryPoints: { stream: "shared/stream-worker.ts" }, outdir: dist, entryNames: "assets/[name]-[hash]",
  bundle: true, format: "esm", minify: true, metafile: true, legalComments: "none", target: ["es2022"], logLevel: "warning",
});
const worker_path = `/${Object.keys(worker.metafile.outputs)[0].replace(/^dist\//, "")}`;

const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { ...entries, "portal-style": "portal/portal.css" },
  outdir: dist,
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/part-[hash]",
  assetNames: "assets/[name]-[hash]",
  publicPath: "/",
  bundle: true, splitting: true, format: "esm", minify: true, metafile: true, legalComments: "none",
  target: ["es2022"],
  jsx: "automatic", jsxImportSource: "preact",
  loader: { ".woff2": "file" },
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis", STREAM_WORKER: JSON.stringify(worker_path), SHAPES: JSON.stringify(JSON.stringify(shapes(readFileSync(join(here, "shared/api.ts"), "utf8")))) },
  logLevel: "warning",
});

const types = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", html: "text/html; charset=utf-8", woff2: "font/woff2", svg: "image/svg+xml" };
const outputs = Object.entries(result.metafile.outputs).map(([file, o]) => ({ file: file.replace(/^dist\//, ""), ...o }));
const byEntry = (source) => outputs.find((o) => o.entryPoint === source);

function html(title, entry, extra = "") {
  const out = byEntry(entry);
  const css = out.cssBundle?.replace(/^dist\//, "");
  return `<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${css ? `<link rel="stylesheet" href="/${css}">\n` : ""}${extra}<script type="module" src="/${out.file}"></script>
</head>
<body><div id="page"></div><noscript><p>This page needs scripts. Your own data page, /me, works without.</p></noscript></body>
</html>
`;
}
writeFileSync(join(dist, "console.html"), html("Attune", entries.console));
writeFileSync(join(dist, "harbour.html"), html("Harbour", entries.harbour));

const style = byEntry("portal/portal.css").file;
const script = byEntry(entries.portal).file;

const names = { [style]: "portal.css", [script]: "portal.js" };
const assets = readdirSync(join(dist, "assets")).sort().map((file) => ({
  path: `/assets/${file}`, file: `assets/${file}`, type: types[file.split(".").pop()], immutable: true,
  ...(names[`assets/${file}`] ? { name: names[`assets/${file}`] } : {}),
}));
const page = (path, file) => ({ path, file, type: types.html, immutable: false });
const pages = [
  page("/console", "console.html"), page("/console/*", "console.html"),
  ...["", "/machine", "/app", "/web", "/branch", "/queue", "/shop", "/product"].map((p) => page(`/harbour${p}`, "harbour.html")),
];
writeFileSync(join(dist, "assets.json"), JSON.stringify([...pages, ...assets], null, 1) + "\n");

/* What a first visit loads, for check-budget.mjs: the entry and everything it imports at once. */
function first(entry) {
  const seen = new Set();
  const walk = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const o = outputs.find((x) => x.file === file);
    if (o.cssBundle) seen.add(o.cssBundle.replace(/^dist\//, ""));
    for (const i of o.imports) if (i.kind === "import-statement") walk(i.path.replace(/^dist\//, ""));
  };
  walk(byEntry(entry).file);
  return [...seen];
}
writeFileSync(join(here, "dist", "first-load.json"), JSON.stringify({
  console: first(entries.console), harbour: first(entries.harbour), portal: [style, ...first(entries.portal)],
  parts: outputs.map((o) => o.file).filter((f) => basename(f).startsWith("part-")),
}, null, 1) + "\n");
