//! Counters of rare events, from the start at 0. Prometheus' `increase` and `rate` compare two scrapes, so of a counter that is first seen with
//! its first event they see no event at all.
//!
//! Not here: what is set anew at each scrape (jobs, webhooks, statements), which is there without it; failures of backups, whose level is
//! that of a log that outlives the process, so that a 0 before it would look like failures of now; and what is counted all day.

use metrics::counter;

use super::names;

const PLAIN: [&str; 9] = [
    names::USER_ERRORS,
    names::BATCH_OVERTAKEN,
    names::BATCH_UNPLANNED,
    names::SET_ASIDE,
    names::LANE_FULL,
    names::FOUND_BY_POLL,
    names::TURNED_AWAY,
    names::FAILOVERS,
    names::SLOW_STATEMENTS,
];

/// Names, their label, and all values of it.
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
    for name in PLAIN {
        counter!(name).increment(0);
    }
    for (name, label, values) in LABELLED {
        for value in values {
            counter!(name, label => *value).increment(0);
        }
    }
}
