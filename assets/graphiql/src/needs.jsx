import React, { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useEditorContext, useSchemaStore } from '@graphiql/react';
import { parse } from 'graphql';
import { askedBy, needsOf, noteOf } from './notes.js';
import { caller, subscribe, where } from './who.js';

/** Permissions of the caller with their scopes; null if the caller is not known. */
function useHeld() {
  const { who } = useSyncExternalStore(subscribe, caller);
  return useMemo(() => who && new Map(who.permissions.map(({ permission, scope }) => [permission, scope])), [who]);
}

/** The document of a text, which has no operation where it is empty or a comment; null if it is no document. */
const parsed = text => {
  if (!/[^\s,]/.test(text.replace(/#.*/g, ''))) return { definitions: [] };
  try {
    return parse(text, { noLocation: true });
  } catch {
    return null;
  }
};

/** Below the answer: what the operation in the editor needs, and what of it the caller lacks. */
export function Needs() {
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const { schema } = useSchemaStore();
  const held = useHeld();
  const last = useRef(null);
  const { id, query, operationName, headers } = tabs[activeTabIndex];
  const needs = useMemo(() => {
    const document = schema && parsed(query ?? '');
    return document && needsOf(schema, document, operationName);
  }, [schema, query, operationName]);
  // While something is typed, the text is often no document: what it was before stays.
  useEffect(() => {
    if (needs) last.current = { of: id, needs };
  });
  const shown = needs ?? (last.current?.of === id ? last.current.needs : null);
  if (!shown) return null;
  if (!shown.length) return <p className="entrepot-needs">Permissions: none</p>;

  // A tab's own Authorization header is sent instead: whose it is the page does not know.
  const isKnown = held && !/"authorization"\s*:/i.test(headers ?? '');
  const lacks = way => (isKnown ? shown.filter(one => one.way === way && !held.has(one.permission)).map(one => one.permission) : []);
  const [refused, conditions, masked] = ['REFUSED', 'CONDITION', 'MASKED'].map(lacks);
  return (
    <details className="entrepot-needs">
      <summary>
        Permissions: {shown.length}
        {!isKnown && <span> · {shown.map(one => one.permission).join(', ')}</span>}
        {refused.length > 0 && <strong className="entrepot-error"> · you lack {refused.join(', ')}</strong>}
        {conditions.length > 0 && <span> · perhaps refused without {conditions.join(', ')}</span>}
        {masked.length > 0 && <span> · null without {masked.join(', ')}</span>}
        {isKnown && !refused.length && !conditions.length && !masked.length && <span> · you have all</span>}
      </summary>
      <ul aria-label="Permissions of the operation">
        {shown.map(one => <Need key={one.permission} need={one} held={isKnown ? held : null} />)}
      </ul>
    </details>
  );
}

const WITHOUT = { REFUSED: 'refused without it', CONDITION: 'refused without it where the object is one', MASKED: 'null without it' };

function Need({ need: { permission, way, places }, held }) {
  const scope = held?.get(permission);
  return (
    <li data-needed={permission} data-way={way} data-held={held && (scope ? 'yes' : 'no')}>
      <code>{permission}</code>{' '}
      {held && (scope ? <span>{where(scope)}</span> : <strong className={way === 'REFUSED' ? 'entrepot-error' : undefined}>you lack it</strong>)}{' '}
      <small>{places.slice(0, 3).join(', ')}{places.length > 3 && ` and ${places.length - 3} more`}: {WITHOUT[way]}</small>
    </li>
  );
}

/** GraphiQL's operation builder, where each field has beside it what it asks for and costs, in red if the caller lacks it. */
export function withNeeds(plugin) {
  const Content = plugin.content;
  const content = () => {
    const box = useRef(null);
    const { schema } = useSchemaStore();
    const held = useHeld();
    useEffect(() => {
      const all = () => box.current?.querySelectorAll('[data-field-name]').forEach(one => mark(one, schema, held));
      all();
      // The builder is not ours: what it draws is marked after it is drawn. A mark is in attributes that are not watched.
      const observer = new MutationObserver(all);
      observer.observe(box.current, { childList: true, subtree: true, attributeFilter: ['title', 'data-field-name', 'data-field-type'] });
      return () => observer.disconnect();
    }, [schema, held]);
    return <div ref={box} className="entrepot-builder"><Content /></div>;
  };
  return { ...plugin, content };
}

const set = (element, name, value) => {
  if (value) element.dataset[name] = value;
  else delete element.dataset[name];
};

/** The builder's field has the description as its title, and the type without lists. */
function mark(element, schema, held) {
  const { fieldType } = element.dataset;
  const type = schema?.getType(fieldType);
  const field = { description: element.title, type };
  const { asked, masked } = type ? askedBy(field) : { asked: [], masked: '' };
  const { cost } = noteOf(field);
  const texts = [...asked, ...(masked ? [`null without ${masked}`] : []), ...(/^[\d.]+ points?$/.test(cost) ? [cost] : [])];
  const lacks = one => held && !held.has(one);
  set(element, 'needs', texts.join(' · '));
  set(element, 'lacks', asked.some(lacks) ? 'REFUSED' : masked && lacks(masked) ? 'MASKED' : '');
}
