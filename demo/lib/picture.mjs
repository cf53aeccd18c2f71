/* picture.mjs: a screenshot as a small PNG: a palette of the colours that matter, every pixel the nearest of them. */
import { crc32, deflateSync, inflateSync } from "node:zlib";

const COLOURS = 48, APART = 8, SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

function chunksOf(png) {
  const chunks = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

const paeth = (a, b, c) => { const p = a + b - c, x = Math.abs(p - a), y = Math.abs(p - b), z = Math.abs(p - c); return x <= y && x <= z ? a : y <= z ? b : c; };

/* The pixels of a PNG of eight bits a channel, RGB or RGBA, as browsers write them. */
function decode(png) {
  const chunks = chunksOf(png), head = chunks[0].data, [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const step = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || !step || head[12]) throw new Error("not a PNG of eight bits a channel");
  const raw = inflateSync(Buffer.concat(chunks.filter((c) => c.type === "IDAT").map((c) => c.data))), line = width * step, pixels = Buffer.alloc(line * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)], from = y * (line + 1) + 1, to = y * line;
    for (let x = 0; x < line; x++) {
      const left = x >= step ? pixels[to + x - step] : 0, up = y ? pixels[to + x - line] : 0, corner = x >= step && y ? pixels[to + x - line - step] : 0;
      pixels[to + x] = raw[from + x] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
  }
  return { width, height, step, pixels };
}

const distance = (a, b) => Math.hypot((a >> 16) - (b >> 16), ((a >> 8) & 255) - ((b >> 8) & 255), (a & 255) - (b & 255));

/* The most frequent colours that are not almost the same as one before. */
function paletteOf(counts) {
  const palette = [];
  for (const [colour] of [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    if (palette.length === COLOURS) break;
    if (palette.every((p) => distance(p, colour) >= APART)) palette.push(colour);
  }
  return palette;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]), out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length, 0); body.copy(out, 4); out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}

export function small(png) {
  const { width, height, step, pixels } = decode(png), counts = new Map(), colours = new Uint32Array(width * height);
  for (let i = 0; i < colours.length; i++) {
    const colour = pixels.readUIntBE(i * step, 3);
    colours[i] = colour; counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = paletteOf(counts), nearest = new Map();
  for (const colour of counts.keys()) nearest.set(colour, palette.reduce((best, p, i) => distance(p, colour) < distance(palette[best], colour) ? i : best, 0));
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = nearest.get(colours[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0); head.writeUInt32BE(height, 4); head[8] = 8; head[9] = 3;
  const table = Buffer.from(palette.flatMap((p) => [p >> 16, (p >> 8) & 255, p & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", table), chunk("IDAT", deflateSync(lines, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
