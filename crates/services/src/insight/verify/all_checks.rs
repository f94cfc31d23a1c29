//! Invariants that one statement can prove: it selects the first row that breaks one, and no row if
//! none does.

use inventory::{catalog::events::CACHED_ROW_EVENTS, stock::events::STOCK_CHANGED};
use platform::storage::{Backend, Fault, Reads, Row, journal::Kinds};
use sea_orm::QueryResult;

use super::{
    alerts,
    check::Check,
    costs, counts, demand, documents, journal, kits, levels, lots, media, numbers, parties, payments, purchases, rates,
    report::{Violation, printable_text},
    returns, reversals, transfers, works,
};

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
pub(super) async fn find_first_violation(reads: &impl Reads, table: &'static str, sql: &str) -> Result<Option<Violation>, Fault> {
    first_violation(table, &reads.rows(&dialect(reads.backend(), sql), vec![]).await?)
}

/// The first of the rows, as key, expected and found.
pub(super) fn first_violation(table: &'static str, rows: &[QueryResult]) -> Result<Option<Violation>, Fault> {
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let mut text = || Ok::<_, Fault>(row.take::<Option<String>>()?.map_or_else(|| "nothing".to_owned(), |t| printable_text(&t)));
    Ok(Some(Violation { table, key: text()?, expected: text()?, found: text()? }))
}

/// Replaces the placeholders by the SQL of the database.
fn dialect(backend: Backend, sql: &str) -> String {
    let kinds = Kinds::of(CACHED_ROW_EVENTS);
    let sql = sql.replace("STOCK_CHANGED", &format!("'{}'", STOCK_CHANGED.name())).replace("IS_OF_CACHED_KIND", kinds.sql());
    let out = replace_hashes(backend, &keys(backend, &sql));
    if backend == Backend::Sqlite {
        return out;
    }
    // Postgres expects to find a broken row soon, and compares all pairs until it does. If none is
    // broken that is the whole database: more than eight minutes for a year's order lines, two
    // seconds if planned for all of them.
    let unlimited = out.strip_suffix("LIMIT 1").unwrap_or(&out);
    format!("WITH broken(key, expected, found) AS MATERIALIZED ({unlimited}) SELECT * FROM broken LIMIT 1")
}

/// Puts in how the database writes an id as 32 hex digits.
pub(super) fn keys(backend: Backend, sql: &str) -> String {
    let sides = match backend {
        Backend::Sqlite => ("lower(hex(", "))"),
        Backend::Postgres => ("replace(CAST(", " AS text), '-', '')"),
    };
    wrap_columns(sql, "HEX(", sides)
}

/// Puts in how the database writes a hash as 64 hex digits.
fn replace_hashes(backend: Backend, sql: &str) -> String {
    let sides = match backend {
        Backend::Sqlite => ("lower(hex(", "))"),
        Backend::Postgres => ("encode(", ", 'hex')"),
    };
    wrap_columns(sql, "HASH(", sides)
}

/// Writes `before` and `after` around each column that the call names.
fn wrap_columns(sql: &str, call: &str, (before, after): (&str, &str)) -> String {
    let mut segments = sql.split(call);
    let mut wrapped = segments.next().unwrap_or_default().to_owned();
    for segment in segments {
        let (column, rest) = segment.split_once(')').unwrap_or((segment, ""));
        wrapped.extend([before, column, after, rest]);
    }
    wrapped
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
