//! Choosing patterns.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    clock::Clock,
    stages::Stop,
    storage::{Database, journal, once},
};

use super::{
    core::{Pattern, Patterns, Problem, Version},
    events::{NUMBER_PATTERN_SET, NumberPatternSet},
    rows,
};

/// The current patterns, with the number of the event, which is None if the pattern was set
/// already; or the reason of the refusal.
pub type SetPatternResult = Result<(Patterns, Option<i64>), Stop<Problem>>;

/// The name of a kind in events and in the audit log.
pub const fn name(kind: Numbered) -> &'static str {
    match kind {
        Numbered::Order => "ORDER",
        Numbered::Return => "RETURN",
        Numbered::PurchaseOrder => "PURCHASE_ORDER",
        Numbered::SupplierReturn => "SUPPLIER_RETURN",
        Numbered::Transfer => "TRANSFER",
        Numbered::Count => "STOCKTAKE",
        Numbered::Revaluation => "REVALUATION",
        Numbered::Reversal => "REVERSAL",
        Numbered::BlanketOrder => "BLANKET_ORDER",
    }
}

/// Sets the pattern of future numbers of a kind of document.
pub async fn set_once(
    db: &Database,
    clock: &Clock,
    permit: Permit<kind::TenantWrite>,
    (kind, pattern): (Numbered, &str),
) -> SetPatternResult {
    let pattern = Pattern::parse(pattern)?;
    let mut work = permit.scope(db).begin().await?;
    // No number is assigned until the pattern is committed: it begins with the next one.
    journal::hold(&work).await?;
    let before = rows::load_patterns(&work).await?;
    let version = match before.change(kind, pattern) {
        Ok(Some(version)) => version,
        Ok(None) => {
            work.rollback().await?;
            return Ok((before, None));
        }
        Err(problems) => {
            work.rollback().await?;
            return Err(problems.into());
        }
    };
    let now = clock.now();
    rows::insert_version(&work, &version, now).await?;
    let after = rows::load_patterns(&work).await?;
    audit::changed(&mut work, permit.tenant(), Some(&audit_fields(&before, kind)), Some(&audit_fields(&after, kind)), None);
    let Version { from, pattern, .. } = version;
    let event = NumberPatternSet { kind: name(kind).to_owned(), pattern: pattern.to_notation(), from_number: from };
    once::set_subject(&kind);
    let seq = journal::append(&mut work, vec![NUMBER_PATTERN_SET.event(&event)], now).await?;
    work.commit().await?;
    Ok((after, seq))
}

/// Returns the fields that the audit log compares.
fn audit_fields(patterns: &Patterns, kind: Numbered) -> Fields {
    let (pattern, _) = patterns.next(kind);
    Fields::default().with("numberPattern", format!("{}: {}", name(kind), pattern.to_notation()))
}
