//! The tables of liquidation, and the facts that proposals are computed from.

mod facts;
mod history;
mod line_list;
mod lines;
mod partners;
mod plans;
mod results;
mod scores;
mod settings;

pub use facts::{LevelFacts, ProductFacts, free_now, levels, names, products, products_with_levels};
pub use history::{
    CategorizedProduct, CategoryWeeks, PriceHistory, category_weeks, most_sold_weeks, price_weeks, stock_intervals,
};
pub use line_list::{BY_PRODUCT, LINES, LineFilter, LineSort, LinesSorted, is_descending, lines_source, products_of};
pub use lines::{change_lines, insert_lines, line_page, lines_of, lines_under_way, products_under_way, units_under_way};
pub use partners::{PairCount, PartnerFacts, SoldInCategory, best_sellers, orders_of, orders_since, pairs, partner_facts};
pub use plans::{
    PLANS, PlanFilter, advanced_plans, change_plan, delete_plans, insert_plan, lock_plan, plan, plan_page, plans_source,
    supersede, tenants_with_advanced,
};
pub use results::sales_since;
pub use scores::{ActionSum, DueLine, LineOutcome, action_sums, due_lines, find_unscored_plans, plan_scores, write_scores};
pub use settings::{Settings, change_settings, settings};

pub use crate::replenishment::rows::{PlanSort, PlansSorted};
