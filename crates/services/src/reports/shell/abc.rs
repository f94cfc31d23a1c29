//! Products by revenue and by evenness of demand.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, Fault, SideBySide, TenantScope},
};

use super::within::{Ranked, ReportSource, exact, most, of_facts, ranked, within};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{ClassSum, Classified, StockedDays, assign, by_known_weeks, classified, sums_of_classes},
        rows::{self, Narrow},
    },
};

/// Products with their classes, those with the most revenue first.
#[derive(Debug, Clone)]
pub struct AbcXyz {
    pub source: ReportSource,
    /// Complete weeks of the span.
    pub weeks: i64,
    pub revenue: i64,
    pub classes: Vec<ClassSum>,
    pub rows: Vec<Ranked<Classified>>,
}

/// What is asked for beside the classes of the days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AbcXyzAsk {
    /// The classes that products keep.
    pub with_assigned: bool,
    /// Evenness over the weeks in which products could be sold.
    pub with_known: bool,
}

const HALF_DAY_SECONDS: i64 = 43_200;

/// Classes by what is shown to the permit. A week is over when its last day is over everywhere: twelve hours after UTC's. The classes that products keep
/// need the days before as well, which takes as long once more; where they are not asked for they are those of the days.
pub async fn abc_xyz(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    (narrow, ask): (Narrow, AbcXyzAsk),
    now: Timestamp,
) -> Result<AbcXyz, ReportError> {
    let scope = permit.scope(db).long();
    let narrow = within(&permit, narrow);
    let source = of_facts(db, &scope, narrow.span).await?;
    let today = platform::clock::local_day(now.plus_seconds(-HALF_DAY_SECONDS), "UTC");
    let mut all = classes(&scope, &narrow, (source.currency, today), ask.with_known).await?;
    if ask.with_assigned {
        let before = Narrow { span: narrow.span.before(), ..narrow.clone() };
        assign(&mut all, &classes(&scope, &before, (source.currency, today), false).await?);
    }
    let sums = sums_of_classes(&all);
    let revenue = exact(all.iter().map(|one| i128::from(one.sold.revenue)).sum())?;
    let keys = |one: &Classified| vec![most(one.sold.revenue.max(0)), Key::Text(one.sold.sku.clone()), one.sold.product.into()];
    let rows = ranked(
        all.into_iter()
            .map(|one| {
                let own = keys(&one);
                (one, own)
            })
            .collect(),
    );
    let mondays = narrow.span.complete_weeks(today);
    let weeks = mondays.map_or(0, |(first, last)| i64::from(last - first) / 7 + 1);
    Ok(AbcXyz { source, weeks, revenue, classes: sums, rows })
}

/// Classes of what is narrowed, by its days alone.
async fn classes(
    scope: &TenantScope,
    narrow: &Narrow,
    (currency, today): (Currency, i32),
    with_known: bool,
) -> Result<Vec<Classified>, Fault> {
    let (reads, mondays) = (&SideBySide(scope), narrow.span.complete_weeks(today));
    let weeks = async {
        match mondays {
            Some(mondays) => rows::weeks_sold(reads, narrow, mondays).await,
            None => Ok(HashMap::new()),
        }
    };
    let stocked = async {
        match mondays {
            Some(mondays) if with_known => rows::stocked_days(reads, narrow, mondays).await,
            _ => Ok(StockedDays::new()),
        }
    };
    let (products, weeks, stocked) = tokio::try_join!(rows::products_sold(reads, narrow, currency), weeks, stocked)?;
    let mut all = classified(products, &weeks, mondays);
    if with_known {
        by_known_weeks(&mut all, &weeks, &stocked, mondays);
    }
    Ok(all)
}
