export { apiKey, cookies, session } from './auth.js';
export type { Auth, Authorization, Caller, CookieOptions, SessionOptions, Tokens, TokenStorage } from './auth.js';
export { createClient, EntrepotClient } from './client.js';
export type {
  Answer, CallOptions, ClientOptions, DeprecatedUse, LiveAlertsOptions, LiveOrdersOptions, LiveStockOptions, LoginResult, Mutate, NodeOf,
  RateLimitState, VariablesOf,
} from './client.js';
export { Connection } from './connection.js';
export type { Ended, Sink, Subscription, WebSocketLike } from './connection-types.js';
export { bucketOf, digestOf } from './digest.js';
export type { StockCopy, StockDifference, StockDigestOf, StockDigestRow } from './digest.js';
export { TypedDocumentString } from './document.js';
export type { DocumentInput, TypedDocument } from './document.js';
export * from './documents.js';
export { EntrepotError, UserErrors } from './errors.js';
export type { GraphQLErrorEntry, Settled, TopCode, UserError, UserErrorsOf } from './errors.js';
export { LiveStore } from './live.js';
export type { AlertRow, KeptChange, LiveEvent, LiveSnapshot, LiveStatus, LiveStorage, OrderRow, StockRow, StreamDocument } from './live.js';
export type { RetryOptions } from './retry.js';
export { uuidv7 } from './uuid.js';
export { VERSION } from './version.js';
export type { LiveConnection, SavedViewRow } from './view.js';
