// The codes with which each mutation can refuse, for the pages of the reference: crates/reference/assets/refusals.txt.
//
//   node scripts/codegen/refusals.mjs            writes it
//   node scripts/codegen/refusals.mjs --check    exits 1 if it differs
//
// A refusal becomes a code in its room's part of the crates of the API, once: the codes of a mutation are those that its room gives, those of the rooms
// whose refusals the core of its room makes, and those of what all rooms call (inputs, references, keys, the ledger). The schema then leaves
// out the codes that the mutation's arguments and events rule out. It needs nothing but Node.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSchema } from '../../clients/typescript/codegen/graphql.mjs';

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

/** The functions that give a code by themselves. */
const HELPERS = { invalid: 'INVALID', range: 'OUT_OF_RANGE', state: 'INVALID_STATE' };
function codesIn(text) {
  const found = [...text.matchAll(/\bErrorCode::([A-Z]\w+)/g)].map(([, name]) => code(name));
  if (/\bnot_found\(/.test(text)) found.push('NOT_FOUND');
  if (/\bUserError::invalid_key\b/.test(text)) found.push('REQUIRED', 'INVALID');
  if (/\bUserError::key_reused\b/.test(text)) found.push('IDEMPOTENCY_KEY_REUSED');
  if (/\bUserError::(version_conflict|stale)\b/.test(text)) found.push('VERSION_CONFLICT');
  const imported = /refusal::(?:\{([^}]*)\}|(\w+))/g;
  for (const [, several, one] of text.matchAll(imported)) {
    found.push(...(several ?? one).split(/\W+/).map((name) => HELPERS[name]).filter(Boolean));
  }
  return found;
}

const API = ['objects', 'trade', 'analysis', 'api'].flatMap((name) => sources(`crates/${name}/src`));
const given = new Map();
const rooms = new Map();
const bodies = new Map();
for (const [file, text] of API) {
  add(given, file, codesIn(text));
  add(given, room(file), codesIn(text));
  for (const part of text.split('#[mutation(').slice(1)) {
    const [, name] = /async fn (\w+)/.exec(part) ?? [];
    if (name === undefined) continue;
    const field = /^[^\]]*\bname = "(\w+)"/.exec(part)?.[1] ?? name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase());
    rooms.set(field, room(file));
    bodies.set(field, part);
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

const codesOf = (...names) => names.flatMap((name) => [...(given.get(name) ?? [])]);
const LEDGER = codesOf('stock/rejection_messages.rs', 'stock/refusals.rs', 'graphql/reading.rs');

const schema = parseSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const named = (type) => (type.name ?? named(type.of));

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
  const lines = [];
  for (const field of Object.values(schema.types.Mutation.fields)) {
    const payload = schema.types[named(field.type)];
    if (!payload?.fields?.userErrors) continue;
    const replaced = /\buse (\w+)/.exec(field.directives.find(({ name }) => name === 'deprecated')?.args.reason ?? '')?.[1];
    const own = rooms.get(field.name) ?? rooms.get(replaced);
    if (own === undefined) throw new Error(`no resolver of ${field.name} was found`);
    const body = bodies.get(field.name) ?? bodies.get(replaced);
    const inputs = holds(field.args);
    const events = field.directives.find(({ name }) => name === 'emits')?.args.events ?? '';
    const facts = {
      inputs,
      /** Whether a file of the room that gives the code makes this payload: so of codes that are of one payload alone. */
      inPayload: (one) => API.some(([file, text]) => room(file) === own && given.get(file)?.has(one) && text.includes(payload.name)),
      has: (pattern) => inputs.some(({ name }) => pattern.test(name)),
      emits: (pattern) => [...events.matchAll(/"([^"]+)"/g)].some(([, event]) => pattern.test(event)),
    };
    const codes = new Set(codesOf(...withBorrowed(own)));
    if (inputs.some(({ type }) => type.endsWith('Ref'))) codesOf('references.rs').forEach((one) => codes.add(one));
    if (facts.has(/^idempotencyKey$/)) codesOf('graphql/once.rs').forEach((one) => codes.add(one));
    if (/\bstep!\(/.test(body) || facts.emits(/^stock\./)) LEDGER.forEach((one) => codes.add(one));
    if (/packs /.test(body)) codesOf('packs').forEach((one) => codes.add(one));
    const shown = order.filter((one) => codes.has(one) && (POSSIBLE[one]?.(facts) ?? true));
    lines.push(`${field.name} ${shown.join(' ')}`);
  }
  return `${lines.sort().join('\n')}\n`;
}

const text = texts();
if (!process.argv.includes('--check')) {
  writeFileSync(OUT, text);
} else if (readFileSync(OUT, 'utf8') !== text) {
  console.error("crates/reference/assets/refusals.txt does not match the code: run 'node scripts/codegen/refusals.mjs'");
  process.exitCode = 1;
}
