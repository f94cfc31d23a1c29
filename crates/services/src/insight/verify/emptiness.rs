//! Proves for each check that it finds nothing if all tables that it rests on are empty, and that
//! it needs each of them.
//!
//! A SELECT from a table without rows finds none, whatever its conditions and outer joins are, and
//! so does one that joins such a table; a UNION finds none if none of its SELECTs does. Statements
//! that this analysis does not follow may find something: such a check names no table, and always
//! runs.

/// Functions of one row, and keywords that precede a parenthesis. Any other function may be an
/// aggregate, which returns a row even without input rows.
const SCALAR_FUNCTIONS: [&str; 16] = [
    "CAST", "HASH", "HEX", "abs", "coalesce", "substr", "AND", "AS", "ELSE", "EXISTS", "IN", "NOT", "OR", "OVER", "THEN", "WHEN",
];
/// Keywords that end a FROM clause.
const FROM_END_KEYWORDS: [&str; 6] = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW"];
/// Keywords that are not analysed: a statement with one is not skipped.
const UNSUPPORTED_KEYWORDS: [&str; 9] =
    ["EXCEPT", "INTERSECT", "FULL", "RIGHT", "NATURAL", "LATERAL", "ROLLUP", "CUBE", "GROUPING"];
/// Further keywords that the analysis reads. Databases accept them in lower case too, which the
/// analysis would take for names.
const SUPPORTED_KEYWORDS: [&str; 11] = ["ALL", "AS", "DISTINCT", "FROM", "JOIN", "LEFT", "ON", "OVER", "SELECT", "UNION", "WITH"];
/// Signs that would hide words, or make names of them: comments, and quoted names.
const UNSUPPORTED_MARKS: [&str; 3] = ["--", "/*", "\""];

/// Whether a statement certainly finds nothing. `is_empty` returns whether a table, or another
/// named source, has no row that the statement might read.
fn returns_no_rows(sql: &str, is_empty: &dyn Fn(&str) -> bool) -> bool {
    let tokens = split_tokens(sql);
    if UNSUPPORTED_MARKS.into_iter().any(|sign| sql.contains(sign)) || tokens.iter().any(|token| is_lowercase_keyword(token)) {
        return false;
    }
    let (mut rest, mut table_expressions) = (&tokens[..], Vec::<(&str, bool)>::new());
    if rest.first() == Some(&"WITH") {
        rest = &rest[1..];
        while let [name, "AS", "MATERIALIZED", "(", ..] = rest {
            let end = closing_parenthesis(rest, 3);
            let has_no_rows = union_is_empty(&rest[4..end], &|table: &str| source_is_empty(&table_expressions, table, is_empty));
            table_expressions.push((*name, has_no_rows));
            rest = rest.get(end + 1..).unwrap_or_default();
            if rest.first() == Some(&",") {
                rest = &rest[1..];
            }
        }
    }
    union_is_empty(rest, &|table: &str| source_is_empty(&table_expressions, table, is_empty))
}

/// Whether a token is a word to the databases and a name here.
fn is_lowercase_keyword(token: &str) -> bool {
    let mut words = SUPPORTED_KEYWORDS.into_iter().chain(FROM_END_KEYWORDS).chain(UNSUPPORTED_KEYWORDS);
    words.any(|word| word != token && word.eq_ignore_ascii_case(token))
}

/// Whether a named source has no rows: a part of the WITH, or a table.
fn source_is_empty(table_expressions: &[(&str, bool)], name: &str, is_empty: &dyn Fn(&str) -> bool) -> bool {
    table_expressions.iter().find(|(part, _)| *part == name).map_or_else(|| is_empty(name), |(_, has_no_rows)| *has_no_rows)
}

fn union_is_empty(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    let unions: Vec<usize> = top_level_tokens(tokens).filter(|(_, token)| *token == "UNION").map(|(at, _)| at).collect();
    let starts = std::iter::once(0).chain(unions.iter().map(|at| at + 1));
    let ends = unions.iter().copied().chain([tokens.len()]);
    starts.zip(ends).all(|(start, end)| select_is_empty(&tokens[start..end], is_empty))
}

fn select_is_empty(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    let tokens = if tokens.first() == Some(&"ALL") { &tokens[1..] } else { tokens };
    let outer: Vec<(usize, &str)> = top_level_tokens(tokens).collect();
    let has = |word: &str| outer.iter().any(|(_, token)| *token == word);
    if tokens.first() != Some(&"SELECT") || UNSUPPORTED_KEYWORDS.into_iter().any(has) {
        return false;
    }
    let is_from = |at: usize, token: &str| token == "FROM" && tokens[at - 1] != "DISTINCT";
    let Some(from) = outer.iter().find(|(at, token)| is_from(*at, token)).map(|(at, _)| *at) else { return false };
    // `GROUP BY ()` groups by no column, and returns a row even without input rows.
    let is_grouped = outer.iter().any(|(at, token)| *token == "GROUP" && tokens.get(at + 2).is_some_and(|first| *first != "("));
    if !is_grouped && (has("GROUP") || has("HAVING") || may_aggregate(&tokens[1..from])) {
        return false;
    }
    from_is_empty(&tokens[from + 1..], is_empty)
}

