import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import {
  apiKey, type ClientOptions, createClient, EntrepotError, OrderByRefDocument, OrderCreateDocument, OrdersDocument, StockAdjustDocument,
  StockLevelsDocument, TypedDocumentString, UserErrors, uuidv7,
} from '../src/index.js';
import { operationOf } from '../src/document.js';
import { retryAfter } from '../src/retry.js';
import { type HttpFault, Proxy } from './proxy.js';
import { freePort, newKey, Server, tenant, type Tenant } from './server.js';

let server: Server;
let shop: Tenant;
let proxy: Proxy;
before(async () => {
  server = await Server.start('--anonymous-requests', 'off');
  shop = await tenant(server, 'client');
  proxy = await Proxy.start(server);
});
afterEach(() => {
  proxy.onRequest = () => 'pass';
  proxy.requests.length = 0;
});
after(async () => {
  await proxy?.stop();
  await server?.stop();
});

const clientOf = (more: Partial<ClientOptions> = {}) =>
  createClient({ url: proxy.url, auth: apiKey(shop.key), retry: { baseDelayMs: 10, maxDelayMs: 3000 }, ...more });
const order = (quantity = 1, ref?: string) => ({
  input: { store: { code: 'LDN' }, lines: [{ product: { sku: 'SKU-1' }, quantity }], ...(ref ? { externalRef: ref } : {}) },
});
/** Each request in turn meets its fault. */
const faults = (...list: HttpFault[]) => {
  proxy.onRequest = (_, index) => list[index] ?? 'pass';
};
async function failure(work: Promise<unknown>): Promise<EntrepotError> {
  const error = await work.then(() => undefined, (caught: unknown) => caught);
  assert.ok(error instanceof EntrepotError, String(error));
  return error;
}

test('a query has typed variables and a typed answer', async () => {
  const client = clientOf();
  const { stockLevels } = await client.query(StockLevelsDocument, { first: 3, filter: { available: { gte: 1 } } });
  const [level] = stockLevels.nodes;
  const sku: string = level!.product.sku;
  assert.match(sku, /^SKU-/);
  assert.equal(stockLevels.nodes.length, 3);
  assert.ok(client.rateLimit && client.rateLimit.limit === 10_000 && client.rateLimit.remaining < 10_000, 'the headers are read');
  // @ts-expect-error a variable of another type
  await assert.rejects(client.query(StockLevelsDocument, { first: '3' }));
  assert.deepEqual(Object.keys(await client.query('{ viewer { tenant { slug } } }')), ['viewer'], 'a text is a document, too');
});

test('a required variable cannot be left out', () => {
  // @ts-expect-error there is no default
  () => clientOf().query(OrderByRefDocument);
  // @ts-expect-error one of id, number or external
  () => clientOf().query(OrderByRefDocument, { by: { number: '1', id: 'ord_' } });
});

test('pages are walked through', async () => {
  const rows = [];
  for await (const level of clientOf().paginate(StockLevelsDocument, { first: 5 })) rows.push(`${level.store.code} ${level.product.sku}`);
  assert.equal(rows.length, 16);
  assert.equal(new Set(rows).size, 16);
  assert.equal(proxy.requests.length, 4);
});

