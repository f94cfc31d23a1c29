//! Rows refer only to rows of their own tenant: foreign keys ensure most of it, and checks cover
//! the columns that may refer to one of several tables.

mod link;
mod reference_columns;

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
};
use platform::storage::{Database, Fault, Reads, Row, Snapshot};

use self::link::{Link, Parent};
use super::{all_checks, groups::QUERIES_PER_STATEMENT, report::Violation, table_sizes::TableSizes};

pub(super) use reference_columns::LINKS;

pub(super) const INVARIANT: &str = "references: every referenced row exists in the same tenant";
pub(super) const ORPHANS: &str = "references: every row belongs to a tenant that exists";

/// Tables whose rows belong to a tenant.
const TENANT_TABLES: &[&str] = &[
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
    "party_merge",
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
    "order_detail",
    "order_hold",
    "sales_hold",
    "hold_rule",
    "payment",
    "order_sourcing",
    "order_step",
    "sourcing_rule",
    "store_sourcing",
    "fulfilment",
    "fulfilment_line",
    "carrier",
    "fulfilment_work",
    "fulfilment_work_line",
    "fulfilment_wave",
    "fulfilment_wave_work",
    "parcel",
    "parcel_line",
    "parcel_line_lot",
    "order_line_barred",
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
    "policy",
    "role",
    "role_grant",
    "store_group",
    "store_in_group",
    "integration",
    "api_key",
    "api_key_address",
    "api_key_index",
    "session",
    "invitation",
    "subject",
    "subject_history",
    "history_block",
    "history_sum",
    "supplier_product",
    "blanket_order",
    "blanket_order_line",
    "purchase_order",
    "purchase_order_line",
    "purchase_charge",
    "purchase_discrepancy",
    "goods_receipt",
    "goods_receipt_line",
    "supplier_return",
    "supplier_return_line",
    "document_reversal",
    "document_reversal_line",
    "document_reversal_effect",
    "demand_book",
    "demand_day",
    "demand_document",
    "demand_gone",
    "demand_week",
    "factor_series",
    "forecast_pool",
    "forecast_run",
    "forecast_score",
    "forecast_series",
    "forecast_sum",
    "stock_span",
    "replenishment_budget",
    "replenishment_line",
    "replenishment_plan",
    "replenishment_policy",
    "replenishment_rule",
    "replenishment_scope_budget",
    "liquidation_line",
    "liquidation_plan",
    "liquidation_settings",
    "description_endpoint",
    "saved_view",
    "saved_view_link",
    "saved_view_schedule",
    "export_schedule",
    "number_pattern",
    "anomaly_book",
    "stock_anomaly",
    "cost_book",
    "cost_pool",
    "cost_layer",
    "cost_posting",
    "revaluation",
    "revaluation_line",
    "alert",
    "alert_follower",
    "alert_letter",
    "alert_rule",
    "webhook_endpoint",
    "webhook_delivery",
    "webhook_attempt",
    "file",
    "exchange",
    "exchange_line",
    "exchange_row",
    "product_image",
    "product_document",
    "attachment",
    "product_name_refusal",
    "product_tag_refusal",
    "product_text_refusal",
    "node_tags",
    "note",
    "note_edit",
    "note_mention",
    "paper",
    "paper_settings",
    "ready_setting",
    "legal_entity",
    "store_legal_entity",
    "invoice",
    "invoice_line",
];

impl Link {
    /// The first row with a dangling reference.
    pub async fn find_violation(&self, snapshot: &Snapshot) -> Result<Option<Violation>, Fault> {
        let Self { child, key, columns, parent, .. } = self;
        let (first_column, _) = columns[0];
        let scope = match self.parent_scope {
            Parent::Tenant => "in this tenant",
            Parent::Global => "at all",
        };
        let dangling_rows = self.dangling_rows_sql();
        let sql =
            format!("SELECT {key}, 'the row of {parent} that its {first_column} names', 'none {scope}' {dangling_rows} LIMIT 1");
        all_checks::find_first_violation(snapshot, child, &sql).await
    }

    /// The part of a statement from its FROM on that selects rows with dangling references.
    fn dangling_rows_sql(&self) -> String {
        let Self { child, columns, parent, condition: extra_condition, .. } = self;
        let join_condition = columns.iter().map(|(c, p)| format!("p.{p} = c.{c}")).collect::<Vec<_>>().join(" AND ");
        let (first_column, parent_column) = columns[0];
        let tenant_condition = match self.parent_scope {
            Parent::Tenant => "p.tenant_id = $1 AND ",
            Parent::Global => "",
        };
        format!(
            "FROM {child} c
             LEFT JOIN {parent} p ON {tenant_condition}{join_condition}
             WHERE c.tenant_id = $1 AND c.{first_column} IS NOT NULL AND ({extra_condition}) AND p.{parent_column} IS NULL"
        )
    }
}

