//! Each statement on a tenant's rows is bound to its tenant by one constant parameter; statements
//! across tenants are listed here, and in `docs/SCALING.md`.
//!
//! Texts of the source are checked one by one, and complete statements as the tests of plans send
//! them.

use std::{collections::BTreeSet, fs, path::Path};

use entity::{prelude::TenantId, tables::ALL};
use sea_orm::{Statement, Value};
use syn::{
    Attribute, Expr, ItemMod, LitStr, Macro, Token,
    punctuated::Punctuated,
    visit::{self, Visit},
};

use super::{binding::unbound, no_faults, root, sources};

/// Texts of one file in which no tenant binds a table of tenants.
struct Listed {
    file: &'static str,
    /// Number of texts.
    texts: usize,
    tables: &'static [&'static str],
}

const fn listed(file: &'static str, texts: usize, tables: &'static [&'static str]) -> Listed {
    Listed { file, texts, tables }
}

/// Statements across tenants: their purpose, by its name in `docs/SCALING.md`, and their files.
const CROSSING: &[(&str, &[Listed])] = &[
    (
        "jobs",
        &[
            listed("jobs/rows.rs", 8, &["job"]),
            listed("serve/doctor/partitions.rs", 1, &["job"]),
            listed("serve/doctor/probes.rs", 1, &["job", "webhook_delivery"]),
        ],
    ),
    (
        "logins and sessions",
        &[
            listed("identity/rows/sessions.rs", 13, &["member", "session"]),
            listed("identity/rows/members.rs", 2, &["invitation", "member"]),
            listed("identity/rows/devices.rs", 2, &["member", "session"]),
            listed("identity/rows/mod.rs", 2, &["member"]),
            listed("identity/rows/factors.rs", 3, &["login_challenge"]),
            listed("identity/rows/invitations.rs", 3, &["invitation", "member"]),
            listed("tenancy/erase.rs", 4, &["member"]),
        ],
    ),
    ("API keys by their hash", &[listed("access/rows/keys.rs", 1, &["api_key_index"])]),
    ("plans of tenants", &[listed("tenancy/plan.rs", 1, &["tenant_plan"])]),
    ("batches of several tenants", &[listed("storage/write_at/postgres.rs", 1, &["tenant_counter"])]),
    ("epochs after a failover", &[listed("storage/timeline.rs", 2, &["export_schedule", "tenant_counter"])]),
    (
        "tenants with new events",
        &[
            listed("realtime/relay.rs", 1, &["tenant_counter"]),
            listed("alerts/rows/follow.rs", 1, &["alert_follower", "tenant_counter"]),
            listed("webhooks/rows/endpoints.rs", 1, &["tenant_counter", "webhook_endpoint"]),
            listed("demand/rows/book.rs", 1, &["demand_book", "tenant_counter"]),
            listed("costing/rows/book.rs", 1, &["cost_book", "tenant_counter"]),
            listed("catalog/jobs.rs", 1, &["tenant_counter"]),
        ],
    ),
    (
        "documents that are due",
        &[
            listed("orders/rows/due.rs", 2, &["order_line", "order_line_part", "sales_order"]),
            listed("ledger/due.rs", 1, &["reservation"]),
            listed("lots/rows.rs", 1, &["lot", "lot_level", "store"]),
            listed("fulfilment/rows/load.rs", 1, &["sales_order"]),
            listed("purchasing/rows/blanket.rs", 1, &["blanket_order"]),
            listed(
                "alerts/rows/dated.rs",
                1,
                &[
                    "alert",
                    "export_schedule",
                    "fulfilment_work",
                    "lot",
                    "order_line_barred",
                    "purchase_order",
                    "saved_view_schedule",
                    "stock_anomaly",
                    "store",
                    "transfer",
                ],
            ),
            listed("alerts/rows/alert.rs", 2, &["alert"]),
            listed("alerts/rows/email.rs", 1, &["alert_letter"]),
        ],
    ),
    (
        "schedules that are due",
        &[
            listed("export_schedules/rows.rs", 1, &["export_schedule"]),
            listed("saved_views/rows/schedules.rs", 1, &["saved_view_schedule"]),
            listed("forecasting/rows/runs.rs", 1, &["demand_book"]),
            listed("replenishment/rows/approval_rule.rs", 1, &["replenishment_rule"]),
            listed("liquidation/rows/plans.rs", 1, &["liquidation_plan"]),
        ],
    ),
    ("audit chains", &[listed("audit/rows.rs", 3, &["audit_entry", "audit_head"])]),
    (
        "rows that have expired",
        &[
            listed("files/rows.rs", 1, &["file"]),
            listed("exchange/rows/mod.rs", 1, &["exchange", "exchange_row"]),
            listed("exchange/rows/lines.rs", 1, &["exchange", "exchange_line"]),
            listed("webhooks/shell/trim.rs", 3, &["event", "tenant_counter"]),
            listed("webhooks/rows/deliveries.rs", 1, &["webhook_attempt", "webhook_delivery", "webhook_endpoint"]),
            listed("catalog/shell/seal.rs", 1, &["customer"]),
        ],
    ),
    (
        "commands of the operator",
        &[
            listed("backups/shell/run.rs", 1, &["tenant_counter"]),
            listed("backups/shell/file_lists.rs", 1, &["file"]),
            listed("backups/rows.rs", 1, &["file"]),
            listed("backups/revocation_rows.rs", 1, &["api_key", "customer", "member", "tenant_erasure"]),
            listed("serve/epoch/replay.rs", 1, &["tenant_counter"]),
            listed("files/copying.rs", 1, &["file"]),
            listed("insight/verify/search.rs", 1, &["product"]),
            listed("serve/facts.rs", 1, &["tenant_erasure"]),
            listed(
                "serve/emergency/resume.rs",
                1,
                &[
                    "alert_letter",
                    "export_schedule",
                    "saved_view_schedule",
                    "tenant_counter",
                    "webhook_delivery",
                    "webhook_endpoint",
                ],
            ),
        ],
    ),
];

/// Texts that are completed by the tenant's condition, and have none themselves.
const COMPOSED: &[Listed] = &[
    listed("anomalies/rows/patterns.rs", 2, &["sales_order"]),
    listed("anomalies/rows/people.rs", 4, &["sales_order", "sales_return"]),
    listed("catalog/rows/customer/erasure.rs", 3, &["attachment", "node_tags"]),
    listed("costing/rows/revaluation.rs", 1, &["revaluation"]),
    listed("demand/rows/facts.rs", 3, &["demand_day"]),
    listed("demand/rows/facts/halves.rs", 1, &["demand_day"]),
    listed("insight/verify/demand.rs", 3, &["sales_order", "sales_return"]),
    listed("reports/rows/abc.rs", 1, &["demand_day"]),
    listed("reports/rows/baskets.rs", 2, &["sales_order"]),
    listed("reports/rows/builder/orders.rs", 2, &["sales_order"]),
    listed("reports/rows/customers.rs", 2, &["sales_order"]),
    listed("reports/rows/dashboard.rs", 3, &["demand_day", "sales_order"]),
    listed("reports/rows/margins.rs", 1, &["demand_day"]),
    listed("stock/rows/history.rs", 1, &["entry", "history_block"]),
    listed("stock/rows/list.rs", 1, &["product", "stock_level"]),
];

/// The tables that have a tenant in each row.
fn tables() -> BTreeSet<&'static str> {
    let is_tenants = |table: &&entity::tables::Description| table.columns.iter().any(|column| column.0 == "tenant_id");
    ALL.iter().filter(is_tenants).map(|table| table.name).collect()
}

