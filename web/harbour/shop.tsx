/*
 * shop.tsx: the rewards shop, on the phone and in the browser: what is due and what fits, without what she has; and what a choice in the
 * basket would lead to, said before it is made.
 *
 * What was bought anywhere leaves this page at once, without being loaded again: the server tells, and decides anew.
 */
import { signal, useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Decision, Offer, Preview } from "../shared/api";
import { announce, Dialog, Trouble } from "../shared/components";
import { money, count } from "../shared/format";
import { brand } from "./brand";
import { Frame } from "./frame";
import { parameter, visit, type Visit } from "./session";

interface Line { offer: Offer; speed: string }
interface Shop { visit: Visit; desk: Signal<Decision | null>; basket: Signal<Line[]> }
const DESK = "shop-desk";

const offersOf = (decision: Decision | null): Offer[] => (decision?.options ?? []).map((o) => ({ ...o, value: String(o.value), title: o.title ?? String(o.value), price: o.price ?? NaN, currency: o.currency ?? "", why: o.why ?? "", learned: o.learned ?? false }));
const lower = (text: string): string => text.replace(/^./, (c) => c.toLowerCase());
const colourOf = (offer: Offer): string | undefined => typeof offer.attributes?.["colour"] === "string" ? offer.attributes["colour"] as string : undefined;

export default function RewardsShop() {
  const person = parameter("person");
  const channel = parameter("channel") ?? (innerWidth < 600 ? "app" : "web");
  const at = useSignal<Shop | null>(null);
  const error = useSignal<Error | null>(null);
  const enter = async (): Promise<void> => {
    if (!person) return;
    error.value = null;
    try {
      at.value?.visit.leave();
      at.value = { visit: await visit(person, { place: { channel, touchpoint: channel === "app" ? "shop-app" : "shop-checkout" }, surface: "shop-home", withCard: false, events: true }), desk: signal(null), basket: signal([]) };
    } catch (e) { error.value = e as Error; }
  };
  useEffect(() => { void enter(); return () => at.value?.visit.leave(); }, []);
  const shop = at.value;
  return (
    <Frame channel={channel} place="shop" title="Rewards shop" person={person} name={shop?.visit.session.name} error={error.value ?? shop?.visit.trouble.value ?? null} again={() => void enter()}>
      {shop && <Shelves shop={shop} channel={channel} />}
    </Frame>
  );
}

/* One true sentence: what is due, or that nothing is. */
function sentenceOf(offers: Offer[]): string {
  const due = offers.find((o) => o.due_days !== undefined);
  if (!due) return "What fits, without what you have.";
  const days = due.due_days!;
  return days > 1 ? `${due.title}: about ${count(days)} days left.` : days >= 0 ? `${due.title}: about used up.` : `${due.title}: used up by now, we think.`;
}

function Shelves({ shop, channel }: { shop: Shop; channel: string }) {
  const { visit: v, desk, basket } = shop;
  const decision = v.decision.value;
  useEffect(() => {
    if (decision) void v.api.decide({ surface: DESK, channel, context: { touchpoint: "shop" } }).then((d) => { desk.value = d; }, () => undefined);
  }, [decision?.decision]);
  const offers = offersOf(decision), lamps = offersOf(desk.value), away = decision?.withheld.filter((w) => w.product) ?? [];
  const shown = new Set(offers.map((o) => o.value));
  if (!decision) return v.trouble.value ? null : <p>One moment.</p>;
  return (
    <>
      <h1 data-testid="shop-sentence">{sentenceOf(offers)}</h1>
      <p class="soft">{decision.why}</p>
      {basket.value.length > 0 && <Basket shop={shop} lamps={lamps} />}
      <Ordered />
      <section class="stack tight" aria-labelledby="for-you"><h2 id="for-you">For you</h2>
        <ul class="plain shelf">{offers.map((o) => <Item key={o.value} offer={o} shop={shop} />)}</ul></section>
      {lamps.length > 0 && <section class="stack tight" aria-labelledby="desk"><h2 id="desk">For the desk</h2>
        <ul class="plain shelf">{lamps.filter((o) => !shown.has(o.value)).map((o) => <Item key={o.value} offer={o} shop={shop} />)}</ul></section>}
      {away.length > 0 && <details class="away" data-testid="away"><summary>Not offered to you now: {away.length}</summary>
        <ul class="plain">{away.map((w) => <li key={w.product} data-testid={`away-${w.product}`}><strong>{w.what}</strong><span class="small">{w.why}</span></li>)}</ul></details>}
    </>
  );
}

const ordered = signal("");
const Ordered = () => <p role="status" aria-live="polite" class={ordered.value ? "notice" : "out-of-sight"} data-testid={ordered.value ? "ordered" : undefined}>{ordered.value}</p>;

function Item({ offer, shop }: { offer: Offer; shop: Shop }) {
  const { basket } = shop, inside = basket.value.some((l) => l.offer.value === offer.value);
  const put = (): void => { ordered.value = ""; basket.value = [...basket.value, { offer, speed: "standard" }]; announce(`${offer.title} is in the basket.`); };
  return (
    <li class="offer" data-testid={`offer-${offer.value}`} data-due={offer.due_days}>
      <div class="stack tight"><strong>{offer.title}</strong><span class={`small${offer.learned ? " guess" : ""}`}>{offer.why}</span></div>
      <div class="row"><span class="sum">{money(offer.price, offer.currency)}</span>
        <button class="low" data-testid={`basket-add-${offer.value}`} disabled={inside} onClick={put}>{inside ? "In the basket" : "Into the basket"}<span class="out-of-sight">: {offer.title}</span></button></div>
    </li>
  );
}

