//! Tables of a statement that are bound to one tenant: by `tenant_id = $n`, by a join with a table
//! that is, or by a column of an insert.

use std::collections::{BTreeMap, BTreeSet};

/// A table whose rows are tenants: its key is what `tenant_id` is elsewhere.
const TENANT: &str = "tenant";

/// Words after a table that are not its alias.
const NO_ALIAS: [&str; 37] = [
    "WHERE",
    "ON",
    "JOIN",
    "LEFT",
    "RIGHT",
    "INNER",
    "CROSS",
    "FULL",
    "NATURAL",
    "USING",
    "SET",
    "GROUP",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SELECT",
    "VALUES",
    "RETURNING",
    "FOR",
    "HAVING",
    "INDEXED",
    "NOT",
    "OFFSET",
    "FROM",
    "AS",
    "DEFAULT",
    "WINDOW",
    "AND",
    "DO",
    "TABLESAMPLE",
    "OVERRIDING",
    "CONFLICT",
    "WITH",
    "ONLY",
    "LATERAL",
];

/// A table of a tenant, or `tenant`, where a statement names it.
struct Named {
    table: String,
    alias: String,
    /// Whether an insert names its tenant among its columns.
    is_inserted: bool,
}

/// A SELECT, or another statement, within a statement.
#[derive(Default)]
struct Scope {
    parent: Option<usize>,
    /// Names of tables; None is a subquery, an array or a table of no tenant.
    names: BTreeMap<String, Option<usize>>,
}

struct Reader<'a> {
    tokens: Vec<String>,
    /// The scope of each token.
    scope_of: Vec<usize>,
    scopes: Vec<Scope>,
    named: Vec<Named>,
    tables: &'a BTreeSet<&'static str>,
    /// Names that WITH gives.
    queries: BTreeSet<String>,
}

/// The tables of tenants in `sql` that no tenant binds, each with the name that the statement gives it.
pub fn unbound(sql: &str, tables: &BTreeSet<&'static str>) -> Vec<String> {
    let tokens = tokens(sql);
    let queries = queries(&tokens);
    let scope_of = vec![0; tokens.len()];
    let mut reader = Reader { tokens, scope_of, scopes: vec![Scope::default()], named: Vec::new(), tables, queries };
    reader.read();
    reader.unbound()
}

/// Words, parameters and signs, without casts, quotes and the contents of texts.
fn tokens(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
            ':' if rest.starts_with("::") => 2,
            '$' | '?' => 1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count(),
            _ if is_word(first) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        found.push(token.trim_matches('"').to_owned());
        rest = after.trim_start();
    }
    let mut kept = Vec::new();
    let mut all = found.into_iter();
    while let Some(token) = all.next() {
        if token == "::" {
            all.next();
        } else {
            kept.push(token);
        }
    }
    kept
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !NO_ALIAS.contains(&token)
}

fn is_parameter(token: &str) -> bool {
    token.starts_with(['$', '?'])
}

/// The names of `name AS (` and `name (columns) AS (`.
fn queries(tokens: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| *token == "AS") {
        let mut after = tokens[at + 1..].iter().skip_while(|token| ["NOT", "MATERIALIZED"].contains(&token.as_str()));
        if after.next().is_none_or(|next| next != "(") {
            continue;
        }
        let before = match at.checked_sub(1).map(|before| tokens[before].as_str()) {
            Some(")") => tokens[..at].iter().rposition(|token| token == "(").and_then(|open| open.checked_sub(1)),
            _ => at.checked_sub(1),
        };
        found.extend(before.map(|before| tokens[before].clone()));
    }
    found
}

/// An open parenthesis while a statement is read, and whether it is a scope of its own.
struct Open {
    is_scope: bool,
    is_from: bool,
}

