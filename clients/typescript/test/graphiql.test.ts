// GraphiQL as the server serves it, in a real Chromium: the ways to sign in, every tab as it is, the operation builder, and where
// permissions are shown. assets/graphiql/build.sh makes the page that a server is built with.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { launch, skip } from './chromium.js';
import { newKey, PASSWORD, Server, tenant, type Tenant, until } from './server.js';

const TABS = readFileSync(new URL('../../../../assets/graphiql/src/tabs.js', import.meta.url), 'utf8');
const QUERY = '.graphiql-query-editor .CodeMirror';
const RESULT = '.result-window .CodeMirror';
const TAB = '[id^="graphiql-session-tab-"]';

/** What of CodeMirror's editor is used here: its element has it as a property. */
interface Editor {
  getValue(): string;
  setValue(text: string): void;
  /** The operation that the play button runs: GraphiQL reads it from the text, a moment after it has changed. */
  operationName?: string | null;
}
/** Data of an answer: the value of each root field. */
type Data = Record<string, any>;

let server: Server;
let shop: Tenant;
let browser: Browser;
const faults: string[] = [];
before(async () => {
  if (skip) return;
  server = await Server.start('--budget', 'off', '--anonymous-requests', 'off');
  shop = await tenant(server, 'graphiql', 2);
  // What the tabs' variables name, as the demo has it.
  const product = { sku: 'DS-MUGS-4' };
  await server.ask(
    'mutation ($i: ProductBulkUpsertInput!) { it: productBulkUpsert(input: $i) { userErrors { message } } }',
    { i: { idempotencyKey: 'mugs', rows: [{ ...product, name: 'Mugs, set of four', price: { amount: '24.00', currencyCode: 'EUR' } }] } },
    shop.accessToken,
  );
  const { stockAdjust } = await server.ask(
    'mutation ($i: StockAdjustInput!) { stockAdjust(input: $i) { userErrors { message } } }',
    { i: { idempotencyKey: 'mugs', kind: 'RECEIPT', reasonCode: 'OPENING', changes: [{ product, store: { code: 'LDN' }, delta: 10 }] } },
    shop.accessToken,
  );
  assert.deepEqual(stockAdjust.userErrors, []);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The page in a browser's context of its own. */
async function open(fragment = ''): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
  page.setDefaultTimeout(20_000);
  const own = new URL(server.url).host;
  page.on('pageerror', ({ message }) => {
    // Chromium says this of a layout that needs another frame.
    if (!message.startsWith('ResizeObserver loop')) faults.push(message);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== own) faults.push(`the page asks ${url.host}`);
  });
  await page.goto(server.url + fragment);
  await page.locator(QUERY).waitFor();
  return page;
}

async function close(page: Page): Promise<void> {
  await page.close();
  assert.deepEqual(faults.splice(0), []);
}

const signedIn = (page: Page, name: string) => page.locator('.entrepot-who summary').filter({ hasText: name }).waitFor();
const refusal = (dialog: Locator, message: string) => dialog.getByRole('alert').filter({ hasText: message }).waitFor();
const isFocused = (element: Locator) => element.evaluate((one) => one === document.activeElement);
const signIn = (within: Page | Locator) => within.getByRole('button', { name: 'Sign in', exact: true });
const closed = (dialog: Locator) => dialog.waitFor({ state: 'detached' });

/** The login form, which the page opens. */
async function form(page: Page): Promise<Locator> {
  await signIn(page).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  return dialog;
}

async function logIn(dialog: Locator, email: string, password: string): Promise<void> {
  await dialog.getByLabel('E-mail', { exact: true }).fill(email);
  await dialog.getByLabel('Password', { exact: true }).fill(password);
  await signIn(dialog).click();
}

const permissions = (page: Page) => page.locator('[data-permission]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-permission')));

/** Steps of thirty seconds, by which authenticators count. */
const step = () => Math.floor(Date.now() / 30_000);

