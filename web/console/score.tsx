/* score.tsx: one line of the score, and the customers that it counts. */
import { useEffect } from "preact/hooks";
import type { ScoreOpened } from "../shared/api";
import { Empty, Trouble } from "../shared/components";
import { count, plural } from "../shared/format";
import { CustomerTable } from "./customers";
import { Top } from "./page";
import { segments } from "./route";
import { api, asking } from "./state";

const { state, ask } = asking<ScoreOpened>();

export default function Score() {
  const item = segments.value[1] ?? "";
  const load = (): void => void ask(() => api.scoreItem(item));
  useEffect(load, [item]);
  const { error, loading } = state.value, s = loading ? null : state.value.value, back = <p><a href="/console">Back to the overview</a></p>;
  if (error) return <><Top sentence="The score">{back}</Top><Trouble error={error} again={load} /></>;
  if (!s) return <><Top sentence="The score">{back}</Top><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={s.sentence} rests={s.why}>{back}</Top>
      {!s.measured ? <Empty title="Not measured yet"><p class="soft">{s.why} Until then it counts nothing.</p></Empty> : s.hidden ? <Empty title="Too few to open"><p class="soft">So that nobody can be recognised, a figure of very few customers is not opened.</p></Empty> : (
        <><p class="small" data-testid="withheld" data-total={s.total}>{plural(s.total, "customer")} counted. {count(s.agreed)} agreed to be looked at one by one{s.agreed > s.customers.length ? `, the first ${s.customers.length} are listed` : ""}; the other {count(s.withheld)} are only counted{s.purpose ? <>: they have not said yes to “{s.purpose}”</> : null}.</p>
          {s.customers.length > 0 ? <CustomerTable customers={s.customers} label="Customers that the line counts" /> : <p class="soft">Nobody can be listed.</p>}</>
      )}
    </>
  );
}
