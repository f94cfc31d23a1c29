//! The tables of liquidation, and the facts that proposals are made of.

mod facts;
mod history;
mod lines;
mod plans;
mod results;
mod settings;

pub use facts::{LevelFacts, ProductFacts, free_now, levels, products};
pub use history::{CategoryWeeks, PriceHistory, category_weeks, in_stock, price_weeks};
pub use lines::{LINES, LineFilter, change_lines, insert_lines, line_keys, line_page, lines_of, lines_source, products_cut};
pub use plans::{PLANS, change_plan, forget_plans, insert_plan, lock_plan, plan, plan_keys, plan_page, plans_source, supersede};
pub use results::sales_since;
pub use settings::{Settings, change_settings, settings};
