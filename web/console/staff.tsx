/*
 * staff.tsx: who signs in here and as what: invite, other roles, shut out, end sessions. For admins alone; the server says so, too.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { StaffAccount } from "../shared/api";
import { announce, Dialog, Mark, Trouble } from "../shared/components";
import { plural, shortDay, count } from "../shared/format";
import { Top } from "./page";
import { api, asking, signedIn } from "./state";

const staff = asking<{ accounts: StaffAccount[] }>();
const load = (): void => void staff.ask(() => api.staff());
const roles: [string, string][] = [["admin", "everything, keys and configuration included"], ["service", "serving single customers"], ["manager", "figures, and the customers behind them who agreed to it"], ["privacy", "the rights of customers"], ["analyst", "figures only"]];
type Doing = { act: "invite" | "roles" | "lock" | "sign-out"; account: StaffAccount | null };
const title = (d: Doing): string => (d.act === "invite" ? "Invite somebody" : d.act === "roles" ? `What ${d.account!.name} may do` : d.act === "lock" ? `Shut out ${d.account!.name}?` : `Sign ${d.account!.name} out everywhere?`);

export default function Staff() {
  const doing = useSignal<Doing | null>(null), token = useSignal<{ name: string; token: string } | null>(null);
  useEffect(load, []);
  const { value, error } = staff.state.value;
  if (error) return <><Top sentence="Accounts of staff" /><Trouble error={error} again={load} /></>;
  if (!value) return <><Top sentence="Accounts of staff" /><p class="soft" role="status">One moment.</p></>;
  const open = value.accounts.filter((a) => a.account && !a.disabled), waiting = value.accounts.filter((a) => !a.account);
  const start = (act: Doing["act"], account: StaffAccount | null): void => { doing.value = { act, account }; };
  return (
    <>
      <Top sentence={`${plural(open.length, "person", "people")} may sign in${waiting.length ? `; ${plural(waiting.length, "invitation")} ${waiting.length === 1 ? "waits" : "wait"}` : ""}.`} rests="What is changed here holds at once, on pages that are open too, and stands in the audit log." />
      {token.value && <section class="stack" role="status" data-testid="token"><p>{token.value.name} is invited. This is shown once, and works once, at <code>/console/sign-in?invited</code>:</p><p><code class="token">{token.value.token}</code></p></section>}
      <section class="stack" aria-labelledby="accounts"><h2 id="accounts">Accounts</h2>
        <div><button class="first" data-testid="invite" onClick={() => start("invite", null)}>Invite somebody</button></div>
        <div class="wide" tabIndex={0} role="region" aria-label="Table of accounts"><table data-testid="accounts"><thead><tr><th scope="col">Who</th><th scope="col">Roles</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">To do</th></tr></thead>
          <tbody>{value.accounts.map((a) => <tr key={a.name} data-account={a.name} data-disabled={a.disabled}><th scope="row">{a.name || "the first account"}</th><td>{a.roles.replaceAll(",", ", ")}</td>
            <td><Mark means={a.disabled ? "broken" : a.account ? "good" : "watch"}>{a.disabled ? "shut out" : a.account ? "open" : "invited"}</Mark>{a.sessions > 0 && <span class="small block">signed in {a.sessions === 1 ? "once" : `${count(a.sessions)} times`}</span>}</td><td>{shortDay(a.created)}</td>
            <td>{a.name === signedIn.value!.name ? <span class="small">your own</span> : a.name ? <div class="row">
              {!a.disabled && <button class="low" data-testid={`roles-${a.name}`} onClick={() => start("roles", a)}>Other roles<span class="out-of-sight">: {a.name}</span></button>}
              {a.sessions > 0 && <button class="low" data-testid={`sign-out-${a.name}`} onClick={() => start("sign-out", a)}>Sign out<span class="out-of-sight">: {a.name}</span></button>}
              {a.disabled ? <button class="low" onClick={() => start("invite", a)}>Invite again<span class="out-of-sight">: {a.name}</span></button> : <button class="low" data-testid={`lock-${a.name}`} onClick={() => start("lock", a)}>Shut out<span class="out-of-sight">: {a.name}</span></button>}</div> : ""}</td></tr>)}</tbody></table></div>
      </section>
      {doing.value && <Act doing={doing.value} close={() => { doing.value = null; }} invited={(t) => { token.value = t; }} />}
    </>
  );
}

function Act({ doing: d, close, invited }: { doing: Doing; close: () => void; invited: (t: { name: string; token: string } | null) => void }) {
  const error = useSignal<Error | null>(null), chosen = d.act === "invite" || d.act === "roles", had = d.account?.roles.split(",") ?? [];
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), name = d.account?.name ?? String(data.get("name") ?? "").trim(), wanted = data.getAll("role").map(String);
    if (chosen && wanted.length === 0) { error.value = new Error("Choose at least one role."); return; }
    try {
      const done = await api.staffAct(d.act, chosen ? { name, roles: wanted.join(",") } : { name });
      invited(done.token ? { name: done.name, token: done.token } : null);
      announce(d.act === "invite" ? `${done.name} is invited.` : d.act === "roles" ? "The roles are changed." : d.act === "lock" ? `${name} is shut out.` : `${plural(done.sessions_ended, "session")} ended.`);
      close(); load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="staff-dialog" title={title(d)} close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        {d.act === "invite" && !d.account && <div class="field"><label for="staff-name">Name to sign in with</label><input id="staff-name" name="name" required maxLength={80} autoComplete="off" /></div>}
        {chosen && <fieldset class="stack"><legend class="small">For what</legend>{roles.map(([role, says]) => <label key={role} class="row choice"><input type="checkbox" name="role" value={role} defaultChecked={had.includes(role)} />{role}: {says}</label>)}</fieldset>}
        {d.act === "lock" && <p>{d.account!.name} is signed out at once and cannot come back without a new invitation.</p>}
        {d.act === "sign-out" && <p>Every page that {d.account!.name} has open ends. The account stays, and its password.</p>}
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="staff-save">{d.act === "invite" ? "Invite" : d.act === "roles" ? "Keep these roles" : d.act === "lock" ? "Shut out" : "Sign out"}</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}
