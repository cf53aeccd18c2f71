/* main.tsx: one page for all of Harbour's places; each place is its own part and loads alone. */
import "./harbour.css";
import type { ComponentType } from "preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Announcer } from "../shared/components";
import { brand } from "./brand";

const places: Record<string, { title: string; load: () => Promise<{ default: ComponentType }> }> = {
  "": { title: brand.name, load: () => import("./index") },
  machine: { title: `Cash machine, ${brand.name}`, load: () => import("./machine") },
  app: { title: `${brand.name} app`, load: () => import("./app") },
  web: { title: `${brand.name} online`, load: () => import("./web") },
  branch: { title: `Branch, ${brand.name}`, load: () => import("./branch") },
  shop: { title: `Rewards shop, ${brand.name}`, load: () => import("./shop") },
  product: { title: `Your card, ${brand.name}`, load: () => import("./product") },
  queue: { title: `Your turn, ${brand.name}`, load: () => import("./queue") },
};

function Page() {
  const name = location.pathname.replace(/^\/harbour\/?/, "").replace(/\/$/, "");
  const place = places[name] ?? places[""]!;
  const [Place, setPlace] = useState<ComponentType | null>(null);
  useEffect(() => {
    document.title = place.title;
    document.documentElement.dataset["place"] = name || "index";
    void place.load().then((m) => setPlace(() => m.default));
  }, []);
  return <>{Place ? <Place /> : <p class="waiting">One moment.</p>}<Announcer /></>;
}

render(<Page />, document.getElementById("page")!);