/// Returns the fault of a statement as it was sent by a request of `tenant`; None if all its tables
/// are bound.
///
/// A statement with the tenant among its values is the tenant's, and has no excuse. Any other one
/// is the deployment's own, and is listed.
pub fn complaint(statement: &Statement, tenant: TenantId) -> Option<String> {
    let loose = unbound(&statement.sql, &tables());
    let names: BTreeSet<&str> = loose.iter().filter_map(|named| named.split(' ').next()).collect();
    let values = statement.values.as_ref().map_or(&[][..], |values| &values.0[..]);
    let is_tenants = values.contains(&Value::from(tenant));
    let is_listed = |listed: &Listed| names.iter().all(|name| listed.tables.contains(name));
    if loose.is_empty() || (!is_tenants && CROSSING.iter().any(|(_, all)| all.iter().any(is_listed))) {
        return None;
    }
    let sql = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("no tenant binds {}: {sql}", loose.join(", ")))
}

/// The texts of a file that begin as a statement does, outside of its tests.
#[derive(Default)]
struct Texts(Vec<String>);

fn is_of_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
}

impl Visit<'_> for Texts {
    fn visit_item_mod(&mut self, item: &ItemMod) {
        if !item.attrs.iter().any(is_of_tests) {
            visit::visit_item_mod(self, item);
        }
    }
    fn visit_lit_str(&mut self, text: &LitStr) {
        let text = text.value();
        let first = text.split_whitespace().next().unwrap_or_default();
        if ["WITH", "SELECT", "UPDATE", "DELETE", "INSERT", "FROM"].contains(&first) {
            self.0.push(text);
        }
    }
    fn visit_macro(&mut self, call: &Macro) {
        // A macro whose body is no list of expressions has no statements.
        let parsed = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        parsed.iter().flatten().for_each(|expr| self.visit_expr(expr));
    }
}

