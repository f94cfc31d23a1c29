// A parser of GraphQL's type system and executable documents: as much of both as types are
// generated from.
// It has no dependencies, so that the check of generated files runs wherever Node does.

const TOKEN =
  /(?<skip>[\s,\uFEFF]+|#[^\n]*)|(?<block>"""(?:\\"""|[^"]|"(?!""))*""")|(?<string>"(?:\\.|[^"\\\n])*")|(?<punctuator>\.\.\.|[!$&()[\]{}:=@|])|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)/y;

/** An error in a document, with its place. */
export class GraphQLSyntaxError extends Error {}

function tokens(source, file) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new GraphQLSyntaxError(`${place(source, start, file)}: unexpected character ${JSON.stringify(source[start])}`);
    const { skip, block, string, punctuator, number, name } = match.groups;
    if (skip !== undefined) continue;
    const kind = block !== undefined || string !== undefined ? 'string' : punctuator ? 'punctuator' : number ? 'number' : 'name';
    found.push({ kind, text: block ?? string ?? punctuator ?? number ?? name, start });
  }
  found.push({ kind: 'end', text: '', start: source.length });
  return found;
}

function place(source, at, file) {
  const before = source.slice(0, at).split('\n');
  return `${file}:${before.length}:${before.at(-1).length + 1}`;
}

