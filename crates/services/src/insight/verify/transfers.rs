//! Checks of transfers against the ledger.

use super::check::{Check, numbered, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "transfer line: received + lost <= shipped <= quantity, and received + lost = shipped once RECEIVED",
        table: "transfer_line",
        rests_on: tables![transfer_line],
        broken: "SELECT 'trf:' || HEX(l.transfer_id) || ' line ' || l.position, 'figures that fit ' || t.status,
                   'quantity ' || l.quantity || ' shipped ' || l.shipped || ' received ' || l.received || ' lost ' || l.lost
                 FROM transfer_line l JOIN transfer t ON t.tenant_id = $1 AND t.id = l.transfer_id
                 WHERE l.tenant_id = $1 AND (l.shipped > l.quantity OR l.received + l.lost > l.shipped OR l.received < 0 OR l.lost < 0
                   OR NOT CASE WHEN t.status = 'RECEIVED' THEN l.received + l.lost = l.shipped
                     WHEN t.status IN ('DRAFT', 'READY', 'CANCELLED') THEN l.shipped = 0
                     WHEN t.status = 'IN_TRANSIT' THEN l.received + l.lost = 0 ELSE l.lost = 0 END)
                 ORDER BY l.transfer_id, l.position LIMIT 1",
    },
    Check {
        invariant: "transfer line: its shipped, received and lost units equal those of its movements",
        table: "transfer_line",
        rests_on: tables![transfer_line],
        broken: "SELECT 'trf:' || HEX(l.transfer_id) || ' line ' || l.position,
                   'shipped ' || coalesce(m.sent, 0) || ' received ' || coalesce(m.entered, 0) || ' lost ' || coalesce(m.lost, 0),
                   'shipped ' || l.shipped || ' received ' || l.received || ' lost ' || l.lost
                 FROM transfer_line l JOIN transfer t ON t.tenant_id = $1 AND t.id = l.transfer_id
                 LEFT JOIN (SELECT m.reference_id, e.product_id,
                     -sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_OUT' AND e.store_id = t.from_store_id THEN e.on_hand_delta ELSE 0 END) AS sent,
                     sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_OUT' AND e.store_id = t.to_store_id THEN e.in_transit_delta ELSE 0 END) AS put,
                     sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_IN' AND e.store_id = t.to_store_id THEN e.on_hand_delta ELSE 0 END) AS entered,
                     -sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_IN' AND e.store_id = t.to_store_id THEN e.in_transit_delta ELSE 0 END) AS taken,
                     -sum(CASE WHEN coalesce(o.kind, m.kind) = 'REMOVAL' AND e.store_id = t.to_store_id THEN e.in_transit_delta ELSE 0 END) AS lost
                   FROM movement m JOIN transfer t ON t.tenant_id = $1 AND t.id = m.reference_id
                   JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                   LEFT JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                   WHERE m.tenant_id = $1 AND m.reference_kind = 'TRANSFER' GROUP BY m.reference_id, e.product_id) m
                   ON m.reference_id = l.transfer_id AND m.product_id = l.product_id
                 WHERE l.tenant_id = $1 AND (l.shipped <> coalesce(m.sent, 0) OR l.shipped <> coalesce(m.put, 0)
                   OR l.received <> coalesce(m.entered, 0) OR l.received <> coalesce(m.taken, 0) OR l.lost <> coalesce(m.lost, 0))
                 ORDER BY l.transfer_id, l.position LIMIT 1",
    },
    Check {
        invariant: "transfer line: its lots sum to it, and there are none where stock is not kept by lots",
        table: "transfer_line_lot",
        rests_on: tables![transfer_line],
        broken: "SELECT 'trf:' || HEX(l.transfer_id) || ' line ' || l.position,
                   'shipped ' || l.shipped || ' received ' || l.received || ' lost ' || l.lost || ' in lots that are ' || p.tracking,
                   'shipped ' || coalesce(s.shipped, 0) || ' received ' || coalesce(s.received, 0) || ' lost ' || coalesce(s.lost, 0)
                 FROM transfer_line l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
                 LEFT JOIN (SELECT transfer_id, position, sum(shipped) AS shipped, sum(received) AS received, sum(lost) AS lost
                            FROM transfer_line_lot WHERE tenant_id = $1 GROUP BY transfer_id, position) s
                   ON s.transfer_id = l.transfer_id AND s.position = l.position
                 WHERE l.tenant_id = $1 AND CASE WHEN p.tracking = 'NONE' THEN s.transfer_id IS NOT NULL
                   ELSE l.shipped <> coalesce(s.shipped, 0) OR l.received <> coalesce(s.received, 0) OR l.lost <> coalesce(s.lost, 0) END
                 ORDER BY l.transfer_id, l.position LIMIT 1",
    },
    Check {
        invariant: "transfer lot: sent = received + lost + in transit, and its shipped and received units equal its entries",
        table: "transfer_line_lot",
        rests_on: tables![transfer_line_lot],
        broken: "SELECT 'trf:' || HEX(s.transfer_id) || ' lot:' || HEX(s.lot_id),
                   'shipped ' || coalesce(m.sent, 0) || ' received ' || coalesce(m.entered, 0) || ' under way or lost the rest',
                   'shipped ' || s.shipped || ' received ' || s.received || ' lost ' || s.lost
                 FROM transfer_line_lot s
                 LEFT JOIN (SELECT m.reference_id, e.lot_id,
                     -sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_OUT' THEN e.on_hand_delta ELSE 0 END) AS sent,
                     sum(CASE WHEN coalesce(o.kind, m.kind) = 'TRANSFER_IN' THEN e.on_hand_delta ELSE 0 END) AS entered
                   FROM movement m JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                   LEFT JOIN movement o ON o.tenant_id = $1 AND o.id = m.reverses_id
                   WHERE m.tenant_id = $1 AND m.reference_kind = 'TRANSFER' AND e.lot_id IS NOT NULL GROUP BY m.reference_id, e.lot_id) m
                   ON m.reference_id = s.transfer_id AND m.lot_id = s.lot_id
                 WHERE s.tenant_id = $1 AND (s.shipped <> coalesce(m.sent, 0) OR s.received <> coalesce(m.entered, 0)
                   OR s.received + s.lost > s.shipped) ORDER BY s.transfer_id, s.position, s.lot_id LIMIT 1",
    },
    Check {
        invariant: "level: in transit = the units of its transfers that are neither received nor lost",
        table: "stock_level",
        rests_on: tables![stock_level],
        broken: "SELECT 'prd:' || HEX(l.product_id) || ' sto:' || HEX(l.store_id), 'in transit ' || coalesce(s.under_way, 0), 'in transit ' || l.in_transit
                 FROM stock_level l LEFT JOIN (
                   SELECT n.product_id, t.to_store_id, sum(n.shipped - n.received - n.lost) AS under_way FROM transfer_line n
                   JOIN transfer t ON t.tenant_id = $1 AND t.id = n.transfer_id WHERE n.tenant_id = $1 GROUP BY n.product_id, t.to_store_id
                 ) s ON s.product_id = l.product_id AND s.to_store_id = l.store_id
                 WHERE l.tenant_id = $1 AND l.in_transit <> coalesce(s.under_way, 0) ORDER BY l.product_id, l.store_id LIMIT 1",
    },
    Check {
        invariant: "reservation: a transfer's hold is at the sender of a READY transfer, for a line of its product",
        table: "reservation",
        rests_on: tables![reservation],
        broken: "SELECT 'rsv:' || HEX(r.id), 'a READY transfer with at least so much of prd:' || HEX(r.product_id),
                   r.remaining || ' held by a transfer that is ' || coalesce(t.status, 'missing')
                 FROM reservation r LEFT JOIN transfer t ON t.tenant_id = $1 AND t.id = r.reference_id AND t.from_store_id = r.store_id
                 LEFT JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = r.reference_id AND l.product_id = r.product_id
                 WHERE r.tenant_id = $1 AND r.reference_kind = 'TRANSFER' AND r.status = 'ACTIVE'
                   AND (t.id IS NULL OR l.transfer_id IS NULL OR t.status <> 'READY' OR r.remaining > l.quantity)
                 ORDER BY r.id LIMIT 1",
    },
    numbered!("transfer", "transfer", "trf", "transfer_number"),
];
