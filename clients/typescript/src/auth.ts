import { EntrepotError } from './errors.js';

/** The pair that a login gives. */
export interface Tokens {
  accessToken: string;
  /** Null in a page whose tokens are in cookies. */
  refreshToken?: string | null;
  /** When the access token ends (RFC 3339). */
  accessExpiresAt?: string | null;
}

/** Where the tokens of a session outlive a page, shared by its tabs. */
export interface TokenStorage {
  load(): Tokens | null;
  save(tokens: Tokens | null): void;
}

/** What the client lends to its credentials: a call of its own server without any token. */
export interface Caller {
  /**
   * Exchanges a refresh token (empty: the cookie's) for a new pair. Throws SIGNED_OUT when it has
   * ended.
   */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Tells that the session has ended. */
  signedOut(error: EntrepotError): void;
}

/** Headers that authorize a request, and a stamp that tells them from later ones. */
export interface Authorization {
  headers: Record<string, string>;
  stamp: string;
}

/** Credentials of a client. */
export interface Auth {
  /** Headers of a request; a token close to its end is refreshed before. */
  authorize(caller: Caller): Promise<Authorization>;
  /** Headers of a request without a token, such as a login. */
  readonly anonymous: Readonly<Record<string, string>>;
  /** The token for a socket's payload; undefined if the browser sends a cookie. */
  token(caller: Caller): Promise<string | undefined>;
  /**
   * After UNAUTHENTICATED: gets another token unless that has happened since `stamp`. False:
   * another attempt makes no sense.
   */
  renew(caller: Caller, stamp?: string): Promise<boolean>;
  /** Milliseconds until a token should be replaced on an open socket; undefined: never. */
  renewIn(): number | undefined;
  /** Takes the pair of a login. */
  adopt(tokens: Tokens | null): void;
  /** How `fetch` handles cookies. */
  readonly credentials?: RequestCredentials;
}

/** An API key, which does not end by itself. */
export function apiKey(key: string): Auth {
  return {
    anonymous: {},
    authorize: async () => ({ headers: { authorization: `Bearer ${key}` }, stamp: '' }),
    token: async () => key,
    renew: async () => false,
    renewIn: () => undefined,
    adopt: () => {},
  };
}

/** Options of a session with bearer tokens. */
export interface SessionOptions {
  accessToken?: string;
  refreshToken?: string;
  /** Gets a new access token in your way, instead of by the refresh token. */
  refresh?: () => Promise<string | Tokens>;
  /** Keeps the tokens, so that tabs and reloads share them. */
  storage?: TokenStorage;
  /** Share of its life after which a token is refreshed. Default 0.8. */
  renewAt?: number;
  /** Name of the lock that tabs refresh under. Default `entrepot-refresh`. */
  lock?: string;
}

/** The beginning and the end of a JWT, in milliseconds by the server's clock. */
function life(token: string): { from: number; to: number } | undefined {
  try {
    const part = token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/');
    const { iat, exp } = JSON.parse(atob(part)) as { iat?: unknown; exp?: unknown };
    return typeof iat === 'number' && typeof exp === 'number' ? { from: iat * 1000, to: exp * 1000 } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs under a lock that all tabs of an origin share, where there is one. */
async function locked<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as { locks?: LockManager } | undefined)?.locks;
  return locks ? await locks.request(name, work) : await work();
}

