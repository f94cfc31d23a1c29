//! Customers and suppliers that are merged into others.

use super::check::{Check, tables};

/// A check that the customer of a document is at most one merge away from the surviving one:
/// documents keep the customer that they were made for.
macro_rules! customer_stays {
    ($noun:literal, $table:literal, $prefix:literal) => {
        Check {
            invariant: concat!($noun, ": its party is not merged, or is merged into one that is not"),
            table: $table,
            rests_on: tables![customer],
            broken: concat!(
                "SELECT '",
                $prefix,
                ":' || HEX(d.id), 'one that is merged into none', coalesce('cus:' || HEX(p.id) || ', merged itself', 'a customer that is gone')
                 FROM ",
                $table,
                " d JOIN customer c ON c.tenant_id = $1 AND c.id = d.customer_id AND c.merged_into IS NOT NULL
                 LEFT JOIN customer p ON p.tenant_id = $1 AND p.id = c.merged_into
                 WHERE d.tenant_id = $1 AND d.customer_id IS NOT NULL AND (p.id IS NULL OR p.merged_into IS NOT NULL) ORDER BY d.id LIMIT 1"
            ),
        }
    };
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "customer: a merged one points to one that is not merged",
        table: "customer",
        rests_on: tables![customer],
        broken: "SELECT 'cus:' || HEX(c.id), 'one that is merged into none', 'cus:' || HEX(p.id) || ', merged into cus:' || HEX(p.merged_into)
                 FROM customer c JOIN customer p ON p.tenant_id = $1 AND p.id = c.merged_into
                 WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND p.merged_into IS NOT NULL ORDER BY c.id LIMIT 1",
    },
    customer_stays!("order", "sales_order", "ord"),
    customer_stays!("return", "sales_return", "ret"),
    Check {
        invariant: "supplier: a merged one is archived, and points to one that is not merged",
        table: "supplier",
        rests_on: tables![supplier],
        broken: "SELECT 'sup:' || HEX(c.id), 'archived, and one that is merged into none',
                   CASE WHEN c.archived_at IS NULL THEN 'in use, ' ELSE 'archived, ' END || 'sup:' || HEX(p.id)
                   || CASE WHEN p.merged_into IS NULL THEN '' ELSE ', merged itself' END
                 FROM supplier c JOIN supplier p ON p.tenant_id = $1 AND p.id = c.merged_into
                 WHERE c.tenant_id = $1 AND c.merged_into IS NOT NULL AND (p.merged_into IS NOT NULL OR c.archived_at IS NULL)
                 ORDER BY c.id LIMIT 1",
    },
    // An order is open again if one of its receipts was undone after the merge.
    Check {
        invariant: "purchase order: none is open with a supplier that is merged into another",
        table: "purchase_order",
        rests_on: tables![purchase_order],
        broken: "SELECT 'por:' || HEX(o.id), 'a supplier that is merged into none', 'sup:' || HEX(s.id) || ', merged into sup:' || HEX(s.merged_into)
                 FROM purchase_order o JOIN supplier s ON s.tenant_id = $1 AND s.id = o.supplier_id AND s.merged_into IS NOT NULL
                 WHERE o.tenant_id = $1 AND o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED')
                   AND NOT EXISTS (SELECT 1 FROM document_reversal r WHERE r.tenant_id = $1 AND r.document_id = o.id)
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "purchase charge: none of an open order is of a supplier that is merged into another",
        table: "purchase_charge",
        rests_on: tables![purchase_charge],
        broken: "SELECT 'por:' || HEX(o.id), 'a charge of a supplier that is merged into none', 'sup:' || HEX(s.id) || ', merged into sup:' || HEX(s.merged_into)
                 FROM purchase_charge c JOIN supplier s ON s.tenant_id = $1 AND s.id = c.supplier_id AND s.merged_into IS NOT NULL
                 JOIN purchase_order o ON o.tenant_id = $1 AND o.id = c.purchase_order_id
                 WHERE c.tenant_id = $1 AND c.supplier_id IS NOT NULL
                   AND o.status IN ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED')
                   AND NOT EXISTS (SELECT 1 FROM document_reversal r WHERE r.tenant_id = $1 AND r.document_id = o.id)
                 ORDER BY o.id LIMIT 1",
    },
    Check {
        invariant: "blanket order: none is open with a supplier that is merged into another",
        table: "blanket_order",
        rests_on: tables![blanket_order],
        broken: "SELECT 'bor:' || HEX(b.id), 'a supplier that is merged into none', 'sup:' || HEX(s.id) || ', merged into sup:' || HEX(s.merged_into)
                 FROM blanket_order b JOIN supplier s ON s.tenant_id = $1 AND s.id = b.supplier_id AND s.merged_into IS NOT NULL
                 WHERE b.tenant_id = $1 AND b.status IN ('DRAFT', 'ACTIVE', 'EXHAUSTED') ORDER BY b.id LIMIT 1",
    },
    Check {
        invariant: "replenishment policy: none is of a supplier that is merged into another",
        table: "replenishment_policy",
        rests_on: tables![replenishment_policy],
        broken: "SELECT 'rpp:' || HEX(p.id), 'a supplier that is merged into none', 'sup:' || HEX(s.id) || ', merged into sup:' || HEX(s.merged_into)
                 FROM replenishment_policy p JOIN supplier s ON s.tenant_id = $1 AND s.id = p.supplier_id AND s.merged_into IS NOT NULL
                 WHERE p.tenant_id = $1 AND p.supplier_id IS NOT NULL ORDER BY p.id LIMIT 1",
    },
    Check {
        invariant: "merge: one that was not undone has a merged customer or supplier",
        table: "party_merge",
        rests_on: tables![party_merge],
        broken: "SELECT 'merge ' || HEX(m.id), 'one that is merged', coalesce('cus:' || HEX(m.customer_id), 'sup:' || HEX(m.supplier_id))
                 FROM party_merge m LEFT JOIN customer c ON c.tenant_id = $1 AND c.id = m.customer_id
                 LEFT JOIN supplier s ON s.tenant_id = $1 AND s.id = m.supplier_id
                 WHERE m.tenant_id = $1 AND m.undone_at IS NULL AND c.merged_into IS NULL AND s.merged_into IS NULL ORDER BY m.id LIMIT 1",
    },
];
