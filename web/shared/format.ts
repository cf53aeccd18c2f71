/*
 * format.ts: numbers, money, times and names as a person says them. Everything follows the language of the page.
 *
 * No function here throws, whatever it is given: each takes `unknown` where an answer of the server may end up. What is missing or is no number,
 * no time or no text is shown as MISSING, never as 0 or "NaN". A number too long to read is shown by its power of ten.
 */
import type { Time } from "./api";

export const MISSING = "–";
const LONG = 1e15, DEPTH_MAX = 6;

const isNumber = (n: unknown): n is number => typeof n === "number" && Number.isFinite(n);

/* The language of the page, where the browser knows it. */
function language(): string {
  const wanted = document.documentElement.lang;
  try { return Intl.getCanonicalLocales(wanted)[0] ?? "en-GB"; } catch { return "en-GB"; }
}

function figure(n: unknown, options: Intl.NumberFormatOptions = {}): string {
  if (!isNumber(n)) return MISSING;
  const length: Intl.NumberFormatOptions = Math.abs(n) < LONG ? {} : { notation: "scientific", minimumFractionDigits: 0, maximumFractionDigits: 2 };
  return new Intl.NumberFormat(language(), { ...options, ...length }).format(n + 0);
}

/* An amount with its currency. Without a currency only the amount is said; a currency nobody knows stands after it as it came. */
export function money(amount: unknown, currency: unknown, whole = false): string {
  if (!isNumber(amount)) return MISSING;
  const digits = whole && Number.isInteger(amount) ? 0 : 2, fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const sign = (text: string): string => text.replace("-", "−");
  if (typeof currency !== "string" || currency === "" || currency === MISSING) return sign(figure(amount, fraction));
  try { return sign(figure(amount, { style: "currency", currency, ...fraction })); } catch { return `${sign(figure(amount, fraction))} ${currency.slice(0, 12)}`; }
}

