//! Checks of pictures and documents of products, attachments, papers, and their files; and of bulk
//! operations.

use super::check::{Check, tables};

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "product image: places run 1, 2, 3 without gaps",
        table: "product_image",
        rests_on: tables![product_image],
        broken: "SELECT 'img:' || HEX(id), 'place ' || nth, 'place ' || position
                 FROM (SELECT id, product_id, position, row_number() OVER (PARTITION BY product_id ORDER BY position, id) AS nth
                       FROM product_image WHERE tenant_id = $1) n
                 WHERE position <> nth ORDER BY product_id, nth LIMIT 1",
    },
    Check {
        invariant: "product image: its file is a stored picture that does not expire",
        table: "product_image",
        rests_on: tables![product_image],
        broken: "SELECT 'img:' || HEX(i.id), 'an IMAGE that is READY, without an end', f.purpose || ' ' || f.state || ' until ' || coalesce(f.expires_at, 0)
                 FROM product_image i JOIN file f ON f.tenant_id = $1 AND f.id = i.file_id
                 WHERE i.tenant_id = $1 AND (f.purpose <> 'IMAGE' OR f.state <> 'READY' OR f.expires_at IS NOT NULL) ORDER BY i.id LIMIT 1",
    },
    Check {
        invariant: "product document: its file is a stored document that does not expire",
        table: "product_document",
        rests_on: tables![product_document],
        broken: "SELECT 'doc:' || HEX(d.id), 'a DOCUMENT that is READY, without an end', f.purpose || ' ' || f.state || ' until ' || coalesce(f.expires_at, 0)
                 FROM product_document d JOIN file f ON f.tenant_id = $1 AND f.id = d.file_id
                 WHERE d.tenant_id = $1 AND (f.purpose <> 'DOCUMENT' OR f.state <> 'READY' OR f.expires_at IS NOT NULL) ORDER BY d.id LIMIT 1",
    },
    Check {
        invariant: "attachment: its file is a stored document that does not expire",
        table: "attachment",
        rests_on: tables![attachment],
        broken: "SELECT 'att:' || HEX(a.id), 'a DOCUMENT that is READY, without an end', f.purpose || ' ' || f.state || ' until ' || coalesce(f.expires_at, 0)
                 FROM attachment a JOIN file f ON f.tenant_id = $1 AND f.id = a.file_id
                 WHERE a.tenant_id = $1 AND (f.purpose <> 'DOCUMENT' OR f.state <> 'READY' OR f.expires_at IS NOT NULL) ORDER BY a.id LIMIT 1",
    },
    Check {
        invariant: "attachment: the document or the master data that it is attached to exists",
        table: "attachment",
        rests_on: tables![attachment],
        broken: "SELECT 'att:' || HEX(a.id), 'one that is there', a.target_kind || ':' || HEX(a.target_id)
                 FROM attachment a WHERE a.tenant_id = $1 AND (
                   (a.target_kind = 'prd' AND NOT EXISTS (SELECT 1 FROM product t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'cus' AND NOT EXISTS (SELECT 1 FROM customer t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'sup' AND NOT EXISTS (SELECT 1 FROM supplier t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'sto' AND NOT EXISTS (SELECT 1 FROM store t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'lot' AND NOT EXISTS (SELECT 1 FROM lot t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'ord' AND NOT EXISTS (SELECT 1 FROM sales_order t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'ret' AND NOT EXISTS (SELECT 1 FROM sales_return t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'por' AND NOT EXISTS (SELECT 1 FROM purchase_order t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'srt' AND NOT EXISTS (SELECT 1 FROM supplier_return t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'trf' AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.tenant_id = $1 AND t.id = a.target_id))
                   OR (a.target_kind = 'cnt' AND NOT EXISTS (SELECT 1 FROM stock_count t WHERE t.tenant_id = $1 AND t.id = a.target_id)))
                 ORDER BY a.id LIMIT 1",
    },
    // Files of papers go after days; the hashes stay.
    Check {
        invariant: "paper: its existing files have the hashes that it states",
        table: "paper",
        rests_on: tables![paper],
        broken: "SELECT 'ppr:' || HEX(h.paper_id), 'a file whose hash is ' || h.sha256, coalesce(HASH(f.sha256), 'none')
                 FROM (SELECT id AS paper_id, html_file_id AS file_id, html_sha256 AS sha256 FROM paper WHERE tenant_id = $1
                       UNION ALL SELECT id, pdf_file_id, pdf_sha256 FROM paper WHERE tenant_id = $1 AND pdf_file_id IS NOT NULL) h
                 JOIN file f ON f.tenant_id = $1 AND f.id = h.file_id
                 WHERE f.state = 'READY' AND (f.sha256 IS NULL OR HASH(f.sha256) <> h.sha256) ORDER BY h.paper_id LIMIT 1",
    },
    Check {
        invariant: "exchange: the position of a running bulk mutation is its number of answers",
        table: "exchange",
        rests_on: tables![exchange],
        broken: "SELECT 'exc:' || HEX(x.id), coalesce(l.answers, 0) || ' lines', x.position || ' lines'
                 FROM exchange x LEFT JOIN (SELECT exchange_id, count(answer) AS answers FROM exchange_line WHERE tenant_id = $1
                   GROUP BY exchange_id) l ON l.exchange_id = x.id
                 WHERE x.tenant_id = $1 AND x.kind = 'BULK' AND x.state = 'RUNNING' AND x.position <> coalesce(l.answers, 0)
                 ORDER BY x.id LIMIT 1",
    },
];
