/* card-part.tsx: what a customer took part in: one sentence and a strip of twelve months, with its table. */
import { useEffect, useMemo } from "preact/hooks";
import type { Participation } from "../shared/api";
import { Trouble } from "../shared/components";
import { month, shortDay } from "../shared/format";
import { Twin } from "./page";
import { api, asking } from "./state";

export function CardPart({ cid }: { cid: string }) {
  const { state, ask } = useMemo(() => asking<Participation>(), [cid]);
  const load = (): void => void ask(() => api.participation(cid));
  useEffect(load, [cid]);
  const { value: p, error } = state.value;
  return (
    <section class="stack rule" aria-labelledby="took-part">
      <h2 id="took-part">Taking part</h2>
      {error ? <Trouble error={error} again={load} /> : !p ? <p class="soft" role="status">One moment.</p>
        : !p.months ? <p class="soft" data-testid="part-says">Not shown: no yes to “{p.withheld}”.</p>
          : <><p data-testid="part-says">{p.sentence}</p><Strip p={p} months={p.months} /><p class="small">Tall: took part. Half: came. Flat: did not come.</p></>}
    </section>
  );
}

function Strip({ p, months }: { p: Participation; months: NonNullable<Participation["months"]> }) {
  const w = 35, says = (m: (typeof months)[number]): string => (m.took_part ? m.in.join(", ") : m.came ? "came" : "did not come");
  return <Twin id="part" label="Taking part by month"
    chart={<svg class="part-strip" viewBox={`0 0 ${12 * w} 40`} role="img" aria-label={p.sentence}>{months.map((m, i) => (
      <g key={i}><rect class={m.took_part ? "took" : m.came ? "came" : undefined} x={i * w + 2} y={m.took_part ? 2 : m.came ? 10 : 17} width={w - 4} height={m.took_part ? 20 : m.came ? 12 : 5} />{i % 2 === 1 && <text x={(i + 0.5) * w} y="38" text-anchor="middle">{month(m.until)}</text>}</g>))}
    </svg>}
    table={<table><caption>Taking part by month</caption><thead><tr><th scope="col">Month to</th><th scope="col">What</th></tr></thead><tbody>{months.map((m, i) => <tr key={i}><th scope="row">{shortDay(m.until)}</th><td>{says(m)}</td></tr>)}</tbody></table>} />;
}