export const finite = (n: unknown): number | undefined => (isNumber(n) ? n : undefined);
export const count = (n: unknown): string => figure(n);
export const decimal = (n: unknown, digits: number): string => (isNumber(n) && Math.abs(n) < LONG ? (n + 0).toFixed(digits) : figure(n));
/* The hundredths of a share, rounded: the "18" of "18 %". */
export const hundredths = (share: unknown): string => (isNumber(share) ? decimal(Math.round(share * 100), 0) : MISSING);
export const percent = (share: unknown): string => (isNumber(share) ? `${figure(share * 100, { maximumFractionDigits: 0 })} %` : MISSING);
export const plural = (n: unknown, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/* The time, or null when it is none. */
export function date(time: unknown): Date | null {
  const d = new Date(typeof time === "number" || typeof time === "string" ? time : NaN);
  return Number.isNaN(d.getTime()) ? null : d;
}
/* When it was, for sorting: what has no time comes before everything. */
export const order = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
export const since = (time: unknown): number => date(time)?.getTime() ?? -Infinity;
export const iso = (time: unknown): string | undefined => date(time)?.toISOString();

function timeText(time: unknown, options: Intl.DateTimeFormatOptions): string {
  const d = date(time);
  return d ? new Intl.DateTimeFormat(language(), options).format(d) : MISSING;
}
export const day = (time: Time): string => timeText(time, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const shortDay = (time: Time): string => timeText(time, { day: "numeric", month: "short", year: "numeric" });
export const clock = (time: Time): string => timeText(time, { hour: "2-digit", minute: "2-digit" });
export const month = (time: Time): string => timeText(time, { month: "short" });
export const monthOfYear = (time: Time): string => timeText(time, { month: "short", year: "2-digit", timeZone: "UTC" });

/* The month of "2026-03". */
export const monthNamed = (text: string): string => timeText(`${text}-01T00:00:00Z`, { month: "short", timeZone: "UTC" });

/* How long ago, in the largest unit that says something. */
export function ago(time: Time, now: number = Date.now()): string {
  const then = date(time);
  if (!then || !isNumber(now)) return MISSING;
  const s = Math.round((now - then.getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  if (Math.abs(s) < 45) return "just now";
  if (Math.abs(s) < 3600) return relative.format(-Math.round(s / 60), "minute");
  if (Math.abs(s) < 86400) return relative.format(-Math.round(s / 3600), "hour");
  if (Math.abs(s) < 86400 * 45) return relative.format(-Math.round(s / 86400), "day");
  if (Math.abs(s) < 86400 * 365 * 2) return relative.format(-Math.round(s / 86400 / 30.4), "month");
  return relative.format(-Math.round(s / 86400 / 365), "year");
}

export function lasting(ms: unknown): string {
  if (!isNumber(ms) || ms < 0) return "";
  if (ms < 1000) return "under a second";
  const s = ms / 1000;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 86400 * 2) return `${Math.round(s / 3600)} h`;
  return `${s < LONG ? Math.round(s / 86400) : count(s / 86400)} days`;
}

/* A length of time in the units people use, at most two of them. */
export function duration(ms: unknown): string {
  if (!isNumber(ms)) return MISSING;
  if (ms < 1000) return `${count(ms)} ms`;
  const units: [string, number][] = [["day", 86400_000], ["hour", 3600_000], ["minute", 60_000], ["second", 1000]];
  const first = units.findIndex(([, size]) => ms >= size), parts: string[] = [];
  let left = ms;
  for (const [unit, size] of units.slice(first, first + 2)) {
    const n = Math.floor(left / size);
    if (n) parts.push(plural(n, unit));
    left -= n * size;
  }
  return parts.join(" ");
}

/* Where something was said or done. */
const places: Record<string, string> = {
  web: "online", app: "in the app", machine: "at the machine", branch: "at the branch", store: "in the store", phone: "by phone", email: "by email", post: "by post", chat: "in a chat",
  portal: "on the own page", console: "in the console",
};
export const on = (channel: string): string => named(places, channel) ?? `on ${words(channel).toLowerCase()}`;

/* The entry of a table, by a name that came from elsewhere: "constructor" is none. */
export const named = <T>(table: Record<string, T>, name: unknown): T | undefined => (typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined);

/* "pay-bill" and "share_prices" as words. */
export function words(name: unknown): string {
  if (typeof name !== "string") return MISSING;
  const plain = name.replace(/[-_.]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function valueText(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "nothing";
  if (depth > DEPTH_MAX) return "…";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return count(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((v) => valueText(v, depth + 1)).join(", ");
  return Object.entries(value as Record<string, unknown>).map(([k, v]) => `${words(k).toLowerCase()} ${valueText(v, depth + 1)}`).join(", ");
}

const note_names: Record<number, string> = { 5: "five", 10: "ten", 20: "twenty", 50: "fifty", 100: "hundred", 200: "two hundred" };
const many = (n: number): string => { const w = note_names[n] ?? count(n); return w.endsWith("y") ? `${w.slice(0, -1)}ies` : `${w}s`; };
const small_numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/* "in twenties", "one fifty, one twenty, one ten": either the notes themselves or only their kinds may be given. */
export function notesText(given: unknown, amount: number): string {
  const notes = (Array.isArray(given) ? given : []).filter((n): n is number => isNumber(n) && n > 0);
  if (!notes.length) return "";
  const kinds = [...new Set(notes)].sort((a, b) => b - a);
  if (kinds.length === 1 && kinds[0] !== amount) return `in ${many(kinds[0]!)}`;
  if (notes.reduce((a, b) => a + b, 0) !== amount) return `in ${kinds.map(many).join(" and ")}`;
  return kinds.map((kind) => {
    const n = notes.filter((x) => x === kind).length;
    return `${small_numbers[n] ?? count(n)} ${n === 1 ? note_names[kind] ?? count(kind) : many(kind)}`;
  }).join(", ");
}
