// Whether Apollo Client's cache keeps what an answer has: node apollo.mjs SCHEMA FILE.graphql…
// Each query is answered with made-up values, written to a cache that knows the schema's interfaces, and read back.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { InMemoryCache } from '@apollo/client/cache';
import {
  buildSchema, executeSync, isAbstractType, isEnumType, isInputObjectType, isListType, isNonNullType, isRequiredInputField,
  isLeafType, parse, typeFromAST,
} from 'graphql';

const [schemaFile, ...files] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
const abstract = Object.values(schema.getTypeMap()).filter(isAbstractType);
const possibleTypes = Object.fromEntries(abstract.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]));
const LEAVES = { Int: 1, Float: 1.5, Boolean: true, JSON: {} };

let made = 0;
/** A value that an answer may have; every text of its own, so that no two objects are the same. */
function answer(type) {
  if (isNonNullType(type)) return answer(type.ofType);
  if (isListType(type)) return [answer(type.ofType), answer(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0].name;
  if (isAbstractType(type)) return { __typename: schema.getPossibleTypes(type)[0].name };
  return isLeafType(type) ? (LEAVES[type.name] ?? `${type.name} ${(made += 1)}`) : {};
}

/** A value that a variable may have. */
function given(type) {
  if (isNonNullType(type)) return given(type.ofType);
  if (isListType(type)) return [given(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0].name;
  if (!isInputObjectType(type)) return LEAVES[type.name] ?? 'a';
  const fields = Object.values(type.getFields());
  const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  return Object.fromEntries(needed.map((field) => [field.name, given(field.type)]));
}

const wrong = [];
for (const level of ['error', 'warn']) console[level] = (...words) => wrong.push(words.join(' '));
let count = 0;
for (const file of files) {
  const { definitions } = parse(readFileSync(file, 'utf8'));
  const fragments = definitions.filter(({ kind }) => kind === 'FragmentDefinition');
  for (const operation of definitions.filter((one) => one.operation === 'query')) {
    count += 1;
    const used = operation.selectionSet.loc.source.body.slice(operation.loc.start, operation.loc.end);
    const cache = new InMemoryCache({ possibleTypes });
    const query = cache.transformDocument({ kind: 'Document', definitions: [operation, ...fragments.filter(({ name }) => used.includes(`...${name.value}`))] });
    const needed = (operation.variableDefinitions ?? []).filter(({ type }) => type.kind === 'NonNullType');
    const variables = Object.fromEntries(needed.map(({ variable, type }) => [variable.name.value, given(typeFromAST(schema, type))]));
    const fieldResolver = (source, args, context, { fieldName, returnType }) => source?.[fieldName] ?? answer(returnType);
    const { data, errors } = executeSync({ schema, document: query, variableValues: variables, fieldResolver });
    if (errors) {
      wrong.push(`${operation.name.value}: ${errors.join(' ')}`);
      continue;
    }
    const plain = JSON.parse(JSON.stringify(data));
    cache.writeQuery({ query, variables, data: plain });
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(cache.readQuery({ query, variables }))), plain)) {
      wrong.push(`${operation.name.value}: the cache answers something else than was written`);
    }
  }
}
if (wrong.length > 0) {
  process.stderr.write(`${wrong.join('\n')}\n`);
  process.exitCode = 1;
} else {
  console.log(`${count} queries`);
}
