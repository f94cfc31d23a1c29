#!/usr/bin/env node
// entrepot-codegen: types for your own documents.
//
//   entrepot-codegen --schema schema.graphql --out src/gql.ts src/queries.graphql …
//
// --schema  a file in SDL: `entrepot schema > schema.graphql`
// --out     the TypeScript file to write
// --check   write nothing; exit 1 if the file differs
import { readFileSync, writeFileSync } from 'node:fs';
import { parseDocuments, parseSchema } from './graphql.mjs';
import { operations } from './shapes.mjs';
import { documentsModule } from './typescript.mjs';

const USAGE = 'usage: entrepot-codegen --schema schema.graphql --out src/gql.ts [--check] FILE.graphql …';

function main(args) {
  const files = [];
  const options = { check: false };
  while (args.length > 0) {
    const arg = args.shift();
    if (arg === '--check') options.check = true;
    else if (arg === '--schema' || arg === '--out') options[arg.slice(2)] = args.shift();
    else if (arg.startsWith('-')) return fail(`${arg} is not an option. ${USAGE}`);
    else files.push(arg);
  }
  if (!options.schema || !options.out || files.length === 0) return fail(USAGE);
  const schema = parseSchema(readFileSync(options.schema, 'utf8'), options.schema);
  const parsed = files.sort().flatMap((file) => parseDocuments(readFileSync(file, 'utf8'), file));
  const text = documentsModule(schema, operations(schema, parsed), { client: '@entrepot/client', types: '@entrepot/client/schema' })
    .replace('codegen/generate.mjs', 'entrepot-codegen');
  if (!options.check) writeFileSync(options.out, text);
  else if (readFileSync(options.out, 'utf8') !== text) return fail(`${options.out} is out of date: run entrepot-codegen without --check`);
  return 0;
}

function fail(message) {
  console.error(message);
  return 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.exitCode = fail(`entrepot-codegen: ${error.message}`);
}
