//! Checks of document reversals against the entries that they reverse.

use super::check::{Check, numbered, tables};

pub(super) const CHECKS: &[Check] = &[
    numbered!("document reversal", "document_reversal", "rev", "reversal_number"),
    Check {
        invariant: "document reversal: no entry is reversed beyond what it moved",
        table: "document_reversal_line",
        rests_on: tables![document_reversal_line],
        // An inspection also moves the units that became available.
        broken: "SELECT 'mov:' || HEX(d.movement_id) || ' line ' || d.movement_line, coalesce('at most ' || d.moved, 'an entry'), 'reversed ' || d.back
                 FROM (SELECT l.movement_id, l.movement_line, sum(l.quantity) AS back,
                         max(CASE WHEN e.on_hand_delta <> 0 THEN abs(e.on_hand_delta) WHEN e.in_transit_delta <> 0 THEN abs(e.in_transit_delta)
                               WHEN r.kind = 'RETURN_INSPECTION' THEN abs(e.unavailable_delta) ELSE 0 END) AS moved
                       FROM document_reversal_line l JOIN document_reversal r ON r.tenant_id = $1 AND r.id = l.reversal_id
                       LEFT JOIN movement m ON m.tenant_id = $1 AND m.id = l.movement_id
                       LEFT JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.line = l.movement_line
                       WHERE l.tenant_id = $1 GROUP BY l.movement_id, l.movement_line) d
                 WHERE d.moved IS NULL OR d.back > d.moved ORDER BY d.movement_id, d.movement_line LIMIT 1",
    },
    Check {
        invariant: "document reversal: each of its movements reverses the one that it names",
        table: "document_reversal_line",
        rests_on: tables![document_reversal_line],
        broken: "SELECT 'rev:' || HEX(d.reversal_id) || ' line ' || d.position, 'a reversal of mov:' || HEX(d.movement_id),
                   coalesce(m.kind || ' seq ' || m.seq, 'no movement')
                 FROM document_reversal_line d LEFT JOIN movement m ON m.tenant_id = $1 AND m.id = d.mirror_id
                 WHERE d.tenant_id = $1 AND (m.id IS NULL OR m.reverses_id IS NULL OR m.reverses_id <> d.movement_id)
                 ORDER BY d.reversal_id, d.position LIMIT 1",
    },
    Check {
        invariant: "document reversal: its movements mirror its lines, lot by lot",
        table: "document_reversal_line",
        rests_on: tables![entry],
        broken: "SELECT 'mov:' || HEX(c.id) || ' prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id),
                   'on hand ' || sum(c.hand) || ' in transit ' || sum(c.transit), 'on hand ' || sum(c.moved) || ' in transit ' || sum(c.carried)
                 FROM (SELECT d.mirror_id AS id, e.product_id, e.store_id, e.lot_id,
                         CASE WHEN e.on_hand_delta > 0 THEN -d.quantity WHEN e.on_hand_delta < 0 THEN d.quantity ELSE 0 END AS hand,
                         CASE WHEN e.in_transit_delta > 0 THEN -d.quantity WHEN e.in_transit_delta < 0 THEN d.quantity ELSE 0 END AS transit,
                         0 AS moved, 0 AS carried
                       FROM document_reversal_line d JOIN movement o ON o.tenant_id = $1 AND o.id = d.movement_id
                       JOIN entry e ON e.tenant_id = $1 AND e.seq = o.seq AND e.line = d.movement_line
                       WHERE d.tenant_id = $1
                       UNION ALL SELECT m.id, e.product_id, e.store_id, e.lot_id, 0, 0, e.on_hand_delta, e.in_transit_delta
                       FROM movement m JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                       WHERE m.tenant_id = $1 AND m.id IN (SELECT mirror_id FROM document_reversal_line WHERE tenant_id = $1)) c
                 GROUP BY c.id, c.product_id, c.store_id, c.lot_id HAVING sum(c.hand) <> sum(c.moved) OR sum(c.transit) <> sum(c.carried)
                 ORDER BY c.id, c.product_id, c.store_id LIMIT 1",
    },
    Check {
        invariant: "document reversal: units that an inspection made available are unavailable again, lot by lot",
        table: "document_reversal_line",
        rests_on: tables![entry],
        broken: "SELECT 'mov:' || HEX(c.id) || ' prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id),
                   'unavailable ' || sum(c.freed), 'unavailable ' || sum(c.aside)
                 FROM (SELECT d.mirror_id AS id, e.product_id, e.store_id, e.lot_id, -e.unavailable_delta AS freed, 0 AS aside
                       FROM document_reversal r JOIN document_reversal_line d ON d.tenant_id = $1 AND d.reversal_id = r.id
                       JOIN movement o ON o.tenant_id = $1 AND o.id = d.movement_id
                       JOIN entry e ON e.tenant_id = $1 AND e.seq = o.seq AND e.line = d.movement_line
                       WHERE r.tenant_id = $1 AND r.kind = 'RETURN_INSPECTION'
                       UNION ALL SELECT m.id, e.product_id, e.store_id, e.lot_id, 0, e.unavailable_delta
                       FROM movement m JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                       WHERE m.tenant_id = $1 AND m.id IN (
                         SELECT d.mirror_id FROM document_reversal r JOIN document_reversal_line d ON d.tenant_id = $1 AND d.reversal_id = r.id
                         WHERE r.tenant_id = $1 AND r.kind = 'RETURN_INSPECTION')) c
                 GROUP BY c.id, c.product_id, c.store_id, c.lot_id HAVING sum(c.freed) <> sum(c.aside)
                 ORDER BY c.id, c.product_id, c.store_id LIMIT 1",
    },
    Check {
        invariant: "document reversal: a reversed sale or shipment is CANCELLED",
        table: "document_reversal",
        rests_on: tables![document_reversal],
        broken: "SELECT 'rev:' || HEX(r.id), 'CANCELLED', coalesce(f.status, o.status, 'nothing')
                 FROM document_reversal r LEFT JOIN sales_order o ON o.tenant_id = $1 AND o.id = r.document_id AND r.kind = 'SALE'
                 LEFT JOIN fulfilment f ON f.tenant_id = $1 AND f.id = r.part_id AND r.kind = 'SHIPMENT'
                 WHERE r.tenant_id = $1 AND r.kind IN ('SALE', 'SHIPMENT') AND coalesce(f.status, o.status, '') <> 'CANCELLED'
                 ORDER BY r.number LIMIT 1",
    },
    Check {
        invariant: "document reversal: has at least one line",
        table: "document_reversal",
        rests_on: tables![document_reversal],
        broken: "SELECT 'rev:' || HEX(r.id), 'at least one line', 'none' FROM document_reversal r
                 WHERE r.tenant_id = $1 AND r.kind NOT IN ('RETURN_REFUND', 'RETURN_INSPECTION') AND NOT EXISTS (
                   SELECT 1 FROM document_reversal_line d WHERE d.tenant_id = $1 AND d.reversal_id = r.id)
                 ORDER BY r.number LIMIT 1",
    },
];
