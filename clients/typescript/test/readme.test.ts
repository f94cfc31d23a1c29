// The examples of README.md, run and compiled as a user has them: from the packed package.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { Server, tenant, type Tenant } from './server.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'entrepot-readme-'));
const TSC = join(HERE, 'node_modules/typescript/bin/tsc');
let server: Server;
let shop: Tenant;

before(async () => {
  server = await Server.start();
  shop = await tenant(server, 'readme', 3);
  const home = join(folder, 'node_modules/@entrepot/client');
  mkdirSync(home, { recursive: true });
  execFileSync(process.execPath, [TSC, '-p', join(HERE, 'tsconfig.build.json'), '--outDir', join(home, 'dist')]);
  copyFileSync(join(HERE, 'package.json'), join(home, 'package.json'));
  mkdirSync(join(home, 'codegen'));
  for (const name of readdirSync(join(HERE, 'codegen'))) copyFileSync(join(HERE, 'codegen', name), join(home, 'codegen', name));
  for (const name of ['react', '@types']) symlinkSync(join(HERE, 'node_modules', name), join(folder, 'node_modules', name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

/** The code of an example, written to a file of its name. */
function example(name: string): string {
  const found = new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w+\n([\\s\\S]*?)\`\`\``).exec(readFileSync(join(HERE, 'README.md'), 'utf8'));
  assert.ok(found, `README.md has no example ${name}`);
  const path = join(folder, name);
  writeFileSync(path, found[1]!);
  return path;
}

test('the first example runs', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [example('first.mjs')], {
    encoding: 'utf8', env: { ...process.env, ENTREPOT_URL: server.url.replace('/graphql', ''), ENTREPOT_KEY: shop.key },
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^(LDN|PAR) has 10 of SKU-0\n6 levels, live\n/);
  assert.match(stdout, /order SO-000001: CONFIRMED/);
  assert.match(stdout, /now 9 of SKU-0/);
});

test('the page compiles, strictly, against the packed types', () => {
  example('page.tsx');
  const options = { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2022', jsx: 'react-jsx', lib: ['ES2022', 'DOM'], exactOptionalPropertyTypes: true, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['page.tsx'] }));
  const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('the generator runs as a user has it', () => {
  writeFileSync(join(folder, 'shop.graphql'), 'query ShopProducts { products(first: 1) { nodes { sku stock { available } } } }');
  const cli = join(folder, 'node_modules/@entrepot/client/codegen/cli.mjs');
  const args = [cli, '--schema', join(HERE, '../../schema.graphql'), '--out', join(folder, 'gql.ts'), join(folder, 'shop.graphql')];
  execFileSync(process.execPath, args);
  execFileSync(process.execPath, [...args, '--check']);
  writeFileSync(join(folder, 'use.ts'), `
    import { createClient } from '@entrepot/client';
    import { ShopProductsDocument } from './gql.js';
    const { products } = await createClient({ url: '/graphql' }).query(ShopProductsDocument);
    export const available: number = products.nodes[0]!.stock[0]!.available;
    // @ts-expect-error it was not asked for
    products.nodes[0]!.name;
  `);
  const options = { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2022', lib: ['ES2022', 'DOM'], types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
  const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
