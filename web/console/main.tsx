/*
 * main.tsx: the console: a rail of words, one page beside it, and the keys.
 *
 * The rail lists only pages that exist and that who is signed in may see. `/` finds a customer, `g` and a letter goes, `t` turns a chart into its table, `?` shows the keys;
 * all keys can be switched off.
 */
import "./console.css";
import type { ComponentType } from "preact";
import { render } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../shared/api";
import { Announcer, announce, Dialog, Mark, Part, Trouble } from "../shared/components";
import { Card } from "./card";
import { DamageNotice } from "./damage-notice";
import { plural } from "../shared/format";
import { Customers } from "./customers";
import { Overview } from "./overview";
import { address, follow, go, segments } from "./route";
import { api, display, dress, leave, may, show, signedIn, unread, type Display } from "./state";

type Load = () => Promise<{ default: ComponentType }>;
/* The rail; what is hidden is opened from a figure. A page is there for whoever may call what it @needs. A page with @load comes when it is first opened; @inside is what is opened from a figure of it. */
const pages: { name: string; title: string; key: string; needs: string; load?: Load; hidden?: true; inside?: { title: string; load?: Load } }[] = [
  { name: "", title: "Overview", key: "o", needs: "GET /v1/overview" },
  { name: "customers", title: "Customers", key: "c", needs: "GET /v1/customers", inside: { title: "Customer" } },
  { name: "journeys", title: "Journeys", key: "j", needs: "GET /v1/journeys", load: () => import("./journeys"), inside: { title: "Customers on a journey", load: () => import("./journey-customers") } },
  { name: "broken", title: "Broken", key: "b", needs: "GET /v1/broken", load: () => import("./broken"), inside: { title: "A broken spot" } },
  { name: "voice", title: "Voice", key: "v", needs: "GET /v1/voice", load: () => import("./voice"), inside: { title: "Customers behind an answer", load: () => import("./voice-customers") } },
  { name: "worth", title: "Worth", key: "w", needs: "GET /v1/worth", load: () => import("./worth"), inside: { title: "Customers of a group", load: () => import("./worth-customers") } },
  { name: "layers", title: "Layers", key: "l", needs: "GET /v1/layers", load: () => import("./layers") },
  { name: "roadmap", title: "Roadmap", key: "r", needs: "GET /v1/roadmap", load: () => import("./roadmap") },
  { name: "inventory", title: "Inventory", key: "i", needs: "GET /v1/inventory", load: () => import("./inventory") },
  { name: "trust", title: "Trust", key: "t", needs: "GET /v1/trust", load: () => import("./trust") },
  { name: "staff", title: "Accounts of staff", key: "", needs: "GET /v1/staff", hidden: true, load: () => import("./staff") },
  { name: "keys", title: "Keys", key: "", needs: "GET /v1/keys", hidden: true, load: () => import("./keys") },
  { name: "damage", title: "Damaged data", key: "", needs: "GET /v1/damage", hidden: true, load: () => import("./damage") },
  { name: "score", title: "The score", key: "", needs: "GET /v1/scorecard/{item}", hidden: true, load: () => import("./score") },
];
const shown = () => pages.filter((p) => !p.hidden && may(p.needs));
const help = signal(false), password = signal(false);
const KEY_WAIT_MS = 1200;

function useKeys(search: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    let after_g = 0;
    const down = (e: KeyboardEvent): void => {
      if (!display.value.keys || e.ctrlKey || e.metaKey || e.altKey || (e.target as Element).closest("input, select, textarea, dialog")) return;
      if (after_g && Date.now() - after_g < KEY_WAIT_MS) {
        after_g = 0;
        const page = shown().find((p) => p.key === e.key);
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
  const [error, setError] = useState<Error | null>(null);
  const ask = (): void => { setError(null); void load().then((m) => setPage(() => m.default), () => setError(new Error("This page could not be loaded. Check that the server runs, then try again."))); };
  useEffect(ask, []);
  return Page ? <Page /> : error ? <Trouble error={error} again={ask} /> : <p class="soft" role="status">One moment.</p>;
}

function Outside() {
  return <><h1>This page is outside your role.</h1><p class="soft">Whoever looks after accounts can widen it.</p></>;
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
    if (unread.value.size) unread.value = new Map();
    main.current?.focus({ preventScroll: true });
  }, [page, id]);
  useEffect(() => {
    const here = pages.find((p) => p.name === (page ?? ""));
    document.title = `${(id ? here?.inside ?? here : here)?.title ?? "Not found"}, Attune`;
  }, [page, id]);
  useEffect(() => { if (page === undefined && !may("GET /v1/overview") && shown()[0]) go(`/console/${shown()[0]!.name}`, true); }, [page]);

  return (
    <div class="frame" onClick={follow}>
      <a class="skip" href="#main">To the content</a>
      <header class="rail">
        <a class="word" href="/console">Attune</a>
        <nav aria-label="Pages">
          <ul class="plain">
            {shown().map((p) => <li key={p.name}><a href={`/console${p.name ? `/${p.name}` : ""}`} aria-current={(page ?? "") === p.name ? "page" : undefined}>{p.title}</a></li>)}
          </ul>
        </nav>
        {may("GET /v1/customers") && <form role="search" class="rail-search" onSubmit={(e) => { e.preventDefault(); go(`/console/customers?q=${encodeURIComponent(search.current?.value.trim() ?? "")}`); }}>
          <label for="search" class="small">Find a customer {display.value.keys && <kbd>/</kbd>}</label>
          <input id="search" ref={search} type="search" placeholder="Name or email" autoComplete="off" />
        </form>}
        <SignedIn />
        <button class="quiet low rail-help" aria-haspopup="dialog" onClick={() => { help.value = true; }}>Keys and display</button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {page !== "damage" && <Part title="What is damaged on disk"><DamageNotice /></Part>}
        <Unread />
        <Part title={`The page “${(at && id ? at.inside ?? at : at ?? pages[0]!).title}”`} at={address.value}>{at && !may(at.needs) ? <Outside /> : page === undefined ? may("GET /v1/overview") ? <Overview /> : !shown()[0] && <Outside /> : page === "customers" && id ? <Card key={id} cid={id} /> : page === "customers" ? <Customers /> : load ? <Lazy key={`${page}${id ? " inside" : ""}`} load={load} />
          : <><h1>There is no page here.</h1><p><a href="/console">To the overview</a></p></>}</Part>
      </main>
      {help.value && <Help />}
      {password.value && <Password />}
      <Announcer />
    </div>
  );
}

