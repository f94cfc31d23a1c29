//! Stock that is gone, by reason, and how well books agree with counts.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, Fault, TenantScope},
};
use uuid::Uuid;

use super::report_context::{
    RankedRow, ReportSource, costs_source, documents_source, facts_source, largest_integer_first, restrict_to_permit, sort_rows,
    to_safe_integer, unfiltered,
};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{AbcClass, CountedClasses, CountedLines, Span, StockLoss, classes_of},
        rows::{self, CountGroup, LossGroup, ReportFilter},
    },
};

/// Key of a row of losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossKey {
    /// Counts: they find losses and not their causes.
    Count,
    Reason(ReasonCode),
    Product(ProductId),
    Store(StoreId),
}

/// Groups in descending order of their net lost units.
#[derive(Debug, Clone)]
pub struct Shrinkage {
    pub source: ReportSource,
    pub totals: StockLoss,
    pub rows: Vec<RankedRow<(LossKey, StockLoss)>>,
}

/// Removals, adjustments, counts and discrepancies in the stores that the permit is for.
pub async fn shrinkage(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    group: LossGroup,
) -> Result<Shrinkage, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let (source, method) = costs_source(db, &scope, report_filter.span).await?;
    let (mut totals, mut groups) = (StockLoss::default(), BTreeMap::<LossKey, StockLoss>::new());
    for loss in rows::losses(&scope, &report_filter, method).await? {
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
        to_safe_integer(sum)?;
    }
    let mut keyed_rows = Vec::with_capacity(groups.len());
    for (key, sums) in groups {
        let id = match key {
            LossKey::Count => Key::Text("COUNT".to_owned()),
            LossKey::Reason(reason) => Key::Text(reason.as_str().to_owned()),
            LossKey::Product(product) => product.into(),
            LossKey::Store(store) => store.into(),
        };
        keyed_rows.push(((key, sums), vec![largest_integer_first(to_safe_integer(sums.net_units())?), id]));
    }
    Ok(Shrinkage { source, totals, rows: sort_rows(keyed_rows) })
}

/// Options of the report of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountOptions {
    pub group: CountGroup,
    pub tolerance: i64,
    /// Whether lines are summed by the class of their product as well, which reads a year of sales.
    pub with_classes: bool,
}

/// Lines of a group: None is the group of products without a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CountRow {
    pub key: Option<Uuid>,
    pub lines: CountedLines,
    /// None if classes were not requested.
    pub classes: Option<CountedClasses>,
}

/// Groups in descending order of their inaccurate lines.
#[derive(Debug, Clone)]
pub struct CountAccuracy {
    pub source: ReportSource,
    pub totals: CountRow,
    pub rows: Vec<RankedRow<CountRow>>,
}

/// Days of sales that products are classed by: 52 weeks.
const CLASS_DAYS: i32 = 364;

/// Lines of completed counts in the stores that the permit is for.
pub async fn count_accuracy(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    options: CountOptions,
) -> Result<CountAccuracy, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let (source, groups) = if options.with_classes {
        // Counts are documents, classes are of sales: the report is as far as those.
        let source = facts_source(db, &scope, report_filter.span).await?;
        (source, classify_counts(&scope, &report_filter, source.currency, options).await?)
    } else {
        let source = documents_source(&scope, report_filter.span).await?;
        let counted_rows = rows::counted_accuracy(&scope, &report_filter, options.group, options.tolerance).await?;
        (source, counted_rows.into_iter().map(|(key, lines)| CountRow { key, lines, classes: None }).collect())
    };
    let mut totals = CountRow { classes: options.with_classes.then(CountedClasses::default), ..CountRow::default() };
    let mut keyed_rows = Vec::with_capacity(groups.len());
    for row in groups {
        totals.lines.join(&row.lines);
        if let Some((total_classes, group_classes)) = totals.classes.as_mut().zip(row.classes.as_ref()) {
            total_classes.join(group_classes);
        }
        keyed_rows
            .push((row, vec![largest_integer_first(row.lines.lines - row.lines.accurate), Key::Id(row.key.unwrap_or_default())]));
    }
    to_safe_integer(totals.lines.book)?;
    to_safe_integer(totals.lines.counted)?;
    Ok(CountAccuracy { source, totals, rows: sort_rows(keyed_rows) })
}

/// Groups with the lines of each class: that of a product by the revenue of the 52 weeks up to the last day, in the stores of the report and among all
/// products.
async fn classify_counts(
    scope: &TenantScope,
    report_filter: &ReportFilter,
    currency: Currency,
    options: CountOptions,
) -> Result<Vec<CountRow>, Fault> {
    let span = Span { from: report_filter.span.to.saturating_sub(CLASS_DAYS - 1), to: report_filter.span.to };
    let sales_filter = unfiltered(span, report_filter.stores.clone(), report_filter.channels.clone());
    let (counted_rows, sold) = tokio::try_join!(
        rows::counted_products(scope, report_filter, options.group, options.tolerance),
        rows::products_sold(scope, &sales_filter, currency)
    )?;
    let classes: HashMap<ProductId, AbcClass> = classes_of(&sold);
    let mut groups: BTreeMap<Option<Uuid>, (CountedLines, CountedClasses)> = BTreeMap::new();
    for (key, product, lines) in counted_rows {
        let (sum, by_class) = groups.entry(key).or_default();
        sum.join(&lines);
        by_class.add(classes.get(&product).copied().unwrap_or(AbcClass::C), &lines);
    }
    let row = |(key, (lines, classes))| CountRow { key, lines, classes: Some(classes) };
    Ok(groups.into_iter().map(row).collect())
}
