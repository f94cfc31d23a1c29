//! Statements are read by records (`derive(Record)`), so that columns and fields cannot be swapped
//! unnoticed. Code that reads columns by position is listed here. A statement of one column has
//! nothing to swap: `Row::scalar`.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::{no_faults, sources};

/// Files that take columns by their position, how often, and why.
const BY_POSITION: &[(&str, usize, &str)] = &[
    ("demand/rows/facts.rs", 2, "columns or keys that are made of what is asked"),
    ("demand/rows/facts/groups.rs", 5, "columns or keys that are made of what is asked"),
    ("insight/rows/movement_groups.rs", 4, "columns or keys that are made of what is asked"),
    ("insight/rows/sales/group_sums.rs", 1, "columns or keys that are made of what is asked"),
    ("insight/rows/sales/large.rs", 1, "columns or keys that are made of what is asked"),
    ("insight/rows/sales/query.rs", 4, "columns or keys that are made of what is asked"),
    ("reports/rows/builder.rs", 3, "columns or keys that are made of what is asked"),
    ("reports/rows/builder/orders.rs", 2, "columns or keys that are made of what is asked"),
    ("insight/verify/all_checks.rs", 1, "the key and the two values of whichever check"),
    ("numbering/rows.rs", 1, "a number for each kind of document: one array makes the columns and the loop"),
    ("orders/rows/selected_columns.rs", 3, "the columns that a client asks for, in their order (0005)"),
    ("secrets/rows.rs", 2, "the sealed column and the keys of whichever table"),
    ("stock/rows/selected_columns.rs", 2, "the columns that a client asks for, in their order (0005)"),
    ("storage/journal.rs", 1, "a number for each kind of document: one array makes the columns and the loop"),
    ("storage/parts.rs", 3, "the columns of whichever table is archived"),
    ("storage/rows.rs", 1, "`Row::scalar` itself"),
    ("storage/scoped.rs", 1, "whose row it is, before a record of any kind"),
    ("storage/write_at/postgres.rs", 1, "the one column of a row of sqlx"),
    ("tenancy/export.rs", 1, "the columns of whichever table is exported, all of them texts"),
];

/// Number of inserts with a list of columns beside its values, whose order is not checked: global
/// tables, logins, and conflicts that change some columns or compute with their present values.
/// `Work::insert`, `Work::upsert` and `Work::insert_or_ignore` take the struct of the table.
const INSERTED_BY_LISTS: usize = 16;

/// Number of updates that set two columns and more to values of a list, whose order is not checked:
/// global tables, rows found by more than equality, and columns computed from present values.
/// `Work::update_row` takes the struct of the row's key and columns.
const UPDATED_BY_LISTS: usize = 31;

/// Calls by which a row gives its next column.
const CALLS: [&str; 2] = [".take()", ".take::<"];

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The names of rows: those of `let mut row = Row::new(found);`, and of parameters such as `row: &mut Row<'_>`.
fn names_of_rows(code: &str) -> BTreeSet<&str> {
    let built_rows =
        code.split("Row::new(").filter_map(|before| before.trim_end().trim_end_matches("&mut").trim_end().strip_suffix('='));
    let given = code.split(": &mut Row<");
    built_rows
        .chain(given)
        .filter_map(|before| before.trim_end().rsplit(|c: char| !is_of_name(c)).next())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Returns how often columns are taken by their position.
fn reads_by_position(code: &str) -> usize {
    let calls = |name: &str, call: &str| {
        let whole = format!("{name}{call}");
        let stands_alone = |at: usize| !code[..at].ends_with(|c: char| is_of_name(c) || c == '.');
        code.match_indices(&whole).filter(|(at, _)| stands_alone(*at)).count()
    };
    let of_rows: usize =
        names_of_rows(code).into_iter().map(|name| CALLS.into_iter().map(|call| calls(name, call)).sum::<usize>()).sum();
    // Made and read in one expression: of the one column of a statement, that is `Row::scalar`.
    let takes = |after: &str| CALLS.into_iter().any(|call| after.trim_start().starts_with(call));
    let at_once =
        code.split("Row::new(").skip(1).filter(|rest| rest.split_once(')').is_some_and(|(_, after)| takes(after))).count();
    // Rows of sqlx are read by a name or by a number.
    let numbered = code.split(".try_get(").skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).count();
    of_rows + at_once + numbered + code.matches(".try_get_by_index(").count() + code.matches("map(Row::new)").count()
}

#[test]
fn columns_are_read_by_records() {
    let listed = BY_POSITION.iter().map(|(file, reads, _)| (*file, *reads));
    let mut listed: BTreeMap<&str, usize> = listed.collect();
    let mut faults = Vec::new();
    for (file, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let (reads, expected) = (reads_by_position(code), listed.remove(file.as_str()).unwrap_or_default());
        match reads.cmp(&expected) {
            Ordering::Equal => {}
            Ordering::Greater => faults.push(format!(
                "{file} takes {reads} columns by position, listed are {expected}: write a struct with `derive(Record)`"
            )),
            Ordering::Less => faults.push(format!(
                "{file} takes only {reads} columns by position, listed are {expected}: lower its line, or remove it"
            )),
        }
    }
    faults.extend(listed.into_keys().map(|file| format!("{file}: no such file")));
    no_faults(&faults);
}

#[test]
fn a_column_that_is_taken_by_position_is_seen() {
    for (code, reads) in [
        ("let mut row = Row::new(found);\nOk((row.take()?, row.take::<i64>()?))", 2),
        ("let stored = &mut Row::new(found);\nlet id = stored.take::<Uuid>()?;", 1),
        ("fn facts(row: &mut Row<'_>) -> Result<Facts, Fault> { row.take() }", 1),
        ("rows.iter().map(|row| Row::new(row).take()).collect()", 1),
        ("Row::new(row)\n    .take::<i64>()", 1),
        ("row.try_get(0)? + row.try_get_by_index(1)?", 2),
        ("let found: ItemRow = Row::new(row).record()?;\nlet first = arrow.take();", 0),
        ("let count: i64 = Row::scalar(row)?;\nlet name: String = row.try_get(\"name\")?;", 0),
    ] {
        assert_eq!(reads_by_position(code), reads, "{code}");
    }
}

#[test]
fn rows_are_inserted_as_structs() {
    let mut inserted = 0;
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let statements = code.split("INSERT INTO ").skip(1).filter_map(|rest| rest.split('"').next());
        inserted += statements.filter(|statement| statement.contains("VALUES (")).count();
    }
    assert_eq!(
        inserted, INSERTED_BY_LISTS,
        "where a table's struct can be inserted, no statement lists its columns: lower the number"
    );
}

#[test]
fn rows_are_updated_as_structs() {
    let mut lists = Vec::new();
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for statement in code.split("\"UPDATE ").skip(1).filter_map(|rest| rest.split('"').next()) {
            let assignments = statement.split(" WHERE ").next().unwrap_or_default();
            if assignments.matches(" = $").count() > 1 {
                lists.push(format!("{}: UPDATE {assignments}", path.display()));
            }
        }
    }
    assert_eq!(
        lists.len(),
        UPDATED_BY_LISTS,
        "a row that its key finds is updated with `Work::update_row`: lower the number\n{}",
        lists.join("\n")
    );
}
