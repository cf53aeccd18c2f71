/*
 * hostile.mjs: values that no page expects, and how they are put in the place of the fields of an answer.
 *
 * A field is a path into an answer with its lists collapsed, such as "segments[].months[].value". A leaf holds a text, a number, a yes or no or
 * nothing; a structure is a list or an object, and is given other values than a leaf because it hides what is in it.
 */

/* Numbers in the same order for the same seed (mulberry32). */
export function dice(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
export function shuffled(list, random) {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) { const j = Math.floor(random() * (i + 1)); [all[i], all[j]] = [all[j], all[i]]; }
  return all;
}

/* Sets window.ran if anything of it is run. */
export const MARKUP = `"'><img src=x onerror="window.ran=1"><script>window.ran=1</script><svg onload="window.ran=1">`;
const deep = (n) => (n === 0 ? 1 : [deep(n - 1)]);
/* JSON has numbers that JavaScript cannot write: these stand for them until the answer is text. */
const RAW = { minus_zero: "-0", beyond: "1e999", below: "-1e999" };
const raw = (name) => `@raw:${name}@`;

export const GONE = Symbol("the field is left out");
export const leaf_kinds = {
  null: null, missing: GONE, empty: "", blank: " \t\n", long: "Wide ".repeat(400), unbroken: "W".repeat(1500), markup: MARKUP, address: "javascript:window.ran=1",
  right_to_left: "\u202Eשלום مرحبا\u202C", emoji: "👩‍👩‍👧‍👦🏳️‍🌈", half_a_character: "a\uD800b\uDC00", controls: "a\u0000\u0007\u001B[31m\u2028b", prototype: "__proto__", constructor: "constructor",
  currency: "no such", currency_short: "X1", language: "x", zone: "Nowhere/None", colour: "red;}*{display:none", date: "2026-13-45T99:99:99Z", date_far: "+300000-01-01T00:00:00Z", date_words: "next Tuesday", number_as_text: "12.5", percent_sign: "%E0%A4%A",
  zero: 0, minus_zero: raw("minus_zero"), negative: -5.5, huge: 1e308, huge_negative: -1e308, beyond: raw("beyond"), below: raw("below"), tiny: 5e-324, unsafe: 9007199254740993, after_all_dates: 8640000000000001, before_all_dates: -8640000000000001,
  yes: true, no: false, list: [], list_of_nothing: [null], list_of_text: ["x", MARKUP], object: {}, object_of_objects: { a: { b: null } }, deep: deep(60), typed_node: { type: "script", props: { children: "window.ran=1" }, __k: [], key: null },
};
export const structure_kinds = {
  null: null, missing: GONE, text: "text", empty: "", number: 7, yes: true, list: [], object: {}, list_of_nothing: [null, null], list_of_text: ["x"], list_of_numbers: [1, 2], list_of_lists: [[], [[]]], list_of_objects: [{}, { a: 1 }], numbered: { 0: {}, length: 1 },
};
/* Answers that are none: what stands between the page and the server may send anything. */
export class Fault { constructor(status, body) { this.status = status; this.body = body; } }
export const fault_kinds = {
  not_json: new Fault(200, "<!doctype html><p>Bad gateway"), nothing: new Fault(200, ""), cut: new Fault(200, '{"a":[1,'), error_of_objects: new Fault(500, '{"code":{"a":1},"message":[null,{}]}'),
  error_of_markup: new Fault(503, JSON.stringify({ code: "__proto__", message: MARKUP })), error_in_html: new Fault(502, "<html>"), error_of_nothing: new Fault(404, "null"), refused: new Fault(403, "{}"),
};
export const written = (value) => JSON.stringify(value).replace(/"@raw:(\w+)@"/g, (_, name) => RAW[name]);

/* All fields of an answer: {leaves: [path], structures: [path]}. The whole answer is the structure "". */
export function fields(answer) {
  const leaves = new Set(), structures = new Set();
  const walk = (value, path) => {
    if (Array.isArray(value)) { structures.add(path); value.forEach((v) => walk(v, `${path}[]`)); }
    else if (value && typeof value === "object") { structures.add(path); for (const [k, v] of Object.entries(value)) walk(v, path ? `${path}.${k}` : k); }
    else leaves.add(path);
  };
  walk(answer, "");
  for (const path of structures) leaves.delete(path);
  return { leaves: [...leaves], structures: [...structures] };
}

/* A copy of @answer with each field of @changes (path to value) replaced, in some places of a list at least. */
export function mutated(answer, changes, random) {
  const put = (value, path) => {
    if (changes.has(path) && (!path.includes("[]") || random() < 0.6)) return changes.get(path);
    if (Array.isArray(value)) return value.map((v) => put(v, `${path}[]`)).filter((v) => v !== GONE);
    if (!value || typeof value !== "object") return value;
    const out = {};
    for (const [k, v] of Object.entries(value)) { const now = put(v, path ? `${path}.${k}` : k); if (now !== GONE) Object.defineProperty(out, k, { value: now, enumerable: true }); }
    return out;
  };
  const out = put(answer, "");
  return out === GONE ? null : out;
}
