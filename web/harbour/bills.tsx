/* bills.tsx: the customer's open matters with a way to pay; the same list in the app and online. It redraws when she paid elsewhere. */
import { useSignal } from "@preact/signals";
import type { Matter } from "../shared/api";
import { announce, Mark, When } from "../shared/components";
import { money, on, shortDay } from "../shared/format";
import type { Visit } from "./session";

export const isBill = (m: Matter): boolean => m.kind === "bill" || m.amount !== null;
export const billId = (matter: string): string => matter.replace(/^bill:/, "");

export function Bills({ visit }: { visit: Visit }) {
  const paying = useSignal<Record<string, boolean>>({});
  const card = visit.card.value;
  if (!card) return visit.trouble.value ? null : <p>One moment.</p>;
  const bills = card.open.filter(isBill);
  const open = bills.filter((m) => m.state === "open");
  const done = bills.filter((m) => m.state === "done");
  const pay = (m: Matter): void => {
    paying.value = { ...paying.value, [m.matter]: true };
    visit.track("Bill Paid", { bill_id: billId(m.matter), amount: m.amount ?? 0, currency: m.currency ?? "EUR" });
    announce(`${m.title} is being paid.`);
  };
  const line = (m: Matter) => (
    <li key={m.matter} class="bill" data-testid={`bill-${billId(m.matter)}`} data-state={m.state}>
      <div class="stack tight">
        <strong>{m.title}</strong>
        <span class="small">{m.state === "done" ? <Mark means="good">paid{m.closed_on ? ` ${on(m.closed_on)}` : ""}{m.closed ? <>, <When time={m.closed} /></> : null}</Mark> : m.due ? `due ${shortDay(m.due)}` : "no due day"}</span>
      </div>
      <div class="row">
        {m.amount !== null && <span class="sum">{money(m.amount, m.currency)}</span>}
        {m.state === "open" && <button class="first" data-testid={`pay-${billId(m.matter)}`} disabled={paying.value[m.matter]} onClick={() => pay(m)}>{paying.value[m.matter] ? "Paying" : "Pay"}<span class="out-of-sight"> {m.title}</span></button>}
      </div>
    </li>
  );
  return (
    <div class="stack">
      <p class="lead" aria-live="polite" data-testid="bills-sentence">{open.length === 0 ? "Nothing is to be paid." : open.length === 1 ? "One bill is to be paid." : `${open.length} bills are to be paid.`}</p>
      <ul class="plain">{open.map(line)}{done.map(line)}</ul>
    </div>
  );
}
