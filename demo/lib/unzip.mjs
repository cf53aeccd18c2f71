/* unzip.mjs: the files of a zip, by name: enough of PKZIP's format to read what is stored or deflated. */
import { inflateRawSync } from "node:zlib";

const END = 0x06054b50, ENTRY = 0x02014b50, STORED = 0;

export function unzip(bytes) {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end--;
  if (end < 0) throw new Error("this is no zip");
  const files = new Map();
  for (let i = 0, at = bytes.readUInt32LE(end + 16); i < bytes.readUInt16LE(end + 10); i++) {
    if (bytes.readUInt32LE(at) !== ENTRY) throw new Error("the zip's directory is damaged");
    const method = bytes.readUInt16LE(at + 10), packed = bytes.readUInt32LE(at + 20), name_n = bytes.readUInt16LE(at + 28), local = bytes.readUInt32LE(at + 42);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28), content = bytes.subarray(from, from + packed);
    files.set(bytes.toString("utf8", at + 46, at + 46 + name_n), (method === STORED ? content : inflateRawSync(content)).toString("utf8"));
    at += 46 + name_n + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}
