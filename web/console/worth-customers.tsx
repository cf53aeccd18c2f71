/* worth-customers.tsx: the customers behind a figure of worth, or in a segment: by name who agreed to it, the others as a number. */
import { useEffect } from "preact/hooks";
import type { JourneysCustomers, SegmentMembers } from "../shared/api";
import { announce, Empty, Trouble } from "../shared/components";
import { count, plural } from "../shared/format";
import { CustomerTable } from "./customers";
import { Top } from "./page";
import { go, parameters, withParameters } from "./route";
import { api, asking } from "./state";

const group = asking<JourneysCustomers>(), members = asking<SegmentMembers>();

export default function WorthCustomers() {
  const p = parameters.value, segment = p.get("segment");
  return segment ? <Members name={segment} after={p.get("after")} /> : <Group wanted={p.get("group") ?? ""} />;
}

const Back = () => <p><a href="/console/worth">Back to worth</a></p>;
const Few = () => <Empty title="Too few to open"><p class="soft">So that nobody can be recognised, a figure of very few customers is neither shown nor opened.</p></Empty>;

function Group({ wanted }: { wanted: string }) {
  const load = (): void => void group.ask(() => api.worthCustomers(wanted)).then(() => { if (group.state.value.value) announce(group.state.value.value.sentence); });
  useEffect(load, [wanted]);
  const { error, loading } = group.state.value, found = loading ? null : group.state.value.value;
  const rests = found && !found.hidden && <span data-testid="withheld" data-withheld={found.withheld}>{found.agreed > found.customers.length ? `The first ${count(found.customers.length)} of ${count(found.agreed)} who agreed to be looked at one by one are listed, those who bring most first. ` : `${count(found.agreed)} agreed to be looked at one by one; those who bring most come first. `}
    {found.withheld > 0 && <>{plural(found.withheld, "other has", "others have")} not said yes to “{found.purpose}” and {found.withheld === 1 ? "is" : "are"} only counted.</>}</span>;
  return (
    <>
      <Top sentence={found?.sentence ?? (loading ? "One moment." : "Customers of a group")} rests={rests || undefined}><Back /></Top>
      {error && <Trouble error={error} again={load} />}
      {found?.hidden && <Few />}
      {found && !found.hidden && found.agreed === 0 && <Empty title="Nobody can be listed"><p class="soft">A customer is shown here after a yes to “{found.purpose}”.</p></Empty>}
      {found && found.customers.length > 0 && <CustomerTable customers={found.customers} label="Customers of the group" />}
    </>
  );
}

function Members({ name, after }: { name: string; after: string | null }) {
  const load = (): void => void members.ask(() => api.segment(name, after));
  useEffect(load, [name, after]);
  const { error, loading } = members.state.value, found = loading ? null : members.state.value.value;
  return (
    <>
      <Top sentence={!found ? (loading ? "One moment." : "A segment") : found.members === null ? `${found.title}: too few to show.` : `${found.title}: ${plural(found.members, "customer")}.`}
        rests={found && <span data-testid="withheld" data-withheld={found.withheld}><code>{found.rule}</code><span class="block">{plural(found.agreed, "customer has", "customers have")} agreed to “{found.purpose_title}”, {count(found.withheld)} not: they are in no such segment.{found.unnamed > 0 && ` ${plural(found.unnamed, "member has", "members have")} not agreed to be looked at one by one and ${found.unnamed === 1 ? "is" : "are"} only counted.`}</span></span>}><Back /></Top>
      {error && <Trouble error={error} again={load} />}
      {found?.hidden && <Few />}
      {found && found.customers.length > 0 && <div class="wide" tabIndex={0} role="region" aria-label="Members"><table data-testid="members"><thead><tr><th scope="col">Name</th><th scope="col">Why</th></tr></thead>
        <tbody>{found.customers.map(({ customer: c, reasons }) => <tr key={c.cid}><th scope="row"><a href={`/console/customers/${encodeURIComponent(c.cid)}`}>{c.name ?? "No name yet"}</a></th><td>{reasons.filter((r) => r.holds === "yes" || reasons.length === 1).map((r) => <span class="block small">{r.rule}: {r.says}</span>)}</td></tr>)}</tbody></table></div>}
      {found && (found.next || after) && <nav class="row" aria-label="Pages of the list">{after && <button onClick={() => history.back()}>Back</button>}{found.next && <button onClick={() => go(withParameters({ after: found.next }))}>Next</button>}</nav>}
    </>
  );
}
