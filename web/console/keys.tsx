/*
 * keys.tsx: the keys that open the interface: made, limited to routes, revoked. For admins alone; the server checks it, too.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ApiKey, ApiKeyMade } from "../shared/api";
import { announce, Dialog, Empty, Mark, Trouble } from "../shared/components";
import { plural, shortDay } from "../shared/format";
import { Top } from "./page";
import { api, asking } from "./state";

const keys = asking<{ keys: ApiKey[] }>();
const load = (): void => void keys.ask(() => api.keys());
const groups: [string, string][] = [["collect", "send events"], ["decide", "ask for decisions and answer them"], ["customers", "read and change single customers"], ["read", "read everything that its scope opens, and change nothing"]];
const called = (k: ApiKey): string => k.name || `the ${k.scope} key of ${k.source}`;
const opens = (k: ApiKey): string => k.routes.length ? k.routes.join(", ") : k.scope === "secret" ? "everything" : "all that a page may do";

export default function Keys() {
  const making = useSignal(false), made = useSignal<ApiKeyMade | null>(null), revoking = useSignal<ApiKey | null>(null);
  useEffect(load, []);
  const { value, error } = keys.state.value;
  if (error) return <><Top sentence="Keys" /><Trouble error={error} again={load} /></>;
  if (!value) return <><Top sentence="Keys" /><p class="soft" role="status">One moment.</p></>;
  const open = value.keys.filter((k) => !k.revoked);
  return (
    <>
      <Top sentence={`${plural(open.length, "key opens", "keys open")} the interface.`} rests="A write key may stand in a page or an app. A secret key belongs on a server. What is changed here holds at once and is in the audit trail." />
      {made.value && <section class="stack" role="status" data-testid="made"><p>Copy the new key now. It is shown only once:</p><p><code class="token">{made.value.key}</code></p></section>}
      <section class="stack" aria-labelledby="keys"><h2 id="keys">Keys</h2>
        <div><button class="first" data-testid="make" onClick={() => { made.value = null; making.value = true; }}>Make a key</button></div>
        {value.keys.length === 0 ? <Empty title="There is no key"><p class="soft">Without a key nothing can send events or ask for decisions. Make one for each source: a page, an app, a server.</p></Empty> : (
          <div class="wide" tabIndex={0} role="region" aria-label="Table of keys"><table data-testid="keys"><thead><tr><th scope="col">Key</th><th scope="col">Scope</th><th scope="col">Opens</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">To do</th></tr></thead>
            <tbody>{value.keys.map((k) => <tr key={k.id} data-key={k.id} data-revoked={Boolean(k.revoked)}><th scope="row">{called(k)}<span class="small block"><code>{k.id}</code>, source {k.source}</span></th>
              <td>{k.scope}</td><td>{opens(k)}{k.events_a_minute ? <span class="small block">at most {plural(k.events_a_minute, "event")} a minute</span> : null}</td><td>{shortDay(k.created)}</td><td>{k.last_used ? shortDay(k.last_used) : <span class="soft">not yet</span>}</td>
              <td>{k.revoked ? <Mark means="broken">revoked on {shortDay(k.revoked)}</Mark> : <button class="low" data-testid={`revoke-${k.id}`} onClick={() => { made.value = null; revoking.value = k; }}>Revoke<span class="out-of-sight">: {called(k)}</span></button>}</td></tr>)}</tbody></table></div>
        )}
      </section>
      {making.value && <Make close={() => { making.value = false; }} done={(k) => { made.value = k; }} />}
      {revoking.value && <Revoke k={revoking.value} close={() => { revoking.value = null; }} />}
    </>
  );
}

function Make({ close, done }: { close: () => void; done: (k: ApiKeyMade) => void }) {
  const error = useSignal<Error | null>(null);
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), of = (name: string): string => String(data.get(name) ?? "").trim();
    try {
      done(await api.makeKey({ scope: of("scope"), source: of("source"), name: of("name"), routes: data.getAll("route").map(String) }));
      announce("The key is made. It is shown only once."); close(); load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="key-dialog" title="Make a key" close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        <div class="field"><label for="key-name">What it is for</label><input id="key-name" name="name" required maxLength={80} autoComplete="off" /></div>
        <div class="field"><label for="key-source">Source of its events, one word</label><input id="key-source" name="source" required maxLength={40} pattern="[^\s]+" autoComplete="off" /></div>
        <fieldset class="stack"><legend class="small">Scope</legend>
          <label class="row choice"><input type="radio" name="scope" value="write" defaultChecked />write: for a page or an app, where anybody can read it</label>
          <label class="row choice"><input type="radio" name="scope" value="secret" />secret: for a server</label></fieldset>
        <fieldset class="stack"><legend class="small">Limited to (nothing chosen: all that its scope opens)</legend>{groups.map(([group, says]) => <label key={group} class="row choice"><input type="checkbox" name="route" value={group} />{group}: {says}</label>)}</fieldset>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="key-save">Make the key</button><button type="button" onClick={close}>Cancel</button></div>
      </form>
    </Dialog>
  );
}

function Revoke({ k, close }: { k: ApiKey; close: () => void }) {
  const error = useSignal<Error | null>(null);
  const revoke = async (): Promise<void> => {
    try { await api.revokeKey(k.id); announce(`Revoked: ${called(k)}.`); close(); load(); } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="revoke-dialog" title={`Revoke ${called(k)}?`} close={close}>
      <p>Whatever uses it is refused from now on, and its open streams end. <strong>This cannot be undone</strong>; a new key takes its place.</p>
      <p class="small">{k.last_used ? `Last used on ${shortDay(k.last_used)}.` : "It has not been used yet."}</p>
      {error.value && <Trouble error={error.value} />}
      <div class="row"><button class="first" data-testid="revoke-now" onClick={() => { void revoke(); }}>Revoke the key</button><button type="button" onClick={close}>Keep it</button></div>
    </Dialog>
  );
}
