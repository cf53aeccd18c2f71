/* journey-question.ts: what the address asks about journeys, the same for the pictures and for the customers behind a figure. */
import type { JourneysFigure, JourneysQuestion } from "../shared/api";

export function question(p: URLSearchParams): Required<JourneysQuestion> {
  const get = (name: string): string => p.get(name) ?? "";
  const cut = get("cut") || "gap";
  return {
    cut, gap: cut === "gap" ? get("gap") || "30m" : "", goal: get("goal"), property: cut === "property" ? get("property") : "",
    from: get("from"), to: get("to"), channel: get("channel"), top: Number(get("top") || 40),
  };
}

/* The page of the customers behind @figure. It keeps the whole address, so that the way back leads to the same picture. */
export function customersOf(p: URLSearchParams, figure: JourneysFigure): string {
  const q = new URLSearchParams(p);
  for (const name of ["of", "activity", "next", "variant", "at"]) q.delete(name);
  for (const [name, value] of Object.entries(figure)) q.set(name, String(value));
  return `/console/journeys/customers?${q}`;
}

/* The figure that the address names; null when it names none. */
export function figure(p: URLSearchParams): JourneysFigure | null {
  const of = p.get("of"), activity = p.get("activity") ?? "", next = p.get("next") ?? "";
  switch (of) {
    case "all": return { of };
    case "step": case "start": case "end": case "repeat": case "drop_off": return { of, activity };
    case "edge": return { of, activity, next };
    case "flow": return { of, activity, next, at: Number(p.get("at") ?? 1) };
    case "variant": return { of, variant: p.get("variant") ?? "" };
    default: return null;
  }
}
