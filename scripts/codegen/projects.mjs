// Writes what the generators of scripts/codegen.sh read: node projects.mjs SCHEMA OUT NAME=FILE.graphql…
// Each NAME is a set of documents: a folder for graphql-codegen and ariadne-codegen, and modules for relay-compiler.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, getNamedType, isRequiredArgument, isScalarType, isSpecifiedScalarType, parse, print } from 'graphql';

const [schemaFile, out, ...sets] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
const SCALARS = Object.values(schema.getTypeMap()).filter((type) => isScalarType(type) && !isSpecifiedScalarType(type));
const scalars = Object.fromEntries(SCALARS.map((type) => [type.name, 'string']));
const capitalised = (name) => name[0].toUpperCase() + name.slice(1);

function write(path, text) {
  const file = join(out, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text, null, 2));
}

/** A module of Relay, whose operations and fragments begin with its name. */
const module = (name, documents) =>
  write(`relay/src/${name}.ts`, `import { graphql } from 'relay-runtime';\n${documents.map((text) => `graphql\`${text}\`;\n`).join('')}`);

/** Each operation as a module of its own; the fragments of a set keep their place. */
function forRelay(set, document) {
  const fragments = new Map();
  for (const { kind, name } of document.definitions) {
    if (kind === 'FragmentDefinition') fragments.set(name.value, `${capitalised(set)}Fragments_${name.value}`);
  }
  const renamed = (definition) => {
    const text = print(definition);
    return [...fragments].reduce((now, [from, to]) => now.replaceAll(new RegExp(`(\\.\\.\\. ?|fragment )${from}\\b`, 'g'), `$1${to}`), text);
  };
  const shared = document.definitions.filter(({ kind }) => kind === 'FragmentDefinition').map(renamed);
  if (shared.length > 0) module(`${capitalised(set)}Fragments`, shared);
  for (const definition of document.definitions.filter(({ kind }) => kind === 'OperationDefinition')) {
    const name = `${capitalised(set)}${definition.name.value}`;
    const text = renamed({ ...definition, name: { kind: 'Name', value: `${name}${capitalised(definition.operation)}` } });
    module(name, [text]);
  }
}

/** Each list of a root field as Relay pages it: `@connection` checks edges, cursors and pageInfo. */
function pagesForRelay() {
  const fields = Object.values(schema.getQueryType().getFields());
  const lists = fields.filter(({ type, args }) => {
    const takes = new Set(args.map(({ name }) => name));
    return getNamedType(type).name.endsWith('Connection') && takes.has('first') && takes.has('after') && !args.some(isRequiredArgument);
  });
  for (const { name } of lists) {
    const own = `${capitalised(name)}Pages`;
    const args = '@argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "Cursor" })';
    const rows = `${name}(first: $first, after: $after) @connection(key: "${own}_${name}") { edges { node { __typename } } }`;
    module(own, [
      `query ${own}Query { ...${own}_rows }`,
      `fragment ${own}_rows on Query ${args} @refetchable(queryName: "${own}PaginationQuery") { ${rows} }`,
    ]);
  }
  return lists.length;
}

const generates = {};
for (const set of sets) {
  const [name, file] = set.split(/=(.*)/s);
  const text = readFileSync(file, 'utf8');
  write(`documents/${name}/documents.graphql`, text);
  write(`ariadne/${name}.toml`, `[tool.ariadne-codegen]\nschema_path = "../schema.graphql"\nqueries_path = "../documents/${name}"\ntarget_package_name = "client_${name}"\n`);
  generates[`./codegen/${name}/`] = {
    preset: 'client',
    documents: `documents/${name}/*.graphql`,
    config: { strictScalars: true, documentMode: 'string', scalars },
  };
  forRelay(name, parse(text));
}
const pages = pagesForRelay();
if (pages < 40) throw new Error(`${pages} lists can be paged by Relay; 40 or more are expected`);
write('schema.graphql', readFileSync(schemaFile, 'utf8'));
write('codegen.json', { schema: 'schema.graphql', generates });
write('tsconfig.json', {
  compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true, types: [] },
  include: ['codegen'],
});
write('relay/relay.config.json', { src: './src', schema: '../schema.graphql', language: 'typescript', customScalarTypes: scalars });
console.log(`${pages} lists`);
