//! Checks of the event sequence, its counter, and the events of movements.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "journal: seq continues after the removed events, without gaps or repeats",
        table: "event",
        rests_on: tables![event],
        broken: "SELECT 'seq ' || seq, 'seq ' || nth, 'seq ' || seq
                 FROM (SELECT seq, row_number() OVER (ORDER BY seq) + (SELECT low_seq FROM tenant_counter WHERE tenant_id = $1) AS nth
                       FROM event WHERE tenant_id = $1 AND seq > (SELECT low_seq FROM tenant_counter WHERE tenant_id = $1)) e
                 WHERE seq <> nth ORDER BY nth LIMIT 1",
    },
    Check {
        invariant: "counter: exists, and equals the last numbers of events, orders and returns",
        table: "tenant_counter",
        rests_on: tables![],
        broken: "SELECT 'ten:' || HEX(t.id),
                   'head ' || (SELECT coalesce(max(seq), 0) FROM event WHERE tenant_id = $1)
                     || ' orders ' || (SELECT count(*) FROM sales_order WHERE tenant_id = $1)
                     || ' returns ' || (SELECT count(*) FROM sales_return WHERE tenant_id = $1),
                   'head ' || c.head || ' orders ' || c.order_number || ' returns ' || c.return_number
                 FROM tenant t LEFT JOIN tenant_counter c ON c.tenant_id = $1
                 WHERE t.id = $1 AND (c.tenant_id IS NULL
                   OR c.head <> (SELECT coalesce(max(seq), c.low_seq) FROM event WHERE tenant_id = $1 AND seq > c.low_seq)
                   OR c.order_number <> (SELECT count(*) FROM sales_order WHERE tenant_id = $1)
                   OR c.return_number <> (SELECT count(*) FROM sales_return WHERE tenant_id = $1))",
    },
    Check {
        invariant: "journal: time of recording never decreases, and the counter has the last one",
        table: "event",
        rests_on: tables![],
        broken: "SELECT 'seq ' || x.seq, 'recorded at ' || x.earlier || ' or later', 'recorded at ' || x.recorded_at
                 FROM (SELECT e.seq, e.recorded_at, lag(e.recorded_at) OVER (ORDER BY e.seq) AS earlier FROM event e
                       WHERE e.tenant_id = $1 AND e.seq > (SELECT ordered_from FROM tenant_counter WHERE tenant_id = $1)
                       UNION ALL
                       SELECT c.head + 1, c.recorded_at, (SELECT e.recorded_at FROM event e WHERE e.tenant_id = $1 AND e.seq = c.head)
                       FROM tenant_counter c WHERE c.tenant_id = $1 AND c.head > c.ordered_from) x
                 WHERE x.recorded_at < x.earlier ORDER BY x.seq LIMIT 1",
    },
    Check {
        invariant: "journal: a movement has its event, and every stock.changed its movement, under one seq",
        table: "movement",
        rests_on: tables![event, movement],
        // Not a FULL JOIN: SQLite would compare every movement with every event.
        broken: "SELECT 'seq ' || seq, 'a movement and its stock.changed', found
                 FROM (SELECT m.seq, 'no event' AS found FROM movement m WHERE m.tenant_id = $1
                         AND m.seq > (SELECT low_seq FROM tenant_counter WHERE tenant_id = $1) AND NOT EXISTS (
                         SELECT 1 FROM event e WHERE e.tenant_id = $1 AND e.seq = m.seq AND e.kind = STOCK_CHANGED)
                       UNION ALL
                       SELECT e.seq, 'no movement' AS found FROM event e WHERE e.tenant_id = $1 AND e.kind = STOCK_CHANGED AND NOT EXISTS (
                         SELECT 1 FROM movement m WHERE m.tenant_id = $1 AND m.seq = e.seq)) x
                 ORDER BY seq LIMIT 1",
    },
    Check {
        invariant: "reversal: names an earlier movement that may be reversed",
        table: "movement",
        rests_on: tables![movement],
        broken: "SELECT 'seq ' || m.seq, 'an earlier movement of no document',
                   coalesce(o.kind || ' seq ' || o.seq || coalesce(' of ' || o.reference_kind, ''), 'none')
                 FROM movement m LEFT JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                 WHERE m.tenant_id = $1 AND (m.reverses_id IS NOT NULL OR m.kind = 'REVERSAL')
                   AND (o.seq IS NULL OR m.kind <> 'REVERSAL' OR o.seq >= m.seq OR o.kind IN ('REVERSAL', 'RESERVE', 'RELEASE')
                     OR o.reference_kind NOT IN ('RESERVATION', 'OTHER')
                       AND NOT EXISTS (SELECT 1 FROM document_reversal_line d WHERE d.tenant_id = $1 AND d.mirror_id = m.id))
                 ORDER BY m.seq LIMIT 1",
    },
    Check {
        invariant: "reversal: a movement is reversed once",
        table: "movement",
        rests_on: tables![movement],
        broken: "SELECT 'mov:' || HEX(reverses_id), '1 reversal', count(*) || ' reversals' FROM movement
                 WHERE tenant_id = $1 AND reverses_id IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM document_reversal_line d WHERE d.tenant_id = $1 AND d.mirror_id = movement.id)
                 GROUP BY reverses_id HAVING count(*) > 1 ORDER BY reverses_id LIMIT 1",
    },
    // Units received into a lot are taken back as available or unavailable, by the state of the lot
    // at the reversal.
    Check {
        invariant: "reversal: mirrors its original entry by entry",
        table: "movement",
        rests_on: tables![movement],
        broken: "SELECT 'seq ' || r.back || ' of seq ' || r.forth || ' line ' || e.line,
                   r.lines || ' entries, on hand ' || -e.on_hand_delta || ' unavailable ' || -e.unavailable_delta,
                   r.backs || ' entries, on hand ' || b.on_hand_delta || ' unavailable ' || b.unavailable_delta
                 FROM (SELECT m.seq AS back, o.seq AS forth,
                         (SELECT count(*) FROM entry n WHERE n.tenant_id = $1 AND n.seq = o.seq) AS lines,
                         (SELECT count(*) FROM entry n WHERE n.tenant_id = $1 AND n.seq = m.seq) AS backs
                       FROM movement m JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                       WHERE m.tenant_id = $1 AND m.reverses_id IS NOT NULL
                         AND NOT EXISTS (SELECT 1 FROM document_reversal_line d WHERE d.tenant_id = $1 AND d.mirror_id = m.id)) r
                 JOIN entry e ON e.tenant_id = $1 AND e.seq = r.forth
                 LEFT JOIN entry b ON b.tenant_id = $1 AND b.seq = r.back AND b.line = r.lines + 1 - e.line
                 WHERE r.lines <> r.backs OR b.seq IS NULL OR b.product_id <> e.product_id OR b.store_id <> e.store_id
                   OR b.on_hand_delta <> -e.on_hand_delta OR b.unavailable_delta <> -e.unavailable_delta
                     AND NOT (e.lot_id IS NOT NULL AND e.on_hand_delta > 0 AND b.unavailable_delta IN (0, b.on_hand_delta))
                   OR b.reserved_delta <> 0 OR coalesce(b.value_minor, 0) <> -coalesce(e.value_minor, 0)
                 ORDER BY r.back, e.line LIMIT 1",
    },
];
