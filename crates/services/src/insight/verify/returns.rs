//! Checks of returns against the ledger.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "order line: returned = the pieces that its returns have received",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' line ' || l.position, 'returned ' || coalesce(s.pieces, 0), 'returned ' || l.returned
                 FROM order_line l LEFT JOIN (
                   SELECT p.order_id, p.order_position, sum(p.received) AS pieces FROM return_match p
                   WHERE p.tenant_id = $1 GROUP BY p.order_id, p.order_position
                 ) s ON s.order_id = l.order_id AND s.order_position = l.position
                 WHERE l.tenant_id = $1 AND l.returned <> coalesce(s.pieces, 0)
                 ORDER BY l.order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "order line: to be returned = the pieces that open returns have yet to receive",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' line ' || l.position, 'to be returned ' || coalesce(s.pieces, 0),
                   'to be returned ' || l.return_pending
                 FROM order_line l LEFT JOIN (
                   SELECT p.order_id, p.order_position, sum(p.quantity - p.received) AS pieces FROM return_match p
                   JOIN sales_return r ON r.tenant_id = $1 AND r.id = p.return_id AND r.status IN ('REQUESTED', 'APPROVED', 'PARTIALLY_RECEIVED')
                   WHERE p.tenant_id = $1 GROUP BY p.order_id, p.order_position
                 ) s ON s.order_id = l.order_id AND s.order_position = l.position
                 WHERE l.tenant_id = $1 AND l.return_pending <> coalesce(s.pieces, 0)
                 ORDER BY l.order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "return line: inspected <= received <= quantity, as its state requires",
        table: "return_line",
        rests_on: tables![return_line],
        broken: "SELECT 'ret:' || HEX(l.return_id) || ' line ' || l.position, 'figures that fit ' || r.status,
                   'quantity ' || l.quantity || ' received ' || l.received || ' restocked ' || l.restocked || ' quarantined ' || l.quarantined
                     || ' written off ' || l.written_off
                 FROM return_line l JOIN sales_return r ON r.tenant_id = $1 AND r.id = l.return_id
                 WHERE l.tenant_id = $1 AND (l.received > l.quantity OR l.restocked < 0 OR l.quarantined < 0 OR l.written_off < 0
                   OR l.restocked + l.quarantined + l.written_off > l.received
                   OR (r.status IN ('REQUESTED', 'APPROVED', 'REJECTED') AND l.received <> 0)
                   OR (r.status IN ('INSPECTED', 'CLOSED') AND l.kind = 'PRODUCT' AND l.restocked + l.quarantined + l.written_off <> l.received))
                 ORDER BY l.return_id, l.position LIMIT 1",
    },
    Check {
        invariant: "return line: written off = its REMOVAL entries, less the reversed ones",
        table: "sales_return",
        rests_on: tables![entry],
        broken: "SELECT 'ret:' || HEX(s.return_id) || ' prd:' || HEX(s.product_id), 'written off ' || coalesce(l.quantity, 0), 'written off ' || s.gone
                 FROM (SELECT m.reference_id AS return_id, e.product_id, -sum(e.on_hand_delta) AS gone FROM movement m
                       JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                       LEFT JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                       WHERE m.tenant_id = $1 AND m.reference_kind = 'RETURN'
                         AND (m.kind = 'REMOVAL' OR m.kind = 'REVERSAL' AND o.kind = 'REMOVAL')
                       GROUP BY m.reference_id, e.product_id) s
                 LEFT JOIN (SELECT n.return_id, n.product_id, sum(n.written_off) AS quantity FROM (
                              SELECT return_id, product_id, written_off FROM return_line WHERE tenant_id = $1 AND product_id IS NOT NULL
                              UNION ALL SELECT p.return_id, p.product_id, p.quantity FROM return_line_part p
                              JOIN return_line l ON l.tenant_id = $1 AND l.return_id = p.return_id AND l.position = p.position AND l.disposition = 'WRITE_OFF'
                              WHERE p.tenant_id = $1) n
                            GROUP BY n.return_id, n.product_id) l
                   ON l.return_id = s.return_id AND l.product_id = s.product_id
                 WHERE s.gone <> coalesce(l.quantity, 0) ORDER BY s.return_id, s.product_id LIMIT 1",
    },
    Check {
        invariant: "return lot: the lots of a line sum to its received units, and none has more inspected than received units",
        table: "return_lot",
        rests_on: tables![return_lot],
        broken: "SELECT 'ret:' || HEX(t.return_id) || ' line ' || t.position, 'received ' || coalesce(max(l.received), 0),
                   'received ' || sum(t.received) || ' looked at ' || sum(t.inspected)
                 FROM return_lot t LEFT JOIN return_line l ON l.tenant_id = $1 AND l.return_id = t.return_id AND l.position = t.position
                 WHERE t.tenant_id = $1 GROUP BY t.return_id, t.position
                 HAVING sum(t.received) <> coalesce(max(l.received), 0) OR max(t.inspected - t.received) > 0
                   OR sum(t.inspected) <> coalesce(max(l.restocked + l.quarantined + l.written_off), 0)
                 ORDER BY t.return_id, t.position LIMIT 1",
    },
    Check {
        invariant: "return: it has a refund exactly if it is CLOSED, and a REJECTED one has a reason",
        table: "sales_return",
        rests_on: tables![sales_return],
        broken: "SELECT 'ret:' || HEX(id), 'an end that fits ' || status,
                   'refunded ' || coalesce(CAST(refunded_minor AS text), 'nothing') || ', ' || coalesce(reject_reason, 'not rejected')
                 FROM sales_return WHERE tenant_id = $1
                   AND ((refunded_minor IS NOT NULL) <> (status = 'CLOSED') OR (reject_reason IS NOT NULL) <> (status = 'REJECTED'))
                 ORDER BY id LIMIT 1",
    },
    Check {
        invariant: "return line: its pieces are at most its quantity, and of its product",
        table: "return_line",
        rests_on: tables![return_line],
        broken: "SELECT 'ret:' || HEX(l.return_id) || ' line ' || l.position, 'pieces up to ' || l.quantity || ' of the same product',
                   'pieces ' || sum(p.quantity) || ' of which of others '
                     || sum(CASE WHEN coalesce(o.product_id = l.product_id, l.product_id IS NULL AND o.product_id IS NULL) THEN 0 ELSE 1 END)
                 FROM return_line l JOIN return_match p ON p.tenant_id = $1 AND p.return_id = l.return_id AND p.return_position = l.position
                 LEFT JOIN order_line o ON o.tenant_id = $1 AND o.order_id = p.order_id AND o.position = p.order_position
                 WHERE l.tenant_id = $1 GROUP BY l.return_id, l.position, l.quantity
                 HAVING sum(p.quantity) > l.quantity
                   OR sum(CASE WHEN coalesce(o.product_id = l.product_id, l.product_id IS NULL AND o.product_id IS NULL) THEN 0 ELSE 1 END) > 0
                 ORDER BY l.return_id, l.position LIMIT 1",
    },
    Check {
        invariant: "return: its RETURN entries sum to the received units of its lines",
        table: "sales_return",
        rests_on: tables![entry],
        broken: "SELECT 'ret:' || HEX(s.return_id) || ' prd:' || HEX(s.product_id), 'taken in ' || coalesce(l.quantity, 0), 'taken in ' || s.taken
                 FROM (SELECT m.reference_id AS return_id, e.product_id, sum(e.on_hand_delta) AS taken FROM movement m
                       JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                       LEFT JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                       WHERE m.tenant_id = $1 AND m.reference_kind = 'RETURN'
                         AND (m.kind = 'RETURN' OR m.kind = 'REVERSAL' AND o.kind = 'RETURN')
                       GROUP BY m.reference_id, e.product_id) s
                 LEFT JOIN (SELECT n.return_id, n.product_id, sum(n.quantity) AS quantity FROM (
                              SELECT return_id, product_id, received AS quantity FROM return_line WHERE tenant_id = $1 AND product_id IS NOT NULL
                              UNION ALL SELECT return_id, product_id, quantity FROM return_line_part WHERE tenant_id = $1) n
                            GROUP BY n.return_id, n.product_id) l
                   ON l.return_id = s.return_id AND l.product_id = s.product_id
                 WHERE s.taken <> coalesce(l.quantity, 0) ORDER BY s.return_id, s.product_id LIMIT 1",
    },
    Check {
        invariant: "return: its refund is the sum of its lines",
        table: "sales_return",
        rests_on: tables![sales_return],
        broken: "SELECT 'ret:' || HEX(r.id), 'refund ' || coalesce(s.total, 0), 'refund ' || r.refund_minor
                 FROM sales_return r LEFT JOIN (SELECT return_id, sum(total_minor) AS total FROM return_line WHERE tenant_id = $1 GROUP BY return_id) s
                   ON s.return_id = r.id
                 WHERE r.tenant_id = $1 AND r.refund_minor <> coalesce(s.total, 0) ORDER BY r.id LIMIT 1",
    },
    Check {
        invariant: "return: numbers run 1, 2, 3 without gaps",
        table: "sales_return",
        rests_on: tables![sales_return],
        broken: "SELECT 'ret:' || HEX(id), 'number ' || nth, 'number ' || number
                 FROM (SELECT id, number, row_number() OVER (ORDER BY number) AS nth FROM sales_return WHERE tenant_id = $1) n
                 WHERE number <> nth ORDER BY nth LIMIT 1",
    },
];