impl Reader<'_> {
    fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", String::as_str)
    }

    /// Finds scopes and tables.
    fn read(&mut self) {
        let (mut stack, mut open, mut is_from) = (vec![0], Vec::<Open>::new(), false);
        for at in 0..self.tokens.len() {
            let current = *stack.last().unwrap();
            self.scope_of[at] = current;
            let token = self.tokens[at].clone();
            match token.as_str() {
                "(" => {
                    let is_scope = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES"].contains(&self.token(at + 1));
                    open.push(Open { is_scope, is_from });
                    let follows = at > 0 && ["FROM", "JOIN", ",", "("].contains(&self.token(at - 1));
                    is_from = is_from && follows && !is_scope;
                    if is_scope {
                        self.scopes.push(Scope { parent: Some(current), ..Scope::default() });
                        stack.push(self.scopes.len() - 1);
                    } else if is_from {
                        self.table(at, current);
                    }
                    continue;
                }
                ")" => {
                    let Some(closed) = open.pop() else { continue };
                    is_from = closed.is_from;
                    if closed.is_scope {
                        stack.pop();
                        let alias = at + 1 + usize::from(self.token(at + 1) == "AS");
                        let (name, scope) = (self.token(alias).to_owned(), *stack.last().unwrap());
                        if is_name(&name) {
                            self.scopes[scope].names.entry(name).or_default();
                        }
                    }
                    continue;
                }
                "UNION" | "EXCEPT" | "INTERSECT" => {
                    let parent = self.scopes[current].parent;
                    self.scopes.push(Scope { parent, ..Scope::default() });
                    *stack.last_mut().unwrap() = self.scopes.len() - 1;
                    is_from = false;
                }
                "FROM" | "JOIN" | "UPDATE" | "USING" => is_from = true,
                "INTO" | "WHERE" | "SET" | "ON" | "GROUP" | "ORDER" | "SELECT" | "RETURNING" | "VALUES" | "HAVING" | "LIMIT" => {
                    is_from = false;
                }
                _ => {}
            }
            if is_from && ["FROM", "JOIN", "UPDATE", "USING", ","].contains(&token.as_str()) || token == "INTO" {
                self.table(at, *stack.last().unwrap());
            }
        }
    }

    /// Takes the table that follows a token.
    fn table(&mut self, at: usize, scope: usize) {
        let first = at + 1 + usize::from(self.token(at + 1) == "ONLY");
        let table = self.token(first).to_owned();
        if !is_name(&table) {
            return;
        }
        let next = first + 1 + usize::from(self.token(first + 1) == "AS");
        let alias = if is_name(self.token(next)) { self.token(next).to_owned() } else { table.clone() };
        let is_tenants = (self.tables.contains(table.as_str()) || table == TENANT) && !self.queries.contains(&table);
        if !is_tenants {
            self.scopes[scope].names.entry(alias).or_default();
            return;
        }
        let columns = if self.token(next) == "(" { next } else { next + 1 };
        let is_inserted = self.token(at) == "INTO"
            && self.token(columns) == "("
            && self.tokens[columns..].iter().take_while(|token| *token != ")").any(|token| token == "tenant_id");
        self.scopes[scope].names.insert(alias.clone(), Some(self.named.len()));
        self.named.push(Named { table, alias, is_inserted });
    }

    /// Table of an alias; None if it is anything else, whose own tables are checked where they are
    /// named.
    fn resolved(&self, at: usize, alias: &str) -> Option<usize> {
        let mut scope = Some(self.scope_of[at]);
        while let Some(index) = scope {
            if let Some(found) = self.scopes[index].names.get(alias) {
                return *found;
            }
            scope = self.scopes[index].parent;
        }
        None
    }

    /// The tables that a `tenant_id` without a table may be of.
    fn own(&self, at: usize) -> Vec<Option<usize>> {
        let mut scope = Some(self.scope_of[at]);
        while let Some(index) = scope {
            let names = self.scopes[index].names.values();
            let found: Vec<_> = names.filter(|name| name.is_some_and(|name| self.named[name].table != TENANT)).copied().collect();
            if !found.is_empty() {
                return found;
            }
            scope = self.scopes[index].parent;
        }
        Vec::new()
    }

    /// Returns the tables whose tenants the term at a token is; None among them is a parameter.
    fn term(&self, at: usize) -> Vec<Option<usize>> {
        match (self.token(at), self.token(at + 1), self.token(at + 2)) {
            (parameter, _, _) if is_parameter(parameter) => vec![None],
            ("(" | "+", _, _) => self.term(at + 1),
            ("tenant_id", _, _) => self.own(at),
            (alias, ".", "tenant_id") => vec![self.resolved(at, alias)],
            (alias, ".", "id") => self.tenant(at, alias),
            _ => Vec::new(),
        }
    }

    /// Returns the same tables for a term that ends at a token.
    fn term_before(&self, at: usize) -> Vec<Option<usize>> {
        let (alias, dot) = (at.checked_sub(2), at.checked_sub(1).map_or("", |dot| self.token(dot)));
        match (self.token(at), dot, alias) {
            (parameter, _, _) if is_parameter(parameter) => vec![None],
            (")", _, _) => {
                let mut depth = 0;
                let opened = (0..=at).rev().find(|index| {
                    depth += match self.token(*index) {
                        ")" => 1,
                        "(" => -1,
                        _ => 0,
                    };
                    depth == 0
                });
                opened.map_or_else(Vec::new, |opened| self.term(opened + 1))
            }
            ("tenant_id", ".", Some(alias)) => vec![self.resolved(at, self.token(alias))],
            ("tenant_id", _, _) => self.own(at),
            ("id", ".", Some(alias)) => self.tenant(at, self.token(alias)),
            _ => Vec::new(),
        }
    }

    fn tenant(&self, at: usize, alias: &str) -> Vec<Option<usize>> {
        let table = self.resolved(at, alias).filter(|table| self.named[*table].table == TENANT);
        table.map_or_else(Vec::new, |table| vec![Some(table)])
    }

    fn unbound(&self) -> Vec<String> {
        // Tables that have the same tenant have the same number; the last is that of a parameter.
        let mut groups: Vec<usize> = (0..=self.named.len()).collect();
        for at in 1..self.tokens.len() {
            let same = match self.token(at) {
                "=" => pair(self.term_before(at - 1), self.term(at + 1)),
                "IN" if self.token(at + 1) == "(" && self.token(at + 2) == "SELECT" => {
                    pair(self.term_before(at - 1), self.term(at + 3))
                }
                "USING" if self.token(at + 1) == "(" => {
                    let mut columns = self.tokens[at + 1..].iter().take_while(|token| *token != ")");
                    if columns.any(|token| token == "tenant_id") { self.own(at) } else { Vec::new() }
                }
                _ => Vec::new(),
            };
            join(&mut groups, &same);
        }
        let bound = groups[self.named.len()];
        let is_unbound =
            |(index, named): &(usize, &Named)| groups[*index] != bound && !named.is_inserted && named.table != TENANT;
        let named = self.named.iter().enumerate().filter(is_unbound);
        named.map(|(_, named)| format!("{} {}", named.table, named.alias)).collect()
    }
}

