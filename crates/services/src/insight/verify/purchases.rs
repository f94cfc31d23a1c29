//! Checks of purchase orders and their receipts against the ledger; checks of blanket orders
//! against their call-offs.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "level: incoming = the open units of the orders that are ORDERED or PARTIALLY_RECEIVED",
        table: "stock_level",
        rests_on: tables![purchase_order, stock_level],
        broken: "SELECT 'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id), 'incoming ' || sum(c.open), 'incoming ' || sum(c.incoming)
                 FROM (SELECT product_id, store_id, 0 AS open, incoming FROM stock_level WHERE tenant_id = $1
                       UNION ALL SELECT l.product_id, o.store_id, l.open, 0 FROM purchase_order_line l
                       JOIN purchase_order o ON o.tenant_id = $1 AND o.id = l.purchase_order_id AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED')
                       WHERE l.tenant_id = $1) c
                 GROUP BY c.product_id, c.store_id HAVING sum(c.open) <> sum(c.incoming) ORDER BY c.product_id, c.store_id LIMIT 1",
    },
    Check {
        invariant: "purchase order line: received and damaged = its receipts, within the tolerance",
        table: "purchase_order_line",
        rests_on: tables![purchase_order_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position,
                   'received ' || coalesce(s.came, 0) || ' damaged ' || coalesce(s.damaged, 0) || ' of at most ' || l.most,
                   'received ' || l.received || ' damaged ' || l.damaged
                 FROM purchase_order_line l LEFT JOIN (
                   SELECT purchase_order_id, position, sum(quantity - reversed) AS came, sum(damaged - reversed_damaged) AS damaged FROM goods_receipt_line
                   WHERE tenant_id = $1 GROUP BY purchase_order_id, position) s ON s.purchase_order_id = l.purchase_order_id AND s.position = l.position
                 JOIN purchase_order o ON o.tenant_id = $1 AND o.id = l.purchase_order_id
                 WHERE l.tenant_id = $1 AND (l.received <> coalesce(s.came, 0) OR l.damaged <> coalesce(s.damaged, 0) OR l.received > l.most
                   OR l.most <> l.quantity + l.quantity * o.over_percent / 100)
                 ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "purchase order: its lines fit its state",
        table: "purchase_order",
        rests_on: tables![purchase_order],
        broken: "SELECT 'por:' || HEX(o.id), 'lines that fit ' || o.status,
                   'received ' || coalesce(s.received, 0) || ' open ' || coalesce(s.open, 0) || ' short ' || coalesce(s.short, 0)
                 FROM purchase_order o LEFT JOIN (
                   SELECT purchase_order_id, sum(received) AS received, sum(open) AS open, sum(CASE WHEN cancelled_at IS NULL THEN short ELSE 0 END) AS short FROM purchase_order_line
                   WHERE tenant_id = $1 GROUP BY purchase_order_id) s ON s.purchase_order_id = o.id
                 WHERE o.tenant_id = $1 AND (s.purchase_order_id IS NULL OR NOT CASE
                     WHEN o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED') THEN s.received = 0 AND s.short = 0
                     WHEN o.status = 'PARTIALLY_RECEIVED' THEN s.received > 0 AND s.open > 0 AND s.short = 0
                     WHEN o.status = 'RECEIVED' THEN s.received > 0 AND s.open = 0
                     WHEN o.status = 'CLOSED' THEN s.received + s.short > 0 AND s.open = 0
                     ELSE s.received = 0 AND s.open = 0 END)
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "purchase order line: units that a RECEIVED or CLOSED order has not received are short",
        table: "purchase_order_line",
        rests_on: tables![purchase_order_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position,
                   'short ' || CASE WHEN l.received < l.quantity THEN l.quantity - l.received ELSE 0 END, 'short ' || l.short
                 FROM purchase_order_line l JOIN purchase_order o ON o.tenant_id = $1 AND o.id = l.purchase_order_id AND o.status IN ('RECEIVED', 'CLOSED')
                 WHERE l.tenant_id = $1 AND l.short <> CASE WHEN l.received < l.quantity THEN l.quantity - l.received ELSE 0 END
                 ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "purchase order: goods and charges are the sums of its lines and of its charges, and no line has a deposit",
        table: "purchase_order",
        rests_on: tables![purchase_order],
        broken: "SELECT 'por:' || HEX(o.id), 'goods ' || coalesce(l.goods, 0) || ' charges ' || coalesce(c.amount, 0) || ' on lines ' || coalesce(l.charges, 0),
                   'goods ' || o.goods_minor || ' charges ' || o.charges_minor
                 FROM purchase_order o
                 LEFT JOIN (SELECT purchase_order_id, sum(CASE WHEN cancelled_at IS NULL THEN total_minor ELSE 0 END) AS goods, sum(charges_minor) AS charges FROM purchase_order_line
                            WHERE tenant_id = $1 GROUP BY purchase_order_id) l ON l.purchase_order_id = o.id
                 LEFT JOIN (SELECT purchase_order_id, sum(amount_minor) AS amount, sum(CASE kind WHEN 'DEPOSIT' THEN 0 ELSE amount_minor END) AS landed
                            FROM purchase_charge WHERE tenant_id = $1 AND currency IS NULL GROUP BY purchase_order_id) c
                   ON c.purchase_order_id = o.id
                 WHERE o.tenant_id = $1 AND (o.goods_minor <> coalesce(l.goods, 0) OR o.charges_minor <> coalesce(c.amount, 0)
                   OR coalesce(l.charges, 0) <> coalesce(c.landed, 0))
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "purchase order: charges in other currencies are on its lines with their amounts in the books",
        table: "purchase_order",
        rests_on: tables![purchase_order],
        broken: "SELECT 'por:' || HEX(o.id), 'in the books ' || coalesce(c.amount, 0), 'on lines ' || coalesce(l.charges, 0)
                 FROM purchase_order o
                 LEFT JOIN (SELECT purchase_order_id, sum(charges_books_minor) AS charges FROM purchase_order_line
                            WHERE tenant_id = $1 GROUP BY purchase_order_id) l ON l.purchase_order_id = o.id
                 LEFT JOIN (SELECT purchase_order_id, sum(books_minor) AS amount FROM purchase_charge
                            WHERE tenant_id = $1 AND books_minor IS NOT NULL GROUP BY purchase_order_id) c ON c.purchase_order_id = o.id
                 WHERE o.tenant_id = $1 AND coalesce(l.charges, 0) <> coalesce(c.amount, 0) ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "purchase charge: one in another currency than its order has an amount in the books, and a rate if the books have another currency",
        table: "purchase_charge",
        rests_on: tables![purchase_charge],
        broken: "SELECT 'por:' || HEX(c.purchase_order_id) || ' charge ' || c.position, 'a currency, an amount in the books and a rate, or none of them',
                   'currency ' || coalesce(c.currency, 'none') || ' books ' || coalesce(c.books_currency, 'none') || ' rate ' || coalesce(c.rate_numerator, 'none')
                 FROM purchase_charge c JOIN purchase_order o ON o.tenant_id = $1 AND o.id = c.purchase_order_id
                 WHERE c.tenant_id = $1 AND ((c.currency IS NULL) <> (c.books_minor IS NULL) OR (c.currency IS NULL) <> (c.books_currency IS NULL)
                   OR c.currency = o.currency OR (c.rate_numerator IS NULL) <> (c.currency IS NULL OR c.currency = c.books_currency)
                   OR (c.rate_numerator IS NULL) <> (c.rate_denominator IS NULL) OR (c.rate_numerator IS NULL) <> (c.rate_day IS NULL)
                   OR (c.rate_numerator IS NULL) <> (c.rate_source IS NULL))
                 ORDER BY c.purchase_order_id, c.position LIMIT 1",
    },
    // Only lines that were received in full, or not at all: the share of a part is rounded.
    Check {
        invariant: "purchase order line: its receipts carry its share of charges in other currencies",
        table: "goods_receipt_line",
        rests_on: tables![goods_receipt_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position,
                   'in the books ' || (CASE WHEN l.received = 0 THEN 0 ELSE l.charges_books_minor END + l.charges_books_off_minor), 'in the books ' || s.carried
                 FROM purchase_order_line l JOIN (
                   SELECT purchase_order_id, position, sum(CASE WHEN reversed = 0 THEN charges_books_minor ELSE 0 END) AS carried FROM goods_receipt_line
                   WHERE tenant_id = $1 GROUP BY purchase_order_id, position
                   HAVING sum(CASE WHEN reversed > 0 AND reversed < quantity THEN 1 ELSE 0 END) = 0) s
                   ON s.purchase_order_id = l.purchase_order_id AND s.position = l.position
                 WHERE l.tenant_id = $1 AND (l.received = 0 OR l.received >= l.quantity)
                   AND CASE WHEN l.received = 0 THEN 0 ELSE l.charges_books_minor END + l.charges_books_off_minor <> s.carried
                 ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "purchase order line: of a cancelled order nothing was received, is expected or is charged",
        table: "purchase_order_line",
        rests_on: tables![purchase_order_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position, 'received 0 open 0 charges 0',
                   'received ' || l.received || ' open ' || l.open || ' charges ' || l.charges_minor || ' and in the books ' || l.charges_books_minor
                 FROM purchase_order_line l
                 WHERE l.tenant_id = $1 AND l.cancelled_at IS NOT NULL AND (l.received <> 0 OR l.open <> 0 OR l.charges_minor <> 0 OR l.charges_books_minor <> 0)
                 ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "purchase order line: no revision is later than its order's",
        table: "purchase_order_line",
        rests_on: tables![purchase_order_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position, 'revision up to ' || o.revision, 'revision ' || l.revision
                 FROM purchase_order_line l JOIN purchase_order o ON o.tenant_id = $1 AND o.id = l.purchase_order_id
                 WHERE l.tenant_id = $1 AND l.revision > o.revision ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "goods receipt: the RECEIPT entries of an order equal its receipts, in quantity and cost",
        table: "goods_receipt_line",
        rests_on: tables![entry, goods_receipt_line],
        broken: "SELECT 'por:' || HEX(c.id) || ' prd:' || HEX(c.product_id), 'on hand ' || sum(c.came) || ' worth ' || sum(c.worth),
                   'on hand ' || sum(c.posted) || ' worth ' || sum(c.value)
                 FROM (SELECT r.purchase_order_id AS id, l.product_id, r.quantity AS came, coalesce(r.books_minor, r.goods_minor + r.charges_minor + r.charges_books_minor) AS worth, 0 AS posted, 0 AS value
                       FROM goods_receipt_line r JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = r.purchase_order_id AND l.position = r.position
                       WHERE r.tenant_id = $1
                       UNION ALL SELECT m.reference_id, e.product_id, 0, 0, e.on_hand_delta, coalesce(e.value_minor, 0) FROM movement m
                       JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq
                       WHERE m.tenant_id = $1 AND m.reference_kind = 'PURCHASE_ORDER' AND m.kind = 'RECEIPT') c
                 GROUP BY c.id, c.product_id HAVING sum(c.came) <> sum(c.posted) OR sum(c.worth) <> sum(c.value) ORDER BY c.id, c.product_id LIMIT 1",
    },
    // Only lines whose receipts are each reversed in full or not at all; products too large to
    // multiply here are left out.
    Check {
        invariant: "goods receipt: the cost of its goods is their quantities at the prices of the order's lines",
        table: "goods_receipt_line",
        rests_on: tables![goods_receipt_line],
        broken: "SELECT 'por:' || HEX(c.id) || ' line ' || c.position, 'goods ' || ((c.product + c.scale / 2) / c.scale + c.off), 'goods ' || c.carried
                 FROM (SELECT l.purchase_order_id AS id, l.position, l.unit_cost_minor * l.received AS product, l.goods_off_minor AS off, s.carried,
                         CASE l.unit_decimals WHEN 0 THEN 1 WHEN 1 THEN 10 WHEN 2 THEN 100 WHEN 3 THEN 1000 WHEN 4 THEN 10000 WHEN 5 THEN 100000
                           WHEN 6 THEN 1000000 WHEN 7 THEN 10000000 WHEN 8 THEN 100000000 ELSE 1000000000 END AS scale
                       FROM purchase_order_line l JOIN (
                         SELECT purchase_order_id, position, sum(CASE WHEN reversed = 0 THEN goods_minor ELSE 0 END) AS carried FROM goods_receipt_line
                         WHERE tenant_id = $1 GROUP BY purchase_order_id, position
                         HAVING sum(CASE WHEN reversed > 0 AND reversed < quantity THEN 1 ELSE 0 END) = 0) s
                         ON s.purchase_order_id = l.purchase_order_id AND s.position = l.position
                       WHERE l.tenant_id = $1 AND l.received <= 268435456 AND l.unit_cost_minor <= 17179869184) c
                 WHERE (c.product + c.scale / 2) / c.scale + c.off <> c.carried ORDER BY c.id, c.position LIMIT 1",
    },
    // Until m0033 damaged goods were set aside as quarantined.
    Check {
        invariant: "goods receipt: damaged units are unavailable as DAMAGED",
        table: "goods_receipt_line",
        rests_on: tables![goods_receipt_line],
        broken: "SELECT 'por:' || HEX(d.id) || ' prd:' || HEX(d.product_id), 'damaged ' || d.damaged, 'damaged ' || coalesce(s.aside, 0)
                 FROM (SELECT r.purchase_order_id AS id, l.product_id, sum(r.damaged) AS damaged FROM goods_receipt_line r
                       JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = r.purchase_order_id AND l.position = r.position
                       WHERE r.tenant_id = $1 AND r.damaged_as = 'DAMAGED' GROUP BY r.purchase_order_id, l.product_id) d
                 LEFT JOIN (SELECT m.reference_id, e.product_id, sum(e.unavailable_delta) AS aside FROM movement m
                            JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.condition = 'DAMAGED'
                            WHERE m.tenant_id = $1 AND m.reference_kind = 'PURCHASE_ORDER' AND m.kind = 'RECEIPT' GROUP BY m.reference_id, e.product_id) s
                   ON s.reference_id = d.id AND s.product_id = d.product_id
                 WHERE d.damaged <> coalesce(s.aside, 0) ORDER BY d.id, d.product_id LIMIT 1",
    },
    Check {
        invariant: "supplier return: its credit is the sum of its lines, its entries equal its units, and no line is returned twice",
        table: "supplier_return",
        rests_on: tables![supplier_return],
        broken: "SELECT 'srt:' || HEX(r.id), 'credit ' || coalesce(l.credit, 0) || ' left ' || coalesce(l.quantity, 0),
                   'credit ' || r.credit_minor || ' left ' || coalesce(e.quantity, 0)
                 FROM supplier_return r
                 LEFT JOIN (SELECT supplier_return_id, sum(total_minor) AS credit, sum(quantity - reversed) AS quantity FROM supplier_return_line
                            WHERE tenant_id = $1 GROUP BY supplier_return_id) l ON l.supplier_return_id = r.id
                 LEFT JOIN (SELECT m.reference_id, -sum(n.on_hand_delta) AS quantity FROM movement m JOIN entry n ON n.tenant_id = $1 AND n.seq = m.seq
                            WHERE m.tenant_id = $1 AND m.reference_kind = 'SUPPLIER_RETURN' GROUP BY m.reference_id) e ON e.reference_id = r.id
                 WHERE r.tenant_id = $1 AND (r.credit_minor <> coalesce(l.credit, 0) OR coalesce(l.quantity, 0) <> coalesce(e.quantity, 0))
                 ORDER BY r.id LIMIT 1",
    },
    Check {
        invariant: "purchase order line: returned = its units on supplier returns",
        table: "purchase_order_line",
        rests_on: tables![purchase_order_line],
        broken: "SELECT 'por:' || HEX(l.purchase_order_id) || ' line ' || l.position, 'returned ' || coalesce(s.back, 0), 'returned ' || l.returned
                 FROM purchase_order_line l LEFT JOIN (
                   SELECT purchase_order_id, order_position, sum(quantity - reversed) AS back FROM supplier_return_line
                   WHERE tenant_id = $1 AND purchase_order_id IS NOT NULL GROUP BY purchase_order_id, order_position) s
                   ON s.purchase_order_id = l.purchase_order_id AND s.order_position = l.position
                 WHERE l.tenant_id = $1 AND (l.returned <> coalesce(s.back, 0) OR l.returned > l.received)
                 ORDER BY l.purchase_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "goods receipt: its reversed units equal its reversals, and are at most the received ones",
        table: "goods_receipt_line",
        rests_on: tables![goods_receipt_line],
        broken: "SELECT 'grn:' || HEX(l.receipt_id), 'reversed ' || coalesce(s.back, 0), 'reversed ' || l.back
                 FROM (SELECT receipt_id, sum(reversed) AS back,
                         max(CASE WHEN reversed > quantity OR reversed_damaged > damaged OR reversed_damaged > reversed THEN 1 ELSE 0 END) AS beyond
                       FROM goods_receipt_line WHERE tenant_id = $1 GROUP BY receipt_id) l
                 LEFT JOIN (SELECT r.part_id, sum(d.quantity) AS back FROM document_reversal r
                            JOIN document_reversal_line d ON d.tenant_id = $1 AND d.reversal_id = r.id
                            WHERE r.tenant_id = $1 AND r.kind = 'GOODS_RECEIPT' GROUP BY r.part_id) s ON s.part_id = l.receipt_id
                 WHERE l.back <> coalesce(s.back, 0) OR l.beyond = 1 ORDER BY l.receipt_id LIMIT 1",
    },
    Check {
        invariant: "supplier return: its reversed units equal its reversals, and are at most the returned ones",
        table: "supplier_return_line",
        rests_on: tables![supplier_return_line],
        broken: "SELECT 'srt:' || HEX(l.supplier_return_id), 'reversed ' || coalesce(s.back, 0), 'reversed ' || l.back
                 FROM (SELECT supplier_return_id, sum(reversed) AS back, max(CASE WHEN reversed > quantity THEN 1 ELSE 0 END) AS beyond
                       FROM supplier_return_line WHERE tenant_id = $1 GROUP BY supplier_return_id) l
                 LEFT JOIN (SELECT r.part_id, sum(d.quantity) AS back FROM document_reversal r
                            JOIN document_reversal_line d ON d.tenant_id = $1 AND d.reversal_id = r.id
                            WHERE r.tenant_id = $1 AND r.kind = 'SUPPLIER_RETURN' GROUP BY r.part_id) s ON s.part_id = l.supplier_return_id
                 WHERE l.back <> coalesce(s.back, 0) OR l.beyond = 1 ORDER BY l.supplier_return_id LIMIT 1",
    },
    Check {
        invariant: "blanket order line: called off = the units of its purchase orders less the short ones, and at most the agreed quantity",
        table: "blanket_order_line",
        rests_on: tables![blanket_order_line],
        broken: "SELECT 'bor:' || HEX(l.blanket_order_id) || ' line ' || l.position, 'called off ' || coalesce(s.called_off, 0) || ' of at most ' || l.quantity,
                   'called off ' || l.called_off
                 FROM blanket_order_line l LEFT JOIN (
                   SELECT o.blanket_order_id, n.product_id, sum(n.quantity - n.short) AS called_off FROM purchase_order o
                   JOIN purchase_order_line n ON n.tenant_id = $1 AND n.purchase_order_id = o.id
                   WHERE o.tenant_id = $1 AND o.blanket_order_id IS NOT NULL GROUP BY o.blanket_order_id, n.product_id) s
                   ON s.blanket_order_id = l.blanket_order_id AND s.product_id = l.product_id
                 WHERE l.tenant_id = $1 AND (l.called_off <> coalesce(s.called_off, 0) OR l.called_off > l.quantity)
                 ORDER BY l.blanket_order_id, l.position LIMIT 1",
    },
    Check {
        invariant: "purchase order: each called-off line is one of its blanket order, with the agreed price and the agreed supplier",
        table: "purchase_order",
        rests_on: tables![blanket_order],
        broken: "SELECT 'por:' || HEX(o.id) || ' line ' || n.position, 'unit cost ' || coalesce(l.unit_cost_minor, 0) || ' ' || b.currency,
                   'unit cost ' || n.unit_cost_minor || ' ' || o.currency
                 FROM purchase_order o JOIN blanket_order b ON b.tenant_id = $1 AND b.id = o.blanket_order_id
                 JOIN purchase_order_line n ON n.tenant_id = $1 AND n.purchase_order_id = o.id
                 LEFT JOIN blanket_order_line l ON l.tenant_id = $1 AND l.blanket_order_id = b.id AND l.product_id = n.product_id
                 WHERE o.tenant_id = $1 AND (l.position IS NULL OR l.unit_cost_minor <> n.unit_cost_minor OR b.supplier_id <> o.supplier_id
                   OR b.currency <> o.currency)
                 ORDER BY o.id, n.position LIMIT 1",
    },
    Check {
        invariant: "blanket order: its total is the sum of its lines, and its state follows from their remaining units",
        table: "blanket_order",
        rests_on: tables![blanket_order],
        broken: "SELECT 'bor:' || HEX(b.id), 'total ' || coalesce(l.total, 0) || ' left ' || coalesce(l.rest, 0), 'total ' || b.total_minor || ' and ' || b.status
                 FROM blanket_order b LEFT JOIN (
                   SELECT blanket_order_id, sum(total_minor) AS total, sum(quantity - called_off) AS rest FROM blanket_order_line
                   WHERE tenant_id = $1 GROUP BY blanket_order_id) l ON l.blanket_order_id = b.id
                 WHERE b.tenant_id = $1 AND (b.total_minor <> coalesce(l.total, 0) OR (b.status = 'EXHAUSTED') <> (coalesce(l.rest, 0) = 0)
                   AND b.status IN ('ACTIVE', 'EXHAUSTED'))
                 ORDER BY b.id LIMIT 1",
    },
];
