import type { ConnectionOptions, Sink, Subscription } from './connection-types.js';
import { EntrepotError, type GraphQLErrorEntry } from './errors.js';
import { retryAfter } from './retry.js';

/** One event of an event stream. */
export interface StreamEvent {
  event: string;
  data: string;
}

/** Splits the text of an event stream into events (HTML standard, 9.2). */
export class EventStreamParser {
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** The events that this piece completes. */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#event || this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') });
        this.#event = '';
        this.#data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event') this.#event = value;
      else if (name === 'data') this.#data.push(value);
    }
    return events;
  }
}

/** Follows one subscription as an event stream; returns what ends it. */
export function readEventStream(options: ConnectionOptions, subscription: Subscription, sink: Sink): () => void {
  const controller = new AbortController();
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const finish = (tell?: () => void) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    controller.abort();
    tell?.();
  };
  const alive = () => {
    clearTimeout(timer);
    const silent = () => finish(() => sink.ended({ code: 1006, reason: 'nothing was heard of the server', early: false }));
    timer = setTimeout(silent, options.silenceMs);
  };
  const follow = async () => {
    const authorization = await options.auth?.authorize(options.caller);
    if (over) return;
    alive();
    const response = await options.fetch(options.url, {
      method: 'POST',
      headers: { ...options.headers(), ...authorization?.headers, accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify(subscription),
      signal: controller.signal,
      ...(options.auth?.credentials ? { credentials: options.auth.credentials } : {}),
    });
    if (!response.ok || !response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
      await refused(response);
      return;
    }
    sink.opened();
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || over) break;
      alive();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (over) return;
        handle(event.event, event.data);
      }
    }
    finish(() => sink.ended({ code: 1006, reason: 'the stream broke off', early: false }));
  };
  const handle = (event: string, data: string) => {
    if (event === 'complete') return finish(() => sink.complete());
    if (event !== 'next') return;
    const answer = JSON.parse(data) as { data?: Record<string, unknown> | null; errors?: GraphQLErrorEntry[] };
    if (answer.data && !answer.errors?.length) sink.next(answer.data);
    else finish(() => sink.failed(EntrepotError.of(answer.errors ?? [], { data: answer.data })));
  };
  const refused = async (response: Response) => {
    const retryAfterMs = retryAfter(response.headers.get('retry-after'));
    const errors = await response.json().then((body: { errors?: GraphQLErrorEntry[] }) => body.errors, () => undefined);
    if (errors?.length) return finish(() => sink.failed(EntrepotError.of(errors, { status: response.status, retryAfterMs })));
    finish(() => sink.ended({ code: 1006, reason: `the server answered with status ${response.status}`, retryAfterMs, early: true }));
  };
  follow().catch((error: unknown) => {
    if (error instanceof EntrepotError && error.code === 'SIGNED_OUT') return finish(() => sink.failed(error));
    finish(() => sink.ended({ code: 1006, reason: String(error), early: false }));
  });
  return () => finish();
}
