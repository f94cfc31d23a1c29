//! Inserts of rows in which some columns are mostly null.

use super::model::{Bulk, Verb};

impl Bulk {
    /// Marks columns of an insert that are often null in all rows. A Postgres statement at known
    /// heads omits them then, because each column costs an array to send, unpack and traverse. Such
    /// a table has two statement texts: columns that have a value now and then do not belong here.
    #[must_use]
    pub fn rarely_set(self, columns: &'static [&'static str]) -> Self {
        debug_assert_eq!(self.verb, Verb::Insert, "{}: new rows alone", self.table);
        let is_column = |name: &&str| self.columns[1..].iter().any(|column| column.0 == *name);
        debug_assert!(columns.iter().all(is_column), "{}: of its columns", self.table);
        Self { rarely_set: columns, ..self }
    }
}

#[cfg(test)]
mod tests {
    use entity::record::{Column, ColumnKind};
    use sea_orm::{
        Value,
        sqlx::{Arguments, postgres::PgArguments},
    };

    use super::*;
    use crate::storage::{
        Backend,
        bulk::{ParameterForm, SharedBulk, tests::tenant},
    };

    const COLUMNS: &[Column] = &[
        Column("tenant_id", ColumnKind::Id),
        Column("nth", ColumnKind::Int),
        Column("note", ColumnKind::TextOrNull),
        Column("lot_id", ColumnKind::IdOrNull),
    ];

    /// Lines of a tenant by their notes; none has a lot.
    fn lines(n: u128, notes: &[&str]) -> Bulk {
        let mut bulk = Bulk::insert("line", COLUMNS);
        for note in notes {
            bulk.row([tenant(n).into(), 1_i64.into(), (*note).into(), Value::Uuid(None)]);
        }
        bulk.rarely_set(&["note", "lot_id"])
    }

    /// Returns the statement's text, and the number of its values besides the tenant.
    fn alone(notes: &[&str], given: ParameterForm) -> (String, usize) {
        let mut arguments = PgArguments::default();
        arguments.add(tenant(1).uuid()).unwrap();
        let sql = lines(1, notes).gated_part("gate", given, &mut arguments).unwrap();
        (sql, arguments.len() - 1)
    }

    #[test]
    fn what_no_row_has_is_left_out() {
        for (given, values) in
            [(ParameterForm::Values, "$2::bigint AS nth"), (ParameterForm::Arrays, "unnest($2::bigint[]) AS nth")]
        {
            let (sql, count) = alone(&[""], given);
            let expected = format!("INSERT INTO line (tenant_id, nth) SELECT $1::uuid, v.nth FROM (SELECT {values}) AS v, gate");
            assert_eq!((sql, count), (expected, 1));
        }
        assert_eq!(alone(&["", ""], ParameterForm::Values).1, 1);
    }

    #[test]
    fn one_row_that_has_a_value_brings_all_of_them() {
        for notes in [&["dented"][..], &["", "dented"], &["dented", ""]] {
            let (sql, count) = alone(notes, ParameterForm::Arrays);
            assert!(sql.starts_with("INSERT INTO line (tenant_id, nth, note, lot_id) SELECT"), "{sql}");
            assert_eq!(count, 3);
        }
    }

    #[test]
    fn a_tenants_value_brings_them_for_all_who_share_the_statement() {
        for (others, columns) in [("", "nth"), ("dented", "nth, note, lot_id")] {
            let mut all = Vec::new();
            SharedBulk::add(&mut all, 1, lines(1, &["", ""])).unwrap();
            SharedBulk::add(&mut all, 2, lines(2, &[others])).unwrap();
            let sql = all.remove(0).gated_part("gate", &mut PgArguments::default()).unwrap();
            assert!(
                all.is_empty() && sql.starts_with(&format!("INSERT INTO line (tenant_id, {columns}) SELECT g.tenant_id")),
                "{sql}"
            );
        }
    }

    #[test]
    fn other_statements_have_all_columns() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let made = lines(1, &[""]).into_statements(backend, tenant(1)).unwrap();
            assert!(made.iter().all(|statement| statement.sql.contains("note, lot_id")), "{made:?}");
        }
    }
}
