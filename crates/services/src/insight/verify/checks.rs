//! Invariants that one statement can prove: it finds the first row that breaks one, and finds none.

use inventory::{catalog::events::CACHED, stock::events::STOCK_CHANGED};
use platform::storage::{Backend, Fault, Reads, Row, journal::Kinds};
use sea_orm::QueryResult;

use super::{
    alerts, costs, counts, demand, documents, journal, kits, levels, lots, media, numbers, parties, payments, purchases, rates,
    report::{Broken, readable},
    returns, reversals, transfers, works,
};

/// `broken` selects three texts of the first broken row: key, expected, found. `HEX(column)` stands for an id as 32 hex digits, `HASH(column)` for
/// bytes as hex digits, `STOCK_CHANGED` for the name of that event, `IS_OF_CACHED_KIND` for a condition on the kind of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub invariant: &'static str,
    pub table: &'static str,
    /// Where none of these tables has a row, `broken` finds none (`emptiness` proves it). Without any it is always asked.
    pub rests_on: &'static [&'static str],
    pub broken: &'static str,
}

/// Tables that a check rests on, by the names of their entities.
macro_rules! tables {
    ($($table:ident),*) => {
        &[$(<::entity::tables::$table::Model as ::entity::record::TableRecord>::TABLE),*]
    };
}
pub(super) use tables;

/// That the numbers of a kind of document, of which the tenant's counter has the last, run on.
macro_rules! numbered {
    ($noun:literal, $table:literal, $prefix:literal, $counter:literal) => {
        $crate::insight::verify::checks::Check {
            invariant: concat!($noun, ": numbers run 1, 2, 3 without gaps, up to the counter"),
            table: $table,
            // The counter has a row.
            rests_on: &[],
            broken: concat!(
                "SELECT '",
                $prefix,
                ":' || HEX(id), 'number ' || nth, 'number ' || number
                 FROM (SELECT id, number, row_number() OVER (ORDER BY number) AS nth FROM ",
                $table,
                " WHERE tenant_id = $1
                       UNION ALL SELECT tenant_id, ",
                $counter,
                ", (SELECT count(*) FROM ",
                $table,
                " WHERE tenant_id = $1)
                       FROM tenant_counter WHERE tenant_id = $1) n
                 WHERE number <> nth ORDER BY nth LIMIT 1"
            ),
        }
    };
}
pub(super) use numbered;

pub(super) fn all() -> impl Iterator<Item = &'static Check> {
    let documents = documents::CHECKS
        .iter()
        .chain(works::CHECKS)
        .chain(returns::CHECKS)
        .chain(payments::CHECKS)
        .chain(purchases::CHECKS)
        .chain(rates::CHECKS)
        .chain(transfers::CHECKS)
        .chain(counts::CHECKS)
        .chain(costs::CHECKS)
        .chain(demand::CHECKS)
        .chain(numbers::CHECKS)
        .chain(reversals::CHECKS)
        .chain(parties::CHECKS)
        .chain(alerts::CHECKS);
    levels::CHECKS.iter().chain(lots::CHECKS).chain(kits::CHECKS).chain(documents).chain(media::CHECKS).chain(journal::CHECKS)
}

/// The first row that the statement finds.
pub(super) async fn first(reads: &impl Reads, table: &'static str, sql: &str) -> Result<Option<Broken>, Fault> {
    first_broken(table, &reads.rows(&dialect(reads.backend(), sql), vec![]).await?)
}

/// The first of the rows, as key, expected and found.
pub(super) fn first_broken(table: &'static str, rows: &[QueryResult]) -> Result<Option<Broken>, Fault> {
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let mut text = || Ok::<_, Fault>(row.take::<Option<String>>()?.map_or_else(|| "nothing".to_owned(), |t| readable(&t)));
    Ok(Some(Broken { table, key: text()?, expected: text()?, found: text()? }))
}

/// Puts in what the two databases say differently.
fn dialect(backend: Backend, sql: &str) -> String {
    let kinds = Kinds::of(CACHED);
    let sql = sql.replace("STOCK_CHANGED", &format!("'{}'", STOCK_CHANGED.name())).replace("IS_OF_CACHED_KIND", kinds.sql());
    let out = hashes(backend, &keys(backend, &sql));
    if backend == Backend::Sqlite {
        return out;
    }
    // Postgres expects to meet a broken row soon, and compares everything with everything until it does. Where none is broken that is
    // the whole database: eight minutes and no end for a year's order lines, two seconds when planned for all of them.
    let all = out.strip_suffix("LIMIT 1").unwrap_or(&out);
    format!("WITH broken(key, expected, found) AS MATERIALIZED ({all}) SELECT * FROM broken LIMIT 1")
}

/// Puts in how the database writes an id as 32 hex digits.
pub(super) fn keys(backend: Backend, sql: &str) -> String {
    let sides = match backend {
        Backend::Sqlite => ("lower(hex(", "))"),
        Backend::Postgres => ("replace(CAST(", " AS text), '-', '')"),
    };
    spelled(sql, "HEX(", sides)
}

/// Puts in how the database writes a hash as 64 hex digits.
fn hashes(backend: Backend, sql: &str) -> String {
    let sides = match backend {
        Backend::Sqlite => ("lower(hex(", "))"),
        Backend::Postgres => ("encode(", ", 'hex')"),
    };
    spelled(sql, "HASH(", sides)
}

/// Writes `before` and `after` around each column that the call names.
fn spelled(sql: &str, call: &str, (before, after): (&str, &str)) -> String {
    let mut pieces = sql.split(call);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (column, rest) = piece.split_once(')').unwrap_or((piece, ""));
        out.extend([before, column, after, rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_postgres_each_is_planned_for_the_case_that_nothing_is_broken() {
        for check in all() {
            let sql = dialect(Backend::Postgres, check.broken);
            assert_eq!(sql.matches(" LIMIT 1)").count(), check.broken.matches(" LIMIT 1)").count(), "{}: {sql}", check.invariant);
            assert!(
                sql.starts_with("WITH broken") && sql.ends_with(") SELECT * FROM broken LIMIT 1"),
                "{}: {sql}",
                check.invariant
            );
        }
    }
}
