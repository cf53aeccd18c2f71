/* worth-stars.tsx: the company's stars for contacts: this month against the goal, and the course. Is it worth it? */
import { useEffect } from "preact/hooks";
import type { StarsMonth, WorthStars } from "../shared/api";
import { Mark, Trouble } from "../shared/components";
import { count, decimal, money, month, plural, shortDay } from "../shared/format";
import { NotMeasured, Twin } from "./page";
import { api, asking } from "./state";

const stars = asking<WorthStars>();
const load = (): void => void stars.ask(() => api.worthStars());

export function OurStars() {
  useEffect(load, []);
  const { value: s, error } = stars.state.value, now = s?.months.at(-1);
  return (
    <section class="stack tight" aria-labelledby="our-stars">
      <h2 id="our-stars">Is it worth it?</h2>
      {error && <Trouble error={error} again={load} />}
      {s && now && (now.hidden ? <NotMeasured missing={s.sentence} /> : <>
        <p data-testid="our-stars">{now.against_goal ? <Mark means={now.against_goal === "above" ? "good" : now.against_goal === "below" ? "broken" : "watch"}>{s.sentence}</Mark> : s.sentence}</p>
        {s.goal === null && <p class="soft">There is no goal: write <code>stars</code> under <code>goal</code> of the price list.</p>}
        <Course s={s} />
        <p class="small">Our stars for contacts, as on each customer’s card: of {plural(s.looked_at, "customer")} who said yes to “{s.purpose}”.</p></>)}
    </section>
  );
}

const known = (m: StarsMonth): boolean => !m.hidden && m.value !== undefined;

function Course({ s }: { s: WorthStars }) {
  const W = 640, H = 150, n = s.months.length, x = (i: number): number => 40 + (i * (W - 110)) / (n - 1);
  const shown = s.months.filter(known), all = [...shown.flatMap((m) => [m.low!, m.high!]), ...(s.goal === null ? [] : [s.goal])];
  const bottom = Math.max(1, Math.min(...all) - 0.1), top = Math.min(5, Math.max(...all) + 0.1), y = (v: number): number => H - 24 - ((v - bottom) / (top - bottom || 1)) * (H - 40);
  const text = (m: StarsMonth): string => (known(m) ? `${decimal(m.value!, 2)} (${decimal(m.low!, 2)} to ${decimal(m.high!, 2)}, ${count(m.contacts!)})` : "too few to show");
  return <Twin id="our-stars-months" label="Our stars by month"
    chart={shown.length < 2 ? <p class="soft">Too few contacts in most months to draw a course.</p> : <svg class="course" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`Our stars by month: from ${text(shown[0]!)} to ${text(shown.at(-1)!)}${s.goal === null ? "" : `; the goal is ${count(s.goal)}`}.`}>
      {[bottom, top].map((v) => <g key={v}><path class="line" d={`M34 ${y(v)}H${W - 14}`} /><text x="0" y={y(v) + 4}>{decimal(v, 1)}</text></g>)}
      {s.goal !== null && <g><path class="goal" d={`M34 ${y(s.goal)}H${W - 62}`} /><text x={W - 58} y={y(s.goal) + 4}>goal {count(s.goal)}</text></g>}
      <polyline class="way" points={s.months.map((m, i) => (known(m) ? `${x(i)},${y(m.value!)}` : null)).filter(Boolean).join(" ")} />
      {s.months.map((m, i) => <g key={i}>{known(m) && <><path class="whisker" d={`M${x(i)} ${y(m.low!)}V${y(m.high!)}`} /><circle class="dot" cx={x(i)} cy={y(m.value!)} r="4" /></>}{i % 2 === 1 && <text x={x(i)} y={H - 4} text-anchor="middle">{month(m.until)}</text>}</g>)}
    </svg>}
    table={<table><caption>Our stars by month</caption><thead><tr><th scope="col">Month to</th><th scope="col">Stars (interval, contacts)</th><th scope="col" class="n">Brings a contact</th><th scope="col" class="n">Minutes of staff</th></tr></thead>
      <tbody>{s.months.map((m, i) => <tr key={i}><th scope="row">{shortDay(m.until)}</th><td>{text(m)}</td><td class="n">{known(m) ? money(m.profit_a_contact!, s.currency) : ""}</td><td class="n">{known(m) ? decimal(m.minutes_a_contact!, 1) : ""}</td></tr>)}</tbody></table>} />;
}
