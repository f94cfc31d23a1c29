//! Limits of the pools of connections: waits, ages, prepared statements, and pauses between tries.

use std::time::Duration;

/// Timeout of a statement's wait for a connection, after which the request is refused.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection: every statement of the hot paths, with room for
/// the filters of lists.
pub(super) const STATEMENT_CACHE: usize = 256;
/// Idle time after which a connection is closed instead of used: a firewall may have dropped it
/// silently, and a statement on it would wait for an answer that never comes.
pub(super) const IDLE_LIMIT: Duration = Duration::from_mins(10);
/// Maximum age of a connection: the server's memory for it is freed when it is closed.
pub(super) const MAX_CONNECTION_AGE: Duration = Duration::from_mins(30);
/// The first pause between two tries to connect to a server that is starting.
pub(super) const MIN_BACKOFF: Duration = Duration::from_millis(10);
pub(super) const MAX_BACKOFF: Duration = Duration::from_millis(200);
