import type { StockDigestLevelsQuery } from './documents.js';

/** A copy of a store's levels: the version of each, by the product's ID. */
export type StockCopy = ReadonlyMap<string, number>;
/** A level that a copy lacks, or has in another version. */
export type StockDigestRow = StockDigestLevelsQuery['stockDigestLevels']['nodes'][number];

/** Hashes and numbers of levels of each bucket, as `stockDigest` returns them. */
export interface StockDigestOf {
  hashes: string[];
  counts: number[];
}

/** What a copy differs in from the server's levels. */
export interface StockDifference {
  /** Levels that the copy lacks, or has in another version. `level` may be newer than `version`. */
  changed: StockDigestRow[];
  /** IDs of the products that the copy has a level of, and the server none. */
  removed: string[];
  /** Number of the last event before the digest was read. */
  seq: number;
  /** Cursor of `stockChanged` of this store, from which no change is missed. */
  streamCursor: string;
}

const UINT32 = 2 ** 32;
/** Buckets that one page of levels is asked for. */
export const MOST_ASKED = 256;

/** The bucket of a product's level: 0 to `buckets` − 1. */
export function bucketOf(productId: string, buckets: number): number {
  return Math.floor((sha256(productId)[0]! * buckets) / UINT32);
}

/** The digest of a copy, to be compared with `stockDigest` of the same number of buckets. */
export function digestOf(copy: StockCopy, buckets: number): StockDigestOf {
  const high = new Float64Array(buckets);
  const low = new Float64Array(buckets);
  const counts = new Array<number>(buckets).fill(0);
  for (const [productId, version] of copy) {
    const bucket = bucketOf(productId, buckets);
    const [first, second] = sha256(`${productId}:${version}`);
    const sum = low[bucket]! + second!;
    low[bucket] = sum % UINT32;
    high[bucket] = (high[bucket]! + first! + Math.floor(sum / UINT32)) % UINT32;
    counts[bucket]! += 1;
  }
  return { hashes: counts.map((_, bucket) => hex(high[bucket]!) + hex(low[bucket]!)), counts };
}

const hex = (word: number) => word.toString(16).padStart(8, '0');

/** Buckets in which two digests differ, in order. */
export function differing(ours: StockDigestOf, theirs: { readonly hashes: readonly string[]; readonly counts: readonly number[] }): number[] {
  return theirs.hashes.flatMap((hash, bucket) => (hash === ours.hashes[bucket] && theirs.counts[bucket] === ours.counts[bucket] ? [] : [bucket]));
}

// SHA-256 (FIPS 180-4) without waiting: a copy has 100,000 levels, WebCrypto answers each with a
// promise, and pages without TLS have none.

const ROUNDS = /* @__PURE__ */ roots(64, 1 / 3);
const START = /* @__PURE__ */ roots(8, 1 / 2);
const schedule = new Uint32Array(64);
const encoder = new TextEncoder();

/** The first 32 bits of the fractional parts of roots of the first primes. */
function roots(count: number, exponent: number): Uint32Array {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    let divisor = 2;
    while (candidate % divisor !== 0) divisor += 1;
    if (divisor === candidate) found.push(((candidate ** exponent) % 1) * UINT32);
  }
  return Uint32Array.from(found);
}

const rotated = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits));

/** The eight words of a text's SHA-256. */
export function sha256(text: string): Uint32Array {
  const bytes = encoder.encode(text);
  const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 8, Math.floor((bytes.length * 8) / UINT32));
  padded.setUint32(padded.byteLength - 4, bytes.length * 8);
  const state = Uint32Array.from(START);
  for (let at = 0; at < padded.byteLength; at += 64) block(state, padded, at);
  return state;
}

function block(state: Uint32Array, padded: DataView, at: number): void {
  for (let index = 0; index < 64; index += 1) {
    if (index < 16) {
      schedule[index] = padded.getUint32(at + index * 4);
      continue;
    }
    const before = schedule[index - 15]!;
    const last = schedule[index - 2]!;
    const small = rotated(before, 7) ^ rotated(before, 18) ^ (before >>> 3);
    const large = rotated(last, 17) ^ rotated(last, 19) ^ (last >>> 10);
    schedule[index] = schedule[index - 16]! + small + schedule[index - 7]! + large;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let index = 0; index < 64; index += 1) {
    const chosen = (e & f) ^ (~e & g);
    const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + chosen + ROUNDS[index]! + schedule[index]!) | 0;
    const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => (state[index]! += word));
}
