// From parsed documents to shapes: what an answer looks like, in no language yet.
//
// A shape is { kind: 'scalar' | 'enum', name } | { kind: 'list', of } | { kind: 'nullable', of }
//   | { kind: 'object', fields: [{ key, shape, optional, description }] } | { kind: 'union',
// members: [object] }.

class DocumentError extends Error {}

const INTROSPECTION = { __typename: true };

/** The object types that a type may turn out to be. */
function possible(schema, name) {
  const type = schema.types[name];
  if (type.kind === 'union') return type.members;
  if (type.kind === 'interface') {
    return Object.values(schema.types).filter((other) => other.kind === 'type' && other.interfaces.includes(name)).map((other) => other.name);
  }
  return [name];
}

/** All documents, with the fragments that each needs and the shapes of their answers. */
export function operations(schema, parsed) {
  const fragments = new Map();
  for (const document of parsed) {
    if (document.kind !== 'fragment') continue;
    if (fragments.has(document.name)) throw new DocumentError(`${document.file}: the fragment ${document.name} exists twice`);
    fragments.set(document.name, document);
  }
  const context = { schema, fragments };
  const seen = new Set();
  const found = [];
  for (const document of parsed) {
    if (document.kind === 'fragment') {
      if (!schema.types[document.on]) throw new DocumentError(`${document.file}: there is no type ${document.on}`);
      const shape = objectShape({ ...context, file: document.file, used: new Set() }, document.on, [document.selections]);
      found.push({ kind: 'fragment', name: document.name, shape });
      continue;
    }
    if (seen.has(document.name)) throw new DocumentError(`${document.file}: the operation ${document.name} exists twice`);
    seen.add(document.name);
    const used = new Set();
    const root = schema.roots[document.kind];
    const shape = objectShape({ ...context, file: document.file, used }, root, [document.selections]);
    const texts = [document.source, ...[...used].map((name) => fragments.get(name).source)];
    found.push({ kind: document.kind, name: document.name, variables: document.variables, shape, text: texts.join('') });
  }
  return found;
}

/** The fields that selections ask of one object type, those of equal keys together. */
function collect(context, typeName, lists, into = new Map(), optional = false) {
  for (const selection of lists.flat()) {
    const maybe = optional || selection.directives.some(({ name }) => name === 'include' || name === 'skip');
    if (selection.kind === 'field') {
      const known = into.get(selection.key);
      if (known && known.name !== selection.name) throw new DocumentError(`${context.file}: ${selection.key} is asked of two fields`);
      if (known) {
        known.lists.push(selection.selections);
        known.optional &&= maybe;
      } else {
        into.set(selection.key, { name: selection.name, lists: [selection.selections], optional: maybe });
      }
      continue;
    }
    let { on, selections } = selection;
    if (selection.kind === 'spread') {
      const fragment = context.fragments.get(selection.name);
      if (!fragment) throw new DocumentError(`${context.file}: there is no fragment ${selection.name}`);
      context.used.add(selection.name);
      ({ on, selections } = fragment);
    }
    if (on && !context.schema.types[on]) throw new DocumentError(`${context.file}: there is no type ${on}`);
    if (!on || possible(context.schema, on).includes(typeName)) collect(context, typeName, [selections], into, maybe);
  }
  return into;
}

/** Whether a selection asks one of the possible types for what it does not ask of all. */
function differs(context, typeName, lists) {
  return lists.flat().some((selection) => {
    if (selection.kind === 'field') return false;
    const fragment = selection.kind === 'spread' ? context.fragments.get(selection.name) : selection;
    if (!fragment) throw new DocumentError(`${context.file}: there is no fragment ${selection.name}`);
    const covers = !fragment.on || possible(context.schema, typeName).every((name) => possible(context.schema, fragment.on).includes(name));
    return !covers || differs(context, typeName, [fragment.selections]);
  });
}

function objectShape(context, typeName, lists) {
  const type = context.schema.types[typeName];
  if (type.kind === 'type') return { kind: 'object', fields: fieldsOf(context, typeName, [typeName], lists) };
  const names = possible(context.schema, typeName);
  if (!differs(context, typeName, lists)) {
    // The same is asked of each: one object, and the interface's own fields say their types.
    return { kind: 'object', fields: fieldsOf(context, type.kind === 'interface' ? typeName : names[0], names, lists, names[0]) };
  }
  const groups = new Map();
  for (const name of names) {
    const fields = fieldsOf(context, name, [name], lists);
    const alike = JSON.stringify(fields.filter(({ shape }) => shape.kind !== 'typename'));
    const group = groups.get(alike);
    if (group) group.names.push(name);
    else groups.set(alike, { names: [name], fields });
  }
  const members = [...groups.values()].map(({ names: alike, fields }) => ({
    kind: 'object',
    fields: fields.map((field) => (field.shape.kind === 'typename' ? { ...field, shape: { kind: 'typename', names: alike } } : field)),
  }));
  return members.length === 1 ? members[0] : { kind: 'union', members };
}

function fieldsOf(context, typeName, names, lists, probe = typeName) {
  const type = context.schema.types[typeName];
  return [...collect(context, probe, lists)].map(([key, asked]) => {
    if (INTROSPECTION[asked.name]) return { key, optional: asked.optional, shape: { kind: 'typename', names } };
    const field = type.fields?.[asked.name];
    if (!field) throw new DocumentError(`${context.file}: ${typeName} has no field ${asked.name}`);
    return { key, optional: asked.optional, description: field.description, shape: shapeOf(context, field.type, asked.lists) };
  });
}

function shapeOf(context, type, lists) {
  if (type.kind !== 'required') return { kind: 'nullable', of: bare(context, type, lists) };
  return bare(context, type.of, lists);
}

function bare(context, type, lists) {
  if (type.kind === 'list') return { kind: 'list', of: shapeOf(context, type.of, lists) };
  const named = context.schema.types[type.name];
  if (named.kind === 'scalar' || named.kind === 'enum') return { kind: named.kind, name: named.name };
  if (lists.flat().length === 0) throw new DocumentError(`${context.file}: a field of type ${type.name} needs a selection`);
  return objectShape(context, type.name, lists);
}

/** Names of the input types that have a field `idempotencyKey`. */
export function keyedInputs(schema) {
  return Object.values(schema.types).filter((type) => type.kind === 'input' && type.fields.idempotencyKey).map((type) => type.name).sort();
}
