/* copy.mjs: what stories about the copy of a customer share: taking one, its lines, checking it against its own schemas, and making zips. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { crc32, deflateRawSync } from "node:zlib";
import { join } from "node:path";
import { unzip } from "../../demo/lib/unzip.mjs";
import { root } from "./server.mjs";

const { default: Ajv } = createRequire(join(root, "web/package.json"))("ajv/dist/2020");

export async function copyOf(server, cid, options) {
  const answer = await server.get(`/v1/customers/${cid}/export?format=zip`, options);
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  return { bytes: answer.bytes, files: unzip(answer.bytes), headers: answer.headers };
}

export const lines = (text) => text.split("\n").filter((line) => line).map((line) => JSON.parse(line));

/* Every JSON file of a copy, line by line, against the schema in schema/ that has its name; what has no schema is an error. */
export function schemaErrors(files) {
  const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true }), errors = [];
  for (const [name, text] of files) {
    const base = name.match(/^([\w-]+)\.(json|jsonld|ndjson)$/);
    if (!base) continue;
    if (!files.has(`schema/${base[1]}.json`)) { errors.push(`${name} has no schema`); continue; }
    const check = ajv.compile(JSON.parse(files.get(`schema/${base[1]}.json`)));
    for (const [i, item] of (base[2] === "ndjson" ? lines(text) : [JSON.parse(text)]).entries())
      if (!check(item)) errors.push(...check.errors.map((e) => `${name}:${i + 1} ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`));
  }
  return errors;
}

/* A zip of [name, bytes]; what is said of an entry may be a lie: { size } in its headers. */
export function zip(entries) {
  const parts = [], index = [];
  let at = 0;
  for (const [name, content, { size, method = 8 } = {}] of entries) {
    const bytes = Buffer.from(content), packed = method ? deflateRawSync(bytes) : bytes, head = Buffer.alloc(30), entry = Buffer.alloc(46), called = Buffer.from(name);
    for (const [block, from] of [[head, 4], [entry, 6]]) {
      block.writeUInt16LE(20, from);
      block.writeUInt16LE(0x0800, from + 2);
      block.writeUInt16LE(method, from + 4);
      block.writeUInt32LE(crc32(bytes), from + 10);
      block.writeUInt32LE(packed.length, from + 14);
      block.writeUInt32LE(size ?? bytes.length, from + 18);
      block.writeUInt16LE(called.length, from + 22);
    }
    head.writeUInt32LE(0x04034b50, 0);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt32LE(at, 42);
    parts.push(head, called, packed);
    index.push(entry, called);
    at += head.length + called.length + packed.length;
  }
  const directory = Buffer.concat(index), end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}
