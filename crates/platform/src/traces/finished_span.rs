//! A finished span, ready for export.

use std::time::Duration;

use entity::prelude::Timestamp;

use super::{attributes::AttributeValue, context::TraceContext};

/// Relation of a span to the outside of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    Internal,
    /// Answers a request.
    Server,
    /// Waits for an answer.
    Client,
    /// Works on a queued item.
    Consumer,
}

/// A finished span, ready for export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedSpan {
    pub context: TraceContext,
    pub parent: Option<u64>,
    pub name: &'static str,
    pub kind: SpanKind,
    pub start: Timestamp,
    pub took: Duration,
    pub attributes: Vec<(&'static str, AttributeValue)>,
    pub links: Vec<TraceContext>,
    pub has_failed: bool,
}
