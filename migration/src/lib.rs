//! The tables, append only: a migration that has been released is never edited.
//!
//! Each migration is one SQL text for both databases. Words in capitals between braces stand for what the two say
//! differently; `dialect` has the whole list.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

pub use compatibility::{BREAKING, COMPATIBILITY, CONTRACTING, WIDENING, contracts, needed, needed_up_to, needs};
use dialect::run;

mod m0001_foundation;
mod m0002_identity;
mod m0003_access;
mod m0004_wall;
mod m0005_audit;
mod m0006_keys;
mod m0007_row_security;
mod m0008_subjects;
mod m0009_people;
mod m0010_jobs;
mod m0011_webhooks;
mod m0012_streams;
mod m0014_approval;
mod m0015_history;
mod m0016_documents;
mod m0017_lots;
mod m0018_purchasing;
mod m0019_moves;
mod m0020_files;
mod m0021_cache;
mod m0022_costing;
mod m0023_lots_and_kits;
mod m0024_returns;
mod m0025_alerts;
mod m0026_media;
mod m0027_sourcing;
mod m0028_codes;
mod m0030_deaths;
mod m0031_compatibility;
mod m0032_switched;
mod m0033_stock;
mod m0034_identities;
mod m0036_lookups;
mod m0037_checked_by_plan;
mod m0038_tenant_plan;
mod m0039_exchange_rates;
mod m0044_demand;
mod m0045_forecasts;
mod m0048_copies;
mod m0049_references;
mod m0050_overdue;
mod m0051_anomalies;
mod m0052_backup_runs;
mod m0054_product_text;
mod m0056_order_edits;
mod m0057_holds;
mod m0058_payments;
mod m0059_fulfilment;
mod m0060_fulfilment_roles;
mod m0061_reversals;
mod m0062_history;
mod m0063_notes;
mod m0064_purchase_amendments;
mod m0065_replenishment;
mod m0066_open_orders;
mod m0067_archive;
mod m0068_liquidation;
mod m0069_undo;
mod m0070_saved_views;
mod m0071_lean_checks;
mod m0072_list_filters;
mod m0073_papers;
mod m0074_document_numbers;
mod m0076_taxes_and_holds;
mod m0077_master_data;
mod m0078_replenishment_rule;
mod m0079_saved_view_links;
mod m0080_retired;
mod m0081_demand_export;
mod m0085_suspension;
mod m0086_transfers_and_revaluations;
mod m0087_merges;
mod m0088_saved_view_schedules;
mod m0089_lean_works;
mod m0090_blanket_orders;
mod m0091_deposits;
mod m0092_unmerge;
mod m0093_hold_conditions;
mod m0094_inspections;
mod m0095_invoice_lists;
mod m0096_view_outputs;
mod m0097_view_readers;
mod m0098_export_schedules;
mod m0100_bundles;
mod m0101_naive;
mod m0102_event_months;
mod m0103_audit_months;
mod m0104_attempt_months;
mod m0105_order_of_time;
mod m0106_lean_facts;
mod m0107_lot_sorts;
mod m0109_drill_rpo;
mod m0111_patterns;
mod m0112_forecast_sums;
mod m0113_factor_series;
mod m0114_attachments;
mod m0115_charge_supplier;
mod m0116_minimum_order;
mod m0118_received_twice;
mod m0119_charge_currency;
mod m0120_customer_lists;
mod m0121_drift;
mod m0122_liquidation_scores;
mod m0124_blanket_drafts;
mod m0125_supplier_calendar;
mod m0126_suggestions;
mod m0127_outgoing_hold;
mod m0128_supplier_return_products;
mod m0129_payment_reversals;
mod m0130_waves;
mod m0131_paper_kinds;
mod m0132_paper_settings;
mod m0133_fulfilment_alerts;
mod m0134_list_sorts;
mod m0136_safety_stock;
mod m0137_more_archives;
mod m0139_posting_level;
mod m0140_bin_locations;
mod m0141_frozen_rates;
mod m0142_call_offs;
mod m0144_classes_and_factors;
mod m0148_added_charges;
mod m0150_database_timeline;
mod m0154_terms_of_stores;
mod m0155_list_orders;
mod m0156_packed_lots;
mod m0157_handling_time;
mod m0160_policies_of_stores;
mod m0161_anomaly_limits;
mod m0162_wider_words;
mod m0163_right_names;
mod m0165_revocations;
mod m0168_mistyped_words;
mod m0174_alert_changes;
mod m0176_store_anomaly_limits;
mod m0178_lots_that_left;
mod m0179_found_by_products;
mod m0185_open_orders_placed;
mod m0186_file_keys;
mod m0187_liquidation_advanced;
mod m0188_sorted_lists;
mod m0189_orders_by_status;
mod m0191_products_by_terms;
mod m0194_tracking_numbers;
mod m0196_found_invoices_and_works;
mod m0197_registers;
mod compatibility;
mod dialect;
pub mod months;
pub mod plan;
pub mod row_security;
pub mod statistics;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    #[expect(clippy::too_many_lines, reason = "a list")]
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_foundation::Migration),
            Box::new(m0002_identity::Migration),
            Box::new(m0003_access::Migration),
            Box::new(m0004_wall::Migration),
            Box::new(m0005_audit::Migration),
            Box::new(m0006_keys::Migration),
            Box::new(m0007_row_security::Migration),
            Box::new(m0008_subjects::Migration),
            Box::new(m0009_people::Migration),
            Box::new(m0010_jobs::Migration),
            Box::new(m0011_webhooks::Migration),
            Box::new(m0012_streams::Migration),
            Box::new(m0014_approval::Migration),
            Box::new(m0015_history::Migration),
            Box::new(m0016_documents::Migration),
            Box::new(m0017_lots::Migration),
            Box::new(m0018_purchasing::Migration),
            Box::new(m0019_moves::Migration),
            Box::new(m0020_files::Migration),
            Box::new(m0021_cache::Migration),
            Box::new(m0022_costing::Migration),
            Box::new(m0023_lots_and_kits::Migration),
            Box::new(m0024_returns::Migration),
            Box::new(m0025_alerts::Migration),
            Box::new(m0026_media::Migration),
            Box::new(m0027_sourcing::Migration),
            Box::new(m0028_codes::Migration),
            Box::new(m0030_deaths::Migration),
            Box::new(m0031_compatibility::Migration),
            Box::new(m0032_switched::Migration),
            Box::new(m0033_stock::Migration),
            Box::new(m0034_identities::Migration),
            Box::new(m0036_lookups::Migration),
            Box::new(m0037_checked_by_plan::Migration),
            Box::new(m0038_tenant_plan::Migration),
            Box::new(m0039_exchange_rates::Migration),
            Box::new(m0044_demand::Migration),
            Box::new(m0045_forecasts::Migration),
            Box::new(m0048_copies::Migration),
            Box::new(m0049_references::Migration),
            Box::new(m0050_overdue::Migration),
            Box::new(m0051_anomalies::Migration),
            Box::new(m0052_backup_runs::Migration),
            Box::new(m0054_product_text::Migration),
            Box::new(m0056_order_edits::Migration),
            Box::new(m0057_holds::Migration),
            Box::new(m0058_payments::Migration),
            Box::new(m0059_fulfilment::Migration),
            Box::new(m0060_fulfilment_roles::Migration),
            Box::new(m0061_reversals::Migration),
            Box::new(m0062_history::Migration),
            Box::new(m0063_notes::Migration),
            Box::new(m0064_purchase_amendments::Migration),
            Box::new(m0065_replenishment::Migration),
            Box::new(m0066_open_orders::Migration),
            Box::new(m0067_archive::Migration),
            Box::new(m0068_liquidation::Migration),
            Box::new(m0069_undo::Migration),
            Box::new(m0070_saved_views::Migration),
            Box::new(m0071_lean_checks::Migration),
            Box::new(m0072_list_filters::Migration),
            Box::new(m0073_papers::Migration),
            Box::new(m0074_document_numbers::Migration),
            Box::new(m0076_taxes_and_holds::Migration),
            Box::new(m0077_master_data::Migration),
            Box::new(m0078_replenishment_rule::Migration),
            Box::new(m0079_saved_view_links::Migration),
            Box::new(m0080_retired::Migration),
            Box::new(m0081_demand_export::Migration),
            Box::new(m0085_suspension::Migration),
            Box::new(m0086_transfers_and_revaluations::Migration),
            Box::new(m0087_merges::Migration),
            Box::new(m0088_saved_view_schedules::Migration),
            Box::new(m0089_lean_works::Migration),
            Box::new(m0090_blanket_orders::Migration),
            Box::new(m0091_deposits::Migration),
            Box::new(m0092_unmerge::Migration),
            Box::new(m0093_hold_conditions::Migration),
            Box::new(m0094_inspections::Migration),
            Box::new(m0095_invoice_lists::Migration),
            Box::new(m0096_view_outputs::Migration),
            Box::new(m0097_view_readers::Migration),
            Box::new(m0098_export_schedules::Migration),
            Box::new(m0100_bundles::Migration),
            Box::new(m0101_naive::Migration),
            Box::new(m0102_event_months::Migration),
            Box::new(m0103_audit_months::Migration),
            Box::new(m0104_attempt_months::Migration),
            Box::new(m0105_order_of_time::Migration),
            Box::new(m0106_lean_facts::Migration),
            Box::new(m0107_lot_sorts::Migration),
            Box::new(m0109_drill_rpo::Migration),
            Box::new(m0111_patterns::Migration),
            Box::new(m0112_forecast_sums::Migration),
            Box::new(m0113_factor_series::Migration),
            Box::new(m0114_attachments::Migration),
            Box::new(m0115_charge_supplier::Migration),
            Box::new(m0116_minimum_order::Migration),
            Box::new(m0118_received_twice::Migration),
            Box::new(m0119_charge_currency::Migration),
            Box::new(m0120_customer_lists::Migration),
            Box::new(m0121_drift::Migration),
            Box::new(m0122_liquidation_scores::Migration),
            Box::new(m0124_blanket_drafts::Migration),
            Box::new(m0125_supplier_calendar::Migration),
            Box::new(m0126_suggestions::Migration),
            Box::new(m0127_outgoing_hold::Migration),
            Box::new(m0128_supplier_return_products::Migration),
            Box::new(m0129_payment_reversals::Migration),
            Box::new(m0130_waves::Migration),
            Box::new(m0131_paper_kinds::Migration),
            Box::new(m0132_paper_settings::Migration),
            Box::new(m0133_fulfilment_alerts::Migration),
            Box::new(m0134_list_sorts::Migration),
            Box::new(m0136_safety_stock::Migration),
            Box::new(m0137_more_archives::Migration),
            Box::new(m0139_posting_level::Migration),
            Box::new(m0140_bin_locations::Migration),
            Box::new(m0141_frozen_rates::Migration),
            Box::new(m0142_call_offs::Migration),
            Box::new(m0144_classes_and_factors::Migration),
            Box::new(m0148_added_charges::Migration),
            Box::new(m0150_database_timeline::Migration),
            Box::new(m0154_terms_of_stores::Migration),
            Box::new(m0155_list_orders::Migration),
            Box::new(m0156_packed_lots::Migration),
            Box::new(m0157_handling_time::Migration),
            Box::new(m0160_policies_of_stores::Migration),
            Box::new(m0161_anomaly_limits::Migration),
            Box::new(m0162_wider_words::Migration),
            Box::new(m0163_right_names::Migration),
            Box::new(m0165_revocations::Migration),
            Box::new(m0168_mistyped_words::Migration),
            Box::new(m0174_alert_changes::Migration),
            Box::new(m0176_store_anomaly_limits::Migration),
            Box::new(m0178_lots_that_left::Migration),
            Box::new(m0179_found_by_products::Migration),
            Box::new(m0185_open_orders_placed::Migration),
            Box::new(m0186_file_keys::Migration),
            Box::new(m0187_liquidation_advanced::Migration),
            Box::new(m0188_sorted_lists::Migration),
            Box::new(m0189_orders_by_status::Migration),
            Box::new(m0191_products_by_terms::Migration),
            Box::new(m0194_tracking_numbers::Migration),
            Box::new(m0196_found_invoices_and_works::Migration),
            Box::new(m0197_registers::Migration),
        ]
    }
}