/** An authenticator's code of a step (RFC 6238: SHA-1, six digits) by the link of its enrolment. */
function code(link: string, at: number): string {
  const secret = new URL(link).searchParams.get('secret') ?? '';
  const bits = [...secret].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(at));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE(digest.readUInt8(digest.length - 1) & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

const text = (page: Page, editor: string) =>
  page.locator(editor).evaluate((element) => (element as unknown as { CodeMirror: Editor }).CodeMirror.getValue());
const operation = (page: Page) =>
  page.locator(QUERY).evaluate((element) => (element as unknown as { CodeMirror: Editor }).CodeMirror.operationName);

/** Shows a tab, and waits until the play button runs its operation. */
async function show(page: Page, title: string): Promise<void> {
  await page.locator(TAB).filter({ hasText: new RegExp(`^${title}$`) }).click();
  await until(async () => (await operation(page)) === title, `the operation ${title} in the editor`);
}

/** Presses the play button; the data of the answer, or of the first one of a subscription, which is then stopped. Nothing may be refused. */
async function run(page: Page): Promise<Data> {
  const document = await text(page, QUERY);
  await page.getByRole('button', { name: 'Execute query' }).click();
  let answer = '';
  await until(async () => (answer = await text(page, RESULT)) !== '', `an answer to ${document}`);
  if (/^subscription /m.test(document)) await page.getByRole('button', { name: 'Stop query' }).click();
  await page.getByRole('button', { name: 'Execute query' }).waitFor();
  const { data, errors } = JSON.parse(answer) as { data?: Data; errors?: unknown };
  assert.ok(data && errors === undefined, `${document}${answer}`);
  for (const value of Object.values(data)) assert.deepEqual(value.userErrors ?? [], [], `${document}${answer}`);
  return data;
}

test('a password signs in, a wrong one is refused in words, and the permissions are shown', { skip }, async () => {
  const page = await open();
  let dialog = await form(page);
  const password = dialog.getByLabel('Password', { exact: true });
  assert.ok(await isFocused(dialog.getByLabel('E-mail', { exact: true })), 'the form opens at its first field');
  await logIn(dialog, shop.email, 'not the password');
  await refusal(dialog, 'e-mail and password do not match');
  assert.ok(await isFocused(password), 'a refusal leads back to the password');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await closed(dialog);
  assert.ok(await isFocused(signIn(page)), 'the form gives the focus back');

  dialog = await form(page);
  await dialog.getByLabel('E-mail', { exact: true }).fill(shop.email);
  await password.fill(PASSWORD);
  await password.press('Enter');
  await closed(dialog);
  await signedIn(page, 'Owner · Shop');
  await page.locator('.entrepot-who summary').click();
  const list = page.getByRole('list', { name: 'Permissions' });
  await list.locator('[data-permission="stock.adjust"]').filter({ hasText: 'all stores' }).waitFor();
  assert.ok((await permissions(page)).includes('tenant.write'));
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'hidden' });

  await page.reload();
  await signedIn(page, 'Owner · Shop');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('entrepot.session')), null, 'the page forgets the tokens');
  await close(page);
});

test('a key signs in with the permissions that it has, and one that is not valid is refused', { skip }, async () => {
  const page = await open();
  const dialog = await form(page);
  await dialog.getByLabel('API key or token').check();
  const key = dialog.getByLabel('Key', { exact: true });
  await key.fill('no key');
  await signIn(dialog).click();
  await dialog.getByRole('alert').waitFor();
  await key.fill(shop.key);
  await signIn(dialog).click();
  await closed(dialog);
  await signedIn(page, '· Shop');
  const shown = await permissions(page);
  assert.ok(shown.includes('stock.adjust') && !shown.includes('tenant.write'), shown.join());
  await close(page);
});

