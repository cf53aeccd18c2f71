/* main.tsx: one page for all of Harbour's places; each place is its own part and loads alone. */
import "./harbour.css";
import type { ComponentType } from "preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Announcer, Part, Trouble } from "../shared/components";
import { named } from "../shared/format";
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
  const place = named(places, name) ?? places[""]!;
  const [Place, setPlace] = useState<ComponentType | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    document.title = place.title;
    document.documentElement.dataset["place"] = name || "index";
    void place.load().then((m) => setPlace(() => m.default), () => setError(new Error("This page could not be loaded. Check that the server runs, then reload the page.")));
  }, []);
  return <><Part title="This page">{Place ? <Place /> : error ? <Trouble error={error} /> : <p class="waiting">One moment.</p>}</Part><Announcer /></>;
}

render(<Page />, document.getElementById("page")!);
