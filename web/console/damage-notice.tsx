/* damage-notice.tsx: the line above every page that says that data on disk is damaged. There is none while nothing is. */
import { useEffect } from "preact/hooks";
import { plural } from "../shared/format";
import type { Damage } from "../shared/api";
import { Mark } from "../shared/components";
import { api, asking, may } from "./state";

export const damage = asking<Damage>();
export const loadDamage = (): void => void damage.ask(() => api.damage());
const AGAIN_MS = 60_000;

export function DamageNotice() {
  useEffect(() => {
    if (!may("GET /v1/damage")) return undefined;
    loadDamage();
    const timer = setInterval(loadDamage, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const d = damage.state.value.value;
  if (!d || d.total === 0) return null;
  const rebuilt = d.pieces.every((p) => p.effect === "rebuilt") && d.total === d.pieces.length;
  return (
    <aside class={`notice row between${rebuilt ? "" : " broken"}`} aria-label="Damaged data" data-testid="damage">
      <Mark means={rebuilt ? "watch" : "broken"}>{rebuilt ? `Damaged and rebuilt: ${plural(d.total, "piece")} of the data on disk` : `Damaged: ${plural(d.total, "piece")} of the data on disk`}</Mark>
      <a href="/console/damage">See what it costs and what to do</a>
    </aside>
  );
}
