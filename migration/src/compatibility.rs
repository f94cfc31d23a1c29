//! Which migrations an older release works with, and what a binary must know to work with a database.

use sea_orm_migration::MigratorTrait;

use super::Migrator;

/// The migration from which on a database says what it needs.
pub const COMPATIBILITY: &str = "m0031_compatibility";
/// Migrations since then that take away or change what an older release uses. All others only add, and older releases go on working beside them:
/// new columns have a default or may be null, and what stands is neither renamed, retyped nor dropped.
///
/// An older release takes an alert of a kind that it does not know for a corrupt row (`m0050_overdue`), cannot read what demand facts note of an edited
/// order (`m0056_order_edits`), would ship an order under a hold (`m0057_holds`), does not derive the states of payment (`m0058_payments`), changes
/// orders without their works (`m0059_fulfilment`), would receive a line of a purchase order that was cancelled (`m0064_purchase_amendments`), would
/// remember categories and suppliers as they were before they were archived, and buy from them (`m0067_archive`), takes a reversal of a kind that it
/// does not know for a corrupt row (`m0069_undo`), would edit a line by the tax that its rate came to and ask no rule that sets holds
/// (`m0076_taxes_and_holds`), would seal a customer anew without contacts and addresses, put products into archived families and buy by archived rows
/// of suppliers' catalogues (`m0080_retired`), takes an export of demand facts or into Parquet for a corrupt row (`m0081_demand_export`), would serve a
/// tenant that is suspended (`m0085_suspension`), would book a revaluation that undoes another as one of its own
/// (`m0086_transfers_and_revaluations`), would restore a supplier that is merged into another, give rights by an archived group of stores, and
/// erase a customer without those merged into it (`m0087_merges`), would call off more than a blanket order agrees (`m0090_blanket_orders`), takes a
/// deposit for a corrupt row (`m0091_deposits`), would hold every order by a rule whose conditions it does not know (`m0093_hold_conditions`), takes
/// a reversal of an inspection for a corrupt row (`m0094_inspections`), would report a schedule that sends a workbook as corrupt
/// (`m0096_view_outputs`), would show a saved view to those whom it is not shared with (`m0097_view_readers`), takes a bundle in a plan of
/// liquidation, or an alert of one of its kinds, for a corrupt row (`m0100_bundles`), takes parts of tables on Postgres for tables without row
/// security, and makes none for the months to come (`m0102_event_months`, `m0103_audit_months`, `m0104_attempt_months`), takes an anomaly of a
/// pattern, or a proposal that shelf life made smaller, for a corrupt row (`m0111_patterns`), a proposal that a supplier's minimum order value
/// made larger or holds back (`m0116_minimum_order`) or whose supplier has a calendar (`m0125_supplier_calendar`), receipts that equal one before
/// among anomalies (`m0118_received_twice`), or an alert of a forecast that drifts (`m0121_drift`), would take a charge in another currency for one
/// in its order's (`m0119_charge_currency`), and would let who changed a blanket order activate it alone (`m0124_blanket_drafts`).
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

/// Migrations that end what an earlier one has begun, and that one: a binary that knows it works with both, an older one with neither. A column that no
/// binary reads or writes since an earlier release is dropped by one of these (`docs/OPERATIONS.md`, "Changing tables").
pub const CONTRACTING: &[(&str, &str)] = &[];

/// The migration that an earlier release has to have, for its binaries to work with this one.
pub fn contracts(name: &str) -> Option<&'static str> {
    CONTRACTING.iter().find(|(contracting, _)| *contracting == name).map(|(_, known)| *known)
}

/// The migration that a binary must know to work with the database after this one; none where every binary works with it.
pub fn needs(name: &str) -> Option<&'static str> {
    BREAKING.iter().find(|breaking| **breaking == name).copied().or_else(|| contracts(name))
}

/// The last migration that a binary must know to work with the tables as this one makes them; none while all have only added.
pub fn needed() -> Option<String> {
    needed_up_to(Migrator::migrations().last()?.name())
}

/// The same of a database that has this migration and those before it.
pub fn needed_up_to(name: &str) -> Option<String> {
    let migrations = Migrator::migrations();
    let until = migrations.iter().map(|one| one.name()).filter(|one| *one <= name);
    until.filter_map(needs).max().map(str::to_owned)
}
