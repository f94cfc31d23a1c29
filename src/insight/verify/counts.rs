//! Counts, and what the ledger says of them.

use super::checks::{Check, numbered};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "count line: it is as its last try left it",
        table: "count_line",
        broken: "SELECT 'cln:' || HEX(l.id), coalesce(t.n, 0) || ' tries, counted ' || coalesce(CAST(x.counted AS text), 'nothing'),
                   l.attempts || ' tries, counted ' || coalesce(CAST(l.counted AS text), 'nothing')
                 FROM count_line l
                 LEFT JOIN (SELECT count_id, product_id, lot_key, count(*) AS n, max(attempt) AS last FROM count_try WHERE tenant_id = $1
                            GROUP BY count_id, product_id, lot_key) t
                   ON t.count_id = l.count_id AND t.product_id = l.product_id AND t.lot_key = l.lot_key
                 LEFT JOIN count_try x ON x.tenant_id = $1 AND x.count_id = l.count_id AND x.product_id = l.product_id AND x.lot_key = l.lot_key
                   AND x.attempt = t.last
                 WHERE l.tenant_id = $1 AND (l.attempts <> coalesce(t.n, 0) OR l.attempts <> coalesce(t.last, 0)
                   OR coalesce(l.counted, -1) <> coalesce(x.counted, -1) OR coalesce(l.counted_at, -1) <> coalesce(x.counted_at, -1))
                 ORDER BY l.id LIMIT 1",
    },
    Check {
        invariant: "count line: a completed count posted counted - book, and its COUNT entries sum to that",
        table: "count_line",
        broken: "SELECT 'cln:' || HEX(l.id), 'posted ' || (l.counted - l.book) || ' in entries ' || (l.counted - l.book),
                   'posted ' || coalesce(CAST(l.posted AS text), 'nothing') || ' in entries ' || coalesce(m.moved, 0)
                 FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
                 LEFT JOIN (SELECT m.reference_id, e.product_id, coalesce(o.code_key, '') AS lot_key, sum(e.on_hand_delta) AS moved FROM movement m
                            JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq LEFT JOIN lot o ON o.tenant_id = $1 AND o.id = e.lot_id
                            WHERE m.tenant_id = $1 AND m.kind = 'COUNT' AND m.reference_kind = 'COUNT'
                            GROUP BY m.reference_id, e.product_id, coalesce(o.code_key, '')) m
                   ON m.reference_id = l.count_id AND m.product_id = l.product_id AND m.lot_key = l.lot_key
                 WHERE l.tenant_id = $1 AND (coalesce(l.posted, 0) <> coalesce(m.moved, 0)
                   OR (l.posted IS NOT NULL) <> (c.status = 'COMPLETED' AND l.state = 'COUNTED')
                   OR (l.posted IS NOT NULL AND l.posted <> l.counted - l.book))
                 ORDER BY l.id LIMIT 1",
    },
    Check {
        invariant: "count line: it names a lot as the books call it, and none where stock is not kept by lots",
        table: "count_line",
        broken: "SELECT 'cln:' || HEX(l.id), coalesce(o.code_key, 'no lot') || ' of a product that is ' || p.tracking, l.lot_key
                 FROM count_line l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
                 LEFT JOIN lot o ON o.tenant_id = $1 AND o.id = l.lot_id
                 WHERE l.tenant_id = $1 AND ((p.tracking = 'NONE' AND l.lot_key <> '')
                   OR (o.id IS NOT NULL AND (o.code_key <> l.lot_key OR o.product_id <> l.product_id))) ORDER BY l.id LIMIT 1",
    },
    numbered!("count", "stock_count", "cnt", "count_number"),
];