/** A member's session. One refresh runs at a time, for all callers and tabs. */
export function session(options: SessionOptions = {}): Auth {
  const share = options.renewAt ?? 0.8;
  let tokens: Tokens | null = null;
  let due = Infinity;
  let running: Promise<void> | undefined;

  const take = (next: Tokens | null, fresh: boolean) => {
    tokens = next;
    due = Infinity;
    const span = next?.accessToken ? life(next.accessToken) : undefined;
    if (!span) return;
    // By our own clock if the token is fresh, so that a clock that is wrong does no harm.
    due = fresh ? Date.now() + share * (span.to - span.from) : span.from + share * (span.to - span.from);
  };
  const current = (): Tokens | null => {
    const kept = options.storage?.load();
    if (kept && kept.accessToken !== tokens?.accessToken) take(kept, false);
    return tokens;
  };
  const exchange = async (caller: Caller): Promise<Tokens> => {
    if (options.refresh) {
      const next = await options.refresh();
      return typeof next === 'string' ? { accessToken: next } : next;
    }
    const held = current()?.refreshToken;
    if (!held) throw new EntrepotError({ code: 'SIGNED_OUT', message: 'The session has no refresh token. Log in again.' });
    return await caller.refresh(held);
  };
  const refresh = (caller: Caller): Promise<void> => {
    running ??= (async () => {
      const before = tokens?.accessToken;
      await locked(options.lock ?? 'entrepot-refresh', async () => {
        // Another tab may have done it while this one waited for the lock.
        if (options.storage && current()?.accessToken !== before) return;
        const held = tokens;
        // A login or a logout may come before the answer: then its tokens count.
        const isReplaced = () => current() !== held;
        try {
          const next = await exchange(caller);
          if (isReplaced()) return;
          take({ refreshToken: held?.refreshToken ?? null, ...next }, true);
          options.storage?.save(tokens);
        } catch (error) {
          if (isReplaced()) return;
          if (error instanceof EntrepotError && error.code === 'SIGNED_OUT') {
            take(null, false);
            options.storage?.save(null);
            caller.signedOut(error);
          }
          throw error;
        }
      });
    })().finally(() => {
      running = undefined;
    });
    return running;
  };
  const token = async (caller: Caller): Promise<string | undefined> => {
    current();
    if (running || Date.now() >= due || (!tokens?.accessToken && (options.refresh || tokens?.refreshToken))) {
      // A token that is still good does not wait for a server that is away.
      const usable = tokens?.accessToken && Date.now() < due + 60_000;
      await refresh(caller).catch((error: unknown) => {
        if (!usable || (error instanceof EntrepotError && error.code === 'SIGNED_OUT')) throw error;
      });
    }
    return tokens?.accessToken || undefined;
  };

  if (options.accessToken || options.refreshToken) {
    take({ accessToken: options.accessToken ?? '', refreshToken: options.refreshToken ?? null }, false);
  }
  return {
    anonymous: {},
    authorize: async (caller) => {
      const held = (await token(caller)) ?? '';
      return { headers: held ? { authorization: `Bearer ${held}` } : {}, stamp: held };
    },
    token,
    renew: async (caller, stamp) => {
      const held = current();
      if (!held && !options.refresh) return false;
      if (held && stamp !== undefined && stamp !== held.accessToken) return true;
      await refresh(caller);
      return true;
    },
    renewIn: () => (Number.isFinite(due) ? Math.max(0, due - Date.now()) : undefined),
    adopt: (next) => {
      take(next, true);
      options.storage?.save(next);
    },
  };
}

/** Options of a session whose tokens are in cookies. */
export interface CookieOptions {
  /** Share of its life after which the access cookie is refreshed. Default 0.8. */
  renewAt?: number;
}

const HEADER = { 'entrepot-session': 'cookie' };

/**
 * A page's session in HttpOnly cookies, which no script can read. For pages of the server's own
 * site.
 */
export function cookies(options: CookieOptions = {}): Auth {
  const share = options.renewAt ?? 0.8;
  let due = Infinity;
  let turn = 0;
  let running: Promise<void> | undefined;
  const take = (tokens: Tokens | null) => {
    turn += 1;
    const end = tokens?.accessExpiresAt ? Date.parse(tokens.accessExpiresAt) : NaN;
    due = Number.isNaN(end) ? Infinity : Date.now() + share * (end - Date.now());
  };
  const refresh = (caller: Caller): Promise<void> => {
    running ??= locked('entrepot-refresh', async () => take(await caller.refresh('')))
      .catch((error: unknown) => {
        if (error instanceof EntrepotError && error.code === 'SIGNED_OUT') {
          take(null);
          caller.signedOut(error);
        }
        throw error;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const prepare = async (caller: Caller) => {
    if (running || Date.now() >= due) await refresh(caller).catch(() => {});
  };
  return {
    credentials: 'include',
    anonymous: HEADER,
    authorize: async (caller) => {
      await prepare(caller);
      return { headers: HEADER, stamp: String(turn) };
    },
    token: async (caller) => {
      await prepare(caller);
      return undefined;
    },
    renew: async (caller, stamp) => {
      if (stamp === undefined || stamp === String(turn)) await refresh(caller);
      return true;
    },
    renewIn: () => undefined,
    adopt: take,
  };
}
