import { createContext, createElement, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { EntrepotClient, LiveOrdersOptions, LiveStockOptions, VariablesOf } from './client.js';
import { type TypedDocument, textOf } from './document.js';
import { EntrepotError, UserErrors, type UserErrorsOf } from './errors.js';
import type { LiveSnapshot, LiveStatus, LiveStore, OrderRow, StockRow } from './live.js';
import type { SavedViewRef } from './schema.js';
import { uuidv7 } from './uuid.js';
import type { SavedViewRow } from './view.js';

const Context = createContext<EntrepotClient | null>(null);

/** Gives its children a client. */
export function EntrepotProvider({ client, children }: { client: EntrepotClient; children?: ReactNode }): ReactNode {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest provider. */
export function useEntrepot(): EntrepotClient {
  const client = useContext(Context);
  if (!client) throw new Error('useEntrepot is used outside of EntrepotProvider. Wrap the page in <EntrepotProvider client={…}>.');
  return client;
}

/** How a query stands. */
export interface QueryState<R> {
  /** The newest answer; kept while another is on its way. */
  data: R | undefined;
  error: EntrepotError | undefined;
  loading: boolean;
  /** Asks again. */
  refetch: () => void;
}

/**
 * Asks a query when it or its variables change. There is no cache: for one, use TanStack Query
 * with `client.query`.
 */
export function useQuery<R, V>(document: TypedDocument<R, V>, variables?: V): QueryState<R> {
  const client = useEntrepot();
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<Omit<QueryState<R>, 'refetch'>>({ data: undefined, error: undefined, loading: true });
  const text = textOf(document as TypedDocument<unknown, never>);
  const key = JSON.stringify(variables ?? {});
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    client.execute<R, V>(document, JSON.parse(key) as V, { signal: controller.signal }).then(
      ({ data }) => !controller.signal.aborted && setState({ data, error: undefined, loading: false }),
      (error: unknown) => !controller.signal.aborted && setState((before) => ({ data: before.data, error: known(error), loading: false })),
    );
    return () => controller.abort();
  }, [client, text, key, turn]);
  const refetch = useCallback(() => setTurn((before) => before + 1), []);
  return { ...state, refetch };
}

/** How a mutation stands, and what runs it. */
export interface MutationState<R, V> {
  /** Runs it. Resolves to undefined if it was refused or failed: `error` says why. */
  run: (...variables: Record<string, never> extends V ? [variables?: V] : [variables: V]) => Promise<R | undefined>;
  data: R | undefined;
  error: EntrepotError | UserErrors<UserErrorsOf<R>> | undefined;
  loading: boolean;
}

/**
 * A mutation whose idempotency key stays until it succeeds or its input changes: a second click,
 * or one after a lost answer, does nothing twice.
 */
export function useMutation<R, V>(document: TypedDocument<R, V>): MutationState<R, V> {
  const client = useEntrepot();
  const [state, setState] = useState<Omit<MutationState<R, V>, 'run'>>({ data: undefined, error: undefined, loading: false });
  const held = useRef<{ input: string; key: string } | undefined>(undefined);
  const run = useCallback(async (variables?: V): Promise<R | undefined> => {
    const input = JSON.stringify(variables ?? {});
    if (held.current?.input !== input) held.current = { input, key: uuidv7() };
    const mine = held.current;
    setState({ data: undefined, error: undefined, loading: true });
    const settled = await client.settle(document, ...([variables, { idempotencyKey: mine.key }] as unknown as VariablesOf<V>));
    // Another input may have been sent since, whose key stays until that succeeds.
    if (settled.ok && held.current === mine) held.current = undefined;
    setState(settled.ok ? { data: settled.data, error: undefined, loading: false } : { data: undefined, error: settled.error, loading: false });
    return settled.ok ? settled.data : undefined;
  }, [client, document]);
  return { run: run as MutationState<R, V>['run'], ...state };
}

function known(error: unknown): EntrepotError {
  return error instanceof EntrepotError ? error : new EntrepotError({ code: 'INTERNAL', message: String(error), cause: error });
}

// Components that follow the same share one store. It is closed a moment after the last of them is
// gone.

interface Shared {
  store: LiveStore<never>;
  users: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}
const LINGER_MS = 1_000;
const stores = new WeakMap<EntrepotClient, Map<string, Shared>>();