test('a member with a second factor is asked for its code, and after too many wrong ones for the password again', { skip }, async () => {
  const member = await tenant(server, 'factor', 1);
  const { totpEnrol } = await server.ask('mutation { totpEnrol { otpauthUri userErrors { message } } }', {}, member.accessToken);
  assert.deepEqual(totpEnrol.userErrors, []);
  const confirmed = step();
  const { totpConfirm } = await server.ask(
    'mutation ($code: String!) { totpConfirm(code: $code) { userErrors { message } } }',
    { code: code(totpEnrol.otpauthUri, confirmed) }, member.accessToken,
  );
  assert.deepEqual(totpConfirm.userErrors, []);

  const page = await open();
  let dialog = await form(page);
  await logIn(dialog, member.email, PASSWORD);
  const field = dialog.getByLabel('Code', { exact: true });
  await field.waitFor();
  assert.ok(await isFocused(field), 'the code is asked for next');
  await dialog.locator('select').selectOption({ label: 'Authenticator app' });
  await field.fill('00000');
  await signIn(dialog).click();
  await refusal(dialog, 'the code is wrong or was used before');
  assert.ok(await isFocused(field), 'a refusal leads back to the code');
  // The step that confirmed is used up; the next one is accepted half a minute early.
  await field.fill(code(totpEnrol.otpauthUri, Math.max(confirmed + 1, step())));
  await field.press('Enter');
  await closed(dialog);
  await signedIn(page, 'Owner · Shop');

  await page.getByRole('button', { name: 'Sign out' }).click();
  dialog = await form(page);
  await logIn(dialog, member.email, PASSWORD);
  for (let tries = 1; tries <= 6; tries++) {
    await field.fill('00000');
    // While a code is looked at, the button has another name.
    await signIn(dialog).click();
  }
  await refusal(dialog, 'log in again');
  await dialog.getByLabel('Password', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await closed(dialog);
  await close(page);
});

test('every tab runs as it is', { skip }, async () => {
  const page = await open(`#token=${shop.accessToken}`);
  await signedIn(page, 'Owner · Shop');
  assert.equal(new URL(page.url()).hash, '', 'the token leaves the address bar');
  const titles = (await page.locator(TAB).allInnerTexts()).map((title) => title.trim());
  assert.equal(titles.length, TABS.match(/^ {2}tab\(`$/gm)?.length, `${titles.join()}: build assets/graphiql and the server`);
  const answers: Record<string, Data> = {};
  for (const title of titles) {
    await show(page, title);
    assert.ok(TABS.includes((await text(page, QUERY)).trim()), `${title} is another one in tabs.js: build assets/graphiql and the server`);
    answers[title] = await run(page);
  }
  assert.equal(answers['Adjust']?.['stockAdjust'].levels[0].onHand, 8);
  assert.match(answers['Stock']?.['stockChanged'].phase, /^(SNAPSHOT|READY)$/);
  assert.equal(answers['Orders']?.['orders'].nodes[0].lines[0].sku, 'DS-MUGS-4');
  assert.equal(answers['Me']?.['viewer'].tenant.slug, shop.slug);
  await close(page);
});

test('the operation builder writes what is ticked, and root fields show their permission', { skip }, async () => {
  const page = await open(`#token=${shop.accessToken}`);
  await show(page, 'Stores');
  await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
  const stores = page.locator('#query-Stores [data-field-name="stores"]');
  assert.match((await stores.getAttribute('title')) ?? '', /Permission: store\.read\./);
  const version = page.locator('#query-Stores .graphiql-explorer-stores .graphiql-explorer-nodes [data-field-name="version"]');
  const isWritten = async () => /timeZone\s+version\s+}/.test(await text(page, QUERY));
  assert.ok(!(await isWritten()));
  await version.click();
  await until(isWritten, 'the field in the editor');
  assert.equal((await run(page))['stores'].nodes[0].version, 1);
  await version.click();
  await until(async () => !(await isWritten()), 'the end of the field in the editor');

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer-type-name').filter({ hasText: /^Mutation$/ }).first().click();
  await page.locator('.graphiql-doc-explorer-field-name').filter({ hasText: /^stockAdjust$/ }).click();
  await page.locator('.graphiql-doc-explorer-title').filter({ hasText: /^stockAdjust$/ }).waitFor();
  await page.locator('.graphiql-doc-explorer-content').filter({ hasText: 'Permission: stock.adjust.' }).waitFor();

  await show(page, 'Products');
  await page.locator(`${QUERY} .cm-property`).filter({ hasText: /^products$/ }).hover();
  await page.locator('.CodeMirror-info').filter({ hasText: 'Permission: product.read.' }).waitFor();
  await close(page);
});

test('permissions of nested fields are shown in the list of the operation, the builder and the book, and what the caller lacks is marked', { skip }, async () => {
  const key = await newKey(server, shop.accessToken, ['product.read', 'order.read']);
  const query = `query Asked {
  orders(first: 1) { nodes { id customer { name } } }
  products(first: 1) { nodes { sku unitCost { amount } availability { available } } }
}
`;
  const page = await open(`#${new URLSearchParams({ token: key, query })}`);
  await signedIn(page, '· Shop');
  await until(async () => (await operation(page)) === 'Asked', 'the operation in the editor');

  // The list below the answer: what its line says, and each permission with where it is needed.
  const line = page.locator('.entrepot-needs summary');
  await line.filter({ hasText: 'Permissions: 5 · you lack stock.availability.read · null without customer.read, product.cost.read' }).waitFor();
  await line.click();
  const list = page.getByRole('list', { name: 'Permissions of the operation' });
  await list.waitFor();
  const rows = await list.locator('[data-needed]').evaluateAll((all) =>
    all.map((row) => ['data-needed', 'data-way', 'data-held'].map((name) => row.getAttribute(name)).join(' ')));
  assert.deepEqual(rows, [
    'customer.read MASKED no', 'order.read REFUSED yes', 'product.cost.read MASKED no', 'product.read REFUSED yes', 'stock.availability.read REFUSED no',
  ]);
  await list.locator('[data-needed="stock.availability.read"]').filter({ hasText: 'Product.availability: refused without it' }).waitFor();

  // The server does as the page says.
  await page.getByRole('button', { name: 'Execute query' }).click();
  await until(async () => (await text(page, RESULT)).includes('stock.availability.read'), 'the refusal of a nested field');
  assert.equal(JSON.parse(await text(page, RESULT)).errors[0].extensions.code, 'FORBIDDEN');

  await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
  const nested = (name: string) => page.locator(`#query-Asked .graphiql-explorer-products .graphiql-explorer-nodes [data-field-name="${name}"]`);
  const marks = async (name: string) => [await nested(name).getAttribute('data-needs'), await nested(name).getAttribute('data-lacks')];
  await until(async () => (await marks('availability'))[1] !== null, 'the mark of a field that the caller lacks');
  assert.deepEqual(await marks('availability'), ['stock.availability.read', 'REFUSED']);
  assert.deepEqual(await marks('unitCost'), ['null without product.cost.read', 'MASKED']);
  assert.deepEqual(await marks('supplier'), ['product.read', null]);
  assert.deepEqual(await marks('sku'), [null, null]);
  // Without the field, the operation needs the permission no more.
  await nested('availability').locator('.graphiql-explorer-field-view').click();
  await line.filter({ hasText: 'Permissions: 4 · null without customer.read, product.cost.read' }).waitFor();

  // A text that is no document yet keeps the list of what it was; where there is none, nothing is needed.
  const write = (value: string) =>
    page.locator(QUERY).evaluate((element, text) => (element as unknown as { CodeMirror: Editor }).CodeMirror.setValue(text), value);
  await write('# nothing\n');
  await page.locator('p.entrepot-needs').filter({ hasText: 'Permissions: none' }).waitFor();

  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  const types = page.locator('.graphiql-doc-explorer-type-name');
  const book = page.locator('.graphiql-doc-explorer-content');
  const field = (name: string) => page.locator('.graphiql-doc-explorer-field-name').filter({ hasText: new RegExp(`^${name}$`) });
  await types.filter({ hasText: /^Query$/ }).first().click();
  await field('products').click();
  await types.filter({ hasText: /^ProductConnection$/ }).first().click();
  await types.filter({ hasText: /^Product$/ }).first().click();
  await field('availability').click();
  await book.filter({ hasText: 'Permission: stock.availability.read.' }).waitFor();
  await types.filter({ hasText: /^StockAvailability$/ }).first().click();
  await book.filter({ hasText: 'The store.' }).filter({ hasText: 'Permission: stock.availability.read.' }).waitFor();
  await close(page);

  const owner = await open(`#${new URLSearchParams({ token: shop.accessToken, query })}`);
  await owner.locator('.entrepot-needs summary').filter({ hasText: 'Permissions: 5 · you have all' }).waitFor();
  await owner.getByRole('button', { name: 'Sign out' }).click();
  await owner.locator('.entrepot-needs summary').filter({ hasText: 'Permissions: 5 · customer.read, order.read' }).waitFor();
  await close(owner);
});