test('a mutation gets a key, and keeps the one that it is given', async () => {
  const client = clientOf();
  await client.mutate(OrderCreateDocument, order());
  const { idempotencyKey } = proxy.requests[0]!.body.variables.input;
  assert.match(idempotencyKey, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const mine = { input: { ...order().input, idempotencyKey: 'mine' } };
  const first = await client.mutate(OrderCreateDocument, mine);
  const second = await client.mutate(OrderCreateDocument, mine);
  assert.deepEqual([first.orderCreate.replayed, second.orderCreate.replayed], [false, true]);
  assert.equal(first.orderCreate.order!.id, second.orderCreate.order!.id);
  assert.equal(mine.input.idempotencyKey, 'mine');
  await client.mutate(OrderCreateDocument, order(), { idempotencyKey: 'option' });
  assert.equal(proxy.requests.at(-1)!.body.variables.input.idempotencyKey, 'option');
});

test('a lost answer is asked for again with the same key and the same bytes, and there is one order', async () => {
  const client = clientOf();
  faults('lost-answer', 'lost-request', { status: 502, body: '<html>' }, 'lost-answer');
  const { orderCreate } = await client.mutate(OrderCreateDocument, order(1, 'lost'));
  assert.equal(orderCreate.replayed, true);
  assert.equal(proxy.requests.length, 5);
  assert.equal(new Set(proxy.requests.map(({ text }) => text)).size, 1);
  const { orders } = await client.query(OrdersDocument, { filter: { externalRef: { eq: 'lost' } } });
  assert.equal(orders.nodes.length, 1);
});

test('a mutation without a key is sent once', async () => {
  faults('lost-answer');
  const error = await failure(clientOf().mutate('mutation { logout { userErrors { code } } }'));
  assert.deepEqual([error.code, error.retryable, proxy.requests.length], ['NETWORK', true, 1]);
  proxy.requests.length = 0;
  faults({ status: 503 });
  await failure(clientOf().mutate('mutation ($id: ID!) { apiKeyRevoke(id: $id) { userErrors { code } } }', { id: 'key_x' }));
  assert.equal(proxy.requests.length, 1);
});

test('a storm of 503 is waited out, at most five times', async () => {
  faults({ status: 503 }, { status: 504, body: 'x' }, { status: 502 }, { status: 503 });
  assert.ok(await clientOf().query(StockLevelsDocument, {}));
  assert.equal(proxy.requests.length, 5);
  proxy.requests.length = 0;
  proxy.onRequest = () => ({ status: 503 });
  const error = await failure(clientOf().query(StockLevelsDocument, {}));
  assert.deepEqual([error.code, error.status, proxy.requests.length], ['UNAVAILABLE', 503, 5]);
});

test('waits as long as Retry-After says, and no longer than it may', async () => {
  const body = '{"errors":[{"message":"too many","extensions":{"code":"RATE_LIMITED"}}]}';
  faults({ status: 429, headers: { 'retry-after': '1' }, body });
  const began = Date.now();
  await clientOf().query(StockLevelsDocument, {});
  assert.ok(Date.now() - began >= 1000);
  proxy.requests.length = 0;
  faults({ status: 429, headers: { 'retry-after': '90' }, body });
  const error = await failure(clientOf().query(StockLevelsDocument, {}));
  assert.deepEqual([error.code, error.retryAfterMs, proxy.requests.length], ['RATE_LIMITED', 90_000, 1]);
});

test('a pause that one call is asked for is kept by all', async () => {
  const client = clientOf();
  const body = '{"errors":[{"message":"too many","extensions":{"code":"RATE_LIMITED","retryAfterMs":600}}]}';
  faults({ status: 429, body });
  const first = client.query(StockLevelsDocument, {});
  while (proxy.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const began = Date.now();
  await client.query(StockLevelsDocument, {});
  assert.ok(Date.now() - began >= 400, 'the second call waited, too');
  await first;
});

test('the budget of the server is waited for', async () => {
  const poor = await Server.start('--budget', 'off');
  const way = await Proxy.start(poor);
  try {
    const { key } = await tenant(poor, 'poor', 2);
    await poor.end('SIGTERM');
    await poor.resume('--budget', '100/100');
    const client = createClient({ url: way.url, auth: apiKey(key), retry: { attempts: 60, baseDelayMs: 10, maxDelayMs: 5000 } });
    const fields = Array.from({ length: 8 }, (_, at) => `f${at}: stockLevels(first: 100) { nodes { id } }`).join(' ');
    const calls = Array.from({ length: 30 }, () => client.query(`{ ${fields} }`));
    assert.equal((await Promise.all(calls)).length, 30);
    assert.ok(way.requests.length > 30, `some were told to wait, of ${way.requests.length}; ${JSON.stringify(client.rateLimit)}`);
  } finally {
    await way.stop();
    await poor.stop();
  }
});

test('a call that is in progress is asked for again', async () => {
  const body = '{"data":{"orderCreate":{"order":null,"replayed":false,"userErrors":[{"code":"IDEMPOTENCY_IN_PROGRESS","message":"wait","field":null,"retryable":true}]}}}';
  faults({ status: 200, body });
  const { orderCreate } = await clientOf().mutate(OrderCreateDocument, order());
  assert.ok(orderCreate.order);
  assert.equal(proxy.requests.length, 2);
});

test('an internal error is tried once more', async () => {
  const body = '{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL","requestId":"r1"}}]}';
  proxy.onRequest = () => ({ status: 500, body });
  const error = await failure(clientOf().query(StockLevelsDocument, {}));
  assert.deepEqual([error.code, error.requestId, proxy.requests.length], ['INTERNAL', 'r1', 2]);
});

test('a refusal is thrown with its fields', async () => {
  const client = clientOf();
  const error = await client.mutate(OrderCreateDocument, order(1000)).then(() => undefined, (caught: unknown) => caught);
  assert.ok(error instanceof UserErrors);
  assert.equal(error.code, 'INSUFFICIENT_STOCK');
  assert.ok(error.has('INSUFFICIENT_STOCK') && !error.has('NOT_FOUND'));
  assert.equal(error.userErrors[0]!['requested'], 1000);
  assert.ok((error.userErrors[0]!['available'] as number) < 10);
  assert.deepEqual(error.userErrors[0]!.field?.slice(0, 2), ['input', 'lines']);
  const raw = await client.mutate.raw(OrderCreateDocument, order(1000));
  assert.equal(raw.orderCreate.order, null);
  const [first] = raw.orderCreate.userErrors;
  if (first && 'available' in first) assert.equal(typeof first.available, 'number');
  else assert.fail('the union has the shortage');
  assert.equal(proxy.requests.length, 2, 'a refusal is not tried again');
});

test('errors are values for those who like them so', async () => {
  const client = clientOf();
  const refused = await client.settle(OrderCreateDocument, order(1000));
  assert.ok(!refused.ok && refused.error instanceof UserErrors && refused.error.userErrors[0]!.code === 'INSUFFICIENT_STOCK');
  const done = await client.settle(OrderCreateDocument, order());
  assert.ok(done.ok && done.data.orderCreate.order!.status === 'CONFIRMED');
  faults({ status: 403, body: '{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN","permission":"order.write"}}]}' });
  proxy.requests.length = 0;
  const forbidden = await client.settle(OrdersDocument);
  assert.ok(!forbidden.ok && forbidden.error instanceof EntrepotError && forbidden.error.permission === 'order.write');
});

test('a version conflict is never tried again by itself', async () => {
  const error = await clientOf().mutate(StockAdjustDocument, {
    input: { reasonCode: 'CORRECTION', changes: [{ product: { sku: 'SKU-1' }, store: { code: 'LDN' }, delta: 1, expectedVersion: 9999 }] },
  }).then(() => undefined, (caught: unknown) => caught);
  assert.ok(error instanceof UserErrors && error.has('VERSION_CONFLICT'));
  assert.equal(typeof error.userErrors[0]!['actualVersion'], 'number');
  assert.equal(proxy.requests.length, 1);
});

test('top-level errors say what the server said', async () => {
  const poor = clientOf({ auth: apiKey(await newKey(server, shop.accessToken, ['product.read'])) });
  const forbidden = await failure(poor.query(StockLevelsDocument, {}));
  assert.deepEqual([forbidden.code, forbidden.permission, forbidden.retryable], ['FORBIDDEN', 'stock.read', false]);
  assert.ok(forbidden.requestId);
  const unknown = await failure(clientOf().query('{ nothing }'));
  assert.equal(unknown.code, 'GRAPHQL_VALIDATION_FAILED');
  const nobody = await failure(clientOf({ auth: apiKey('epk_live_wrong') }).query(StockLevelsDocument, {}));
  assert.equal(nobody.code, 'UNAUTHENTICATED');
  assert.equal(proxy.requests.length, 3, 'none of them is tried again');
});

test('a page that is no answer says so', async () => {
  faults({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' });
  const error = await failure(clientOf().query(StockLevelsDocument, {}));
  assert.deepEqual([error.code, error.status], ['BAD_RESPONSE', 404]);
  assert.match(error.message, /is the GraphQL endpoint/);
});

test('rows that were left out throw, unless they may', async () => {
  const body = JSON.stringify({ data: { salesReport: [] }, extensions: { entrepot: { truncated: [{ path: ['salesReport'], returned: 250, total: 365, use: 'salesSummary' }] } } });
  proxy.onRequest = () => ({ status: 200, body });
  assert.equal((await failure(clientOf().query('{ salesReport { units } }'))).code, 'TRUNCATED');
  assert.ok(await clientOf().query('{ salesReport { units } }', {}, { allowTruncated: true }));
});

test('a deprecated part of the schema is told of once', async () => {
  const body = (coordinates: string[]) => {
    const deprecated = coordinates.map((coordinate) => ({ coordinate, reason: '2026-11-23: use salesSummary. Removed after 2027-11-23.' }));
    return JSON.stringify({ data: { salesReport: [] }, extensions: { entrepot: { deprecated } } });
  };
  faults(
    { status: 200, body: body(['Query.salesReport']) },
    { status: 200, body: body(['Query.salesReport', 'OrderFilter.old']) },
    { status: 200, body: JSON.stringify({ data: { salesReport: [] } }) },
  );
  const told: string[] = [];
  const client = clientOf({ onDeprecated: ({ coordinate, reason }) => told.push(`${coordinate} ${reason.slice(0, 28)}`) });
  for (let call = 0; call < 3; call += 1) assert.deepEqual(await client.query('{ salesReport { units } }'), { salesReport: [] });
  assert.deepEqual(told, ['Query.salesReport 2026-11-23: use salesSummary', 'OrderFilter.old 2026-11-23: use salesSummary']);
  proxy.onRequest = () => ({ status: 200, body: body(['Query.salesReport']) });
  const failing = clientOf({ onDeprecated: () => { throw new Error('the listener fails'); } });
  assert.deepEqual(await failing.query('{ salesReport { units } }'), { salesReport: [] }, 'the answer is not lost');
});

test('an abort ends the request and the waiting, with its own reason', async () => {
  proxy.onRequest = () => ({ status: 503, headers: { 'retry-after': '2' } });
  const controller = new AbortController();
  const call = clientOf().query(StockLevelsDocument, {}, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 100);
  const began = Date.now();
  await assert.rejects(call, /enough/);
  assert.ok(Date.now() - began < 1000);
  await assert.rejects(clientOf().query(StockLevelsDocument, {}, { signal: AbortSignal.abort(new Error('before')) }), /before/);
});

test('a server that does not answer in time is a network failure', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const client = createClient({ url: `http://127.0.0.1:${port}/graphql`, timeoutMs: 50, retry: { attempts: 2, baseDelayMs: 1 } });
  const error = await failure(client.query(StockLevelsDocument, {}));
  assert.deepEqual([error.code, error.message], ['NETWORK', 'No answer came in time.']);
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  const away = createClient({ url: `http://127.0.0.1:${await freePort()}/graphql`, retry: { attempts: 1 } });
  assert.match((await failure(away.query(StockLevelsDocument, {}))).message, /ECONNREFUSED/);
});

test('the client names itself to the server', async () => {
  await clientOf({ headers: { 'entrepot-cost': 'true' } }).query(StockLevelsDocument, {});
  assert.match(String(proxy.requests[0]!.headers['entrepot-client']), /^typescript\/\d/);
  assert.equal(proxy.requests[0]!.headers['entrepot-cost'], 'true');
});

test('documents of other generators fit', async () => {
  const codegen = new TypedDocumentString<{ viewer: { tenant: { slug: string } } }, Record<string, never>>('{ viewer { tenant { slug } } }');
  assert.equal((await clientOf().query(codegen)).viewer.tenant.slug, 'client');
  const parsed = { kind: 'Document', loc: { source: { body: '{ viewer { tenant { slug } } }' } } };
  assert.ok(await clientOf().query(parsed as never));
  await assert.rejects(clientOf().query({ kind: 'Document' } as never), /print\(document\)/);
  await assert.rejects(clientOf().query('subscription { stockChanged { phase } }'), /liveStock/);
});

test('the first operation of a document is found', () => {
  assert.deepEqual(operationOf('{ a }'), { kind: 'query', name: undefined });
  assert.deepEqual(operationOf('# mutation X\nfragment mutation on Y { b } query Z($a: I = { b: 1 }) { a }'), { kind: 'query', name: 'Z' });
  assert.deepEqual(operationOf('fragment F on Y { b }mutation Do { a }'), { kind: 'mutation', name: 'Do' });
  assert.deepEqual(operationOf('subscription{a}'), { kind: 'subscription', name: undefined });
});

test('keys sort by their time', () => {
  const keys = [uuidv7(1), uuidv7(2), uuidv7(1_800_000_000_000)];
  assert.deepEqual([...keys].sort(), keys);
  assert.equal(uuidv7(0x0123456789ab).slice(0, 13), '01234567-89ab');
});

test('Retry-After is seconds or a date', () => {
  assert.equal(retryAfter('2'), 2000);
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:05 GMT', 2000), 3000);
  assert.equal(retryAfter('soon'), undefined);
  assert.equal(retryAfter(null), undefined);
});
