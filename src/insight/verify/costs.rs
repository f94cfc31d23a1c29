//! What stock is worth, and what the ledger and the book's own postings say of it.

use super::checks::Check;

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "cost pool: its units = what the ledger's entries up to the book come to",
        table: "cost_pool",
        broken: "SELECT 'prd:' || HEX(c.product_id), 'quantity ' || sum(c.ledger), 'quantity ' || sum(c.pool)
                 FROM (SELECT e.product_id, e.on_hand_delta + e.in_transit_delta AS ledger, 0 AS pool FROM entry e
                       JOIN cost_book b ON b.tenant_id = $1 AND e.seq <= b.seq WHERE e.tenant_id = $1
                       UNION ALL SELECT product_id, 0, quantity FROM cost_pool WHERE tenant_id = $1) c
                 GROUP BY c.product_id HAVING sum(c.ledger) <> sum(c.pool) ORDER BY c.product_id LIMIT 1",
    },
    Check {
        invariant: "cost pool: units and both values = the sums of its postings",
        table: "cost_posting",
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
        broken: "SELECT 'prd:' || HEX(c.product_id), 'quantity ' || sum(c.units) || ' fifo ' || sum(c.fifo), 'quantity ' || sum(c.laid) || ' fifo ' || sum(c.worth)
                 FROM (SELECT product_id, quantity AS units, fifo_minor AS fifo, 0 AS laid, 0 AS worth FROM cost_pool WHERE tenant_id = $1
                       UNION ALL SELECT product_id, 0, 0, quantity, value_minor FROM cost_layer WHERE tenant_id = $1) c
                 GROUP BY c.product_id HAVING sum(c.units) <> sum(c.laid) OR sum(c.fifo) <> sum(c.worth) ORDER BY c.product_id LIMIT 1",
    },
    Check {
        invariant: "revaluation: each line that the book has come to is booked",
        table: "revaluation_line",
        broken: "SELECT 'rvl:' || HEX(v.id) || ' line ' || l.position, 'a posting', 'none'
                 FROM revaluation v JOIN cost_book b ON b.tenant_id = $1 AND v.seq <= b.seq
                 JOIN revaluation_line l ON l.tenant_id = $1 AND l.revaluation_id = v.id
                 LEFT JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = v.seq AND p.line = l.position AND p.product_id = l.product_id AND p.kind = 'REVALUATION'
                 WHERE v.tenant_id = $1 AND p.seq IS NULL ORDER BY v.seq, l.position LIMIT 1",
    },
];
