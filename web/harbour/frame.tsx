/* frame.tsx: the page around a place that is there on the phone and in the browser alike. */
import type { ComponentChildren } from "preact";
import { Toast, Trouble, Waiting } from "../shared/components";
import { brand } from "./brand";
import { toast } from "./menu";
import { Who } from "./who";

export interface FrameProps {
  channel: string; place: string; title: string; person: string | null; name: string | undefined; error: Error | null; again: () => void; children: ComponentChildren;
}

export function Frame({ channel, place, title, person, name, error, again, children }: FrameProps) {
  const phone = channel === "app", home = person ? `/harbour/${phone ? "app" : "web"}?person=${person}` : "/harbour";
  const inside = !person ? <Who title="Who are you?" verb={(who) => `Sign in as ${who}`} /> : (
    <>
      {name === undefined ? <Waiting error={error} again={again} /> : <>{error && <Trouble error={error} again={again} />}{children}</>}
    </>
  );
  const toasted = toast.value && <Toast text={toast.value.text} undo={toast.value.undo} close={() => { toast.value = null; }} />;
  if (phone)
    return (
      <main class="phone" data-screen={place}>
        <header class="masthead"><a class="back-link" href={home}>Back</a><span class="bank">{title}</span></header>
        <div class="phone-body stack">{inside}</div>
        {toasted}
      </main>
    );
  return (
    <div class="online" data-screen={place}>
      <a class="skip" href="#main">To the content</a>
      <header class="masthead"><span class="bank">{brand.name}</span><span>{title}</span>{name && <span>{name}</span>}<a href={home}>Online bank</a></header>
      <main id="main" class="online-body stack">{inside}</main>
      {toasted}
    </div>
  );
}
