// The codes with which each mutation can refuse, for the pages of the reference: crates/reference/assets/refusals.txt.
//
//   node scripts/codegen/refusals.mjs            writes it
//   node scripts/codegen/refusals.mjs --check    exits 1 if it differs
//
// A refusal becomes a code in its room's part of the crates of the API, once: the codes of a mutation are those that its room gives, those of the rooms
// whose refusals the core of its room makes, and those of what all rooms call (inputs, references, keys, the ledger). The schema then leaves
// out the codes that the mutation's arguments and events rule out. Functions and macros may have any name: a code is found by its variant of
// ErrorCode, and a function that gives it for its callers by the type that it returns. It needs nothing but Node.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseSchema } from '../../clients/typescript/codegen/graphql.mjs';

// Throws for any other argument: without one the file is written.
const { check } = parseArgs({ options: { check: { type: 'boolean' } } }).values;
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const OUT = join(ROOT, 'crates/reference/assets/refusals.txt');

/** Path below a folder → code without its tests. */
function sources(folder) {
  const files = readdirSync(join(ROOT, folder), { recursive: true }).filter((name) => name.endsWith('.rs')).sort();
  return files.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(ROOT, folder, name), 'utf8').split('#[cfg(test)]')[0]]);
}
const room = (file) => file.split('/')[0].replace(/\.rs$/, '');
const code = (name) => name.replaceAll(/(?<!^)([A-Z])/g, '_$1').toUpperCase();
const add = (sets, key, values) => sets.set(key, new Set([...(sets.get(key) ?? []), ...values]));

const API = ['objects', 'trade', 'analysis', 'api'].flatMap((name) => sources(`crates/${name}/src`));

/** Codes that a text names. */
const namedCodes = (text) => [...text.matchAll(/\bErrorCode::([A-Z]\w+)/g)].map(([, name]) => code(name));

/**
 * How a text calls a function → the codes that the function gives by itself, found by its type and body, whatever its name: constructors of a
 * UserError for certain codes, and functions that put one code before a message.
 */
function findGivers() {
  const givers = new Map();
  const delegates = [];
  for (const [file, text] of API) {
    for (const [, members] of text.matchAll(/^impl UserError \{\n([^]*?)^\}/gm)) {
      for (const [, name, signature, body] of members.matchAll(/^ {4}(?:pub )?(?:const )?fn (\w+)([^{]*)\{\n([^]*?)^ {4}\}/gm)) {
        // A constructor that is told its code gives none by itself.
        if (/\bErrorCode\b/.test(signature)) continue;
        add(givers, `UserError::${name}`, namedCodes(body));
        for (const [, other] of body.matchAll(/\bSelf::([a-z]\w*)\(/g)) delegates.push([name, other]);
      }
    }
    const module = file.split('/').at(-1).replace(/\.rs$/, '');
    const pairs = /^(?:pub(?:\([^)]*\))? )?(?:const )?fn (\w+)[^{]*-> CodeAndMessage \{\n\s*(\(ErrorCode::\w+, [^\n]*\))\n\}/gm;
    for (const [, name, body] of text.matchAll(pairs)) add(givers, `${module}::${name}`, namedCodes(body));
  }
  for (const _ of delegates) {
    for (const [name, other] of delegates) add(givers, `UserError::${name}`, givers.get(`UserError::${other}`) ?? []);
  }
  return givers;
}
const GIVERS = findGivers();
const calls = [...GIVERS].filter(([, codes]) => codes.size > 0).map(([call]) => call);
if (!calls.some((call) => call.startsWith('UserError::'))) throw new Error('no function of UserError gives a code by itself: is the type still called so?');
if (!calls.some((call) => !call.startsWith('UserError::'))) throw new Error('no function -> CodeAndMessage gives a code by itself: is the type still called so?');

/** Calls and imports of a text: `module::name`, also of the names in `module::{one, another}`. */
function* paths(text) {
  for (const [, module, several, one] of text.matchAll(/\b(\w+)::(?=\{((?:[^{}]|\{[^{}]*\})*)\}|(\w+))/g)) {
    // Names in braces within these belong to another module.
    const names = (several ?? one).replace(/\w+::\{[^{}]*\}/g, '');
    for (const name of names.split(/\W+/)) yield `${module}::${name}`;
  }
}
const codesIn = (text) => [...namedCodes(text), ...[...paths(text)].flatMap((path) => [...(GIVERS.get(path) ?? [])])];

const given = new Map();
const rooms = new Map();
for (const [file, text] of API) {
  add(given, file, codesIn(text));
  add(given, room(file), codesIn(text));
  for (const part of text.split('#[mutation(').slice(1)) {
    const [, name] = /async fn (\w+)/.exec(part) ?? [];
    if (name === undefined) continue;
    const field = /^[^\]]*\bname = "(\w+)"/.exec(part)?.[1] ?? name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase());
    rooms.set(field, room(file));
  }
}

