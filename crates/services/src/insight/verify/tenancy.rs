//! Proves the invariants of one tenant's rows in a snapshot, one after the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::prelude::TenantId;
use platform::{
    audit,
    storage::{Backend, Database, Fault, Reads, Row, Snapshot},
};

use super::{
    all_checks, charges,
    check::Check,
    demand, enum_columns, groups, histories, invoices, payments, receipts, references,
    report::{Line, Report, Violation},
    stored_json,
    table_sizes::TableSizes,
};

/// Rows of a tenant's table up to which several queries share a statement. Above it each query runs
/// alone: planning costs little compared with reading, and a statement stays below its timeout.
const SMALL_TABLE_ROWS: u64 = 10_000;

pub(super) const AUDIT: &str = "audit: each entry follows from the one before, and none is missing";

/// Property of the columns of many tables.
#[derive(Debug, Clone, Copy)]
enum ColumnProof {
    Words,
    References,
}

impl ColumnProof {
    /// The table of each column, in their order, with the column that has the tenant.
    fn tables(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Words => enum_columns::ENUM_COLUMNS.iter().map(|column| (column.table, column.owner())).collect(),
            Self::References => references::LINKS.iter().map(|link| (link.child, "tenant_id")).collect(),
        }
    }
}

pub(super) struct Tenancy<'a> {
    db: &'a Database,
    tenant: TenantId,
    snapshot: Snapshot,
    /// Whether all rows are committed, so that another snapshot would see them too.
    is_committed: bool,
    /// Number of the tenant's rows in a table, counted once. None if they cannot be counted.
    row_counts: HashMap<&'static str, Option<u64>>,
    /// Prefix of the names of the invariants to prove.
    beginning: &'a str,
    /// Whether each query runs separately, including queries that can find nothing.
    asks_each: bool,
}

impl<'a> Tenancy<'a> {
    pub async fn begin(db: &'a Database, tenant: TenantId) -> Result<Self, Fault> {
        let snapshot = db.global().snapshot_for(tenant).await?;
        Ok(Self { db, tenant, snapshot, is_committed: true, row_counts: HashMap::new(), beginning: "", asks_each: false })
    }
    /// The rows of an open transaction: an unreadable value ends the proof.
    pub fn of_snapshot(db: &'a Database, snapshot: Snapshot) -> Self {
        let tenant = snapshot.tenant();
        Self { db, tenant, snapshot, is_committed: false, row_counts: HashMap::new(), beginning: "", asks_each: false }
    }
    /// Proves only the invariants whose names have this prefix, each separately.
    pub fn with_prefix(self, beginning: &'a str) -> Self {
        Self { beginning, asks_each: true, ..self }
    }
    fn is_selected(&self, invariant: &str) -> bool {
        invariant.starts_with(self.beginning)
    }

    pub async fn verify_tenant(
        mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        on_line: &impl Fn(&Line),
    ) -> Result<Snapshot, Fault> {
        report.tenants += 1;
        if !self.asks_each {
            progress(&format!("{name}: rows of its tables"));
            self.count_all().await?;
        }
        for check in all_checks::all() {
            if !self.is_selected(check.invariant) {
                continue;
            }
            progress(&format!("{name}: {}", check.invariant));
            let result = if self.returns_no_rows(check) {
                Ok(None)
            } else {
                all_checks::find_first_violation(&self.snapshot, check.table, check.broken).await
            };
            let broken = self.report_unreadable(check.table, "one of its rows", result).await?;
            let rows = self.count(check.table, "tenant_id").await?;
            on_line(report.add(check.invariant, rows, broken));
        }
        if self.is_selected(enum_columns::INVARIANT) {
            progress(&format!("{name}: words"));
            let (rows, broken) = self.verify_enum_columns().await?;
            on_line(report.add(enum_columns::INVARIANT, rows, broken));
        }
        if self.is_selected(AUDIT) {
            progress(&format!("{name}: audit log"));
            let (mut entries, log) = (0, audit::verify::verify_chain(&self.snapshot, None, None).await);
            let log = log.map(|log| {
                entries = log.entries;
                log.broken.map(|(seq, reason)| Violation::audit(seq, reason))
            });
            let broken = self.report_unreadable("audit_entry", "one of its rows", log).await?;
            on_line(report.add(AUDIT, entries, broken));
        }
        self.verify_derived(report, name, progress, on_line).await?;
        if self.is_selected(references::INVARIANT) {
            let (rows, broken) = self.verify_references(name, progress).await?;
            on_line(report.add(references::INVARIANT, rows, broken));
        }
        if stored_json::INVARIANTS.iter().any(|invariant| self.is_selected(invariant)) {
            self.verify_stored_json(report, name, progress, on_line).await?;
        }
        Ok(self.snapshot)
    }

