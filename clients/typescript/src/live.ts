import type { Ended } from './connection-types.js';
import type { TypedDocument } from './document.js';
import type { AlertChangedSubscription, OrderChangedSubscription, StockChangedSubscription } from './documents.js';
import { EntrepotError } from './errors.js';
import { backoff, LONGEST_TIMER_MS } from './retry.js';
import type { ResetReason, StreamPhase } from './schema.js';
import type { LiveConnection } from './view.js';

/** A stock level as `liveStock` selects it. */
export type StockRow = StockChangedSubscription['stockChanged']['changes'][number]['level'];
/** An order as `liveOrders` selects it. */
export type OrderRow = OrderChangedSubscription['orderChanged']['changes'][number]['order'];
/** An alert as `liveAlerts` selects it. */
export type AlertRow = AlertChangedSubscription['alertChanged']['changes'][number]['alert'];

/** A subscription that a live store can follow: its answer has these fields, and may have more. */
export type StreamDocument<Field extends string, RowField extends string, Row> = TypedDocument<
  { [F in Field]: { phase: string; cursor: string | null; reset: string | null; changes: Array<{ seq: number; inFilter: boolean } & { [R in RowField]: Row }> } },
  never
>;

/**
 * `loading`: a snapshot comes. `resuming`: what was missed comes. `failed`: it does not go on by
 * itself; `error` says why.
 */
export type LiveStatus = 'idle' | 'loading' | 'resuming' | 'live' | 'failed' | 'closed';

/** What a store shows at one moment. The same object until something changes. */
export interface LiveSnapshot<Row> {
  /** All rows, in no promised order. */
  readonly rows: readonly Row[];
  readonly status: LiveStatus;
  /**
   * True while the rows may be older than the server's: the connection is gone, or a new snapshot
   * is on its way.
   */
  readonly stale: boolean;
  /** Why it failed, or why the last connection ended. */
  readonly error: EntrepotError | undefined;
}

/**
 * What an iterator gives: all rows at its beginning and after each reload, and every change in
 * between.
 */
export type LiveEvent<Row> =
  | { type: 'snapshot'; rows: readonly Row[] }
  | { type: 'change'; seq: number; row: Row; removed: boolean };

/** A change of rows and cursor that must be kept together or not at all. */
export interface KeptChange<Row = unknown> {
  /** Remove all rows first. */
  clear: boolean;
  put: readonly Row[];
  /** Ids. */
  remove: readonly string[];
  cursor: string | null;
}

/** Keeps rows and cursor, for example in IndexedDB or a file. Calls come one after the other. */
export interface LiveStorage {
  /** What was kept under this identity: a hash of URL, document and variables. */
  load(identity: string): Promise<{ cursor: string; rows: readonly unknown[] } | undefined>;
  /** Keeps all of a change in one transaction. */
  apply(identity: string, change: KeptChange): Promise<void>;
}

export interface LiveOptions {
  document: string;
  /** The subscription's field. */
  field: string;
  /** The field of a change that holds the row. */
  row: string;
  variables: Record<string, unknown>;
  url: string;
  connection: LiveConnection;
  storage: LiveStorage | undefined;
  retry: { baseDelayMs: number; maxDelayMs: number };
  onError: (error: EntrepotError) => void;
}

interface Item {
  phase: StreamPhase;
  cursor: string | null;
  reset: ResetReason | null;
  changes?: Array<{ seq: number; inFilter: boolean } & Record<string, unknown>>;
}

interface Versioned {
  id: string;
  version: number;
}

