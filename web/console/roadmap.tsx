/* roadmap.tsx: what to do next, in its order; what was done, hit or missed. Effort and prediction are written here; all else is computed. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Move, Roadmap as Answer } from "../shared/api";
import { announce, Dialog, Empty, Mark, Trouble } from "../shared/components";
import { count, finite, hundredths, percent, plural, shortDay, words } from "../shared/format";
import { Top } from "./page";
import { parameters } from "./route";
import { api, asking } from "./state";

/* A figure as a field takes it; empty when there is none. */
const typed = (n: number | null, times: number): string => n === null ? "" : String(finite(Math.round(n * times)) ?? "");

const { state, ask } = asking<Answer>();
const load = (): void => void ask(() => api.roadmap(parameters.value.get("days")));
const arrow = (goal: string): string => (goal === "inward" ? "← inward: for us" : "→ outward: for customers");

export default function Roadmap() {
  const planning = useSignal<Move | null>(null);
  useEffect(load, []);
  const { value: r, error } = state.value;
  if (error) return <><Top sentence="The roadmap" /><Trouble error={error} again={load} /></>;
  if (!r) return <><Top sentence="The roadmap" /><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={r.sentence} rests={`From what is broken and from limits that are not as they must be, over ${count(r.days)} days. People are those who would be spared; "surely" is the lower bound of 80 %. Only the effort is written by people.`} />
      {r.moves.length === 0 ? <Empty title="Nothing to do, as far as is measured"><p class="soft">Moves come from what is broken and from limits of the layers that are not yet as they must be.</p></Empty> : (
        <ol class="plain stack" data-testid="moves">{r.moves.map((m, i) => (
          <li key={m.title} class="stack tight rule" data-testid={`move-${i + 1}`} data-goal={m.goal}>
            <div class="row between"><h2><span class="soft">{i + 1}.</span> {m.title}</h2><span class="small">{arrow(m.goal)}</span></div>
            <p class="small">{m.must ? <Mark means="broken">must be</Mark> : <span>{m.because === "broken" ? "broken" : m.because}</span>}
              {m.people_a_month >= 0.5 && <>; {plural(Math.round(m.people_a_month), "person", "people")} a month{m.low ? `, surely ${count(Math.floor(m.low))}` : ""}</>}
              {m.share !== undefined && <>; now {percent(m.share)}, usual {percent(m.baseline ?? 0)}</>}
              {m.effort_weeks !== null ? <>; {plural(Math.round(m.effort_weeks * 10) / 10, "week")} of work</> : <>; effort not written yet</>}
              {m.predicted !== null && <>; predicted {percent(m.predicted)}</>}</p>
            <div class="row">{m.spot && <a href={`/console/broken/${encodeURIComponent(m.spot)}${m.signal ? `?signal=${encodeURIComponent(m.signal)}` : ""}`}>Whom it hurts</a>}{m.lifts && <a href={`/console/layers?node=${encodeURIComponent(m.lifts)}`}>What rests on it</a>}
              {m.spot && <button class="low" data-testid={`plan-${i + 1}`} onClick={() => { planning.value = m; }}>{m.move ? "Change the plan" : "Plan it"}<span class="out-of-sight">: {m.title}</span></button>}</div>
          </li>))}</ol>
      )}
      <section class="stack rule" aria-labelledby="done"><h2 id="done">Done</h2>
        {r.done.length === 0 ? <p class="soft">No move was marked as done yet. Its prediction is compared with what was seen afterwards.</p> : (
          <div class="wide" tabIndex={0} role="region" aria-label="Moves that were done"><table data-testid="done"><thead><tr><th scope="col">Move</th><th scope="col">Done</th><th scope="col">Predicted</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">So</th></tr></thead>
            <tbody>{r.done.map((d) => <tr key={d.move}><th scope="row"><a href={`/console/broken/${encodeURIComponent(d.spot)}?days=366`}>{d.title}</a><span class="small block">{arrow(d.goal)}</span></th><td>{shortDay(d.done)}</td><td>{percent(d.predicted_from ?? 0)} to {percent(d.predicted_to ?? 0)}</td>
              <td>{range(d.before)}</td><td>{range(d.after)}</td><td>{d.verdict === "hit" ? <Mark means="good">hit</Mark> : d.verdict === "missed" ? <Mark means="broken">missed</Mark> : <Mark means="watch">too early to say</Mark>}</td></tr>)}</tbody></table></div>
        )}</section>
      {planning.value && <Plan move={planning.value} close={() => { planning.value = null; }} />}
    </>
  );
}

const range = (s: Answer["done"][number]["before"]): string => (s ? `${percent(s.share)} (${hundredths(s.low)} to ${hundredths(s.high)}, of ${count(s.of)})` : "too few to show");

/* Written before the change, so that it can be held against what follows. */
function Plan({ move, close }: { move: Move; close: () => void }) {
  const error = useSignal<Error | null>(null);
  const name = move.move || (move.mends ?? "").replace(".", "-");
  const save = async (form: HTMLFormElement): Promise<void> => {
    const data = new FormData(form), of = (key: string): string => String(data.get(key) ?? "").trim();
    try {
      await api.document("move", name, { title: of("title"), mends: move.mends, effort: `${of("days")}d`, goal: of("goal"), must: data.has("must"), predicted: { from: Math.round((move.share ?? 0) * 1000) / 1000, to: Number(of("to")) / 100 } });
      announce("Planned. The prediction is kept as it stands now.");
      close();
      load();
    } catch (e) { error.value = e as Error; }
  };
  return (
    <Dialog id="plan" title={words(move.title)} close={close}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save(e.currentTarget); }}>
        <div class="field"><label for="plan-title">What will be done</label><input id="plan-title" name="title" required maxLength={120} defaultValue={move.move ? move.title : ""} /></div>
        <div class="field"><label for="plan-days">Days of work, of one person</label><input id="plan-days" name="days" type="number" min="1" max="2000" required defaultValue={typed(move.effort_weeks, 7)} /></div>
        <div class="field"><label for="plan-to">Share that will be left, in per cent (now {percent(move.share ?? 0)})</label><input id="plan-to" name="to" type="number" min="0" max="100" required defaultValue={typed(move.predicted, 100)} /></div>
        <fieldset class="row"><legend class="small">Whose goal it serves first</legend>{[["outward", "the customers’"], ["inward", "ours"]].map(([value, text]) => <label key={value} class="row choice"><input type="radio" name="goal" value={value} required defaultChecked={move.goal === value} />{text}</label>)}</fieldset>
        <label class="row choice"><input type="checkbox" name="must" defaultChecked={move.must} />It must be: law, safety, a promise</label>
        {error.value && <Trouble error={error.value} />}
        <div class="row"><button class="first" data-testid="plan-save">Write it down</button><button type="button" onClick={close}>Not now</button></div>
      </form>
    </Dialog>
  );
}
