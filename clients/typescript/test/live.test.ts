import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { WebSocket } from 'ws';
import {
  apiKey, type ClientOptions, createClient, type EntrepotClient, type EntrepotError, type KeptChange, type LiveEvent, type LiveStorage, type LiveStore,
  StockAdjustDocument, StockLevelsDocument, type StockRow,
} from '../src/index.js';
import { EventStreamParser } from '../src/event-stream.js';
import { Proxy } from './proxy.js';
import { newKey, pause, Server, tenant, type Tenant, until } from './server.js';

let server: Server;
let shop: Tenant;
let proxy: Proxy;
let direct: EntrepotClient;
const opened: EntrepotClient[] = [];

before(async () => {
  server = await Server.start('--budget', 'off', '--tenant-budget', 'off', '--anonymous-requests', 'off');
  shop = await tenant(server, 'live');
  proxy = await Proxy.start(server);
  direct = createClient({ url: server.url, auth: apiKey(shop.key) });
});
afterEach(() => {
  for (const client of opened.splice(0)) client.close();
  proxy.onMessage = () => 'pass';
  proxy.onRequest = () => 'pass';
});
after(async () => {
  await proxy?.stop();
  await server?.stop();
});

type Transport = 'socket' | 'event stream';

function clientOf(transport: Transport = 'socket', more: Partial<ClientOptions> = {}): EntrepotClient {
  const client = createClient({
    url: proxy.url, auth: apiKey(shop.key), WebSocket: transport === 'socket' ? (WebSocket as never) : null,
    retry: { baseDelayMs: 10, maxDelayMs: 200, attempts: 5 }, ...more,
  });
  opened.push(client);
  return client;
}

/** Changes one level by one, and tells what it then is. */
async function change(at: number, delta = 1): Promise<void> {
  await direct.mutate(StockAdjustDocument, {
    input: { reasonCode: 'CORRECTION', changes: [{ product: { sku: `SKU-${at % 8}` }, store: { code: at % 2 ? 'LDN' : 'PAR' }, delta }] },
  });
}

/** What the server shows, read fresh. */
async function truth(filter: Parameters<typeof direct.liveStock>[0] extends infer O | undefined ? NonNullable<O> extends { filter?: infer F } ? F : never : never = null): Promise<Map<string, StockRow>> {
  const rows = new Map<string, StockRow>();
  for await (const row of direct.paginate(StockLevelsDocument, { first: 50, filter })) rows.set(row.id, row);
  return rows;
}

/** The store comes to show exactly what the server shows. */
async function agrees(stock: LiveStore<StockRow>, filter: Parameters<typeof truth>[0] = null): Promise<void> {
  const expected = await truth(filter);
  const same = () => {
    const { rows, stale } = stock.getSnapshot();
    return !stale && rows.length === expected.size && rows.every((row) => expected.get(row.id)?.version === row.version);
  };
  await until(same, 'agreement with the server').catch((error: unknown) => {
    const versions = (rows: Iterable<StockRow>) => [...rows].map((row) => `${row.store.code} ${row.product.sku} v${row.version} ${row.onHand}`).sort();
    assert.deepEqual(versions(stock.getSnapshot().rows), versions(expected.values()), `${stock.status} ${stock.getSnapshot().error?.message}`);
    throw error;
  });
  for (const row of stock.getSnapshot().rows) assert.deepEqual(row, expected.get(row.id));
}

/** Collects everything that an iterator of the store gives. */
function follow(stock: LiveStore<StockRow>): LiveEvent<StockRow>[] {
  const events: LiveEvent<StockRow>[] = [];
  void (async () => {
    for await (const event of stock) events.push(event);
  })().catch(() => {});
  return events;
}

/** No version of any level was left out between a snapshot and the next. */
function assertNoGap(events: LiveEvent<StockRow>[]): number {
  const versions = new Map<string, number>();
  let changes = 0;
  for (const event of events) {
    if (event.type === 'snapshot') {
      versions.clear();
      for (const row of event.rows) versions.set(row.id, row.version);
      continue;
    }
    const before = versions.get(event.row.id);
    if (before !== undefined) assert.equal(event.row.version, before + 1, `a version of ${event.row.id} was left out`);
    versions.set(event.row.id, event.row.version);
    changes += 1;
  }
  return changes;
}

