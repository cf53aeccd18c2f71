/* events.ts: Segment's analytics-next, pointed at this server, with the customer's token, the channel and the touchpoint on every event. */
import { AnalyticsBrowser } from "@segment/analytics-next";
import type { Session, Value } from "../shared/api";
import type { Place } from "./session";

export interface Events {
  track: (name: string, properties: Record<string, Value>) => void;
  screen: (name: string, properties: Record<string, Value>) => void;
}

export async function start(session: Session, place: Place): Promise<Events> {
  const [analytics] = await AnalyticsBrowser.load(
    { writeKey: session.write_key, cdnURL: location.origin },
    {
      integrations: { "Segment.io": { apiHost: `${location.host}/v1`, protocol: location.protocol.replace(":", "") as "http" | "https" } },
      user: { persist: false },
      storage: { stores: ["memory"] },
      disableClientPersistence: true,
    },
  );
  await analytics.addSourceMiddleware(({ payload, next }) => {
    payload.obj.context = { ...payload.obj.context, token: session.token, channel: place.channel, touchpoint: place.touchpoint };
    next(payload);
  });
  /* The same device each time: a page opened again is no new visitor. */
  analytics.setAnonymousId(`harbour-${place.channel}-${session.user_id}`);
  /* Who it is, on every event from here on; an identify call would only repeat at each visit what the bank knows. */
  analytics.user().id(session.user_id);
  return {
    track: (name, properties) => { void analytics.track(name, properties); },
    screen: (name, properties) => { void analytics.screen(name, name, properties); },
  };
}
