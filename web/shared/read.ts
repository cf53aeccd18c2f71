/*
 * read.ts: checks an answer of the server against the shape of its type, so that no page meets a value it does not expect.
 *
 * The shapes come from the build (shapes.mjs writes them from the types in api.ts). The result always has the type's fields: a value of
 * another type is left out, as `null` where the type allows it, and otherwise as what is shown as missing: "–" for a text, NaN for a number or a
 * time, an empty list. An item of a list that is no object where one is expected is left out; so is an object that may be null when one
 * of its own figures cannot be read. What was left out is listed, so that a page can say so. Fields that the type does not know are dropped.
 */
import { MISSING } from "./format";

export type Shape = string | Shape[] | { [field: string]: Shape };
/* A field that could not be read, such as "quadrant.path[].until", and whether it was there at all. */
export interface Unread { field: string; absent: boolean }

declare const SHAPES: string;   /* Written by the build, as JSON. */
const shapes = JSON.parse(SHAPES) as Record<string, Shape>;

const DEPTH_MAX = 16, TIME_MAX = 8.64e15;

/* A text without halves of characters, which encodeURIComponent would throw at. */
export const whole = (text: string): string => text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const isTime = (value: unknown): boolean => (typeof value === "number" ? Math.abs(value) <= TIME_MAX : typeof value === "string" && !Number.isNaN(Date.parse(value)));

function anything(value: unknown, depth: number): unknown {
  if (typeof value === "string") return whole(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null) return value ?? null;
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value)) return value.map((v) => anything(v, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [whole(k), anything(v, depth + 1)]));
}

class Reading {
  unread = new Map<string, Unread>();
  /* Of the object being read: whether one of its own figures was left out. */
  hurt = false;

  lose(path: string, value: unknown): void {
    const absent = value === undefined || value === null;
    if (!absent || !this.unread.has(path)) this.unread.set(path, { field: path, absent });
  }

  value(shape: Shape, value: unknown, path: string, depth: number): unknown {
    if (typeof shape === "string") return shape.startsWith("@") ? this.value(shapes[shape.slice(1)]!, value, path, depth) : this.single(shape, value, path);
    if (Array.isArray(shape)) return this.list(shape[0]!, value, path, depth);
    if (shape["?"]) return this.maybe(shape["?"], value, path, depth);
    if (shape["|"]) return this.either(shape["|"] as Shape[], value, path, depth);
    return this.object(shape, value, path, depth);
  }

  single(shape: string, value: unknown, path: string): unknown {
    const kind = shape[0], nullable = shape.endsWith("?");
    if (kind === "v") return anything(value, 0);
    if (nullable && (value === null || value === undefined)) return null;
    if (kind === "s" && typeof value === "string") return whole(value);
    if (kind === "n" && typeof value === "number" && Number.isFinite(value)) return value + 0;
    if (kind === "b" && typeof value === "boolean") return value;
    if (kind === "t" && isTime(value)) return value;
    this.lose(path, value);
    if (!nullable && kind !== "s") this.hurt = true;
    return nullable ? null : kind === "s" ? MISSING : kind === "b" ? false : NaN;
  }

  list(of: Shape, value: unknown, path: string, depth: number): unknown[] {
    if (!Array.isArray(value)) { this.lose(path, value); return []; }
    const hurt = this.hurt, out: unknown[] = [], wants = typeof of === "string" && of.startsWith("@") ? shapes[of.slice(1)]! : of;
    const objects = typeof wants === "object" && !Array.isArray(wants) && !wants["|"] && !wants["?"];
    for (const item of value) {
      if ((objects && !isObject(item)) || (Array.isArray(wants) && !Array.isArray(item))) this.lose(`${path}[]`, item);
      else out.push(this.value(of, item, `${path}[]`, depth + 1));
    }
    this.hurt = hurt;
    return out;
  }

  maybe(of: Shape, value: unknown, path: string, depth: number): unknown {
    if (value === null || value === undefined) return null;
    const list = Array.isArray(of);
    if (list ? !Array.isArray(value) : !isObject(value)) { this.lose(path, value); return null; }
    const outer = this.hurt;
    this.hurt = false;
    const read = this.value(of, value, path, depth), hurt = this.hurt;
    this.hurt = outer;
    return hurt && !list ? null : read;
  }

  either(kinds: Shape[], value: unknown, path: string, depth: number): unknown {
    let last: unknown;
    for (const kind of kinds) {
      const tried = new Reading();
      last = tried.value(kind, value, path, depth);
      if (tried.unread.size === 0) return last;
    }
    this.lose(path, value);
    return last;
  }

  object(shape: Record<string, Shape>, value: unknown, path: string, depth: number): Record<string, unknown> {
    const from = isObject(value) ? value : {}, at = (name: string): string => (path ? `${path}.${name}` : name);
    if (!isObject(value)) this.lose(path, value);
    if (shape["*"]) {
      const hurt = this.hurt, out = Object.fromEntries(Object.entries(from).map(([k, v]) => [whole(k), this.value(shape["*"]!, v, at("*"), depth + 1)]));
      this.hurt = hurt;
      return out;
    }
    const out: Record<string, unknown> = {};
    for (const [key, kind] of Object.entries(shape)) {
      const optional = key.endsWith("?"), name = optional ? key.slice(0, -1) : key, given = Object.hasOwn(from, name) ? from[name] : undefined;
      if (optional) { const read = this.optional(kind, given, at(name), depth); if (read !== undefined) out[name] = read; }
      else out[name] = this.value(kind, given, at(name), depth + 1);
    }
    return out;
  }

  /* A field that may be left out is left out when it cannot be read. */
  optional(kind: Shape, given: unknown, path: string, depth: number): unknown {
    if (given === undefined) return undefined;
    const before = this.unread.size, hurt = this.hurt, structure = typeof kind !== "string" || kind.startsWith("@"), shape = typeof kind === "string" && kind.startsWith("@") ? shapes[kind.slice(1)]! : kind;
    if (given === null && !(typeof shape === "string" && shape.endsWith("?")) && !(isObject(shape) && shape["?"]) && shape !== "v") return undefined;
    const fits = !structure || (Array.isArray(shape) ? Array.isArray(given) : isObject(shape) && (shape["?"] || shape["|"]) ? true : isObject(given));
    if (!fits) { this.lose(path, given); return undefined; }
    const read = this.value(kind, given, path, depth + 1);
    const lost = !structure && this.unread.size > before;
    this.hurt = hurt;
    return lost && read !== null ? undefined : read;
  }
}

/* The answer of this name; `answer` is undefined when it is no answer at all. */
export function read<T>(name: string, value: unknown): { answer: T | undefined; unread: Unread[] } {
  const shape = shapes[name]!, reading = new Reading();
  if (shape !== "v" && (Array.isArray(shape) ? !Array.isArray(value) : !isObject(value))) return { answer: undefined, unread: [] };
  const answer = reading.value(shape, value, "", 0) as T;
  return { answer, unread: [...reading.unread.values()] };
}
