//! Checks of works of orders, their parcels, and their shipped units.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "work line: asked = open + picked + packed + shipped + dropped",
        table: "fulfilment_work_line",
        rests_on: tables![fulfilment_work_line],
        broken: "SELECT 'fwk:' || HEX(work_id) || ' line ' || nth, 'quantity ' || quantity,
                   'open ' || open || ' picked ' || picked || ' packed ' || packed || ' shipped ' || shipped || ' dropped ' || dropped
                 FROM fulfilment_work_line WHERE tenant_id = $1 AND (quantity <> open + picked + packed + shipped + dropped
                   OR quantity <= 0 OR open < 0 OR picked < 0 OR packed < 0 OR shipped < 0 OR dropped < 0)
                 ORDER BY work_id, nth LIMIT 1",
    },
    Check {
        invariant: "work: its state is what its lines say",
        table: "fulfilment_work",
        rests_on: tables![fulfilment_work],
        broken: "SELECT 'fwk:' || HEX(e.id), e.expected, e.status FROM (
                   SELECT w.id, w.status, CASE
                     WHEN l.work_id IS NULL THEN 'a line'
                     WHEN l.live = 0 AND l.shipped > 0 THEN CASE WHEN coalesce(s.sent, 0) = coalesce(s.arrived, 0) THEN 'DONE' ELSE 'SHIPPED' END
                     WHEN l.live = 0 THEN CASE WHEN w.reject_reason IS NOT NULL THEN 'REJECTED' ELSE 'CANCELLED' END
                     WHEN l.open + l.picked = 0 THEN CASE WHEN w.ready_at IS NOT NULL THEN 'READY' ELSE 'PACKED' END
                     WHEN l.open = 0 THEN 'PICKED'
                     WHEN l.live > l.open THEN 'PICKING'
                     WHEN w.accepted_at IS NOT NULL THEN 'ACCEPTED' ELSE 'OPEN' END AS expected
                   FROM fulfilment_work w
                   LEFT JOIN (SELECT work_id, sum(open) AS open, sum(picked) AS picked, sum(open + picked + packed) AS live, sum(shipped) AS shipped
                              FROM fulfilment_work_line WHERE tenant_id = $1 GROUP BY work_id) l ON l.work_id = w.id
                   LEFT JOIN (SELECT p.work_id, count(*) AS sent, sum(CASE WHEN f.status = 'DELIVERED' THEN 1 ELSE 0 END) AS arrived
                              FROM parcel p JOIN fulfilment f ON f.tenant_id = $1 AND f.id = p.fulfilment_id
                              WHERE p.tenant_id = $1 GROUP BY p.work_id) s ON s.work_id = w.id
                   WHERE w.tenant_id = $1) e
                 WHERE e.status <> e.expected ORDER BY e.id LIMIT 1",
    },
    // Orders from before works existed have none until a job has created them.
    Check {
        invariant: "work: the units that stores have to send for an order are its open units",
        table: "fulfilment_work_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(g.order_id) || ' line ' || g.position || ' prd:' || HEX(g.product_id),
                   'open ' || g.wanted, 'to be sent ' || coalesce(s.live, 0)
                 FROM (SELECT l.order_id, l.position, l.product_id,
                         CASE WHEN o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED') THEN l.open ELSE 0 END AS wanted
                       FROM order_line l JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
                       WHERE l.tenant_id = $1 AND l.product_id IS NOT NULL AND l.stock_policy <> 'UNTRACKED'
                       UNION ALL SELECT n.order_id, n.position, n.product_id,
                         CASE WHEN o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED') THEN l.open * n.quantity ELSE 0 END
                       FROM order_line_part n JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
                       JOIN sales_order o ON o.tenant_id = $1 AND o.id = n.order_id WHERE n.tenant_id = $1) g
                 LEFT JOIN (SELECT order_id, position, product_id, sum(open + picked + packed) AS live FROM fulfilment_work_line
                            WHERE tenant_id = $1 GROUP BY order_id, position, product_id) s
                   ON s.order_id = g.order_id AND s.position = g.position AND s.product_id = g.product_id
                 WHERE g.wanted <> coalesce(s.live, 0)
                   AND EXISTS (SELECT 1 FROM fulfilment_work w WHERE w.tenant_id = $1 AND w.order_id = g.order_id)
                 ORDER BY g.order_id, g.position, g.product_id LIMIT 1",
    },
    Check {
        invariant: "work: the units that an order reserves in a store are to be sent by that store",
        table: "fulfilment_work",
        rests_on: tables![reservation],
        broken: "SELECT 'ord:' || HEX(r.order_id) || ' line ' || r.order_position || ' prd:' || HEX(r.product_id) || ' sto:' || HEX(r.store_id),
                   'held ' || r.held || ' or more to be sent', 'to be sent ' || coalesce(s.live, 0)
                 FROM (SELECT order_id, order_position, product_id, store_id, sum(remaining) AS held FROM reservation
                       WHERE tenant_id = $1 AND order_id IS NOT NULL AND status = 'ACTIVE'
                       GROUP BY order_id, order_position, product_id, store_id) r
                 JOIN sales_order o ON o.tenant_id = $1 AND o.id = r.order_id AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED')
                 LEFT JOIN (SELECT l.order_id, l.position, l.product_id, w.store_id, sum(l.open + l.picked + l.packed) AS live
                            FROM fulfilment_work_line l JOIN fulfilment_work w ON w.tenant_id = $1 AND w.id = l.work_id
                            WHERE l.tenant_id = $1 GROUP BY l.order_id, l.position, l.product_id, w.store_id) s
                   ON s.order_id = r.order_id AND s.position = r.order_position AND s.product_id = r.product_id AND s.store_id = r.store_id
                 WHERE r.held > coalesce(s.live, 0)
                   AND EXISTS (SELECT 1 FROM fulfilment_work w WHERE w.tenant_id = $1 AND w.order_id = r.order_id)
                 ORDER BY r.order_id, r.order_position, r.product_id, r.store_id LIMIT 1",
    },
    Check {
        invariant: "work line: parcels have the packed units, and parcels that left have the shipped units",
        table: "parcel_line",
        rests_on: tables![fulfilment_work_line],
        broken: "SELECT 'fwk:' || HEX(l.work_id) || ' line ' || l.nth, 'packed ' || l.packed || ' shipped ' || l.shipped,
                   'packed ' || coalesce(p.packed, 0) || ' shipped ' || coalesce(p.shipped, 0)
                 FROM fulfilment_work_line l
                 LEFT JOIN (SELECT n.work_id, n.nth, sum(CASE WHEN h.fulfilment_id IS NULL THEN n.quantity ELSE 0 END) AS packed,
                              sum(CASE WHEN h.fulfilment_id IS NULL THEN 0 ELSE n.quantity END) AS shipped
                            FROM parcel_line n JOIN parcel h ON h.tenant_id = $1 AND h.id = n.parcel_id
                            WHERE n.tenant_id = $1 GROUP BY n.work_id, n.nth) p ON p.work_id = l.work_id AND p.nth = l.nth
                 WHERE l.tenant_id = $1 AND (l.packed <> coalesce(p.packed, 0) OR l.shipped <> coalesce(p.shipped, 0))
                 ORDER BY l.work_id, l.nth LIMIT 1",
    },
    Check {
        invariant: "parcel line: its lots sum to it, and are of its product",
        table: "parcel_line_lot",
        rests_on: tables![parcel_line_lot],
        broken: "SELECT 'pcl:' || HEX(c.parcel_id) || ' line ' || c.nth, 'quantity ' || c.quantity, 'in lots ' || x.units || ', of the product ' || x.own
                 FROM parcel_line c
                 JOIN (SELECT n.parcel_id, n.nth, sum(n.units) AS units, sum(CASE WHEN t.product_id = l.product_id THEN n.units ELSE 0 END) AS own
                       FROM parcel_line_lot n JOIN lot t ON t.tenant_id = $1 AND t.id = n.lot_id
                       JOIN parcel_line k ON k.tenant_id = $1 AND k.parcel_id = n.parcel_id AND k.nth = n.nth
                       JOIN fulfilment_work_line l ON l.tenant_id = $1 AND l.work_id = k.work_id AND l.nth = k.nth
                       WHERE n.tenant_id = $1 GROUP BY n.parcel_id, n.nth) x ON x.parcel_id = c.parcel_id AND x.nth = c.nth
                 WHERE c.tenant_id = $1 AND c.quantity > 0 AND (c.quantity <> x.units OR x.own <> x.units) ORDER BY c.parcel_id, c.nth LIMIT 1",
    },
    Check {
        invariant: "fulfilment: the parcels of the work that left with it are its lines",
        table: "fulfilment",
        rests_on: tables![fulfilment],
        broken: "SELECT 'ful:' || HEX(f.id) || ' line ' || n.order_position || ' prd:' || HEX(g.product_id), 'shipped ' || (n.quantity * g.takes),
                   'in parcels ' || coalesce(p.units, 0)
                 FROM fulfilment f JOIN fulfilment_line n ON n.tenant_id = $1 AND n.fulfilment_id = f.id
                 JOIN (SELECT order_id, position, product_id, 1 AS takes FROM order_line
                       WHERE tenant_id = $1 AND product_id IS NOT NULL AND stock_policy <> 'UNTRACKED'
                       UNION ALL SELECT order_id, position, product_id, quantity FROM order_line_part WHERE tenant_id = $1) g
                   ON g.order_id = n.order_id AND g.position = n.order_position
                 LEFT JOIN (SELECT h.fulfilment_id, l.position, l.product_id, sum(c.quantity) AS units FROM parcel h
                            JOIN parcel_line c ON c.tenant_id = $1 AND c.parcel_id = h.id
                            JOIN fulfilment_work_line l ON l.tenant_id = $1 AND l.work_id = c.work_id AND l.nth = c.nth
                            WHERE h.tenant_id = $1 AND h.fulfilment_id IS NOT NULL GROUP BY h.fulfilment_id, l.position, l.product_id) p
                   ON p.fulfilment_id = f.id AND p.position = n.order_position AND p.product_id = g.product_id
                 WHERE f.tenant_id = $1 AND f.work_id IS NOT NULL AND f.status <> 'CANCELLED' AND n.quantity * g.takes <> coalesce(p.units, 0)
                 ORDER BY f.id, n.order_position, g.product_id LIMIT 1",
    },
];
