//! Migrations that an older release works with, and the one that a binary must know to work with a
//! database.

use sea_orm_migration::MigratorTrait;

use super::migrator::Migrator;

/// The migration from which on a database records the migration that binaries need.
pub const COMPATIBILITY: &str = "m0031_compatibility";
/// Migrations since then that remove or change data that an older release uses. All others only
/// add, and older releases continue to work beside them: new columns have a default or may be null,
/// and existing ones are neither renamed, retyped nor dropped.
///
/// An older release treats an alert of a kind that it does not know as a corrupt row
/// (`m0050_overdue`), cannot read the notes of demand facts about an edited order
/// (`m0056_order_edits`), would ship an order under a hold (`m0057_holds`), does not derive the
/// states of payment (`m0058_payments`), changes orders without their works (`m0059_fulfilment`),
/// would receive a line of a purchase order that was cancelled (`m0064_purchase_amendments`), would
/// cache categories and suppliers as they were before they were archived, and buy from them
/// (`m0067_archive`), treats a reversal of a kind that it does not know as a corrupt row
/// (`m0069_undo`), would edit a line by the amount of its tax instead of the rate and skip the
/// rules that set holds (`m0076_taxes_and_holds`), would seal a customer again without contacts and
/// addresses, put products into archived families and buy by archived rows of suppliers' catalogues
/// (`m0080_retired`), treats an export of demand facts or into Parquet as a corrupt row
/// (`m0081_demand_export`), would serve a tenant that is suspended (`m0085_suspension`), would book
/// a revaluation that undoes another as one of its own (`m0086_transfers_and_revaluations`), would
/// restore a supplier that is merged into another, give rights by an archived group of stores, and
/// erase a customer without those merged into it (`m0087_merges`), would call off more than a
/// blanket order agrees (`m0090_blanket_orders`), treats a deposit as a corrupt row
/// (`m0091_deposits`), would hold every order by a rule whose conditions it does not know
/// (`m0093_hold_conditions`), treats a reversal of an inspection as a corrupt row
/// (`m0094_inspections`), would report a schedule that sends a workbook as corrupt
/// (`m0096_view_outputs`), would show a saved view to members that it is not shared with
/// (`m0097_view_readers`), treats a bundle in a plan of liquidation, or an alert of one of its
/// kinds, as a corrupt row (`m0100_bundles`), treats parts of tables on Postgres as tables without
/// row security, and makes none for future months (`m0102_event_months`, `m0103_audit_months`,
/// `m0104_attempt_months`), treats an anomaly of a pattern, or a proposal that shelf life made
/// smaller, as a corrupt row (`m0111_patterns`), a proposal that a supplier's minimum order value
/// made larger or holds back (`m0116_minimum_order`) or whose supplier has a calendar
/// (`m0125_supplier_calendar`), receipts that equal an earlier one among anomalies
/// (`m0118_received_twice`), or an alert of a forecast that drifts (`m0121_drift`), would read a
/// charge in another currency as one in its order's (`m0119_charge_currency`), and would let the
/// member who changed a blanket order activate it alone (`m0124_blanket_drafts`).
pub const BREAKING: &[&str] = &[
    "m0050_overdue",
    "m0056_order_edits",
    "m0057_holds",
    "m0058_payments",
    "m0059_fulfilment",
    "m0064_purchase_amendments",
    "m0067_archive",
    "m0069_undo",
    "m0076_taxes_and_holds",
    "m0080_retired",
    "m0081_demand_export",
    "m0085_suspension",
    "m0086_transfers_and_revaluations",
    "m0087_merges",
    "m0090_blanket_orders",
    "m0091_deposits",
    "m0093_hold_conditions",
    "m0094_inspections",
    "m0096_view_outputs",
    "m0097_view_readers",
    "m0100_bundles",
    "m0102_event_months",
    "m0103_audit_months",
    "m0104_attempt_months",
    "m0111_patterns",
    "m0116_minimum_order",
    "m0118_received_twice",
    "m0119_charge_currency",
    "m0121_drift",
    "m0124_blanket_drafts",
    "m0125_supplier_calendar",
];

/// Migrations that complete an earlier one, with the earlier one: a binary that knows the earlier
/// one works with both, an older binary with neither. A column that no binary has used since an
/// earlier release is dropped by one of these (`docs/OPERATIONS.md`, "Changing tables").
pub const CONTRACTING: &[(&str, &str)] = &[];

/// The migration that an earlier release has to have, for its binaries to work with this one.
pub fn contracts(name: &str) -> Option<&'static str> {
    CONTRACTING.iter().find(|(contracting, _)| *contracting == name).map(|(_, known)| *known)
}

/// The migration that a binary must know to work with the database after this one; `None` if every
/// binary works with it.
pub fn needs(name: &str) -> Option<&'static str> {
    BREAKING.iter().find(|breaking| **breaking == name).copied().or_else(|| contracts(name))
}

/// The last migration that a binary must know to work with this version's tables; `None` while all
/// migrations have only added.
pub fn needed() -> Option<String> {
    needed_up_to(Migrator::migrations().last()?.name())
}

/// Like `needed`, for a database that has this migration and those before it.
pub fn needed_up_to(name: &str) -> Option<String> {
    let migrations = Migrator::migrations();
    let until = migrations.iter().map(|one| one.name()).filter(|one| *one <= name);
    until.filter_map(needs).max().map(str::to_owned)
}
