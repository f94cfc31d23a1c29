//! Rows name only rows of their own tenant: foreign keys say most of it, and the columns that may point to one of several tables the rest.

use entity::prelude::TenantId;

use super::{Counts, checks, report::Broken};
use crate::storage::{Database, Fault, Row, Snapshot};

pub(super) const INVARIANT: &str = "references: every row that is named exists in the same tenant";
pub(super) const STRAYS: &str = "references: every row belongs to a tenant that exists";

/// Columns of `child` (with its key as text) that name rows of `parent`, where `only` holds.
struct Link {
    child: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, &'static str)],
    parent: &'static str,
    only: &'static str,
}

const fn link(
    child: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, &'static str)],
    parent: &'static str,
) -> Link {
    Link { child, key, columns, parent, only: "1 = 1" }
}

const PRODUCT: &str = "'prd:' || HEX(c.id)";
const LEVEL: &str = "'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id)";
const SEQ: &str = "'seq ' || c.seq";
const RESERVATION: &str = "'rsv:' || HEX(c.id)";
const ORDER: &str = "'ord:' || HEX(c.id)";
const PURCHASE: &str = "'por:' || HEX(c.id)";
const PURCHASE_LINE: &str = "'por:' || HEX(c.purchase_order_id) || ' line ' || c.position";
const ORDER_LINE: &str = "'ord:' || HEX(c.order_id) || ' line ' || c.position";
const FULFILMENT: &str = "'ful:' || HEX(c.id)";
const TRANSFER: &str = "'trf:' || HEX(c.id)";
const RETURN: &str = "'ret:' || HEX(c.id)";
const RETURN_LINE: &str = "'ret:' || HEX(c.return_id) || ' line ' || c.position";

