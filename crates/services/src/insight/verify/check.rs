//! A check of an invariant by one statement, and macros for its list of tables and for checks of
//! document numbers.

/// A check of an invariant. `broken` selects three texts of the first broken row: key, expected,
/// found. `HEX(column)` stands for an ID as 32 hex digits, `HASH(column)` for bytes as hex digits,
/// `STOCK_CHANGED` for the name of that event, `IS_OF_CACHED_KIND` for a condition on the kind of
/// an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub invariant: &'static str,
    pub table: &'static str,
    /// Tables without which the check is skipped: if all of them are empty, `broken` finds nothing
    /// (`emptiness` proves it). If the list is empty, the check always runs.
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

/// A check that the numbers of a kind of document have no gaps up to the last one in the tenant's
/// counter.
macro_rules! numbered {
    ($noun:literal, $table:literal, $prefix:literal, $counter:literal) => {
        $crate::insight::verify::check::Check {
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
