/*
 * main.tsx: the console: a rail of words, one page beside it, and the keys.
 *
 * The rail lists only pages that exist. `/` finds a customer, `g` and a letter goes, `t` turns a chart into its table, `?` shows the keys;
 * all keys can be switched off.
 */
import "./console.css";
import type { ComponentType } from "preact";
import { render } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Announcer, Dialog, Mark } from "../shared/components";
import { Card } from "./card";
import { Customers } from "./customers";
import { Overview } from "./overview";
import { follow, go, parameters, segments } from "./route";
import { display, dress, outside, show, type Display } from "./state";

type Load = () => Promise<{ default: ComponentType }>;
/* The rail; what is hidden is opened from a figure. A page with @load comes when it is first opened; @inside is what is opened from a figure of it. */
const pages: { name: string; title: string; key: string; load?: Load; hidden?: true; inside?: { title: string; load?: Load } }[] = [
  { name: "", title: "Overview", key: "o" },
  { name: "customers", title: "Customers", key: "c", inside: { title: "Customer" } },
  { name: "journeys", title: "Journeys", key: "j", load: () => import("./journeys"), inside: { title: "Customers on a journey", load: () => import("./journey-customers") } },
  { name: "broken", title: "Broken", key: "b", load: () => import("./broken"), inside: { title: "A broken spot" } },
  { name: "voice", title: "Voice", key: "v", load: () => import("./voice"), inside: { title: "Customers behind an answer", load: () => import("./voice-customers") } },
  { name: "worth", title: "Worth", key: "w", load: () => import("./worth"), inside: { title: "Customers of a group", load: () => import("./worth-customers") } },
  { name: "layers", title: "Layers", key: "l", load: () => import("./layers") },
  { name: "roadmap", title: "Roadmap", key: "r", load: () => import("./roadmap") },
  { name: "inventory", title: "Inventory", key: "i", load: () => import("./inventory") },
  { name: "trust", title: "Trust", key: "t", load: () => import("./trust") },
  { name: "score", title: "The score", key: "", hidden: true, load: () => import("./score") },
];
const help = signal(false);
const KEY_WAIT_MS = 1200;

function useKeys(search: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    let after_g = 0;
    const down = (e: KeyboardEvent): void => {
      if (!display.value.keys || e.ctrlKey || e.metaKey || e.altKey || (e.target as Element).closest("input, select, textarea, dialog")) return;
      if (after_g && Date.now() - after_g < KEY_WAIT_MS) {
        after_g = 0;
        const page = pages.find((p) => !p.hidden && p.key === e.key);
        if (page) { e.preventDefault(); go(`/console${page.name ? `/${page.name}` : ""}`); }
        return;
      }
      if (e.key === "/") { e.preventDefault(); search.current?.focus(); search.current?.select(); }
      else if (e.key === "?") { e.preventDefault(); help.value = true; }
      else if (e.key === "g") after_g = Date.now();
      else if (e.key === "t") document.dispatchEvent(new CustomEvent("attune:table"));
    };
    document.addEventListener("keydown", down);
    return () => document.removeEventListener("keydown", down);
  }, []);
}

function Lazy({ load }: { load: Load }) {
  const [Page, setPage] = useState<ComponentType | null>(null);
  useEffect(() => { void load().then((m) => setPage(() => m.default)); }, []);
  return Page ? <Page /> : <p class="soft" role="status">One moment.</p>;
}