function Basket({ shop, lamps }: { shop: Shop; lamps: Offer[] }) {
  const { visit: v, basket } = shop, sum = basket.value.reduce((n, l) => n + l.offer.price, 0);
  const order = (): void => {
    const lines = basket.value, names = lines.map((l) => l.offer.title).join(", ");
    v.track("Order Completed", { order_id: crypto.randomUUID(), total: Math.round(sum * 100) / 100, currency: brand.currency,
      products: lines.map(({ offer }) => ({ product_id: offer.value, name: offer.title, price: offer.price, quantity: 1 })) });
    basket.value = [];
    ordered.value = `Ordered: ${names}.`;
  };
  return (
    <section class="basket stack" aria-labelledby="basket-title" data-testid="basket">
      <h2 id="basket-title" tabIndex={-1}>Your basket</h2>
      {basket.value.map((line) => <BasketLine key={line.offer.value} line={line} shop={shop} lamps={lamps} />)}
      <div class="row between"><span>Together <span class="sum">{money(sum, brand.currency)}</span></span><button class="first" data-testid="order" onClick={order}>Order</button></div>
    </section>
  );
}

/* One thing in the basket: when it comes, and what another colour or way of sending would change. */
function BasketLine({ line, shop, lamps }: { line: Line; shop: Shop; lamps: Offer[] }) {
  const { visit: v, basket } = shop, { offer, speed } = line;
  const arrives = useSignal(""), asked = useSignal<Preview | null>(null);
  const state = { product: offer.value, speed };
  useEffect(() => {
    void v.api.preview({ consequence: "delivery", state, change: {} }).then((p) => { arrives.value = p.now.outcome["arrives"]?.says ?? ""; }, () => undefined);
  }, [offer.value, speed]);
  const ask = async (change: Record<string, string>): Promise<void> => {
    try { asked.value = await v.api.preview({ consequence: "delivery", state, change }); v.track("Consequence Shown", { consequence: "delivery" }); } catch (e) { v.trouble.value = e as Error; }
  };
  const take = (wanted: Record<string, string | number>): void => {
    const next = lamps.find((o) => o.value === wanted["product"]) ?? offer;
    basket.value = basket.value.map((l) => l === line ? { offer: next, speed: String(wanted["speed"] ?? speed) } : l);
    asked.value = null;
    requestAnimationFrame(() => document.getElementById("basket-title")?.focus());
    announce(`${next.title} is in the basket.`);
  };
  const close = (): void => { asked.value = null; };
  const colours = colourOf(offer) ? lamps.filter((o) => colourOf(o)) : []; /* Without a known colour there is nothing to change to. */
  return (
    <div class="stack tight" data-testid={`line-${offer.value}`}>
      <div class="row between"><strong>{offer.title}</strong><span class="sum">{money(offer.price, offer.currency)}</span></div>
      <p class="small" data-testid="arrives">{arrives.value ? `Arrives ${arrives.value}${speed === "express" ? ", by express" : ""}.` : " "}</p>
      <div class="row">
        {colours.filter((o) => o.value !== offer.value).map((o) => <button key={o.value} class="low" data-testid={`change-${o.value}`} onClick={() => void ask({ product: o.value })}>{`In ${colourOf(o)}?`}</button>)}
        <button class="low" data-testid={speed === "express" ? "change-standard" : "change-express"} onClick={() => void ask({ speed: speed === "express" ? "standard" : "express" })}>{speed === "express" ? "Without express?" : "By express?"}</button>
        <button class="quiet low" data-testid={`remove-${offer.value}`} onClick={() => { basket.value = basket.value.filter((l) => l !== line); announce(`${offer.title} was taken out.`); }}>Take out</button>
      </div>
      {asked.value && <Change preview={asked.value} lamps={lamps} offer={offer} take={take} close={close} />}
    </div>
  );
}

/* What the change would lead to, and what would be better: said before anything is changed. */
function Change({ preview, lamps, offer, take, close }: { preview: Preview; lamps: Offer[]; offer: Offer; take: (wanted: Record<string, string | number>) => void; close: () => void }) {
  const wanted = preview.changed.state, title = lamps.find((o) => o.value === wanted["product"])?.title ?? offer.title;
  const nearest = preview.alternatives.slice(0, 3);
  return (
    <Dialog id="change" title={wanted["product"] === offer.value ? `${title}, sent ${wanted["speed"] === "express" ? "by express" : "as usual"}` : title} close={close}>
      <p class="lead" data-testid="change-sentence">{preview.sentence}</p>
      {nearest.length > 0 && <div class="stack tight"><p class="small">Or:</p><ul class="plain stack tight" data-testid="alternatives">
        {nearest.map((a, i) => <li key={a.says} class="row between"><span data-testid={`alternative-${i}`}>{a.says}</span><button class="low" data-testid={`take-alternative-${i}`} onClick={() => take(a.leads_to.state)}>Take this<span class="out-of-sight">: {a.says}</span></button></li>)}
      </ul></div>}
      <div class="row"><button class="first" data-testid="take" onClick={() => take(wanted)}>Take the {lower(title)}{wanted["product"] === offer.value ? " so" : ""}</button><button data-testid="keep" onClick={close}>Leave it as it is</button></div>
    </Dialog>
  );
}