/// Returns the places of those of `LINKS` that some row breaks, by one statement. Each subquery is
/// planned separately.
pub(super) async fn find_violations(snapshot: &Snapshot, places: &[usize]) -> Result<HashSet<usize>, Fault> {
    let link_query = |index: &usize| {
        let dangling_rows = LINKS[*index].dangling_rows_sql();
        format!("SELECT CAST({index} AS bigint) FROM (SELECT count(*) AS rows_found {dangling_rows}) n WHERE n.rows_found > 0")
    };
    let union = places.iter().map(link_query).collect::<Vec<_>>().join(" UNION ALL ");
    let result_rows = snapshot.rows(&all_checks::keys(snapshot.backend(), &union), vec![]).await?;
    result_rows.iter().map(|row| Ok(usize::try_from(Row::scalar::<i64>(row)?).unwrap_or_default())).collect()
}

/// Number of a table's rows, and the tenant ID of a row whose tenant does not exist.
#[derive(Record)]
struct OrphanRow {
    #[record(sql = "(SELECT count(*) FROM {table})")]
    count: i64,
    #[record(sql = "(SELECT tenant_id FROM {table} c
               WHERE NOT EXISTS (SELECT 1 FROM tenant t WHERE t.id = c.tenant_id) LIMIT 1)")]
    tenant: Option<TenantId>,
}

/// Stray rows of one of several tables.
#[derive(Record)]
struct NamedOrphanRow {
    #[record(sql = "s.of_table")]
    table: String,
    #[record(sql = "s.count")]
    count: i64,
    #[record(sql = "s.tenant")]
    tenant: Option<TenantId>,
}

/// Rows whose tenant does not exist: no tenant's own reads would ever show them.
pub(super) async fn orphan_rows(db: &Database) -> Result<(u64, Option<(TenantId, Violation)>), Fault> {
    let sizes = TableSizes::of_all(db).await?;
    let mut sound: HashMap<&'static str, u64> = HashMap::new();
    for tables in TENANT_TABLES.chunks(QUERIES_PER_STATEMENT) {
        let small_tables: Vec<_> =
            tables.iter().copied().filter(|table| sizes.is_small(table) && !sizes.is_empty_table(table)).collect();
        if !small_tables.is_empty() {
            sound.extend(tables_without_orphans(db, &small_tables).await?);
        }
    }
    let mut rows = 0_u64;
    for table in TENANT_TABLES.iter().copied().filter(|table| !sizes.is_empty_table(table)) {
        if let Some(count) = sound.get(table) {
            rows += count;
            continue;
        }
        let sql = format!("SELECT {}", OrphanRow::SELECT.replace("{table}", table));
        match count_orphans(db, &sql).await {
            Ok((count, None)) => rows += count,
            Ok((count, Some(tenant))) => {
                let (key, expected) = (tenant.to_string(), "a row of tenant".to_owned());
                return Ok((rows + count, Some((tenant, Violation { table, key, expected, found: "none".to_owned() }))));
            }
            Err(fault) if fault.is_corrupt_row() => {
                let broken = Violation::unreadable(table, "the tenant of one of its rows", &fault);
                return Ok((rows, Some((TenantId::NIL, broken))));
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok((rows, None))
}

/// Returns the row counts of those Postgres tables that have no rows of missing tenants, by one
/// statement. Empty if it cannot be read.
async fn tables_without_orphans(db: &Database, tables: &[&'static str]) -> Result<Vec<(&'static str, u64)>, Fault> {
    let table_query = |table: &&str| format!("SELECT CAST('{table}' AS text), {}", OrphanRow::SELECT.replace("{table}", table));
    let union = tables.iter().map(table_query).collect::<Vec<_>>().join(" UNION ALL ");
    let sql = format!("SELECT {} FROM ({union}) s(of_table, count, tenant)", NamedOrphanRow::SELECT);
    let named_rows = match db.global().records::<NamedOrphanRow>(&sql, vec![]).await {
        Err(fault) if fault.is_corrupt_row() => return Ok(Vec::new()),
        named_rows => named_rows?,
    };
    let sound_row = |table: &'static str| named_rows.iter().find(|row| row.table == table && row.tenant.is_none());
    Ok(tables.iter().copied().filter_map(|table| Some((table, sound_row(table)?.count.unsigned_abs()))).collect())
}

/// Returns the number of rows, and the tenant ID of a row whose tenant does not exist.
async fn count_orphans(db: &Database, sql: &str) -> Result<(u64, Option<TenantId>), Fault> {
    let row = db.global().records::<OrphanRow>(sql, vec![]).await?.pop();
    Ok(row.map_or((0, None), |row| (row.count.unsigned_abs(), row.tenant)))
}
