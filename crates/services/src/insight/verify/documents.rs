//! Checks of orders and fulfilments against the ledger.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "order line: ordered = open + backordered + cancelled + fulfilled, and returned + to be returned <= fulfilled",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(order_id) || ' line ' || position, 'quantity ' || quantity,
                   'open ' || open || ' backordered ' || backordered || ' cancelled ' || cancelled || ' fulfilled ' || fulfilled
                     || ' returned ' || returned || ' to be returned ' || return_pending
                 FROM order_line WHERE tenant_id = $1 AND (quantity <> open + backordered + cancelled + fulfilled OR returned + return_pending > fulfilled
                   OR quantity <= 0 OR open < 0 OR backordered < 0 OR cancelled < 0 OR fulfilled < 0 OR returned < 0 OR return_pending < 0)
                 ORDER BY order_id, position LIMIT 1",
    },
    Check {
        invariant: "order: its lines fit its state",
        table: "sales_order",
        rests_on: tables![sales_order],
        broken: "SELECT 'ord:' || HEX(o.id), 'lines that fit ' || o.status,
                   'outstanding ' || s.outstanding || ' fulfilled ' || s.fulfilled || ' cancelled ' || s.cancelled
                     || CASE WHEN o.expires_at IS NULL THEN ' without' ELSE ' with' END || ' time limit'
                 FROM sales_order o LEFT JOIN (
                   SELECT order_id, sum(open + backordered) AS outstanding, sum(fulfilled) AS fulfilled, sum(cancelled) AS cancelled,
                     sum(CASE WHEN kind = 'PRODUCT' THEN quantity ELSE 0 END) AS goods,
                     sum(CASE WHEN kind = 'PRODUCT' THEN open + backordered ELSE 0 END) AS outstanding_goods
                   FROM order_line WHERE tenant_id = $1 GROUP BY order_id) s ON s.order_id = o.id
                 WHERE o.tenant_id = $1 AND (s.order_id IS NULL OR (o.expires_at IS NOT NULL) <> (o.status = 'PENDING')
                   OR NOT CASE
                     WHEN o.status IN ('DRAFT', 'PENDING', 'CONFIRMED') THEN s.fulfilled = 0
                     WHEN o.status = 'PARTIALLY_FULFILLED' THEN s.fulfilled > 0 AND s.outstanding > 0 AND (s.goods = 0 OR s.outstanding_goods > 0)
                     WHEN o.status IN ('FULFILLED', 'CLOSED') THEN s.fulfilled > 0 AND s.outstanding = 0
                     ELSE s.fulfilled = 0 AND s.outstanding = 0 END)
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "order line: fulfilled = its fulfilments, or sold whole over the counter",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' line ' || l.position, 'fulfilled ' || coalesce(f.shipped, 0), 'fulfilled ' || l.fulfilled
                 FROM order_line l JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
                 LEFT JOIN (SELECT n.order_id, n.order_position, sum(n.quantity) AS shipped FROM fulfilment_line n
                            JOIN fulfilment h ON h.tenant_id = $1 AND h.id = n.fulfilment_id AND h.status IN ('SHIPPED', 'DELIVERED')
                            WHERE n.tenant_id = $1 GROUP BY n.order_id, n.order_position) f
                   ON f.order_id = l.order_id AND f.order_position = l.position
                 WHERE l.tenant_id = $1 AND l.fulfilled <> coalesce(f.shipped, 0)
                   AND NOT (l.fulfilled = l.quantity AND o.status IN ('FULFILLED', 'CLOSED')
                            AND NOT EXISTS (SELECT 1 FROM fulfilment h WHERE h.tenant_id = $1 AND h.order_id = l.order_id))
                 ORDER BY l.order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "order line: the SALE entries of an order sum to the fulfilled units of its stocked lines",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' prd:' || HEX(l.product_id), 'sold ' || l.fulfilled, 'sold ' || coalesce(s.sold, 0)
                 FROM (SELECT g.order_id, g.product_id, sum(g.fulfilled) AS fulfilled FROM (
                         SELECT order_id, product_id, fulfilled FROM order_line
                         WHERE tenant_id = $1 AND product_id IS NOT NULL AND stock_policy <> 'UNTRACKED'
                         UNION ALL SELECT n.order_id, n.product_id, o.fulfilled * n.quantity FROM order_line_part n
                         JOIN order_line o ON o.tenant_id = $1 AND o.order_id = n.order_id AND o.position = n.position WHERE n.tenant_id = $1) g
                       GROUP BY g.order_id, g.product_id) l
                 LEFT JOIN (SELECT m.reference_id, e.product_id, -sum(e.on_hand_delta) AS sold FROM movement m
                            JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                            WHERE m.tenant_id = $1 AND m.kind IN ('SALE', 'REVERSAL') AND m.reference_kind = 'ORDER'
                            GROUP BY m.reference_id, e.product_id) s
                   ON s.reference_id = l.order_id AND s.product_id = l.product_id
                 WHERE l.fulfilled <> coalesce(s.sold, 0) ORDER BY l.order_id, l.product_id LIMIT 1",
    },
    Check {
        invariant: "movement: each entry of a document's movement belongs to one of the document's lines",
        table: "movement",
        rests_on: tables![movement],
        broken: "SELECT 'seq ' || m.seq || ' line ' || e.line,
                   'a line of ' || m.reference_kind || ' with prd:' || HEX(e.product_id), 'none'
                 FROM movement m JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                 WHERE m.tenant_id = $1
                   AND ((m.reference_kind = 'ORDER' AND m.kind IN ('SALE', 'RESERVE') AND NOT EXISTS (
                          SELECT 1 FROM order_line l WHERE l.tenant_id = $1 AND l.order_id = m.reference_id
                            AND l.product_id = e.product_id AND l.stock_policy <> 'UNTRACKED')
                        AND NOT EXISTS (SELECT 1 FROM order_line_part n WHERE n.tenant_id = $1 AND n.order_id = m.reference_id
                            AND n.product_id = e.product_id))
                     OR (m.reference_kind = 'RETURN' AND NOT EXISTS (
                          SELECT 1 FROM return_line l WHERE l.tenant_id = $1 AND l.return_id = m.reference_id AND l.product_id = e.product_id)
                        AND NOT EXISTS (SELECT 1 FROM return_line_part n WHERE n.tenant_id = $1 AND n.return_id = m.reference_id
                            AND n.product_id = e.product_id))
                     OR (m.reference_kind = 'TRANSFER' AND m.kind IN ('TRANSFER_OUT', 'TRANSFER_IN', 'REMOVAL') AND NOT EXISTS (
                          SELECT 1 FROM transfer_line l WHERE l.tenant_id = $1 AND l.transfer_id = m.reference_id AND l.product_id = e.product_id))
                     OR (m.reference_kind = 'COUNT' AND m.kind = 'COUNT' AND NOT EXISTS (
                          SELECT 1 FROM count_line l WHERE l.tenant_id = $1 AND l.count_id = m.reference_id AND l.product_id = e.product_id
                            AND l.lot_key = coalesce((SELECT o.code_key FROM lot o WHERE o.tenant_id = $1 AND o.id = e.lot_id), ''))))
                 ORDER BY m.seq, e.line LIMIT 1",
    },
    // A part of a kit, and a line without a cost in the order's currency, are valued at the
    // product's cost when they leave.
    Check {
        invariant: "entry: a sale is valued at the cost that its order line froze",
        table: "entry",
        rests_on: tables![sales_order],
        broken: "SELECT 'seq ' || e.seq || ' line ' || e.line,
                   'ord:' || HEX(m.reference_id) || ' at ' || (SELECT min(l.unit_cost_minor) || CASE WHEN max(l.unit_cost_minor) > min(l.unit_cost_minor)
                       THEN ' to ' || max(l.unit_cost_minor) ELSE '' END
                     FROM order_line l WHERE l.tenant_id = $1 AND l.order_id = m.reference_id AND l.product_id = e.product_id) || ' ' || o.currency,
                   'unit cost ' || e.unit_cost_minor || ' ' || coalesce(e.cost_currency, 'of no currency')
                 FROM movement m JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                 JOIN sales_order o ON o.tenant_id = $1 AND o.id = m.reference_id
                 WHERE m.tenant_id = $1 AND m.kind = 'SALE' AND m.reference_kind = 'ORDER'
                   AND EXISTS (SELECT count(*) FROM order_line l
                       WHERE l.tenant_id = $1 AND l.order_id = m.reference_id AND l.product_id = e.product_id
                       HAVING count(*) > 0 AND count(*) = count(l.unit_cost_minor)
                         AND (e.unit_cost_minor < min(l.unit_cost_minor) OR e.unit_cost_minor > max(l.unit_cost_minor) OR e.cost_currency <> o.currency))
                   AND NOT EXISTS (SELECT 1 FROM order_line_part n WHERE n.tenant_id = $1 AND n.order_id = m.reference_id AND n.product_id = e.product_id)
                 ORDER BY e.seq, e.line LIMIT 1",
    },
    Check {
        invariant: "order: its total is the sum of its lines",
        table: "sales_order",
        rests_on: tables![sales_order],
        broken: "SELECT 'ord:' || HEX(o.id), 'total ' || coalesce(s.total, 0), 'total ' || o.total_minor
                 FROM sales_order o LEFT JOIN (SELECT order_id, sum(total_minor) AS total FROM order_line WHERE tenant_id = $1 GROUP BY order_id) s
                   ON s.order_id = o.id
                 WHERE o.tenant_id = $1 AND o.total_minor <> coalesce(s.total, 0) ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "order line: its total is price x quantity less discount plus tax, to the minor unit",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(order_id) || ' line ' || position,
                   'total of price ' || unit_price_minor || ' quantity ' || quantity || ' discount ' || discount_minor || ' tax ' || tax_minor,
                   'total ' || total_minor
                 FROM order_line WHERE tenant_id = $1
                   AND abs((CAST(total_minor AS NUMERIC) + discount_minor - tax_minor) * 2 * CAST('1' || substr('000000000', 1, unit_decimals) AS NUMERIC)
                           - CAST(unit_price_minor AS NUMERIC) * quantity * 2) > CAST('1' || substr('000000000', 1, unit_decimals) AS NUMERIC)
                 ORDER BY order_id, position LIMIT 1",
    },
    // Larger amounts would exceed the range in which both databases compute exactly.
    Check {
        invariant: "order line: discount and tax follow from the amounts that were last stated",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' line ' || l.position, 'discount ' || l.discount || ' tax ' || l.tax || ' of ' || l.gross,
                   'discount ' || l.discount_minor || ' tax ' || l.tax_minor
                 FROM (SELECT order_id, position, discount_minor, tax_minor, total_minor + discount_minor - tax_minor AS gross,
                         (2 * basis_discount_minor * quantity + basis_quantity) / (2 * basis_quantity) AS discount,
                         CASE WHEN tax_rate IS NULL THEN (2 * basis_tax_minor * quantity + basis_quantity) / (2 * basis_quantity) ELSE tax_minor END AS tax
                       FROM order_line WHERE tenant_id = $1 AND basis_quantity BETWEEN 1 AND 1073741824 AND quantity <= 1073741824
                         AND basis_discount_minor <= 1073741824 AND basis_tax_minor <= 1073741824) l
                 WHERE l.tax <> l.tax_minor OR l.discount_minor <> CASE WHEN l.gross <= 0 THEN 0 WHEN l.discount > l.gross THEN l.gross ELSE l.discount END
                 ORDER BY l.order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "order line: a tax rate is of the price less the discount",
        table: "order_line",
        rests_on: tables![order_line],
        broken: "SELECT 'ord:' || HEX(l.order_id) || ' line ' || l.position, 'tax ' || l.tax || ' at ' || l.tax_rate || ' of a million', 'tax ' || l.tax_minor
                 FROM (SELECT order_id, position, tax_minor, tax_rate, (2 * (total_minor - tax_minor) * tax_rate + 1000000) / 2000000 AS tax
                       FROM order_line WHERE tenant_id = $1 AND tax_rate IS NOT NULL AND total_minor - tax_minor BETWEEN 0 AND 1099511627776) l
                 WHERE l.tax <> l.tax_minor ORDER BY l.order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "order: numbers run 1, 2, 3 without gaps",
        table: "sales_order",
        rests_on: tables![sales_order],
        broken: "SELECT 'ord:' || HEX(id), 'number ' || nth, 'number ' || number
                 FROM (SELECT id, number, row_number() OVER (ORDER BY number) AS nth FROM sales_order WHERE tenant_id = $1) n
                 WHERE number <> nth ORDER BY nth LIMIT 1",
    },
];
