// The example page in a real Chromium.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { build } from 'esbuild';
import { apiKey, createClient, StockAdjustDocument } from '../src/index.js';
import { launch, skip } from './chromium.js';
import { PASSWORD, Server, tenant, type Tenant, until } from './server.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

let server: Server;
let shop: Tenant;
let browser: Browser;
let example: { address(): { port: number } | string | null; close(): void; closeAllConnections(): void };
before(async () => {
  if (skip) return;
  server = await Server.start('--budget', 'off', '--anonymous-requests', 'off');
  shop = await tenant(server, 'browser');
  const { serve } = (await import(pathToFileURL(join(HERE, 'examples/live/serve.mjs')).href)) as { serve: (port: number, target: string) => Promise<typeof example> };
  example = await serve(0, server.url);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  example?.closeAllConnections();
  example?.close();
  await server?.stop();
});

const address = () => `http://127.0.0.1:${(example.address() as { port: number }).port}/`;
const figure = (page: Page, level: string) => page.locator(`[data-level="${level}"] [data-figure="onHand"]`).innerText();

async function adjust(delta: number): Promise<void> {
  const client = createClient({ url: server.url, auth: apiKey(shop.key) });
  await client.mutate(StockAdjustDocument, {
    input: { reasonCode: 'CORRECTION', changes: [{ product: { sku: 'SKU-3' }, store: { code: 'LDN' }, delta }] },
  });
}

test('a page logs in by cookies, shows live stock, and follows it over a restart of the server', { skip }, async () => {
  const page = await browser.newPage({ viewport: { width: 1100, height: 760 } });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(address());
  await page.getByLabel('E-mail').fill(shop.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').filter({ hasText: 'INVALID_CREDENTIALS' }).waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('16 levels').waitFor();
  assert.equal(await figure(page, 'LDN SKU-3'), '10');
  assert.deepEqual(await page.evaluate(() => ({ cookies: document.cookie, kept: { ...localStorage } })), { cookies: '', kept: {} }, 'no script sees a token');
  await adjust(5);
  await until(async () => (await figure(page, 'LDN SKU-3')) === '15', 'the change');
  await page.locator('[data-level="LDN SKU-3"] button').click();
  await until(async () => (await figure(page, 'LDN SKU-3')) === '16', 'a change by the page');
  await server.end('SIGKILL');
  await page.getByRole('status').filter({ hasText: 'reconnecting' }).waitFor();
  assert.equal(await figure(page, 'LDN SKU-3'), '16', 'what was shown stays');
  await server.resume();
  await adjust(-6);
  await until(async () => (await figure(page, 'LDN SKU-3')) === '10', 'the change after the restart');
  await page.getByRole('status').filter({ hasText: /^live$/ }).waitFor();
  await page.reload();
  await page.getByText('16 levels').waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('components that follow the same share one socket, a row renders for itself, and the last one closes it', { skip }, async () => {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: join(HERE, 'src'), loader: 'tsx',
      contents: `
        import { StrictMode, useState } from 'react';
        import { createRoot } from 'react-dom/client';
        import { createClient, apiKey } from './index.js';
        import { EntrepotProvider, useLiveStock, useLiveLevel } from './react.js';
        window.renders = {};
        const client = createClient({ url: '/graphql', auth: apiKey(${JSON.stringify(shop?.key ?? '')}) });
        const Row = ({ id }) => {
          const level = useLiveLevel(id);
          window.renders[level?.product.sku + level?.store.code] = (window.renders[level?.product.sku + level?.store.code] ?? 0) + 1;
          return <i data-row={level?.store.code + ' ' + level?.product.sku}>{level?.onHand}</i>;
        };
        const List = () => { const { levels } = useLiveStock(); return <p>{levels.map(({ id }) => id).length} rows</p>; };
        const Ids = () => { const { levels } = useLiveStock(); window.ids ??= levels.length ? levels.map(({ id }) => id) : undefined; return null; };
        const Rows = ({ ids }) => ids.map((id) => <Row key={id} id={id} />);
        const Page = () => {
          const [shown, setShown] = useState(true);
          const [ids, setIds] = useState([]);
          return <>
            <button onClick={() => setShown(!shown)}>toggle</button>
            <button onClick={() => { setIds(window.ids); }}>rows</button>
            {shown ? <><List /><Ids /><Rows ids={ids} /></> : null}
          </>;
        };
        createRoot(document.getElementById('root')).render(<StrictMode><EntrepotProvider client={client}><Page /></EntrepotProvider></StrictMode>);`,
    },
    bundle: true, format: 'esm', jsx: 'automatic', write: false, define: { 'process.env.NODE_ENV': '"development"' },
  });
  const page = await browser.newPage();
  const sockets: Array<{ closed: boolean }> = [];
  let subscriptions = 0;
  page.on('websocket', (socket) => {
    const seen = { closed: false };
    sockets.push(seen);
    socket.on('close', () => (seen.closed = true));
    socket.on('framesent', ({ payload }) => (subscriptions += String(payload).includes('"subscribe"') ? 1 : 0));
  });
  await page.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: outputFiles[0]!.text }));
  await page.goto(address());
  await page.getByText('16 rows').waitFor();
  await page.getByRole('button', { name: 'rows' }).click();
  await page.locator('[data-row="LDN SKU-3"]').waitFor();
  assert.deepEqual([sockets.length, subscriptions], [1, 1], 'three kinds of components, one stream');
  const before = (await page.evaluate('({...window.renders})')) as Record<string, number>;
  await adjust(1);
  await page.locator('[data-row="LDN SKU-3"]', { hasText: /^11$/ }).waitFor();
  const later = (await page.evaluate('({...window.renders})')) as Record<string, number>;
  const rendered = Object.keys(later).filter((name) => later[name] !== before[name]);
  await adjust(-1);
  assert.deepEqual(rendered, ['SKU-3LDN']);
  await page.getByRole('button', { name: 'toggle' }).click();
  await until(() => sockets.every(({ closed }) => closed), 'the end of the socket');
  await page.getByRole('button', { name: 'toggle' }).click();
  await page.getByText('16 rows').waitFor();
  assert.equal(sockets.length, 2);
  await page.close();
});