/** Removals whose versions are remembered, so that an older row does not come back. */
const MOST_REMOVED = 10_000;
/** Events that an iterator may be behind; then it gets a snapshot instead. */
const MOST_QUEUED = 10_000;
const NOTIFY_MS = 16;
/** After the server took a subscription with a cursor, silence for so long means that nothing was missed. */
const SETTLE_MS = 1_000;
/** Close codes after which the client must be repaired, not the connection. 4401 also says that the page's origin is not listed. */
const FATAL: ReadonlySet<number> = new Set([4400, 4401, 4406, 4409, 4429, 1007, 1009]);
/** Codes of errors that waiting helps with. */
const PASSING: ReadonlySet<string> = new Set(['RATE_LIMITED', 'TIMEOUT', 'OVERLOADED', 'UNAVAILABLE', 'INTERNAL', 'NETWORK', 'BAD_RESPONSE']);
/** Resets within `RESET_WINDOW_MS` that are followed at once. */
const PROMPT_RESETS = 3;
const RESET_WINDOW_MS = 30_000;
/** Refusals in a row of fresh credentials. */
const MOST_RENEWALS = 3;

/** Rows by id, each in its newest version. */
class Rows<Row extends Versioned> {
  readonly map = new Map<string, Row>();
  readonly #removed = new Map<string, number>();

  /** Whether the row is newer than what is known of it, and so was put in or taken out. */
  apply(row: Row, inFilter: boolean): boolean {
    const known = this.map.get(row.id);
    const gone = this.#removed.get(row.id);
    if (!inFilter) {
      if (known ? row.version < known.version : gone !== undefined && row.version <= gone) return false;
      this.map.delete(row.id);
      this.#removed.delete(row.id);
      this.#removed.set(row.id, row.version);
      if (this.#removed.size > MOST_REMOVED) this.#removed.delete(this.#removed.keys().next().value!);
      return known !== undefined;
    }
    if ((known && row.version <= known.version) || (gone !== undefined && row.version < gone)) return false;
    this.#removed.delete(row.id);
    this.map.set(row.id, row);
    return true;
  }
}

/**
 * A picture of rows that follows the server: whole, in order, and on from where it was after any
 * break.
 */
export class LiveStore<Row extends Versioned> implements AsyncIterable<LiveEvent<Row>> {
  readonly #options: LiveOptions;
  readonly #listeners = new Set<() => void>();
  readonly #iterators = new Set<Queue<Row>>();
  #rows = new Rows<Row>();
  #next: Rows<Row> | undefined;
  #cursor: string | null = null;
  #status: LiveStatus = 'idle';
  #stale = true;
  #error: EntrepotError | undefined;
  #seq = 0;
  #whole = false;
  #snapshot: LiveSnapshot<Row> | undefined;
  #notice: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #stop: (() => void) | undefined;
  #detach: (() => void) | undefined;
  #run = 0;
  #attempt = 0;
  #renewals = 0;
  #resets: number[] = [];
  #kept: Promise<void> = Promise.resolve();
  #keepAll = true;
  #storage: LiveStorage | undefined;
  #identity = '';
  #ready!: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: EntrepotError) => void;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#storage = options.storage;
    this.#expect();
  }

