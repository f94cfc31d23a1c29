//! The tables of forecasts, and the facts that they are computed from.

mod factor_filter;
mod factors;
mod facts;
mod runs;
mod scores;
mod series_list;
mod shelf_life;
mod sums;
mod alert_inputs;

pub use alert_inputs::{
    PlannedProduct, active_products, classes_of_run, mark_reviewed, open_stores, planned_products, store_units, unreviewed_run,
};
pub use factor_filter::FactorFilter;
pub use factors::{
    FACTORS, FactorSort, FactorsSorted, count_factors, countries, do_goods_exist, factor, factor_page, factor_source, factors,
    insert_factor, is_store, remove_factor, update_factor,
};
pub use facts::{
    ProductCost, demand_days, demand_weeks, exist_product_and_store, level_days, level_facts, product_costs, store_facts,
    unit_cost,
};
pub use runs::{
    StoredForecast, StoredRun, all_series_of_products, choices, classes, day_errors, insert_pools, insert_run, insert_series,
    last_run, parts_of_run, pools, products_of_run, remove_run, remove_runs_before, run_before, run_weeks, runs_until,
    series_of_levels, series_of_products, series_of_runs, tenants_with_facts,
};
pub use scores::{ScoreKey, accuracy, find_scored_weeks, insert_scores, last_scored_week};
pub use series_list::{FORECASTS, ForecastFilter, ForecastSort, ForecastsSorted, forecast_page, forecasts_source};
pub use shelf_life::sellable_days;
pub use sums::{categories, categories_of, insert_sums, open_weekdays, sum, week_days};
