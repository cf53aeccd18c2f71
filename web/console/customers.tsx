/* customers.tsx: finds a customer by name or identifier; the list is paged by the server. */
import { useEffect } from "preact/hooks";
import type { CustomerLine, CustomerList } from "../shared/api";
import { announce, Empty, Trouble, When } from "../shared/components";
import { count, plural, words } from "../shared/format";
import { Top } from "./page";
import { go, parameters, withParameters } from "./route";
import { api, asking, hasRole } from "./state";

const PAGE = 50;
const { state, ask } = asking<CustomerList>();

export function Customers() {
  const q = parameters.value.get("q") ?? "";
  const after = parameters.value.get("after");
  const channel = parameters.value.get("channel") ?? "", who = parameters.value.get("who") ?? "";
  const searches = !hasRole("admin", "manager"), waits = searches && q.length < 2;   /* Who serves finds; nobody but an admin lists all. */
  const load = (): void => waits ? undefined : void ask(() => api.customers({ q, n: PAGE, after, channel, who })).then(() => { if (state.value.value) announce(`${plural(state.value.value.total, "customer")} found.`); });
  useEffect(load, [q, after, channel, who]);
  const { value, error, loading } = state.value, list = waits ? null : value;
  const behind = [channel && `on ${words(channel).toLowerCase()}`, who === "identified" && "with a user id", who === "agreed" && "who agreed to something"].filter(Boolean).join(", ");
  return (
    <>
      <Top rests={list && list.total > 0 && behind ? <Withheld list={list} /> : undefined} sentence={waits ? "Find a customer by name or identifier." : !list ? "Customers" : list.hidden ? `Too few customers ${behind} to be shown.` : behind ? `${list.total === 0 ? "No customer" : plural(list.total, "customer")} ${behind}${q ? ` that fits “${q}”` : ""}.` : q ? (list.total === 0 ? `Nobody fits “${q}”.` : `${plural(list.total, "customer fits", "customers fit")} “${q}”.`) : list.total === 0 ? "Nobody is known yet." : `${plural(list.total, "customer is", "customers are")} known.`} />
      <form class="row" role="search" aria-label="Customers" onSubmit={(e) => { e.preventDefault(); const text = String(new FormData(e.currentTarget).get("q") ?? "").trim(); go(withParameters({ q: text, after: null })); }}>
        <label for="q">Name, email or another identifier</label>
        <input id="q" name="q" type="search" key={q} defaultValue={q} autoComplete="off" />
        <button>Find</button>
        {(q || behind) && !searches && <a href="/console/customers">Show all</a>}
      </form>
      {error && <Trouble error={error} again={load} />}
      {list && list.total > 0 && list.customers.length === 0 && behind && !after && <Empty title="Nobody can be listed"><p class="soft">{list.purpose ? `A customer behind a figure is shown after a yes to “${list.purpose}”.` : "Single customers behind a figure are shown only for the purpose “analytics”, and none is configured: write a document of kind purpose with that name."}</p></Empty>}
      {list && list.total === 0 && (behind && !q ? <Empty title="Nobody yet"><p class="soft">As soon as the overview counts somebody here, this list shows who it is.</p></Empty> : q ? <Empty title="What to try"><p class="soft">A whole identifier such as <code>user:ana</code> or an email is found even when the name is not known.</p></Empty>
        : <Empty title="What to do"><p class="soft">Customers appear as soon as an event names one. Call <code>identify</code> with a userId from your own pages, or import a file with <code>attune import</code>.</p></Empty>)}
      {list && list.customers.length > 0 && (
        <CustomerTable customers={list.customers} label="List of customers" busy={loading} />
      )}
      {list && (list.next || after) && <nav class="row" aria-label="Pages of the list">{after && <button onClick={() => history.back()}>Back</button>}{list.next && <button data-testid="next-page" onClick={() => go(withParameters({ after: list.next }))}>Next {PAGE}</button>}</nav>}
    </>
  );
}

/* Why a figure counts more than are listed. */
const Withheld = ({ list }: { list: CustomerList }) => (
  <span data-testid="withheld" data-withheld={list.withheld ?? 0}>{list.withheld
    ? <>{plural(list.withheld, "of them has", "of them have")} not{list.purpose ? <> said yes to “{list.purpose}”</> : <> agreed to be looked at one by one</>} and {list.withheld === 1 ? "is" : "are"} only counted.</>
    : "All of them agreed to be looked at one by one."}</span>
);

/* Customers, each opening to the card. */
export const CustomerTable = ({ customers, label, busy, query }: { customers: CustomerLine[]; label: string; busy?: boolean; query?: string }) => (
  <div class="wide" tabIndex={0} role="region" aria-label={label} aria-busy={busy}>
    <table data-testid="customers" class="people-list">
      <thead><tr><th scope="col">Name</th><th scope="col">Known as</th><th scope="col">Channels</th><th scope="col">Last heard</th><th scope="col" class="n">Events</th></tr></thead>
      <tbody>{customers.map((c) => (
        <tr key={c.cid}><th scope="row"><a href={`/console/customers/${encodeURIComponent(c.cid)}${query ?? ""}`}>{c.name ?? "No name yet"}</a></th>
          <td>{c.identifiers.slice(0, 2).join(", ")}{c.identifiers.length > 2 ? <span class="soft"> and {c.identifiers.length - 2} more</span> : null}</td><td>{c.channels.map(words).join(", ")}</td><td>{c.last_seen === null ? "never" : <When time={c.last_seen} />}</td><td class="n">{count(c.events)}</td></tr>
      ))}</tbody>
    </table>
  </div>
);