for (const transport of ['socket', 'event stream'] as const) {
  test(`${transport}: a picture is whole when it is ready, and follows`, async () => {
    const stock = clientOf(transport).liveStock();
    assert.equal(stock.status, 'idle');
    await stock.ready;
    assert.equal(stock.size, 16);
    assert.equal(stock.status, 'live');
    const before = stock.getSnapshot();
    assert.equal(stock.getSnapshot(), before, 'the same object until something changes');
    let calls = 0;
    stock.subscribe(() => (calls += 1));
    const changed = [...before.rows].find((row) => row.product.sku === 'SKU-1' && row.store.code === 'LDN')!;
    await change(1);
    await until(() => stock.get(changed.id)!.version === changed.version + 1, 'the change');
    await until(() => calls > 0, 'the notification');
    assert.equal(stock.get(changed.id)!.onHand, changed.onHand + 1);
    assert.notEqual(stock.getSnapshot(), before);
    await agrees(stock);
  });

  test(`${transport}: nothing is missed when the line is cut again and again`, async () => {
    const stock = clientOf(transport).liveStock();
    await stock.ready;
    const events = follow(stock);
    const cutting = setInterval(() => proxy.cut(), 40);
    for (let at = 0; at < 60; at += 1) await change(at);
    clearInterval(cutting);
    await agrees(stock);
    assert.equal(assertNoGap(events), 60, 'each change once');
    assert.equal(events.filter(({ type }) => type === 'snapshot').length, 1, 'the cursor was kept');
  });
}

test('nothing is missed wherever in a stream the line is cut', async () => {
  for (let at = 0; at < 12; at += 1) {
    const from = proxy.messages;
    // Each of the first messages in turn: acknowledgement, snapshot, changes.
    proxy.onMessage = (_, index) => (index === from + at ? 'cut' : 'pass');
    const stock = clientOf().liveStock();
    const events = follow(stock);
    await stock.ready;
    for (let turn = 0; turn < 8; turn += 1) await change(turn);
    await agrees(stock);
    assertNoGap(events);
    stock.close();
  }
});

test('messages that come twice or late do no harm', async () => {
  let turn = 0;
  proxy.onMessage = ({ type }) => (type !== 'next' ? 'pass' : (turn += 1) % 3 === 0 ? 'twice' : turn % 3 === 1 ? { delayMs: 15 } : 'pass');
  const stock = clientOf().liveStock();
  await stock.ready;
  const events = follow(stock);
  for (let at = 0; at < 20; at += 1) await change(at);
  await agrees(stock);
  assert.equal(assertNoGap(events), 20);
});

test('a cut in the middle of a snapshot begins it again, and shows nothing by halves', async () => {
  let halves = 0;
  proxy.onMessage = (message) => {
    const item = message.payload?.data?.stockChanged;
    if (item?.phase !== 'READY' || halves >= 3) return 'pass';
    halves += 1;
    setTimeout(() => proxy.cut(), 40);
    const half = { ...item, phase: 'SNAPSHOT', changes: item.changes.slice(0, 8) };
    return { say: { ...message, payload: { data: { stockChanged: half } } } };
  };
  const stock = clientOf().liveStock();
  const sizes = new Set<number>();
  stock.subscribe(() => sizes.add(stock.getSnapshot().rows.length));
  await stock.ready;
  assert.equal(halves, 3);
  assert.deepEqual([...sizes], [0, 16]);
});

test('after a cut that missed nothing the rows are no longer stale', async () => {
  for (const transport of ['socket', 'event stream'] as const) {
    const stock = clientOf(transport).liveStock();
    await stock.ready;
    proxy.cut();
    await until(() => stock.getSnapshot().stale, 'the cut');
    await until(() => stock.status === 'live' && !stock.getSnapshot().stale && !stock.getSnapshot().error, 'being live again');
    stock.close();
  }
});

test('a server that is restarted politely is found again by its word', async () => {
  const stock = clientOf().liveStock();
  await stock.ready;
  const events = follow(stock);
  await change(0);
  const ended = server.end('SIGTERM');
  await until(() => stock.getSnapshot().stale, 'the end of the connection');
  assert.match(stock.getSnapshot().error!.message, /1012|1006|1001/);
  assert.equal(stock.getSnapshot().rows.length, 16, 'what was shown stays');
  await ended;
  await server.resume();
  await change(1);
  await agrees(stock);
  assert.equal(assertNoGap(events), 2);
});

