//! Changed fields in the audit log, compared with the current rows.
//!
//! The values before and after all changes of a field are compared, in whatever order they were written: each value was left as often as it was
//! reached, except the first, which was never reached, and the current one, which was never left. The order of changes by two nodes whose clocks
//! differ does not matter.
//!
//! An older release changes fields without recording them, and so do changes without an actor. Rows that may have such changes are left out: rows
//! with more versions than recorded entries, and purchase orders with an edit that records no field.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::audit_entry,
};
use inventory::catalog::core::goods;
use platform::{
    audit::{fields::OMITTED_PATH, money},
    storage::{Fault, Finds, Reads, Snapshot},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::report::{Violation, printable_text};

pub(super) const FIELDS: &str = "audit: changed fields lead from one value to the next, up to the values in their rows";
/// Rows whose changes are checked together, and entries that are read at once.
const PAGE: i64 = 500;

#[derive(Record)]
struct VersionRow {
    #[record(sql = "x.id")]
    id: AuditId,
    #[record(sql = "x.version")]
    version: i64,
}

#[derive(Record)]
#[record(of = audit_entry, alias = "e")]
struct EntryRow {
    #[record(not_null)]
    target_id: Uuid,
    id: AuditId,
    changes: String,
}

/// A field with its row's current value; `line` is 0 for a field of the row itself.
#[derive(Record)]
struct FieldRow {
    #[record(sql = "n.id")]
    id: PurchaseOrderId,
    #[record(sql = "n.line")]
    line: i32,
    #[record(sql = "n.field")]
    field: String,
    #[record(sql = "n.words")]
    words: Option<String>,
    #[record(sql = "n.amount")]
    amount: Option<i64>,
    #[record(sql = "n.currency")]
    currency: Option<String>,
}

/// A kind of row whose changed fields are recorded.
struct Kind {
    table: &'static str,
    prefix: &'static str,
    fields: &'static [&'static str],
    /// Fields of the row itself: each entry that records one of them is a version of the row. Empty for kinds whose versions do not follow from
    /// fields. Tags and metadata are not among them: they may belong to the node, which has versions of its own.
    own_fields: &'static [&'static [&'static str]],
    /// Actions that change the fields, as a list in SQL: an entry of such an action without fields was written by an older release.
    edits: &'static str,
    /// Statement for the current values of the rows, with the columns of `FieldRow`: the value is a
    /// text, a number, or a number and a currency. `OF_IDS` is replaced by the condition on the
    /// column `id` of the table, which is `x`.
    now: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        table: "product",
        prefix: "prd",
        fields: &["sku", "name", "price"],
        own_fields: &[&OF_PRODUCTS, &goods::FIELD_NAMES],
        edits: "''",
        now: "SELECT x.id AS id, 0 AS line, 'sku' AS field, x.sku AS words, CAST(NULL AS bigint) AS amount, CAST(NULL AS text) AS currency
              FROM product x WHERE x.tenant_id = $1 AND OF_IDS
              UNION ALL SELECT x.id, 0, 'name', x.name, CAST(NULL AS bigint), CAST(NULL AS text) FROM product x WHERE x.tenant_id = $1 AND OF_IDS
              UNION ALL SELECT x.id, 0, 'price', CAST(NULL AS text), x.price_minor, x.price_currency FROM product x WHERE x.tenant_id = $1 AND OF_IDS",
    },
    Kind { table: "supplier", prefix: "sup", fields: &["code", "name"], own_fields: &[&OF_SUPPLIERS], edits: "''", now: CODE_AND_NAME },
    Kind { table: "store", prefix: "sto", fields: &["code", "name"], own_fields: &[&OF_STORES], edits: "''", now: CODE_AND_NAME },
    Kind {
        table: "purchase_order",
        prefix: "por",
        fields: &["revision", "quantity", "unitCost"],
        own_fields: &[],
        edits: "'purchaseOrderUpdate', 'purchaseOrderAmend', 'purchase_order.update', 'purchase_order.amend'",
        now: "SELECT x.id AS id, 0 AS line, 'revision' AS field, CAST(NULL AS text) AS words, CAST(x.revision AS bigint) AS amount,
                CAST(NULL AS text) AS currency
              FROM purchase_order x WHERE x.tenant_id = $1 AND OF_IDS
              UNION ALL SELECT x.id, l.position, 'quantity', CAST(NULL AS text), l.quantity, CAST(NULL AS text)
              FROM purchase_order x JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = x.id WHERE x.tenant_id = $1 AND OF_IDS
              UNION ALL SELECT x.id, l.position, 'unitCost', CAST(NULL AS text), l.unit_cost_minor, x.currency
              FROM purchase_order x JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = x.id WHERE x.tenant_id = $1 AND OF_IDS",
    },
];

