//! Parts as the catalogue of a Postgres lists them.

use entity::record::Record;

use super::part::{Month, Part, PartState};

/// A table `c`, which `h` links to its partitioned table, with its bounds `b`.
#[derive(Record)]
pub(super) struct PartRow {
    #[record(sql = "c.relname::text")]
    name: String,
    #[record(sql = "b[1]")]
    from: Option<String>,
    #[record(sql = "b[2]")]
    to: Option<String>,
    #[record(sql = "CASE WHEN h.inhrelid IS NULL THEN 'detached' WHEN h.inhdetachpending THEN 'detaching' ELSE 'attached' END")]
    state: String,
    #[record(sql = "c.relpages::bigint * 8192")]
    bytes: i64,
    #[record(sql = "obj_description(c.oid, 'pg_class')")]
    note: Option<String>,
}

impl PartRow {
    /// Returns the part of `table`. A bound without a number is None.
    pub(super) fn part(self, table: &'static str) -> Part {
        let parsed_bound = |text: Option<String>| text.and_then(|text| text.parse::<i64>().ok());
        let state = match self.state.as_str() {
            "attached" => PartState::Attached,
            "detaching" => PartState::Detaching,
            _ => PartState::Detached,
        };
        let month = Month::from_part_name(&self.name);
        let (from, to) = (parsed_bound(self.from), parsed_bound(self.to));
        Part { table, name: self.name, month, state, from, to, bytes: self.bytes, note: self.note }
    }
}
