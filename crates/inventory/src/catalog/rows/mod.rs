//! The catalogue's queries. Small nouns are read into their entities, products into `ProductRow`.

pub mod product_context;
pub mod category;
pub mod conditions;
mod customer_names;
mod kept;
pub mod keys;
pub mod customer;
pub mod customers;
pub mod email_index;
pub mod families;
pub mod filter;
pub mod history_key;
pub mod kit;
pub mod leaves;
pub mod life;
pub mod local_days;
pub mod named;
pub mod node_tags;
pub mod entity_filter;
pub mod merge;
pub mod page;
pub mod parties;
pub mod product;
pub mod search;
pub mod small;
pub mod stocked;
pub mod stores;
pub mod suppliers;
pub mod terms;
mod typos;
pub mod unmerge;
pub mod uses;

use platform::storage::Backend;
use sea_orm::Value;

pub use page::{ProductSort, ResolvedFilter, page};

/// A condition under construction: its text, and the values of its parameters, the first of which is `$first`.
#[derive(Debug, Clone)]
pub struct Clause {
    pub sql: String,
    pub values: Vec<Value>,
    backend: Backend,
    first: usize,
}

impl Clause {
    /// Parameters of raw statements begin at 2: the tenant is `$1`.
    pub fn new(backend: Backend) -> Self {
        Self::numbered(backend, 2)
    }
    /// Like `new`, with parameters numbered from `first`.
    pub fn numbered(backend: Backend, first: usize) -> Self {
        Self { sql: String::new(), values: Vec::new(), backend, first }
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
