//! Tables that each migration touches, and how it locks them, read from its SQL: for `entrepot migrate --plan`.

mod locks;

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::DbBackend;

pub use locks::{Lock, LockMode, RowWork, Target, locks};

/// A migration's name, and its SQL. Of those whose SQL is put together by Rust: statements that name the same tables.
const SQL: &[(&str, &[&str])] = &[
    (
        "m0001_foundation",
        &[
            include_str!("m0001/tenants.sql"),
            include_str!("m0001/catalog.sql"),
            include_str!("m0001/stock.sql"),
            include_str!("m0001/orders.sql"),
        ],
    ),
    (
        "m0002_identity",
        &[include_str!("m0002/sessions.sql"), include_str!("m0002/factors.sql"), include_str!("m0002/letters.sql")],
    ),
    ("m0003_access", &[include_str!("m0003/access.sql")]),
    ("m0004_wall", &[include_str!("m0004_wall/secrets.sql")]),
    ("m0005_audit", &[include_str!("m0005_audit/audit.sql"), include_str!("m0005_audit/tenancy.sql")]),
    ("m0006_keys", &[include_str!("m0006/keys.sql")]),
    ("m0007_row_security", &[include_str!("m0007/search.sql")]),
    ("m0008_subjects", &[include_str!("m0008/subjects.sql")]),
    ("m0009_people", &[include_str!("m0009/people.sql"), include_str!("m0009/risk.sql")]),
    ("m0010_jobs", &[include_str!("m0010/jobs.sql")]),
    ("m0011_webhooks", &[include_str!("m0011/webhooks.sql")]),
    ("m0012_streams", &[include_str!("m0012/streams.sql")]),
    ("m0014_approval", &["ALTER TABLE tenant ADD COLUMN"]),
    ("m0015_history", &["CREATE TABLE history_block\n;;\nCREATE TABLE history_sum"]),
    ("m0016_documents", &["ALTER TABLE tenant_counter ADD COLUMN"]),
    ("m0017_lots", &[include_str!("m0017/lots.sql")]),
    ("m0018_purchasing", &[include_str!("m0018/purchasing.sql")]),
    ("m0019_moves", &[include_str!("m0019/transfers.sql"), include_str!("m0019/counts.sql")]),
    ("m0020_files", &[include_str!("m0020/files.sql")]),
    ("m0021_cache", &["UPDATE tenant_counter\n;;\nCREATE INDEX event_master ON event"]),
    ("m0022_costing", &[include_str!("m0022/costing.sql")]),
    ("m0023_lots_and_kits", &[include_str!("m0023/lots.sql"), include_str!("m0023/kits.sql")]),
    ("m0024_returns", &[include_str!("m0024/returns.sql")]),
    ("m0025_alerts", &[include_str!("m0025/alerts.sql")]),
    ("m0026_media", &[include_str!("m0026/bulk.sql"), include_str!("m0026/media.sql")]),
    ("m0027_sourcing", &[include_str!("m0027/sourcing.sql")]),
    ("m0028_codes", &[include_str!("m0028/codes.sql")]),
    ("m0030_deaths", &[include_str!("m0030/deaths.sql")]),
    ("m0031_compatibility", &[include_str!("m0031/up.sql")]),
    ("m0032_switched", &[include_str!("m0032/switched.sql")]),
    ("m0033_stock", &[include_str!("m0033/stock.sql")]),
    ("m0034_identities", &[include_str!("m0034/identities.sql")]),
    ("m0036_lookups", &[include_str!("m0036/lookups.sql")]),
    ("m0037_checked_by_plan", &[include_str!("m0037/checked_by_plan.sql")]),
    ("m0038_tenant_plan", &[include_str!("m0038/tenant_plan.sql")]),
    ("m0039_exchange_rates", &[include_str!("m0039/exchange_rates.sql")]),
    ("m0044_demand", &[include_str!("m0044/demand.sql")]),
    ("m0045_forecasts", &[include_str!("m0045/forecasts.sql")]),
    ("m0048_copies", &[include_str!("m0048/copies.sql")]),
    ("m0049_references", &[include_str!("m0049/references.sql")]),
    ("m0050_overdue", &[include_str!("m0050/overdue.sql")]),
    ("m0051_anomalies", &[include_str!("m0051/anomalies.sql")]),
    ("m0052_backup_runs", &[include_str!("m0052/backup_runs.sql")]),
    ("m0054_product_text", &[include_str!("m0054/product_text.sql")]),
    ("m0056_order_edits", &[include_str!("m0056/order_edits.sql")]),
    ("m0057_holds", &[include_str!("m0057/holds.sql")]),
    ("m0058_payments", &[include_str!("m0058/payments.sql")]),
    ("m0059_fulfilment", &[include_str!("m0059/fulfilment.sql")]),
    ("m0060_fulfilment_roles", &[include_str!("m0060/fulfilment_roles.sql")]),
    ("m0061_reversals", &[include_str!("m0061/reversals.sql")]),
    ("m0062_history", &[include_str!("m0062/history.sql")]),
    ("m0063_notes", &[include_str!("m0063/notes.sql")]),
    ("m0064_purchase_amendments", &[include_str!("m0064/amendments.sql")]),
    ("m0065_replenishment", &[include_str!("m0065/replenishment.sql")]),
    ("m0066_open_orders", &[include_str!("m0066/open_orders.sql")]),
    ("m0067_archive", &[include_str!("m0067/archive.sql")]),
    ("m0068_liquidation", &[include_str!("m0068/liquidation.sql")]),
    ("m0069_undo", &[include_str!("m0069/undo.sql")]),
    ("m0070_saved_views", &[include_str!("m0070/saved_views.sql")]),
    ("m0071_lean_checks", &[include_str!("m0071/lean_checks.sql")]),
    ("m0072_list_filters", &[include_str!("m0072/list_filters.sql")]),
    ("m0073_papers", &[include_str!("m0073/papers.sql")]),
    ("m0074_document_numbers", &[include_str!("m0074/document_numbers.sql")]),
    ("m0076_taxes_and_holds", &[include_str!("m0076/taxes_and_holds.sql")]),
    ("m0077_master_data", &[include_str!("m0077/master_data.sql")]),
    ("m0078_replenishment_rule", &[include_str!("m0078/rule.sql")]),
    ("m0079_saved_view_links", &[include_str!("m0079/saved_view_links.sql")]),
    ("m0080_retired", &[include_str!("m0080/retired.sql")]),
    ("m0081_demand_export", &[include_str!("m0081/demand_export.sql")]),
    ("m0085_suspension", &[include_str!("m0085/suspension.sql")]),
    ("m0086_transfers_and_revaluations", &[include_str!("m0086/transfers_and_revaluations.sql")]),
    ("m0087_merges", &[include_str!("m0087/merges.sql")]),
    ("m0088_saved_view_schedules", &[include_str!("m0088/saved_view_schedules.sql")]),
    ("m0089_lean_works", &[include_str!("m0089/works.sql")]),
    ("m0090_blanket_orders", &[include_str!("m0090/blanket_orders.sql")]),
    ("m0091_deposits", &[include_str!("m0091/deposits.sql")]),
    ("m0092_unmerge", &[include_str!("m0092/unmerge.sql")]),
    ("m0093_hold_conditions", &[include_str!("m0093/hold_conditions.sql")]),
    ("m0094_inspections", &[include_str!("m0094/inspections.sql")]),
    ("m0095_invoice_lists", &[include_str!("m0095/invoice_lists.sql")]),
    ("m0096_view_outputs", &[include_str!("m0096/view_outputs.sql")]),
    ("m0097_view_readers", &[include_str!("m0097/view_readers.sql")]),
    ("m0098_export_schedules", &[include_str!("m0098/export_schedules.sql")]),
    ("m0100_bundles", &[include_str!("m0100/bundles.sql")]),
    ("m0101_naive", &[include_str!("m0101/naive.sql")]),
    ("m0102_event_months", &["@postgres ALTER TABLE event RENAME TO event_before\n;;\n@postgres CREATE TABLE event"]),
    (
        "m0103_audit_months",
        &[
            include_str!("m0103/keeps.sql"),
            "@postgres ALTER TABLE audit_entry RENAME TO audit_entry_before\n;;\n@postgres CREATE TABLE audit_entry",
        ],
    ),
    (
        "m0104_attempt_months",
        &["@postgres ALTER TABLE webhook_attempt RENAME TO webhook_attempt_before\n;;\n@postgres CREATE TABLE webhook_attempt"],
    ),
    ("m0105_order_of_time", &[include_str!("m0105/order_of_time.sql")]),
    ("m0106_lean_facts", &[include_str!("m0106/facts.sql")]),
    ("m0107_lot_sorts", &[include_str!("m0107/lots.sql")]),
    ("m0109_drill_rpo", &[include_str!("m0109/drill_rpo.sql")]),
    ("m0111_patterns", &[include_str!("m0111/patterns.sql")]),
    ("m0112_forecast_sums", &[include_str!("m0112/sums.sql")]),
    ("m0113_factor_series", &[include_str!("m0113/factors.sql")]),
    ("m0114_attachments", &[include_str!("m0114/attachments.sql")]),
    ("m0115_charge_supplier", &[include_str!("m0115/charge_supplier.sql")]),
    ("m0116_minimum_order", &[include_str!("m0116/minimum_order.sql")]),
    ("m0118_received_twice", &[include_str!("m0118/received_twice.sql")]),
    ("m0119_charge_currency", &[include_str!("m0119/charge_currency.sql")]),
    ("m0120_customer_lists", &[include_str!("m0120/customers.sql")]),
    ("m0121_drift", &[include_str!("m0121/drift.sql")]),
    ("m0122_liquidation_scores", &[include_str!("m0122/liquidation_scores.sql")]),
    ("m0124_blanket_drafts", &[include_str!("m0124/blanket_drafts.sql")]),
    ("m0125_supplier_calendar", &[include_str!("m0125/supplier_calendar.sql")]),
    ("m0126_suggestions", &[include_str!("m0126/tag_refusals.sql"), include_str!("m0126/description_endpoint.sql")]),
    ("m0127_outgoing_hold", &[include_str!("m0127/outgoing_hold.sql")]),
    ("m0128_supplier_return_products", &[include_str!("m0128/supplier_return_products.sql")]),
    ("m0129_payment_reversals", &[include_str!("m0129/payment_reversals.sql")]),
    ("m0130_waves", &[include_str!("m0130/waves.sql")]),
    ("m0131_paper_kinds", &[include_str!("m0131/paper_kinds.sql")]),
    ("m0132_paper_settings", &[include_str!("m0132/paper_settings.sql")]),
    ("m0133_fulfilment_alerts", &[include_str!("m0133/fulfilment_alerts.sql")]),
    ("m0134_list_sorts", &[include_str!("m0134/list_sorts.sql")]),
    ("m0136_safety_stock", &[include_str!("m0136/safety_stock.sql")]),
    ("m0137_more_archives", &[include_str!("m0137/more_archives.sql"), include_str!("m0137/node_tags.sql")]),
    ("m0139_posting_level", &[include_str!("m0139/posting_level.sql")]),
    ("m0140_bin_locations", &[include_str!("m0140/bin_locations.sql")]),
    ("m0141_frozen_rates", &[include_str!("m0141/frozen_rates.sql")]),
    ("m0142_call_offs", &[include_str!("m0142/call_offs.sql"), include_str!("m0142/ready_setting.sql")]),
    ("m0144_classes_and_factors", &[include_str!("m0144/classes_and_factors.sql")]),
    ("m0148_added_charges", &[include_str!("m0148/added_charges.sql")]),
    ("m0150_database_timeline", &[include_str!("m0150/database_timeline.sql")]),
    ("m0154_terms_of_stores", &[include_str!("m0154/terms_of_stores.sql")]),
    ("m0155_list_orders", &[include_str!("m0155/list_orders.sql")]),
    ("m0156_packed_lots", &[include_str!("m0156/packed_lots.sql")]),
    ("m0157_handling_time", &[include_str!("m0157/handling_time.sql")]),
    ("m0160_policies_of_stores", &[include_str!("m0160/policies_of_stores.sql")]),
    ("m0161_anomaly_limits", &[include_str!("m0161/anomaly_limits.sql")]),
    ("m0162_wider_words", &[include_str!("m0162/wider_words.sql")]),
    ("m0163_right_names", &[include_str!("m0163/right_names.sql")]),
    ("m0165_revocations", &[include_str!("m0165/revocations.sql")]),
    ("m0168_mistyped_words", &[include_str!("m0168/mistyped_words.sql")]),
    ("m0174_alert_changes", &[include_str!("m0174/alert_changes.sql")]),
    ("m0176_store_anomaly_limits", &[include_str!("m0176/store_anomaly_limits.sql")]),
    ("m0178_lots_that_left", &[include_str!("m0178/lots_that_left.sql")]),
    ("m0179_found_by_products", &[include_str!("m0179/found_by_products.sql")]),
    ("m0185_open_orders_placed", &[include_str!("m0185/open_orders_placed.sql")]),
    ("m0186_file_keys", &[include_str!("m0186/file_keys.sql")]),
    ("m0187_liquidation_advanced", &[include_str!("m0187/liquidation_advanced.sql")]),
    ("m0188_sorted_lists", &[include_str!("m0188/sorted_lists.sql")]),
    ("m0189_orders_by_status", &[include_str!("m0189/orders_by_status.sql")]),
    ("m0191_products_by_terms", &[include_str!("m0191/products_by_terms.sql")]),
    ("m0194_tracking_numbers", &[include_str!("m0194/tracking_numbers.sql")]),
    ("m0196_found_invoices_and_works", &[include_str!("m0196/found_invoices_and_works.sql")]),
    ("m0197_registers", &[include_str!("m0197/registers.sql")]),
];

