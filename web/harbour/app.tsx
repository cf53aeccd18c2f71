/*
 * app.tsx: the app, 390 px wide: six tiles in her order and More.
 *
 * The promise: the menu follows what she really uses, says aloud when something moved, asks before it puts something on home, and every
 * change has its way back. Nothing on it is reloaded when she did something elsewhere.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { MenuMode, TimelineEvent } from "../shared/api";
import { announce, Dialog, Toast, Trouble, When, Waiting } from "../shared/components";
import { money, words, named } from "../shared/format";
import { Bills, isBill } from "./bills";
import { brand, titleOf } from "./brand";
import { Announcements, prefer, Suggestion, toast } from "./menu";
import { Tiles } from "./order";
import { parameter, visit, type Visit } from "./session";
import { Who } from "./who";

export default function App() {
  const person = parameter("person");
  const at = useSignal<Visit | null>(null);
  const error = useSignal<Error | null>(null);
  const screen = useSignal<string>(parameter("screen") ?? "home");
  const editing = useSignal(false);
  const why = useSignal(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const moved = useRef(false);

  const enter = async (): Promise<void> => {
    if (!person) return;
    error.value = null;
    try { at.value = await visit(person, { place: { channel: "app", touchpoint: "app-home" }, surface: "app-home", withCard: true, events: true }); } catch (e) { error.value = e as Error; }
  };
  useEffect(() => {
    void enter();
    const back = (): void => { screen.value = parameter("screen") ?? "home"; };
    addEventListener("popstate", back);
    return () => { removeEventListener("popstate", back); at.value?.leave(); };
  }, []);
  useEffect(() => { if (moved.current) heading.current?.focus(); }, [screen.value]);

  if (!person) return <main class="phone"><Head title={brand.name} /><div class="phone-body"><Who title="Who are you?" verb={(name) => `Sign in as ${name}`} /></div></main>;
  const v = at.value;
  const menu = v?.decision.value?.menu;
  if (error.value || !v || !menu) return <main class="phone"><Head title={brand.name} /><div class="phone-body"><Waiting error={error.value ?? v?.trouble.value ?? (v?.decision.value ? new Error("The server’s answer has no menu that this page can read.") : null)} again={() => void enter()} /></div></main>;

  const go = (name: string): void => {
    moved.current = true;
    screen.value = name;
    const p = new URLSearchParams(location.search);
    if (name === "home") p.delete("screen"); else p.set("screen", name);
    history.pushState(null, "", `${location.pathname}?${p}`);
  };
  const open = (option: string): void => {
    const d = v.decision.value!;
    v.screen(option, { option, surface: "app-home" });
    void v.api.response({ decision: d.decision, option }).catch(() => undefined);
    go(option);
  };
  const place = (order: string[], option: string): void => {
    const text = `${titleOf(option)} is ${order.indexOf(option) === 0 ? "first" : `in place ${order.indexOf(option) + 1}`} now, and stays there.`;
    void prefer(v, { "menu.app-home.order": order }, text, "app");
  };
  const first = v.session.name.split(" ")[0];

  return (
    <main class="phone" data-screen={screen.value}>
      <Head title={brand.name} back={screen.value === "home" ? undefined : () => go("home")} />
      <div class="phone-body stack">
        {v.trouble.value && <Trouble error={v.trouble.value} again={() => void v.decide()} />}
        {screen.value === "home" && (
          <>
            <h1 ref={heading} tabIndex={-1}>Good day, {first}.</h1>
            <OpenLine visit={v} open={() => open("pay-bill")} />
            <Announcements visit={v} />
            <Suggestion visit={v} channel="app" />
            <Tiles home={menu.home} editing={editing.value} open={open} place={place} />
            <div><button class="quiet low" data-testid="why" aria-haspopup="dialog" onClick={() => { why.value = true; }}>Why this order?</button></div>
            <div class="row between">
              <button data-testid="more" onClick={() => go("more")}>More</button>
              <button class="quiet" data-testid="reorder" aria-pressed={editing.value} onClick={() => { editing.value = !editing.value; announce(editing.value ? "Each tile now has buttons to move it." : "The order is kept."); }}>{editing.value ? "Done" : "Change the order"}</button>
            </div>
          </>
        )}
        {screen.value === "more" && (
          <>
            <h1 ref={heading} tabIndex={-1}>More</h1>
            <ul class="plain list">
              {menu.more.map((m) => (
                <li key={m.option}><button class="list-open" data-testid={`more-${m.option}`} onClick={() => open(m.option)}><span>{titleOf(m.option, m.title)}</span>
                  {m.moved !== undefined && <span class="small">moved here <When time={m.moved} />{m.why ? `: ${m.why}` : ""}</span>}</button></li>
              ))}
            </ul>
            <div class="rule"><fieldset class="stack tight">
              <legend><h2>May this menu follow what you use?</h2></legend>
              {([["do", "Yes, and tell me what moved"], ["ask", "Ask me each time"], ["no", "No, leave it as it is"]] as [MenuMode, string][]).map(([mode, text]) => (
                <label key={mode} class="row choice"><input type="radio" name="mode" data-testid={`mode-${mode}`} checked={menu.mode === mode} onChange={() => void prefer(v, { "menu.app-home.mode": mode }, "Your menu keeps to that.", "app")} /> {text}</label>
              ))}
            </fieldset></div>
            {menu.home.some((h) => h.pinned) && <div><button data-testid="order-reset" onClick={() => void prefer(v, { "menu.app-home.order": null }, "Nothing is held in place any more.", "app")}>Let go of the places I set</button></div>}
          </>
        )}
        {screen.value !== "home" && screen.value !== "more" && (
          <>
            <h1 ref={heading} tabIndex={-1}>{titleOf(screen.value)}</h1>
            {screen.value === "pay-bill" ? <Bills visit={v} /> : <Plain visit={v} option={screen.value} />}
          </>
        )}
      </div>
      {why.value && (
        <Dialog id="why-dialog" title="Why this order?" close={() => { why.value = false; }}>
          <p data-testid="why-text">{v.decision.value!.why}</p>
          {v.decision.value!.because.length > 0 && <ul class="plain because">{v.decision.value!.because.slice(0, 12).map((b) => <li key={b.event} class="row between"><span>{b.text || b.name}</span><span class="small"><When time={b.time} full /></span></li>)}</ul>}
          {menu.home.some((h) => h.pinned) && <p class="small">What you put somewhere yourself stays there.</p>}
          <div><button class="first" onClick={() => { why.value = false; }}>Close</button></div>
        </Dialog>
      )}
      {toast.value && <Toast text={toast.value.text} undo={toast.value.undo} close={() => { toast.value = null; }} />}
    </main>
  );
}

const Head = ({ title, back }: { title: string; back?: (() => void) | undefined }) => (
  <header class="masthead">{back ? <button class="back" data-testid="back" onClick={back}>Back</button> : null}<span class="bank">{title}</span></header>
);

function OpenLine({ visit, open }: { visit: Visit; open: () => void }) {
  const due = visit.card.value?.open.filter((m) => m.state === "open" && isBill(m)) ?? [];
  const first = due[0];
  return (
    <p class="open-line" aria-live="polite" data-testid="open-line" data-open={due.length}>
      {!first ? "Nothing is waiting for you." : <>{due.length === 1 ? "One bill waits: " : `${due.length} bills wait; next: `}<button class="quiet low" onClick={open}>{first.title}{first.amount !== null ? `, ${money(first.amount, first.currency)}` : ""}</button></>}
    </p>
  );
}

/* Screens that this demonstration does not play out say so, and show what she did here: never an invented figure. */
const about: Record<string, string> = {
  "balance": "Your last movements, from every channel.", "statements": "What was paid and taken, newest first.", "cards": "What you did with your cards.", "transfer": "Sending money is not played out in this demonstration.",
  "savings": "You have no savings account here yet.", "share-prices": "Prices are not played out in this demonstration; that you look at them is what counts.", "loans": "You have no loan with us.", "support": "Call us, or come to a branch: whoever helps you sees what is open and asks nothing twice.",
};
function Plain({ visit, option }: { visit: Visit; option: string }) {
  const events = useSignal<TimelineEvent[]>([]);
  const wants = option === "balance" || option === "statements";
  useEffect(() => { if (wants) void visit.api.timeline(visit.session.cid, null, 200).then((t) => { events.value = t.events.filter((e) => typeof e.properties["amount"] === "number").slice(0, 30); }, () => undefined); }, [option]);
  return (
    <div class="stack">
      <p class="lead">{named(about, option) ?? "This part is not played out in the demonstration."}</p>
      {wants && <ul class="plain list">{events.value.map((e) => <li key={e.event} class="bill"><div class="stack tight"><strong>{words(e.name)}</strong><span class="small"><When time={e.time} full /></span></div><span class="sum">−{money(Number(e.properties["amount"]), String(e.properties["currency"] ?? "EUR"))}</span></li>)}</ul>}
    </div>
  );
}
