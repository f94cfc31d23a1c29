//! Inserts of rows in which some columns are mostly 0.

use std::collections::BTreeMap;

use sea_orm::Value;

use super::model::{Bulk, Verb};

impl Bulk {
    /// Marks groups of columns of an insert that are often 0 together. On Postgres each set of zero
    /// groups is a statement of its own, with the zeros in its text instead of in arrays.
    #[must_use]
    pub fn sparse(self, groups: &'static [&'static [&'static str]]) -> Self {
        debug_assert_eq!(self.verb, Verb::Insert, "{}: new rows alone", self.table);
        let is_column = |name: &&str| self.columns.iter().any(|column| column.0 == *name);
        debug_assert!(groups.iter().copied().flatten().all(is_column), "{}: a group is of its columns", self.table);
        Self { sparse: groups, ..self }
    }

    /// Groups the rows by the columns that are 0 in all of them.
    pub(super) fn group_by_zero_columns(self) -> Vec<(Vec<&'static str>, Self)> {
        let (table, columns, groups) = (self.table, self.columns, self.sparse);
        if groups.is_empty() {
            return vec![(Vec::new(), self)];
        }
        let column_index = |name: &&str| columns.iter().position(|column| column.0 == *name);
        let group_columns: Vec<Vec<usize>> = groups.iter().map(|group| group.iter().filter_map(column_index).collect()).collect();
        let zero = Value::from(0_i64);
        // Bit n: that group n has a figure.
        let mut parts: BTreeMap<u32, Self> = BTreeMap::new();
        let mut values = self.values.into_iter();
        while !values.as_slice().is_empty() {
            let row: Vec<Value> = values.by_ref().take(columns.len()).collect();
            let has_figure = |group: &Vec<usize>| group.iter().any(|column_index| row[*column_index] != zero);
            let filled_bits = group_columns.iter().rev().fold(0_u32, |bits, group| (bits << 1) | u32::from(has_figure(group)));
            parts.entry(filled_bits).or_insert_with(|| Self::insert(table, columns)).values.extend(row);
        }
        let is_zero = |filled_bits: u32, group: usize| (filled_bits >> group) & 1 == 0;
        let zeros = |filled_bits| {
            let left_out = (0..groups.len()).filter(|n| is_zero(filled_bits, *n));
            left_out.flat_map(|n| groups[n]).copied().collect::<Vec<_>>()
        };
        parts.into_iter().map(|(filled_bits, bulk)| (zeros(filled_bits), bulk)).collect()
    }
}

#[cfg(test)]
mod tests {
    use entity::record::{Column, ColumnKind};

    use super::*;
    use crate::storage::{Backend, bulk::tests::tenant};

    const COLUMNS: &[Column] = &[
        Column("tenant_id", ColumnKind::Id),
        Column("id", ColumnKind::Int),
        Column("sold", ColumnKind::Int),
        Column("moved", ColumnKind::Int),
        Column("paid", ColumnKind::Int),
    ];

    #[test]
    fn columns_that_are_0_are_text() {
        let tenant = tenant(1);
        let rows = || {
            let mut bulk = Bulk::insert("day", COLUMNS);
            for [id, sold, moved, paid] in [[1_i64, 0, 0, 0], [2, 5, 0, 0], [3, 0, -7, 0], [4, 0, 0, 9]] {
                bulk.row([tenant.into(), id.into(), sold.into(), moved.into(), paid.into()]);
            }
            bulk.sparse(&[&["sold", "paid"], &["moved"]])
        };
        let made = rows().into_statements(Backend::Postgres, tenant).unwrap();
        let texts: Vec<&str> = made.iter().map(|statement| statement.sql.as_str()).collect();
        let inserted = |names: &str, picks: &str, arrays: &str| {
            let given = format!("SELECT unnest($2::bigint[]) AS id{arrays}");
            format!("INSERT INTO day (tenant_id, id, {names}) SELECT $1::uuid, v.id, {picks} FROM ({given}) AS v")
        };
        let all = [
            inserted("sold, paid, moved", "0, 0, 0", ""),
            inserted("sold, paid, moved", "v.sold, v.paid, 0", ", unnest($3::bigint[]) AS sold, unnest($4::bigint[]) AS paid"),
            inserted("moved, sold, paid", "v.moved, 0, 0", ", unnest($3::bigint[]) AS moved"),
        ];
        assert_eq!(texts, all);
        assert_eq!(made[1].values.as_ref().unwrap().0.len(), 4);
        assert_eq!(rows().into_statements(Backend::Sqlite, tenant).unwrap().len(), 1);
    }
}