/// Besides those of [`goods::FIELD_NAMES`].
const OF_PRODUCTS: [&str; 18] = [
    "sku",
    "name",
    "description",
    "status",
    "stockPolicy",
    "categoryId",
    "supplierId",
    "familyId",
    "options",
    "unit",
    "price",
    "unitCost",
    "lowStockThreshold",
    "tracking",
    "minimumRemainingDays",
    "barcodes",
    "components",
    "archivedAt",
];
const OF_SUPPLIERS: [&str; 12] = [
    "code",
    "name",
    "leadTimeDays",
    "email",
    "contacts",
    "address",
    "taxIds",
    "paymentTerms",
    "minimumOrderValue",
    "calendar",
    "archivedAt",
    "mergedInto",
];
const OF_STORES: [&str; 9] = ["code", "name", "kind", "timeZone", "contacts", "address", "taxIds", "paymentTerms", "archivedAt"];

const CODE_AND_NAME: &str = "SELECT x.id AS id, 0 AS line, 'code' AS field, x.code AS words, CAST(NULL AS bigint) AS amount, CAST(NULL AS text) AS currency
    FROM TABLE x WHERE x.tenant_id = $1 AND OF_IDS
    UNION ALL SELECT x.id, 0, 'name', x.name, CAST(NULL AS bigint), CAST(NULL AS text) FROM TABLE x WHERE x.tenant_id = $1 AND OF_IDS";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldChange {
    path: String,
    before: Value,
    after: Value,
    is_personal: bool,
}

#[derive(Deserialize)]
struct Changes {
    #[serde(default)]
    fields: Vec<FieldChange>,
}

/// Number of changes from each value of a field minus those to it, by the JSON text of the value;
/// values with a difference of 0 are not kept.
#[derive(Debug, Default)]
struct Balance(BTreeMap<String, i64>);

impl Balance {
    fn count(&mut self, value: &Value, change: i64) {
        let text = value.to_string();
        let balance = self.0.get(&text).copied().unwrap_or_default() + change;
        if balance == 0 {
            self.0.remove(&text);
        } else {
            self.0.insert(text, balance);
        }
    }
    fn add_change(&mut self, before: &Value, after: &Value) {
        self.count(before, 1);
        self.count(after, -1);
    }
    /// The values that were reached more often than left, if the current value counts as left; they
    /// differ from the current one.
    fn unbalanced_values(mut self, current: &Value) -> Vec<String> {
        self.count(current, 1);
        self.0.into_iter().filter(|(_, balance)| *balance < 0).map(|(text, _)| text).collect()
    }
}

/// Fields of a page of rows, under the ids of their rows and their paths.
#[derive(Default)]
struct Page {
    fields: BTreeMap<(Uuid, String), Balance>,
    /// Rows with an entry that leaves out fields, or records none.
    partial: BTreeSet<Uuid>,
    /// Number of entries about a version, by row.
    versions: BTreeMap<Uuid, i64>,
}

/// The first field whose recorded changes do not lead to its row's value. `rows` is increased by the number of checked fields.
pub(super) async fn fields(snapshot: &Snapshot, rows: &mut u64) -> Result<Option<Violation>, Fault> {
    for kind in &KINDS {
        let mut after = AuditId::NIL;
        loop {
            let (select, table) = (VersionRow::SELECT, kind.table);
            let sql = format!("SELECT {select} FROM {table} x WHERE x.tenant_id = $1 AND x.id > $2 ORDER BY x.id LIMIT {PAGE}");
            let mut versions = BTreeMap::new();
            for VersionRow { id, version } in snapshot.records::<VersionRow>(&sql, vec![after.into()]).await? {
                after = id;
                versions.insert(id.uuid(), version);
            }
            if versions.is_empty() {
                break;
            }
            let mut page = recorded_changes(snapshot, kind, &versions).await?;
            page.leave_out(kind, &versions);
            *rows += page.fields.len() as u64;
            if let Some(broken) = find_violation(snapshot, kind, page).await? {
                return Ok(Some(broken));
            }
        }
    }
    Ok(None)
}

