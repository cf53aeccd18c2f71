/* damage.tsx: what was found damaged on disk since the server was started: which file, what that costs, and what to do. */
import { useEffect } from "preact/hooks";
import type { DamagePiece } from "../shared/api";
import { Empty, Mark, Trouble, type Meaning } from "../shared/components";
import { count, named, plural } from "../shared/format";
import { damage, loadDamage } from "./damage-notice";
import { Top } from "./page";

const effects: Record<DamagePiece["effect"], { title: string; means: Meaning; says: string }> = {
  refused: { title: "Refused", means: "broken", says: "Attune does not do what needs it until somebody acts." },
  lost: { title: "Lost", means: "broken", says: "What was there is gone; nothing else is." },
  rebuilt: { title: "Rebuilt", means: "watch", says: "Nothing is missing." },
};

const unknown = { title: "Damaged", means: "broken" as Meaning, says: "" };
const effectOf = (p: DamagePiece) => named(effects, p.effect) ?? unknown;

export default function DamagedData() {
  useEffect(loadDamage, []);
  const { value: d, error } = damage.state.value;
  if (error) return <><Top sentence="Damaged data" /><Trouble error={error} again={loadDamage} /></>;
  if (!d) return <><Top sentence="Damaged data" /><p class="soft" role="status">One moment.</p></>;
  return (
    <>
      <Top sentence={d.sentence} rests="Attune checks every file of its data folder as it reads it. This list begins with each start of the server; the server’s log and /readyz have it too." />
      {d.pieces.length === 0 ? (
        <Empty title="Nothing is damaged"><p class="soft">Damaged data would be listed here with its file, what it costs, and what to do. To check everything at once, run <code>attune verify DIR</code>.</p></Empty>
      ) : (
        <ul class="plain" data-testid="pieces">{d.pieces.map((p) => (
          <li key={`${p.file}@${p.offset}`} class="part stack tight" data-effect={p.effect}>
            <h2><Mark means={effectOf(p).means}>{effectOf(p).title}: <code>{p.file}</code></Mark></h2>
            <p>{p.what}</p>
            <p>{p.effect === "rebuilt" ? "" : <strong>What to do: </strong>}{p.remedy}</p>
            <p class="small">{effectOf(p).says} The damage is at byte {count(p.offset)}{p.times > 1 && ` and was met ${count(p.times)} times`}.</p>
          </li>))}</ul>
      )}
      {d.total > d.pieces.length && <p class="small">{plural(d.total - d.pieces.length, "more piece is", "more pieces are")} damaged. <code>attune verify DIR</code> lists all.</p>}
    </>
  );
}