/// Whether a select list may aggregate the statement's own rows: not over a window, and not within
/// a subquery.
fn may_aggregate(list: &[&str]) -> bool {
    let mut at = 0;
    while let Some(token) = list.get(at) {
        let is_called = token.starts_with(is_word_char) && list.get(at + 1) == Some(&"(");
        if *token == "(" && list.get(at + 1) == Some(&"SELECT") {
            at = closing_parenthesis(list, at);
        } else if is_called
            && !SCALAR_FUNCTIONS.contains(token)
            && list.get(closing_parenthesis(list, at + 1) + 1) != Some(&"OVER")
        {
            return true;
        }
        at += 1;
    }
    false
}

fn from_is_empty(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    // State of the scan: the next token is a source (a table or a SELECT), the source is of an
    // outer join and may be empty, or an outer join's condition is still missing. A join before
    // that condition is nested in the outer one.
    let (mut is_source, mut is_outer, mut wants_condition) = (true, false, false);
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let end = if *token == "(" { closing_parenthesis(tokens, index) } else { index };
        match *token {
            source if is_source => {
                // A function or a table of another schema may have rows even if a table of that
                // name has none.
                let is_table = !source.contains('.') && tokens.get(index + 1) != Some(&"(");
                let has_no_rows =
                    if end > index { union_is_empty(&tokens[index + 1..end], is_empty) } else { is_table && is_empty(source) };
                if has_no_rows && !is_outer {
                    return true;
                }
                (is_source, wants_condition, is_outer) = (false, is_outer, false);
            }
            word if FROM_END_KEYWORDS.contains(&word) => return false,
            "LEFT" | "JOIN" | "," if wants_condition => return false,
            "LEFT" => is_outer = true,
            "JOIN" | "," => is_source = true,
            "ON" => wants_condition = false,
            _ => {}
        }
        index = end + 1;
    }
    false
}

/// The tokens that are in no parentheses, with their places.
fn top_level_tokens<'a>(tokens: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter_map(move |(at, token)| match *token {
        "(" => {
            depth += 1;
            None
        }
        ")" => {
            depth = depth.saturating_sub(1);
            None
        }
        token => (depth == 0).then_some((at, token)),
    })
}

