//! Monthly partitions of tables on Postgres: listing them, creating those of future months, and
//! detaching old ones.
//!
//! All of it is done by the tables' owner: roles that serve requests reach a partition only through
//! its whole table.

mod facts;
mod listed;
mod lock;
mod part;

use std::time::Duration;

use entity::{
    prelude::{TenantId, Timestamp},
    record::Selected,
};
use migration::months::{self, PARTED};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use uuid::Uuid;

use super::{Backend, Database, Fault, Row, limits};
use listed::PartRow;
use part::count_months_ahead;

pub use facts::{MissingPart, PartitionFacts};
pub use lock::PartsLock;
pub use part::{Month, Part, PartState};

/// A table that is partitioned by month, with its parts.
#[derive(Debug, Clone)]
pub struct PartedTable {
    pub table: &'static str,
    /// Name of the column with the time in microseconds since 1970, which determines the month.
    pub column: &'static str,
    parts: Vec<Part>,
}

impl PartedTable {
    /// Whether a row of this moment goes into any of them, in microseconds since 1970.
    pub fn takes(&self, at: i64) -> bool {
        let is_in = |part: &Part| part.from.is_none_or(|from| from <= at) && part.to.is_none_or(|to| at < to);
        self.parts.iter().any(|part| part.state == PartState::Attached && is_in(part))
    }
}

/// Drops the foreign keys of a detached part: they would prevent the deletion of the rows that it
/// references.
const DROP_FOREIGN_KEYS: &str = "DO $free$
DECLARE t record;
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  FOR t IN SELECT conname FROM pg_constraint WHERE conrelid = to_regclass('{part}') AND contype = 'f' LOOP
    EXECUTE format('ALTER TABLE {part} DROP CONSTRAINT %I', t.conname);
  END LOOP;
END $free$";
/// Longest wait of a detach for concurrent reads and writes.
const DETACH_TIMEOUT: Duration = Duration::from_mins(10);

/// A value of a row that is archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartValue {
    None,
    Id(Uuid),
    Whole(i64),
    Text(String),
}

/// Columns that are read of a partition; the first `key` of them identify a row and are never null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartShape {
    pub columns: &'static [(&'static str, PartColumn)],
    pub key: usize,
}

/// The kind of a column of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartColumn {
    Id,
    Whole,
    Text,
}

