/*
 * session.ts: one person at one place: who she is, what was decided for her, and what she tells us.
 *
 * Events go through Segment's own SDK, unchanged, as any company's pages would send them; it is loaded apart because it is large.
 */
import { signal, type Signal } from "@preact/signals";
import { client, type Card, type Client, type Decision, type Session, type Value, type Who } from "../shared/api";
import { applyAccessibility } from "../shared/components";
import { listen, type Queued } from "../shared/stream";

export interface Place { channel: string; touchpoint: string }

export interface Visit {
  session: Session;
  api: Client;
  decision: Signal<Decision | null>;
  card: Signal<Card | null>;
  trouble: Signal<Error | null>;
  decide: () => Promise<void>;
  readCard: () => Promise<void>;
  track: (name: string, properties: Record<string, Value>) => void;
  screen: (name: string, properties: Record<string, Value>) => void;
  leave: () => void;
}

export interface VisitOptions {
  place: Place;
  surface: string;
  withCard: boolean;
  events: boolean;
  /* While it answers false, a change of the customer's wishes does not redraw what she is looking at; her needs are applied all the same. */
  mayRedraw?: () => boolean;
  queue?: (queued: Queued) => void;
}

export async function visit(person: string, options: VisitOptions): Promise<Visit> {
  const session = await client().session(person);
  const who: Who = {
    token: session.token,
    renew: async () => { session.token = (await client().session(person)).token; who.token = session.token; },
  };
  const api = client(who);
  const decision = signal<Decision | null>(null);
  const card = signal<Card | null>(null);
  const trouble = signal<Error | null>(null);
  const { place } = options;

  let asked = 0;
  const decide = async (): Promise<void> => {
    const turn = ++asked;
    try {
      const answer = await api.decide({ surface: options.surface, channel: place.channel, context: { touchpoint: place.touchpoint } });
      if (turn !== asked) return;
      applyAccessibility(answer.accessibility);
      if (!decision.value || options.mayRedraw?.() !== false) decision.value = answer;
      trouble.value = null;
    } catch (error) { trouble.value = error as Error; }
  };
  const readCard = async (): Promise<void> => {
    try { card.value = await api.card(session.cid); } catch (error) { trouble.value = error as Error; }
  };

  const events = options.events ? import("./events").then((m) => m.start(session, place)) : null;
  const stop = listen({ cid: session.cid, token: () => session.token }, {
    changed: ({ what }) => {
      if (what.some((w) => w === "menu" || w === "preferences" || w === "consents")) void decide();
      if (options.withCard) void readCard();
    },
    again: () => { void decide(); if (options.withCard) void readCard(); },
    /* A refused line most often means that the token has run out: the next question renews it. */
    refused: () => { void decide(); },
    queue: options.queue,
  });

  await Promise.all([decide(), options.withCard ? readCard() : null]);
  events?.then((e) => e.track("Signed In", { touchpoint: place.touchpoint })).catch(() => undefined);
  return {
    session, api, decision, card, trouble, decide, readCard,
    track: (name, properties) => { events?.then((e) => e.track(name, properties)).catch((error: Error) => { trouble.value = error; }); },
    screen: (name, properties) => { events?.then((e) => e.screen(name, properties)).catch(() => undefined); },
    leave: () => { stop(); applyAccessibility(null); },
  };
}

export const parameter = (name: string): string | null => new URLSearchParams(location.search).get(name);