test('a mutation keeps its key until it succeeds, and a query follows its variables', { skip }, async () => {
  const { outputFiles } = await build({
    stdin: {
      resolveDir: join(HERE, 'src'), loader: 'tsx',
      contents: `
        import { useState } from 'react';
        import { createRoot } from 'react-dom/client';
        import { createClient, apiKey, OrderCreateDocument, OrdersDocument } from './index.js';
        import { EntrepotProvider, useMutation, useQuery } from './react.js';
        const client = createClient({ url: '/graphql', auth: apiKey(${JSON.stringify(shop?.key ?? '')}), retry: { attempts: 1 } });
        const Page = () => {
          const [quantity, setQuantity] = useState(1);
          const { run, error, data, loading } = useMutation(OrderCreateDocument);
          const [ref, setRef] = useState('first');
          const found = useQuery(OrdersDocument, { filter: { externalRef: { eq: ref } } });
          const order = { input: { store: { code: 'PAR' }, externalRef: 'first', lines: [{ product: { sku: 'SKU-5' }, quantity }] } };
          return <>
            <button onClick={() => run(order)}>order</button>
            <button onClick={() => setQuantity(1000)}>more</button>
            <button onClick={found.refetch}>refetch</button>
            <button onClick={() => setRef('second')}>other</button>
            <p role="status">{loading ? 'loading' : error ? error.code : data ? 'order ' + data.orderCreate.replayed : 'idle'}</p>
            <p role="log">{found.loading ? 'loading' : found.error?.code ?? found.data.orders.nodes.length + ' found'}</p>
          </>;
        };
        createRoot(document.getElementById('root')).render(<EntrepotProvider client={client}><Page /></EntrepotProvider>);`,
    },
    bundle: true, format: 'esm', jsx: 'automatic', write: false, define: { 'process.env.NODE_ENV': '"production"' },
  });
  const page = await browser.newPage();
  await page.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: outputFiles[0]!.text }));
  const keys: string[] = [];
  let lost = 1;
  await page.route('**/graphql', async (route) => {
    const { variables } = route.request().postDataJSON() as { variables: { input?: { idempotencyKey: string } } };
    if (!variables.input) return route.continue();
    keys.push(variables.input.idempotencyKey);
    // The server carries the first one out; its answer is lost.
    const response = await route.fetch();
    return lost-- > 0 ? route.abort() : route.fulfill({ response });
  });
  await page.goto(address());
  const status = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
  const log = (text: string) => page.getByRole('log').filter({ hasText: text }).waitFor();
  await log('0 found');
  await page.getByRole('button', { name: 'order' }).click();
  await status('NETWORK');
  await page.getByRole('button', { name: 'order' }).click();
  await status('order true');
  await page.getByRole('button', { name: 'more' }).click();
  await page.getByRole('button', { name: 'order' }).click();
  await status('DUPLICATE');
  assert.equal(keys[0], keys[1], 'the same order');
  assert.notEqual(keys[1], keys[2], 'another one');
  await page.getByRole('button', { name: 'refetch' }).click();
  await log('1 found');
  await page.getByRole('button', { name: 'other' }).click();
  await log('0 found');
  await page.close();
});

test('a page of another port is refused by browsers, and allowed where its origin is listed', { skip }, async () => {
  const listed = await Server.start('--origin', address().slice(0, -1));
  try {
    const other = await tenant(listed, 'origin', 2);
    const page = await browser.newPage();
    await page.goto(address());
    const { outputFiles } = await build({
      stdin: { contents: "import { createClient, apiKey, StockLevelsDocument } from './index.js'; Object.assign(window, { createClient, apiKey, StockLevelsDocument })", resolveDir: join(HERE, 'src'), loader: 'ts' },
      bundle: true, format: 'iife', write: false,
    });
    await page.addScriptTag({ content: outputFiles[0]!.text });
    const result = await page.evaluate(`(async () => {
      const client = createClient({ url: ${JSON.stringify(listed.url)}, auth: apiKey(${JSON.stringify(other.key)}) });
      const { stockLevels } = await client.query(StockLevelsDocument, { first: 2 });
      const stock = client.liveStock();
      await stock.ready;
      const size = stock.size;
      client.close();
      return [stockLevels.nodes.length, size, client.rateLimit?.limit];
    })()`);
    assert.deepEqual(result, [2, 4, 10_000]);
    await page.close();
  } finally {
    await listed.stop();
  }
});
