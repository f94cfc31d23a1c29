//! Checks of lots, their levels, and quantities that were set aside.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "lot: the lots of a tracked level sum to it, and no other level has any",
        table: "lot_level",
        rests_on: tables![product],
        broken: "SELECT 'prd:' || HEX(s.product_id) || ' sto:' || HEX(s.store_id),
                   'on hand ' || s.level_on_hand || ' unavailable ' || s.level_unavailable || ' in lots that are ' || s.tracking,
                   'on hand ' || s.on_hand || ' unavailable ' || s.unavailable
                 FROM (SELECT l.product_id, l.store_id, p.tracking, l.on_hand AS level_on_hand, l.unavailable AS level_unavailable,
                         coalesce(sum(v.on_hand), 0) AS on_hand, coalesce(sum(v.unavailable), 0) AS unavailable, count(v.lot_id) AS places
                       FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
                       LEFT JOIN lot_level v ON v.tenant_id = $1 AND v.product_id = l.product_id AND v.store_id = l.store_id
                       WHERE l.tenant_id = $1 GROUP BY l.product_id, l.store_id, p.tracking, l.on_hand, l.unavailable) s
                 WHERE (s.tracking = 'NONE' AND s.places > 0)
                   OR (s.tracking <> 'NONE' AND (s.on_hand <> s.level_on_hand OR s.unavailable <> s.level_unavailable))
                 ORDER BY s.product_id, s.store_id LIMIT 1",
    },
    Check {
        invariant: "lot: its quantity in a store equals the sum of its entries",
        table: "lot_level",
        rests_on: tables![entry, lot_level],
        broken: "SELECT 'lot:' || HEX(s.lot_id) || ' sto:' || HEX(s.store_id),
                   'on hand ' || max(s.entry_on_hand) || ' unavailable ' || max(s.entry_unavailable),
                   'on hand ' || max(s.on_hand) || ' unavailable ' || max(s.unavailable)
                 FROM (SELECT v.lot_id, v.product_id, v.store_id, v.on_hand, v.unavailable, 0 AS entry_on_hand, 0 AS entry_unavailable
                       FROM lot_level v WHERE v.tenant_id = $1
                       UNION ALL SELECT e.lot_id, e.product_id, e.store_id, 0, 0, sum(e.on_hand_delta), sum(e.unavailable_delta)
                       FROM entry e WHERE e.tenant_id = $1 AND e.lot_id IS NOT NULL GROUP BY e.lot_id, e.product_id, e.store_id) s
                 GROUP BY s.lot_id, s.product_id, s.store_id
                 HAVING sum(s.on_hand) <> sum(s.entry_on_hand) OR sum(s.unavailable) <> sum(s.entry_unavailable)
                 ORDER BY s.lot_id, s.store_id LIMIT 1",
    },
    Check {
        invariant: "lot: on hand is the sum of its stores, and a serial number has at most one unit",
        table: "lot",
        rests_on: tables![lot],
        broken: "SELECT 'lot:' || HEX(l.id), 'on hand ' || coalesce(s.on_hand, 0) || CASE WHEN l.tracking = 'SERIAL' THEN ', at most 1' ELSE '' END,
                   'on hand ' || l.on_hand
                 FROM lot l LEFT JOIN (SELECT lot_id, sum(on_hand) AS on_hand FROM lot_level WHERE tenant_id = $1 GROUP BY lot_id) s ON s.lot_id = l.id
                 WHERE l.tenant_id = $1 AND (l.on_hand <> coalesce(s.on_hand, 0) OR (l.tracking = 'SERIAL' AND l.on_hand > 1))
                 ORDER BY l.id LIMIT 1",
    },
    Check {
        invariant: "lot: entries name one exactly where stock is kept by lots",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'seq ' || e.seq || ' line ' || e.line, CASE WHEN p.tracking = 'NONE' THEN 'no lot' ELSE 'a lot' END,
                   CASE WHEN e.lot_id IS NULL THEN 'no lot' ELSE 'a lot' END
                 FROM entry e JOIN product p ON p.tenant_id = $1 AND p.id = e.product_id
                 WHERE e.tenant_id = $1 AND (e.lot_id IS NOT NULL)
                   <> (p.tracking <> 'NONE' AND (e.on_hand_delta <> 0 OR e.unavailable_delta <> 0))
                 ORDER BY e.seq, e.line LIMIT 1",
    },
    Check {
        invariant: "lot: one that is quarantined or recalled has nothing to sell",
        table: "lot_level",
        rests_on: tables![lot_level],
        broken: "SELECT 'lot:' || HEX(v.lot_id) || ' sto:' || HEX(v.store_id), 'unavailable ' || v.on_hand, 'unavailable ' || v.unavailable
                 FROM lot_level v JOIN lot l ON l.tenant_id = $1 AND l.id = v.lot_id
                 WHERE v.tenant_id = $1 AND l.status <> 'AVAILABLE' AND v.unavailable <> v.on_hand ORDER BY v.lot_id, v.store_id LIMIT 1",
    },
    Check {
        invariant: "entry: the unavailable units of each condition are never negative",
        table: "entry",
        rests_on: tables![entry],
        broken: "SELECT 'prd:' || HEX(product_id) || ' sto:' || HEX(store_id), coalesce(condition, 'QUARANTINE') || ' 0 or more',
                   CAST(sum(unavailable_delta) AS text)
                 FROM entry WHERE tenant_id = $1 AND unavailable_delta <> 0
                 GROUP BY product_id, store_id, lot_id, coalesce(condition, 'QUARANTINE') HAVING sum(unavailable_delta) < 0
                 ORDER BY product_id, store_id LIMIT 1",
    },
];
