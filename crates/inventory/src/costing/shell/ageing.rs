//! Age of the units in stock, by FIFO layers.

use std::{cmp::Reverse, collections::BTreeMap};

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, kind};
use platform::{
    clock::{local_day, resolve_local_time},
    storage::{Database, Reads, Row},
};

use super::report::{CostingContext, ReportError, prepare_costing};
use crate::{
    catalog::rows::page::ProductCondition,
    costing::{
        core::{AGE_BAND_DAYS, AgeSums},
        rows,
    },
};

/// Ages of the stock: by product, the highest value first, and in total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ageing {
    pub how: CostingContext,
    pub rows: Vec<(ProductId, AgeSums)>,
    pub total: AgeSums,
}

/// Sums layers by age in days of the tenant's time zone: units received today are 0 days old.
/// Values are first in, first out, and sum to the `stockValue` of that method.
pub async fn stock_ageing(
    db: &Database,
    permit: Permit<kind::ProductCostRead>,
    products: &ProductCondition,
    now: Timestamp,
) -> Result<Ageing, ReportError> {
    let scope = permit.scope(db).long();
    let cost_method = prepare_costing(&scope, Some(CostingMethod::Fifo)).await?;
    let zones = scope.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    let zone: String = zones.first().map(Row::scalar::<String>).transpose()?.unwrap_or_default();
    let today = local_day(now, &zone);
    let band_starts = AGE_BAND_DAYS.map(|days| resolve_local_time((today - days, 0), &zone, Timestamp(i64::MIN)));
    let (mut sums, mut total): (BTreeMap<ProductId, AgeSums>, _) = (BTreeMap::new(), AgeSums::default());
    for (product, piece) in rows::layer_pieces(&scope, products).await? {
        sums.entry(product).or_default().add(&piece, &band_starts);
        total.add(&piece, &band_starts);
    }
    if total.value() > i128::from(MAX_SAFE) {
        return Err(ReportError::TooDear);
    }
    if total.quantity() > i128::from(MAX_SAFE) {
        return Err(ReportError::TooMany);
    }
    let mut rows: Vec<(ProductId, AgeSums)> = sums.into_iter().collect();
    rows.sort_by_key(|(product, sums)| (Reverse(sums.value()), *product));
    Ok(Ageing { how: cost_method, rows, total })
}