pub(super) fn texts(path: &Path) -> Vec<String> {
    let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
    let mut texts = Texts::default();
    texts.visit_file(&file);
    texts.0
}

#[test]
fn every_statement_names_its_tenant_or_is_listed() {
    let (tables, mut faults, mut looked_at) = (tables(), Vec::new(), 0);
    let listed = || CROSSING.iter().flat_map(|(_, all)| all.iter()).chain(COMPOSED);
    for (file, path) in sources() {
        let texts = texts(&path);
        looked_at += texts.len();
        let loose: Vec<(String, Vec<String>)> = texts
            .into_iter()
            .map(|text| (text.split_whitespace().collect::<Vec<_>>().join(" "), unbound(&text, &tables)))
            .filter(|(_, loose)| !loose.is_empty())
            .collect();
        let named = loose.iter().flat_map(|(_, loose)| loose.iter().filter_map(|one| one.split(' ').next()));
        let names: BTreeSet<&str> = named.collect();
        let (texts, expected) = match listed().find(|listed| listed.file == file) {
            Some(listed) => (listed.texts, listed.tables.iter().copied().collect()),
            None => (0, BTreeSet::new()),
        };
        if loose.len() != texts || names != expected {
            faults.push(format!("{file}: {} texts on {names:?}, listed are {texts} on {expected:?}: {loose:#?}", loose.len()));
        }
    }
    let files: BTreeSet<String> = sources().into_iter().map(|(file, _)| file).collect();
    let deleted_listed = listed().filter(|listed| !files.contains(listed.file));
    faults.extend(deleted_listed.map(|listed| format!("{}: no such file", listed.file)));
    assert!(looked_at > 800, "only {looked_at} texts were found");
    no_faults(&faults);
}

#[test]
fn the_papers_list_what_crosses_tenants() {
    let paper = fs::read_to_string(root().join("docs/SCALING.md")).unwrap();
    let (_, section) = paper.split_once("### Statements across tenants").unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows: BTreeSet<&str> = table.filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).skip(1).collect();
    let names: BTreeSet<&str> = CROSSING.iter().map(|(name, _)| *name).collect();
    assert_eq!(rows, names);
}
