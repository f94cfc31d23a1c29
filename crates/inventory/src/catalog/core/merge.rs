//! Merging one row into another. The merged row stays and refers to its survivor; new rows cannot
//! refer to it.

use entity::{
    id::Kind,
    prelude::{Id, Timestamp},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    customer::CustomerRow,
    rejection::{Problem, Rejection, Subject},
    supplier::SupplierRow,
    verdict::Versioned,
};

/// The most rows that are merged into one.
pub const MAX_MERGED: usize = 100;

/// Request to merge one row into another, with the expected versions of both.
#[derive(Debug, Clone, Serialize)]
#[serde(bound(serialize = ""))]
pub struct MergeRequest<K: Kind> {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: Id<K>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub into: Id<K>,
    #[serde(skip)]
    pub into_expected_version: Option<i64>,
    /// Merge although the two rows have different tax numbers.
    pub other_tax_ids: bool,
}

/// A row that can be merged into another of its kind.
pub trait Mergeable: Versioned {
    /// Subject that the rejection names if the row is missing.
    const SUBJECT: Subject;

    /// Returns the ID of the survivor, if the row is merged.
    fn merged_into(&self) -> Option<String>;
    fn archived_at(&self) -> Option<Timestamp>;
    /// JSON: a list.
    fn tax_ids(&self) -> &str;
    /// Whether nothing is left that tells who it is.
    fn is_erased(&self) -> bool;
}

impl Mergeable for CustomerRow {
    const SUBJECT: Subject = Subject::Customer;

    fn merged_into(&self) -> Option<String> {
        self.merged_into.map(|id| id.to_string())
    }
    fn archived_at(&self) -> Option<Timestamp> {
        self.archived_at
    }
    fn tax_ids(&self) -> &str {
        self.particulars.tax_ids.as_deref().unwrap_or("[]")
    }
    fn is_erased(&self) -> bool {
        !self.is_known()
    }
}

impl Mergeable for SupplierRow {
    const SUBJECT: Subject = Subject::Supplier;

    fn merged_into(&self) -> Option<String> {
        self.merged_into.map(|id| id.to_string())
    }
    fn archived_at(&self) -> Option<Timestamp> {
        self.archived_at
    }
    fn tax_ids(&self) -> &str {
        &self.tax_ids
    }
    /// Companies are archived; they are not erased.
    fn is_erased(&self) -> bool {
        false
    }
}

/// Returns the problems of a merge that the two rows alone show.
pub fn check<K: Kind, R: Mergeable>(request: &MergeRequest<K>, merged: Option<&R>, into: Option<&R>) -> Vec<Problem> {
    if request.id == request.into {
        return vec![Problem::at("intoId", Rejection::IntoItself)];
    }
    let sides = [
        (merged, "id", request.expected_version, "expectedVersion"),
        (into, "intoId", request.into_expected_version, "intoExpectedVersion"),
    ];
    let mut problems = Vec::new();
    for (row, at, expected, version_at) in sides {
        let Some(row) = row else {
            problems.push(Problem::at(at, Rejection::Missing(R::SUBJECT)));
            continue;
        };
        if expected.is_some_and(|expected| expected != row.version()) {
            problems.push(Problem::at(version_at, Rejection::Stale { actual: row.version() }));
        }
        if let Some(into) = row.merged_into() {
            problems.push(Problem::at(at, Rejection::MergedInto { what: R::SUBJECT, into }));
        } else if let Some(since) = row.archived_at() {
            problems.push(Problem::at(at, Rejection::ArchivedSince { what: R::SUBJECT, since }));
        }
    }
    if let (Some(merged), Some(into)) = (merged, into)
        && !request.other_tax_ids
        && have_disjoint_tax_ids(merged.tax_ids(), into.tax_ids())
    {
        problems.push(Problem::at("accept", Rejection::OtherTaxIds));
    }
    problems
}

/// True if both lists have tax numbers and share none.
fn have_disjoint_tax_ids(one: &str, other: &str) -> bool {
    let tax_numbers = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap_or_default();
    let (one, other) = (tax_numbers(one), tax_numbers(other));
    !one.is_empty() && !other.is_empty() && !one.iter().any(|number| other.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_numbers_differ_where_both_have_some_and_none_in_common() {
        let (gb, de) = (r#"[{"number":"GB1"}]"#, r#"[{"number":"DE2"}]"#);
        let both = r#"[{"number":"DE2"},{"number":"GB1"}]"#;
        assert!(have_disjoint_tax_ids(gb, de));
        for (one, other) in [(gb, gb), (gb, both), (both, de), (gb, "[]"), ("[]", de), ("[]", "[]")] {
            assert!(!have_disjoint_tax_ids(one, other), "{one} {other}");
        }
    }
}
