//! One tenant's rows, as they were at one moment, proven one invariant after the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::prelude::TenantId;
use platform::{
    audit,
    storage::{Backend, Database, Fault, Reads, Row, Snapshot},
};

use super::{
    charges,
    checks::{self, Check},
    demand, enum_columns, groups, histories, invoices, payments, receipts, references,
    report::{Broken, Line, Report},
    table_sizes::TableSizes,
    walk,
};

/// Of a tenant with so many rows of a table several things are asked by one statement. Of more each is asked alone: planning is nothing beside reading
/// them, and a statement ends within its limit of time.
const FEW: u64 = 10_000;

pub(super) const AUDIT: &str = "audit: each entry follows from the one before, and none is missing";

/// What is proven of the columns of many tables.
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
    /// Whether another snapshot would see the same rows.
    is_committed: bool,
    /// How many rows of a table it has, counted once. None where they cannot be counted.
    counted: HashMap<&'static str, Option<u64>>,
    /// Invariants whose names begin otherwise are not proven.
    beginning: &'a str,
    /// Whether each thing is asked by itself, also what can find nothing.
    asks_each: bool,
}

impl<'a> Tenancy<'a> {
    pub async fn begin(db: &'a Database, tenant: TenantId) -> Result<Self, Fault> {
        let snapshot = db.global().snapshot_for(tenant).await?;
        Ok(Self { db, tenant, snapshot, is_committed: true, counted: HashMap::new(), beginning: "", asks_each: false })
    }
    /// The rows of a transaction that is open: what cannot be read ends the proof.
    pub fn inside(db: &'a Database, snapshot: Snapshot) -> Self {
        Self {
            db,
            tenant: snapshot.tenant(),
            snapshot,
            is_committed: false,
            counted: HashMap::new(),
            beginning: "",
            asks_each: false,
        }
    }
    /// Proves the invariants alone whose names begin so, each by itself.
    pub fn only(self, beginning: &'a str) -> Self {
        Self { beginning, asks_each: true, ..self }
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
        if !self.asks_each {
            progress(&format!("{name}: rows of its tables"));
            self.count_all().await?;
        }
        for check in checks::all() {
            if !self.proves(check.invariant) {
                continue;
            }
            progress(&format!("{name}: {}", check.invariant));
            let found =
                if self.finds_nothing(check) { Ok(None) } else { checks::first(&self.snapshot, check.table, check.broken).await };
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
            let (mut rows, mut found) = (0, Ok(None));
            if !self.is_left_out("sales_order") {
                found = payments::statuses(&self.snapshot, &mut rows).await;
            }
            let broken = self.settled("sales_order", "one of its rows", found).await?;
            told(report.add(payments::STATUSES, rows, broken));
        }
        if self.proves(receipts::BOOKS) {
            progress(&format!("{name}: values of goods receipts"));
            let (mut rows, mut found) = (0, Ok(None));
            if !self.is_left_out("goods_receipt") {
                found = receipts::books(&self.snapshot, &mut rows).await;
            }
            let broken = self.settled("goods_receipt", "one of its rows", found).await?;
            told(report.add(receipts::BOOKS, rows, broken));
        }
        if self.proves(charges::BOOKS) {
            progress(&format!("{name}: values of charges"));
            let (mut rows, mut found) = (0, Ok(None));
            if !(self.is_left_out("purchase_charge") && self.is_left_out("revaluation")) {
                found = charges::books(&self.snapshot, &mut rows).await;
            }
            let broken = self.settled("purchase_charge", "one of its rows", found).await?;
            told(report.add(charges::BOOKS, rows, broken));
        }
        if self.proves(invoices::BOOKS) {
            progress(&format!("{name}: values of invoices"));
            let (mut rows, mut found) = (0, Ok(None));
            if !self.is_left_out("invoice") {
                found = invoices::books(&self.snapshot, &mut rows).await;
            }
            let broken = self.settled("invoice", "one of its rows", found).await?;
            told(report.add(invoices::BOOKS, rows, broken));
        }
        self.derive_facts(report, name, progress, told).await
    }