impl Database {
    /// Returns all parts, including detached ones that are not removed yet. Empty on SQLite, which
    /// has no partitions. Waits for no lock.
    pub async fn parts(&self) -> Result<Vec<Part>, Fault> {
        let mut parts = Vec::new();
        if self.backend == Backend::Sqlite {
            return Ok(parts);
        }
        for partitioned in PARTED {
            let sql = format!(
                "SELECT {} FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN LATERAL regexp_match(
                   pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''?(MINVALUE|-?[0-9]+)''?[)] TO [(]''?(MAXVALUE|-?[0-9]+)''?[)]') AS b ON TRUE
                 WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname ~ '^{}{}' ORDER BY 1",
                PartRow::SELECT,
                partitioned.table,
                months::PART
            );
            let rows = self.query_as_login(&sql, vec![]).await?;
            for row in &rows {
                parts.push(Row::new(row).record::<PartRow>()?.part(partitioned.table));
            }
        }
        Ok(parts)
    }

    /// Returns the tables that are partitioned by month. Empty on SQLite, which has no partitions.
    pub async fn parted_tables(&self) -> Result<Vec<PartedTable>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(Vec::new());
        }
        let parts = self.parts().await?;
        let parts_of = |table: &str| parts.iter().filter(|part| part.table == table).cloned().collect();
        let parted_table =
            |one: &months::Parted| PartedTable { table: one.table, column: one.column, parts: parts_of(one.table) };
        Ok(PARTED.iter().map(parted_table).collect())
    }

    /// Returns the number of months after the present one for which each partitioned table has a
    /// partition. `None` on SQLite.
    pub async fn months_ahead(&self, now: Timestamp) -> Result<Option<i64>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        Ok(Some(count_months_ahead(&self.parts().await?, now)))
    }

    /// Creates the missing parts, from last month to three months ahead, and returns their count.
    /// If one is missing, the login must own the tables.
    pub async fn create_missing_parts(&self, now: Timestamp) -> Result<usize, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(0);
        }
        let before = self.parts().await?.len();
        for partitioned in PARTED {
            self.answer_to_login(months::make(&self.owner, partitioned, now.micros())).await?;
        }
        Ok(self.parts().await?.len().saturating_sub(before))
    }

    /// Detaches a part from its table without blocking reads and writes; continues an interrupted
    /// detach.
    pub async fn detach_part(&self, part: &Part) -> Result<(), Fault> {
        let mode = match part.state {
            PartState::Attached => Some("CONCURRENTLY"),
            PartState::Detaching => Some("FINALIZE"),
            PartState::Detached => None,
        };
        if let Some(mode) = mode {
            let sql = format!("ALTER TABLE {} DETACH PARTITION \"{}\" {mode}", part.table, part.name);
            let result = tokio::time::timeout(DETACH_TIMEOUT, self.owner.execute_unprepared(&sql)).await;
            let advice = "is still in use: run the command again, it continues from here";
            result.map_err(|_| Fault::Broken(format!("the part {} {advice}", part.name)))??;
        }
        self.answer_to_login(self.owner.execute_unprepared(&DROP_FOREIGN_KEYS.replace("{part}", &part.name))).await.map(drop)
    }

    /// Stores the note that a part is archived.
    pub async fn store_part_note(&self, part: &Part, note: &str) -> Result<(), Fault> {
        let sql = format!("COMMENT ON TABLE \"{}\" IS '{}'", part.name, note.replace('\'', "''"));
        self.answer_to_login(self.owner.execute_unprepared(&sql)).await.map(drop)
    }

    /// Deletes a tenant's rows from a detached part, which its table no longer reaches.
    pub async fn clear_part(&self, part: &Part, tenant: TenantId) -> Result<(), Fault> {
        let sql = format!("DELETE FROM \"{}\" WHERE tenant_id = $1", part.name);
        let statement = Statement::from_sql_and_values(self.backend.into(), sql, [tenant.uuid().into()]);
        let cleared = tokio::time::timeout(limits::LONG.answer(), self.owner.execute_raw(statement)).await;
        cleared.map_err(|_| Fault::Broken(format!("rows of {} were not removed in time", part.name)))??;
        Ok(())
    }

    /// Returns the number of rows of a partition.
    pub async fn part_size(&self, part: &Part) -> Result<u64, Fault> {
        let statement = Statement::from_string(self.backend.into(), format!("SELECT count(*) FROM \"{}\"", part.name));
        let result = tokio::time::timeout(limits::LONG.answer(), self.owner.query_all_raw(statement)).await;
        let rows = result.map_err(|_| Fault::Broken(format!("the rows of {} were not counted in time", part.name)))??;
        let count: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
        Ok(count.unsigned_abs())
    }

    /// Drops a detached part.
    pub async fn drop_part(&self, part: &Part) -> Result<(), Fault> {
        if part.state != PartState::Detached || !part.is_detachable() {
            return Err(Fault::Broken(format!("{} is a part of its table: it is not removed", part.name)));
        }
        self.answer_to_login(self.owner.execute_unprepared(&format!("DROP TABLE \"{}\"", part.name))).await.map(drop)
    }

    /// Returns the next rows of a part, in the order of its key, after one of them.
    pub async fn part_rows(
        &self,
        part: &Part,
        shape: PartShape,
        after: Option<&[PartValue]>,
        limit: u32,
    ) -> Result<Vec<Vec<PartValue>>, Fault> {
        let select = shape.columns.iter().map(|(name, kind)| match kind {
            PartColumn::Whole => format!("{name}::bigint"),
            PartColumn::Id | PartColumn::Text => (*name).to_owned(),
        });
        let select = select.collect::<Vec<_>>().join(", ");
        let order = shape.columns.iter().take(shape.key).map(|(name, _)| format!("p.{name}")).collect::<Vec<_>>().join(", ");
        let values: Vec<Value> = after.into_iter().flatten().take(shape.key).map(PartValue::bound).collect();
        let placeholders = (1..=values.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
        let after = if values.is_empty() { String::new() } else { format!("WHERE ({order}) > ({placeholders})") };
        let sql = format!("SELECT {select} FROM \"{}\" p {after} ORDER BY {order} LIMIT {limit}", part.name);
        let statement = Statement::from_sql_and_values(self.backend.into(), sql, values);
        let result = tokio::time::timeout(limits::LONG.answer(), self.owner.query_all_raw(statement)).await;
        let rows = result.map_err(|_| Fault::Broken(format!("the rows of {} were not read in time", part.name)))??;
        let values = |row: &QueryResult| -> Result<Vec<PartValue>, Fault> {
            let mut row = Row::new(row);
            shape.columns.iter().map(|(_, kind)| PartValue::read(&mut row, *kind)).collect()
        };
        rows.iter().map(values).collect()
    }
}

impl PartValue {
    fn read(row: &mut Row<'_>, kind: PartColumn) -> Result<Self, Fault> {
        Ok(match kind {
            PartColumn::Id => row.take::<Option<Uuid>>()?.map_or(Self::None, Self::Id),
            PartColumn::Whole => row.take::<Option<i64>>()?.map_or(Self::None, Self::Whole),
            PartColumn::Text => row.take::<Option<String>>()?.map_or(Self::None, Self::Text),
        })
    }
    fn bound(&self) -> Value {
        match self {
            Self::None => Value::BigInt(None),
            Self::Id(id) => (*id).into(),
            Self::Whole(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}
