import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bucketOf, createClient, digestOf, LiveStore } from '../src/index.js';
import { sha256 } from '../src/digest.js';
import { asRow, type LiveConnection, type SavedViewRow } from '../src/view.js';
import type { Sink } from '../src/connection-types.js';

interface Vectors {
  levels: { productId: string; version: number; element: string; buckets: Record<string, number> }[];
  digests: { versions: number[]; buckets: number; hashes: string[]; counts: number[] }[];
}
// The same file as the Python client's tests read.
const vectors = JSON.parse(readFileSync(new URL('../../../digest-vectors.json', import.meta.url), 'utf8')) as Vectors;
const ids = vectors.levels.map(({ productId }) => productId);

test('texts of all lengths around a block have their SHA-256', () => {
  for (let length = 0; length < 200; length += 1) {
    const text = 'é7:'.repeat(length).slice(0, length);
    const words = Array.from(sha256(text), (word) => word.toString(16).padStart(8, '0'));
    assert.equal(words.join(''), createHash('sha256').update(text).digest('hex'), `${length}`);
  }
});

test('the digest is the one that the server computes', () => {
  for (const { productId, version, element, buckets } of vectors.levels) {
    for (const [count, bucket] of Object.entries(buckets)) assert.equal(bucketOf(productId, Number(count)), bucket);
    assert.deepEqual(digestOf(new Map([[productId, version]]), 1), { hashes: [element], counts: [1] });
  }
  for (const { versions, buckets, hashes, counts } of vectors.digests) {
    const copy = new Map(versions.map((version, index) => [ids[index]!, version]));
    assert.deepEqual(digestOf(copy, buckets), { hashes, counts });
  }
});

/** A server that has these levels, and what it was asked. */
function server(levels: ReadonlyMap<string, number>) {
  const asked: string[] = [];
  const answer = (operation: string, variables: { buckets: number; in: number[]; after?: string | null }) => {
    asked.push(operation);
    if (operation === 'StockDigest') return { stockDigest: { seq: 9, streamCursor: 'head', ...digestOf(levels, variables.buckets) } };
    const found = [...levels].filter(([id]) => variables.in.includes(bucketOf(id, variables.buckets)));
    const [at, page] = [Number(variables.after ?? 0), 2];
    const nodes = found.slice(at, at + page).map(([productId, version]) => ({ productId, version, bucket: 0, level: { id: productId, version } }));
    return { stockDigestLevels: { nodes, pageInfo: { hasNextPage: found.length > at + page, endCursor: String(at + page) } } };
  };
  const client = createClient({
    url: 'http://shop.example/graphql',
    fetch: async (_, init) => {
      const { operationName, variables } = JSON.parse(String(init?.body));
      return new Response(JSON.stringify({ data: answer(operationName, variables) }), { headers: { 'content-type': 'application/json' } });
    },
  });
  return { client, asked };
}

test('a copy learns in two calls what it lacks, what is in another version and what is gone', async () => {
  const levels = new Map(Array.from({ length: 2_000 }, (_, index) => [`prd_${index}`, index] as const));
  const copy = new Map<string, number>(levels);
  copy.delete('prd_5');
  copy.set('prd_70', 3).set('prd_90', 95).set('prd_gone', 1); // prd_90 is newer: the server was restored.
  const { client, asked } = server(levels);
  const { changed, removed, seq, streamCursor } = await client.reconcile({ code: 'LDN' }, copy);
  assert.deepEqual(changed.map(({ productId, version }) => `${productId} ${version}`).sort(), ['prd_5 5', 'prd_70 70', 'prd_90 90']);
  assert.deepEqual([removed, seq, streamCursor], [['prd_gone'], 9, 'head']);
  assert.deepEqual([asked[0], new Set(asked.slice(1))], ['StockDigest', new Set(['StockDigestLevels'])]);
  for (const { productId, version } of changed) copy.set(productId, version);
  copy.delete('prd_gone');
  asked.length = 0;
  assert.deepEqual((await client.reconcile({ code: 'LDN' }, copy)).changed, []);
  assert.deepEqual(asked, ['StockDigest'], 'copies that are equal need one call');
});

test('more buckets than one call takes are asked for in turn', async () => {
  const levels = new Map(Array.from({ length: 600 }, (_, index) => [`prd_${index}`, 1] as const));
  const { changed } = await server(levels).client.reconcile({ code: 'LDN' }, new Map());
  assert.equal(new Set(changed.map(({ productId }) => productId)).size, 600);
});

test('10,000 levels are hashed in a moment', () => {
  const copy = new Map(Array.from({ length: 10_000 }, (_, index) => [`prd_01hzx3k5t7a9c1e3g5j7${index}`, index] as const));
  const began = Date.now();
  digestOf(copy, 8192);
  assert.ok(Date.now() - began < 5_000, `${Date.now() - began} ms`);
});

test('a view is followed with its cursor, and shows nothing after its rights have changed', async () => {
  const opened: { variables: Record<string, unknown>; sink: Sink }[] = [];
  const connection: LiveConnection = {
    renew: async () => false,
    onClose: () => () => {},
    subscribe: ({ variables }, sink) => {
      opened.push({ variables, sink });
      return () => {};
    },
  };
  const store = new LiveStore<SavedViewRow<{ low: number }>>({
    document: 'subscription', field: 'savedViewChanged', row: 'view', variables: { view: { slug: 'low' } }, url: '', storage: undefined,
    connection: asRow(connection), retry: { baseDelayMs: 1, maxDelayMs: 2 }, onError: () => {},
  });
  const says = (phase: string, low: number | null, more = {}) =>
    opened.at(-1)!.sink.next({ savedViewChanged: { phase, cursor: `c${low}`, reset: null, seq: low, hash: 'h', data: { low }, errors: [], ...more } });
  const ready = store.ready;
  await new Promise((resolve) => setTimeout(resolve, 5));
  says('READY', 1);
  await ready;
  says('LIVE', 2);
  assert.deepEqual([store.getSnapshot().rows[0]?.data, store.status, store.cursor, store.size], [{ low: 2 }, 'live', 'c2', 1]);
  opened.at(-1)!.sink.complete();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([opened.length, opened[1]!.variables['after'], store.getSnapshot().stale], [2, 'c2', true]);
  says('RESET', null, { cursor: null, data: null, reset: 'SCOPE_CHANGED' });
  assert.deepEqual([store.getSnapshot().rows, opened[2]!.variables['after']], [[], null]);
  store.close();
});
