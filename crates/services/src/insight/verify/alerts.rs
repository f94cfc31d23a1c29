//! Checks of alerts against the stock that they were opened for.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "alert: an OUT_OF_STOCK alert has nothing available, up to the last checked event",
        table: "alert",
        rests_on: tables![alert],
        broken: "SELECT 'alr:' || HEX(a.id), 'available 0 or less', 'available ' || (l.on_hand - l.unavailable - l.reserved)
                 FROM alert a JOIN alert_follower f ON f.tenant_id = $1
                 JOIN stock_level l ON l.tenant_id = $1 AND l.product_id = a.product_id AND l.store_id = a.store_id
                 WHERE a.tenant_id = $1 AND a.kind = 'OUT_OF_STOCK' AND a.state <> 'RESOLVED' AND l.seq <= f.journal_seq
                   AND l.on_hand - l.unavailable - l.reserved > 0 ORDER BY a.id LIMIT 1",
    },
    Check {
        invariant: "alert: the last checked event is not beyond the journal's head",
        table: "alert_follower",
        rests_on: tables![alert_follower],
        broken: "SELECT 'the tenant', 'at most ' || c.head, CAST(f.journal_seq AS text) FROM alert_follower f JOIN tenant_counter c ON c.tenant_id = $1
                 WHERE f.tenant_id = $1 AND f.journal_seq > c.head LIMIT 1",
    },
];
