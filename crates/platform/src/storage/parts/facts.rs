//! Facts about parts, for `entrepot doctor`. Nothing here writes.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
};
use migration::months::{AHEAD, PARTED};
use sea_orm::{ConnectionTrait, Statement};

use super::{Month, Part, PartState, ahead};
use crate::storage::{Backend, Database, Fault, Row};

/// How far months are made, and whether this login can make them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionFacts {
    /// Months after the present one that have a part in each table, one after the other.
    pub ahead: i64,
    /// Parts that should be there, of the present month and those that are made ahead; the first month first.
    pub missing: Vec<MissingPart>,
    /// The login of the database's URL.
    pub login: String,
    /// Names of the tables whose owner this login neither is nor acts for; None where it can make parts of all.
    pub not_owned: Option<String>,
    /// Whether the login may create tables in the schema.
    pub may_create: bool,
}

/// A part that is not there, or is not attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPart {
    pub table: &'static str,
    pub month: Month,
    /// How many months after the present one; 0 is the present one.
    pub months_ahead: i64,
    /// A table that has its name and is not attached: no new one is made beside it.
    pub detached: Option<String>,
}

/// What `months::make` should have made by now.
fn missing(parts: &[Part], now: Timestamp) -> Vec<MissingPart> {
    let first = Month::of(now);
    let mut missing = Vec::new();
    for months_ahead in 0..=AHEAD {
        let month = first.plus(months_ahead);
        for parted in PARTED {
            let table = parted.table;
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

/// What this login may do.
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
    /// How far months are made, and whether this login can make them. None on SQLite.
    pub async fn partition_facts(&self, now: Timestamp) -> Result<Option<PartitionFacts>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let parts = self.parts().await?;
        let sql = format!("SELECT {}", LoginRow::SELECT);
        let rows = self.owner.query_all_raw(Statement::from_string(self.backend.into(), sql)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let LoginRow { login, may_create, not_owned } = Row::new(row).record()?;
        Ok(Some(PartitionFacts { ahead: ahead(&parts, now), missing: missing(&parts, now), login, may_create, not_owned }))
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
        let present = Month::named("event_2026_12").unwrap();
        let mut parts: Vec<Part> =
            PARTED.iter().flat_map(|parted| (0..=AHEAD).map(move |months| part(parted.table, present.plus(months)))).collect();
        let (last, first) = (Timestamp(present.plus(1).start() - 1), Timestamp(present.plus(1).start()));
        assert!(missing(&parts, last).is_empty());
        // The job of the day makes the last month of those ahead, of all three tables.
        let next = missing(&parts, first);
        assert!(next.len() == PARTED.len() && next.iter().all(|part| part.months_ahead == AHEAD), "{next:?}");

        let turn = parts.iter_mut().find(|part| part.name == "event_2027_01").unwrap();
        turn.state = PartState::Detached;
        let (before, after) = (missing(&parts, last), missing(&parts, first));
        let detached = Some("event_2027_01".to_owned());
        assert_eq!(before, [MissingPart { table: "event", month: present.plus(1), months_ahead: 1, detached: detached.clone() }]);
        assert_eq!(after.first(), Some(&MissingPart { table: "event", month: present.plus(1), months_ahead: 0, detached }));
    }
}
