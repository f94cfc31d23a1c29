//! Checks of numbers that run 1, 2, 3 without gaps: documents up to their tenant's counter,
//! receipts and discrepancies inside their order.

use super::check::{Check, numbered, tables};

pub(super) const CHECKS: &[Check] = &[
    numbered!("purchase order", "purchase_order", "por", "purchase_order_number"),
    numbered!("supplier return", "supplier_return", "srt", "supplier_return_number"),
    numbered!("blanket order", "blanket_order", "bor", "blanket_order_number"),
    numbered!("revaluation", "revaluation", "rvl", "revaluation_number"),
    Check {
        invariant: "invoice: numbers of each company and kind run 1, 2, 3 without gaps",
        table: "invoice",
        rests_on: tables![invoice],
        broken: "SELECT 'inv:' || HEX(n.id), 'number ' || n.nth, 'number ' || n.number
                 FROM (SELECT id, legal_entity_id, kind, number, row_number() OVER (PARTITION BY legal_entity_id, kind ORDER BY number) AS nth
                       FROM invoice WHERE tenant_id = $1) n
                 WHERE n.number <> n.nth ORDER BY n.legal_entity_id, n.kind, n.nth LIMIT 1",
    },
    Check {
        invariant: "invoice: each company has assigned as many numbers as it has invoices and credit notes",
        table: "legal_entity",
        rests_on: tables![legal_entity],
        broken: "SELECT 'len:' || HEX(e.id), 'invoices ' || coalesce(n.invoices, 0) || ' credit notes ' || coalesce(n.credit_notes, 0),
                   'invoices ' || e.invoices || ' credit notes ' || e.credit_notes
                 FROM legal_entity e LEFT JOIN (
                   SELECT legal_entity_id, sum(CASE kind WHEN 'INVOICE' THEN 1 ELSE 0 END) AS invoices,
                     sum(CASE kind WHEN 'INVOICE' THEN 0 ELSE 1 END) AS credit_notes
                   FROM invoice WHERE tenant_id = $1 GROUP BY legal_entity_id) n ON n.legal_entity_id = e.id
                 WHERE e.tenant_id = $1 AND (e.invoices <> coalesce(n.invoices, 0) OR e.credit_notes <> coalesce(n.credit_notes, 0))
                 ORDER BY e.id LIMIT 1",
    },
    Check {
        invariant: "invoice: its sums are those of its lines, and net and tax are its total",
        table: "invoice",
        rests_on: tables![invoice],
        broken: "SELECT 'inv:' || HEX(i.id), 'tax ' || coalesce(s.tax, 0) || ' total ' || coalesce(s.total, 0),
                   'net ' || i.net_minor || ' tax ' || i.tax_minor || ' total ' || i.total_minor
                 FROM invoice i LEFT JOIN (
                   SELECT invoice_id, sum(tax_minor) AS tax, sum(total_minor) AS total FROM invoice_line
                   WHERE tenant_id = $1 GROUP BY invoice_id) s ON s.invoice_id = i.id
                 WHERE i.tenant_id = $1 AND (i.tax_minor <> coalesce(s.tax, 0) OR i.total_minor <> coalesce(s.total, 0)
                   OR i.net_minor + i.tax_minor <> i.total_minor)
                 ORDER BY i.id LIMIT 1",
    },
    // A deduction has a total below 0, and so has its credit.
    Check {
        invariant: "invoice: its credit notes credit no more units or money of a line than the line has",
        table: "invoice_line",
        rests_on: tables![invoice_line],
        broken: "SELECT 'inv:' || HEX(c.id) || ' line ' || c.position, 'credited up to ' || coalesce(l.quantity, 0) || ' for ' || coalesce(l.total_minor, 0),
                   'credited ' || c.quantity || ' for ' || c.total
                 FROM (SELECT i.credits_id AS id, k.position, sum(k.quantity) AS quantity, sum(k.total_minor) AS total
                       FROM invoice i JOIN invoice_line k ON k.tenant_id = $1 AND k.invoice_id = i.id
                       WHERE i.tenant_id = $1 AND i.credits_id IS NOT NULL GROUP BY i.credits_id, k.position) c
                 LEFT JOIN invoice_line l ON l.tenant_id = $1 AND l.invoice_id = c.id AND l.position = c.position
                 WHERE l.invoice_id IS NULL OR c.quantity > l.quantity OR abs(c.total) > abs(l.total_minor)
                 ORDER BY c.id, c.position LIMIT 1",
    },
    Check {
        invariant: "goods receipt: those of an order are numbered 1, 2, 3 and have its store",
        table: "goods_receipt",
        rests_on: tables![goods_receipt],
        broken: "SELECT 'grn:' || HEX(r.id), 'number ' || r.nth || coalesce(' sto:' || HEX(o.store_id), ' of an order'), 'number ' || r.number || ' sto:' || HEX(r.store_id)
                 FROM (SELECT id, purchase_order_id, store_id, number, row_number() OVER (PARTITION BY purchase_order_id ORDER BY number) AS nth
                       FROM goods_receipt WHERE tenant_id = $1) r
                 LEFT JOIN purchase_order o ON o.tenant_id = $1 AND o.id = r.purchase_order_id
                 WHERE r.number <> r.nth OR o.id IS NULL OR o.store_id <> r.store_id ORDER BY r.purchase_order_id, r.nth LIMIT 1",
    },
    Check {
        invariant: "purchase order: its discrepancies are numbered 1, 2, 3",
        table: "purchase_discrepancy",
        rests_on: tables![purchase_discrepancy],
        broken: "SELECT 'por:' || HEX(purchase_order_id) || ' discrepancy ' || number, 'number ' || nth, 'number ' || number
                 FROM (SELECT purchase_order_id, number, row_number() OVER (PARTITION BY purchase_order_id ORDER BY number) AS nth
                       FROM purchase_discrepancy WHERE tenant_id = $1) n
                 WHERE number <> nth ORDER BY purchase_order_id, nth LIMIT 1",
    },
    Check {
        invariant: "counter: master data has a seq at or after its last event, and not beyond the head",
        table: "tenant_counter",
        rests_on: tables![],
        broken: "SELECT 'ten:' || HEX(c.tenant_id), 'from ' || coalesce(CAST(e.last AS text), '0') || ' to ' || c.head, CAST(c.master_seq AS text)
                 FROM tenant_counter c LEFT JOIN (SELECT max(seq) AS last FROM event WHERE tenant_id = $1
                   AND IS_OF_CACHED_KIND) e ON 1 = 1
                 WHERE c.tenant_id = $1 AND (c.master_seq > c.head OR c.master_seq < coalesce(e.last, 0)) LIMIT 1",
    },
];
