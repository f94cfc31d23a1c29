//! Statistics that SQLite is to assume of an index of tenants' rows.

/// Rows of a table and of one tenant in it, of an index with few rows and of one tenant in that, and rows of a tenant that share a column's value.
const TABLE: u64 = 10_000_000;
const TENANT: u64 = 1_000_000;
const FEW_OF_ALL: u64 = 10_000;
const FEW: u64 = 1_000;
const SHARED: u64 = 100;
const WIDELY_SHARED: u64 = 1_000;

/// Rows of a table of lines for each row of its documents.
const LINES: u64 = 10;

/// Divisor of the rows that share a column's value in an index with few rows.
const FEWER: u64 = 100;

/// Rows of a tenant in one of the states that an index names. Some of these end a document, which
/// stays in the index: a tenth of all orders may be cancelled. With a smaller number SQLite would
/// scan them all to find the orders of a customer among them, or a few by their IDs. A list by
/// state alone uses the index all the same, as it has the order of the list.
const OF_A_STATE: u64 = 100_000;

/// Columns with few values: many rows share each. With the true number, for a state that a tenth of
/// the rows have, SQLite would read lists in their order to find rows by such a column in them,
/// even for a rare value.
const WIDE: &[&str] = &[
    "action",
    "base",
    "category_id",
    "channel_id",
    "currency",
    "from_store_id",
    "kind",
    "method",
    "price_currency",
    "quote",
    "reason_code",
    "state",
    "status",
    "store_id",
    "supplier_id",
    "to_store_id",
];

/// Documents that lines belong to: one has no more lines because there are more documents.
const PARENTS: &[&str] = &[
    "count_id",
    "fulfilment_id",
    "movement_id",
    "order_id",
    "purchase_order_id",
    "return_id",
    "supplier_return_id",
    "transfer_id",
    "wave_id",
    "work_id",
];

/// Tables with several rows for each document, besides those that are named after lines and those of facts.
const OF_LINES: &[&str] = &["audit_entry", "cost_posting", "entry", "event", "order_line_part", "return_match"];

/// Tables with few rows.
const RARE: &[&str] = &["order_line_barred"];

/// Columns that few rows fill. Other columns of indexes on filled values may be filled in most
/// rows.
const RARELY_FILLED: &[&str] = &["archived_at", "charge_minor", "hold_kinds", "merged_into"];

/// Prefixes of conditions that most rows meet. All others select rows that are open, wait or are
/// set aside.
const MET_BY_MOST: &[&str] = &[
    "on_hand > 0",
    "preferred = 1",
    "quantity > 0",
    "replaced_by IS NULL",
    "state = 'READY'",
    "target_id IS NOT NULL AND",
    "who_id IS NULL",
];

/// Mark at the end of each assumed statistic. SQLite ignores words that it does not know there, and
/// ANALYZE does not write it.
const MARK: &str = " expected";

/// An index that begins with the tenant.
pub struct Index<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
    is_unique: bool,
    holds_few: bool,
    /// Whether it has the rows of some states, by state.
    is_by_state: bool,
}

impl<'a> Index<'a> {
    /// `columns` are parted by spaces; an expression has no name. `statement` is empty where the index has all rows of its table.
    pub fn new(table: &'a str, is_unique: bool, columns: &'a str, statement: &str) -> Self {
        let columns: Vec<&str> = columns.split(' ').collect();
        let is_by_state =
            columns.contains(&"status") && condition(statement).is_some_and(|words| words.starts_with("status IN ("));
        let holds_few = RARE.contains(&table) || (holds_few(statement) && !is_by_state);
        Self { table, columns, is_unique, holds_few, is_by_state }
    }

    /// Rows of the index, then rows that share the first column's value, the first two columns', and so on.
    pub fn expected(&self) -> String {
        if self.is_unique && self.columns.len() == 1 {
            return format!("{TENANT} 1{MARK}");
        }
        let times = if self.is_of_lines() { LINES } else { 1 };
        let (all, tenant) = if self.holds_few { (FEW_OF_ALL, FEW) } else { (TABLE, TENANT) };
        let (all, tenant) = (all * times, tenant * times);
        let (mut text, mut rows) = (format!("{all} {tenant}"), tenant);
        for (place, column) in self.columns.iter().enumerate().skip(1) {
            let share = self.share(column, times).clamp(2, tenant);
            // A value that all rows of the tenant share distinguishes none.
            rows = if rows == tenant { share } else { (rows.min(share) / (tenant / share).clamp(1, 10)).max(2) };
            let is_whole = self.is_unique && place + 1 == self.columns.len();
            text += &format!(" {}", if is_whole { 1 } else { rows });
        }
        text + MARK
    }