function useShared<Row extends { id: string; version: number }>(key: string, create: (client: EntrepotClient) => LiveStore<Row>): LiveStore<Row> {
  const client = useEntrepot();
  const [turn, setTurn] = useState(0);
  const shared = useMemo(() => {
    const known = stores.get(client) ?? new Map<string, Shared>();
    stores.set(client, known);
    const found = known.get(key);
    if (found && found.store.status !== 'closed') return found;
    const made: Shared = { store: create(client) as unknown as LiveStore<never>, users: 0, timer: undefined };
    known.set(key, made);
    return made;
  }, [client, key, turn]);
  useEffect(() => {
    if (shared.store.status === 'closed') {
      setTurn((before) => before + 1);
      return undefined;
    }
    clearTimeout(shared.timer);
    shared.users += 1;
    return () => {
      shared.users -= 1;
      if (shared.users > 0) return;
      shared.timer = setTimeout(() => {
        shared.store.close();
        if (stores.get(client)?.get(key) === shared) stores.get(client)!.delete(key);
      }, LINGER_MS);
    };
  }, [client, key, shared]);
  return shared.store as unknown as LiveStore<Row>;
}

const NO_ERRORS: SavedViewRow['errors'] = [];
const EMPTY: LiveSnapshot<never> = Object.freeze({ rows: Object.freeze([]), status: 'idle', stale: true, error: undefined });

function useSnapshot<Row extends { id: string; version: number }>(store: LiveStore<Row>): LiveSnapshot<Row> {
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(listener), [store]),
    () => store.getSnapshot(),
    () => EMPTY,
  );
}

/** Options that a hook can compare: all but storage, which a store of your own takes. */
type HookOptions<O> = Omit<O, 'storage'>;

function keyOf(kind: string, options: { document?: object; filter?: unknown; maxDelayMs?: number }): string {
  const { document, ...rest } = options;
  return JSON.stringify([kind, document ? textOf(document as TypedDocument<unknown, never>) : '', rest]);
}

/** What a page shows of live rows. */
export interface Live {
  status: LiveStatus;
  /** True while what is shown may be older than the server's. */
  stale: boolean;
  error: EntrepotError | undefined;
}

/**
 * The store behind `useLiveStock`, for `get`, `merge` and iterators. Nothing connects before
 * something subscribes.
 */
export function useLiveStockStore<Row extends { id: string; version: number } = StockRow>(options: HookOptions<LiveStockOptions<Row>> = {}): LiveStore<Row> {
  return useShared(keyOf('stock', options), (client) => client.liveStock(options));
}

/** Live stock levels. Renders on each change, at most once in 16 ms. */
export function useLiveStock<Row extends { id: string; version: number } = StockRow>(options: HookOptions<LiveStockOptions<Row>> = {}): Live & { levels: readonly Row[] } {
  const { rows, ...rest } = useSnapshot(useLiveStockStore(options));
  return { levels: rows, ...rest };
}

/**
 * One live level. Renders when this row changes and for no other. Pass the options of the page's
 * `useLiveStock` to share its stream.
 */
export function useLiveLevel<Row extends { id: string; version: number } = StockRow>(id: string, options: HookOptions<LiveStockOptions<Row>> = {}): Row | undefined {
  const store = useLiveStockStore(options);
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(listener), [store]),
    () => store.get(id),
    () => undefined,
  );
}

/** Live orders. */
export function useLiveOrders<Row extends { id: string; version: number } = OrderRow>(options: HookOptions<LiveOrdersOptions<Row>> = {}): Live & { orders: readonly Row[] } {
  const store = useShared(keyOf('orders', options), (client) => client.liveOrders(options));
  const { rows, ...rest } = useSnapshot(store);
  return { orders: rows, ...rest };
}

/**
 * The data of a saved view, read with the caller's own rights: again when it changes, at most once
 * a second. `data` is undefined until it is there. The view must be live.
 */
export function useSavedView<Data = unknown>(view: SavedViewRef, variables?: Record<string, unknown>): Live & { data: Data | null | undefined; errors: SavedViewRow['errors'] } {
  const key = JSON.stringify(['view', view, variables ?? {}]);
  const store = useShared<SavedViewRow<Data>>(key, (client) => client.liveView<Data>(view, variables));
  const { rows, ...rest } = useSnapshot(store);
  return { data: rows[0]?.data, errors: rows[0]?.errors ?? NO_ERRORS, ...rest };
}
