/*
 * product.tsx: a product as its owner sets it: within its range, at once on every channel, with what it leads to said before and the way
 * back kept. What was set elsewhere shows here without loading again.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { OwnProducts, Setting } from "../shared/api";
import { When } from "../shared/components";
import { money, on, count } from "../shared/format";
import { Frame } from "./frame";
import { prefer, takeBack } from "./menu";
import { parameter, visit, type Visit } from "./session";

const said = (setting: Setting, value: number): string => /^[A-Z]{3}$/.test(setting.unit) ? money(value, setting.unit, true) : count(value);

export default function OwnProduct() {
  const person = parameter("person");
  const channel = parameter("channel") ?? (innerWidth < 600 ? "app" : "web");
  const at = useSignal<Visit | null>(null);
  const own = useSignal<OwnProducts | null>(null);
  const error = useSignal<Error | null>(null);
  const enter = async (): Promise<void> => {
    if (!person) return;
    error.value = null;
    try {
      at.value?.leave();
      at.value = await visit(person, { place: { channel, touchpoint: channel === "app" ? "app-cards" : "web-cards" }, surface: "app-home", withCard: false, events: true });
    } catch (e) { error.value = e as Error; }
  };
  useEffect(() => { void enter(); return () => at.value?.leave(); }, []);
  const v = at.value, decided = v?.decision.value;
  /* Whenever something she wants has changed, the server decides anew, and so this reads anew. */
  useEffect(() => { if (v && decided) void v.api.products(v.session.cid).then((p) => { own.value = p; }, (e: Error) => { error.value = e; }); }, [decided]);
  const product = own.value?.products[0];
  return (
    <Frame channel={channel} place="product" title={product?.title ?? "Your card"} person={person} name={v?.session.name} error={error.value ?? v?.trouble.value ?? null} again={() => void enter()}>
      {v && own.value && (product ? (
        <>
          <h1 data-testid="product-sentence">{sentenceOf(product.settings)}</h1>
          <p class="soft">What you set holds at once, in the app, online and at the branch.</p>
          {product.settings.map((s) => <SettingForm key={s.setting} setting={s} visit={v} channel={channel} />)}
        </>
      ) : <><h1>There is nothing to set.</h1><p class="soft">No product has settings yet; they are configured with kind: product.</p></>)}
    </Frame>
  );
}

function sentenceOf(settings: Setting[]): string {
  const own = settings.filter((s) => s.own);
  if (own.length === 0) return "Everything is as we set it up.";
  return own.length === 1 ? `You set the ${own[0]!.title.toLowerCase()} yourself.` : `You set ${own.length === settings.length ? "all of it" : `${own.length} things`} yourself.`;
}

function SettingForm({ setting, visit: v, channel }: { setting: Setting; visit: Visit; channel: string }) {
  const wanted = useSignal(setting.value), leads = useSignal("");
  useEffect(() => { wanted.value = setting.value; }, [String(setting.value)]);  /* As text: NaN would never be the same again. */
  const fits = wanted.value >= setting.from && wanted.value <= setting.to && Math.abs((wanted.value - setting.from) / setting.step % 1) < 1e-9;
  const changed = !Object.is(wanted.value, setting.value);
  useEffect(() => {
    leads.value = "";
    if (!setting.consequence || !changed || !fits) return;
    let over = false;
    void v.api.preview({ consequence: setting.consequence, state: { value: setting.value }, change: { value: wanted.value } }).then((p) => { if (!over) leads.value = p.sentence; }, () => undefined);
    return () => { over = true; };
  }, [String(wanted.value), String(setting.value)]);
  const id = setting.setting, tell = `${setting.title}: ${said(setting, wanted.value)}, everywhere.`;
  return (
    <form class="setting stack tight" data-testid={`setting-${id}`} data-value={setting.value} data-own={setting.own} onSubmit={(e) => { e.preventDefault(); if (fits && changed) void prefer(v, { [setting.preference]: wanted.value }, tell, channel); }}>
      <div class="row between"><label for={id}>{setting.title}</label><span class="sum">{said(setting, setting.value)}</span></div>
      <div class="row">
        <input id={id} type="number" inputMode="numeric" min={setting.from} max={setting.to} step={setting.step} value={Number.isNaN(wanted.value) ? "" : wanted.value} data-testid={`want-${id}`} aria-describedby={`${id}-hint`}
          onInput={(e) => { wanted.value = e.currentTarget.value === "" ? Number.NaN : Number(e.currentTarget.value); }} />
        <button class="first" data-testid={`set-${id}`} disabled={!fits || !changed}>Set it</button>
      </div>
      <p class="small" id={`${id}-hint`}>{fits ? `${said(setting, setting.from)} to ${said(setting, setting.to)}${setting.step === 1 ? "" : ` in steps of ${count(setting.step)}`}; usually ${said(setting, setting.standard)}.` : `From ${said(setting, setting.from)} to ${said(setting, setting.to)} in steps of ${count(setting.step)}, please.`}</p>
      <p class="small" aria-live="polite" data-testid={`leads-${id}`}>{leads.value}</p>
      {setting.own && <div class="row between small"><span>Set by you{setting.since ? <> <When time={setting.since} /></> : null}{setting.channel && setting.channel !== "none" ? ` ${on(setting.channel)}` : ""}.</span>
        {setting.undo && <button type="button" class="quiet low" data-testid={`undo-${id}`} onClick={() => void takeBack(v, setting.undo!)}>Undo<span class="out-of-sight"> {setting.title}</span></button>}</div>}
    </form>
  );
}
