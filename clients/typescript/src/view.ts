import type { Connection } from './connection.js';
import type { Sink } from './connection-types.js';
import type { SavedViewChangedSubscription } from './documents.js';

/** What a saved view shows: whole in each item. */
export interface SavedViewRow<Data = unknown> {
  /** Always `view`: there is one. */
  id: string;
  /** Counts what came on this stream. */
  version: number;
  /** As the view's document selects it. Null where an error takes all of it away. */
  data: Data | null;
  /** SHA-256 of the data. */
  hash: string | null;
  /** Number of the tenant's last event before the data was read. */
  seq: number;
  /** Fields that the reader may not see, and fields that failed. */
  errors: SavedViewChangedSubscription['savedViewChanged']['errors'];
}

/** The parts of a connection that a live store uses. */
export type LiveConnection = Pick<Connection, 'subscribe' | 'renew' | 'onClose'>;

/**
 * A connection on which a saved view's data is the one row of a list: a live store follows it, with
 * its cursor, retries and resets.
 */
export function asRow(connection: LiveConnection): LiveConnection {
  let version = 0;
  const rowsOf = ({ savedViewChanged: item }: SavedViewChangedSubscription): Record<string, unknown> => {
    const { phase, cursor, reset, data, hash, errors } = item;
    const seq = item.seq ?? 0;
    version += 1;
    const changes = phase === 'RESET' ? [] : [{ seq, inFilter: true, view: { id: 'view', version, data, hash, seq, errors } }];
    return { savedViewChanged: { phase, cursor, reset, changes } };
  };
  return {
    renew: () => connection.renew(),
    onClose: (listener) => connection.onClose(listener),
    subscribe: (subscription, sink) => {
      const heard: Sink = { ...sink, next: (data) => sink.next(rowsOf(data as unknown as SavedViewChangedSubscription)) };
      return connection.subscribe(subscription, heard);
    },
  };
}
