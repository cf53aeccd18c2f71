/* inventory.tsx: where customers meet the company: what is seen, what is silent, what staff said, and which channels share customers. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Inventory as Answer, InventoryTouchpoint, Shared } from "../shared/api";
import { announce, Dialog, Empty, Mark, Trouble, When } from "../shared/components";
import { count, percent, plural, words } from "../shared/format";
import { Top } from "./page";
import { api, asking } from "./state";

const { state, ask } = asking<Answer>();
const load = (): void => void ask(() => api.inventory());
const people = (n: number | null): string => (n === null ? "few" : count(n));
const channels = ["web", "app", "email", "phone", "chat", "store", "branch", "machine", "post", "social"];

/* Which of them know the same customers: what one knows alone, the other has to ask again. */
function SharedTable({ id, title, of, pairs, says }: { id: string; title: string; of: string; pairs: Shared[]; says: (name: string) => string }) {
  return (
    <section class="stack rule" aria-labelledby={id}><h2 id={id}>{title}</h2>
      {pairs.length === 0 ? <p class="soft">No two {of} share customers enough to show.</p> : <div class="wide" tabIndex={0} role="region" aria-label={`Table of ${of} that share customers`}><table data-testid={id}><thead><tr><th scope="col">One</th><th scope="col">Other</th><th scope="col" class="n">Customers of both</th><th scope="col" class="n">of the one</th><th scope="col" class="n">of the other</th></tr></thead>
        <tbody>{[...pairs].sort((a, b) => b.customers - a.customers).map((s) => <tr key={s.one + s.other}><th scope="row">{says(s.one)}</th><td>{says(s.other)}</td><td class="n">{count(s.customers)}</td><td class="n">{percent(s.customers / s.of_one)}</td><td class="n">{percent(s.customers / s.of_other)}</td></tr>)}</tbody></table></div>}
    </section>
  );
}

export default function Inventory() {
  const noting = useSignal<string | null>(null);
  const adding = useSignal(false);
  useEffect(load, []);
  const { value: v, error } = state.value;
  if (error) return <><Top sentence="The inventory" /><Trouble error={error} again={load} /></>;
  if (!v) return <><Top sentence="The inventory" /><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={v.sentence} rests={`${count(v.events)} events of ${people(v.customers)} customers in ${count(v.days)} days.`} />
      <section class="stack" aria-labelledby="touchpoints"><div class="row between"><h2 id="touchpoints">Touchpoints</h2><button class="low" data-testid="add-touchpoint" onClick={() => { adding.value = true; }}>Enter one by hand</button></div>
        {v.touchpoints.length === 0 ? <Empty title="None yet"><p class="soft">Events that name a touchpoint appear here by themselves.</p></Empty> : (
          <div class="wide" tabIndex={0} role="region" aria-label="Table of touchpoints"><table data-testid="touchpoints"><thead><tr><th scope="col">Touchpoint</th><th scope="col">Channel</th><th scope="col" class="n">Customers</th><th scope="col" class="n">Events</th><th scope="col">Last</th><th scope="col">Rests on</th><th scope="col">What staff said</th></tr></thead>
            <tbody>{v.touchpoints.map((t) => <tr key={t.touchpoint} data-touchpoint={t.touchpoint} data-seen={t.seen}><th scope="row">{t.title}{!t.configured && <span class="small block">seen, but not written down</span>}</th><td>{words(t.channel)}</td>
              <td class="n">{t.seen ? people(t.customers) : ""}</td><td class="n">{t.seen ? (t.customers === null ? "few" : count(t.events)) : ""}</td><td>{t.seen ? t.last !== null && <When time={t.last} /> : <Mark means="watch">silent</Mark>}</td>
              <td class="small">{rests(t)}</td><td class="small">{t.notes.map((n) => <p key={n.note}>“{n.says}”{n.by ? `, ${n.by}` : ""}</p>)}<button class="quiet low" onClick={() => { noting.value = t.touchpoint; }}>Add a note<span class="out-of-sight"> on {t.title}</span></button></td></tr>)}</tbody></table></div>
        )}</section>
      <section class="stack rule" aria-labelledby="interactions"><h2 id="interactions">Interactions</h2>
        <div class="wide" tabIndex={0} role="region" aria-label="Table of interactions"><table data-testid="interactions"><thead><tr><th scope="col">What customers do</th><th scope="col" class="n">Customers, at least</th><th scope="col" class="n">Events</th><th scope="col">At</th></tr></thead>
          <tbody>{v.interactions.map((i) => <tr key={i.interaction}><th scope="row">{i.title}</th><td class="n">{i.seen ? people(i.customers) : ""}</td><td class="n">{i.seen ? count(i.events) : i.recognised ? <Mark means="watch">not seen</Mark> : "not recognised by events"}</td><td class="small">{i.at.map((x) => words(x)).join(", ")}</td></tr>)}</tbody></table></div></section>
      <SharedTable id="shared" title="Channels that share customers" of="channels" pairs={v.shared} says={words} />
      <SharedTable id="shared-sources" title="Senders that share customers" of="senders" pairs={v.sources} says={(name) => name} />
      {noting.value !== null && <Note about={noting.value} close={() => { noting.value = null; }} />}
      {adding.value && <Add close={() => { adding.value = false; }} />}
    </>
  );
}

const rests = (t: InventoryTouchpoint): string => t.rests_on.map((r) => (r.sort && r.sort !== "software" ? `${r.title} (${r.sort})` : r.title)).join(", ") || "not written down";

function Note({ about, close }: { about: string; close: () => void }) {
  const error = useSignal<Error | null>(null);
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form);
    try {
      await api.document("note", `${about}-${Date.now().toString(36)}`, { about, says: String(data.get("says")).trim(), by: String(data.get("by")).trim(), at: new Date().toISOString().slice(0, 10) });
      announce("The note stands."); close(); load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="note" title={`A note on ${words(about)}`} close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        <div class="field"><label for="says">What is broken, missing or silly there?</label><textarea id="says" name="says" rows={3} required maxLength={600} /></div>
        <div class="field"><label for="by">Who says it</label><input id="by" name="by" maxLength={80} /></div>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="note-save">Keep it</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}

function Add({ close }: { close: () => void }) {
  const error = useSignal<Error | null>(null);
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), title = String(data.get("title")).trim();
    try {
      await api.document("touchpoint", title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, ""), { title, channel: String(data.get("channel")), need: String(data.get("need")).trim() || undefined });
      announce("Entered. It is shown as silent until an event names it."); close(); load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="add" title="A touchpoint that sends nothing" close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        <div class="field"><label for="add-title">What it is called</label><input id="add-title" name="title" required maxLength={80} /></div>
        <div class="field"><label for="add-channel">Channel</label><select id="add-channel" name="channel">{channels.map((c) => <option key={c} value={c}>{words(c)}</option>)}</select></div>
        <div class="field"><label for="need">What customers need there</label><input id="need" name="need" maxLength={200} /></div>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="add-save">Enter it</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}
