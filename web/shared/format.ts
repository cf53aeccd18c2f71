/* format.ts: numbers, money, times and names as a person says them. Everything follows the language of the page. */
import type { Time } from "./api";

const language = (): string => document.documentElement.lang || "en-GB";

export const date = (time: Time): Date => new Date(time);

/* An amount without a currency is a number: which money it is, nobody said. */
export function money(amount: number, currency: string | null | undefined, whole = false): string {
  const digits = whole && Number.isInteger(amount) ? 0 : 2, known = currency && /^[A-Za-z]{3}$/.test(currency);
  const figure = new Intl.NumberFormat(language(), { ...(known ? { style: "currency", currency } : {}), minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount).replace("-", "−");
  return currency && !known ? `${figure} ${currency}` : figure;
}

export const count = (n: number): string => new Intl.NumberFormat(language()).format(n);
export const percent = (share: number): string => `${new Intl.NumberFormat(language(), { maximumFractionDigits: 0 }).format(share * 100)} %`;
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export const day = (time: Time): string =>
  new Intl.DateTimeFormat(language(), { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date(time));
export const shortDay = (time: Time): string => new Intl.DateTimeFormat(language(), { day: "numeric", month: "short", year: "numeric" }).format(date(time));
export const clock = (time: Time): string => new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit" }).format(date(time));

/* How long ago, in the largest unit that says something. */
export function ago(time: Time, now = Date.now()): string {
  const s = Math.round((now - date(time).getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: "auto" });
  if (Math.abs(s) < 45) return "just now";
  if (Math.abs(s) < 3600) return relative.format(-Math.round(s / 60), "minute");
  if (Math.abs(s) < 86400) return relative.format(-Math.round(s / 3600), "hour");
  if (Math.abs(s) < 86400 * 45) return relative.format(-Math.round(s / 86400), "day");
  if (Math.abs(s) < 86400 * 365 * 2) return relative.format(-Math.round(s / 86400 / 30.4), "month");
  return relative.format(-Math.round(s / 86400 / 365), "year");
}

export function lasting(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "";
  if (ms < 1000) return "under a second";
  const s = ms / 1000;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 86400 * 2) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

/* A length of time in the units people use, at most two of them. */
export function duration(ms: number): string {
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
export const on = (channel: string): string => places[channel] ?? `on ${words(channel).toLowerCase()}`;

/* "pay-bill" and "share_prices" as words. */
export function words(name: string): string {
  const plain = name.replace(/[-_.]+/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return count(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return Object.entries(value as Record<string, unknown>).map(([k, v]) => `${words(k).toLowerCase()} ${valueText(v)}`).join(", ");
}

const note_names: Record<number, string> = { 5: "five", 10: "ten", 20: "twenty", 50: "fifty", 100: "hundred", 200: "two hundred" };
const many = (n: number): string => { const w = note_names[n] ?? String(n); return w.endsWith("y") ? `${w.slice(0, -1)}ies` : `${w}s`; };
const small_numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/* "in twenties", "one fifty, one twenty, one ten": either the notes themselves or only their kinds may be given. */
export function notesText(notes: number[], amount: number): string {
  if (!notes.length) return "";
  const kinds = [...new Set(notes)].sort((a, b) => b - a);
  if (kinds.length === 1 && kinds[0] !== amount) return `in ${many(kinds[0]!)}`;
  if (notes.reduce((a, b) => a + b, 0) !== amount) return `in ${kinds.map(many).join(" and ")}`;
  return kinds.map((kind) => {
    const n = notes.filter((x) => x === kind).length;
    return `${small_numbers[n] ?? n} ${n === 1 ? note_names[kind] ?? kind : many(kind)}`;
  }).join(", ");
}
