//! Checks of stock values against the ledger and the cost book's own postings.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "cost pool: its units = the sum of the ledger's entries up to the book's position",
        table: "cost_pool",
        rests_on: tables![cost_book, cost_pool],
        broken: "SELECT 'prd:' || HEX(c.product_id), 'quantity ' || sum(c.ledger), 'quantity ' || sum(c.pool)
                 FROM (SELECT e.product_id, e.on_hand_delta + e.in_transit_delta AS ledger, 0 AS pool FROM entry e
                       JOIN cost_book b ON b.tenant_id = $1 AND e.seq <= b.seq WHERE e.tenant_id = $1
                       UNION ALL SELECT product_id, 0, quantity FROM cost_pool WHERE tenant_id = $1) c
                 GROUP BY c.product_id HAVING sum(c.ledger) <> sum(c.pool) ORDER BY c.product_id LIMIT 1",
    },
    Check {
        invariant: "cost pool: units and both values = the sums of its postings",
        table: "cost_posting",
        rests_on: tables![cost_pool, cost_posting],
        broken: "SELECT 'prd:' || HEX(c.product_id), 'quantity ' || sum(c.quantity) || ' average ' || sum(c.average) || ' fifo ' || sum(c.fifo),
                   'quantity ' || sum(c.units) || ' average ' || sum(c.worth) || ' fifo ' || sum(c.layered)
                 FROM (SELECT product_id, quantity, average_minor AS average, fifo_minor AS fifo, 0 AS units, 0 AS worth, 0 AS layered
                       FROM cost_posting WHERE tenant_id = $1
                       UNION ALL SELECT product_id, 0, 0, 0, quantity, average_minor, fifo_minor FROM cost_pool WHERE tenant_id = $1) c
                 GROUP BY c.product_id HAVING sum(c.quantity) <> sum(c.units) OR sum(c.average) <> sum(c.worth) OR sum(c.fifo) <> sum(c.layered)
                 ORDER BY c.product_id LIMIT 1",
    },
    Check {
        invariant: "cost layer: a product's layers sum to its pool",
        table: "cost_layer",
        rests_on: tables![cost_layer, cost_pool],
        broken: "SELECT 'prd:' || HEX(c.product_id), 'quantity ' || sum(c.units) || ' fifo ' || sum(c.fifo), 'quantity ' || sum(c.laid) || ' fifo ' || sum(c.worth)
                 FROM (SELECT product_id, quantity AS units, fifo_minor AS fifo, 0 AS laid, 0 AS worth FROM cost_pool WHERE tenant_id = $1
                       UNION ALL SELECT product_id, 0, 0, quantity, value_minor FROM cost_layer WHERE tenant_id = $1) c
                 GROUP BY c.product_id HAVING sum(c.units) <> sum(c.laid) OR sum(c.fifo) <> sum(c.worth) ORDER BY c.product_id LIMIT 1",
    },
    Check {
        invariant: "revaluation: each line up to the book's position has a posting",
        table: "revaluation_line",
        rests_on: tables![revaluation],
        broken: "SELECT 'rvl:' || HEX(v.id) || ' line ' || l.position, 'a posting', 'none'
                 FROM revaluation v JOIN cost_book b ON b.tenant_id = $1 AND v.seq <= b.seq
                 JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id
                 LEFT JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = v.seq AND p.line = l.position AND p.product_id = l.product_id AND p.kind = 'REVALUATION'
                 WHERE v.tenant_id = $1 AND p.seq IS NULL ORDER BY v.seq, l.position LIMIT 1",
    },
    Check {
        invariant: "cost posting: its fields equal those of its entry, and its basis is possible for them",
        table: "cost_posting",
        rests_on: tables![cost_posting],
        broken: "SELECT 'seq ' || c.seq || ' line ' || c.line,
                   coalesce('prd:' || HEX(c.entry_product) || ' sto:' || HEX(c.entry_store) || ' ' || c.entry_kind || coalesce(' of ref:' || HEX(c.document), '')
                     || ' day ' || c.moved_on || ' occurred ' || c.moved_at || ' recorded ' || c.written_at, 'an entry under the same number'),
                   'prd:' || HEX(c.product_id) || coalesce(' sto:' || HEX(c.store_id), '') || ' ' || c.kind || coalesce(' of ref:' || HEX(c.reference_id), '')
                     || ' day ' || c.business_date || ' occurred ' || c.occurred_at || ' recorded ' || c.recorded_at || ' ' || c.basis
                 FROM (SELECT p.seq, p.line, p.product_id, p.store_id, p.kind, p.basis, p.reference_id, p.quantity, p.business_date, p.occurred_at, p.recorded_at,
                         e.product_id AS entry_product, e.store_id AS entry_store, e.occurred_at AS moved_at, e.recorded_at AS written_at,
                         m.business_date AS moved_on, m.reference_id AS document,
                         CASE WHEN coalesce(r.kind, m.kind) IN ('RECEIPT', 'SALE', 'RETURN', 'REMOVAL') THEN coalesce(r.kind, m.kind) ELSE 'CORRECTION' END AS entry_kind
                       FROM cost_posting p LEFT JOIN entry e ON e.tenant_id = $1 AND e.seq = p.seq AND e.line = p.line
                       LEFT JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
                       LEFT JOIN movement r ON r.tenant_id = $1 AND r.id = m.reverses_id
                       WHERE p.tenant_id = $1 AND p.kind <> 'REVALUATION') c
                 WHERE c.moved_on IS NULL OR c.product_id <> c.entry_product OR c.store_id IS NULL OR c.store_id <> c.entry_store OR c.kind <> c.entry_kind
                   OR (c.reference_id IS NULL) <> (c.document IS NULL) OR c.reference_id <> c.document OR c.business_date <> c.moved_on
                   OR c.occurred_at <> c.moved_at OR c.recorded_at <> c.written_at OR c.quantity = 0
                   OR NOT CASE WHEN c.quantity < 0 THEN c.basis IN ('ISSUED', 'REVERSED')
                     ELSE c.basis IN ('STATED', 'SOLD', 'REVERSED', 'AVERAGE', 'UNKNOWN') END
                 ORDER BY c.seq, c.line LIMIT 1",
    },
    Check {
        invariant: "cost posting: those of a movement sum to the units that it moved, up to the book's position",
        table: "cost_posting",
        rests_on: tables![cost_book, cost_posting],
        broken: "SELECT 'seq ' || c.seq || ' prd:' || HEX(c.product_id), 'quantity ' || sum(c.moved), 'quantity ' || sum(c.posted)
                 FROM (SELECT e.seq, e.product_id, e.on_hand_delta + e.in_transit_delta AS moved, 0 AS posted FROM entry e
                       JOIN cost_book b ON b.tenant_id = $1 AND e.seq <= b.seq WHERE e.tenant_id = $1
                       UNION ALL SELECT seq, product_id, 0, quantity FROM cost_posting WHERE tenant_id = $1) c
                 GROUP BY c.seq, c.product_id HAVING sum(c.moved) <> sum(c.posted) ORDER BY c.seq, c.product_id LIMIT 1",
    },
    // FIFO values, and those of returns and reversals, depend on more than the postings before
    // them. A pool at the maximum value takes less than stated; values beyond exact integers are
    // skipped.
    Check {
        invariant: "cost posting: by the average, removed units take their share of the pool, and added units their stated value",
        table: "cost_posting",
        rests_on: tables![cost_posting],
        broken: "SELECT 'seq ' || c.seq || ' line ' || c.line || ' prd:' || HEX(c.product_id),
                   c.basis || CASE c.basis WHEN 'STATED' THEN ', ' || c.quantity || ' at ' || coalesce(CAST(c.unit_cost AS text), 'no cost')
                     WHEN 'REVALUED' THEN ' to ' || coalesce(CAST(c.unit_cost AS text), 'no cost') || ', of ' || c.units || ' worth ' || c.worth
                     ELSE ', ' || c.quantity || ' of ' || c.units || ' worth ' || c.worth END,
                   'average ' || c.average_minor
                 FROM (SELECT p.seq, p.line, p.product_id, p.basis, p.quantity, p.average_minor,
                         sum(p.quantity) OVER w - p.quantity AS units, sum(p.average_minor) OVER w - p.average_minor AS worth,
                         coalesce(l.unit_cost_minor, e.unit_cost_minor) AS unit_cost, l.charge_minor AS charge, CAST('1' || substr('000000000', 1, d.unit_decimals) AS NUMERIC) AS scale
                       FROM cost_posting p JOIN product d ON d.tenant_id = $1 AND d.id = p.product_id
                       LEFT JOIN entry e ON e.tenant_id = $1 AND e.seq = p.seq AND e.line = p.line
                       LEFT JOIN revaluation v ON v.tenant_id = $1 AND v.seq = p.seq
                       LEFT JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id AND l.position = p.line
                       WHERE p.tenant_id = $1 WINDOW w AS (PARTITION BY p.product_id ORDER BY p.seq, p.line)) c
                 WHERE abs(CAST(c.worth AS double precision) * c.quantity) < 2e18 AND abs(CAST(c.average_minor AS double precision) * c.units) < 2e18
                   AND abs(CAST(coalesce(c.unit_cost, 0) AS double precision) * c.quantity) < 2e18
                   AND abs(CAST(coalesce(c.unit_cost, 0) AS double precision) * c.units) < 2e18
                   AND abs(CAST(c.worth + c.average_minor AS double precision) * c.scale) < 2e18
                   AND CASE c.basis WHEN 'ISSUED' THEN abs(c.average_minor * c.units * 2 - c.worth * c.quantity * 2) > c.units
                     WHEN 'AVERAGE' THEN c.worth + c.average_minor <> 9007199254740991 AND abs(c.average_minor * c.units * 2 - c.worth * c.quantity * 2) > c.units
                     WHEN 'STATED' THEN c.unit_cost IS NULL OR (c.worth + c.average_minor <> 9007199254740991
                       AND abs(c.average_minor * c.scale * 2 - CAST(c.unit_cost AS NUMERIC) * c.quantity * 2) > c.scale)
                     WHEN 'REVALUED' THEN c.charge IS NULL AND (c.unit_cost IS NULL OR (c.worth + c.average_minor <> 9007199254740991
                       AND abs((c.worth + c.average_minor) * c.scale * 2 - CAST(c.unit_cost AS NUMERIC) * c.units * 2) > c.scale))
                     WHEN 'UNKNOWN' THEN c.average_minor <> 0 ELSE 1 = 0 END
                 ORDER BY c.seq, c.line LIMIT 1",
    },
    Check {
        invariant: "cost layer: its first and its last posting added units of its product",
        table: "cost_layer",
        rests_on: tables![cost_layer],
        broken: "SELECT 'prd:' || HEX(l.product_id) || ' seq ' || l.seq || ' line ' || l.line,
                   coalesce('received ' || p.occurred_at || ', last seq of a posting', 'a posting that brought units'),
                   'received ' || l.received_at || ', last seq ' || l.last_seq
                 FROM cost_layer l LEFT JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = l.seq AND p.line = l.line AND p.product_id = l.product_id AND p.quantity > 0
                 WHERE l.tenant_id = $1 AND (p.seq IS NULL OR p.occurred_at <> l.received_at OR l.last_seq < l.seq OR NOT EXISTS (
                   SELECT 1 FROM cost_posting n WHERE n.tenant_id = $1 AND n.product_id = l.product_id AND n.seq = l.last_seq AND n.quantity > 0))
                 ORDER BY l.product_id, l.seq, l.line LIMIT 1",
    },
    Check {
        invariant: "cost book: its position is not beyond the journal's head, and no pool is beyond its position",
        table: "cost_book",
        rests_on: tables![cost_book],
        broken: "SELECT 'the tenant', 'at most seq ' || c.head, 'seq ' || b.seq || ' with pools up to ' || coalesce(CAST(q.seq AS text), 'none')
                 FROM cost_book b JOIN tenant_counter c ON c.tenant_id = $1
                 LEFT JOIN (SELECT max(seq) AS seq FROM cost_pool WHERE tenant_id = $1) q ON 1 = 1
                 WHERE b.tenant_id = $1 AND (b.seq > c.head OR q.seq > b.seq) LIMIT 1",
    },
    Check {
        invariant: "revaluation: each of its postings belongs to one of its lines, and equals the document",
        table: "cost_posting",
        rests_on: tables![cost_posting],
        broken: "SELECT 'seq ' || p.seq || ' line ' || p.line,
                   coalesce('rvl:' || HEX(v.id) || ' prd:' || HEX(l.product_id) || ' day ' || v.business_date || ' at ' || v.created_at, 'a line of a revaluation'),
                   coalesce('rvl:' || HEX(p.reference_id), 'nothing') || ' prd:' || HEX(p.product_id) || coalesce(' sto:' || HEX(p.store_id), '') || ' day ' || p.business_date
                     || ' at ' || p.occurred_at || ' ' || p.basis || ' quantity ' || p.quantity
                 FROM cost_posting p LEFT JOIN revaluation v ON v.tenant_id = $1 AND v.seq = p.seq
                 LEFT JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id AND l.position = p.line AND l.product_id = p.product_id
                 WHERE p.tenant_id = $1 AND p.kind = 'REVALUATION' AND (l.position IS NULL OR p.store_id IS NOT NULL OR p.quantity <> 0
                   OR p.reference_id IS NULL OR p.reference_id <> v.id OR p.business_date <> v.business_date OR p.occurred_at <> v.created_at
                   OR p.recorded_at <> v.created_at OR p.basis <> CASE WHEN v.reverses_id IS NULL THEN 'REVALUED' ELSE 'REVERSED' END)
                 ORDER BY p.seq, p.line LIMIT 1",
    },
    Check {
        invariant: "revaluation: a reversal negates the postings of its original exactly and once",
        table: "revaluation",
        rests_on: tables![revaluation],
        broken: "SELECT 'rvl:' || HEX(v.id) || ' line ' || p.line,
                   coalesce('average ' || -o.average_minor || ' first in, first out ' || -o.fifo_minor || ', and no stock moved between', 'a revaluation that is booked'),
                   'average ' || p.average_minor || ' first in, first out ' || p.fifo_minor || ', ' || (
                     SELECT count(*) FROM cost_posting b WHERE b.tenant_id = $1 AND b.product_id = p.product_id AND b.seq > o.seq AND b.seq < p.seq AND b.quantity <> 0)
                     || ' postings between'
                 FROM revaluation v JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = v.seq
                 LEFT JOIN revaluation w ON w.tenant_id = $1 AND w.id = v.reverses_id AND w.reverses_id IS NULL
                 LEFT JOIN cost_posting o ON o.tenant_id = $1 AND o.seq = w.seq AND o.line = p.line AND o.product_id = p.product_id
                 WHERE v.tenant_id = $1 AND v.reverses_id IS NOT NULL AND (o.seq IS NULL OR o.average_minor <> -p.average_minor OR o.fifo_minor <> -p.fifo_minor
                   OR EXISTS (SELECT 1 FROM cost_posting b WHERE b.tenant_id = $1 AND b.product_id = p.product_id AND b.seq > o.seq AND b.seq < p.seq AND b.quantity <> 0))
                 ORDER BY v.seq, p.line LIMIT 1",
    },
    Check {
        invariant: "revaluation: the shares of a charge sum to its amount in the books, and a reversal negates each of them",
        table: "revaluation_line",
        rests_on: tables![revaluation],
        broken: "SELECT 'rvl:' || HEX(c.id), 'charge ' || c.charge, 'shares ' || c.shares
                 FROM (SELECT v.id, v.charge_books_minor AS charge, coalesce(sum(l.charge_minor), 0) AS shares
                       FROM revaluation v LEFT JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id
                       WHERE v.tenant_id = $1 AND v.charge_books_minor IS NOT NULL GROUP BY v.id, v.charge_books_minor
                       UNION ALL SELECT v.id, -coalesce(o.charge_minor, 0), coalesce(l.charge_minor, 0)
                       FROM revaluation v JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id
                       LEFT JOIN revaluation_line o ON o.tenant_id = $1 AND o.revaluation_id = v.reverses_id AND o.position = l.position
                       WHERE v.tenant_id = $1 AND v.reverses_id IS NOT NULL) c
                 WHERE c.charge <> c.shares ORDER BY c.id LIMIT 1",
    },
    Check {
        invariant: "revaluation: goods in stock take their share of a charge by the average, and no more than the charge by either method",
        table: "cost_posting",
        rests_on: tables![revaluation],
        broken: "SELECT 'seq ' || c.seq || ' line ' || c.line || ' prd:' || HEX(c.product_id),
                   'of ' || c.charge || ' for ' || c.received || ', with ' || c.units || ' left', 'average ' || c.average_minor || ' first in, first out ' || c.fifo_minor
                 FROM (SELECT p.seq, p.line, p.product_id, p.average_minor, p.fifo_minor, l.charge_minor AS charge,
                         (SELECT coalesce(sum(b.quantity), 0) FROM cost_posting b WHERE b.tenant_id = $1 AND b.product_id = p.product_id AND b.seq < p.seq) AS units,
                         (SELECT coalesce(sum(b.average_minor), 0) FROM cost_posting b WHERE b.tenant_id = $1 AND b.product_id = p.product_id AND b.seq < p.seq) AS worth,
                         (SELECT coalesce(sum(e.on_hand_delta), 0) FROM movement o
                          JOIN movement m ON m.tenant_id = $1 AND (m.id = o.id OR m.reverses_id = o.id)
                          JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.product_id = p.product_id
                          WHERE o.tenant_id = $1 AND o.reference_kind = 'PURCHASE_ORDER' AND o.reference_id = v.purchase_order_id AND o.kind = 'RECEIPT'
                            AND m.seq < v.seq) AS received
                       FROM revaluation v JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id
                       JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = v.seq AND p.line = l.position
                       WHERE v.tenant_id = $1 AND v.purchase_order_id IS NOT NULL) c
                 WHERE CASE WHEN c.charge < 0 THEN c.fifo_minor > 0 OR c.fifo_minor < c.charge ELSE c.fifo_minor < 0 OR c.fifo_minor > c.charge END
                   OR (c.worth + c.average_minor <> 0 AND c.worth + c.average_minor <> 9007199254740991
                     AND abs(CAST(c.charge AS double precision) * c.received) < 2e18 AND abs(CAST(c.average_minor AS double precision) * c.received) < 2e18
                     AND abs(c.average_minor * c.received * 2 - c.charge * CASE WHEN c.units < c.received THEN c.units ELSE c.received END * 2) > c.received)
                 ORDER BY c.seq, c.line LIMIT 1",
    },
];
