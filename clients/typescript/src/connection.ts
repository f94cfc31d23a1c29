import type { ConnectionOptions, Ended, Sink, Subscription, WebSocketLike } from './connection-types.js';
import { EntrepotError, type GraphQLErrorEntry } from './errors.js';
import { readEventStream } from './event-stream.js';

/** The longest wait for an acknowledgement. */
const ACK_MS = 15_000;
/** Sockets that are refused before an event stream is tried, whose answer can be read. */
const REFUSALS = 3;
/** Between two attempts to replace the token of an open socket, where the first brought none. */
const RENEWAL_MS = 5_000;
/**
 * How long a socket without subscriptions stays open: a page that changes its view opens the next
 * at once.
 */
const LINGER_MS = 1_000;

/**
 * The streams of a client: one socket for all of them, or an event stream for each. It does not
 * reconnect by itself.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  /**
   * Sockets in a row that were refused, if none ever opened: some proxies know no sockets, and
   * browsers hide why.
   */
  #refusals = 0;
  readonly #listeners = new Set<(error: EntrepotError) => void>();
  readonly #streams = new Set<(error: EntrepotError) => void>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Subscribes, and returns what ends that. */
  subscribe(subscription: Subscription, sink: Sink): () => void {
    const WebSocketClass = this.#options.WebSocket === undefined
      ? (globalThis as { WebSocket?: new (url: string, protocol: string) => WebSocketLike }).WebSocket
      : this.#options.WebSocket;
    if (!WebSocketClass || this.#refusals >= REFUSALS) return this.#stream(subscription, sink);
    if (!this.#socket || this.#socket.isOver) {
      const report = (opened: boolean) => (this.#refusals = opened ? -Infinity : this.#refusals + 1);
      this.#socket = new Socket(this.#options, WebSocketClass, report);
    }
    return this.#socket.subscribe(subscription, sink);
  }

  /** Gets new credentials after the server refused them. False: there are none. */
  async renew(): Promise<boolean> {
    return (await this.#options.auth?.renew(this.#options.caller)) ?? false;
  }

  /**
   * Hears of `close` also while it has no subscription, because it waits for its next. Returns
   * what ends that.
   */
  onClose(listener: (error: EntrepotError) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Closes everything. Subscriptions fail with this error. */
  close(error: EntrepotError): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.fail(error);
    for (const fail of [...this.#streams]) fail(error);
    for (const listener of [...this.#listeners]) listener(error);
  }

  #stream(subscription: Subscription, sink: Sink): () => void {
    const leave = (): void => void this.#streams.delete(fail);
    const stop = readEventStream(this.#options, subscription, {
      opened: () => sink.opened(),
      next: (data) => sink.next(data),
      failed: (error) => (leave(), sink.failed(error)),
      complete: () => (leave(), sink.complete()),
      // The server may be away altogether: then a socket is worth another try.
      ended: (end) => (leave(), (this.#refusals = 0), sink.ended(end)),
    });
    const fail = (error: EntrepotError) => {
      leave();
      stop();
      sink.failed(error);
    };
    this.#streams.add(fail);
    return () => {
      leave();
      stop();
    };
  }
}

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** The socket's URL: that of `url`, resolved in a page against its own. */
function socketUrl(options: ConnectionOptions): string {
  if (options.ws) return options.ws;
  const base = typeof location === 'undefined' ? undefined : location.href;
  return new URL(options.url, base).href.replace(/^http/, 'ws');
}

/** One graphql-transport-ws connection, from its opening to its end. */
class Socket {
  isOver = false;
  readonly #options: ConnectionOptions;
  readonly #operations = new Map<string, { subscription: Subscription; sink: Sink }>();
  #socket: WebSocketLike | undefined;
  #acknowledged = false;
  /** The token that the server has. */
  #token: string | undefined;
  #count = 0;
  #heard = Date.now();
  /** What is done with the answer of each ping that was sent, in their order. */
  readonly #pings: Array<() => void> = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #linger: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  readonly #report: (opened: boolean) => void;

  constructor(
    options: ConnectionOptions, WebSocketClass: new (url: string, protocol: string) => WebSocketLike, report: (opened: boolean) => void,
  ) {
    this.#options = options;
    this.#report = report;
    void this.#open(WebSocketClass);
  }

  subscribe(subscription: Subscription, sink: Sink): () => void {
    clearTimeout(this.#linger);
    const id = String((this.#count += 1));
    this.#operations.set(id, { subscription, sink });
    // Not before the caller has what ends it.
    if (this.#acknowledged) queueMicrotask(() => this.#begin(id));
    return () => {
      if (!this.#operations.delete(id) || this.isOver) return;
      if (this.#acknowledged) this.#say({ type: 'complete', id });
      if (this.#operations.size === 0) this.#linger = setTimeout(() => this.#operations.size === 0 && this.end(), LINGER_MS);
    };
  }

  /** Closes without telling the subscriptions. */
  end(): void {
    this.#operations.clear();
    this.#over({ code: 1000, reason: '', early: false });
  }

  async #open(WebSocketClass: new (url: string, protocol: string) => WebSocketLike): Promise<void> {
    try {
      this.#token = await this.#options.auth?.token(this.#options.caller);
    } catch (error) {
      const known = error instanceof EntrepotError ? error : new EntrepotError({ code: 'NETWORK', message: String(error) });
      if (known.code === 'SIGNED_OUT') this.fail(known);
      else this.#over({ code: 1006, reason: known.message, retryAfterMs: known.retryAfterMs, early: true });
      return;
    }
    if (this.isOver) return;
    let socket: WebSocketLike;
    try {
      socket = new WebSocketClass(socketUrl(this.#options), 'graphql-transport-ws');
    } catch (error) {
      this.#over({ code: 1006, reason: String(error), early: true });
      return;
    }
    this.#socket = socket;
    this.#later(ACK_MS, () => !this.#acknowledged && this.#over({ code: 1006, reason: 'no acknowledgement came', early: true }));
    socket.onopen = () => {
      this.#say({ type: 'connection_init', payload: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` } });
      this.#watch();
    };
    socket.onmessage = (event: { data: unknown }) => this.#hear(String(event.data));
    socket.onerror = () => {};
    socket.onclose = (event: { code: number; reason: string }) => this.#over({
      code: event.code, reason: event.reason, retryAfterMs: comeBack(event.reason), early: !this.#acknowledged,
    });
  }

  #hear(text: string): void {
    if (this.isOver) return;
    this.#heard = Date.now();
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      this.#over({ code: 4400, reason: 'the server sent a message that is not JSON', early: false });
      return;
    }
    if (message.type === 'ping') this.#say({ type: 'pong' });
    else if (message.type === 'pong') this.#pings.shift()?.();
    else if (message.type === 'connection_ack') this.#ready();
    else if (message.type === 'next') this.#next(message);
    else if (message.type === 'error') this.#finish(message, (sink) => sink.failed(EntrepotError.of(message.payload as GraphQLErrorEntry[])));
    else if (message.type === 'complete') this.#finish(message, (sink) => sink.complete());
  }

  #next(message: Message): void {
    const { data, errors } = message.payload as { data?: Record<string, unknown> | null; errors?: GraphQLErrorEntry[] };
    if (data && !errors?.length) {
      this.#operations.get(message.id!)?.sink.next(data);
    } else {
      this.#say({ type: 'complete', id: message.id! });
      this.#finish(message, (sink) => sink.failed(EntrepotError.of(errors ?? [], { data })));
    }
  }

  #finish(message: Message, tell: (sink: Sink) => void): void {
    const operation = this.#operations.get(message.id!);
    this.#operations.delete(message.id!);
    if (operation) tell(operation.sink);
  }

  #ready(): void {
    if (this.#acknowledged) return;
    this.#acknowledged = true;
    this.#report(true);
    for (const id of [...this.#operations.keys()]) this.#begin(id);
    this.#plan();
  }

  #begin(id: string): void {
    const operation = this.#operations.get(id);
    if (!operation) return;
    this.#say({ type: 'subscribe', id, payload: operation.subscription });
    // The protocol confirms no subscription, but the server reads in order: it answers this ping after it took the subscription.
    this.#ping(() => this.#operations.get(id)?.sink.opened());
  }

  #ping(answered: () => void, payload?: unknown): void {
    this.#pings.push(answered);
    this.#say({ type: 'ping', payload });
  }

  /** Sends a fresh token over the open socket before the old one ends. */
  #plan(least = 50): void {
    clearTimeout(this.#renewal);
    const wait = this.#options.auth?.renewIn();
    if (wait === undefined || this.isOver) return;
    this.#renewal = setTimeout(async () => {
      let isFresh: boolean;
      try {
        const token = await this.#options.auth?.token(this.#options.caller);
        isFresh = token !== this.#token;
        if (token !== undefined && isFresh) this.#ping(() => {}, { authorization: `Bearer ${token}` });
        this.#token = token;
      } catch {
        // The old token ends with 4403, and the subscriptions decide.
        return;
      }
      // A server that is away or asks for time is not asked again at once.
      this.#plan(isFresh ? undefined : RENEWAL_MS);
    }, Math.max(least, wait));
  }

  #watch(): void {
    const { silenceMs } = this.#options;
    this.#later(Math.min(5_000, silenceMs / 2), () => {
      if (Date.now() - this.#heard > silenceMs) this.#over({ code: 1006, reason: 'nothing was heard of the server', early: false });
      else this.#watch();
    });
  }

  #later(ms: number, work: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.isOver) work();
    }, ms);
    this.#timers.add(timer);
  }

  #say(message: Message): void {
    if (this.isOver) return;
    try {
      this.#socket?.send(JSON.stringify(message));
    } catch {
      // A socket that is closing says so by its close event.
    }
  }

  /** Closes; the subscriptions fail with this error. */
  fail(error: EntrepotError): void {
    const sinks = [...this.#operations.values()];
    this.end();
    for (const { sink } of sinks) sink.failed(error);
  }

  #over(end: Ended): void {
    if (this.isOver) return;
    this.isOver = true;
    if (end.early && end.code === 1006) this.#report(false);
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#linger);
    clearTimeout(this.#renewal);
    const socket = this.#socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      try {
        // Of a line that is dead the close event comes late or never, so nobody waits for it.
        socket.close();
      } catch {
        // It was not open yet; nothing holds it any more.
      }
    }
    const operations = [...this.#operations.values()];
    this.#operations.clear();
    for (const { sink } of operations) sink.ended(end);
  }
}

/** The wait that a close reason of 1012 or 1013 names: "come back in 1200 ms". */
function comeBack(reason: string): number | undefined {
  const found = /come back in (\d+) ms/.exec(reason);
  return found ? Number(found[1]) : undefined;
}