    /// Events and receipts, page by page.
    async fn verify_stored_json(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        on_line: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        for (invariant, rows, broken) in stored_json::verify_journal(&self.snapshot, progress, name).await? {
            on_line(report.add(invariant, rows, broken.map(|broken| (self.tenant, broken))));
        }
        let mut rows = 0;
        let result = stored_json::verify_receipts(&self.snapshot, &mut rows, progress, name).await;
        let broken = self.report_unreadable("idempotency", "one of its rows", result).await?;
        on_line(report.add(stored_json::RECEIPTS, rows, broken));
        Ok(())
    }

    /// Verifies values that are derived again from rows, page by page.
    async fn verify_derived(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        on_line: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        if self.is_selected(payments::STATUSES) {
            progress(&format!("{name}: statuses of orders"));
            let (mut rows, mut result) = (0, Ok(None));
            if !self.is_skipped("sales_order") {
                result = payments::verify_statuses(&self.snapshot, &mut rows).await;
            }
            let broken = self.report_unreadable("sales_order", "one of its rows", result).await?;
            on_line(report.add(payments::STATUSES, rows, broken));
        }
        if self.is_selected(receipts::BOOKS) {
            progress(&format!("{name}: values of goods receipts"));
            let (mut rows, mut result) = (0, Ok(None));
            if !self.is_skipped("goods_receipt") {
                result = receipts::verify_books(&self.snapshot, &mut rows).await;
            }
            let broken = self.report_unreadable("goods_receipt", "one of its rows", result).await?;
            on_line(report.add(receipts::BOOKS, rows, broken));
        }
        if self.is_selected(charges::BOOKS) {
            progress(&format!("{name}: values of charges"));
            let (mut rows, mut result) = (0, Ok(None));
            if !(self.is_skipped("purchase_charge") && self.is_skipped("revaluation")) {
                result = charges::verify_books(&self.snapshot, &mut rows).await;
            }
            let broken = self.report_unreadable("purchase_charge", "one of its rows", result).await?;
            on_line(report.add(charges::BOOKS, rows, broken));
        }
        if self.is_selected(invoices::BOOKS) {
            progress(&format!("{name}: values of invoices"));
            let (mut rows, mut result) = (0, Ok(None));
            if !self.is_skipped("invoice") {
                result = invoices::verify_books(&self.snapshot, &mut rows).await;
            }
            let broken = self.report_unreadable("invoice", "one of its rows", result).await?;
            on_line(report.add(invoices::BOOKS, rows, broken));
        }
        self.derive_facts(report, name, progress, on_line).await
    }

    /// Derives summed facts and the fields of the audit log, and compares them with their rows.
    async fn derive_facts(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        on_line: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        if self.is_selected(demand::SUMS) {
            progress(&format!("{name}: demand facts"));
            let (mut rows, mut result) = (0, Ok(None));
            if !self.is_skipped("demand_book") {
                result = demand::sums(&self.snapshot, &mut rows).await;
            }
            let broken = self.report_unreadable("demand_day", "one of its rows", result).await?;
            on_line(report.add(demand::SUMS, rows, broken));
        }
        if self.is_selected(histories::FIELDS) {
            progress(&format!("{name}: changed fields"));
            let mut rows = 0;
            let result = histories::fields(&self.snapshot, &mut rows).await;
            let broken = self.report_unreadable("audit_entry", "one of its rows", result).await?;
            on_line(report.add(histories::FIELDS, rows, broken));
        }
        Ok(())
    }

