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
import { parseArgs } from 'node:util';
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

/** Places that state the version, which is the workspace's: what stands before it. */
const VERSIONS = {
  'clients/typescript/package.json': /^( {2}"version": ")[^"]+/m,
  'clients/typescript/package-lock.json': /^((?: {2}| {6})"version": ")[^"]+/m,
  'clients/typescript/src/version.ts': /(VERSION = ')[^']+/,
  'clients/python/pyproject.toml': /^(version = ")[^"]+/m,
  'clients/python/src/entrepot/version.py': /(VERSION = ")[^"]+/,
};

/** Path → text with the workspace's version. */
function versioned() {
  const version = /\[workspace\.package\]\s*version = "([^"]+)"/.exec(read(ROOT, 'Cargo.toml'))[1];
  const texts = Object.entries(VERSIONS).map(([path, place]) => [join(ROOT, path), read(ROOT, path).replace(place, `$1${version}`)]);
  return Object.fromEntries(texts);
}

function check() {
  const faults = Object.entries({ ...outputs(), ...versioned() })
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => relative(ROOT, path));
  for (const path of faults) console.error(`${path} does not match schema.graphql or the workspace's version: run 'make clients'`);
  return faults.length === 0 ? 0 : 1;
}

// Throws for any other argument: without one the files are written.
if (parseArgs({ options: { check: { type: 'boolean' } } }).values.check) {
  process.exitCode = check();
} else {
  for (const [path, text] of Object.entries({ ...outputs(), ...versioned() })) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
