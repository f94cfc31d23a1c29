//! Days of stock left by the newest forecasts.

use std::collections::HashMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Database, Fault};

use crate::forecasting::{
    core::{Level, days_lasting},
    rows,
};

/// Days that units last from a day on, by the newest run; levels that it does not cover are left
/// out. The caller checks that the permit covers the stores.
pub async fn days_of_supply(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    from: i32,
    levels: &[(Level, i128)],
) -> Result<HashMap<Level, i64>, Fault> {
    let scope = permit.scope(db).long();
    let Some(run) = rows::last_run(&scope).await? else { return Ok(HashMap::new()) };
    let level_keys: Vec<(ProductId, StoreId)> = levels.iter().map(|((store, product), _)| (*product, *store)).collect();
    let units: HashMap<Level, i128> = levels.iter().copied().collect();
    let stored = rows::series_of_levels(&scope, run.first_week, &level_keys).await?;
    let days_by_level = stored.iter().filter_map(|series| {
        let level = (series.store, series.product);
        let weeks: Vec<f64> = series.body.points().map(|point| point.mean).collect();
        Some((level, days_lasting(&weeks, run.first_week, from, *units.get(&level)?)?))
    });
    Ok(days_by_level.collect())
}