    /// The same of facts that are summed, and of the fields that the audit log tells of.
    async fn derive_facts(
        &mut self,
        report: &mut Report,
        name: &str,
        progress: &impl Fn(&str),
        told: &impl Fn(&Line),
    ) -> Result<(), Fault> {
        if self.proves(demand::SUMS) {
            progress(&format!("{name}: demand facts"));
            let (mut rows, mut found) = (0, Ok(None));
            if !self.is_left_out("demand_book") {
                found = demand::sums(&self.snapshot, &mut rows).await;
            }
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
        let sound = self.sound(ColumnProof::Words).await?;
        let (mut rows, mut first) = (0, None);
        for (place, enum_columns) in enum_columns::ENUM_COLUMNS.iter().enumerate() {
            if self.is_empty(enum_columns.table, enum_columns.owner()).await? {
                continue;
            }
            if !sound.contains(&place) {
                let found = enum_columns.broken(&self.snapshot).await;
                let broken = self.settled(enum_columns.table, enum_columns.column, found).await?;
                first = first.or(broken);
            }
            rows += self.count(enum_columns.table, enum_columns.owner()).await?;
        }
        Ok((rows, first))
    }

    /// Follows every link of the tenant's rows.
    async fn references(&mut self, name: &str, progress: &impl Fn(&str)) -> Result<(u64, Option<(TenantId, Broken)>), Fault> {
        progress(&format!("{name}: references"));
        let sound = self.sound(ColumnProof::References).await?;
        let (mut rows, mut first) = (0, None);
        for (place, link) in references::LINKS.iter().enumerate() {
            progress(&format!("{name}: references of {} to {}", link.child, link.parent));
            if self.is_empty(link.child, "tenant_id").await? {
                continue;
            }
            if !sound.contains(&place) {
                let found = link.broken(&self.snapshot).await;
                let broken = self.settled(link.child, "one of its rows", found).await?;
                first = first.or(broken);
            }
            rows += self.count(link.child, "tenant_id").await?;
        }
        Ok((rows, first))
    }

    /// The places of what holds in tables of which the tenant has few rows, asked together. What does not hold, or cannot be read, is asked again alone: that
    /// tells the row.
    async fn sound(&mut self, proof: ColumnProof) -> Result<HashSet<usize>, Fault> {
        let mut sound = HashSet::new();
        if self.asks_each {
            return Ok(sound);
        }
        let mut few = Vec::new();
        for (place, (table, owner)) in proof.tables().into_iter().enumerate() {
            if (1..=FEW).contains(&self.count(table, owner).await?) {
                few.push(place);
            }
        }
        for places in groups::of(&few) {
            let broken = match proof {
                ColumnProof::Words => enum_columns::broken(&self.snapshot, places).await,
                ColumnProof::References => references::broken(&self.snapshot, places).await,
            };
            match broken {
                Err(fault) if fault.is_of_rows() && self.is_committed => self.renew().await?,
                broken => {
                    let broken = broken?;
                    sound.extend(places.iter().filter(|place| !broken.contains(*place)));
                }
            }
        }
        Ok(sound)
    }

    /// Whether a table is known to have no row of the tenant's.
    fn has_none(&self, table: &str) -> bool {
        self.counted.get(table) == Some(&Some(0))
    }

    /// Whether what begins with a table is not asked: it has no row of the tenant's.
    fn is_left_out(&self, table: &str) -> bool {
        !self.asks_each && self.has_none(table)
    }

    /// Whether no table that a check rests on has a row of the tenant's.
    fn finds_nothing(&self, check: &Check) -> bool {
        !check.rests_on.is_empty() && check.rests_on.iter().all(|table| self.is_left_out(table))
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
        Ok(self.has_none(table))
    }

    /// Counts the tables that proofs look at.
    async fn count_all(&mut self) -> Result<(), Fault> {
        match self.counts().await {
            // What cannot be counted is told to be broken where it is looked at.
            Err(fault) if fault.is_of_rows() && self.is_committed => self.renew().await,
            counts => {
                self.counted.extend(counts?.into_iter().map(|(table, rows)| (table, Some(rows))));
                Ok(())
            }
        }
    }

    /// How many rows the tables have that proofs look at, by one statement: most have none, and each by itself would be planned and sent for that. Those whose
    /// files have no page are not even named in it.
    async fn counts(&self) -> Result<Vec<(&'static str, u64)>, Fault> {
        let checked =
            checks::all().flat_map(|check| check.rests_on.iter().chain([&check.table])).map(|table| (*table, "tenant_id"));
        let columns = [ColumnProof::Words, ColumnProof::References].into_iter().flat_map(ColumnProof::tables);
        let tables: BTreeMap<&'static str, &'static str> = checked.chain(columns).collect();
        let sizes = TableSizes::of_tables(&self.snapshot, tables.keys().copied()).await?;
        let (unwritten, written): (Vec<_>, Vec<_>) = tables.iter().partition(|(table, _)| sizes.is_unwritten(table));
        let mut counts: Vec<(&'static str, u64)> = unwritten.into_iter().map(|(table, _)| (*table, 0)).collect();
        if written.is_empty() {
            return Ok(counts);
        }
        let one = |(table, owner): (&&str, &&str)| format!("SELECT '{table} ' || count(*) FROM {table} WHERE {owner} = $1");
        let all: Vec<String> = written.into_iter().map(one).collect();
        for row in &self.snapshot.rows(&all.join(" UNION ALL "), vec![]).await? {
            let said: String = Row::scalar(row)?;
            let Some((table, count)) = said.split_once(' ') else { continue };
            if let (Some((table, _)), Ok(count)) = (tables.get_key_value(table), count.parse()) {
                counts.push((*table, count));
            }
        }
        Ok(counts)
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
