//! A condition of a list under construction, with the values of its parameters.

use entity::prelude::StoreId;
use platform::storage::{Backend, Nested};
use sea_orm::Value;
use uuid::Uuid;

use super::column_tests::{Span, TextTest};
use crate::catalog::rows::conditions::null_test;

/// A condition under construction.
pub struct Clause {
    pub sql: String,
    pub values: Vec<Value>,
    pub(super) backend: Backend,
    first: usize,
}

impl Clause {
    pub fn new(backend: Backend, first_number: usize) -> Self {
        Self { sql: String::new(), values: Vec::new(), backend, first: first_number }
    }
    /// Returns the number of the next parameter.
    pub fn next(&self) -> usize {
        self.first + self.values.len()
    }
    /// Stores a value and returns its parameter's number.
    pub fn bind(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.next() - 1
    }
    pub fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }
    pub fn backend(&self) -> Backend {
        self.backend
    }
    /// Adds the conditions of filters inside filters. `push_tests` writes those of one, each beginning with
    /// ` AND `.
    pub fn nested<T>(&mut self, tests: &Nested<T>, push_tests: impl Fn(&mut Self, &T)) {
        let backend = self.backend;
        let (sql, values) = tests.conditions(self.next(), &|tests: &T, next_number| {
            let mut clause = Self::new(backend, next_number);
            push_tests(&mut clause, tests);
            (clause.sql, clause.values)
        });
        self.push(&sql);
        self.values.extend(values);
    }

    /// Adds a condition that a column is one of these IDs.
    pub fn ids(&mut self, column: &str, ids: &[Uuid]) {
        // One id is by far the most frequent, and its equality lets a sort walk the index.
        if let [id] = ids {
            let number = self.bind(*id);
            self.push(&format!("{column} = ${number}"));
            return;
        }
        let value = self.backend.ids(ids.iter().map(|id| StoreId::from_uuid(*id)));
        let number = self.bind(value);
        self.push(&self.backend.in_ids(column, number));
    }

    /// Adds the condition that a text passes the test; never NULL.
    pub fn text(&mut self, column: &str, test: &TextTest) {
        self.push(&null_test(column, *test == TextTest::IsNull(true)));
        if !matches!(test, TextTest::IsNull(_)) {
            self.push(" AND ");
        }
        match test {
            TextTest::IsNull(_) => {}
            TextTest::In(texts) => {
                let number = self.bind(self.backend.texts(texts.iter().map(String::as_str)));
                self.push(&self.backend.in_texts(column, number));
            }
            TextTest::StartsWith(prefix) => {
                // Both databases compare by bytes, so the lower bound can use an index; the second
                // condition is exact.
                let number = self.bind(prefix.as_str());
                let length = prefix.chars().count();
                self.push(&format!("{column} >= ${number} AND substr({column}, 1, {length}) = ${number}"));
            }
            TextTest::Contains(part) => {
                let number = self.bind(part.as_str());
                let finder = match self.backend {
                    Backend::Postgres => "strpos",
                    Backend::Sqlite => "instr",
                };
                self.push(&format!("{finder}({column}, ${number}) > 0"));
            }
        }
    }

    /// Adds the condition that a time is within the span.
    pub fn span(&mut self, column: &str, span: Span) {
        let mut parts = vec!["TRUE".to_owned()];
        if let Some(from) = span.from {
            parts.push(format!("{column} >= ${}", self.bind(from.micros())));
        }
        if let Some(before) = span.before {
            parts.push(format!("{column} < ${}", self.bind(before.micros())));
        }
        self.push(&parts.join(" AND "));
    }
}
