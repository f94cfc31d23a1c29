/**
 * A document with the types of its variables and its answer. Those of graphql-codegen's client
 * preset in string mode fit, too.
 */
export interface TypedDocument<Result, Variables> {
  toString(): string;
  /** Holds the types; never called, and never there. */
  __apiType?: ((variables: Variables) => Result) | undefined;
}

/** The text of a document, with its types. */
export class TypedDocumentString<Result, Variables> extends String implements TypedDocument<Result, Variables> {
  declare __apiType?: (variables: Variables) => Result;
}

/**
 * Anything that `query` and `mutate` take: a typed document, its text, or a parsed document that
 * kept its source.
 */
export type DocumentInput<Result, Variables> = TypedDocument<Result, Variables> | string;

/**
 * The text of a document. A DocumentNode has it in `loc`; one without cannot be printed without
 * the `graphql` package.
 */
export function textOf(document: DocumentInput<unknown, never>): string {
  if (typeof document === 'object' && 'kind' in document) {
    const source = (document as { loc?: { source?: { body?: string } } }).loc?.source?.body;
    if (source === undefined) throw new TypeError('This DocumentNode has no source text. Pass print(document) of graphql instead.');
    return source;
  }
  return document.toString();
}

/** The kind and the name of a document's first operation. */
export function operationOf(text: string): { kind: 'query' | 'mutation' | 'subscription'; name: string | undefined } {
  const bare = text.replace(/#[^\n]*/g, '').replace(/fragment\s+\w+\s+on\s+\w+[^{]*/g, '');
  let depth = 0;
  let head = '';
  for (const character of bare) {
    if (character === '{') {
      if (depth === 0 && /\b(query|mutation|subscription)\b/.test(head)) break;
      depth += 1;
    } else if (character === '}') {
      depth -= 1;
    } else if (depth === 0) {
      head += character;
    }
  }
  const found = /\b(query|mutation|subscription)\b\s*(\w+)?/.exec(head);
  return { kind: (found?.[1] as 'query' | undefined) ?? 'query', name: found?.[2] };
}