/// Returns the field changes in the audit entries of some rows.
async fn recorded_changes(snapshot: &Snapshot, kind: &Kind, rows: &BTreeMap<Uuid, i64>) -> Result<Page, Fault> {
    let (backend, mut page, mut after) = (snapshot.backend(), Page::default(), (AuditId::NIL, AuditId::NIL));
    let target_condition = backend.in_ids("e.target_id", 2);
    let sql = format!(
        "SELECT {} FROM audit_entry e
         WHERE e.tenant_id = $1 AND {target_condition} AND e.target_id IS NOT NULL AND e.outcome = 'DONE'
           AND (e.changes LIKE '%\"fields\":%' OR e.action IN ({}))
           AND e.target_id >= $3 AND (e.target_id > $3 OR e.id > $4)
         ORDER BY e.target_id, e.id LIMIT {PAGE}",
        EntryRow::SELECT,
        kind.edits
    );
    loop {
        let values = vec![backend.ids(rows.keys().copied().map(AuditId::from_uuid)), after.0.into(), after.1.into()];
        let entries = snapshot.records::<EntryRow>(&sql, values).await?;
        if entries.is_empty() {
            return Ok(page);
        }
        for EntryRow { target_id, id, changes } in entries {
            after = (AuditId::from_uuid(target_id), id);
            // The entry's hash proves its content; an unreadable one has no fields.
            let changes: Changes = serde_json::from_str(&changes).unwrap_or(Changes { fields: Vec::new() });
            page.add(kind, target_id, &changes.fields);
        }
    }
}

impl Page {
    fn add(&mut self, kind: &Kind, row: Uuid, fields: &[FieldChange]) {
        if fields.is_empty() {
            self.partial.insert(row);
        }
        if fields.iter().any(|change| kind.own_fields.iter().any(|names| names.contains(&change.path.as_str()))) {
            *self.versions.entry(row).or_default() += 1;
        }
        for change in fields {
            if change.path == OMITTED_PATH {
                self.partial.insert(row);
            }
            let line_field = change.path.strip_prefix("lines.").and_then(|rest| rest.split_once('.'));
            let field = line_field.map_or(change.path.as_str(), |(_, field)| field);
            if !change.is_personal && kind.fields.contains(&field) {
                self.fields.entry((row, change.path.clone())).or_default().add_change(&change.before, &change.after);
            }
        }
    }

    /// Leaves out rows that may have changes without an entry.
    fn leave_out(&mut self, kind: &Kind, versions: &BTreeMap<Uuid, i64>) {
        let Self { fields, partial, versions: change_counts } = self;
        fields.retain(|(row, _), _| {
            !partial.contains(row) && (kind.own_fields.is_empty() || change_counts.get(row) == versions.get(row))
        });
    }
}

async fn find_violation(snapshot: &Snapshot, kind: &Kind, page: Page) -> Result<Option<Violation>, Fault> {
    if page.fields.is_empty() {
        return Ok(None);
    }
    let now = load_current_values(snapshot, kind, &page).await?;
    for ((row, path), balance) in page.fields {
        // A line that was removed from a draft has no row, and its last change ends in null.
        let found = now.get(&(row, path.clone())).unwrap_or(&Value::Null);
        let ends = balance.unbalanced_values(found);
        if !ends.is_empty() {
            return Ok(Some(Violation {
                table: kind.table,
                key: printable_text(&format!("{}:{} {path}", kind.prefix, row.simple())),
                expected: ends.join(" or "),
                found: found.to_string(),
            }));
        }
    }
    Ok(None)
}

