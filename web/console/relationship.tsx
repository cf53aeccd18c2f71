/* relationship.tsx: how strong the relationship with a customer is, its course over a year, and what turned it; and the way back to a figure. */
import { useEffect, useMemo } from "preact/hooks";
import type { Relationship as Answer } from "../shared/api";
import { Trouble } from "../shared/components";
import { count, month, shortDay } from "../shared/format";
import { Twin } from "./page";
import { parameters } from "./route";
import { api, asking } from "./state";

export function BackToFigure() {
  const spot = parameters.value.get("spot"), signal = parameters.value.get("signal"), days = parameters.value.get("days");
  if (!spot) return null;
  const p = new URLSearchParams({ ...(signal ? { signal } : {}), ...(days && days !== "90" ? { days } : {}) }).toString();
  return <p class="small"><a href={`/console/broken/${encodeURIComponent(spot)}${p ? `?${p}` : ""}`} data-testid="back-to-figure">Back to the figure</a></p>;
}

export function Relationship({ cid }: { cid: string }) {
  const { state, ask } = useMemo(() => asking<Answer>(), [cid]);
  const load = (): void => void ask(() => api.relationship(cid));
  useEffect(load, [cid]);
  const { value: r, error } = state.value;
  return (
    <section class="stack rule" aria-labelledby="relationship">
      <h2 id="relationship">Relationship</h2>
      {error ? <Trouble error={error} again={load} /> : !r ? <p class="soft" role="status">One moment.</p> : (
        <><p data-testid="relationship-says">{r.sentence}</p>
          {r.course && <Course r={r} />}
          {r.turns && r.turns.length > 0 && <><h3>What moved it most</h3><ul class="plain" data-testid="turns">{r.turns.map((t, i) => <li key={i}><span class="n">{t.effect > 0 ? "+" : t.effect < 0 ? "−" : ""}{count(Math.abs(t.effect))}</span> {t.spot ? <a href={`/console/broken/${encodeURIComponent(t.spot)}`}>{t.what}</a> : t.what} <span class="soft small">{shortDay(t.time)}</span></li>)}</ul></>}</>
      )}
    </section>
  );
}

function Course({ r }: { r: Answer }) {
  const course = r.course!, W = 640, H = 140, L = 36;
  const x = (i: number): number => L + (i + 0.5) * ((W - L) / course.length), y = (v: number): number => 8 + (H - 30) * (1 - v / 100);
  return <Twin id="relationship" label="Relationship by month"
    chart={<svg class="course" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={r.sentence}>
      {[0, 50, 100].map((v) => <g key={v}><path class="grid" d={`M${L} ${y(v)}H${W}`} /><text x={L - 6} y={y(v) + 4} text-anchor="end">{v}</text></g>)}
      <path class="figure-line" d={course.map((m, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(m.strength).toFixed(1)}`).join("")} />
      {course.map((m, i) => <circle key={i} class={m.fell_most ? "point fell" : "point"} cx={x(i)} cy={y(m.strength)} r={m.fell_most ? 5 : 3} />)}
      {course.map((m, i) => i % 2 === 1 && <text key={i} x={x(i)} y={H - 6} text-anchor="middle">{month(m.until)}</text>)}
    </svg>}
    table={<table><caption>Relationship by month</caption><tbody>{course.map((m, i) => <tr key={i}><th scope="row">{shortDay(m.until)}</th><td class="n">{count(Math.round(m.strength))}</td><td>{m.fell_most ? "fell most" : ""}</td></tr>)}</tbody></table>} />;
}
