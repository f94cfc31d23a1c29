import type { Auth, Caller, Tokens } from './auth.js';
import { Connection } from './connection.js';
import type { WebSocketLike } from './connection-types.js';
import { differing, digestOf, MOST_ASKED, type StockCopy, type StockDifference, type StockDigestRow, bucketOf } from './digest.js';
import { type DocumentInput, operationOf, type TypedDocument, textOf, declaredIn } from './document.js';
import {
  AlertChangedDocument, LoginDocument, type LoginMutation, LogoutDocument, MfaVerifyDocument, OrderChangedDocument,
  SavedViewChangedDocument, SessionRefreshDocument, StockChangedDocument, StockDigestDocument, StockDigestLevelsDocument,
} from './documents.js';
import { EntrepotError, type GraphQLErrorEntry, type Settled, UserErrors, type UserErrorsOf, userErrorsIn } from './errors.js';
import { type AlertRow, LiveStore, type LiveOptions, type LiveStorage, type OrderRow, type StockRow, type StreamDocument } from './live.js';
import { backoff, type RetryOptions, retryAfter, sleep } from './retry.js';
import { type AlertListFilter, KEYED_INPUTS, type MfaMethod, type OrderFilter, type SavedViewRef, type StockFilter, type StoreRef } from './schema.js';
import { uuidv7 } from './uuid.js';
import { VERSION } from './version.js';
import { asRow, type SavedViewRow } from './view.js';

/** Options of a client. */
export interface ClientOptions {
  /** The GraphQL endpoint: `https://stock.example/graphql`, or `/graphql` in a page. */
  url: string;
  /** The socket's URL. Default: `url` with `ws` in the place of `http`. */
  ws?: string;
  auth?: Auth;
  retry?: RetryOptions;
  fetch?: typeof fetch;
  /**
   * A WebSocket of browsers' kind. Where there is none (Node before 22) streams are event streams;
   * null chooses those.
   */
  WebSocket?: (new (url: string, protocol: string) => WebSocketLike) | null;
  /** Further headers of each request. */
  headers?: Record<string, string>;
  /** Milliseconds after which a request without an answer is given up. Default 30,000. */
  timeoutMs?: number;
  /**
   * Milliseconds without a sign of life after which a stream's connection is given up. Default
   * 45,000: two pings of the server.
   */
  silenceMs?: number;
  /** Hears of errors that no caller waits for: of streams, and SIGNED_OUT. */
  onError?: (error: EntrepotError) => void;
  /**
   * Hears of each deprecated part of the schema that a call uses, once. Default: a line of
   * `console.warn`.
   */
  onDeprecated?: (use: DeprecatedUse) => void;
}

/** A deprecated part of the schema that a call uses. */
export interface DeprecatedUse {
  /** What is used, such as `Query.salesReport`. */
  coordinate: string;
  /** Since when it is deprecated, what replaces it, and until when it is there. */
  reason: string;
}

/** Options of one call. */
export interface CallOptions {
  signal?: AbortSignal;
  retry?: RetryOptions;
  /**
   * The key of a mutation that is given none in its variables. Default: a new UUID of version 7.
   */
  idempotencyKey?: string;
  /** Answers although rows were left out, which otherwise throws TRUNCATED. */
  allowTruncated?: boolean;
}

/** How the caller's budget stood at the last answer. */
export interface RateLimitState {
  limit: number;
  remaining: number;
  /** Seconds until all points are back. */
  resetSeconds: number;
}

/** A whole answer. */
export interface Answer<Result> {
  data: Result;
  extensions: Readonly<Record<string, unknown>>;
  requestId: string | undefined;
}

/** Variables may be left out if none is required. */
export type VariablesOf<V> = Record<string, never> extends V ? [variables?: V, options?: CallOptions] : [variables: V, options?: CallOptions];

/** A mutation, and the same with refusals as part of the answer. */
export interface Mutate {
  <R, V>(document: TypedDocument<R, V>, ...rest: VariablesOf<V>): Promise<R>;
  (document: string, variables?: Record<string, unknown>, options?: CallOptions): Promise<Record<string, unknown>>;
  raw<R, V>(document: TypedDocument<R, V>, ...rest: VariablesOf<V>): Promise<R>;
}

