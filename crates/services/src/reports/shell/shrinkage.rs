//! Stock that is gone, by reason, and how well books agree with counts.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{paging::Key, storage::Database};
use uuid::Uuid;

use super::within::{Ranked, ReportSource, exact, most, of_costs, of_documents, ranked, within};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{CountedLines, StockLoss},
        rows::{self, CountGroup, LossGroup, Narrow},
    },
};

/// What a row of losses is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKey {
    /// Counts: they find what is gone, and not why.
    Count,
    Reason(ReasonCode),
    Product(ProductId),
    Store(StoreId),
}

/// Groups by the units that are gone net of gains, the most first.
#[derive(Debug, Clone)]
pub struct Shrinkage {
    pub source: ReportSource,
    pub totals: StockLoss,
    pub rows: Vec<Ranked<(LossKey, StockLoss)>>,
}

/// Removals, adjustments, counts and discrepancies in the stores that the permit is for.
pub async fn shrinkage(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    narrow: Narrow,
    group: LossGroup,
) -> Result<Shrinkage, ReportError> {
    let scope = permit.scope(db).long();
    let narrow = within(&permit, narrow);
    let (source, method) = of_costs(db, &scope, narrow.span).await?;
    let (mut totals, mut groups) = (StockLoss::default(), BTreeMap::<LossKey, StockLoss>::new());
    for loss in rows::losses(&scope, &narrow, method).await? {
        totals.join(&loss.sums);
        let key = match group {
            LossGroup::Reason if loss.is_count => LossKey::Count,
            LossGroup::Reason => LossKey::Reason(loss.reason),
            LossGroup::Product => LossKey::Product(loss.product),
            LossGroup::Store => LossKey::Store(loss.store),
        };
        groups.entry(key).or_default().join(&loss.sums);
    }
    for sum in [totals.lost_units, totals.found_units, totals.lost_value, totals.found_value] {
        exact(sum)?;
    }
    let mut found = Vec::with_capacity(groups.len());
    for (key, sums) in groups {
        let id = match key {
            LossKey::Count => Key::Text("COUNT".to_owned()),
            LossKey::Reason(reason) => Key::Text(reason.as_str().to_owned()),
            LossKey::Product(product) => product.into(),
            LossKey::Store(store) => store.into(),
        };
        found.push(((key, sums), vec![most(exact(sums.net_units())?), id]));
    }
    Ok(Shrinkage { source, totals, rows: ranked(found) })
}

/// Groups by the lines that were off, the most first. None is the group of what belongs to no category.
#[derive(Debug, Clone)]
pub struct CountAccuracy {
    pub source: ReportSource,
    pub totals: CountedLines,
    pub rows: Vec<Ranked<(Option<Uuid>, CountedLines)>>,
}

/// Lines of completed counts in the stores that the permit is for.
pub async fn count_accuracy(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    narrow: Narrow,
    (group, tolerance): (CountGroup, i64),
) -> Result<CountAccuracy, ReportError> {
    let scope = permit.scope(db).long();
    let narrow = within(&permit, narrow);
    let source = of_documents(&scope, narrow.span).await?;
    let mut totals = CountedLines::default();
    let mut found = Vec::new();
    for (key, lines) in rows::counted(&scope, &narrow, group, tolerance).await? {
        totals.join(&lines);
        found.push(((key, lines), vec![most(lines.lines - lines.accurate), Key::Id(key.unwrap_or_default())]));
    }
    exact(totals.book)?;
    exact(totals.counted)?;
    Ok(CountAccuracy { source, totals, rows: ranked(found) })
}
