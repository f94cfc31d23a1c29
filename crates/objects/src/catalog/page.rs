//! Pages and sort directions that all lists of the catalogue share.

use async_graphql::Enum;
use platform::paging::{CursorSigner, Key, PageRequest};

use crate::graphql::{
    connection::{Page, PageArgs},
    fault::{Answer, TopError},
    scalars::Cursor,
};

pub use crate::graphql::connection::{Count, CountPrecision, capped_count};

/// The largest page.
pub const MAX_PAGE: u32 = 250;

/// Direction in which a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// The smallest, the earliest, A first.
    Asc,
    /// The largest, the latest, Z first.
    Desc,
}

/// Counting further than this costs more than the figure is worth.
const MAX_COUNT: i32 = 1_000_000;

/// Checks the limit of a count.
pub fn count_limit(limit: i32) -> Answer<i64> {
    if (1..=MAX_COUNT).contains(&limit) {
        return Ok(i64::from(limit));
    }
    Err(TopError::bad_input(format!("limit must lie between 1 and {MAX_COUNT}"), vec!["limit".to_owned()]))
}

/// The unchecked page arguments of a list.
pub fn page_args(first: Option<i32>, after: Option<Cursor>, last: Option<i32>, before: Option<Cursor>) -> PageArgs {
    PageArgs { first, after, last, before }
}

/// Wraps rows of a page, each with its keys.
pub fn build_page<R, T>(
    rows: Vec<R>,
    request: &PageRequest,
    kind: &str,
    signer: &CursorSigner,
    to_node: impl Fn(R) -> (T, Vec<Key>),
) -> Page<T> {
    Page::build(rows.into_iter().map(to_node).collect(), request, kind, signer)
}