/* Which fields of the server's answers this page could not read: they are missing from what it shows. */
function Unread() {
  const all = [...unread.value].flatMap(([path, fields]) => fields.map((field) => `${field} of ${path}`));
  if (all.length === 0) return null;
  return <div class="notice watch small" role="status" data-testid="unread"><Mark means="watch">{plural(all.length, "field")} of the server’s answers cannot be read and {all.length === 1 ? "is" : "are"} shown as missing: {all.slice(0, 5).join("; ")}{all.length > 5 ? "; …" : ""}. The page and the server may be of different versions: reload the page.</Mark></div>;
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
        {shown().map((p) => <tr key={p.key}><th scope="row"><kbd>g</kbd> <kbd>{p.key}</kbd></th><td>go to {p.title}</td></tr>)}
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

/* Who is signed in, and the way out. */
function SignedIn() {
  const who = signedIn.value!;
  return (
    <div class="rail-who" data-testid="signed-in">
      <span>{who.name}<span class="small block">{who.roles.replaceAll(",", ", ")}</span></span>
      {may("GET /v1/staff") && <a href="/console/staff" data-testid="staff">Accounts of staff</a>}
      {may("GET /v1/keys") && <a href="/console/keys" data-testid="keys-page">Keys</a>}
      {who.has_password && <button class="quiet low" aria-haspopup="dialog" data-testid="password" onClick={() => { password.value = true; }}>Change password</button>}
      <button class="quiet low" data-testid="sign-out" onClick={() => void api.signOut().then(leave, leave)}>Sign out</button>
    </div>
  );
}

function Password() {
  const [error, setError] = useState<Error | null>(null);
  const close = (): void => { password.value = false; };
  const change = (form: HTMLFormElement): void => {
    const data = new FormData(form), of = (name: string): string => String(data.get(name) ?? "");
    if (of("new") !== of("again")) { setError(new Error("The two new passwords are not the same. Type them once more.")); return; }
    void api.password({ old: of("old"), new: of("new") }).then(() => { close(); announce("The password is changed."); }, setError);
  };
  return (
    <Dialog id="password-dialog" title="Change your password" close={close}>
      <p>Wherever else you are signed in, you will be signed out.</p>
      {error && <Trouble error={error} />}
      <form class="stack" onSubmit={(e) => { e.preventDefault(); change(e.currentTarget); }}>
        <div class="field"><label for="old">Password now</label><input id="old" name="old" type="password" autoComplete="current-password" required /></div>
        <div class="field"><label for="new">New password</label><input id="new" name="new" type="password" autoComplete="new-password" required aria-describedby="new-hint" /><span class="small" id="new-hint">At least 12 letters; a few words are easy to keep.</span></div>
        <div class="field"><label for="again">The same once more</label><input id="again" name="again" type="password" autoComplete="new-password" required /></div>
        <div class="row"><button class="first">Change it</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}

/* Nothing is shown before it is known who looks. */
function Door() {
  const [error, setError] = useState<Error | null>(null);
  const ask = (): void => { setError(null); void api.signedIn().then((who) => { signedIn.value = who; }, (e: Error) => { if (e instanceof ApiError && e.status === 401) leave(); else setError(e); }); };
  useEffect(ask, []);
  if (signedIn.value) return <Console />;
  return <main class="sign-in stack"><p class="word">Attune</p>{error ? <><h1>The console cannot be shown.</h1><Trouble error={error} again={ask} /></> : <p class="soft" role="status">One moment.</p>}</main>;
}

dress();
render(<Part title="The console"><Door /></Part>, document.getElementById("page")!);
