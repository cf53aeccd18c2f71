/*
 * shapes.mjs: reads the types of shared/api.ts and writes them as data, so that the pages can check what the server answers.
 *
 * `shapes(source)` returns an object with one entry for each interface that `Answers` reaches. A shape is
 *
 *   "s" text   "n" number   "b" yes or no   "t" time   "v" anything      with "?" after it where null is allowed
 *   "@Name"    the shape of that name
 *   [shape]    a list
 *   {field: shape, "field?": shape}   an object; "?" after a field that may be left out; {"*": shape} has any fields
 *   {"?": shape}   null is allowed        {"|": [shape, shape]}   one or the other
 *
 * It understands the part of TypeScript that api.ts uses and throws at anything else: a type that cannot be checked stops the build.
 */

const token_of = /\s+|\/\*[\s\S]*?\*\/|\/\/[^\n]*|("(?:[^"\\]|\\.)*"|[A-Za-z_$][\w$]*|\d+|[{}[\]()<>|&?:;,=])/y;

function tokens(source) {
  const out = [];
  for (token_of.lastIndex = 0; token_of.lastIndex < source.length;) {
    const at = token_of.lastIndex, m = token_of.exec(source);
    if (!m) throw new Error(`api.ts: the shape of a type cannot be read at "${source.slice(at, at + 40)}"`);
    if (m[1]) out.push(m[1]);
  }
  return out;
}

/* Types as read: {of: name, with: arguments} | {list} | {fields} | {any: [types]} | {all: [types]} | {text} */
class Reader {
  constructor(list) { this.list = list; this.at = 0; }
  next() { return this.list[this.at++]; }
  is(text) { if (this.list[this.at] !== text) return false; this.at++; return true; }
  must(text) { if (!this.is(text)) throw new Error(`api.ts: expected "${text}" before "${this.list.slice(this.at, this.at + 8).join(" ")}"`); }
  several(sign, one) { this.is(sign); const all = [one()]; while (this.is(sign)) all.push(one()); return all; }
  type() { const any = this.several("|", () => this.both()); return any.length === 1 ? any[0] : { any }; }
  both() { const all = this.several("&", () => this.postfix()); return all.length === 1 ? all[0] : { all }; }
  postfix() {
    let type = this.single();
    while (this.is("[")) {
      if (this.is("]")) { type = { list: type }; continue; }
      const name = JSON.parse(this.next()); this.must("]");
      type = { member: name, of: type };
    }
    return type;
  }
  single() {
    if (this.is("(")) { const type = this.type(); this.must(")"); return type; }
    if (this.is("{")) return this.fields();
    const word = this.next();
    if (word?.startsWith('"')) return { text: JSON.parse(word) };
    if (!/^[\w$]+$/.test(word ?? "")) throw new Error(`api.ts: no type begins with "${word}"`);
    if (!this.is("<")) return { of: word, with: [] };
    const args = [this.type()];
    while (this.is(",")) args.push(this.type());
    this.must(">");
    return { of: word, with: args };
  }
  fields() {
    const fields = {};
    while (!this.is("}")) {
      if (this.is("[")) { this.next(); this.must(":"); this.type(); this.must("]"); this.must(":"); fields["*"] = { type: this.type() }; }
      else { const name = this.next(), optional = this.is("?"); this.must(":"); fields[name] = { type: this.type(), optional }; }
      if (!this.is(";")) this.is(",");
    }
    return { fields };
  }
}

/* Every interface and alias of the file, by its name: what reads its type. Types that no answer has are not read. */
function declared(source) {
  const all = new Map();
  for (const m of source.matchAll(/^(?:export )?interface (\w+)(?: extends ([\w, ]+?))? \{/gm)) all.set(m[1], () => {
    const own = new Reader(tokens(balanced(source, m.index + m[0].length))).fields();
    const from = (m[2] ?? "").split(",").map((x) => x.trim()).filter(Boolean).map((of) => ({ of, with: [] }));
    return from.length ? { all: [...from, own] } : own;
  });
  for (const m of source.matchAll(/^(?:export )?type (\w+) =/gm)) all.set(m[1], () => new Reader(tokens(source.slice(m.index + m[0].length, source.indexOf(";\n", m.index)))).type());
  return all;
}
function balanced(source, from) {
  let depth = 1, at = from;
  for (; depth > 0; at++) { if (source[at] === "{") depth++; if (source[at] === "}") depth--; }
  return source.slice(from, at);
}

const plain = { string: "s", number: "n", boolean: "b", true: "b", false: "b", Time: "t", Value: "v", unknown: "v" };

export function shapes(source) {
  const types = declared(source), out = {};
  const named = (name) => { const t = types.get(name); if (!t) throw new Error(`api.ts: there is no type ${name}`); return t(); };
  const flat = (type) => { /* The fields of an object type, whatever it is made of. */
    if (type.fields) return type.fields;
    if (type.all) return Object.assign({}, ...type.all.map(flat));
    if (type.member) { const f = flat(type.of)[type.member]; return flat(f.type); }
    if (type.of === "Omit" || type.of === "Pick") {
      const names = (type.with[1].any ?? [type.with[1]]).map((t) => t.text);
      return Object.fromEntries(Object.entries(flat(type.with[0])).filter(([k]) => names.includes(k) === (type.of === "Pick")));
    }
    if (type.of === "Record" && (type.with[1] && type.with[0].of !== "string")) return Object.fromEntries(keys(type.with[0]).map((k) => [k, { type: type.with[1] }]));
    if (type.of === "Partial") return Object.fromEntries(Object.entries(flat(type.with[0])).map(([k, f]) => [k, { ...f, optional: true }]));
    return flat(named(type.of));
  };
  const keys = (type) => (type.any ? type.any.map((t) => t.text) : type.text ? [type.text] : keys(named(type.of)));
  const object = (fields) => Object.fromEntries(Object.entries(fields).map(([k, f]) => [f.optional ? `${k}?` : k, shape(f.type)]));
  const maybe = (s) => (typeof s === "string" && !s.startsWith("@") ? `${s.replace("?", "")}?` : s["?"] ? s : { "?": s });
  const shape = (type) => {
    if (type.text !== undefined) return "s";
    if (type.list) return [shape(type.list)];
    if (type.any) {
      const full = type.any.filter((t) => t.of !== "null"), kinds = [...new Map(full.map(shape).map((s) => [JSON.stringify(s), s])).values()];
      const one = kinds.length === 1 ? kinds[0] : { "|": kinds };
      return full.length < type.any.length ? maybe(one) : one;
    }
    if (type.member) return shape(flat(type.of)[type.member].type);
    if (type.fields || type.all) return object(flat(type));
    if (plain[type.of]) return plain[type.of];
    if (type.of === "Record" && type.with[0].of === "string") return { "*": shape(type.with[1]) };
    if (["Record", "Omit", "Pick", "Partial"].includes(type.of)) return object(flat(type));
    const meant = named(type.of);
    if (!meant.fields && !meant.all) return shape(meant);
    if (!(type.of in out)) { out[type.of] = null; out[type.of] = object(flat(meant)); }
    return `@${type.of}`;
  };
  for (const [name, f] of Object.entries(flat(named("Answers")))) { const s = shape(f.type); if (s !== `@${name}`) out[name] = s; }
  return out;
}
