/* voice-customers.tsx: the customers behind an answer: by name who agreed to it, the others as a number. */
import { useEffect } from "preact/hooks";
import type { JourneysCustomers } from "../shared/api";
import { announce, Empty, Trouble } from "../shared/components";
import { CustomerTable } from "./customers";
import { nobody, Rests } from "./journey-customers";
import { Top } from "./page";
import { parameters } from "./route";
import { api, asking } from "./state";

const { state, ask } = asking<JourneysCustomers>();

export default function VoiceCustomers() {
  const p = parameters.value, scale = p.get("scale") ?? "stars";
  const load = (): void => void ask(() => api.voiceCustomers({ scale, low: p.get("low"), high: p.get("high"), touchpoint: p.get("touchpoint"), days: p.get("days") })).then(() => { if (state.value.value) announce(state.value.value.sentence); });
  useEffect(load, [p.toString()]);
  const { error, loading } = state.value;
  const found = loading ? null : state.value.value; /* Another figure's customers are never shown under this one. */
  return (
    <>
      <Top sentence={found?.sentence ?? (loading ? "One moment." : "Customers behind an answer")} rests={found && !found.hidden ? <Rests found={found} /> : undefined}><p><a href="/console/voice" data-testid="back-to-voice">Back to what customers say</a></p></Top>
      {error && <Trouble error={error} again={load} />}
      {found?.hidden && <Empty title="Too few to open"><p class="soft">So that nobody can be recognised, a figure of very few customers is neither shown nor opened. Take a longer time.</p></Empty>}
      {found && !found.hidden && found.agreed === 0 && <Empty title="Nobody can be listed"><p class="soft">{nobody(found)}</p></Empty>}
      {found && found.customers.length > 0 && <CustomerTable customers={found.customers} label="Customers behind the answer" />}
    </>
  );
}
