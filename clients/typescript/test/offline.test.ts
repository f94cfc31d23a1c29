import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import type { Sink } from '../src/connection-types.js';
import { createClient, session, StockAdjustDocument, type StockAdjustMutationVariables, type Tokens } from '../src/index.js';
import { LiveStore } from '../src/live.js';
import { EntrepotProvider, type MutationState, useMutation } from '../src/react.js';
import { SignatureError, verifyWebhook } from '../src/webhooks.js';

// What needs no server: two things that cross, and a server that says no.

const ENDPOINT = 'http://stock.example/graphql';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const json = (data: unknown, status = 200) => new Response(JSON.stringify(data), { status, headers: { 'content-type': 'application/json' } });
const refused = (code: string, more: object = {}, status = 200) => json({ errors: [{ message: code, extensions: { code, ...more } }] }, status);

/** A token that is due to be replaced, and still good for some seconds. */
function dueToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({})}.${part({ iat: now - 50, exp: now + 10 })}.x`;
}

for (const outcome of ['refreshed', 'ended'] as const) {
  test(`a login during a refresh is not undone by it: the session before was ${outcome}`, async () => {
    const kept: Array<Tokens | null> = [];
    let out = 0;
    const auth = session({ accessToken: 'ann', refreshToken: 'ann-refresh', storage: { load: () => kept.at(-1) ?? null, save: (tokens) => kept.push(tokens) } });
    const client = createClient({
      url: ENDPOINT, auth, retry: { attempts: 2, baseDelayMs: 1 }, onError: () => (out += 1),
      fetch: async (_, init) => {
        if (String(init?.body).includes('sessionRefresh')) {
          auth.adopt({ accessToken: 'bob', refreshToken: 'bob-refresh' });
          const pair = { __typename: 'TokenPair', accessToken: 'ann-2', refreshToken: 'ann-refresh-2' };
          const payload = outcome === 'refreshed' ? { result: pair, userErrors: [] } : { result: null, userErrors: [{ code: 'INVALID', message: 'ended' }] };
          return json({ data: { sessionRefresh: payload } });
        }
        const { authorization } = init?.headers as Record<string, string>;
        return authorization === 'Bearer ann' ? refused('UNAUTHENTICATED', {}, 401) : json({ data: { by: authorization } });
      },
    });
    assert.deepEqual(await client.query('{ by }'), { by: 'Bearer bob' });
    assert.equal(kept.at(-1)?.accessToken, 'bob');
    assert.equal(out, 0, 'nobody is told of a sign-out');
  });
}

test('a refresh that the server has no time for is not asked for again at once by an open socket', async () => {
  let refreshes = 0;
  class Socket {
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: (() => void) | null = null;
    onerror: (() => void) | null = null;
    constructor() {
      setTimeout(() => this.onopen?.());
    }
    send(data: string): void {
      if (data.includes('connection_init')) setTimeout(() => this.onmessage?.({ data: '{"type":"connection_ack"}' }));
    }
    close(): void {}
  }
  const client = createClient({
    url: ENDPOINT, auth: session({ accessToken: dueToken(), refreshToken: 'r' }), WebSocket: Socket as never,
    fetch: async () => ((refreshes += 1), refused('RATE_LIMITED', { retryAfterMs: 60_000 }, 429)),
  });
  client.liveStock().start();
  await pause(600);
  client.close();
  assert.ok(refreshes >= 1 && refreshes <= 2, `${refreshes} refreshes in 0.6 s`);
});

test('rows stay stale until the server has taken the subscription again', async () => {
  const sockets: Socket[] = [];
  class Socket {
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number; reason: string }) => void) | null = null;
    onerror: (() => void) | null = null;
    readonly sent: Array<{ type: string; id?: string }> = [];
    constructor() {
      sockets.push(this);
      setTimeout(() => this.onopen?.());
    }
    send(data: string): void {
      this.sent.push(JSON.parse(data));
      if (data.includes('connection_init')) setTimeout(() => this.says({ type: 'connection_ack' }));
    }
    says(message: object): void {
      this.onmessage?.({ data: JSON.stringify(message) });
    }
    has(type: string): boolean {
      return this.sent.some((message) => message.type === type);
    }
    close(): void {}
  }
  const client = createClient({ url: ENDPOINT, WebSocket: Socket as never, retry: { baseDelayMs: 1, maxDelayMs: 1 } });
  const stock = client.liveStock();
  stock.start();
  await pause(100);
  const id = sockets[0]!.sent.find(({ type }) => type === 'subscribe')!.id;
  sockets[0]!.says({ type: 'next', id, payload: { data: { stockChanged: { phase: 'READY', cursor: 'c1', reset: null, changes: [] } } } });
  await stock.ready;
  sockets[0]!.onclose?.({ code: 1006, reason: '' });
  await pause(1_400);
  assert.deepEqual([sockets.length, sockets[1]!.has('subscribe'), sockets[1]!.has('ping')], [2, true, true]);
  assert.deepEqual([stock.status, stock.getSnapshot().stale], ['resuming', true], 'the server is behind: it has not read the subscription yet');
  sockets[1]!.says({ type: 'pong' });
  await pause(1_400);
  assert.deepEqual([stock.status, stock.getSnapshot().stale], ['live', false], 'it has, and nothing was missed');
  client.close();
});

test('a server that asks for more time than a timer has is not asked again at once', async () => {
  let connections = 0;
  const store = new LiveStore({
    document: '', field: 'stockChanged', row: 'level', variables: {}, url: ENDPOINT, storage: undefined, retry: { baseDelayMs: 1, maxDelayMs: 1 },
    onError: () => {},
    connection: {
      renew: async () => false,
      onClose: () => () => {},
      subscribe: (_, sink: Sink) => {
        connections += 1;
        queueMicrotask(() => sink.ended({ code: 1006, reason: 'status 503', retryAfterMs: 40 * 86_400_000, early: true }));
        return () => {};
      },
    },
  }).start();
  await pause(100);
  store.close();
  assert.equal(connections, 1);
});

test('a mutation gets its key wherever its variables are declared', async () => {
  const sent: Array<{ input?: { idempotencyKey?: string }; idempotencyKey?: string }> = [];
  const client = createClient({ url: ENDPOINT, fetch: async (_, init) => (sent.push(JSON.parse(String(init?.body)).variables), json({ data: {} })) });
  for (const document of [
    'fragment F on Order { id } mutation M($input: OrderCreateInput!) { orderCreate(input: $input) { order { ...F } } }',
    'mutation M($by: OrderRef = { number: "1" }, $input: OrderCreateInput!) { orderCreate(input: $input) { order { id } } }',
    '# {\nmutation M($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } } }',
  ]) {
    await client.mutate(document, { input: { lines: [] } }, { idempotencyKey: 'key-1' });
    assert.equal(sent.pop()?.input?.idempotencyKey, 'key-1', document);
  }
  await client.mutate('mutation A($id: ID!) { a(id: $id) { id } } mutation B($idempotencyKey: String!) { b(key: $idempotencyKey) { id } }', { id: 'x' });
  assert.deepEqual(sent.pop(), { id: 'x' }, 'the second one has a key, the first one has none');
});

test('an answer to one input does not take the key of another that is on its way', async () => {
  const answers: Array<(response: Response) => void> = [];
  const keys: string[] = [];
  const client = createClient({
    url: ENDPOINT, retry: { attempts: 1 },
    fetch: (_, init) => new Promise((resolve) => {
      keys.push(JSON.parse(String(init?.body)).variables.input.idempotencyKey);
      answers.push(resolve);
    }),
  });
  let run!: MutationState<unknown, StockAdjustMutationVariables>['run'];
  const Page = () => {
    ({ run } = useMutation(StockAdjustDocument));
    return null;
  };
  renderToString(createElement(EntrepotProvider, { client }, createElement(Page)));
  const input = (delta: number): StockAdjustMutationVariables => ({
    input: { reasonCode: 'CORRECTION', changes: [{ product: { sku: 'MUG' }, store: { code: 'LDN' }, delta }] },
  });
  const done = json({ data: { stockAdjust: { levels: [], userErrors: [] } } });
  const first = run(input(1));
  const second = run(input(2));
  await pause(5);
  answers[0]!(done);
  await first;
  answers[1]!(refused('UNAVAILABLE', {}, 503));
  await second;
  const third = run(input(2));
  await pause(5);
  answers[2]!(done);
  await third;
  assert.equal(keys.length, 3);
  assert.equal(keys[2], keys[1], 'the second one may have been made');
});

test('an empty secret and a public key of another length are refused', async () => {
  const signature = createHmac('sha256', '').update('m.1000.{}').digest('base64');
  const headers = { 'webhook-id': 'm', 'webhook-timestamp': '1000', 'webhook-signature': `v1,${signature} v1a,AAAA` };
  for (const secret of ['whsec_', 'whpk_', 'whpk_AAAA']) {
    await assert.rejects(verifyWebhook('{}', headers, secret, { now: 1000_000 }), (error) => error instanceof SignatureError && error.fault === 'BAD_SECRET', secret);
  }
});
