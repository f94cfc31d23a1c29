//! Checks of kits, and of the components that orders and returns stored.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "kit: it is UNTRACKED, has components, and has no stock of its own",
        table: "product",
        rests_on: tables![product],
        broken: "SELECT 'prd:' || HEX(p.id), 'a kit that is UNTRACKED with components and no stock, or neither',
                   p.stock_policy || ' is kit ' || p.is_kit || ' components ' || coalesce(k.n, 0) || ' stock ' || coalesce(l.stock, 0)
                 FROM product p
                 LEFT JOIN (SELECT kit_id, count(*) AS n FROM kit_component WHERE tenant_id = $1 GROUP BY kit_id) k ON k.kit_id = p.id
                 LEFT JOIN (SELECT product_id, sum(on_hand + incoming + in_transit) AS stock FROM stock_level WHERE tenant_id = $1
                            GROUP BY product_id) l ON l.product_id = p.id
                 WHERE p.tenant_id = $1 AND ((p.is_kit = 1) <> (coalesce(k.n, 0) > 0)
                   OR (p.is_kit = 1 AND (p.stock_policy <> 'UNTRACKED' OR coalesce(l.stock, 0) <> 0))) ORDER BY p.id LIMIT 1",
    },
    Check {
        invariant: "kit: its components are stocked products and no kits",
        table: "kit_component",
        rests_on: tables![kit_component],
        broken: "SELECT 'prd:' || HEX(k.kit_id), 'a stocked product that is no kit', 'prd:' || HEX(p.id) || ' ' || p.stock_policy || ' ' || p.status
                 FROM kit_component k JOIN product p ON p.tenant_id = $1 AND p.id = k.component_id
                 WHERE k.tenant_id = $1 AND (p.is_kit = 1 OR p.stock_policy = 'UNTRACKED' OR p.status = 'ARCHIVED')
                 ORDER BY k.kit_id, k.component_id LIMIT 1",
    },
    Check {
        invariant: "order line: one that takes parts keeps no stock of its own",
        table: "order_line_part",
        rests_on: tables![order_line_part],
        broken: "SELECT 'ord:' || HEX(n.order_id) || ' line ' || n.position, 'a line of another product that is UNTRACKED',
                   coalesce(l.stock_policy, 'no line') || ' with a part of prd:' || HEX(n.product_id)
                 FROM order_line_part n LEFT JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
                 WHERE n.tenant_id = $1 AND (l.order_id IS NULL OR l.stock_policy <> 'UNTRACKED' OR l.product_id IS NULL OR l.product_id = n.product_id)
                 ORDER BY n.order_id, n.position LIMIT 1",
    },
];
