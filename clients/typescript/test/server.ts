// A real server on an embedded database, and a small tenant in it. ENTREPOT_BIN names the binary.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINARY = process.env['ENTREPOT_BIN'] ?? '';

// The test runner ends a file that takes too long by SIGTERM: its servers end with it.
const running = new Set<ChildProcess>();
process.once('SIGTERM', () => process.exit(143));
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export const PASSWORD = 'four mugs on a shelf';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something holds, twenty seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within 20 seconds`);
    await pause(10);
  }
}

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'entrepot-client-'));
  #child: ChildProcess | undefined;

  private constructor(readonly port: number, private args: string[]) {}

  /** A server that is ready. Further arguments go to `serve`. */
  static async start(...args: string[]): Promise<Server> {
    if (!BINARY) throw new Error('ENTREPOT_BIN is not set: name the server binary, or run scripts/test-clients.sh.');
    const server = new Server(await freePort(), args);
    execFileSync(BINARY, ['migrate', '--database-url', server.#database], { cwd: server.folder, stdio: 'ignore' });
    await server.resume();
    return server;
  }

  get #database(): string {
    return `sqlite://${join(this.folder, 'it.sqlite')}`;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  /** Starts again on the same port and database, perhaps with other arguments. */
  async resume(...args: string[]): Promise<void> {
    if (args.length > 0) this.args = args;
    const log = openSync(join(this.folder, 'server.log'), 'a');
    const child = spawn(BINARY, [
      'serve', '--database-url', this.#database, '--listen', `127.0.0.1:${this.port}`, '--registration', 'open',
      '--socket-drain-seconds', '1', ...this.args,
    ], { cwd: this.folder, stdio: ['ignore', 'ignore', log] });
    closeSync(log);
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${this.log()}`);
      return fetch(`http://127.0.0.1:${this.port}/readyz`).then(({ ok }) => ok, () => false);
    }, 'the start of the server');
  }

  log(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8').slice(-4000);
  }

  /** Ends it: by SIGTERM politely, by SIGKILL as a crash does. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A request without the client. */
  async ask(query: string, variables: unknown = {}, token?: string): Promise<Record<string, any>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as { data?: Record<string, any>; errors?: unknown };
    if (!answer.data || answer.errors) throw new Error(JSON.stringify(answer));
    return answer.data;
  }
}

export interface Tenant {
  slug: string;
  email: string;
  /** The owner's tokens. */
  accessToken: string;
  refreshToken: string;
  /** An API key that reads and writes stock and orders. */
  key: string;
  storeIds: Record<string, string>;
}

const LOGIN_RESULT = 'result { ... on TokenPair { accessToken refreshToken } } userErrors { code message }';

/** A company with two stores, `products` products and ten of each in each store. */
export async function tenant(server: Server, slug: string, products = 8): Promise<Tenant> {
  const email = `${slug}@shop.example`;
  const registered = await server.ask(
    `mutation ($e: String!, $p: String!, $s: String!) {
      register(email: $e, password: $p, displayName: "Owner", tenantName: "Shop", tenantSlug: $s) { ${LOGIN_RESULT} } }`,
    { e: email, p: PASSWORD, s: slug },
  );
  const { accessToken, refreshToken } = registered['register'].result;
  const ask = (query: string, variables: unknown = {}) => server.ask(query, variables, accessToken);
  const storeIds: Record<string, string> = {};
  for (const code of ['LDN', 'PAR']) {
    const made = await ask('mutation ($i: StoreCreateInput!) { it: storeCreate(input: $i) { store { id } userErrors { message } } }', { i: { code, name: code } });
    storeIds[code] = made['it'].store.id;
  }
  const skus = Array.from({ length: products }, (_, at) => `SKU-${at}`);
  await ask(
    `mutation ($i: ProductBulkUpsertInput!) { it: productBulkUpsert(input: $i) { userErrors { message } } }`,
    { i: { idempotencyKey: 'p', rows: skus.map((sku) => ({ sku, name: `Product ${sku}`, price: { amount: '4.50', currencyCode: 'EUR' } })) } },
  );
  const changes = skus.flatMap((sku) => Object.keys(storeIds).map((code) => ({ product: { sku }, store: { code }, delta: 10 })));
  const set = await ask(
    'mutation ($i: StockAdjustInput!) { it: stockAdjust(input: $i) { userErrors { code message field } } }',
    { i: { idempotencyKey: 's', kind: 'RECEIPT', reasonCode: 'OPENING', changes } },
  );
  if (set['it'].userErrors.length > 0) throw new Error(JSON.stringify(set));
  const key = await newKey(server, accessToken);
  return { slug, email, accessToken, refreshToken, key, storeIds };
}

/** A key of a new integration. */
export async function newKey(server: Server, accessToken: string, permissions = [
  'product.read', 'store.read', 'stock.read', 'stock.adjust', 'stock.set', 'stock.reserve', 'order.read', 'order.write', 'order.cancel', 'alert.read',
]): Promise<string> {
  const made = await server.ask(
    'mutation ($i: IntegrationCreateInput!) { it: integrationCreate(input: $i) { integration { id } userErrors { message field } } }',
    { i: { name: `Shop ${Math.random()}`, scope: { all: true }, permissions } }, accessToken,
  );
  if (!made['it'].integration) throw new Error(JSON.stringify(made));
  const key = await server.ask(
    'mutation ($i: ApiKeyCreateInput!) { it: apiKeyCreate(input: $i) { secret userErrors { message } } }',
    { i: { integrationId: made['it'].integration.id, name: 'test' } }, accessToken,
  );
  return key['it'].secret;
}