const LINKS: &[Link] = &[
    link("category", "'cat:' || HEX(c.id)", &[("parent_id", "id")], "category"),
    link("product", PRODUCT, &[("category_id", "id")], "category"),
    link("product", PRODUCT, &[("supplier_id", "id")], "supplier"),
    link("product", PRODUCT, &[("family_id", "id")], "product_family"),
    link("barcode", "'code ' || c.code", &[("product_id", "id")], "product"),
    link("product_image", "'img:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("product_image", "'img:' || HEX(c.id)", &[("file_id", "id")], "file"),
    link("product_document", "'doc:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("product_document", "'doc:' || HEX(c.id)", &[("file_id", "id")], "file"),
    link("stock_level", LEVEL, &[("product_id", "id")], "product"),
    link("stock_level", LEVEL, &[("store_id", "id")], "store"),
    link("entry", SEQ, &[("seq", "seq"), ("movement_id", "id")], "movement"),
    link("entry", SEQ, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    Link { only: "c.reference_kind = 'ORDER'", ..link("movement", SEQ, &[("reference_id", "id")], "sales_order") },
    Link { only: "c.reference_kind = 'RETURN'", ..link("movement", SEQ, &[("reference_id", "id")], "sales_return") },
    link("entry", SEQ, &[("lot_id", "id"), ("product_id", "product_id")], "lot"),
    Link { only: "c.reference_kind = 'LOT'", ..link("movement", SEQ, &[("reference_id", "id")], "lot") },
    link("lot", "'lot:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("lot_level", "'lot:' || HEX(c.lot_id)", &[("lot_id", "id"), ("product_id", "product_id")], "lot"),
    link("lot_level", "'lot:' || HEX(c.lot_id)", &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    Link { only: "c.reference_kind = 'PURCHASE_ORDER'", ..link("movement", SEQ, &[("reference_id", "id")], "purchase_order") },
    Link { only: "c.reference_kind = 'SUPPLIER_RETURN'", ..link("movement", SEQ, &[("reference_id", "id")], "supplier_return") },
    link("purchase_order", PURCHASE, &[("supplier_id", "id")], "supplier"),
    link("purchase_order", PURCHASE, &[("store_id", "id")], "store"),
    link("purchase_order_line", PURCHASE_LINE, &[("purchase_order_id", "id")], "purchase_order"),
    link("purchase_order_line", PURCHASE_LINE, &[("product_id", "id")], "product"),
    link(
        "goods_receipt_line",
        PURCHASE_LINE,
        &[("purchase_order_id", "purchase_order_id"), ("position", "position")],
        "purchase_order_line",
    ),
    link("goods_receipt_line", PURCHASE_LINE, &[("receipt_id", "id")], "goods_receipt"),
    link("supplier_return", "'srt:' || HEX(c.id)", &[("supplier_id", "id")], "supplier"),
    link("reservation", RESERVATION, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    link("reservation", RESERVATION, &[("channel_id", "id")], "channel"),
    link("reservation", RESERVATION, &[("order_id", "order_id"), ("order_position", "position")], "order_line"),
    link("sales_order", ORDER, &[("store_id", "id")], "store"),
    link("sales_order", ORDER, &[("channel_id", "id")], "channel"),
    link("sales_order", ORDER, &[("customer_id", "id")], "customer"),
    link("order_line", ORDER_LINE, &[("order_id", "id")], "sales_order"),
    link("order_line", ORDER_LINE, &[("product_id", "id")], "product"),
    link("order_hold", "'ord:' || HEX(c.order_id)", &[("order_id", "id")], "sales_order"),
    link("order_sourcing", "'ord:' || HEX(c.order_id)", &[("order_id", "id")], "sales_order"),
    link("store_sourcing", "'sto:' || HEX(c.store_id)", &[("store_id", "id")], "store"),
    link("fulfilment", FULFILMENT, &[("order_id", "id")], "sales_order"),
    link("fulfilment", FULFILMENT, &[("store_id", "id")], "store"),
    link("fulfilment_line", "'ful:' || HEX(c.fulfilment_id)", &[("fulfilment_id", "id"), ("order_id", "order_id")], "fulfilment"),
    link(
        "fulfilment_line",
        "'ful:' || HEX(c.fulfilment_id)",
        &[("order_id", "order_id"), ("order_position", "position")],
        "order_line",
    ),
    link("sales_return", RETURN, &[("store_id", "id")], "store"),
    link("sales_return", RETURN, &[("customer_id", "id")], "customer"),
    link("sales_return", RETURN, &[("channel_id", "id")], "channel"),
    link("return_line", RETURN_LINE, &[("return_id", "id")], "sales_return"),
    link("return_line", RETURN_LINE, &[("product_id", "id")], "product"),
    link(
        "return_match",
        "'ret:' || HEX(c.return_id)",
        &[("return_id", "return_id"), ("return_position", "position")],
        "return_line",
    ),
    link("return_match", "'ret:' || HEX(c.return_id)", &[("order_id", "order_id"), ("order_position", "position")], "order_line"),
    link("return_lot", "'ret:' || HEX(c.return_id)", &[("return_id", "return_id"), ("position", "position")], "return_line"),
    link("return_lot", "'ret:' || HEX(c.return_id)", &[("lot_id", "id")], "lot"),
    Link { only: "c.reference_kind = 'TRANSFER'", ..link("movement", SEQ, &[("reference_id", "id")], "transfer") },
    Link { only: "c.reference_kind = 'COUNT'", ..link("movement", SEQ, &[("reference_id", "id")], "stock_count") },
    link("stock_count", "'cnt:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("count_line", "'cln:' || HEX(c.id)", &[("count_id", "id")], "stock_count"),
    link("count_line", "'cln:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("transfer", TRANSFER, &[("from_store_id", "id")], "store"),
    link("transfer", TRANSFER, &[("to_store_id", "id")], "store"),
    link("transfer_line", "'trf:' || HEX(c.transfer_id)", &[("transfer_id", "id")], "transfer"),
    link("transfer_line", "'trf:' || HEX(c.transfer_id)", &[("product_id", "id")], "product"),
    link(
        "transfer_line_lot",
        "'trf:' || HEX(c.transfer_id)",
        &[("transfer_id", "transfer_id"), ("position", "position")],
        "transfer_line",
    ),
    link("transfer_line_lot", "'trf:' || HEX(c.transfer_id)", &[("lot_id", "id")], "lot"),
    link("count_line", "'cln:' || HEX(c.id)", &[("lot_id", "id")], "lot"),
    link("kit_component", "'prd:' || HEX(c.kit_id)", &[("kit_id", "id")], "product"),
    link("kit_component", "'prd:' || HEX(c.kit_id)", &[("component_id", "id")], "product"),
    link("order_line_part", ORDER_LINE, &[("order_id", "order_id"), ("position", "position")], "order_line"),
    link("order_line_part", ORDER_LINE, &[("product_id", "id")], "product"),
    link("return_line_part", RETURN_LINE, &[("return_id", "return_id"), ("position", "position")], "return_line"),
    link("return_line_part", RETURN_LINE, &[("product_id", "id")], "product"),
];

/// Tables whose rows belong to a tenant.
const TENANTED: &[&str] = &[
    "member",
    "tenant_counter",
    "event",
    "idempotency",
    "store",
    "category",
    "supplier",
    "product_family",
    "product",
    "barcode",
    "customer",
    "channel",
    "stock_level",
    "lot",
    "lot_level",
    "movement",
    "entry",
    "reservation",
    "sales_order",
    "kit_component",
    "order_line",
    "order_line_part",
    "order_hold",
    "order_sourcing",
    "sourcing_rule",
    "store_sourcing",
    "fulfilment",
    "fulfilment_line",
    "sales_return",
    "return_line",
    "return_line_part",
    "return_match",
    "return_lot",
    "transfer",
    "transfer_line",
    "transfer_line_lot",
    "stock_count",
    "count_line",
    "count_try",
];

pub(super) type Found = (u64, Option<Broken>);

/// Follows every link of the tenant's rows.
pub(super) async fn walk(
    snapshot: &Snapshot,
    counts: &mut Counts<'_>,
    progress: &impl Fn(&str),
    slug: &str,
) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::with_capacity(LINKS.len());
    for Link { child, key, columns, parent, only } in LINKS {
        progress(&format!("{slug}: references of {child} to {parent}"));
        let on = columns.iter().map(|(c, p)| format!("p.{p} = c.{c}")).collect::<Vec<_>>().join(" AND ");
        let (named, _) = columns[0];
        let sql = format!(
            "SELECT {key}, 'the row of {parent} that its {named} names', 'none in this tenant' FROM {child} c
             LEFT JOIN {parent} p ON p.tenant_id = $1 AND {on}
             WHERE c.tenant_id = $1 AND c.{named} IS NOT NULL AND ({only}) AND p.tenant_id IS NULL LIMIT 1"
        );
        found.push((counts.of(child).await?, checks::first(snapshot, child, &sql).await?));
    }
    Ok(found)
}

/// Rows whose tenant does not exist: no tenant's own reads would ever show them.
pub(super) async fn strays(db: &Database) -> Result<(u64, Option<(TenantId, Broken)>), Fault> {
    let mut rows = 0;
    for table in TENANTED {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {table}), (SELECT tenant_id FROM {table} c
               WHERE NOT EXISTS (SELECT 1 FROM tenant t WHERE t.id = c.tenant_id) LIMIT 1)"
        );
        let found = db.global().rows(&sql, vec![]).await?;
        let Some(row) = found.first() else { continue };
        let mut row = Row::new(row);
        rows += row.take::<i64>()?.unsigned_abs();
        if let Some(tenant) = row.take::<Option<TenantId>>()? {
            let broken =
                Broken { table, key: tenant.to_string(), expected: "a row of tenant".to_owned(), found: "none".to_owned() };
            return Ok((rows, Some((tenant, broken))));
        }
    }
    Ok((rows, None))
}
