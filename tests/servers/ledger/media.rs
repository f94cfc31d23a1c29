//! Pictures, attachments, papers and mutations for each line, broken by hand.

use super::broken::{Case, case};

pub const CASES: &[Case] = &[
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, state, maker_kind, maker_id, created_at)
           VALUES ({tenant}, {new}, 'IMAGE', 'x', '', 1, 'READY', 'SYSTEM', {new}, 0);
         INSERT INTO product_image (tenant_id, id, product_id, file_id, position, alt, created_at)
           VALUES ({tenant}, {new}, {rice}, {new}, 2, '', 0)",
        &["product image: places run"],
    ),
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, state, maker_kind, maker_id, created_at)
           VALUES ({tenant}, {new}, 'IMPORT', 'x', '', 1, 'READY', 'SYSTEM', {new}, 0);
         INSERT INTO product_image (tenant_id, id, product_id, file_id, position, alt, created_at)
           VALUES ({tenant}, {new}, {rice}, {new}, 1, '', 0)",
        &["product image: its file"],
    ),
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, state, maker_kind, maker_id, created_at, expires_at)
           VALUES ({tenant}, {new}, 'DOCUMENT', 'x', '', 1, 'READY', 'SYSTEM', {new}, 0, 7);
         INSERT INTO product_document (tenant_id, id, product_id, file_id, title, created_at)
           VALUES ({tenant}, {new}, {rice}, {new}, 'x', 0)",
        &["product document: its file"],
    ),
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, state, maker_kind, maker_id, created_at, expires_at)
           VALUES ({tenant}, {new}, 'DOCUMENT', 'x', '', 1, 'READY', 'SYSTEM', {new}, 0, 7);
         INSERT INTO attachment (tenant_id, id, target_kind, target_id, file_id, name, description, actor_kind, actor_id, created_at)
           VALUES ({tenant}, {new}, 'prd', {rice}, {new}, 'x', '', 'SYSTEM', {new}, 0)",
        &["attachment: its file"],
    ),
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, state, maker_kind, maker_id, created_at)
           VALUES ({tenant}, {new}, 'DOCUMENT', 'x', '', 1, 'READY', 'SYSTEM', {new}, 0);
         INSERT INTO attachment (tenant_id, id, target_kind, target_id, file_id, name, description, actor_kind, actor_id, created_at)
           VALUES ({tenant}, {new}, 'prd', {new}, {new}, 'x', '', 'SYSTEM', {new}, 0)",
        &["attachment: the document or the master data"],
    ),
    case(
        "INSERT INTO file (tenant_id, id, purpose, name, media_type, size, sha256, state, maker_kind, maker_id, created_at)
           VALUES ({tenant}, {new}, 'RESULT', 'x', '', 1, {hash}, 'READY', 'SYSTEM', {new}, 0);
         INSERT INTO paper (tenant_id, id, kind, target_kind, target_id, number, locale, html_file_id, html_sha256, actor_kind, actor_id, created_at)
           VALUES ({tenant}, {new}, 'ORDER_CONFIRMATION', 'ord', {sold}, 'SO-1', 'EN', {new}, 'ff', 'MEMBER', {new}, 0)",
        &["paper: its existing files have the"],
    ),
    case(
        "INSERT INTO exchange (tenant_id, id, kind, options, told, maker_kind, maker_id, idempotency_key, hash, state, position, created_rows,
           updated_rows, unchanged_rows, refused_rows, created_at, version)
           VALUES ({tenant}, {new}, 'BULK', '{}', '{}', 'MEMBER', {new}, 'k', {hash}, 'RUNNING', 3, 0, 3, 0, 0, 0, 1);
         INSERT INTO exchange_line (tenant_id, exchange_id, number, answer) VALUES ({tenant}, {new}, 1, '{}')",
        &["exchange: the position of a running bulk"],
    ),
];
