//! One tenant's rows, as they were at one moment, proven one invariant after the other.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::TenantId;
use platform::{
    audit,
    storage::{Backend, Database, Fault, Reads, Row, Snapshot},
};

use super::{
    charges, checks, demand, enum_columns, histories, invoices, payments, receipts, references,
    report::{Broken, Line, Report},
    walk,
};

pub(super) const AUDIT: &str = "audit: each entry follows from the one before, and none is missing";

pub(super) struct Tenancy<'a> {
    db: &'a Database,
    tenant: TenantId,
    snapshot: Snapshot,
    /// Whether another snapshot would see the same rows.
    is_committed: bool,
    /// How many rows of a table it has, counted once. None where they cannot be counted.
    counted: HashMap<&'static str, Option<u64>>,
    /// Invariants whose names begin otherwise are not proven.
    beginning: &'a str,
}

impl<'a> Tenancy<'a> {
    pub async fn begin(db: &'a Database, tenant: TenantId) -> Result<Self, Fault> {
        let snapshot = db.global().snapshot_for(tenant).await?;
        Ok(Self { db, tenant, snapshot, is_committed: true, counted: HashMap::new(), beginning: "" })
    }
    /// The rows of a transaction that is open: what cannot be read ends the proof.
    pub fn inside(db: &'a Database, snapshot: Snapshot) -> Self {
        Self { db, tenant: snapshot.tenant(), snapshot, is_committed: false, counted: HashMap::new(), beginning: "" }
    }
    /// Proves the invariants alone whose names begin so.
    pub fn only(self, beginning: &'a str) -> Self {
        Self { beginning, ..self }
    }
    fn proves(&self, invariant: &str) -> bool {
        invariant.starts_with(self.beginning)
    }

    pub async fn prove(
        mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        told: &impl Fn(&Line),
    ) -> Result<Snapshot, Fault> {
        report.tenants += 1;
        if self.beginning.is_empty() {
            progress(&format!("{name}: rows of its tables"));
            self.count_all().await?;
        }
        for check in checks::all() {
            if !self.proves(check.invariant) {
                continue;
            }
            progress(&format!("{name}: {}", check.invariant));
            let found = checks::first(&self.snapshot, check.table, check.broken).await;
            let broken = self.settled(check.table, "one of its rows", found).await?;
            let rows = self.count(check.table, "tenant_id").await?;
            told(report.add(check.invariant, rows, broken));
        }
        if self.proves(enum_columns::INVARIANT) {
            progress(&format!("{name}: words"));
            let (rows, broken) = self.enum_columns().await?;
            told(report.add(enum_columns::INVARIANT, rows, broken));
        }
        if self.proves(AUDIT) {
            progress(&format!("{name}: audit log"));
            let (mut entries, log) = (0, audit::verify::whole(&self.snapshot, None, None).await);
            let log = log.map(|log| {
                entries = log.entries;
                log.broken.map(|(seq, why)| Broken::audit(seq, why))
            });
            let broken = self.settled("audit_entry", "one of its rows", log).await?;
            told(report.add(AUDIT, entries, broken));
        }
        self.derive(report, name, progress, told).await?;
        if self.proves(references::INVARIANT) {
            let (rows, broken) = self.references(name, progress).await?;
            told(report.add(references::INVARIANT, rows, broken));
        }
        if walk::INVARIANTS.iter().any(|invariant| self.proves(invariant)) {
            self.walk(report, name, progress, told).await?;
        }
        Ok(self.snapshot)
    }

    /// Events and receipts, page by page.
    async fn walk(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        told: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        for (invariant, rows, broken) in walk::journal(&self.snapshot, progress, name).await? {
            told(report.add(invariant, rows, broken.map(|broken| (self.tenant, broken))));
        }
        let mut rows = 0;
        let found = walk::receipts(&self.snapshot, &mut rows, progress, name).await;
        let broken = self.settled("idempotency", "one of its rows", found).await?;
        told(report.add(walk::RECEIPTS, rows, broken));
        Ok(())
    }

    /// What is derived once more from rows that are read page by page.
    async fn derive(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        told: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        if self.proves(payments::STATUSES) {
            progress(&format!("{name}: statuses of orders"));
            let mut rows = 0;
            let found = payments::statuses(&self.snapshot, &mut rows).await;
            let broken = self.settled("sales_order", "one of its rows", found).await?;
            told(report.add(payments::STATUSES, rows, broken));
        }
        if self.proves(receipts::BOOKS) {
            progress(&format!("{name}: values of goods receipts"));
            let mut rows = 0;
            let found = receipts::books(&self.snapshot, &mut rows).await;
            let broken = self.settled("goods_receipt", "one of its rows", found).await?;
            told(report.add(receipts::BOOKS, rows, broken));
        }
        if self.proves(charges::BOOKS) {
            progress(&format!("{name}: values of charges"));
            let mut rows = 0;
            let found = charges::books(&self.snapshot, &mut rows).await;
            let broken = self.settled("purchase_charge", "one of its rows", found).await?;
            told(report.add(charges::BOOKS, rows, broken));
        }
        if self.proves(invoices::BOOKS) {
            progress(&format!("{name}: values of invoices"));
            let mut rows = 0;
            let found = invoices::books(&self.snapshot, &mut rows).await;
            let broken = self.settled("invoice", "one of its rows", found).await?;
            told(report.add(invoices::BOOKS, rows, broken));
        }
        if self.proves(demand::SUMS) {
            progress(&format!("{name}: demand facts"));
            let mut rows = 0;
            let found = demand::sums(&self.snapshot, &mut rows).await;
            let broken = self.settled("demand_day", "one of its rows", found).await?;
            told(report.add(demand::SUMS, rows, broken));
        }
        if self.proves(histories::FIELDS) {
            progress(&format!("{name}: changed fields"));
            let mut rows = 0;
            let found = histories::fields(&self.snapshot, &mut rows).await;
            let broken = self.settled("audit_entry", "one of its rows", found).await?;
            told(report.add(histories::FIELDS, rows, broken));
        }
        Ok(())
    }

