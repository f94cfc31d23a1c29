// Introspection carries no directives. The server ends descriptions of fields and types with a line that has what they say
// (crates/graphql/src/introspection/notes.rs); it is read here, and summed up for an operation.
import { getNamedType, isCompositeType, Kind } from 'graphql';

const CODE = '[a-z_]+(?:\\.[a-z_]+)+';
const ASKED = new RegExp(`^Permission: (${CODE}(?:, ${CODE})*)\\.(?: |$)`);
const MASKED = new RegExp(`^(?:Permission: .*\\. )?Masked: null without (${CODE})\\.(?: |$)`);
const COST = /^(?:Permission|Masked|Cost): (?:.* Cost: )?(.+)\.$/;

/** The note of a field or a type: permissions without which it is refused, the one without which it is null, and its cost in words. */
export function noteOf(described) {
  const line = (described?.description ?? '').split('\n').at(-1);
  const asked = ASKED.exec(line)?.[1].split(', ') ?? [];
  const masked = MASKED.exec(line)?.[1] ?? '';
  const cost = line.includes('Cost: ') ? (COST.exec(line)?.[1] ?? '') : '';
  return { asked, masked, cost };
}

/** What a field asks by itself or by its type. */
export function askedBy(field) {
  const { asked, masked } = noteOf(field);
  // A mask of the same permission comes first: the field is null, and nothing is refused.
  const ofType = noteOf(getNamedType(field.type)).asked.filter(one => one !== masked);
  return { asked: [...new Set([...asked, ...ofType])], masked };
}

// The stronger one counts where a permission is needed in several ways.
const STRENGTH = { MASKED: 0, CONDITION: 1, REFUSED: 2 };

const isLeftOut = ({ directives = [] }) =>
  directives.some(({ name, arguments: given = [] }) => {
    if (name.value !== 'skip' && name.value !== 'include') return false;
    const condition = given.find(one => one.name.value === 'if')?.value;
    return condition?.kind === Kind.BOOLEAN && condition.value === (name.value === 'skip');
  });

/**
 * The permissions that an operation of a document needs, as it is written, sorted by name; those of all its operations if none has the name.
 * `way` is what happens without one: REFUSED, CONDITION (refused where the object is of the type) or MASKED (null). `places` are the fields
 * that need it so, but for those below one that does.
 */
export function needsOf(schema, { definitions }, operationName) {
  const fragments = new Map(definitions.filter(one => one.kind === Kind.FRAGMENT_DEFINITION).map(one => [one.name.value, one]));
  const operations = definitions.filter(one => one.kind === Kind.OPERATION_DEFINITION);
  const named = operations.filter(one => one.name?.value === operationName);
  const needs = new Map();
  // A fragment needs the same wherever it is spread below the same permissions: it is followed once, or many in one another would take forever.
  const followed = new Set();

  const need = (permission, way, place) => {
    const known = needs.get(permission);
    if (!known || STRENGTH[way] > STRENGTH[known.way]) needs.set(permission, { permission, way, places: [place] });
    else if (way === known.way && !known.places.includes(place)) known.places.push(place);
  };

  const walk = (set, type, permissions) => {
    for (const one of set.selections) {
      if (isLeftOut(one)) continue;
      if (one.kind === Kind.FIELD) walkField(one, type, permissions);
      else walkFragment(one, type, permissions);
    }
  };

  const walkField = (selection, type, permissions) => {
    const field = type.getFields?.()[selection.name.value];
    if (!field) return;
    const place = `${type.name}.${field.name}`;
    const { asked, masked } = askedBy(field);
    const added = asked.filter(one => !permissions.has(one));
    for (const one of added) need(one, 'REFUSED', place);
    if (masked && !permissions.has(masked)) need(masked, 'MASKED', place);
    const inner = getNamedType(field.type);
    if (!selection.selectionSet || !isCompositeType(inner)) return;
    walk(selection.selectionSet, inner, new Set([...permissions, ...added, ...(masked ? [masked] : [])]));
  };

  const walkFragment = (selection, type, permissions) => {
    const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : '';
    const fragment = name ? fragments.get(name) : selection;
    if (!fragment) return;
    const inner = fragment.typeCondition ? schema.getType(fragment.typeCondition.name.value) : type;
    if (!isCompositeType(inner)) return;
    const added = inner === type ? [] : noteOf(inner).asked.filter(one => !permissions.has(one));
    for (const one of added) need(one, 'CONDITION', inner.name);
    const within = new Set([...permissions, ...added]);
    const spread = `${name} ${[...within].sort().join(' ')}`;
    if (name && followed.has(spread)) return;
    followed.add(spread);
    walk(fragment.selectionSet, inner, within);
  };

  for (const one of named.length ? named : operations) {
    const root = schema.getRootType(one.operation);
    if (root) walk(one.selectionSet, root, new Set());
  }
  return [...needs.values()].sort((one, other) => one.permission.localeCompare(other.permission));
}