function Console() {
  const search = useRef<HTMLInputElement>(null);
  const main = useRef<HTMLElement>(null);
  const [page, id] = segments.value;
  const at = pages.find((p) => p.name === page), load = id && at?.inside ? at.inside.load ?? at.load : at?.load;
  useKeys(search);
  const first = useRef(true);
  /* At once, not after the paint: who types `/` quickly must not lose the field again. */
  useLayoutEffect(() => {
    if (first.current) { first.current = false; return; }
    main.current?.focus({ preventScroll: true });
  }, [page, id]);
  useEffect(() => {
    const here = pages.find((p) => p.name === (page ?? ""));
    document.title = `${(id ? here?.inside?.title : here?.title) ?? "Not found"}, Attune`;
  }, [page, id]);
  if (outside.value) return <SignIn />;

  return (
    <div class="frame" onClick={follow}>
      <a class="skip" href="#main">To the content</a>
      <header class="rail">
        <a class="word" href="/console">Attune</a>
        <nav aria-label="Pages">
          <ul class="plain">
            {pages.filter((p) => !p.hidden).map((p) => <li key={p.name}><a href={`/console${p.name ? `/${p.name}` : ""}`} aria-current={(page ?? "") === p.name ? "page" : undefined}>{p.title}</a></li>)}
          </ul>
        </nav>
        <form role="search" class="rail-search" onSubmit={(e) => { e.preventDefault(); go(`/console/customers?q=${encodeURIComponent(search.current?.value.trim() ?? "")}`); }}>
          <label for="search" class="small">Find a customer {display.value.keys && <kbd>/</kbd>}</label>
          <input id="search" ref={search} type="search" placeholder="Name or email" autoComplete="off" />
        </form>
        <button class="quiet low rail-help" aria-haspopup="dialog" onClick={() => { help.value = true; }}>Keys and display</button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {page === undefined ? <Overview /> : page === "customers" && id ? <Card key={id} cid={id} /> : page === "customers" ? <Customers /> : load ? <Lazy key={`${page}${id ? " inside" : ""}`} load={load} />
          : <><h1>There is no page here.</h1><p><a href="/console">To the overview</a></p></>}
      </main>
      {help.value && <Help />}
      <Announcer />
    </div>
  );
}

function Help() {
  const d = display.value;
  const choice = <K extends "text" | "contrast" | "theme">(name: K, title: string, options: [Display[K], string][]) => (
    <fieldset class="row"><legend class="small">{title}</legend>
      {options.map(([value, text]) => <label key={value} class="row choice"><input type="radio" name={name} checked={d[name] === value} onChange={() => show({ [name]: value } as Partial<Display>)} />{text}</label>)}
    </fieldset>
  );
  return (
    <Dialog id="help" title="Keys and display" close={() => { help.value = false; }}>
      <table><caption class="out-of-sight">Keys</caption><tbody>
        <tr><th scope="row"><kbd>/</kbd></th><td>find a customer</td></tr>
        {pages.filter((p) => !p.hidden).map((p) => <tr key={p.key}><th scope="row"><kbd>g</kbd> <kbd>{p.key}</kbd></th><td>go to {p.title}</td></tr>)}
        <tr><th scope="row"><kbd>t</kbd></th><td>show a chart as its table, and back</td></tr>
        <tr><th scope="row"><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd></th><td>walk on the journey map</td></tr>
        <tr><th scope="row"><kbd>?</kbd></th><td>this list</td></tr>
      </tbody></table>
      <label class="row choice"><input type="checkbox" checked={d.keys} onChange={(e) => show({ keys: e.currentTarget.checked })} />Use these keys</label>
      {choice("text", "Letters", [["normal", "Usual"], ["huge", "Huge"]])}
      {choice("contrast", "Contrast", [["normal", "Usual"], ["high", "High"]])}
      {choice("theme", "Colours", [["device", "As the device"], ["light", "Light"], ["dark", "Dark"]])}
      <div><button class="first" onClick={() => { help.value = false; }}>Close</button></div>
    </Dialog>
  );
}

function SignIn() {
  return (
    <main class="sign-in stack">
      <p class="word">Attune</p>
      <h1>Paste the console’s key.</h1>
      <p class="soft">It is the secret key that <code>attune init</code> showed when the server was set up. It is kept as a hash only, so it is not shown again.</p>
      {parameters.value.has("refused") && <p role="alert"><Mark means="broken">That was not the key. Check that all of it was pasted.</Mark></p>}
      <form method="post" action="/console/enter" class="stack">
        <div class="field"><label for="key">Key</label><input id="key" name="key" type="password" autoComplete="current-password" required /></div>
        <div><button class="first">Open the console</button></div>
      </form>
    </main>
  );
}

dress();
render(<Console />, document.getElementById("page")!);
