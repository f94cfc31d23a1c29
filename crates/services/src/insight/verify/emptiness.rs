//! Proves of each check that it finds nothing where none of the tables has a row that it says it rests on, and that it needs each of them.
//!
//! A SELECT from a table without rows finds none, whatever its conditions and outer joins say, and so does one that joins such a table; a UNION finds none
//! where none of its SELECTs does. What this does not follow may find something: then a check names no table, and is always asked.

/// Functions of one row, and words that open a parenthesis and are none. Whatever else is called may be an aggregate, which makes a row of none.
const PLAIN: [&str; 16] = [
    "CAST", "HASH", "HEX", "abs", "coalesce", "substr", "AND", "AS", "ELSE", "EXISTS", "IN", "NOT", "OR", "OVER", "THEN", "WHEN",
];
/// What a FROM ends with.
const ENDS: [&str; 6] = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW"];
/// What is not followed.
const BEYOND: [&str; 9] = ["EXCEPT", "INTERSECT", "FULL", "RIGHT", "NATURAL", "LATERAL", "ROLLUP", "CUBE", "GROUPING"];
/// Words that are read here beside those. In small letters the databases read them all the same, and this would take them for names.
const READ: [&str; 11] = ["ALL", "AS", "DISTINCT", "FROM", "JOIN", "LEFT", "ON", "OVER", "SELECT", "UNION", "WITH"];
/// What would hide words, or make names of them: comments, and names in quotes.
const HIDING: [&str; 3] = ["--", "/*", "\""];

/// Whether a statement finds nothing for sure. `is_empty` tells of a table, or whatever else has a name, that it has no row that the statement might read.
fn finds_nothing(sql: &str, is_empty: &dyn Fn(&str) -> bool) -> bool {
    let tokens = tokens(sql);
    if HIDING.into_iter().any(|sign| sql.contains(sign)) || tokens.iter().any(|token| is_misread(token)) {
        return false;
    }
    let (mut rest, mut named) = (&tokens[..], Vec::<(&str, bool)>::new());
    if rest.first() == Some(&"WITH") {
        rest = &rest[1..];
        while let [name, "AS", "MATERIALIZED", "(", ..] = rest {
            let end = closing(rest, 3);
            let nothing = union_is_nothing(&rest[4..end], &|table: &str| is_nothing(&named, table, is_empty));
            named.push((*name, nothing));
            rest = rest.get(end + 1..).unwrap_or_default();
            if rest.first() == Some(&",") {
                rest = &rest[1..];
            }
        }
    }
    union_is_nothing(rest, &|table: &str| is_nothing(&named, table, is_empty))
}

/// Whether a token is a word to the databases and a name here.
fn is_misread(token: &str) -> bool {
    let mut words = READ.into_iter().chain(ENDS).chain(BEYOND);
    words.any(|word| word != token && word.eq_ignore_ascii_case(token))
}

/// Whether a name stands for no rows: of a part of the WITH, or of a table.
fn is_nothing(named: &[(&str, bool)], name: &str, is_empty: &dyn Fn(&str) -> bool) -> bool {
    named.iter().find(|(part, _)| *part == name).map_or_else(|| is_empty(name), |(_, nothing)| *nothing)
}

fn union_is_nothing(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    let unions: Vec<usize> = outside(tokens).filter(|(_, token)| *token == "UNION").map(|(at, _)| at).collect();
    let starts = std::iter::once(0).chain(unions.iter().map(|at| at + 1));
    let ends = unions.iter().copied().chain([tokens.len()]);
    starts.zip(ends).all(|(start, end)| select_is_nothing(&tokens[start..end], is_empty))
}

fn select_is_nothing(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    let tokens = if tokens.first() == Some(&"ALL") { &tokens[1..] } else { tokens };
    let outer: Vec<(usize, &str)> = outside(tokens).collect();
    let has = |word: &str| outer.iter().any(|(_, token)| *token == word);
    if tokens.first() != Some(&"SELECT") || BEYOND.into_iter().any(has) {
        return false;
    }
    let is_from = |at: usize, token: &str| token == "FROM" && tokens[at - 1] != "DISTINCT";
    let Some(from) = outer.iter().find(|(at, token)| is_from(*at, token)).map(|(at, _)| *at) else { return false };
    // By no column, `GROUP BY ()` makes a row of none.
    let is_grouped = outer.iter().any(|(at, token)| *token == "GROUP" && tokens.get(at + 2).is_some_and(|first| *first != "("));
    if !is_grouped && (has("GROUP") || has("HAVING") || may_aggregate(&tokens[1..from])) {
        return false;
    }
    from_is_nothing(&tokens[from + 1..], is_empty)
}

/// Whether a select list may have an aggregate of the rows themselves: not of a window, and not within a SELECT of its own.
fn may_aggregate(list: &[&str]) -> bool {
    let mut at = 0;
    while let Some(token) = list.get(at) {
        let is_called = token.starts_with(is_of_word) && list.get(at + 1) == Some(&"(");
        if *token == "(" && list.get(at + 1) == Some(&"SELECT") {
            at = closing(list, at);
        } else if is_called && !PLAIN.contains(token) && list.get(closing(list, at + 1) + 1) != Some(&"OVER") {
            return true;
        }
        at += 1;
    }
    false
}

