import type { Auth, Caller } from './auth.js';
import type { EntrepotError } from './errors.js';

/** As much of a WebSocket as is used: browsers' own, and that of the package `ws`. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** Why a connection ended. */
export interface Ended {
  /** The close code; 1006 without one. */
  code: number;
  reason: string;
  /** When the server wants its client back, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** True if the connection was never acknowledged. */
  early: boolean;
}

/** What a subscription hears. After `failed`, `complete` and `ended` it hears nothing more. */
export interface Sink {
  /** The server has the subscription. */
  opened(): void;
  next(data: Record<string, unknown>): void;
  failed(error: EntrepotError): void;
  complete(): void;
  ended(end: Ended): void;
}

/** One subscription. */
export interface Subscription {
  query: string;
  variables: Record<string, unknown>;
}

export interface ConnectionOptions {
  url: string;
  ws: string | undefined;
  auth: Auth | undefined;
  caller: Caller;
  fetch: (input: string, init: RequestInit) => Promise<Response>;
  WebSocket: (new (url: string, protocol: string) => WebSocketLike) | null | undefined;
  silenceMs: number;
  headers: () => Record<string, string>;
}