/// Returns the index of the parenthesis that closes the one at `open`; the number of tokens if
/// there is none.
fn closing_parenthesis(tokens: &[&str], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match *token {
            "(" => depth += 1,
            ")" if depth <= 1 => return at,
            ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Words, numbers, texts and signs.
fn split_tokens(sql: &str) -> Vec<&str> {
    let mut token_list = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            _ if is_word_char(first) => rest.find(|c: char| !is_word_char(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        token_list.push(token);
        rest = after.trim_start();
    }
    token_list
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

#[cfg(test)]
mod tests {
    use entity::tables::ALL;

    use super::*;
    use crate::insight::verify::{all_checks, check::Check};

    /// Whether the check finds nothing if only these tables have rows.
    fn is_empty_with(sql: &str, filled: &[&str]) -> bool {
        returns_no_rows(sql, &|table| !filled.contains(&table))
    }

    #[test]
    fn a_select_from_nothing_finds_nothing() {
        let joined = "SELECT a.id, 'from (b' FROM a JOIN b ON b.id = a.id AND (b.n > 1) LEFT JOIN c ON c.id = a.id WHERE a.tenant_id = $1 ORDER BY a.id LIMIT 1";
        assert!(is_empty_with(joined, &["b", "c"]) && is_empty_with(joined, &["a", "c"]), "one without rows is enough");
        assert!(!is_empty_with(joined, &["a", "b"]), "an outer join takes no row away");
        let within = "SELECT x.n FROM (SELECT n FROM a UNION ALL SELECT n FROM b WHERE n IN (SELECT n FROM c)) x GROUP BY x.n HAVING count(*) > 1";
        assert!(is_empty_with(within, &["c"]));
        assert!(!is_empty_with(within, &["a"]) && !is_empty_with(within, &["b"]), "either of a union has rows");
    }

    #[test]
    fn a_name_of_with_is_as_empty_as_its_select() {
        let named = "WITH d AS MATERIALIZED (SELECT n FROM a), e AS MATERIALIZED (SELECT d.n FROM d JOIN b ON b.n = d.n) SELECT e.n FROM e WHERE e.n > 0";
        assert!(is_empty_with(named, &["b", "d", "e"]) && is_empty_with(named, &["a", "d", "e"]));
        assert!(!is_empty_with(named, &["a", "b"]));
    }

    #[test]
    fn an_aggregate_of_nothing_is_a_row() {
        for sql in [
            "SELECT coalesce(max(n), 0) FROM a",
            "SELECT x.n FROM (SELECT count(*) AS n FROM a) x",
            "SELECT 1 FROM a HAVING count(*) = 0",
            "SELECT COUNT(*) FROM a",
            "SELECT coalesce(string_agg(n, ','), '') FROM a",
            "SELECT count(*) FILTER (WHERE n > 0) FROM a",
            "SELECT count(*) FROM a GROUP BY ()",
            "SELECT n, count(*) FROM a GROUP BY ROLLUP (n)",
            "SELECT 1 WHERE $1 IS NOT NULL",
        ] {
            assert!(!is_empty_with(sql, &[]), "{sql}");
        }
        assert!(is_empty_with("SELECT sum(n) OVER (ORDER BY n) - n FROM a", &[]), "a window has the rows that there are");
        assert!(is_empty_with("SELECT (SELECT max(n) FROM b) FROM a", &["b"]));
        assert!(is_empty_with("SELECT n, sum(n) FROM a GROUP BY n", &[]));
    }

    #[test]
    fn what_is_not_followed_may_find_something() {
        for sql in [
            "SELECT a.n FROM a FULL JOIN b ON b.n = a.n",
            "SELECT a.n FROM a RIGHT JOIN b ON b.n = a.n",
            "SELECT b.n FROM b LEFT JOIN c JOIN a ON a.n = c.n ON c.n = b.n",
            "SELECT n FROM b EXCEPT SELECT n FROM a",
            "SELECT b.n FROM b left JOIN a ON a.n = b.n",
            "SELECT b.n FROM b Full JOIN a ON a.n = b.n",
            "SELECT n FROM a union SELECT n FROM b",
            "SELECT b.n FROM b -- JOIN a
             WHERE b.n > 0",
            "SELECT n FROM \"a\"",
            "SELECT n FROM other.a",
            "SELECT n FROM generate_series(1, 5) n",
            "SELECT n FROM (VALUES (1), (2)) v(n)",
            "SELECT b.n FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE a.n = b.n)",
            "WITH RECURSIVE r AS MATERIALIZED (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r",
            "WITH r AS (SELECT n FROM a) SELECT n FROM r",
            "DELETE FROM a",
            "",
        ] {
            assert!(!is_empty_with(sql, &["b", "c"]), "{sql}");
        }
    }

    #[test]
    fn a_check_finds_nothing_without_rows_of_what_it_rests_on() {
        let is_of_schema = |name: &&str| ALL.iter().any(|table| table.name == *name);
        for check in all_checks::all().filter(|check| !check.rests_on.is_empty()) {
            let (sql, rests_on, invariant) = (check.broken, check.rests_on, check.invariant);
            assert!(rests_on.iter().all(is_of_schema), "{invariant}: {rests_on:?}");
            assert!(
                returns_no_rows(sql, &|table| rests_on.contains(&table)),
                "{invariant}: it may find rows without any of {rests_on:?}"
            );
            for needed in rests_on {
                let is_empty = |table: &str| table != *needed && rests_on.contains(&table);
                assert!(
                    !returns_no_rows(sql, &is_empty),
                    "{invariant}: it finds nothing without the others of {rests_on:?} either: leave {needed} out"
                );
            }
        }
    }

    #[test]
    fn a_check_that_names_no_table_may_always_find_something() {
        // `tenant` and `tenant_counter` always have a row.
        let is_empty = |table: &str| !["tenant", "tenant_counter"].contains(&table);
        for check in all_checks::all().filter(|check| check.rests_on.is_empty()) {
            assert!(!returns_no_rows(check.broken, &is_empty), "{}: name tables that it rests on", check.invariant);
        }
    }

    #[test]
    fn of_a_tenant_without_goods_few_checks_are_asked() {
        let filled = ["tenant", "tenant_counter", "event", "audit_entry", "member", "role", "role_grant", "store", "channel"];
        let is_asked = |check: &&Check| check.rests_on.is_empty() || check.rests_on.iter().any(|table| filled.contains(table));
        let asked: Vec<_> = all_checks::all().filter(is_asked).map(|check| check.invariant).collect();
        assert!(asked.len() <= 20 && all_checks::all().count() > 140, "{asked:#?}");
        for of_the_counter in ["counter: exists", "transfer: numbers", "journal: time of recording"] {
            assert!(asked.iter().any(|name| name.starts_with(of_the_counter)), "{of_the_counter}: {asked:#?}");
        }
    }

    #[test]
    fn each_check_is_asked_where_all_tables_have_rows() {
        for check in all_checks::all() {
            assert!(!returns_no_rows(check.broken, &|_| false), "{}", check.invariant);
        }
    }
}