/// Returns the current values of the rows.
async fn load_current_values(snapshot: &Snapshot, kind: &Kind, page: &Page) -> Result<BTreeMap<(Uuid, String), Value>, Fault> {
    let backend = snapshot.backend();
    let ids: BTreeSet<Uuid> = page.fields.keys().map(|(row, _)| *row).collect();
    let current_sql = kind.now.replace("OF_IDS", &backend.in_ids("x.id", 2)).replace("TABLE", kind.table);
    let sql = format!("SELECT {} FROM ({current_sql}) n", FieldRow::SELECT);
    let mut now = BTreeMap::new();
    let values = vec![backend.ids(ids.into_iter().map(AuditId::from_uuid))];
    for FieldRow { id, line, field, words, amount, currency } in snapshot.records::<FieldRow>(&sql, values).await? {
        let path = match u16::try_from(line) {
            Ok(line) if line > 0 => {
                let line: PurchaseOrderLineId = id.line(line);
                format!("lines.{line}.{field}")
            }
            _ => field,
        };
        now.insert((id.uuid(), path), value(words, amount, currency));
    }
    Ok(now)
}

/// A value as the API writes it.
fn value(text: Option<String>, number: Option<i64>, currency: Option<String>) -> Value {
    match (text, number, currency) {
        (Some(text), ..) => json!(text),
        (None, Some(minor), Some(code)) => money(Currency::parse(&code).map(|currency| Money::new(minor, currency))),
        (None, number, _) => json!(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_in_any_order_lead_to_what_the_row_says() {
        let told = |changes: &[(i64, i64)]| {
            let mut balance = Balance::default();
            changes.iter().for_each(|(before, after)| balance.add_change(&json!(before), &json!(after)));
            balance
        };
        let none = Vec::<String>::new();
        // From 5 to 6, to 7, back to 6, and to 9, by two nodes.
        let all = [(7, 6), (5, 6), (6, 9), (6, 7)];
        assert_eq!(told(&all).unbalanced_values(&json!(9)), none);
        assert_eq!(told(&all).unbalanced_values(&json!(6)), ["9"], "the row says something older");
        assert_eq!(told(&all).unbalanced_values(&json!(8)), ["9"]);
        assert_eq!(told(&[(5, 6), (7, 8)]).unbalanced_values(&json!(8)), ["6"], "one was left out between");
        assert_eq!(told(&[(5, 5)]).unbalanced_values(&json!(5)), none);
    }

    #[test]
    fn values_are_those_of_the_api() {
        assert_eq!(value(None, Some(1_250), Some("GBP".to_owned())), json!({ "amount": "12.50", "currencyCode": "GBP" }));
        assert_eq!(value(None, Some(12), None).to_string(), "12");
        assert_eq!((value(Some("MUG".to_owned()), None, None), value(None, None, None)), (json!("MUG"), Value::Null));
    }

    #[test]
    fn fields_of_lines_are_told_under_their_ids() {
        let mut page = Page::default();
        let told = |path: &str| FieldChange { path: path.to_owned(), before: json!(1), after: json!(2), is_personal: false };
        let fields = ["revision", "lines.pol_1.quantity", "lines.pol_1.sku", "note", "leftOut"].map(told);
        page.add(&KINDS[3], Uuid::nil(), &fields);
        page.leave_out(&KINDS[3], &BTreeMap::new());
        assert!(page.fields.is_empty(), "not all of it is told");
        let mut page = Page::default();
        page.add(&KINDS[3], Uuid::nil(), &fields[..4]);
        page.leave_out(&KINDS[3], &BTreeMap::new());
        let paths: Vec<&str> = page.fields.keys().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, ["lines.pol_1.quantity", "revision"]);
        page.add(&KINDS[3], Uuid::nil(), &[]);
        page.leave_out(&KINDS[3], &BTreeMap::new());
        assert!(page.fields.is_empty(), "an older release edited it");
    }

    #[test]
    fn a_row_is_looked_at_while_each_of_its_versions_is_told() {
        let told =
            |path: &str| FieldChange { path: path.to_owned(), before: json!("Mug"), after: json!("Cup"), is_personal: false };
        let looked_at = |version| {
            let mut page = Page::default();
            for path in ["name", "price", "metadata", "supplierProducts.sup_1.preferred"] {
                page.add(&KINDS[0], Uuid::nil(), &[told(path)]);
            }
            page.leave_out(&KINDS[0], &BTreeMap::from([(Uuid::nil(), version)]));
            page.fields.len()
        };
        assert_eq!((looked_at(2), looked_at(3)), (2, 0), "one of three was written by an older release");
    }
}