test('a server that crashed is found again, with all that was committed', async () => {
  const stock = clientOf().liveStock();
  await stock.ready;
  const events = follow(stock);
  for (let turn = 0; turn < 3; turn += 1) {
    await change(turn);
    await server.end('SIGKILL');
    await server.resume();
    await change(turn + 4);
  }
  await agrees(stock);
  assert.equal(assertNoGap(events), 6);
  assert.equal(events.filter(({ type }) => type === 'snapshot').length, 1);
});

test('rows that leave the filter go, and come back', async () => {
  const filter = { store: { eq: shop.storeIds['LDN']! }, available: { gte: 100 } };
  const stock = clientOf().liveStock({ filter });
  await stock.ready;
  assert.equal(stock.size, 0);
  await change(3, 200);
  await until(() => stock.size === 1, 'the row that enters');
  const events = follow(stock);
  await change(3, -200);
  await until(() => stock.size === 0, 'the row that leaves');
  await change(3, 200);
  await until(() => stock.size === 1, 'the row that comes back');
  await agrees(stock, filter);
  await change(3, -200);
  await until(() => stock.size === 0, 'the row that leaves again');
  await until(() => events.length >= 4, 'its events');
  assert.deepEqual(events.map((event) => (event.type === 'change' ? event.removed : event.type)), ['snapshot', true, false, true]);
});

test('cuts while rows enter and leave the filter', async () => {
  const filter = { available: { gte: 100 } };
  const stock = clientOf().liveStock({ filter });
  await stock.ready;
  const cutting = setInterval(() => proxy.cut(), 25);
  for (let turn = 0; turn < 20; turn += 1) await change(turn % 4, turn % 8 < 4 ? 200 : -200);
  clearInterval(cutting);
  await agrees(stock, filter);
  for (let turn = 0; turn < 4; turn += 1) await change(turn, -200);
  await agrees(stock, filter);
});

/** Keeps in memory, and can be made to fail. */
class MemoryStorage implements LiveStorage {
  kept = new Map<string, { cursor: string | null; rows: Map<string, { id: string }> }>();
  applied: KeptChange[] = [];
  fails = false;
  async load(identity: string) {
    const found = this.kept.get(identity);
    return found?.cursor ? { cursor: found.cursor, rows: [...found.rows.values()] } : undefined;
  }
  async apply(identity: string, change: KeptChange) {
    await pause(1);
    if (this.fails) throw new Error('the disk is full');
    this.applied.push(change);
    const entry = this.kept.get(identity) ?? { cursor: null, rows: new Map() };
    if (change.clear) entry.rows.clear();
    for (const row of change.put as Array<{ id: string }>) entry.rows.set(row.id, row);
    for (const id of change.remove) entry.rows.delete(id);
    entry.cursor = change.cursor;
    this.kept.set(identity, entry);
  }
}

test('a kept picture goes on where it was, without a snapshot', async () => {
  const storage = new MemoryStorage();
  const first = clientOf().liveStock({ storage });
  await first.ready;
  await change(0);
  await agrees(first);
  await first.flushed();
  first.close();
  await change(1);
  await change(2);
  const phases: string[] = [];
  proxy.onMessage = (message) => {
    if (message.type === 'next') phases.push(message.payload.data.stockChanged.phase);
    return 'pass';
  };
  const second = clientOf().liveStock({ storage });
  const events = follow(second);
  await second.ready;
  assert.equal(second.size, 16, 'the kept rows show at once');
  await agrees(second);
  assert.equal(assertNoGap(events), 2);
  assert.ok(!phases.includes('SNAPSHOT') && !phases.includes('READY'), phases.join());
  await second.flushed();
  const [entry] = storage.kept.values();
  assert.equal(entry!.cursor, second.cursor);
  assert.deepEqual(new Map(second.getSnapshot().rows.map((row) => [row.id, row])), entry!.rows);
});

test('a kept picture forgets rows that have left the filter', async () => {
  const storage = new MemoryStorage();
  const filter = { available: { gte: 100 } };
  const stock = clientOf().liveStock({ storage, filter });
  await stock.ready;
  const kept = () => [...storage.kept.values()][0]!.rows.size;
  for (const [delta, size] of [[200, 1], [-200, 0]] as const) {
    await change(2, delta);
    await until(() => stock.size === size, 'the change');
    await stock.flushed();
    assert.equal(kept(), size);
  }
});