/// Whether an older binary cannot work with the database once this migration is applied. The promise that it can begins with `COMPATIBILITY`.
pub fn is_breaking(name: &str) -> bool {
    name < super::COMPATIBILITY || super::BREAKING.contains(&name)
}

/// The tables that a migration makes, changes or writes to, in alphabetical order. Empty for a name that is not known.
pub fn tables(name: &str, backend: DbBackend) -> Vec<String> {
    let mut tables = BTreeSet::new();
    for statement in statements(name, backend) {
        collect(statement, &mut tables);
    }
    tables.into_iter().collect()
}

/// The statements of a migration on one of the databases, in their order. Empty for a name that is not known.
pub fn statements(name: &str, backend: DbBackend) -> Vec<&'static str> {
    let (mine, other) = if backend == DbBackend::Postgres { ("@postgres", "@sqlite") } else { ("@sqlite", "@postgres") };
    let texts: &[&'static str] = SQL.iter().find(|(known, _)| *known == name).map_or(&[], |(_, texts)| *texts);
    let all = texts.iter().flat_map(|text| text.split("\n;;\n")).map(str::trim);
    let own = all.filter(|statement| !statement.is_empty() && !statement.starts_with(other));
    own.map(|statement| statement.strip_prefix(mine).unwrap_or(statement).trim()).collect()
}

