//! Conditions under construction, with the values of their parameters.

use platform::storage::Backend;
use sea_orm::Value;

/// A condition under construction: its text, and the values of its parameters, of which the first
/// is `$first`.
#[derive(Debug, Clone)]
pub struct Clause {
    pub sql: String,
    pub values: Vec<Value>,
    pub(super) backend: Backend,
    pub(super) first: usize,
}

impl Clause {
    /// Parameters of raw statements begin at 2: the tenant is `$1`.
    pub fn new(backend: Backend) -> Self {
        Self::numbered_from(backend, 2)
    }
    /// Like `new`, with parameters numbered from `first`.
    pub fn numbered_from(backend: Backend, first_number: usize) -> Self {
        Self { sql: String::new(), values: Vec::new(), backend, first: first_number }
    }
    /// Stores a value and returns the number of its parameter.
    pub fn number(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.first + self.values.len() - 1
    }
    /// Stores a value and returns its parameter as written in SQL.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        format!("${}", self.number(value))
    }
    /// The number that the next parameter will have.
    pub fn next(&self) -> usize {
        self.first + self.values.len()
    }
    pub fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }
    pub fn backend(&self) -> Backend {
        self.backend
    }
}