fn from_is_nothing(tokens: &[&str], is_empty: &dyn Fn(&str) -> bool) -> bool {
    // What comes next: a table or a SELECT, which an outer join may do without. Its condition comes before another join, or that is within it.
    let (mut is_source, mut is_outer, mut wants_condition) = (true, false, false);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let end = if *token == "(" { closing(tokens, at) } else { at };
        match *token {
            source if is_source => {
                // A function, and what lies in another schema, may have rows whatever a table of that name has.
                let is_table = !source.contains('.') && tokens.get(at + 1) != Some(&"(");
                let nothing =
                    if end > at { union_is_nothing(&tokens[at + 1..end], is_empty) } else { is_table && is_empty(source) };
                if nothing && !is_outer {
                    return true;
                }
                (is_source, wants_condition, is_outer) = (false, is_outer, false);
            }
            word if ENDS.contains(&word) => return false,
            "LEFT" | "JOIN" | "," if wants_condition => return false,
            "LEFT" => is_outer = true,
            "JOIN" | "," => is_source = true,
            "ON" => wants_condition = false,
            _ => {}
        }
        at = end + 1;
    }
    false
}

/// The tokens that are in no parentheses, with their places.
fn outside<'a>(tokens: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
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

/// Where the parenthesis closes that opens at a place; behind the last token where none does.
fn closing(tokens: &[&str], open: usize) -> usize {
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
fn tokens(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            _ if is_of_word(first) => rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

#[cfg(test)]
mod tests {
    use entity::tables::ALL;

    use super::*;
    use crate::insight::verify::checks;

    /// Whether it finds nothing where only these tables have rows.
    fn nothing(sql: &str, filled: &[&str]) -> bool {
        finds_nothing(sql, &|table| !filled.contains(&table))
    }

    #[test]
    fn a_select_from_nothing_finds_nothing() {
        let joined = "SELECT a.id, 'from (b' FROM a JOIN b ON b.id = a.id AND (b.n > 1) LEFT JOIN c ON c.id = a.id WHERE a.tenant_id = $1 ORDER BY a.id LIMIT 1";
        assert!(nothing(joined, &["b", "c"]) && nothing(joined, &["a", "c"]), "one without rows is enough");
        assert!(!nothing(joined, &["a", "b"]), "an outer join takes no row away");
        let within = "SELECT x.n FROM (SELECT n FROM a UNION ALL SELECT n FROM b WHERE n IN (SELECT n FROM c)) x GROUP BY x.n HAVING count(*) > 1";
        assert!(nothing(within, &["c"]));
        assert!(!nothing(within, &["a"]) && !nothing(within, &["b"]), "either of a union has rows");
    }

    #[test]
    fn a_name_of_with_is_as_empty_as_its_select() {
        let named = "WITH d AS MATERIALIZED (SELECT n FROM a), e AS MATERIALIZED (SELECT d.n FROM d JOIN b ON b.n = d.n) SELECT e.n FROM e WHERE e.n > 0";
        assert!(nothing(named, &["b", "d", "e"]) && nothing(named, &["a", "d", "e"]));
        assert!(!nothing(named, &["a", "b"]));
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
            assert!(!nothing(sql, &[]), "{sql}");
        }
        assert!(nothing("SELECT sum(n) OVER (ORDER BY n) - n FROM a", &[]), "a window has the rows that there are");
        assert!(nothing("SELECT (SELECT max(n) FROM b) FROM a", &["b"]));
        assert!(nothing("SELECT n, sum(n) FROM a GROUP BY n", &[]));
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
            assert!(!nothing(sql, &["b", "c"]), "{sql}");
        }
    }

    #[test]
    fn a_check_finds_nothing_without_rows_of_what_it_rests_on() {
        let is_of_schema = |name: &&str| ALL.iter().any(|table| table.name == *name);
        for check in checks::all().filter(|check| !check.rests_on.is_empty()) {
            let (sql, rests_on, invariant) = (check.broken, check.rests_on, check.invariant);
            assert!(rests_on.iter().all(is_of_schema), "{invariant}: {rests_on:?}");
            assert!(
                finds_nothing(sql, &|table| rests_on.contains(&table)),
                "{invariant}: it may find rows without any of {rests_on:?}"
            );
            for needed in rests_on {
                let is_empty = |table: &str| table != *needed && rests_on.contains(&table);
                assert!(
                    !finds_nothing(sql, &is_empty),
                    "{invariant}: it finds nothing without the others of {rests_on:?} either: leave {needed} out"
                );
            }
        }
    }

    #[test]
    fn a_check_that_names_no_table_may_always_find_something() {
        // Of the tenant, and of its counter, there always is a row.
        let is_empty = |table: &str| !["tenant", "tenant_counter"].contains(&table);
        for check in checks::all().filter(|check| check.rests_on.is_empty()) {
            assert!(!finds_nothing(check.broken, &is_empty), "{}: name tables that it rests on", check.invariant);
        }
    }

    #[test]
    fn of_a_tenant_without_goods_few_checks_are_asked() {
        let filled = ["tenant", "tenant_counter", "event", "audit_entry", "member", "role", "role_grant", "store", "channel"];
        let is_asked =
            |check: &&checks::Check| check.rests_on.is_empty() || check.rests_on.iter().any(|table| filled.contains(table));
        let asked: Vec<_> = checks::all().filter(is_asked).map(|check| check.invariant).collect();
        assert!(asked.len() <= 20 && checks::all().count() > 140, "{asked:#?}");
        for of_the_counter in ["counter: exists", "transfer: numbers", "journal: time of recording"] {
            assert!(asked.iter().any(|name| name.starts_with(of_the_counter)), "{of_the_counter}: {asked:#?}");
        }
    }

    #[test]
    fn each_check_is_asked_where_all_tables_have_rows() {
        for check in checks::all() {
            assert!(!finds_nothing(check.broken, &|_| false), "{}", check.invariant);
        }
    }
}