/** What a login came to: signed in, or a challenge to answer with `mfaVerify`. */
export type LoginResult = NonNullable<LoginMutation['login']['result']>;

interface Prepared {
  body: string;
  /** Whether sending it twice does no harm. */
  repeatable: boolean;
  anonymous?: boolean;
  path?: string;
  headers?: Record<string, string>;
}

const KEYED: ReadonlySet<string> = new Set(KEYED_INPUTS);
/** Statuses of proxies and servers that are away for a moment. */
const PASSING_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Creates a client. It opens no connection before the first call. */
export function createClient(options: ClientOptions): EntrepotClient {
  return new EntrepotClient(options);
}

/** A client of one endpoint with one caller's credentials. */
export class EntrepotClient {
  readonly url: string;
  /** How the budget stood at the last answer that said so. */
  rateLimit: RateLimitState | undefined;
  /** Sends a mutation. Fills `idempotencyKey`; throws `UserErrors` if it was refused. */
  readonly mutate: Mutate;
  /** The streams' connection. */
  readonly connection: Connection;
  readonly #options: ClientOptions;
  readonly #caller: Caller;
  readonly #retry: Required<RetryOptions>;
  /** No request leaves before this moment: the server asked for a pause. */
  #pausedUntil = 0;
  /** Coordinates of the deprecated parts that were told of. */
  readonly #deprecated = new Set<string>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.url = options.url;
    this.#retry = { attempts: 5, maxDelayMs: 10_000, baseDelayMs: 250, ...options.retry };
    this.#caller = {
      refresh: (refreshToken) => this.#refresh(refreshToken),
      signedOut: (error) => options.onError?.(error),
    };
    const mutate = async (document: DocumentInput<unknown, never>, variables?: unknown, call?: CallOptions) => {
      const { data } = await this.execute(document as TypedDocument<unknown, unknown>, variables, call);
      const refused = userErrorsIn(data);
      if (refused.length > 0) throw new UserErrors(refused, data);
      return data;
    };
    const raw = async (document: DocumentInput<unknown, never>, variables?: unknown, call?: CallOptions) =>
      (await this.execute(document as TypedDocument<unknown, unknown>, variables, call)).data;
    this.mutate = Object.assign(mutate, { raw }) as Mutate;
    this.connection = new Connection({
      url: options.url,
      ws: options.ws,
      auth: options.auth,
      caller: this.#caller,
      fetch: (input, init) => this.#fetch(input, init),
      WebSocket: options.WebSocket,
      silenceMs: options.silenceMs ?? 45_000,
      headers: () => this.#ownHeaders(),
    });
  }

  /** Sends a query. Throws `EntrepotError` on any top-level error. */
  async query<R, V>(document: TypedDocument<R, V>, ...rest: VariablesOf<V>): Promise<R>;
  async query(document: string, variables?: Record<string, unknown>, options?: CallOptions): Promise<Record<string, unknown>>;
  async query(document: DocumentInput<unknown, never>, variables?: unknown, options?: CallOptions): Promise<unknown> {
    return (await this.execute(document as TypedDocument<unknown, unknown>, variables, options)).data;
  }

  /** Sends a query or mutation and gives the error as a value. Only an abort throws. */
  async settle<R, V>(document: TypedDocument<R, V>, ...[variables, options]: VariablesOf<V>): Promise<Settled<R>> {
    try {
      const { data } = await this.execute(document, variables, options);
      const refused = userErrorsIn(data);
      if (refused.length === 0) return { ok: true, data };
      return { ok: false, error: new UserErrors<UserErrorsOf<R>>(refused as never, data) };
    } catch (error) {
      if (error instanceof EntrepotError) return { ok: false, error };
      throw error;
    }
  }

  /** All nodes of the first connection of an answer, page by page. The document takes `$after`. */
  async *paginate<R, V extends { after?: string | null }>(
    document: TypedDocument<R, V>, variables?: V, options?: CallOptions,
  ): AsyncGenerator<NodeOf<R>, void, undefined> {
    let after = variables?.after ?? null;
    for (;;) {
      const { data } = await this.execute(document, { ...variables, after } as V, options);
      const page = Object.values(data as object).find((field): field is Page => Array.isArray((field as Page | null)?.nodes));
      if (!page) throw new TypeError('The document has no field with nodes.');
      yield* page.nodes as NodeOf<R>[];
      if (!page.pageInfo) throw new TypeError('The document does not select pageInfo { hasNextPage endCursor }.');
      if (!page.pageInfo.hasNextPage) return;
      after = page.pageInfo.endCursor;
    }
  }

  /** Sends an operation, again while that is safe and may help, and gives the whole answer. */
  async execute<R, V>(document: DocumentInput<R, V>, variables?: V, options: CallOptions = {}): Promise<Answer<R>> {
    const text = textOf(document as DocumentInput<unknown, never>);
    const { kind, name } = operationOf(text);
    if (kind === 'subscription') throw new TypeError('Subscriptions are streams: use liveStock, liveOrders, liveAlerts or connection.subscribe.');
    const sent = kind === 'mutation' ? withKeys(text, variables, options.idempotencyKey ?? uuidv7()) : { variables, keyed: false };
    const body = JSON.stringify({ query: text, operationName: name, variables: sent.variables });
    const answer = await this.#send<R>({ body, repeatable: kind === 'query' || sent.keyed }, options);
    const said = answer.extensions['entrepot'] as { truncated?: { path?: string[] }[]; deprecated?: DeprecatedUse[] } | undefined;
    said?.deprecated?.forEach((use) => this.#warn(use));
    const truncated = said?.truncated;
    if (truncated?.length && !options.allowTruncated) {
      const where = truncated.map(({ path }) => path?.join('.')).join(', ');
      throw new EntrepotError({ code: 'TRUNCATED', message: `Rows were left out at ${where}. Page, or pass allowTruncated.`, data: answer.data });
    }
    return answer;
  }

  #warn(use: DeprecatedUse): void {
    if (this.#deprecated.has(use.coordinate)) return;
    this.#deprecated.add(use.coordinate);
    const { onDeprecated } = this.#options;
    try {
      if (onDeprecated) onDeprecated(use);
      else console.warn(`Entrepot: deprecated use of ${use.coordinate}. ${use.reason}`);
    } catch (error) {
      // The call has been carried out: its answer is not lost to a listener that fails.
      console.error(error);
    }
  }

  /** Stock as it changes. Connects when it is first used. */
  liveStock<Row extends { id: string; version: number } = StockRow>(
    options: LiveStockOptions<Row> = {},
  ): LiveStore<Row> {
    const { filter, maxDelayMs, document, ...rest } = options;
    return new LiveStore<Row>(this.#live(rest, {
      document: textOf((document ?? StockChangedDocument) as DocumentInput<unknown, never>),
      field: 'stockChanged', row: 'level', variables: { filter: filter ?? null, maxDelayMs: maxDelayMs ?? 0 },
    }));
  }

  /** Orders as they change. */
  liveOrders<Row extends { id: string; version: number } = OrderRow>(options: LiveOrdersOptions<Row> = {}): LiveStore<Row> {
    const { filter, document, ...rest } = options;
    return new LiveStore<Row>(this.#live(rest, {
      document: textOf((document ?? OrderChangedDocument) as DocumentInput<unknown, never>),
      field: 'orderChanged', row: 'order', variables: { filter: filter ?? null },
    }));
  }

  /** Alerts as they change. */
  liveAlerts<Row extends { id: string; version: number } = AlertRow>(options: LiveAlertsOptions<Row> = {}): LiveStore<Row> {
    const { filter, document, ...rest } = options;
    return new LiveStore<Row>(this.#live(rest, {
      document: textOf((document ?? AlertChangedDocument) as DocumentInput<unknown, never>),
      field: 'alertChanged', row: 'alert', variables: { filter: filter ?? null },
    }));
  }

  /** The data of a saved view as it changes: one row, once it is there. */
  liveView<Data = unknown>(view: SavedViewRef, variables?: Record<string, unknown>): LiveStore<SavedViewRow<Data>> {
    const options = this.#live({}, {
      document: textOf(SavedViewChangedDocument as DocumentInput<unknown, never>),
      field: 'savedViewChanged', row: 'view', variables: { view, variables: variables ?? null },
    });
    return new LiveStore<SavedViewRow<Data>>({ ...options, connection: asRow(this.connection) });
  }

  /**
   * The levels of a store in which a copy differs from the server, in two calls if they are in at
   * most 256 buckets and fit one page. Put `changed` into the copy, also where the copy's versions
   * are greater (a server that was restored from a backup has smaller ones), take `removed` out of
   * it, and follow `stockChanged` of the store from `streamCursor`.
   */
  async reconcile(store: StoreRef, copy: StockCopy, options: CallOptions & { buckets?: number } = {}): Promise<StockDifference> {
    const { buckets = 8192, ...call } = options;
    const { stockDigest } = await this.query(StockDigestDocument, { store, buckets }, call);
    const wanted = differing(digestOf(copy, buckets), stockDigest);
    const changed: StockDigestRow[] = [];
    const there = new Set<string>();
    for (let from = 0; from < wanted.length; from += MOST_ASKED) {
      const rows = this.paginate(StockDigestLevelsDocument, { store, buckets, in: wanted.slice(from, from + MOST_ASKED) }, call);
      for await (const row of rows) {
        there.add(row.productId);
        if (row.version !== copy.get(row.productId)) changed.push(row);
      }
    }
    const asked = new Set(wanted);
    const removed = [...copy.keys()].filter((productId) => !there.has(productId) && asked.has(bucketOf(productId, buckets)));
    return { changed, removed, seq: stockDigest.seq, streamCursor: stockDigest.streamCursor };
  }

  #live(rest: { storage?: LiveStorage }, stream: Pick<LiveOptions, 'document' | 'field' | 'row' | 'variables'>): LiveOptions {
    return {
      ...stream, storage: rest.storage, connection: this.connection, url: this.url,
      retry: { baseDelayMs: this.#retry.baseDelayMs, maxDelayMs: this.#retry.maxDelayMs },
      onError: (error) => this.#options.onError?.(error),
    };
  }

  /** Logs a person in. Keeps the tokens unless a second factor is asked for. */
  async login(person: { email: string; password: string; tenant?: string; deviceToken?: string }): Promise<LoginResult> {
    const { deviceToken, ...variables } = person;
    const { data } = await this.#public<LoginMutation>(LoginDocument.toString(), variables, deviceToken);
    return this.#adopt(data, data.login);
  }

  /** Answers the challenge of a login. */
  async mfaVerify(answer: { challengeToken: string; code: string; method: MfaMethod }): Promise<LoginResult> {
    const { data } = await this.#public<{ mfaVerify: LoginMutation['login'] }>(MfaVerifyDocument.toString(), answer);
    return this.#adopt(data, data.mfaVerify);
  }

  /** Ends the session and forgets its tokens. Open streams end. */
  async logout(): Promise<void> {
    try {
      await this.mutate(LogoutDocument);
    } finally {
      this.#options.auth?.adopt(null);
      this.connection.close(new EntrepotError({ code: 'SIGNED_OUT', message: 'The session was ended by logout.' }));
    }
  }

  /** Ends open streams. */
  close(): void {
    this.connection.close(new EntrepotError({ code: 'CLOSED', message: 'The client was closed.' }));
  }

  #adopt(data: unknown, payload: LoginMutation['login']): LoginResult {
    if (payload.userErrors.length > 0) throw new UserErrors(payload.userErrors as never, data);
    const { result } = payload;
    if (!result) throw new EntrepotError({ code: 'BAD_RESPONSE', message: 'The login has no result.', data });
    if (result.__typename === 'TokenPair') this.#options.auth?.adopt(result);
    return result;
  }

  #public<R>(text: string, variables: unknown, deviceToken?: string, path = ''): Promise<Answer<R>> {
    const body = JSON.stringify({ query: text, variables });
    const headers: Record<string, string> = deviceToken ? { 'entrepot-device': deviceToken } : {};
    return this.#send<R>({ body, repeatable: false, anonymous: true, path, headers }, {});
  }

  async #refresh(refreshToken: string): Promise<Tokens> {
    // The same refresh token gives the same pair for ten seconds, so a lost answer may be asked
    // for again.
    const body = JSON.stringify({ query: SessionRefreshDocument.toString(), variables: { refreshToken } });
    const path = refreshToken === '' ? '/session' : '';
    const { data } = await this.#send<{ sessionRefresh: LoginMutation['login'] }>({ body, repeatable: true, anonymous: true, path }, {});
    const { result, userErrors } = data.sessionRefresh;
    if (result?.__typename === 'TokenPair') return result;
    // A suspended tenant's session goes on when the tenant is resumed: its tokens are kept.
    const code = userErrors[0]?.code === 'TENANT_SUSPENDED' ? 'TENANT_SUSPENDED' : 'SIGNED_OUT';
    throw new EntrepotError({ code, message: userErrors[0]?.message ?? 'The session has ended. Log in again.', data });
  }

  async #send<R>(prepared: Prepared, options: CallOptions): Promise<Answer<R>> {
    const { attempts, baseDelayMs, maxDelayMs } = { ...this.#retry, ...options.retry };
    let renewed = false;
    let internal = false;
    for (let attempt = 1; ; attempt += 1) {
      let error: EntrepotError;
      let stamp: string | undefined;
      try {
        const pause = this.#pausedUntil - Date.now();
        if (pause > 0) await sleep(Math.min(pause, maxDelayMs), options.signal);
        const authorization = prepared.anonymous ? undefined : await this.#options.auth?.authorize(this.#caller);
        stamp = authorization?.stamp;
        const headers = { ...(authorization?.headers ?? this.#options.auth?.anonymous), ...prepared.headers };
        const answer = await this.#attempt<R>(prepared, headers, options.signal);
        if (!inProgress(answer.data) || attempt >= attempts) return answer;
        await sleep(Math.max(1000, backoff(attempt, baseDelayMs, maxDelayMs)), options.signal);
        continue;
      } catch (caught) {
        if (!(caught instanceof EntrepotError)) throw caught;
        error = caught;
      }
      if (error.code === 'UNAUTHENTICATED' && !prepared.anonymous && !renewed && this.#options.auth) {
        renewed = true;
        if (await this.#options.auth.renew(this.#caller, stamp)) continue;
      }
      const once = error.code === 'INTERNAL' && !internal;
      internal ||= error.code === 'INTERNAL';
      const passing = error.retryable || once || (error.status !== undefined && PASSING_STATUS.has(error.status));
      const wait = error.retryAfterMs ?? 0;
      if (!prepared.repeatable || !passing || attempt >= attempts || wait > maxDelayMs) throw error;
      if (error.code === 'RATE_LIMITED') this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + wait);
      await sleep(Math.max(wait, backoff(attempt - 1, baseDelayMs, maxDelayMs)), options.signal);
    }
  }

  /** One request, one answer. */
  async #attempt<R>(prepared: Prepared, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Answer<R>> {
    signal?.throwIfAborted();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#options.timeoutMs ?? 30_000);
    const abort = () => limit.abort();
    signal?.addEventListener('abort', abort, { once: true });
    let response: Response;
    let text: string;
    try {
      const accept = 'application/graphql-response+json, application/json;q=0.9';
      const { credentials } = this.#options.auth ?? {};
      response = await this.#fetch(this.url + (prepared.path ?? ''), {
        method: 'POST',
        headers: { ...this.#ownHeaders(), ...headers, accept, 'content-type': 'application/json' },
        body: prepared.body,
        signal: limit.signal,
        ...(credentials ? { credentials } : {}),
      });
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      const message = limit.signal.aborted ? 'No answer came in time.' : `The request was not answered: ${reason(cause)}.`;
      throw new EntrepotError({ code: 'NETWORK', message, cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    return this.#read<R>(response, text);
  }

  #read<R>(response: Response, text: string): Answer<R> {
    const { headers, status } = response;
    const limit = headers.get('ratelimit-limit');
    if (limit !== null) {
      const remaining = Number(headers.get('ratelimit-remaining'));
      this.rateLimit = { limit: Number(limit), remaining, resetSeconds: Number(headers.get('ratelimit-reset')) };
    }
    const requestId = headers.get('x-request-id') ?? undefined;
    const resetMs = status === 429 && this.rateLimit ? this.rateLimit.resetSeconds * 1000 : undefined;
    const wait = retryAfter(headers.get('retry-after')) ?? resetMs;
    let parsed: { data?: R | null; errors?: GraphQLErrorEntry[]; extensions?: Record<string, unknown> };
    try {
      parsed = JSON.parse(text) as typeof parsed;
      if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not an object');
    } catch (cause) {
      const message = `The answer with status ${status} is not JSON. Check that ${this.url} is the GraphQL endpoint.`;
      throw new EntrepotError({ code: 'BAD_RESPONSE', message, status, requestId, retryAfterMs: wait, cause });
    }
    if (parsed.errors?.length || parsed.data === undefined || parsed.data === null) {
      const said = parsed.errors?.[0]?.extensions?.['retryAfterMs'];
      const retryAfterMs = typeof said === 'number' ? said : wait;
      throw EntrepotError.of(parsed.errors ?? [], { status, requestId, retryAfterMs, data: parsed.data });
    }
    return { data: parsed.data, extensions: parsed.extensions ?? {}, requestId };
  }

  #fetch(input: string, init: RequestInit): Promise<Response> {
    return (this.#options.fetch ?? globalThis.fetch)(input, init);
  }

  #ownHeaders(): Record<string, string> {
    // A page of another origin may send listed headers only, and a browser names itself.
    const page = typeof location !== 'undefined' && typeof document !== 'undefined';
    return page ? { ...this.#options.headers } : { 'entrepot-client': `typescript/${VERSION}`, ...this.#options.headers };
  }
}

interface Page {
  nodes: unknown[];
  pageInfo?: { hasNextPage: boolean; endCursor: string | null };
}

/** The node of an answer's connection. */
export type NodeOf<R> = { [Field in keyof R]: NonNullable<R[Field]> extends { nodes: (infer N)[] } ? N : never }[keyof R];

/** Options of every live store. */
interface LiveCommon<Field extends string, RowField extends string, Row> {
  /**
   * A document of your own with other fields; it selects phase, cursor, reset, seq, inFilter and
   * the row's id and version.
   */
  document?: StreamDocument<Field, RowField, Row>;
  /** Keeps rows and cursor over restarts. */
  storage?: LiveStorage;
}
export interface LiveStockOptions<Row = StockRow> extends LiveCommon<'stockChanged', 'level', Row> {
  filter?: StockFilter | null;
  /**
   * Holds changes back for up to so many milliseconds and gets only the newest state of each
   * level: for screens, not for books.
   */
  maxDelayMs?: number;
}
export interface LiveOrdersOptions<Row = OrderRow> extends LiveCommon<'orderChanged', 'order', Row> {
  filter?: OrderFilter | null;
}
export interface LiveAlertsOptions<Row = AlertRow> extends LiveCommon<'alertChanged', 'alert', Row> {
  filter?: AlertListFilter | null;
}

/** Fills `idempotencyKey` of inputs and of a variable of that name, where the caller gave none. */
function withKeys(text: string, given: unknown, key: string): { variables: unknown; keyed: boolean } {
  const variables: Record<string, unknown> = { ...(given as Record<string, unknown> | undefined) };
  let keyed = false;
  for (const { name, type } of declaredIn(text)) {
    if (name === 'idempotencyKey') {
      variables[name] ??= key;
      keyed = true;
    } else if (KEYED.has(type)) {
      const input = variables[name];
      if (typeof input !== 'object' || input === null) continue;
      const { idempotencyKey } = input as { idempotencyKey?: string | null };
      variables[name] = { ...input, idempotencyKey: idempotencyKey ?? key };
      keyed = true;
    }
  }
  return { variables, keyed };
}

function inProgress(data: unknown): boolean {
  return userErrorsIn(data).some(({ code }) => code === 'IDEMPOTENCY_IN_PROGRESS');
}

function reason(cause: unknown): string {
  const inner = (cause as { cause?: { message?: string; code?: string } }).cause;
  return inner?.code ?? inner?.message ?? (cause instanceof Error ? cause.message : String(cause));
}