    async fn enum_columns(&mut self) -> Result<(u64, Option<(TenantId, Broken)>), Fault> {
        let (mut rows, mut first) = (0, None);
        for enum_columns in enum_columns::ENUM_COLUMNS {
            if self.is_empty(enum_columns.table, enum_columns.owner()).await? {
                continue;
            }
            let found = enum_columns.broken(&self.snapshot).await;
            let broken = self.settled(enum_columns.table, enum_columns.column, found).await?;
            rows += self.count(enum_columns.table, enum_columns.owner()).await?;
            first = first.or(broken);
        }
        Ok((rows, first))
    }

    /// Follows every link of the tenant's rows.
    async fn references(&mut self, name: &str, progress: &impl Fn(&str)) -> Result<(u64, Option<(TenantId, Broken)>), Fault> {
        let (mut rows, mut first) = (0, None);
        for link in references::LINKS {
            progress(&format!("{name}: references of {} to {}", link.child, link.parent));
            if self.is_empty(link.child, "tenant_id").await? {
                continue;
            }
            let found = link.broken(&self.snapshot).await;
            let broken = self.settled(link.child, "one of its rows", found).await?;
            rows += self.count(link.child, "tenant_id").await?;
            first = first.or(broken);
        }
        Ok((rows, first))
    }

    /// What cannot be read is broken; a database that cannot be asked is a fault.
    async fn settled(
        &mut self,
        table: &'static str,
        key: &'static str,
        found: Result<Option<Broken>, Fault>,
    ) -> Result<Option<(TenantId, Broken)>, Fault> {
        let broken = match found {
            Err(fault) if fault.is_of_rows() && self.is_committed => {
                self.renew().await?;
                Some(Broken::unreadable(table, key, &fault))
            }
            found => found?,
        };
        Ok(broken.map(|broken| (self.tenant, broken)))
    }

    /// Postgres answers nothing more in a transaction that met a fault.
    async fn renew(&mut self) -> Result<(), Fault> {
        if self.db.backend() == Backend::Postgres {
            self.snapshot = self.db.global().snapshot_for(self.tenant).await?;
            // It sees what has been written since.
            self.counted.retain(|_, rows| *rows != Some(0));
        }
        Ok(())
    }

    /// Whether the tenant has no row in a table, so that none can be broken. A table that cannot be counted may have
    /// some.
    async fn is_empty(&mut self, table: &'static str, owner: &str) -> Result<bool, Fault> {
        self.count(table, owner).await?;
        Ok(self.counted.get(table) == Some(&Some(0)))
    }

    /// Counts the tables that proofs look at by one statement: most have no row, and each by itself would be planned and sent for that.
    async fn count_all(&mut self) -> Result<(), Fault> {
        let checked = checks::all().map(|check| (check.table, "tenant_id"));
        let worded = enum_columns::ENUM_COLUMNS.iter().map(|column| (column.table, column.owner()));
        let linked = references::LINKS.iter().map(|link| (link.child, "tenant_id"));
        let tables: BTreeMap<&'static str, &'static str> = checked.chain(worded).chain(linked).collect();
        let counts: Vec<String> = tables
            .iter()
            .map(|(table, owner)| format!("SELECT '{table} ' || count(*) FROM {table} WHERE {owner} = $1"))
            .collect();
        let rows = match self.snapshot.rows(&counts.join(" UNION ALL "), vec![]).await {
            // What cannot be counted is told to be broken where it is looked at.
            Err(fault) if fault.is_of_rows() && self.is_committed => return self.renew().await,
            rows => rows?,
        };
        for row in &rows {
            let said: String = Row::scalar(row)?;
            let Some((table, count)) = said.split_once(' ') else { continue };
            if let (Some((table, _)), Ok(count)) = (tables.get_key_value(table), count.parse()) {
                self.counted.insert(*table, Some(count));
            }
        }
        Ok(())
    }

    async fn count(&mut self, table: &'static str, owner: &str) -> Result<u64, Fault> {
        if let Some(rows) = self.counted.get(table) {
            return Ok(rows.unwrap_or(0));
        }
        let rows = match self.snapshot.rows(&format!("SELECT count(*) FROM {table} WHERE {owner} = $1"), vec![]).await {
            // What cannot even be counted is told to be broken where it is looked at.
            Err(fault) if fault.is_of_rows() && self.is_committed => {
                self.renew().await?;
                Vec::new()
            }
            rows => rows?,
        };
        let count = rows.first().map(Row::scalar::<i64>).transpose()?.map(i64::unsigned_abs);
        self.counted.insert(table, count);
        Ok(count.unwrap_or(0))
    }
}
