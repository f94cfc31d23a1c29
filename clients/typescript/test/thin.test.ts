import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { apiKey, createClient, OrderCreateDocument, StockLevelsDocument } from '../src/index.js';
import { Server, tenant, type Tenant, until } from './server.js';

let server: Server;
let shop: Tenant;
before(async () => {
  server = await Server.start('--budget', 'off');
  shop = await tenant(server, 'thin');
});
after(() => server.stop());

test('thin', async () => {
  const client = createClient({ url: server.url, auth: apiKey(shop.key), WebSocket: WebSocket as never });
  const { stockLevels } = await client.query(StockLevelsDocument, { first: 3 });
  console.log(stockLevels.nodes.length, client.rateLimit);
  const stock = client.liveStock();
  stock.subscribe(() => console.log('changed', stock.getSnapshot().status, stock.size, stock.seq));
  await stock.ready;
  assert.equal(stock.size, 16);
  const made = await client.mutate(OrderCreateDocument, { input: { store: { code: 'LDN' }, lines: [{ product: { sku: 'SKU-1' }, quantity: 2 }] } });
  console.log(made.orderCreate.order);
  await until(() => stock.getSnapshot().rows.some((row) => row.reserved === 2), 'the change');
  client.close();
});
