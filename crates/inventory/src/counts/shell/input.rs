//! Callers' input: counts and their steps.

use entity::prelude::*;
use serde::Serialize;

use crate::{
    counts::core::{BookVisibility, UncountedLines},
    ledger::{LotRef, ProductRef, StoreRef},
};

/// The most lines that are recorded in one call.
pub const MAX_LINES: usize = 500;
/// The most products of a LIST.
pub const MAX_PRODUCTS: usize = 2_000;

/// A new count. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct CountCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: CountKind,
    pub store: StoreRef,
    pub category: Option<CategoryId>,
    pub class: Option<AbcClass>,
    pub products: Vec<ProductRef>,
    #[serde(serialize_with = "serialize_visibility")]
    pub sight: BookVisibility,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Whether it is started at once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub start: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn serialize_visibility<S: serde::Serializer>(visibility: &BookVisibility, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*visibility == BookVisibility::Blind)
}

/// A step that needs no more than the count, and optionally a note.
#[derive(Debug, Clone, Serialize)]
pub struct CountAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
}

/// Input of a call that records tallies.
#[derive(Debug, Clone, Serialize)]
pub struct CountRecord {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    pub counted_at: Option<Timestamp>,
    pub lines: Vec<CountedLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CountedLine {
    pub product: ProductRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
    pub counted: Quantity,
    pub note: Option<String>,
}

/// Submits a count.
#[derive(Debug, Clone, Serialize)]
pub struct CountSubmit {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(serialize_with = "serialize_uncounted")]
    pub on_uncounted: UncountedLines,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn serialize_uncounted<S: serde::Serializer>(uncounted: &UncountedLines, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*uncounted == UncountedLines::Leave)
}

/// Lines to count again; None for all with a difference.
#[derive(Debug, Clone, Serialize)]
pub struct CountRecount {
    #[serde(skip)]
    pub idempotency_key: String,
    pub count: CountId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub products: Option<Vec<ProductRef>>,
}