    async fn verify_enum_columns(&mut self) -> Result<(u64, Option<(TenantId, Violation)>), Fault> {
        let sound = self.find_sound_columns(ColumnProof::Words).await?;
        let (mut rows, mut first) = (0, None);
        for (index, enum_columns) in enum_columns::ENUM_COLUMNS.iter().enumerate() {
            if self.is_empty(enum_columns.table, enum_columns.owner()).await? {
                continue;
            }
            if !sound.contains(&index) {
                let result = enum_columns.find_violation(&self.snapshot).await;
                let broken = self.report_unreadable(enum_columns.table, enum_columns.column, result).await?;
                first = first.or(broken);
            }
            rows += self.count(enum_columns.table, enum_columns.owner()).await?;
        }
        Ok((rows, first))
    }

    /// Follows every link of the tenant's rows.
    async fn verify_references(
        &mut self,
        name: &str,
        progress: &impl Fn(&str),
    ) -> Result<(u64, Option<(TenantId, Violation)>), Fault> {
        progress(&format!("{name}: references"));
        let sound = self.find_sound_columns(ColumnProof::References).await?;
        let (mut rows, mut first) = (0, None);
        for (index, link) in references::LINKS.iter().enumerate() {
            progress(&format!("{name}: references of {} to {}", link.child, link.parent));
            if self.is_empty(link.child, "tenant_id").await? {
                continue;
            }
            if !sound.contains(&index) {
                let result = link.find_violation(&self.snapshot).await;
                let broken = self.report_unreadable(link.child, "one of its rows", result).await?;
                first = first.or(broken);
            }
            rows += self.count(link.child, "tenant_id").await?;
        }
        Ok((rows, first))
    }

    /// Returns the places of the sound columns among tables with few rows of the tenant, which are
    /// queried together. Broken or unreadable columns are queried again separately, to find the
    /// row.
    async fn find_sound_columns(&mut self, proof: ColumnProof) -> Result<HashSet<usize>, Fault> {
        let mut sound = HashSet::new();
        if self.asks_each {
            return Ok(sound);
        }
        let mut small_tables = Vec::new();
        for (index, (table, owner)) in proof.tables().into_iter().enumerate() {
            if (1..=SMALL_TABLE_ROWS).contains(&self.count(table, owner).await?) {
                small_tables.push(index);
            }
        }
        for indexes in groups::of(&small_tables) {
            let broken = match proof {
                ColumnProof::Words => enum_columns::find_violations(&self.snapshot, indexes).await,
                ColumnProof::References => references::find_violations(&self.snapshot, indexes).await,
            };
            match broken {
                Err(fault) if fault.is_corrupt_row() && self.is_committed => self.renew_snapshot().await?,
                broken => {
                    let broken = broken?;
                    sound.extend(indexes.iter().filter(|index| !broken.contains(*index)));
                }
            }
        }
        Ok(sound)
    }

    /// Whether a table is known to have no row of the tenant's.
    fn is_known_empty(&self, table: &str) -> bool {
        self.row_counts.get(table) == Some(&Some(0))
    }

    /// Whether queries of a table are skipped: it has no row of the tenant's.
    fn is_skipped(&self, table: &str) -> bool {
        !self.asks_each && self.is_known_empty(table)
    }

    /// Whether no table that a check rests on has a row of the tenant's.
    fn returns_no_rows(&self, check: &Check) -> bool {
        !check.rests_on.is_empty() && check.rests_on.iter().all(|table| self.is_skipped(table))
    }

