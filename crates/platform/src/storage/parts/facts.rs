//! Facts about partitions, for `entrepot doctor`. This module only reads.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
};
use migration::months::{AHEAD, PARTED};
use sea_orm::{ConnectionTrait, Statement};

use super::part::{Month, Part, PartState, count_months_ahead};
use crate::storage::{Backend, Database, Fault, Row};

/// Months for which partitions exist, and whether this login can make more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionFacts {
    /// Number of consecutive months after the present one for which each table has a part.
    pub ahead: i64,
    /// Missing parts of the present month and of those created ahead, by month.
    pub missing: Vec<MissingPart>,
    /// The login of the database's URL.
    pub login: String,
    /// Names of the tables whose owner this login neither is nor acts for; None if it can create
    /// parts of all.
    pub not_owned: Option<String>,
    /// Whether the login may create tables in the schema.
    pub may_create: bool,
}

/// A part that does not exist, or is not attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPart {
    pub table: &'static str,
    pub month: Month,
    /// Number of months after the present one; 0 is the present one.
    pub months_ahead: i64,
    /// Detached table with the part's name: while it exists, no new part is created.
    pub detached: Option<String>,
}

/// Returns the partitions that `months::make` should have made by now.
fn find_missing_months(parts: &[Part], now: Timestamp) -> Vec<MissingPart> {
    let first = Month::of(now);
    let mut missing = Vec::new();
    for months_ahead in 0..=AHEAD {
        let month = first.plus(months_ahead);
        for partitioned in PARTED {
            let table = partitioned.table;
            let of_table = || parts.iter().filter(move |part| part.table == table);
            if of_table().any(|part| part.has(month)) {
                continue;
            }
            let detached = of_table().find(|part| part.month == Some(month) && part.state != PartState::Attached);
            missing.push(MissingPart { table, month, months_ahead, detached: detached.map(|part| part.name.clone()) });
        }
    }
    missing
}

/// Rights of this login.
#[derive(Record)]
struct LoginRow {
    #[record(sql = "current_user::text")]
    login: String,
    #[record(sql = "has_schema_privilege(current_schema()::text, 'CREATE')")]
    may_create: bool,
    #[record(sql = "(SELECT string_agg(c.relname::text, ', ' ORDER BY c.relname) FROM pg_class c
                      WHERE c.relkind = 'p' AND c.relnamespace = current_schema()::regnamespace AND NOT pg_has_role(c.relowner, 'USAGE'))")]
    not_owned: Option<String>,
}

impl Database {
    /// Returns the months for which partitions exist, and whether this login can make more. `None`
    /// on SQLite.
    pub async fn partition_facts(&self, now: Timestamp) -> Result<Option<PartitionFacts>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let parts = self.parts().await?;
        let sql = format!("SELECT {}", LoginRow::SELECT);
        let rows = self.owner.query_all_raw(Statement::from_string(self.backend.into(), sql)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let LoginRow { login, may_create, not_owned } = Row::new(row).record()?;
        Ok(Some(PartitionFacts {
            ahead: count_months_ahead(&parts, now),
            missing: find_missing_months(&parts, now),
            login,
            may_create,
            not_owned,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(table: &'static str, month: Month) -> Part {
        let (from, to) = (Some(month.start()), Some(month.plus(1).start()));
        let name = format!("{table}_{}", month.to_string().replace('-', "_"));
        Part { table, name, month: Some(month), state: PartState::Attached, from, to, bytes: 0, note: None }
    }

    #[test]
    fn a_month_is_missing_from_its_first_moment_on() {
        let present = Month::from_part_name("event_2026_12").unwrap();
        let mut parts: Vec<Part> =
            PARTED.iter().flat_map(|parted| (0..=AHEAD).map(move |months| part(parted.table, present.plus(months)))).collect();
        let (last, first) = (Timestamp(present.plus(1).start() - 1), Timestamp(present.plus(1).start()));
        assert!(find_missing_months(&parts, last).is_empty());
        // The daily job creates the last of the months ahead, for all three tables.
        let next = find_missing_months(&parts, first);
        assert!(next.len() == PARTED.len() && next.iter().all(|part| part.months_ahead == AHEAD), "{next:?}");

        let turn = parts.iter_mut().find(|part| part.name == "event_2027_01").unwrap();
        turn.state = PartState::Detached;
        let (before, after) = (find_missing_months(&parts, last), find_missing_months(&parts, first));
        let detached = Some("event_2027_01".to_owned());
        assert_eq!(before, [MissingPart { table: "event", month: present.plus(1), months_ahead: 1, detached: detached.clone() }]);
        assert_eq!(after.first(), Some(&MissingPart { table: "event", month: present.plus(1), months_ahead: 0, detached }));
    }
}
