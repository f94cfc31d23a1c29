//! Rows of several tenants for one table, as a part of one statement of Postgres.

use entity::record::Column;
use sea_orm::sqlx::{Arguments, error::BoxDynError, postgres::PgArguments};

use super::{
    array::{Array, omit_void_columns},
    model::{Bulk, Verb},
    text::{equality_condition, join_columns, unnest_select, with_prefix},
};

/// Rows of several tenants for one table.
///
/// A row contains no tenant ID, only an index into the statement's list of tenants. The ID comes
/// from the gate, so no row is written for a tenant that did not pass it.
pub(in crate::storage) struct SharedBulk {
    table: &'static str,
    columns: &'static [Column],
    verb: Verb,
    places: Vec<i32>,
    arrays: Vec<Array>,
    rarely_set: &'static [&'static str],
}

impl SharedBulk {
    /// Adds the rows of the tenant at `place` to those that are written in the same way.
    pub(in crate::storage) fn add(bulks: &mut Vec<Self>, place: i32, bulk: Bulk) -> Result<(), BoxDynError> {
        let matching = bulks.iter().position(|candidate| {
            candidate.table == bulk.table && candidate.verb == bulk.verb && candidate.columns == bulk.columns
        });
        let index = matching.unwrap_or_else(|| {
            bulks.push(Self::new(&bulk));
            bulks.len() - 1
        });
        bulks[index].extend(place, bulk)
    }

    fn new(bulk: &Bulk) -> Self {
        let arrays = bulk.columns[1..].iter().map(|column| Array::new(column.1, bulk.len())).collect();
        let places = Vec::with_capacity(bulk.len());
        Self { table: bulk.table, columns: bulk.columns, verb: bulk.verb, places, arrays, rarely_set: bulk.rarely_set }
    }

    fn extend(&mut self, place: i32, bulk: Bulk) -> Result<(), BoxDynError> {
        let width = self.columns.len();
        self.places.extend(std::iter::repeat_n(place, bulk.len()));
        for (index, value) in bulk.values.into_iter().enumerate() {
            if let Some(slot) = (index % width).checked_sub(1) {
                self.arrays[slot].push(value)?;
            }
        }
        Ok(())
    }

    /// Returns the part of the statement. `gate` is an earlier part, with `tenant_id` and `place`
    /// of each tenant whose rows are written. Appends the values to `arguments`, columns as arrays.
    pub(in crate::storage) fn gated_part(self, gate: &str, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
        let (columns, arrays) = omit_void_columns(&self.columns[1..], self.arrays, self.rarely_set);
        arguments.add(self.places)?;
        let parameter = arguments.len();
        for array in arrays {
            array.bind(arguments)?;
        }
        let names = with_prefix("", &columns);
        let source = format!("{}, unnest(${parameter}::integer[]) AS gate_place", unnest_select(&columns, parameter + 1));
        let from = format!("({source}) AS v JOIN {gate} AS g ON g.place = v.gate_place");
        let select_list = with_prefix("v.", &columns);
        Ok(match self.verb {
            Verb::Insert => {
                format!("INSERT INTO {} (tenant_id, {names}) SELECT g.tenant_id, {select_list} FROM {from}", self.table)
            }
            Verb::Update { keys } => {
                let assignments = join_columns(&columns[keys - 1..], |c| format!("{0} = v.{0}", c.0));
                let key_condition = equality_condition(&columns[..keys - 1], "t");
                format!(
                    "UPDATE {} AS t SET {assignments} FROM {from} WHERE t.tenant_id = g.tenant_id AND {key_condition}",
                    self.table
                )
            }
            Verb::Delete => {
                let key_condition = equality_condition(&columns, "t");
                format!("DELETE FROM {} AS t USING {from} WHERE t.tenant_id = g.tenant_id AND {key_condition}", self.table)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::bulk::tests::tenant;
    use entity::record::ColumnKind;

    const COLUMNS: &[Column] = &[Column("tenant_id", ColumnKind::Id), Column("name", ColumnKind::Text)];

    #[test]
    fn the_tenant_of_a_row_comes_from_the_gate_alone() {
        let mut all = Vec::new();
        for (place, n) in [(1, 7), (2, 8), (1, 7)] {
            let mut bulk = Bulk::insert("store", COLUMNS);
            bulk.row([tenant(n).into(), "Shop".into()]);
            SharedBulk::add(&mut all, place, bulk).unwrap();
        }
        let [shared] = <[SharedBulk; 1]>::try_from(all).ok().unwrap();
        assert_eq!(shared.places, [1, 2, 1]);
        let mut arguments = PgArguments::default();
        let sql = shared.gated_part("gate", &mut arguments).unwrap();
        assert_eq!(arguments.len(), 2, "places and names, and no tenant");
        assert!(sql.starts_with("INSERT INTO store (tenant_id, name) SELECT g.tenant_id, v.name FROM"), "{sql}");
    }

    #[test]
    fn rows_written_in_another_way_are_another_part() {
        let mut all = Vec::new();
        for bulk in [Bulk::insert("store", COLUMNS), Bulk::delete("store", COLUMNS), Bulk::insert("channel", COLUMNS)] {
            SharedBulk::add(&mut all, 1, bulk).unwrap();
        }
        assert_eq!(all.len(), 3);
    }
}