/// Both sides of a comparison, if each is a `tenant_id`.
fn pair(left: Vec<Option<usize>>, right: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let is_known = !left.is_empty() && !right.is_empty();
    if is_known { left.into_iter().chain(right).collect() } else { Vec::new() }
}

fn join(groups: &mut [usize], same: &[Option<usize>]) {
    let last = groups.len() - 1;
    let Some(first) = same.first().map(|first| groups[first.unwrap_or(last)]) else { return };
    for one in same {
        let group = groups[one.unwrap_or(last)];
        groups.iter_mut().filter(|other| **other == group).for_each(|other| *other = first);
    }
}

#[test]
fn a_table_is_bound_by_a_parameter_or_by_a_table_that_is() {
    let tables = BTreeSet::from(["sales_order", "order_line", "job", "member"]);
    let found = |sql| unbound(sql, &tables).join(", ");
    for bound in [
        "SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.id = $2",
        "SELECT 1 FROM \"sales_order\" WHERE \"sales_order\".\"tenant_id\" = ? AND \"id\" IN (?, ?)",
        "SELECT l.position FROM order_line l JOIN sales_order o ON o.tenant_id = l.tenant_id WHERE l.tenant_id = $1::uuid",
        "SELECT 1 FROM sales_order o, order_line l WHERE (l.tenant_id, l.order_id) = (o.tenant_id, o.id) AND $1 = o.tenant_id",
        "DELETE FROM job AS t USING (SELECT unnest($2::uuid[]) AS id) AS v WHERE t.tenant_id = $1 AND t.id = v.id",
        "INSERT INTO job (tenant_id, id) SELECT $1::uuid, v.id FROM (SELECT unnest($2::uuid[]) AS id) AS v",
        "WITH v (id) AS (VALUES (?), (?)) DELETE FROM job WHERE (id) IN (SELECT * FROM v) AND tenant_id = ?",
        "SELECT m.id FROM tenant t JOIN member m ON m.tenant_id = t.id WHERE t.id = $1",
        "WITH late AS (SELECT j.tenant_id FROM job j WHERE j.tenant_id = $1) SELECT 1 FROM late",
    ] {
        assert_eq!(found(bound), "", "{bound}");
    }
    for (loose, tables) in [
        ("SELECT o.id FROM sales_order o WHERE o.id = $1", "sales_order o"),
        ("SELECT id FROM job WHERE tenant_id > $1", "job job"),
        ("SELECT id FROM job WHERE tenant_id = ANY ($1)", "job job"),
        ("SELECT 1 FROM sales_order o JOIN order_line l ON l.order_id = o.id WHERE o.tenant_id = $1", "order_line l"),
        ("SELECT 1 FROM sales_order o WHERE o.tenant_id = $1 UNION SELECT 1 FROM job o WHERE o.id = $2", "job o"),
        ("SELECT m.id FROM tenant t JOIN member m ON m.tenant_id = t.id WHERE m.user_id = $1", "member m"),
        ("UPDATE job SET beat = 1 WHERE owner = 'tenant_id = $1'", "job job"),
    ] {
        assert_eq!(found(loose), tables, "{loose}");
    }
}
