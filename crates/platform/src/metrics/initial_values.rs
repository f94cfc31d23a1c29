//! Gauges of open things, and counters of rare events, initialized to 0. An autoscaler that scales by
//! sockets removes no node while one has no such gauge. Prometheus' `increase` and `rate` compare two
//! scrapes: they miss the first event of a counter that first appears with it.
//!
//! Not here: metrics that are set at each scrape (jobs, webhooks, statements), which exist anyway;
//! failures of backups, which count in a log that outlives the process, so that a 0 before them
//! would make old failures look new; and metrics that are counted all day.

use metrics::{counter, gauge};

use super::names;

const PLAIN: [&str; 9] = [
    names::USER_ERRORS,
    names::BATCH_OVERTAKEN,
    names::BATCH_UNPLANNED,
    names::SET_ASIDE,
    names::LANE_FULL,
    names::FOUND_BY_POLL,
    names::SOCKETS_REFUSED,
    names::FAILOVERS,
    names::SLOW_STATEMENTS,
];

/// Gauges of open things, which count from 0.
const OPEN: [&str; 3] = [names::SOCKETS, names::SUBSCRIPTIONS, names::EXECUTIONS];

/// Names of counters with a label, and all its values.
const LABELLED: [(&str, &str, &[&str]); 7] = [
    (names::REQUESTS_SHED, "reason", &["share", "full"]),
    (names::RATE_LIMIT_REFUSED, "code", &["COST_EXCEEDED", "RATE_LIMITED", "CROWDED"]),
    (names::STREAM_RESETS, "reason", &["CURSOR_EXPIRED", "CURSOR_FOREIGN", "EPOCH_CHANGED", "SCOPE_CHANGED"]),
    (names::STREAM_CATCHUPS, "from", &["memory", "journal"]),
    (names::HINTS, "what", &["sent", "heard", "lost"]),
    (names::EXPORT_RUNS, "result", &["completed", "failed"]),
    (names::SLOW_OPERATIONS, "type", &["query", "mutation"]),
];

pub fn register() {
    for name in OPEN {
        gauge!(name).increment(0.0);
    }
    for name in PLAIN {
        counter!(name).increment(0);
    }
    for (name, label, values) in LABELLED {
        for value in values {
            counter!(name, label => *value).increment(0);
        }
    }
}
