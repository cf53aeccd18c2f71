/* page.tsx: the top of every page: the sentence, then what it rests on; and a chart with its table. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { announce } from "../shared/components";

export const Top = ({ sentence, rests, children }: { sentence: ComponentChildren; rests?: ComponentChildren; children?: ComponentChildren }) => (
  <div class="top"><h1 data-testid="sentence">{sentence}</h1>{rests && <p class="small">{rests}</p>}{children}</div>
);

/* A chart and its table twin: the same figures; `t` or the button turns all charts of the page. */
export function Twin({ label, chart, table, id }: { label: string; chart: ComponentChildren; table: ComponentChildren; id: string }) {
  const [asTable, setAsTable] = useState(false);
  useEffect(() => {
    const turn = (): void => setAsTable((was) => { announce(was ? `${label} as a picture.` : `${label} as a table.`); return !was; });
    document.addEventListener("attune:table", turn);
    return () => document.removeEventListener("attune:table", turn);
  }, [label]);
  return (
    <figure class="twin" data-testid={id} data-shows={asTable ? "table" : "chart"}>
      <div hidden={asTable}>{chart}</div>
      <div class="wide" hidden={!asTable} tabIndex={asTable ? 0 : undefined} role={asTable ? "region" : undefined} aria-label={asTable ? `${label}, table` : undefined}>{table}</div>
      <button class="quiet low" data-testid={`${id}-turn`} onClick={() => setAsTable(!asTable)}>{asTable ? "Show as a picture" : "Show as a table"}<span class="out-of-sight">: {label}</span></button>
    </figure>
  );
}

export const NotMeasured = ({ missing }: { missing: string | string[] | null | undefined }) => {
  const todo = Array.isArray(missing) ? missing : missing ? [missing] : [];
  return <div class="stack tight"><p><strong>Not measured yet.</strong></p>{todo.length > 0 && <p class="soft">{todo.length === 1 ? todo[0] : <>Missing: {todo.join("; ")}.</>}</p>}</div>;
};
