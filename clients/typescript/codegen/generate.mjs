// Writes the generated files of both clients from ../../schema.graphql and documents/*.graphql.
//
//   node codegen/generate.mjs            writes them
//   node codegen/generate.mjs --check    exits 1 if one of them differs, or if a version is not
// the workspace's
//
// It needs nothing but Node.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocuments, parseSchema } from './graphql.mjs';
import { keyedInputs, operations } from './shapes.mjs';
import { documentsModule, schemaModule } from './typescript.mjs';
import { pythonDocuments, pythonSchema } from './python.mjs';

const TYPESCRIPT = join(dirname(fileURLToPath(import.meta.url)), '..');
const ROOT = join(TYPESCRIPT, '../..');
const read = (...path) => readFileSync(join(...path), 'utf8');

function documents(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql')).sort();
  return files.flatMap((name) => parseDocuments(read(folder, name), name));
}

/** Path → text of each generated file. */
function outputs() {
  const schema = parseSchema(read(ROOT, 'schema.graphql'));
  const keyed = keyedInputs(schema);
  const shared = operations(schema, documents(join(TYPESCRIPT, 'documents')));
  const examples = operations(schema, documents(join(TYPESCRIPT, 'examples')));
  return {
    [join(TYPESCRIPT, 'src/schema.ts')]: schemaModule(schema, keyed),
    [join(TYPESCRIPT, 'src/documents.ts')]: documentsModule(schema, shared, { client: './document.js', types: './schema.js' }),
    [join(TYPESCRIPT, 'examples/gql.ts')]: documentsModule(schema, examples, { client: '../src/index.js', types: '../src/schema.js' }),
    [join(ROOT, 'clients/python/src/entrepot/schema.py')]: pythonSchema(schema, keyed),
    [join(ROOT, 'clients/python/src/entrepot/documents.py')]: pythonDocuments(schema, shared),
  };
}

/** Places that state the version, which is the workspace's. */
function versions() {
  return {
    'Cargo.toml': /\[workspace\.package\]\s*version = "([^"]+)"/.exec(read(ROOT, 'Cargo.toml'))[1],
    'clients/typescript/package.json': JSON.parse(read(TYPESCRIPT, 'package.json')).version,
    'clients/typescript/src/version.ts': /VERSION = '([^']+)'/.exec(read(TYPESCRIPT, 'src/version.ts'))[1],
    'clients/python/pyproject.toml': /^version = "([^"]+)"/m.exec(read(ROOT, 'clients/python/pyproject.toml'))[1],
    'clients/python/src/entrepot/version.py': /VERSION = "([^"]+)"/.exec(read(ROOT, 'clients/python/src/entrepot/version.py'))[1],
  };
}

function check() {
  const faults = [];
  for (const [path, text] of Object.entries(outputs())) {
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      faults.push(`${relative(ROOT, path)} does not match schema.graphql: run 'make clients' and look at the difference`);
    }
  }
  const { 'Cargo.toml': workspace, ...others } = versions();
  for (const [path, version] of Object.entries(others)) {
    if (version !== workspace) faults.push(`${path} has version ${version}, the workspace ${workspace}: write the same`);
  }
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv.includes('--check')) {
  process.exitCode = check();
} else {
  for (const [path, text] of Object.entries(outputs())) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
