/* web.tsx: the online bank: what is to be paid first, and the same menu as everywhere, as links. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Toast, Trouble, Waiting } from "../shared/components";
import { Bills } from "./bills";
import { brand, titleOf } from "./brand";
import { Announcements, Suggestion, toast } from "./menu";
import { parameter, visit, type Visit } from "./session";
import { Who } from "./who";

export default function Web() {
  const person = parameter("person");
  const at = useSignal<Visit | null>(null);
  const error = useSignal<Error | null>(null);
  const shown = useSignal(parameter("screen") ?? "pay-bill");
  const enter = async (): Promise<void> => {
    if (!person) return;
    error.value = null;
    try { at.value = await visit(person, { place: { channel: "web", touchpoint: "web-home" }, surface: "app-home", withCard: true, events: true }); } catch (e) { error.value = e as Error; }
  };
  useEffect(() => { void enter(); return () => at.value?.leave(); }, []);
  const v = at.value;
  const menu = v?.decision.value?.menu;

  return (
    <div class="online">
      <a class="skip" href="#main">To the content</a>
      <header class="masthead"><span class="bank">{brand.name}</span><span>{v ? v.session.name : "Online bank"}</span>{v && <a href="/harbour/web">Sign out</a>}</header>
      {!person ? <main id="main" class="online-body"><Who title="Who are you?" verb={(name) => `Sign in as ${name}`} /></main> : (
        <div class="online-body columns">
          <nav aria-label="Your menu">
            <ul class="plain list" data-testid="menu">
              {menu?.home.map((h) => <li key={h.option}><a href={`/harbour/web?person=${person}&screen=${h.option}`} data-testid={`tile-${h.option}`} aria-current={shown.value === h.option ? "page" : undefined}
                onClick={(e) => { e.preventDefault(); shown.value = h.option; v!.screen(h.option, { option: h.option, surface: "app-home" }); void v!.api.response({ decision: v!.decision.value!.decision, option: h.option }).catch(() => undefined); }}>{titleOf(h.option, h.title)}</a></li>)}
            </ul>
            {menu && menu.more.length > 0 && (
              <details><summary data-testid="more">More</summary><ul class="plain list">{menu.more.map((m) => <li key={m.option}><a href={`/harbour/web?person=${person}&screen=${m.option}`} data-testid={`more-${m.option}`} onClick={(e) => { e.preventDefault(); shown.value = m.option; v!.screen(m.option, { option: m.option, surface: "app-home" }); }}>{titleOf(m.option, m.title)}</a></li>)}</ul></details>
            )}
          </nav>
          <main id="main" class="stack">
            {error.value && v && <Trouble error={error.value} again={() => void enter()} />}
            {v?.trouble.value && <Trouble error={v.trouble.value} again={() => void v.decide()} />}
            {!v ? <Waiting error={error.value} again={() => void enter()} /> : (
              <>
                <h1>{shown.value === "pay-bill" ? "What is to be paid?" : titleOf(shown.value)}</h1>
                <Announcements visit={v} />
                {shown.value === "pay-bill" ? <Bills visit={v} /> : <p class="lead">This part is not played out in the demonstration; that you opened it counts, and your menu follows.</p>}
                <Suggestion visit={v} channel="web" />
              </>
            )}
          </main>
        </div>
      )}
      {toast.value && <Toast text={toast.value.text} undo={toast.value.undo} close={() => { toast.value = null; }} />}
    </div>
  );
}
