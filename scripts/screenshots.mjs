// Takes the pictures of scripts/screenshots.sh, which starts the demo.
//
//   node scripts/screenshots.mjs CLIENT CHROMIUM DEMO_LOG FOLDER
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [client, executablePath, log, folder] = process.argv.slice(2);
const { chromium } = createRequire(join(client, 'package.json'))('playwright-core');
const { serve } = await import(pathToFileURL(join(client, 'examples/live/serve.mjs')).href);

const printed = readFileSync(log, 'utf8');
const [, graphiql] = /GraphiQL\s+(\S+)/.exec(printed);
const [, token] = /TOKEN=(\S+)/.exec(printed);
const [, email, password] = /Login\s+(\S+) \/ (.+?)\s+\(/.exec(printed);
const base = new URL(graphiql).origin;

/** The data of an operation of the demo's owner. */
async function ask(query, variables = {}) {
  const response = await fetch(`${base}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'] });
const faults = [];

/** One page, used and then pictured. A fault of its script fails the run. */
async function picture(name, use, viewport = { width: 1200, height: 750 }) {
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(`${name}: ${error}`));
  await use(page);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
  console.log(`${name}.png`);
}

await picture('graphiql', async (page) => {
  await page.goto(graphiql);
  // The bar names who is signed in once the server has said it.
  await page.locator('.entrepot-who').waitFor();
  await page.getByRole('button', { name: /execute query/i }).click();
  await page.locator('.result-window', { hasText: 'onHand' }).waitFor();
});

await picture('reference', async (page) => {
  await page.goto(`${base}/docs/fields/Mutation.orderCreate`);
  await page.getByRole('heading', { name: 'orderCreate' }).first().waitFor();
});

const example = await serve(0, `${base}/graphql`);
await picture('live-stock', async (page) => {
  await page.goto(`http://127.0.0.1:${example.address().port}/`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('status').filter({ hasText: /^live$/ }).waitFor();
  // Rows are marked for a moment when they come.
  await page.waitForTimeout(3_000);
  const row = page.locator('[data-level]').first();
  const figure = row.locator('[data-figure="onHand"]');
  const before = Number(await figure.innerText());
  await row.getByRole('button').click();
  await page.waitForFunction(([was]) => Number(document.querySelector('[data-level] [data-figure="onHand"]').textContent) === was + 1, [before]);
});
example.closeAllConnections();
example.close();

const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
const { report } = await ask(
  'query Chart($filter: SalesReportFilter!) { report(measures: [NET_REVENUE], dimensions: [MONTH], filter: $filter) { svg(width: 900, height: 360) } }',
  { filter: { from: day(364), to: day(1) } },
);
await picture('chart', (page) => page.setContent(`<body style="margin:24px">${report.svg}`), { width: 950, height: 410 });

// One document for each kind of paper, of those that the demo has made.
const found = await ask(`{
  orders(first: 1, filter: { externalRef: { eq: "demo-dispatch-0" } }) { nodes { id works { id } fulfilments { id } } }
  fulfilmentWorks(first: 1, filter: { status: [OPEN, ACCEPTED] }) { nodes { id } }
  purchaseOrders(first: 20) { nodes { id status } }
  returns(first: 20) { nodes { id status } }
  invoices(first: 20) { nodes { id kind } }
}`);
const one = (list, test) => {
  const match = list.nodes.find(test);
  assert.ok(match, `the demo has none of what a paper is of: ${JSON.stringify(list)}`);
  return match.id;
};
const [sent] = found.orders.nodes;
assert.ok(sent?.works.length && sent.fulfilments.length, `the demo has not sent an order: ${JSON.stringify(found.orders)}`);
// The label is of a return that is approved.
const requested = one(found.returns, ({ status }) => status === 'REQUESTED');
const { returnApprove } = await ask(
  'mutation Approve($input: ReturnActionInput!) { returnApprove(input: $input) { userErrors { code message } } }',
  { input: { idempotencyKey: 'screenshots', id: requested } },
);
assert.deepEqual(returnApprove.userErrors, []);

const papers = [
  ['order-confirmation', 'ORDER_CONFIRMATION', sent.id],
  ['picking-list', 'PICKING_LIST', one(found.fulfilmentWorks, () => true)],
  ['packing-slip', 'PACKING_SLIP', sent.works[0].id],
  ['delivery-note', 'DELIVERY_NOTE', sent.fulfilments[0].id],
  ['invoice', 'INVOICE', one(found.invoices, ({ kind }) => kind === 'INVOICE')],
  ['credit-note', 'CREDIT_NOTE', one(found.invoices, ({ kind }) => kind === 'CREDIT_NOTE')],
  ['purchase-order', 'PURCHASE_ORDER', one(found.purchaseOrders, ({ status }) => status === 'ORDERED')],
  ['return-label', 'RETURN_LABEL', requested],
];
for (const [name, kind, id] of papers) {
  const { paperCreate } = await ask(
    'mutation Print($input: PaperCreateInput!) { paperCreate(input: $input) { paper { html } userErrors { code message } } }',
    { input: { idempotencyKey: `screenshots-${name}`, kind, document: { id }, locale: 'EN' } },
  );
  assert.deepEqual(paperCreate.userErrors, [], name);
  await picture(name, (page) => page.goto(`${new URL(paperCreate.paper.html, base)}?inline=1`), { width: 900, height: 900 });
}

await browser.close();
assert.deepEqual(faults, []);