/// Adds the tables of one statement. A table that is renamed counts by its new name.
fn collect(statement: &str, tables: &mut BTreeSet<String>) {
    let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || "();,".contains(c)).filter(|word| !word.is_empty()).collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|there| there.eq_ignore_ascii_case(word));
    let name_at = |mut at: usize| {
        while ["IF", "NOT", "EXISTS", "ONLY"].iter().any(|word| is(at, word)) {
            at += 1;
        }
        words.get(at).map(|name| name.trim_matches('"').to_owned())
    };
    match (words.first(), words.get(1)) {
        (Some(_), Some(second)) if second.eq_ignore_ascii_case("TABLE") => {
            let renamed =
                words.windows(2).position(|pair| pair[0].eq_ignore_ascii_case("RENAME") && pair[1].eq_ignore_ascii_case("TO"));
            if let (Some(old), Some(at)) = (name_at(2), renamed) {
                tables.remove(&old);
                tables.extend(name_at(at + 2));
            } else {
                tables.extend(name_at(2));
            }
        }
        (Some(first), Some(second))
            if first.eq_ignore_ascii_case("CREATE")
                && ["INDEX", "UNIQUE", "TRIGGER"].iter().any(|word| second.eq_ignore_ascii_case(word)) =>
        {
            let on = (2..words.len()).find(|at| is(*at, "ON"));
            tables.extend(on.and_then(|at| name_at(at + 1)));
        }
        (Some(first), Some(_)) if first.eq_ignore_ascii_case("UPDATE") => tables.extend(name_at(1)),
        (Some(_), Some(second)) if second.eq_ignore_ascii_case("INTO") || second.eq_ignore_ascii_case("FROM") => {
            tables.extend(name_at(2));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Migrator, MigratorTrait},
        *,
    };

    fn of(statement: &str) -> Vec<String> {
        let mut tables = BTreeSet::from(["lot_next".to_owned()]);
        collect(statement, &mut tables);
        tables.remove("lot_next");
        tables.into_iter().collect()
    }

    #[test]
    fn every_migration_is_planned() {
        for migration in Migrator::migrations() {
            let tables = [DbBackend::Sqlite, DbBackend::Postgres].map(|backend| tables(migration.name(), backend));
            // What asks something of one database alone touches nothing in the other.
            assert!(SQL.iter().any(|(name, _)| *name == migration.name()), "{}", migration.name());
            assert!(
                tables.iter().flatten().all(|table| table.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())),
                "{tables:?}"
            );
        }
        assert_eq!(SQL.len(), Migrator::migrations().len());
    }

    #[test]
    fn a_statement_names_its_table() {
        for (statement, table) in [
            ("CREATE TABLE lot (id {UUID})", "lot"),
            ("-- why\nCREATE UNIQUE INDEX lot_code ON lot (tenant_id, code)", "lot"),
            ("CREATE TRIGGER keeps BEFORE UPDATE OR DELETE ON lot FOR EACH ROW EXECUTE FUNCTION keeps()", "lot"),
            ("ALTER TABLE lot ADD COLUMN code {TEXT} REFERENCES product", "lot"),
            ("ALTER TABLE lot_next RENAME TO lot", "lot"),
            ("DROP TABLE IF EXISTS lot", "lot"),
            ("UPDATE lot SET code = ''", "lot"),
            ("INSERT INTO lot (id) SELECT id FROM product", "lot"),
            ("DELETE FROM lot WHERE code = ''", "lot"),
        ] {
            assert_eq!(of(statement), [table], "{statement}");
        }
        for statement in ["", "DROP INDEX lot_code", "CREATE EXTENSION IF NOT EXISTS pg_trgm"] {
            assert!(of(statement).is_empty(), "{statement}");
        }
    }

    #[test]
    fn a_migration_that_changes_what_older_ones_use_is_breaking() {
        for (name, expected) in
            [("m0030_deaths", true), (super::super::COMPATIBILITY, false), ("m0057_holds", true), ("m0063_notes", false)]
        {
            assert_eq!(is_breaking(name), expected, "{name}");
        }
        assert_eq!(tables("m0014_approval", DbBackend::Sqlite), ["tenant"]);
        assert_eq!(tables("m0021_cache", DbBackend::Postgres), ["event", "tenant_counter"]);
        assert_eq!(tables("m0052_backup_runs", DbBackend::Sqlite), ["backup_run"]);
        assert_eq!(tables("m0060_fulfilment_roles", DbBackend::Postgres), ["policy", "role"]);
        assert_eq!(tables("m0067_archive", DbBackend::Sqlite), ["category", "channel", "event", "sales_order", "supplier"]);
        assert_eq!(tables("m0077_master_data", DbBackend::Postgres), ["category", "product", "store", "supplier"]);
    }
}
