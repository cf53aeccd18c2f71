/* who.tsx: "sign in as": the people of the demonstration, each with the words she says about herself. */
import { useEffect, useState } from "preact/hooks";
import { client, type Person } from "../shared/api";
import { Trouble } from "../shared/components";

export function Who({ title, verb }: { title: string; verb: (name: string) => string }) {
  const [people, setPeople] = useState<Person[]>([]);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => { client().people().then(setPeople, setError); }, []);
  const to = (person: string): string => { const p = new URLSearchParams(location.search); p.set("person", person); return `${location.pathname}?${p}`; };
  return (
    <div class="who stack">
      <h1>{title}</h1>
      {error && <Trouble error={error} />}
      <ul class="plain stack">
        {people.map((p) => (
          <li key={p.person} class="stack tight">
            <a class="button" href={to(p.person)} data-testid={`person-${p.person}`}>{verb(p.name)}</a>
            <span class="soft">{p.says}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
