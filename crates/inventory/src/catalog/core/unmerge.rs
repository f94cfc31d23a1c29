//! Undoing a merge. Rows that it moved are moved back if they have not changed since; all newer
//! ones stay with the row that the other was merged into.

use entity::{
    id::Kind,
    prelude::{CustomerId, Id, Timestamp},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    merge::Mergeable,
    rejection::{Problem, Rejection, UnmergeRefusal},
};

/// Days within which a merge can be undone.
pub const UNMERGE_DAYS: i64 = 30;

/// Request to undo a merge, with the expected versions of both rows.
#[derive(Debug, Clone, Serialize)]
#[serde(bound(serialize = ""))]
pub struct UnmergeRequest<K: Kind> {
    #[serde(skip)]
    pub idempotency_key: String,
    /// The merged row.
    pub id: Id<K>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(skip)]
    pub into_expected_version: Option<i64>,
}

/// A merge that is not undone, as it was recorded.
#[derive(Debug, Clone)]
pub struct MergeRecord<K: Kind> {
    pub id: Uuid,
    pub into: Id<K>,
    pub merged_at: Timestamp,
    /// JSON: the rows that it moved.
    pub moved: String,
}

/// Customers that a merge moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomersMoved {
    /// Customers that had been merged into the one before, and followed it.
    pub turned: Vec<CustomerId>,
}

/// Returns the problems of undoing the merge that the two rows and its record alone show.
pub fn check<K: Kind, R: Mergeable>(
    request: &UnmergeRequest<K>,
    record: Option<&MergeRecord<K>>,
    (merged, into): (Option<&R>, Option<&R>),
    now: Timestamp,
) -> Vec<Problem> {
    let Some(merged) = merged else { return vec![Problem::at("id", Rejection::Missing(R::SUBJECT))] };
    let refusal = |reason: UnmergeRefusal| Rejection::Unmerge(R::SUBJECT, reason);
    let mut problems = Vec::new();
    if request.expected_version.is_some_and(|expected| expected != merged.version()) {
        problems.push(Problem::at("expectedVersion", Rejection::Stale { actual: merged.version() }));
    }
    let Some(current) = merged.merged_into() else {
        problems.push(Problem::at("id", refusal(UnmergeRefusal::NotMerged)));
        return problems;
    };
    let (Some(record), Some(into)) = (record, into) else {
        problems.push(Problem::at("id", refusal(UnmergeRefusal::Unkept)));
        return problems;
    };
    if record.into.to_string() != current {
        problems.push(Problem::at("id", refusal(UnmergeRefusal::MergedOn { first: record.into.to_string(), into: current })));
        return problems;
    }
    if request.into_expected_version.is_some_and(|expected| expected != into.version()) {
        problems.push(Problem::at("intoExpectedVersion", Rejection::Stale { actual: into.version() }));
    }
    if merged.is_erased() || into.is_erased() {
        problems.push(Problem::at("id", refusal(UnmergeRefusal::Erased)));
    } else if record.merged_at.plus_seconds(UNMERGE_DAYS * 86_400) < now {
        problems.push(Problem::at("id", refusal(UnmergeRefusal::LongAgo { days: UNMERGE_DAYS })));
    }
    problems
}