/** The rooms whose refusals the core of a room makes. */
const borrowed = new Map();
for (const [file, text] of sources('crates/inventory/src')) {
  for (const [, other] of text.matchAll(/\b(\w+)::core::(?:\{[^;]*?)?\w*Refusal\b/g)) {
    if (given.has(other) && other !== room(file)) add(borrowed, room(file), [other]);
  }
}
function withBorrowed(own, seen = new Set()) {
  if (seen.has(own)) return seen;
  seen.add(own);
  for (const other of borrowed.get(own) ?? []) withBorrowed(other, seen);
  return seen;
}

/** Codes that files or rooms give; an error where there is none of a name, so that no refusal is lost when one is renamed. */
function codesOf(...names) {
  const missing = names.find((name) => !given.has(name));
  if (missing !== undefined) throw new Error(`crates/{objects,trade,analysis,api}/src have no file or room ${missing}`);
  return names.flatMap((name) => [...given.get(name)]);
}
const LEDGER = codesOf('stock/rejection_messages.rs', 'stock/refusals.rs', 'graphql/reading.rs');

const schema = parseSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const named = (type) => (type.name ?? named(type.of));
const eventsOf = (field) => {
  const events = field.directives.find(({ name }) => name === 'emits')?.args.events ?? '';
  return [...events.matchAll(/"([^"]+)"/g)].map(([, event]) => event);
};

/** Kinds of documents that take their steps in the ledger, and stock itself: their events tell that a mutation may meet the ledger's refusals. */
const LEDGER_KINDS = [
  'blanket_order', 'count', 'fulfilment', 'fulfilment_wave', 'fulfilment_work', 'order', 'payment', 'purchase_order', 'return', 'stock', 'supplier_return',
  'transfer',
];
const emitted = new Set(Object.values(schema.types.Mutation.fields).flatMap(eventsOf).map((event) => event.split('.')[0]));
const silent = LEDGER_KINDS.filter((kind) => !emitted.has(kind));
if (silent.length > 0) throw new Error(`no mutation of the schema emits events of ${silent.join(', ')}`);
const LEDGER_EVENT = new RegExp(`^(${LEDGER_KINDS.join('|')})\\.`);

/** Names and types of all that the arguments can hold. */
function holds(args, seen = new Set(), found = []) {
  for (const { name, type } of args) {
    const inner = named(type);
    found.push({ name, type: inner });
    const definition = schema.types[inner];
    if (definition?.kind === 'input' && !seen.has(inner)) holds(Object.values(definition.fields), seen.add(inner), found);
  }
  return found;
}

/** Code → whether a mutation of these arguments and events can give it; of others nothing in the schema tells. */
const POSSIBLE = {
  REQUIRED: ({ inputs }) => inputs.length > 0,
  INVALID: ({ inputs }) => inputs.length > 0,
  OUT_OF_RANGE: ({ inputs }) => inputs.length > 0,
  DUPLICATE: ({ inputs }) => inputs.length > 0,
  UNAVAILABLE: ({ inPayload }) => inPayload('UNAVAILABLE'),
  INTERNAL: ({ inPayload }) => inPayload('INTERNAL'),
  IDEMPOTENCY_KEY_REUSED: ({ has }) => has(/^idempotencyKey$/),
  IDEMPOTENCY_IN_PROGRESS: ({ has }) => has(/^(idempotencyKey|refreshToken)$/),
  VERSION_CONFLICT: ({ has }) => has(/version$/i) || has(/^(expectedOnHand|compare)$/),
  NOT_FOUND: ({ inputs }) => inputs.some(({ name, type }) => type === 'ID' || type.endsWith('Ref') || /^(code|sku|slug|number|tenant|barcode)$/.test(name)),
  TOO_LONG: ({ inputs }) => inputs.some(({ type }) => type === 'String' || type === 'JSON'),
  INSUFFICIENT_STOCK: ({ emits }) => emits(/^stock\./) || emits(/^reservation\./),
  PERIOD_CLOSED: ({ has, emits }) => has(/At$|On$|^day$/) || emits(/^stock\.|^period\./),
  ON_HOLD: ({ emits }) => emits(/fulfil/),
  WEAK_PASSWORD: ({ has }) => has(/^(newPassword|password)$/),
  INVALID_CREDENTIALS: ({ has }) => has(/password$/i),
  MFA_INVALID: ({ has }) => has(/^code$/),
  TOKEN_EXPIRED: ({ has }) => has(/token$/i),
  TENANT_SUSPENDED: ({ has }) => has(/password$|token$|^tenant$|^code$/i),
  RATE_MISSING: ({ emits, has }) => emits(/^stock\.|^invoice\.|cost|purchase|revalu/) || has(/currency/i),
};

function texts() {
  const order = schema.types.ErrorCode.values.map(({ name }) => name);
  const all = new Set([...given.values()].flatMap((codes) => [...codes]));
  const lost = [...order.filter((one) => !all.has(one)), ...[...all].filter((one) => !order.includes(one))];
  if (lost.length > 0) throw new Error(`the code and the enum ErrorCode of schema.graphql do not both have ${lost.join(', ')}`);
  const lines = [];
  for (const field of Object.values(schema.types.Mutation.fields)) {
    const payload = schema.types[named(field.type)];
    if (!payload?.fields?.userErrors) continue;
    const replaced = /\buse (\w+)/.exec(field.directives.find(({ name }) => name === 'deprecated')?.args.reason ?? '')?.[1];
    const own = rooms.get(field.name) ?? rooms.get(replaced);
    if (own === undefined) throw new Error(`no resolver of ${field.name} was found`);
    const inputs = holds(field.args);
    const events = eventsOf(field);
    const facts = {
      inputs,
      /** Whether a file of the room that gives the code makes this payload: so of codes that are of one payload alone. */
      inPayload: (one) => API.some(([file, text]) => room(file) === own && given.get(file)?.has(one) && text.includes(payload.name)),
      has: (pattern) => inputs.some(({ name }) => pattern.test(name)),
      emits: (pattern) => events.some((event) => pattern.test(event)),
    };
    const codes = new Set(codesOf(...withBorrowed(own)));
    if (inputs.some(({ type }) => type.endsWith('Ref'))) codesOf('references.rs').forEach((one) => codes.add(one));
    if (facts.has(/^idempotencyKey$/)) codesOf('graphql/once.rs').forEach((one) => codes.add(one));
    if (facts.emits(LEDGER_EVENT)) LEDGER.forEach((one) => codes.add(one));
    if (facts.has(/^packs$/)) codesOf('packs').forEach((one) => codes.add(one));
    const shown = order.filter((one) => codes.has(one) && (POSSIBLE[one]?.(facts) ?? true));
    lines.push(`${field.name} ${shown.join(' ')}`);
  }
  return `${lines.sort().join('\n')}\n`;
}

const text = texts();
if (!check) {
  writeFileSync(OUT, text);
} else if (readFileSync(OUT, 'utf8') !== text) {
  console.error("crates/reference/assets/refusals.txt does not match the code: run 'node scripts/codegen/refusals.mjs'");
  process.exitCode = 1;
}