test('another filter does not take the kept picture', async () => {
  const storage = new MemoryStorage();
  const all = clientOf().liveStock({ storage });
  await all.ready;
  await all.flushed();
  const filter = { store: { eq: shop.storeIds['LDN']! } };
  const one = clientOf().liveStock({ storage, filter });
  await one.ready;
  await agrees(one, filter);
  await one.flushed();
  assert.equal(storage.kept.size, 2);
});

test('a storage that fails is told of once and left alone', async () => {
  const storage = new MemoryStorage();
  const errors: EntrepotError[] = [];
  const stock = clientOf('socket', { onError: (error) => errors.push(error) }).liveStock({ storage });
  await stock.ready;
  await stock.flushed();
  storage.fails = true;
  await change(0);
  await change(1);
  await agrees(stock);
  await stock.flushed();
  assert.equal(errors.length, 1);
  assert.match(errors[0]!.message, /disk is full/);
});

test('a cursor of another stream is reset, and the picture begins anew', async () => {
  const storage = new MemoryStorage();
  const filter = { store: { eq: shop.storeIds['LDN']! } };
  const one = clientOf().liveStock({ filter });
  await one.ready;
  const all = clientOf().liveStock({ storage });
  await all.ready;
  await all.flushed();
  for (const entry of storage.kept.values()) entry.cursor = one.cursor;
  const again = clientOf().liveStock({ storage });
  const events = follow(again);
  await again.ready;
  await until(() => events.filter(({ type }) => type === 'snapshot').length >= 3, 'the new snapshot');
  assert.deepEqual(events.map((event) => (event.type === 'snapshot' ? event.rows.length : 0)), [16, 0, 16], 'kept, cleared, anew');
  await agrees(again);
});

for (const reset of ['CURSOR_EXPIRED', 'EPOCH_CHANGED'] as const) {
  test(`after ${reset} the rows stay, marked as stale, until the new ones are whole`, async () => {
    const stock = clientOf().liveStock();
    await stock.ready;
    const sizes = new Set<number>();
    let wasStale = false;
    stock.subscribe(() => {
      sizes.add(stock.getSnapshot().rows.length);
      wasStale ||= stock.getSnapshot().stale;
    });
    let done = false;
    proxy.onMessage = (message) => {
      if (done || message.type !== 'next') return done ? { delayMs: 40 } : 'pass';
      done = true;
      const { id } = message as { id?: string };
      return { say: { type: 'next', id, payload: { data: { stockChanged: { phase: 'RESET', cursor: null, reset, changes: [] } } } } };
    };
    await change(0);
    await until(() => done && stock.status === 'live', 'the new snapshot');
    await agrees(stock);
    assert.deepEqual([...sizes], [16]);
    assert.ok(wasStale);
  });
}

test('a caller whose stores shrink sees no more than is theirs', async () => {
  const permissions = ['stock.read', 'store.read', 'product.read'];
  const key = await newKey(server, shop.accessToken, permissions);
  const stock = clientOf('socket', { auth: apiKey(key) }).liveStock();
  await stock.ready;
  assert.equal(stock.size, 16);
  const { integrations } = (await server.ask('{ integrations { id version keys { prefix } } }', {}, shop.accessToken)) as any;
  const mine = integrations.find((one: any) => one.keys.some(({ prefix }: any) => key.startsWith(prefix)));
  const changed = await server.ask(
    'mutation ($i: IntegrationUpdateInput!) { it: integrationUpdate(input: $i) { userErrors { message } } }',
    { i: { id: mine.id, expectedVersion: mine.version, scope: { stores: [{ code: 'LDN' }] } } }, shop.accessToken,
  );
  assert.deepEqual(changed['it'].userErrors, []);
  await until(() => stock.size === 8 && stock.status === 'live', 'the smaller picture');
  assert.ok(stock.getSnapshot().rows.every((row) => row.store.code === 'LDN'));
});

test('a loop of resets is slowed down', async () => {
  let resets = 0;
  proxy.onMessage = (message) => {
    if (message.type !== 'next') return 'pass';
    resets += 1;
    const { id } = message as { id?: string };
    return { say: { type: 'next', id, payload: { data: { stockChanged: { phase: 'RESET', cursor: null, reset: 'CURSOR_EXPIRED', changes: [] } } } } };
  };
  const stock = clientOf().liveStock();
  stock.start();
  await pause(700);
  // The snapshot comes in up to two messages, and what follows a RESET on the same subscription is
  // not heard.
  assert.ok(resets >= 3 && resets <= 8, `${resets} resets in 0.7 s`);
});

