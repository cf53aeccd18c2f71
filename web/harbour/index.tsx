/* index.tsx: the people and the places. */
import { useEffect, useState } from "preact/hooks";
import { client, type Person } from "../shared/api";
import { Trouble } from "../shared/components";
import { brand } from "./brand";

const places = [
  ["machine", "Cash machine", "Put the card in."], ["app", "App", "On the phone."], ["web", "Online bank", "In the browser."], ["shop", "Rewards shop", "In the browser, or on the phone."], ["product", "Credit card", "Set as its owner likes."],
] as const;

export default function Index() {
  const [people, setPeople] = useState<Person[]>([]);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => { client().people().then(setPeople, setError); }, []);
  return (
    <main class="index stack">
      <header class="masthead"><span class="bank">{brand.name}</span></header>
      <div class="index-body stack">
        <h1>A bank that lives beside its customers’ lives, on every channel the same.</h1>
        <p class="soft">{brand.name} is invented, and so are its people; what its pages do is computed from what they did. Open two places side by side and watch them agree.</p>
        {error && <Trouble error={error} />}
        <div class="people">
          {people.map((p) => (
            <section key={p.person} class="stack tight" aria-labelledby={`p-${p.person}`}>
              <h2 id={`p-${p.person}`}>{p.name}</h2>
              <p class="soft">“{p.says}”</p>
              <ul class="plain stack tight">
                {places.map(([path, title]) => <li key={path}><a href={`/harbour/${path}?person=${p.person}`}>{title}<span class="out-of-sight"> for {p.name}</span></a></li>)}
                <li><a href={`/me/enter?person=${p.person}`}>What the bank knows, and my way<span class="out-of-sight"> for {p.name}</span></a></li>
              </ul>
            </section>
          ))}
        </div>
        <section class="stack tight rule" aria-labelledby="places">
          <h2 id="places">At the branch</h2>
          <ul class="plain stack tight">
            <li><a href="/harbour/branch?counter=4">The clerk’s tablet, counter 4</a></li>
            <li><a href="/harbour/queue?counter=4">The screen above counter 4</a></li>
          </ul>
        </section>
      </div>
    </main>
  );
}