class Reader {
  constructor(source, file) {
    this.source = source;
    this.file = file;
    this.tokens = tokens(source, file);
    this.at = 0;
  }
  get token() {
    return this.tokens[this.at];
  }
  is(text) {
    return this.token.kind !== 'string' && this.token.text === text;
  }
  take(text) {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }
  expect(text) {
    if (!this.take(text)) this.fail(`expected ${text}, found ${this.token.text || 'the end'}`);
  }
  name() {
    if (this.token.kind !== 'name') this.fail(`expected a name, found ${this.token.text || 'the end'}`);
    return this.tokens[this.at++].text;
  }
  description() {
    if (this.token.kind !== 'string') return '';
    const { text } = this.tokens[this.at++];
    if (!text.startsWith('"""')) return JSON.parse(text);
    const lines = text.slice(3, -3).replaceAll('\\"""', '"""').split('\n');
    return lines.map((line) => line.trim()).join('\n').trim();
  }
  fail(message) {
    throw new GraphQLSyntaxError(`${place(this.source, this.token.start, this.file)}: ${message}`);
  }
  many(open, read, close) {
    const items = [];
    if (!this.take(open)) return items;
    while (!this.take(close)) items.push(read());
    return items;
  }
  type() {
    let type;
    if (this.take('[')) {
      type = { kind: 'list', of: this.type() };
      this.expect(']');
    } else {
      type = { kind: 'named', name: this.name() };
    }
    return this.take('!') ? { kind: 'required', of: type } : type;
  }
  /** Reads a value and returns its text: types need no more of it. */
  value() {
    const from = this.token.start;
    if (this.take('$')) {
      this.name();
    } else if (this.take('[')) {
      while (!this.take(']')) this.value();
    } else if (this.take('{')) {
      while (!this.take('}')) {
        this.name();
        this.expect(':');
        this.value();
      }
    } else if (['name', 'number', 'string'].includes(this.token.kind)) {
      this.at += 1;
    } else {
      this.fail(`expected a value, found ${this.token.text || 'the end'}`);
    }
    return this.source.slice(from, this.token.start).trim();
  }
  directives() {
    const found = [];
    while (this.take('@')) {
      const name = this.name();
      const args = this.many('(', () => {
        const key = this.name();
        this.expect(':');
        return [key, this.value()];
      }, ')');
      found.push({ name, args: Object.fromEntries(args) });
    }
    return found;
  }
  input() {
    const description = this.description();
    const name = this.name();
    this.expect(':');
    const type = this.type();
    const standard = this.take('=') ? this.value() : undefined;
    return { name, description, type, standard, directives: this.directives() };
  }
  field() {
    const description = this.description();
    const name = this.name();
    const args = this.many('(', () => this.input(), ')');
    this.expect(':');
    return { name, description, args, type: this.type(), directives: this.directives() };
  }
  separated(separator) {
    this.take(separator);
    const names = [this.name()];
    while (this.take(separator)) names.push(this.name());
    return names;
  }
  definition(schema) {
    const description = this.description();
    const kind = this.name();
    if (kind === 'schema') {
      this.directives();
      this.many('{', () => {
        const operation = this.name();
        this.expect(':');
        schema.roots[operation] = this.name();
      }, '}');
      return;
    }
    if (kind === 'directive') {
      this.expect('@');
      this.name();
      this.many('(', () => this.input(), ')');
      this.take('repeatable');
      this.expect('on');
      this.separated('|');
      return;
    }
    const type = { kind, name: this.name(), description, interfaces: [] };
    if (this.take('implements')) type.interfaces = this.separated('&');
    type.directives = this.directives();
    if (kind === 'type' || kind === 'interface') {
      type.fields = Object.fromEntries(this.many('{', () => this.field(), '}').map((field) => [field.name, field]));
    } else if (kind === 'input') {
      type.fields = Object.fromEntries(this.many('{', () => this.input(), '}').map((field) => [field.name, field]));
    } else if (kind === 'enum') {
      type.values = this.many('{', () => {
        const text = this.description();
        const name = this.name();
        return { name, description: text, directives: this.directives() };
      }, '}');
    } else if (kind === 'union') {
      type.members = this.take('=') ? this.separated('|') : [];
    } else if (kind !== 'scalar') {
      this.fail(`a definition of kind ${kind} is not read`);
    }
    schema.types[type.name] = type;
  }
  selections() {
    return this.many('{', () => {
      if (this.take('...')) {
        if (this.token.kind === 'name' && !this.is('on')) {
          return { kind: 'spread', name: this.name(), directives: this.directives() };
        }
        const on = this.take('on') ? this.name() : undefined;
        return { kind: 'inline', on, directives: this.directives(), selections: this.selections() };
      }
      const first = this.name();
      const name = this.take(':') ? this.name() : first;
      this.many('(', () => {
        this.name();
        this.expect(':');
        return this.value();
      }, ')');
      const at = this.token.start;
      return { kind: 'field', key: first, name, at, directives: this.directives(), selections: this.selections() };
    }, '}');
  }
  executable() {
    const start = this.token.start;
    const kind = this.is('{') ? 'query' : this.name();
    const found = { kind, file: this.file };
    if (kind === 'fragment') {
      found.name = this.name();
      this.expect('on');
      found.on = this.name();
    } else if (['query', 'mutation', 'subscription'].includes(kind)) {
      if (this.token.kind === 'name') found.name = this.name();
      found.variables = this.many('(', () => {
        this.expect('$');
        return this.input();
      }, ')');
    } else {
      this.fail(`expected an operation or a fragment, found ${kind}`);
    }
    this.directives();
    found.selections = this.selections();
    if (!found.name) this.fail('an operation needs a name, from which its type gets its own');
    found.source = compact(this.source.slice(start, this.token.start), this.file);
    return found;
  }
}

/** The same document without comments and with single spaces. */
function compact(source, file) {
  let text = '';
  for (const token of tokens(source, file)) {
    const apart = /[\w"]$/.test(text) && /^[\w"$.@[-]/.test(token.text);
    text += (apart ? ' ' : '') + token.text;
  }
  return text;
}

/** Reads a schema in SDL. */
export function parseSchema(source, file = 'schema.graphql') {
  const schema = { types: {}, roots: { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } };
  const reader = new Reader(source, file);
  while (reader.token.kind !== 'end') reader.definition(schema);
  for (const name of ['ID', 'String', 'Int', 'Float', 'Boolean']) schema.types[name] ??= { kind: 'scalar', name, description: '' };
  return schema;
}

/** Reads operations and fragments. */
export function parseDocuments(source, file = 'document.graphql') {
  const reader = new Reader(source, file);
  const found = [];
  while (reader.token.kind !== 'end') found.push(reader.executable());
  return found;
}
