import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'entrepot-codegen-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('generated files match the schema, and versions the workspace', () => {
  execFileSync(process.execPath, [join(HERE, 'codegen/generate.mjs'), '--check'], { stdio: 'pipe' });
});

/** Runs the generator that users have. */
function generate(schema: string, document: string): { status: number | null; stderr: string; text: string } {
  const path = (name: string) => join(folder, name);
  writeFileSync(path('schema.graphql'), schema);
  writeFileSync(path('query.graphql'), document);
  const { status, stderr } = spawnSync(process.execPath, [
    join(HERE, 'codegen/cli.mjs'), '--schema', path('schema.graphql'), '--out', path('gql.ts'), path('query.graphql'),
  ], { encoding: 'utf8' });
  return { status, stderr, text: status === 0 ? readFileSync(path('gql.ts'), 'utf8') : '' };
}

const SCHEMA = `
  """A shop."""
  interface Node { id: ID! }
  type Cat implements Node { id: ID! name: String lives: [Int!]! owner: Person }
  type Dog implements Node { id: ID! barks(times: Int = 1): Boolean! }
  type Person { id: ID! }
  union Pet = Cat | Dog
  enum Mood { GOOD "Not good." BAD }
  input Asked @oneOf { id: ID name: String }
  type Query { pet(by: Asked!): Pet node(id: ID!): Node! pets(mood: [Mood!]): [Pet]! mood: Mood! }
`;

test('unions, interfaces, fragments, aliases and directives have types', () => {
  const { text } = generate(SCHEMA, `
    fragment Pets on Pet { __typename ... on Cat { name lives } ...Doggy }
    fragment Doggy on Dog { loud: barks(times: 3) }
    query All($by: Asked!, $mood: [Mood!], $more: Boolean!) {
      pet(by: $by) { ...Pets }
      pets(mood: $mood) { ... on Cat { owner { id } } }
      node(id: "x") { id }
      mood @include(if: $more)
    }`);
  const type = (name: string) => text.slice(text.indexOf(`export type ${name} =`)).split(';\n\n')[0]!.replace(/\s+/g, ' ');
  assert.equal(type('AllQuery'), "export type AllQuery = { pet: | { __typename: 'Cat'; name: string | null; lives: number[]; } | { __typename: 'Dog'; loud: boolean; } | null; "
    + 'pets: Array< | { owner: { id: string; } | null; } | { } | null>; node: { id: string; }; mood?: S.Open<S.Mood>; }');
  assert.equal(type('AllQueryVariables'), 'export type AllQueryVariables = { by: S.Asked; mood?: ReadonlyArray<S.Mood> | null; more: boolean; }');
  assert.match(text, /new TypedDocumentString\("query All\(\$by:Asked!\$mood:\[Mood!\]\$more:Boolean!\)\{pet\(by:\$by\)\{\.\.\.Pets\}/);
  assert.match(text, /fragment Doggy on Dog\{loud:barks\(times:3\)\}/);
});

test('what is deprecated says so, and a variable with a default may be left out', () => {
  const schema = `input I { old: Int @deprecated(reason: "2027-03-01: use new.") older: Int @deprecated }
    type Query { a(i: I, n: Int! = 1, old: ID @deprecated(reason: """Use i.""")): Int }`;
  const { text } = generate(schema, 'query A($i: I, $n: Int! = 2) { a(i: $i, n: $n) }');
  assert.match(text, /AQueryVariables = \{\n  i\?: S\.I \| null;\n  n\?: number;\n\}/);
  const types = spawnSync(process.execPath, ['--input-type=module', '-e', `
    import { parseSchema } from ${JSON.stringify(join(HERE, 'codegen/graphql.mjs'))};
    import { schemaModule } from ${JSON.stringify(join(HERE, 'codegen/typescript.mjs'))};
    process.stdout.write(schemaModule(parseSchema(${JSON.stringify(schema)}), []));`], { encoding: 'utf8' });
  assert.match(types.stdout, /@deprecated 2027-03-01: use new\. \*\/\n  old\?: number \| null;/);
  assert.match(types.stdout, /@deprecated No longer supported\. \*\/\n  older\?: number \| null;/);
});

test('a document that does not fit the schema is refused, with its place', () => {
  for (const [document, message] of [
    ['query A { nothing }', /Query has no field nothing/],
    ['query A { mood', /query\.graphql:1:15: expected a name/],
    ['{ mood }', /needs a name/],
    ['query A { pet(by: {id: 1}) }', /needs a selection/],
    ['query A { ...F }', /no fragment F/],
    ['query A { mood } query A { mood }', /exists twice/],
    ['query A { mood ? }', /unexpected character "\?"/],
  ] as const) {
    const { status, stderr } = generate(SCHEMA, document);
    assert.equal(status, 1, document);
    assert.match(stderr, message);
  }
});

test('bundles are small, and need no package but React', async () => {
  const size = async (code: string, external: string[] = []) => {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: join(HERE, 'src'), loader: 'ts' }, bundle: true, minify: true, format: 'esm', write: false,
      platform: 'browser', target: 'es2022', external,
    });
    const text = outputFiles[0]!.text;
    assert.doesNotMatch(text, /from"(?!react")/, 'no package is left to import');
    return gzipSync(text, { level: 9 }).length;
  };
  // A client has liveStock as a method, so that core and live store are one number: 9 KB and 3 KB.
  const all = await size("export * from './index.js'");
  const client = await size("export { createClient, apiKey, session, cookies } from './index.js'");
  const core = await size("export { createClient } from './index.js'");
  const react = await size("export * from './react.js'; export { createClient } from './index.js'", ['react']);
  const webhooks = await size("export * from './webhooks.js'");
  const budgets = { all: [all, 14_000], client: [client, 12_500], react: [react - core, 2_000], webhooks: [webhooks, 1_500] };
  console.log(JSON.stringify(budgets));
  for (const [name, [bytes, most]] of Object.entries(budgets)) assert.ok(bytes! <= most!, `${name}: ${bytes} bytes of ${most}`);
});