    /// Reports unreadable rows as broken; an unreachable database is a fault.
    async fn report_unreadable(
        &mut self,
        table: &'static str,
        key: &'static str,
        result: Result<Option<Violation>, Fault>,
    ) -> Result<Option<(TenantId, Violation)>, Fault> {
        let broken = match result {
            Err(fault) if fault.is_corrupt_row() && self.is_committed => {
                self.renew_snapshot().await?;
                Some(Violation::unreadable(table, key, &fault))
            }
            result => result?,
        };
        Ok(broken.map(|broken| (self.tenant, broken)))
    }

    /// Takes a new snapshot: Postgres answers no query of a transaction after an error.
    async fn renew_snapshot(&mut self) -> Result<(), Fault> {
        if self.db.backend() == Backend::Postgres {
            self.snapshot = self.db.global().snapshot_for(self.tenant).await?;
            // The new snapshot sees rows that were written since.
            self.row_counts.retain(|_, rows| *rows != Some(0));
        }
        Ok(())
    }

    /// Whether the tenant has no row in a table, so that none can be broken. A table that cannot be
    /// counted may have rows.
    async fn is_empty(&mut self, table: &'static str, owner: &str) -> Result<bool, Fault> {
        self.count(table, owner).await?;
        Ok(self.is_known_empty(table))
    }

    /// Counts the tables that proofs look at.
    async fn count_all(&mut self) -> Result<(), Fault> {
        match self.counts().await {
            // An uncountable table is reported as broken by the check that reads it.
            Err(fault) if fault.is_corrupt_row() && self.is_committed => self.renew_snapshot().await,
            counts => {
                self.row_counts.extend(counts?.into_iter().map(|(table, rows)| (table, Some(rows))));
                Ok(())
            }
        }
    }

    /// Returns the row counts of the tables that are verified, by one statement: most are empty,
    /// and a statement for each would have to be planned and sent. Tables whose files have no page
    /// are left out of it.
    async fn counts(&self) -> Result<Vec<(&'static str, u64)>, Fault> {
        let checked_tables =
            all_checks::all().flat_map(|check| check.rests_on.iter().chain([&check.table])).map(|table| (*table, "tenant_id"));
        let columns = [ColumnProof::Words, ColumnProof::References].into_iter().flat_map(ColumnProof::tables);
        let tables: BTreeMap<&'static str, &'static str> = checked_tables.chain(columns).collect();
        let sizes = TableSizes::of_tables(&self.snapshot, tables.keys().copied()).await?;
        let (unwritten, written): (Vec<_>, Vec<_>) = tables.iter().partition(|(table, _)| sizes.is_empty_table(table));
        let mut counts: Vec<(&'static str, u64)> = unwritten.into_iter().map(|(table, _)| (*table, 0)).collect();
        if written.is_empty() {
            return Ok(counts);
        }
        let count_query =
            |(table, owner): (&&str, &&str)| format!("SELECT '{table} ' || count(*) FROM {table} WHERE {owner} = $1");
        let queries: Vec<String> = written.into_iter().map(count_query).collect();
        for row in &self.snapshot.rows(&queries.join(" UNION ALL "), vec![]).await? {
            let text: String = Row::scalar(row)?;
            let Some((table, count)) = text.split_once(' ') else { continue };
            if let (Some((table, _)), Ok(count)) = (tables.get_key_value(table), count.parse()) {
                counts.push((*table, count));
            }
        }
        Ok(counts)
    }

    async fn count(&mut self, table: &'static str, owner: &str) -> Result<u64, Fault> {
        if let Some(rows) = self.row_counts.get(table) {
            return Ok(rows.unwrap_or(0));
        }
        let rows = match self.snapshot.rows(&format!("SELECT count(*) FROM {table} WHERE {owner} = $1"), vec![]).await {
            // An uncountable table is reported as broken by the check that reads it.
            Err(fault) if fault.is_corrupt_row() && self.is_committed => {
                self.renew_snapshot().await?;
                Vec::new()
            }
            rows => rows?,
        };
        let count = rows.first().map(Row::scalar::<i64>).transpose()?.map(i64::unsigned_abs);
        self.row_counts.insert(table, count);
        Ok(count.unwrap_or(0))
    }
}
