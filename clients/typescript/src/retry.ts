/** How often and how long the client tries again. */
export interface RetryOptions {
  /** Attempts in all, the first one included; 1 for none again. Default 5. */
  attempts?: number;
  /**
   * The longest wait between two attempts, in milliseconds. A server that asks for longer gets no
   * further attempt. Default 10,000.
   */
  maxDelayMs?: number;
  /**
   * The first wait is random between 0 and this, in milliseconds; it doubles each time. Default
   * 250.
   */
  baseDelayMs?: number;
}

/** The longest wait of `setTimeout`, which fires at once where it is asked for more. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Full jitter: random between 0 and `base` × 2ⁿ, at most `most`. */
export function backoff(attempt: number, base: number, most: number): number {
  return Math.random() * Math.min(most, base * 2 ** Math.min(attempt, 30));
}

/** Waits, unless the signal ends it: then it throws the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The milliseconds of a `Retry-After` header: seconds, or a date. */
export function retryAfter(header: string | null | undefined, now: number = Date.now()): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
