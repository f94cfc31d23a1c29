//! Current local day of a tenant's stores.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::store,
};
use platform::{
    clock::local_day,
    storage::{Backend, Fault, Finds, Reads},
};
use sea_orm::Value;

#[derive(Record)]
#[record(of = store, alias = "")]
struct ZoneRow {
    id: StoreId,
    time_zone: String,
}

/// The stores by their current local date: mostly one date, and never more than three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDays(BTreeMap<i32, Vec<StoreId>>);

impl LocalDays {
    /// Reads the local days of all stores of the tenant.
    pub async fn at(reads: &impl Reads, now: Timestamp) -> Result<Self, Fault> {
        let mut days: BTreeMap<i32, Vec<StoreId>> = BTreeMap::new();
        let sql = format!("SELECT {} FROM store WHERE tenant_id = $1", ZoneRow::SELECT);
        for ZoneRow { id, time_zone } in reads.records(&sql, Vec::new()).await? {
            days.entry(local_day(now, &time_zone)).or_default().push(id);
        }
        if days.is_empty() {
            days.insert(local_day(now, "UTC"), Vec::new());
        }
        Ok(Self(days))
    }

    /// The first of them.
    pub fn first(&self) -> i32 {
        self.0.keys().next().copied().unwrap_or_default()
    }
    /// The last of them.
    pub fn last(&self) -> i32 {
        self.0.keys().next_back().copied().unwrap_or_default()
    }

    /// Returns SQL of the current local date in the store of a column, and its values, with
    /// parameters numbered from `next`.
    pub fn sql(&self, backend: Backend, column: &str, first_number: usize) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let mut case_sql = String::new();
        for (day, stores) in self.0.range(..self.last()) {
            case_sql += &format!(" WHEN {} THEN {day}", backend.in_ids(column, first_number + values.len()));
            values.push(backend.ids(stores.iter().copied()));
        }
        let sql = if case_sql.is_empty() { self.last().to_string() } else { format!("CASE{case_sql} ELSE {} END", self.last()) };
        (sql, values)
    }
}
