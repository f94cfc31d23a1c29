//! Counts of a list's nodes: their limits and precision, and those that begin with a page.

use async_graphql::{Context, Enum, SimpleObject};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use platform::{
    paging::{ListSource, PageRequest},
    slow,
    storage::{Fault, TenantScope},
    traces,
};
use tokio::task::JoinSet;

use crate::fault::{Answer, TopError};

/// Number of nodes of a list, counted up to a limit.
#[derive(Debug, Clone, SimpleObject)]
pub struct Count {
    /// Number of nodes, from 0 to the limit of the count.
    pub count: i32,
    /// Precision of the count: exact, or a lower bound where there may be more nodes.
    pub precision: CountPrecision,
}

/// Precision of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountPrecision {
    /// Exactly so many.
    Exact,
    /// The number is a lower bound: counting stopped at the limit.
    AtLeast,
}

/// Converts a count of up to one more than `limit` into the form that clients see.
pub fn capped_count(number: i64, limit: i64) -> Count {
    let precision = if number > limit { CountPrecision::AtLeast } else { CountPrecision::Exact };
    Count { count: i32::try_from(number.min(limit)).unwrap_or(i32::MAX), precision }
}

/// Default of the `limit` of `totalCount`; the fields of every page take it from here.
pub const COUNTED_BY_DEFAULT: i32 = 1_000;
/// Maximum of the limit of `totalCount`.
const MAX_COUNTED: i32 = 100_000;
/// A number of nodes that is larger than any limit of `totalCount`.
pub(super) const UNLIMITED_COUNT: usize = 100_001;

/// Checks the limit of a `totalCount`; one that is out of range is refused.
pub fn checked_limit(limit: i32) -> Answer<i64> {
    if (1..=MAX_COUNTED).contains(&limit) {
        return Ok(limit.into());
    }
    Err(TopError::bad_input(format!("limit must lie between 1 and {MAX_COUNTED}"), vec!["limit".to_owned()]))
}

/// A count that was begun with its page.
pub type PendingCount = Shared<BoxFuture<'static, Result<i64, Fault>>>;

/// Begins to count the nodes of a list up to the default limit of `totalCount`; `None` if that is not selected, or if the page may be the whole list,
/// whose nodes are counted then. A page after or before a cursor never is the whole list, so the count is always needed: it runs at the same time as
/// the page, in a task of its own, so that neither the page nor its nodes' fields wait for it. The task ends with the answer that the count is for.
pub fn begin_count(ctx: &Context<'_>, scope: &TenantScope, source: &ListSource, request: &PageRequest) -> Option<PendingCount> {
    let has_cursor = request.after.is_some() || request.before.is_some();
    if !has_cursor || !is_counted_by_default(ctx) {
        return None;
    }
    let (scope, source, mut task) = (scope.clone(), source.clone(), JoinSet::new());
    let count = async move { source.count(&scope, COUNTED_BY_DEFAULT.into()).await };
    task.spawn(traces::carry_trace(slow::carry_operation(count)));
    let pending_count = async move {
        let count_result = task.join_next().await.and_then(Result::ok);
        count_result.unwrap_or_else(|| Err(Fault::Broken("a count ended without a result".to_owned())))
    };
    Some(pending_count.boxed().shared())
}

/// Whether `totalCount` of the list is selected without an argument.
fn is_counted_by_default(ctx: &Context<'_>) -> bool {
    let selected = ctx.look_ahead().field("totalCount").selection_fields();
    selected.iter().any(|field| field.arguments().is_ok_and(|field_arguments| field_arguments.is_empty()))
}
