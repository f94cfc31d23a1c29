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

/** The first operation of a document, from its keyword on, wherever its fragments are. Empty if it is a selection alone. */
function operationText(text: string): string {
  const bare = text.replace(/#[^\n]*/g, '').replace(/fragment\s+\w+\s+on\s+\w+[^{]*/g, '');
  let begin = -1;
  let braces = 0;
  let parentheses = 0;
  for (const { 0: token, index } of bare.matchAll(/[{}()]|\b(?:query|mutation|subscription)\b/g)) {
    if (token === '(') parentheses += 1;
    else if (token === ')') parentheses -= 1;
    else if (token === '{') braces += 1;
    else if (token === '}') {
      braces -= 1;
      if (begin >= 0 && braces === 0 && parentheses === 0) return bare.slice(begin, index + 1);
    } else if (begin < 0 && braces === 0) begin = index;
  }
  return begin < 0 ? '' : bare.slice(begin);
}

/** The kind and the name of a document's first operation. */
export function operationOf(text: string): { kind: 'query' | 'mutation' | 'subscription'; name: string | undefined } {
  const found = /^(query|mutation|subscription)\b\s*(\w+)?/.exec(operationText(text));
  return { kind: (found?.[1] as 'query' | undefined) ?? 'query', name: found?.[2] };
}

/** Names and types of the variables of a document's first operation; those of lists are left out. */
export function declaredIn(text: string): Array<{ name: string; type: string }> {
  return Array.from(operationText(text).matchAll(/\$(\w+)\s*:\s*(\w+)/g), ([, name, type]) => ({ name: name!, type: type! }));
}