test('a stream that may not be followed fails, and says why', async () => {
  const key = await newKey(server, shop.accessToken, ['product.read']);
  const errors: EntrepotError[] = [];
  const stock = clientOf('socket', { auth: apiKey(key), onError: (error) => errors.push(error) }).liveStock();
  await assert.rejects(stock.ready, { code: 'FORBIDDEN', permission: 'stock.read' });
  assert.equal(stock.status, 'failed');
  assert.equal(stock.getSnapshot().error!.code, 'FORBIDDEN');
  assert.equal(errors.length, 1);
  const wrong = clientOf('socket', { auth: apiKey('epk_live_wrong') }).liveStock();
  await assert.rejects(wrong.ready, { code: 'UNAUTHENTICATED' });
  const wrongStream = clientOf('event stream', { auth: apiKey('epk_live_wrong') }).liveStock();
  await assert.rejects(wrongStream.ready, { code: 'UNAUTHENTICATED' });
});

test('a page whose origin is not listed stops, and is shown why', async () => {
  const from = proxy.sockets;
  proxy.onMessage = () => ({ close: 4401, reason: 'origin https://x is not allowed; see docs/realtime.md#from-a-web-page' });
  const stock = clientOf().liveStock();
  await assert.rejects(stock.ready, { code: 'BAD_REQUEST', message: /4401: .*from-a-web-page/ });
  assert.equal(stock.status, 'failed');
  await new Promise((done) => setTimeout(done, 300));
  assert.equal(proxy.sockets, from + 1, 'it does not come back');
});

test('a protocol fault ends the store instead of asking for ever', async () => {
  proxy.onMessage = () => ({ close: 4400, reason: 'Invalid message' });
  const stock = clientOf().liveStock();
  await assert.rejects(stock.ready, { code: 'BAD_REQUEST' });
});

test('a server that asks for time gets it', async () => {
  const from = proxy.sockets;
  let first = 0;
  proxy.onMessage = () => {
    if (first) return 'pass';
    first = Date.now();
    return { close: 1013, reason: 'too many come at once; come back in 400 ms' };
  };
  const stock = clientOf().liveStock();
  await stock.ready;
  assert.ok(Date.now() - first >= 400);
  assert.equal(proxy.sockets - from, 2);
});

test('a silent line is given up', async () => {
  const stock = clientOf('socket', { silenceMs: 300 }).liveStock();
  await stock.ready;
  const from = proxy.sockets;
  await until(() => proxy.sockets > from, 'another connection');
  const { seq } = stock;
  await change(0);
  await until(() => stock.seq > seq, 'a change on another connection');
});

test('an own write shows before the stream brings it, and is not lost to iterators', async () => {
  const stock = clientOf().liveStock();
  await stock.ready;
  const events = follow(stock);
  await pause(20);
  proxy.onMessage = () => ({ delayMs: 300 });
  const { stockAdjust } = await direct.mutate(StockAdjustDocument, {
    input: { reasonCode: 'CORRECTION', changes: [{ product: { sku: 'SKU-1' }, store: { code: 'LDN' }, delta: 1 }] },
  });
  const level = stockAdjust.levels![0]!;
  stock.merge([level as StockRow]);
  assert.equal(stock.get(level.id)!.version, level.version);
  assert.equal(stock.get(level.id)!.product.sku, 'SKU-1', 'fields that the answer lacks stay');
  await pause(400);
  await agrees(stock);
  assert.equal(assertNoGap(events), 1);
});

test('one socket carries all streams of a client', async () => {
  const from = proxy.sockets;
  const client = clientOf();
  const stock = client.liveStock({ maxDelayMs: 50 });
  const orders = client.liveOrders();
  const alerts = client.liveAlerts();
  await Promise.all([stock.ready, orders.ready, alerts.ready]);
  assert.equal(proxy.sockets - from, 1);
  await direct.mutate(
    'mutation ($input: OrderCreateInput!) { orderCreate(input: $input) { userErrors { code message } } }',
    { input: { store: { code: 'LDN' }, lines: [{ product: { sku: 'SKU-1' }, quantity: 2 }] } },
  );
  await until(() => orders.size === 1, 'the order');
  assert.equal(orders.getSnapshot().rows[0]!.total.amount, '9.00');
  await until(() => stock.getSnapshot().rows.some((row) => row.reserved === 2), 'its reservation');
});