    /// Whether a text is one that this or an earlier release made up.
    pub fn is_made_up(&self, text: &str) -> bool {
        text.ends_with(MARK) || text == self.unmarked()
    }

    /// Returns the text of earlier releases, which did not mark it.
    fn unmarked(&self) -> String {
        let columns = self.columns.len();
        let mut text = format!("10000000 {}", if self.is_unique && columns == 1 { 1 } else { 1_000_000 });
        let mut rows = 100;
        for column in 2..=columns {
            text += &format!(" {}", if self.is_unique && column == columns { 1 } else { rows });
            rows = (rows / 10).max(2);
        }
        text
    }

    fn is_of_lines(&self) -> bool {
        self.columns.get(1) == Some(&"generation") || self.table.ends_with("_line") || OF_LINES.contains(&self.table)
    }

    /// Returns the number of a tenant's rows that share a value of a column. Facts of a tenant are
    /// all of one generation.
    fn share(&self, column: &str, times: u64) -> u64 {
        if column == "generation" {
            return u64::MAX;
        }
        if self.is_by_state && column == "status" {
            return OF_A_STATE;
        }
        let share = if WIDE.contains(&column) { WIDELY_SHARED } else { SHARED };
        let share = if PARENTS.contains(&column) { share } else { share * times };
        if self.holds_few { share / FEWER } else { share }
    }
}

/// Returns the text after WHERE in the statement of an index, with one blank between words.
fn condition(statement: &str) -> Option<String> {
    let words = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    words.split_once(" WHERE ").map(|(_, condition)| condition.to_owned())
}

/// Whether an index has only what few rows meet, by its condition.
fn holds_few(statement: &str) -> bool {
    let Some(condition) = condition(statement) else { return false };
    match condition.strip_suffix(" IS NOT NULL") {
        Some(column) if !column.contains(' ') => RARELY_FILLED.contains(&column),
        _ => !MET_BY_MOST.iter().any(|most| condition.starts_with(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_rows_share_and_what_few_rows_have_is_told_apart() {
        let expected = |table, is_unique, columns, statement| Index::new(table, is_unique, columns, statement).expected();
        let open = "CREATE INDEX x ON sales_order (tenant_id, store_id, channel_id)\n  WHERE status IN ('PENDING', 'CONFIRMED')";
        let by_state =
            "CREATE INDEX x ON sales_order (tenant_id, status, placed_at, id)\n  WHERE status IN ('DRAFT', 'CANCELLED')";
        let filled = "CREATE INDEX x ON movement (tenant_id, reference_id, seq) WHERE reference_id IS NOT NULL";
        let texts = [
            (expected("sales_order", true, "tenant_id id", ""), "10000000 1000000 1 expected"),
            (expected("tenant_counter", true, "tenant_id", ""), "1000000 1 expected"),
            (expected("sales_order", false, "tenant_id placed_at id", ""), "10000000 1000000 100 10 expected"),
            (expected("sales_order", false, "tenant_id store_id placed_at id", ""), "10000000 1000000 1000 10 2 expected"),
            (expected("sales_order", false, "tenant_id store_id channel_id", open), "10000 1000 10 2 expected"),
            (expected("sales_order", false, "tenant_id status placed_at id", by_state), "10000000 1000000 100000 10 2 expected"),
            (expected("movement", false, "tenant_id reference_id seq", filled), "10000000 1000000 100 10 expected"),
            (expected("order_line", true, "tenant_id order_id position", ""), "100000000 10000000 100 1 expected"),
            (
                expected("demand_day", false, "tenant_id generation product_id store_id", ""),
                "100000000 10000000 10000000 1000 100 expected",
            ),
        ];
        for (found, owed) in texts {
            assert_eq!(found, owed);
        }
    }

    #[test]
    fn only_what_was_made_up_is_made_up_anew() {
        let index = Index::new("sales_order", false, "tenant_id status placed_at id", "");
        for text in ["10000000 1000000 100 10 2", "5 4 3 2 1 expected", index.expected().as_str()] {
            assert!(index.is_made_up(text), "{text}");
        }
        assert!(!index.is_made_up("10416 10416 5208 1 1"), "ANALYZE has counted");
    }
}
