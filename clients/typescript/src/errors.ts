import type { ErrorCode as UserErrorCode, Open } from './schema.js';

/** The server's top-level codes, and some of the client's own. */
export type TopCode =
  | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'STEP_UP_REQUIRED' | 'MFA_ENROLMENT_REQUIRED' | 'TENANT_SUSPENDED' | 'RATE_LIMITED'
  | 'COST_EXCEEDED'
  | 'QUERY_TOO_COMPLEX' | 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED' | 'BAD_USER_INPUT' | 'BAD_REQUEST'
  | 'LIMIT_EXCEEDED' | 'TIMEOUT' | 'OVERLOADED' | 'UNAVAILABLE' | 'INTERNAL'
  /** No answer came: nobody knows whether a mutation was made. */
  | 'NETWORK'
  /** An answer came that is not GraphQL, such as a proxy's page. */
  | 'BAD_RESPONSE'
  /** The session has ended and cannot be refreshed. */
  | 'SIGNED_OUT'
  /** The client was closed. */
  | 'CLOSED'
  /** Rows were left out of an answer. */
  | 'TRUNCATED';

/** One entry of `errors`. */
export interface GraphQLErrorEntry {
  message: string;
  path?: ReadonlyArray<string | number>;
  locations?: ReadonlyArray<{ line: number; column: number }>;
  extensions?: Readonly<Record<string, unknown>>;
}

/** Details of a top-level error. */
export interface ErrorDetails {
  code: Open<TopCode>;
  message: string;
  retryAfterMs?: number | undefined;
  status?: number | undefined;
  requestId?: string | undefined;
  errors?: readonly GraphQLErrorEntry[] | undefined;
  data?: unknown;
  cause?: unknown;
}

/** Codes after which the same call may succeed. */
const RETRYABLE: ReadonlySet<string> = new Set(['RATE_LIMITED', 'TIMEOUT', 'OVERLOADED', 'UNAVAILABLE', 'NETWORK']);

/** A call that was not answered, or was answered with top-level errors. */
export class EntrepotError extends Error {
  override readonly name = 'EntrepotError';
  readonly code: Open<TopCode>;
  /** Whether the same call may succeed in a moment. */
  readonly retryable: boolean;
  /** How long to wait, in milliseconds, if the server said so. */
  readonly retryAfterMs: number | undefined;
  /** The status of the HTTP answer. */
  readonly status: number | undefined;
  /** Names the request to the operator. */
  readonly requestId: string | undefined;
  /** The page of the reference that explains the code. */
  readonly docs: string | undefined;
  /** The permission that is missing, of FORBIDDEN. */
  readonly permission: string | undefined;
  /** `extensions` of the first error. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** All errors as they came. */
  readonly errors: readonly GraphQLErrorEntry[];
  /** What was answered beside the errors. */
  readonly data: unknown;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.errors = details.errors ?? [];
    this.extensions = this.errors[0]?.extensions ?? {};
    this.code = details.code;
    this.retryable = RETRYABLE.has(details.code);
    this.retryAfterMs = details.retryAfterMs ?? number(this.extensions['retryAfterMs']);
    this.status = details.status;
    this.requestId = details.requestId ?? string(this.extensions['requestId']);
    this.docs = string(this.extensions['docs']);
    this.permission = string(this.extensions['permission']);
    this.data = details.data;
  }

  /** Of an answer's `errors`. */
  static of(errors: readonly GraphQLErrorEntry[], rest: Omit<ErrorDetails, 'code' | 'message' | 'errors'> = {}): EntrepotError {
    const first = errors[0];
    const code = string(first?.extensions?.['code']) ?? 'BAD_RESPONSE';
    return new EntrepotError({ ...rest, code, message: first?.message ?? 'The answer has neither data nor errors.', errors });
  }
}

const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/**
 * One refusal of a payload, with the fields that its kind adds (`available`, `actualVersion`, …)
 * if they were selected.
 */
export interface UserError {
  code: Open<UserErrorCode>;
  message: string;
  field?: readonly string[] | null;
  retryable?: boolean;
  [more: string]: unknown;
}

/** The `userErrors` that somewhere in a mutation's answer have the fields that `Result` selects. */
export type UserErrorsOf<Result> = {
  [Field in keyof Result]: NonNullable<Result[Field]> extends { userErrors: ReadonlyArray<infer E> } ? E : never;
}[keyof Result];

/** A mutation that the rules refused: nothing was changed. HTTP was 200. */
export class UserErrors<E = UserError> extends Error {
  override readonly name = 'UserErrors';
  /** Each refusal, in the order of the input. */
  readonly userErrors: readonly (E & UserError)[];
  /** The whole answer. */
  readonly data: unknown;

  constructor(userErrors: readonly (E & UserError)[], data: unknown) {
    super(userErrors.map(({ code, message, field }) => `${code}${field ? ` at ${field.join('.')}` : ''}: ${message}`).join('\n'));
    this.userErrors = userErrors;
    this.data = data;
  }

  /** The code of the first refusal. */
  get code(): Open<UserErrorCode> {
    return this.userErrors[0]?.code ?? 'INVALID';
  }

  /** Whether a refusal has this code. */
  has(code: UserErrorCode): boolean {
    return this.userErrors.some((error) => error.code === code);
  }
}

/** An answer that was asked for without throwing. */
export type Settled<Result> =
  | { ok: true; data: Result }
  | { ok: false; error: EntrepotError | UserErrors<UserErrorsOf<Result>> };

/** The `userErrors` of all payloads of an answer. */
export function userErrorsIn(data: unknown): UserError[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.values(data).flatMap((payload: unknown) => {
    const errors = (payload as { userErrors?: unknown } | null)?.userErrors;
    return Array.isArray(errors) ? (errors as UserError[]) : [];
  });
}