  #expect(): void {
    this.#ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for it.
    this.#ready.catch(() => {});
  }

  /** Connects, unless it has. After `failed` it tries again. */
  start(): this {
    if (this.#status === 'idle' || this.#status === 'failed') {
      if (this.#status === 'failed') this.#expect();
      this.#error = undefined;
      this.#attempt = this.#renewals = 0;
      this.#status = 'loading';
      this.#detach = this.#options.connection.onClose((error) => this.#refused(error));
      void this.#restore(this.#run);
    }
    return this;
  }

  /** Resolves when the first picture is whole; rejects if that fails for good. Connects. */
  get ready(): Promise<void> {
    this.start();
    return this.#ready;
  }

  /** Calls `listener` after changes, those of 16 ms together. Connects. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.start();
    return () => void this.#listeners.delete(listener);
  }

  /** What is shown now: the same object until something changes. */
  getSnapshot(): LiveSnapshot<Row> {
    this.#snapshot ??= Object.freeze({
      rows: Object.freeze([...this.#rows.map.values()]),
      status: this.#status,
      stale: this.#stale,
      error: this.#error,
    });
    return this.#snapshot;
  }

  /** One row by its id. The same object until the row changes. */
  get(id: string): Row | undefined {
    return this.#rows.map.get(id);
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.map.size;
  }

  get status(): LiveStatus {
    return this.#status;
  }

  /** The number of the newest change that was applied. */
  get seq(): number {
    return this.#seq;
  }

  /** Where the picture stands in the stream; null before it is whole. */
  get cursor(): string | null {
    return this.#cursor;
  }

  /**
   * Puts in rows that a mutation answered, where they are newer. Rows that are not shown stay so:
   * the stream says whether they belong here.
   */
  merge(rows: readonly Row[]): void {
    for (const row of rows) {
      const known = this.#rows.map.get(row.id);
      const merged = { ...known, ...row };
      if (!known || !this.#rows.apply(merged, true)) continue;
      for (const queue of this.#iterators) queue.push({ type: 'change', seq: this.#seq, row: merged, removed: false });
      this.#keep(null, [{ row: merged, removed: false }]);
      this.#changed();
    }
  }

  /**
   * All rows, then every change. Ends with `close`; throws if the stream fails for good. Connects.
   */
  async *[Symbol.asyncIterator](): AsyncIterator<LiveEvent<Row>, void, undefined> {
    const queue = new Queue<Row>(() => [...this.#rows.map.values()]);
    if (this.#whole) queue.reload();
    this.#iterators.add(queue);
    this.start();
    if (this.#status === 'closed') queue.end();
    try {
      yield* queue.events();
    } finally {
      this.#iterators.delete(queue);
    }
  }

  /** Disconnects for good. The rows stay. */
  close(): void {
    if (this.#status === 'closed') return;
    this.#halt();
    this.#detach?.();
    this.#status = 'closed';
    this.#stale = true;
    this.#reject(new EntrepotError({ code: 'CLOSED', message: 'The store was closed before it was ready.' }));
    for (const queue of this.#iterators) queue.end();
    this.#notify();
  }

  /** Resolves when everything until now is in the storage. */
  async flushed(): Promise<void> {
    await this.#kept;
  }

  // Connections, one after the other.

  async #restore(run: number): Promise<void> {
    if (this.#storage && this.#identity === '') {
      const { url, document, variables } = this.#options;
      this.#identity = await digest(JSON.stringify([url, document, variables]));
      const kept = await this.#storage.load(this.#identity).catch((error: unknown) => this.#storageFailed(error));
      if (run !== this.#run) return;
      if (kept) {
        for (const row of kept.rows) this.#rows.apply(row as Row, true);
        this.#cursor = kept.cursor;
        this.#keepAll = false;
        this.#becomeWhole();
      }
    }
    this.#connect();
  }

  #connect(): void {
    const run = (this.#run += 1);
    const mine = () => run === this.#run;
    this.#status = this.#cursor === null ? 'loading' : 'resuming';
    this.#next = this.#cursor === null ? new Rows<Row>() : undefined;
    const { connection, document, variables } = this.#options;
    this.#stop = connection.subscribe({ query: document, variables: { ...variables, after: this.#cursor } }, {
      opened: () => mine() && this.#settle(),
      next: (data) => mine() && this.#item(data[this.#options.field] as Item),
      failed: (error) => mine() && this.#refused(error),
      complete: () => mine() && this.#again(undefined, undefined),
      ended: (end) => mine() && this.#ended(end),
    });
    this.#changed();
  }

  /**
   * Called when the server has the subscription. It sends what was missed at once, and nothing if
   * nothing was: then silence means that the rows are current.
   */
  #settle(): void {
    if (this.#status !== 'resuming') return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      if (this.#status !== 'resuming') return;
      this.#status = 'live';
      this.#stale = false;
      this.#error = undefined;
      this.#changed();
    }, SETTLE_MS);
  }

  #halt(): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#quiet);
    clearTimeout(this.#notice);
    this.#notice = undefined;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Waits, longer each time and never as long as others, and connects. */
  #again(error: EntrepotError | undefined, waitMs: number | undefined): void {
    const { baseDelayMs, maxDelayMs } = this.#options.retry;
    this.#halt();
    this.#stale = true;
    this.#error = error;
    this.#status = this.#cursor === null ? 'loading' : 'resuming';
    const jitter = backoff(this.#attempt, baseDelayMs, maxDelayMs);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), waitMs === undefined ? jitter : Math.min(waitMs + jitter / 4, LONGEST_TIMER_MS));
    this.#changed();
  }

  #ended(end: Ended): void {
    const message = `The connection ended with ${end.code}${end.reason ? `: ${end.reason}` : ''}.`;
    if (FATAL.has(end.code)) return this.#fail(new EntrepotError({ code: 'BAD_REQUEST', message }));
    if (end.code === 4403) return void this.#renew(new EntrepotError({ code: 'UNAUTHENTICATED', message }));
    this.#again(new EntrepotError({ code: 'NETWORK', message }), end.retryAfterMs);
  }

  #refused(error: EntrepotError): void {
    if (error.code === 'CLOSED') return this.close();
    if (error.code === 'UNAUTHENTICATED') return void this.#renew(error);
    if (PASSING.has(error.code)) return this.#again(error, error.retryAfterMs);
    if (error.code === 'SIGNED_OUT' || error.code === 'FORBIDDEN') this.#clear();
    this.#fail(error);
  }

  async #renew(error: EntrepotError): Promise<void> {
    this.#halt();
    this.#stale = true;
    const run = this.#run;
    this.#renewals += 1;
    let usable: boolean;
    try {
      usable = this.#renewals <= MOST_RENEWALS && (await this.#options.connection.renew());
    } catch (caught) {
      if (run !== this.#run) return;
      if (caught instanceof EntrepotError) this.#refused(caught);
      else this.#again(error, undefined);
      return;
    }
    if (run !== this.#run) return;
    if (usable) return this.#connect();
    this.#clear();
    this.#fail(error);
  }

  #fail(error: EntrepotError): void {
    this.#halt();
    this.#detach?.();
    this.#status = 'failed';
    this.#stale = true;
    this.#error = error;
    this.#reject(error);
    for (const queue of this.#iterators) queue.fail(error);
    this.#options.onError(error);
    this.#notify();
  }

  // Items.

  #item(item: Item): void {
    this.#attempt = this.#renewals = 0;
    this.#error = undefined;
    if (item.phase === 'RESET') return this.#reset(item.reset);
    const applied = this.#apply(item);
    if (item.phase === 'READY' && this.#next) return this.#swap(item.cursor);
    if (this.#next) return;
    const first = this.#status !== 'live';
    this.#status = 'live';
    this.#stale = false;
    this.#keep(item.cursor, applied);
    if (applied.length > 0 || first) this.#changed();
  }

  /** Puts the item's rows into the picture; what has changed by that. */
  #apply(item: Item): Array<{ row: Row; removed: boolean }> {
    const applied: Array<{ row: Row; removed: boolean }> = [];
    for (const change of item.changes ?? []) {
      const row = change[this.#options.row] as Row;
      this.#seq = Math.max(this.#seq, change.seq);
      if (this.#next) {
        this.#next.apply(row, change.inFilter);
      } else if (this.#rows.apply(row, change.inFilter)) {
        applied.push({ row, removed: !change.inFilter });
        const event: LiveEvent<Row> = { type: 'change', seq: change.seq, row, removed: !change.inFilter };
        for (const queue of this.#iterators) queue.push(event);
      }
    }
    return applied;
  }

  #swap(cursor: string | null): void {
    this.#rows = this.#next!;
    this.#next = undefined;
    this.#status = 'live';
    this.#stale = false;
    this.#resets = [];
    this.#keepAll = true;
    this.#keep(cursor, []);
    this.#becomeWhole();
    this.#notify();
  }

  #becomeWhole(): void {
    this.#whole = true;
    for (const queue of this.#iterators) queue.reload();
    this.#resolve();
  }

  #reset(reason: ResetReason | null): void {
    this.#halt();
    this.#cursor = null;
    this.#keepAll = true;
    this.#stale = true;
    if (reason === 'CURSOR_FOREIGN' || reason === 'SCOPE_CHANGED') this.#clear();
    const now = Date.now();
    this.#resets = [...this.#resets.filter((at) => now - at < RESET_WINDOW_MS), now];
    if (this.#resets.length < PROMPT_RESETS) return this.#connect();
    this.#status = 'loading';
    this.#timer = setTimeout(() => this.#connect(), 1_000 * 2 ** Math.min(this.#resets.length - PROMPT_RESETS, 5));
    this.#changed();
  }

  /** Shows nothing: the caller's rights may have shrunk. */
  #clear(): void {
    this.#rows = new Rows<Row>();
    this.#cursor = null;
    this.#keepAll = true;
    if (this.#storage && this.#identity) this.#enqueue({ clear: true, put: [], remove: [], cursor: null });
    for (const queue of this.#iterators) queue.reload();
    this.#changed();
  }

  // Storage and listeners.

  #keep(cursor: string | null, applied: Array<{ row: Row; removed: boolean }>): void {
    if (cursor !== null) this.#cursor = cursor;
    if (!this.#storage || this.#cursor === null) return;
    const clear = this.#keepAll;
    this.#keepAll = false;
    this.#enqueue({
      clear,
      put: clear ? [...this.#rows.map.values()] : applied.filter(({ removed }) => !removed).map(({ row }) => row),
      remove: clear ? [] : applied.filter(({ removed }) => removed).map(({ row }) => row.id),
      cursor: this.#cursor,
    });
  }

  #enqueue(change: KeptChange<Row>): void {
    const storage = this.#storage!;
    this.#kept = this.#kept.then(() => (this.#storage ? storage.apply(this.#identity, change) : undefined))
      .catch((error: unknown) => void this.#storageFailed(error));
  }

  /** A storage that missed one change must not get the next: the store goes on without it. */
  #storageFailed(error: unknown): undefined {
    this.#storage = undefined;
    this.#options.onError(new EntrepotError({ code: 'INTERNAL', message: `The live store goes on without its storage: ${String(error)}`, cause: error }));
  }

  #changed(): void {
    this.#snapshot = undefined;
    this.#notice ??= setTimeout(() => this.#notify(), NOTIFY_MS);
  }

  #notify(): void {
    clearTimeout(this.#notice);
    this.#notice = undefined;
    this.#snapshot = undefined;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What an iterator has not taken yet. */
class Queue<Row> {
  readonly #all: () => Row[];
  #events: LiveEvent<Row>[] = [];
  #error: EntrepotError | undefined;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(all: () => Row[]) {
    this.#all = all;
  }
  push(event: LiveEvent<Row>): void {
    if (this.#events.length >= MOST_QUEUED) return this.reload();
    this.#events.push(event);
    this.#wake?.();
  }
  /** All rows as they are now stand for everything before. */
  reload(): void {
    this.#events = [{ type: 'snapshot', rows: this.#all() }];
    this.#wake?.();
  }
  end(): void {
    this.#over = true;
    this.#wake?.();
  }
  fail(error: EntrepotError): void {
    this.#error = error;
    this.end();
  }
  async *events(): AsyncGenerator<LiveEvent<Row>, void, undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event) {
        yield event;
      } else if (this.#over) {
        if (this.#error) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
    }
  }
}

/** Names a text: its SHA-256 where there is WebCrypto. */
async function digest(text: string): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) {
    const bytes = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  // Pages without TLS have no WebCrypto: the text itself names it as well.
  return text;
}
