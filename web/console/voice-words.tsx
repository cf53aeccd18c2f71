/* voice-words.tsx: what customers say in their own words, each with the peak and the end of the experience it was said of. */
import { useEffect } from "preact/hooks";
import type { VoiceWords } from "../shared/api";
import { Mark, Trouble, When } from "../shared/components";
import { plural, count } from "../shared/format";
import { api, asking } from "./state";

const words = asking<VoiceWords>();
const load = (): void => void words.ask(() => api.voiceWords());
const meaning = (stars: number): "good" | "watch" | "broken" => (stars >= 4 ? "good" : stars <= 2 ? "broken" : "watch");

export function Words() {
  useEffect(load, []);
  const { value: w, error } = words.state.value;
  return (
    <section class="stack" aria-labelledby="words" data-testid="words">
      <h2 id="words">In their words</h2>
      <p class="soft">What stays of an experience is its most intense moment and its last one. The ratings of one customer without a month’s pause are one experience.</p>
      {error && <Trouble error={error} again={load} />}
      {w && (w.hidden ? <p>Too few customers rated in the last {count(w.days)} days to read what they said.</p>
        : w.experiences.length === 0 ? <p>Nobody who said yes to “{w.purpose}” has said anything in words in the last {count(w.days)} days: a rating may carry <code>words</code>.</p>
          : <ul class="plain stack ideas">{w.experiences.map((e, i) => (
            <li key={i} class="stack tight" data-testid="experience">
              {e.said.map((s, n) => <p key={n}>“{s.words}” <span class="small">{plural(s.stars, "star")}{s.title ? `, ${s.title}` : ""}, <When time={s.time} /></span></p>)}
              <p class="small row"><Mark means={meaning(e.peak.stars)}>{`Peak: ${plural(e.peak.stars, "star")}`}</Mark> <Mark means={meaning(e.end.stars)}>{`End: ${plural(e.end.stars, "star")}`}</Mark><span>of {plural(e.ratings, "rating")}, by <a href={`/console/customers/${e.customer.cid}`}>{e.customer.name ?? "somebody without a name"}</a></span></p>
            </li>))}</ul>)}
      {w && !w.hidden && <p class="small">{plural(w.agreed, "customer")} who rated agreed to be looked at one by one; {plural(w.withheld, "other has", "others have")} not, and {w.withheld === 1 ? "is" : "are"} not read.</p>}
    </section>
  );
}
