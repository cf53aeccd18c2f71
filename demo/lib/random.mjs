/*
 * random.mjs: a small seeded generator. The same seed gives the same life, on every machine.
 *
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32. Each person has a stream of its own, so that another number of
 * customers changes nobody's history.
 */
export class Random {
  constructor(...seeds) {
    let h = 0x9e3779b9;
    for (const seed of seeds) h = mix(h ^ mix(seed >>> 0));
    this.a = mix(h + 1); this.b = mix(h + 2); this.c = mix(h + 3); this.d = 1;
    for (let i = 0; i < 12; i++) this.next();
  }

  /* 32 random bits. */
  next() {
    const t = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t | 0;
    return t >>> 0;
  }

  unit() { return this.next() / 4294967296; }
  between(low, high) { return low + (high - low) * this.unit(); }
  whole(low, high) { return low + Math.floor((high - low + 1) * this.unit()); }
  chance(p) { return this.unit() < p; }
  pick(list) { return list[Math.floor(list.length * this.unit())]; }

  /* An index, as likely as its weight. */
  weighted(weights) {
    let rest = this.unit() * weights.reduce((a, b) => a + b, 0);
    for (let i = 0; i < weights.length; i++) if ((rest -= weights[i]) < 0) return i;
    return weights.length - 1;
  }

  /* Exponential with mean @mean: the wait until something that comes by chance. */
  wait(mean) { return -mean * Math.log(1 - this.unit()); }
}

function mix(h) {
  h = (h + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}
