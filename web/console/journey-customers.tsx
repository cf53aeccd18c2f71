/* journey-customers.tsx: the customers behind one figure of the journeys: by name who agreed to it, the others as a number. */
import { useEffect } from "preact/hooks";
import type { JourneysCustomers } from "../shared/api";
import { announce, Empty, Trouble } from "../shared/components";
import { count, plural } from "../shared/format";
import { CustomerTable } from "./customers";
import { figure, question } from "./journey-question";
import { Top } from "./page";
import { parameters, withParameters } from "./route";
import { api, asking } from "./state";

const { state, ask } = asking<JourneysCustomers>();

export default function JourneyCustomers() {
  const p = parameters.value;
  const wanted = figure(p);
  const load = (): void => { if (wanted) void ask(() => api.journeysCustomers(question(p), wanted)).then(() => { if (state.value.value) announce(state.value.value.sentence); }); };
  useEffect(load, [p.toString()]);
  const back = withParameters({ of: null, activity: null, next: null, variant: null, at: null }).replace("/journeys/customers", "/journeys");
  const { error, loading } = state.value;
  const found = loading ? null : state.value.value; /* Another figure's customers are never shown under this one. */
  return (
    <>
      <Top sentence={found?.sentence ?? (loading ? "One moment." : "Customers on a journey")} rests={found && !found.hidden ? <Rests found={found} /> : undefined}><p><a href={back} data-testid="back-to-journeys">Back to the journeys</a></p></Top>
      {!wanted && <Empty title="No figure is named"><p class="soft">Open one on the page of the journeys: each leads to its customers.</p></Empty>}
      {wanted && error && <Trouble error={error} again={load} />}
      {wanted && found?.hidden && <Empty title="Too few to open"><p class="soft">So that nobody can be recognised, a figure of very few customers is neither shown nor opened. Take a longer time or all channels.</p></Empty>}
      {wanted && found && !found.hidden && found.agreed === 0 && <Empty title="Nobody can be listed"><p class="soft">{nobody(found)}</p></Empty>}
      {wanted && found && found.customers.length > 0 && <CustomerTable customers={found.customers} label="Customers behind the figure" />}
    </>
  );
}

/* Why fewer are listed than were counted. */
export const Rests = ({ found }: { found: JourneysCustomers }) => (
  <span data-testid="withheld" data-withheld={found.withheld}>
    {found.agreed > found.customers.length ? `The first ${count(found.customers.length)} of ${count(found.agreed)} who agreed to be looked at one by one are listed. ` : `${count(found.agreed)} agreed to be looked at one by one. `}
    {found.withheld > 0 && <>{plural(found.withheld, "other has", "others have")} not{found.purpose ? <> said yes to “{found.purpose}”</> : null} and {found.withheld === 1 ? "is" : "are"} only counted.</>}
  </span>
);
export const nobody = (found: JourneysCustomers): string =>
  found.total === 0 ? "No customer did this in the time asked." : found.purpose ? `A customer is shown here after a yes to “${found.purpose}”. It can be given in the app, at the branch or on the customer’s own page.`
    : "Single customers are shown only for the purpose “analytics”, and none is configured: write a document of kind purpose with that name.";
