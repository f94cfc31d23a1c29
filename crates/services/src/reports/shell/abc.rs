//! Products by revenue and by evenness of demand.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, Fault, SideBySide, TenantScope},
};

use super::report_context::{
    RankedRow, ReportSource, facts_source, largest_integer_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{ClassSum, ClassifiedProduct, StockedDays, assign_classes, classify_products, set_regularity, sums_of_classes},
        rows::{self, ReportFilter},
    },
};

/// Products with their classes, in descending order of revenue.
#[derive(Debug, Clone)]
pub struct AbcXyz {
    pub source: ReportSource,
    /// Complete weeks of the span.
    pub weeks: i64,
    pub revenue: i64,
    pub classes: Vec<ClassSum>,
    pub rows: Vec<RankedRow<ClassifiedProduct>>,
}

/// Additional figures of the report, beside the classes of the days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AbcXyzOptions {
    /// The classes that products keep.
    pub with_assigned: bool,
    /// Evenness over the weeks in which products could be sold.
    pub with_known: bool,
}

const HALF_DAY_SECONDS: i64 = 43_200;

/// Classes of products within the permit. A week is over when its last day is over in every time
/// zone: twelve hours after UTC's. The classes that products keep need the days before as well,
/// which doubles the time; if they are not requested they are those of the days.
pub async fn abc_xyz(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    (report_filter, options): (ReportFilter, AbcXyzOptions),
    now: Timestamp,
) -> Result<AbcXyz, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = facts_source(db, &scope, report_filter.span).await?;
    let today = platform::clock::local_day(now.plus_seconds(-HALF_DAY_SECONDS), "UTC");
    let mut classified_products = classes(&scope, &report_filter, (source.currency, today), options.with_known).await?;
    if options.with_assigned {
        let before = ReportFilter { span: report_filter.span.before(), ..report_filter.clone() };
        assign_classes(&mut classified_products, &classes(&scope, &before, (source.currency, today), false).await?);
    }
    let sums = sums_of_classes(&classified_products);
    let revenue = to_safe_integer(classified_products.iter().map(|one| i128::from(one.sold.revenue)).sum())?;
    let keys = |one: &ClassifiedProduct| {
        vec![largest_integer_first(one.sold.revenue.max(0)), Key::Text(one.sold.sku.clone()), one.sold.product.into()]
    };
    let rows = sort_rows(
        classified_products
            .into_iter()
            .map(|one| {
                let row_keys = keys(&one);
                (one, row_keys)
            })
            .collect(),
    );
    let mondays = report_filter.span.complete_weeks(today);
    let weeks = mondays.map_or(0, |(first, last)| i64::from(last - first) / 7 + 1);
    Ok(AbcXyz { source, weeks, revenue, classes: sums, rows })
}

/// Classes of the selected products, by the sales of the days only.
async fn classes(
    scope: &TenantScope,
    report_filter: &ReportFilter,
    (currency, today): (Currency, i32),
    with_known: bool,
) -> Result<Vec<ClassifiedProduct>, Fault> {
    let (reads, mondays) = (&SideBySide(scope), report_filter.span.complete_weeks(today));
    let weeks = async {
        match mondays {
            Some(mondays) => rows::weeks_sold(reads, report_filter, mondays).await,
            None => Ok(HashMap::new()),
        }
    };
    let stocked = async {
        match mondays {
            Some(mondays) if with_known => rows::stocked_days(reads, report_filter, mondays).await,
            _ => Ok(StockedDays::new()),
        }
    };
    let (products, weeks, stocked) = tokio::try_join!(rows::products_sold(reads, report_filter, currency), weeks, stocked)?;
    let mut classified_products = classify_products(products, &weeks, mondays);
    if with_known {
        set_regularity(&mut classified_products, &weeks, &stocked, mondays);
    }
    Ok(classified_products)
}