test('where sockets are refused, event streams do', async () => {
  proxy.refuseUpgrades = true;
  try {
    const from = proxy.upgrades;
    const stock = clientOf().liveStock();
    await stock.ready;
    const events = follow(stock);
    await change(0);
    await agrees(stock);
    assert.equal(assertNoGap(events), 1);
    assert.equal(proxy.upgrades - from, 3);
    const wrong = clientOf('socket', { auth: undefined as never }).liveStock();
    await assert.rejects(wrong.ready, { code: 'UNAUTHENTICATED' });
  } finally {
    proxy.refuseUpgrades = false;
  }
});

test('a client that is closed closes stores that wait for their next connection, too', async () => {
  proxy.onMessage = () => ({ close: 1013, reason: 'come back in 200 ms' });
  const client = clientOf();
  const stock = client.liveStock();
  stock.start();
  await until(() => stock.getSnapshot().error !== undefined, 'the refusal');
  const from = proxy.sockets;
  client.close();
  assert.equal(stock.status, 'closed');
  await pause(300);
  assert.equal(proxy.sockets, from);
});

// ENTREPOT_ROUNDS=1000 is the long run.
test('faults at random: the store equals the server each time', { timeout: 3_600_000 }, async () => {
  const rounds = Number(process.env['ENTREPOT_ROUNDS'] ?? 8);
  for (let round = 0; round < rounds; round += 1) {
    const faults = [
      'pass', 'pass', 'pass', 'cut', 'twice', { delayMs: 20 }, { close: 1012, reason: 'come back in 10 ms' },
      { close: 1013 }, { close: 4408 },
    ] as const;
    const log: string[] = [];
    proxy.onMessage = ({ type }) => {
      const fault = faults[Math.floor(Math.random() * faults.length)]!;
      log.push(`${type}: ${JSON.stringify(fault)}`);
      return fault;
    };
    const storage = round % 2 ? new MemoryStorage() : undefined;
    const filter = round % 3 ? { available: { gte: 12 } } : null;
    const options = { filter, ...(storage ? { storage } : {}) };
    let stock = clientOf().liveStock(options);
    let events = follow(stock);
    let level = 0;
    for (let at = 0; at < 12; at += 1) {
      // With a filter each level that enters leaves again.
      if (!filter || at % 2 === 0) level = Math.floor(Math.random() * 8);
      await change(level, filter ? [3, -3][at % 2] : 1);
      if (!storage || at !== 6) continue;
      // The page is reloaded.
      stock.close();
      await stock.flushed();
      stock = clientOf().liveStock(options);
      events = follow(stock);
    }
    proxy.onMessage = () => 'pass';
    await agrees(stock, filter).catch((error: unknown) => {
      throw new Error(`round ${round}: ${log.join(', ')}`, { cause: error });
    });
    if (!filter) assertNoGap(events);
    stock.close();
  }
});

test('an event stream is read in any pieces', () => {
  const text = ':\n\nid: 1\nevent: next\ndata: {"a":\u2028\r\ndata:1}\r\n\r\nevent: complete\rdata:\r\r';
  for (let size = 1; size < 12; size += 1) {
    const parser = new EventStreamParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
    events.push(...parser.push('\n'));
    assert.deepEqual(events, [{ event: 'next', data: '{"a":\u2028\n1}' }, { event: 'complete', data: '' }], `pieces of ${size}`);
  }
});

test('an iterator that is far behind gets a snapshot in the place of what it has not taken', async () => {
  const stock = clientOf().liveStock();
  await stock.ready;
  const iterator = stock[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value!.type, 'snapshot');
  const [row] = stock.getSnapshot().rows;
  for (let more = 1; more <= 10_002; more += 1) stock.merge([{ ...row!, version: row!.version + more }]);
  const event = (await iterator.next()).value as LiveEvent<StockRow>;
  assert.ok(event.type === 'snapshot' && event.rows.find(({ id }) => id === row!.id)!.version > row!.version);
  stock.close();
});

test('an iterator of a closed store ends', async () => {
  const stock = clientOf().liveStock();
  await stock.ready;
  const events = follow(stock);
  await pause(20);
  stock.close();
  await pause(20);
  const rest: unknown[] = [];
  for await (const event of stock) rest.push(event);
  assert.equal(rest.length, 1);
  assert.equal(events.length, 1);
  await change(0);
  assert.equal(stock.status, 'closed');
});
