//! Checks of counts against the ledger.

use super::check::{Check, numbered, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "count line: its figures equal those of its last try",
        table: "count_line",
        rests_on: tables![count_line],
        broken: "SELECT 'cln:' || HEX(l.id), coalesce(t.n, 0) || ' tries, counted ' || coalesce(CAST(x.counted AS text), 'nothing'),
                   l.attempts || ' tries, counted ' || coalesce(CAST(l.counted AS text), 'nothing')
                 FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id
                 LEFT JOIN (SELECT count_id, product_id, lot_key, count(*) AS n, max(attempt) AS last FROM count_try WHERE tenant_id = $1
                            GROUP BY count_id, product_id, lot_key) t
                   ON t.count_id = l.count_id AND t.product_id = l.product_id AND t.lot_key = l.lot_key
                 LEFT JOIN count_try x ON x.tenant_id = $1 AND x.count_id = l.count_id AND x.product_id = l.product_id AND x.lot_key = l.lot_key
                   AND x.attempt = t.last
                 WHERE l.tenant_id = $1 AND (l.attempts <> coalesce(t.n, 0) OR l.attempts <> coalesce(t.last, 0)
                   OR coalesce(l.counted, -1) <> coalesce(x.counted, -1) OR coalesce(l.counted_at, -1) <> coalesce(x.counted_at, -1)
                   OR coalesce(l.book_version, -1) <> coalesce(x.book_version, -1) OR (c.status <> 'COMPLETED' AND l.book <> x.book))
                 ORDER BY l.id LIMIT 1",
    },
    Check {
        invariant: "count line: a completed count posted counted - book, and its COUNT entries sum to that",
        table: "count_line",
        rests_on: tables![count_line],
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
        invariant: "count line: it has the stored code of its lot, and no lot where stock is not kept by lots",
        table: "count_line",
        rests_on: tables![count_line],
        broken: "SELECT 'cln:' || HEX(l.id), coalesce(o.code_key, 'no lot') || ' of a product that is ' || p.tracking, l.lot_key
                 FROM count_line l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
                 LEFT JOIN lot o ON o.tenant_id = $1 AND o.id = l.lot_id
                 WHERE l.tenant_id = $1 AND ((p.tracking = 'NONE' AND l.lot_key <> '')
                   OR (o.id IS NOT NULL AND (o.code_key <> l.lot_key OR o.product_id <> l.product_id))) ORDER BY l.id LIMIT 1",
    },
    // Book quantity known at the try: movements recorded by then, occurred by its time, and
    // postings of counts. Later occurrences are searched from the last version before the first of
    // them; that is a query of its own, since under row-level security a subquery's result is not
    // used as an index bound. A try of "now" takes the stock on hand, however far ahead its
    // movements may be dated.
    Check {
        invariant: "count try: its book quantity is the sum of the entries up to its time",
        table: "count_try",
        rests_on: tables![count_try],
        broken: "WITH told AS MATERIALIZED (
                   SELECT t.count_id, t.product_id, t.lot_key, t.attempt, t.book, t.book_version, t.counted_at, t.recorded_at, c.store_id, p.tracking, o.id AS lot_id,
                     (SELECT b.version_after FROM entry b WHERE b.tenant_id = $1 AND b.product_id = t.product_id AND b.store_id = c.store_id
                        AND b.version_after <= t.book_version AND b.occurred_max <= t.counted_at ORDER BY b.version_after DESC LIMIT 1) AS low
                   FROM count_try t JOIN stock_count c ON c.tenant_id = $1 AND c.id = t.count_id
                   JOIN product p ON p.tenant_id = $1 AND p.id = t.product_id
                   LEFT JOIN lot o ON o.tenant_id = $1 AND o.product_id = t.product_id AND o.code_key = t.lot_key AND t.lot_key <> ''
                   WHERE t.tenant_id = $1),
                 kept AS MATERIALIZED (
                   SELECT t.*,
                     CASE WHEN t.tracking = 'NONE' THEN coalesce((SELECT e.on_hand_after FROM entry e WHERE e.tenant_id = $1
                         AND e.product_id = t.product_id AND e.store_id = t.store_id AND e.version_after = t.book_version), 0)
                       WHEN t.lot_id IS NULL THEN 0
                       ELSE coalesce((SELECT sum(e.on_hand_delta) FROM entry e WHERE e.tenant_id = $1 AND e.product_id = t.product_id
                         AND e.store_id = t.store_id AND e.version_after <= t.book_version AND e.lot_id = t.lot_id), 0) END AS known,
                     CASE WHEN t.tracking <> 'NONE' AND t.lot_id IS NULL THEN 0
                       ELSE coalesce((SELECT sum(e.on_hand_delta) FROM entry e WHERE e.tenant_id = $1 AND e.product_id = t.product_id
                         AND e.store_id = t.store_id AND e.version_after > coalesce(t.low, 0) AND e.version_after <= t.book_version
                         AND e.occurred_at > t.counted_at AND (t.tracking = 'NONE' OR e.lot_id = t.lot_id)
                         AND NOT EXISTS (SELECT 1 FROM movement m WHERE m.tenant_id = $1 AND m.seq = e.seq AND m.kind IN ('COUNT', 'REVERSAL')
                           AND m.reference_kind = 'COUNT')), 0) END AS behind
                   FROM told t)
                 SELECT 'cnt:' || HEX(k.count_id) || ' prd:' || HEX(k.product_id) || ' lot ' || k.lot_key || ' try ' || k.attempt,
                   'book ' || (k.known - k.behind), 'book ' || k.book
                 FROM kept k WHERE k.book <> k.known - k.behind AND NOT (k.counted_at = k.recorded_at AND k.book = k.known)
                 ORDER BY k.count_id, k.product_id, k.lot_key, k.attempt LIMIT 1",
    },
    // Entries known when the count was approved have a lower seq than the entry that it posted. If
    // it posted none, entries recorded in the microsecond of its approval may be earlier or later.
    // The sum with 0 keeps SQLite on the index of the level.
    Check {
        invariant: "count line: its book quantity is its last try's, with late entries that were recorded before the approval",
        table: "count_line",
        rests_on: tables![count_line],
        broken: "WITH line AS MATERIALIZED (
                   SELECT l.id, l.product_id, l.lot_key, l.counted, l.counted_at, l.book, l.book_version, l.reversed_at, x.book AS told, c.id AS count_id, c.store_id, c.completed_at,
                     coalesce(w.seq, 9007199254740991) AS posted_seq,
                     p.tracking, o.id AS lot_id,
                     (SELECT n.version_after FROM entry n WHERE n.tenant_id = $1 AND n.product_id = l.product_id AND n.store_id = c.store_id
                        AND n.version_after > l.book_version AND n.recorded_at > c.completed_at ORDER BY n.version_after LIMIT 1) AS later
                   FROM count_line l JOIN stock_count c ON c.tenant_id = $1 AND c.id = l.count_id AND c.status = 'COMPLETED'
                   JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
                   JOIN count_try x ON x.tenant_id = $1 AND x.count_id = l.count_id AND x.product_id = l.product_id AND x.lot_key = l.lot_key
                     AND x.attempt = l.attempts
                   LEFT JOIN lot o ON o.tenant_id = $1 AND o.product_id = l.product_id AND o.code_key = l.lot_key AND l.lot_key <> ''
                   LEFT JOIN (SELECT reference_id, min(seq) AS seq FROM movement
                              WHERE tenant_id = $1 AND kind = 'COUNT' AND reference_kind = 'COUNT' GROUP BY reference_id) w ON w.reference_id = c.id
                   WHERE l.tenant_id = $1 AND l.state = 'COUNTED'),
                 known AS MATERIALIZED (
                   SELECT l.id, l.product_id, l.lot_key, l.lot_id, l.store_id, l.counted, l.counted_at, l.book, l.told, l.reversed_at,
                     coalesce((SELECT sum(e.on_hand_delta) FROM entry e CROSS JOIN movement m WHERE e.tenant_id = $1
                       AND e.product_id = l.product_id AND e.store_id = l.store_id AND e.version_after > l.book_version
                       AND e.version_after < coalesce(l.later, 9007199254740991) AND e.seq + 0 < l.posted_seq AND e.on_hand_delta <> 0
                       AND ((l.tracking = 'NONE' AND l.lot_key = '') OR e.lot_id = l.lot_id) AND m.tenant_id = $1 AND m.seq = e.seq
                       AND (m.reference_id IS NULL OR m.reference_id <> l.count_id)
                       AND (e.occurred_at < l.counted_at OR (m.kind IN ('COUNT', 'REVERSAL') AND m.reference_kind = 'COUNT'))), 0) AS late,
                     coalesce((SELECT sum(e.on_hand_delta) FROM entry e CROSS JOIN movement m WHERE e.tenant_id = $1
                       AND e.product_id = l.product_id AND e.store_id = l.store_id AND e.version_after > l.book_version
                       AND e.version_after < coalesce(l.later, 9007199254740991) AND e.seq + 0 < l.posted_seq AND e.recorded_at < l.completed_at AND e.on_hand_delta <> 0
                       AND ((l.tracking = 'NONE' AND l.lot_key = '') OR e.lot_id = l.lot_id) AND m.tenant_id = $1 AND m.seq = e.seq
                       AND (m.reference_id IS NULL OR m.reference_id <> l.count_id)
                       AND (e.occurred_at < l.counted_at OR (m.kind IN ('COUNT', 'REVERSAL') AND m.reference_kind = 'COUNT'))), 0) AS sure
                   FROM line l)
                 SELECT 'cln:' || HEX(k.id), 'book ' || (k.told + k.late), 'book ' || k.book FROM known k
                 WHERE k.book <> k.told + k.late AND k.book <> k.told + k.sure AND NOT (k.book = k.counted AND (
                   k.reversed_at IS NOT NULL OR (k.lot_key = '' AND EXISTS (SELECT 1 FROM stock_level v WHERE v.tenant_id = $1 AND v.product_id = k.product_id
                      AND v.store_id = k.store_id AND v.counted_at > k.counted_at))
                   OR EXISTS (SELECT 1 FROM lot_level v WHERE v.tenant_id = $1 AND v.product_id = k.product_id AND v.store_id = k.store_id
                      AND v.lot_id = k.lot_id AND v.counted_at > k.counted_at)))
                 ORDER BY k.id LIMIT 1",
    },
    Check {
        invariant: "count line: a product with a line for a lot has no uncounted line without a lot",
        table: "count_line",
        rests_on: tables![count_line],
        broken: "SELECT 'cln:' || HEX(l.id), 'no line without a lot', 'one that nobody counted'
                 FROM count_line l WHERE l.tenant_id = $1 AND l.lot_key = '' AND l.attempts = 0
                   AND EXISTS (SELECT 1 FROM count_line o WHERE o.tenant_id = $1 AND o.count_id = l.count_id AND o.product_id = l.product_id
                     AND o.lot_key <> '') ORDER BY l.id LIMIT 1",
    },
    Check {
        invariant: "count line: its REVERSAL entries mirror what was reversed of it, and nothing else",
        table: "count_line",
        rests_on: tables![count_line],
        broken: "SELECT 'cln:' || HEX(l.id), 'undone in entries ' || (CASE WHEN l.reversed_at IS NULL THEN 0 ELSE -coalesce(l.posted, 0) END),
                   'undone in entries ' || coalesce(m.moved, 0)
                 FROM count_line l
                 LEFT JOIN (SELECT m.reference_id, e.product_id, coalesce(o.code_key, '') AS lot_key, sum(e.on_hand_delta) AS moved FROM movement m
                            JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq LEFT JOIN lot o ON o.tenant_id = $1 AND o.id = e.lot_id
                            WHERE m.tenant_id = $1 AND m.kind = 'REVERSAL' AND m.reference_kind = 'COUNT'
                            GROUP BY m.reference_id, e.product_id, coalesce(o.code_key, '')) m
                   ON m.reference_id = l.count_id AND m.product_id = l.product_id AND m.lot_key = l.lot_key
                 WHERE l.tenant_id = $1 AND ((l.reversed_at IS NOT NULL AND l.posted IS NULL)
                   OR coalesce(m.moved, 0) <> CASE WHEN l.reversed_at IS NULL THEN 0 ELSE -coalesce(l.posted, 0) END)
                 ORDER BY l.id LIMIT 1",
    },
    numbered!("count", "stock_count", "cnt", "count_number"),
];
