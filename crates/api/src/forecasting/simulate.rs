//! A reorder policy against the past, in GraphQL.

use std::ops::RangeInclusive;

use async_graphql::{Enum, InputObject, SimpleObject};
use entity::prelude;
use macros::resolvers;
use platform::{clock::day_text, path};
use services::{
    demand::core::six,
    forecasting::core::{Compared, LONGEST_SPAN, ReorderPolicy, SERVICE_LEVELS, Simulated, Unsimulated},
};

use crate::{
    catalog::{ProductRef, StoreRef},
    graphql::{
        fault::{Answer, TopError},
        scalars::{Date, Long, Quantity},
    },
};

/// Days that a simulation may go over: 104 weeks.
const MOST_DAYS: i32 = 728;
/// The most units of a pack and of a minimum.
const MOST_UNITS: i64 = 1_000_000_000;

/// Reorder policy to simulate: at each review, stock and open orders are filled up to what the demand of lead time and review stays within.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct StockSimulationPolicyInput {
    /// Promised share of review cycles without unmet demand, 0.5 to 0.999. Default 0.95.
    #[graphql(default_with = "0.95")]
    pub service_level: f64,
    /// Weeks from an order to its receipt, 0 to 25. With `reviewWeeks` at most 26.
    pub lead_time_weeks: i32,
    /// Weeks between two reviews, 1 to 26. Default 1.
    #[graphql(default = 1)]
    pub review_weeks: i32,
    /// Least units of an order, 0 to 1,000,000,000. Null for none.
    pub minimum_quantity: Option<Quantity>,
    /// Units of a pack, 1 to 1,000,000,000; orders are whole packs. Null for single units.
    pub pack_size: Option<Quantity>,
}

/// Product, store, policy and days of a simulation.
#[derive(Debug, Clone, InputObject)]
pub struct StockSimulateInput {
    /// Product.
    pub product: ProductRef,
    /// Store.
    pub store: StoreRef,
    /// Reorder policy.
    pub policy: StockSimulationPolicyInput,
    /// First day; weeks that begin on it or later are counted. Null for the first week that can be counted.
    pub from: Option<Date>,
    /// Last day, at most 728 days from `from` on; weeks that end on it or earlier are counted. Null for the last complete week.
    pub to: Option<Date>,
}

impl StockSimulateInput {
    /// The days, in their order.
    pub(super) fn range(&self) -> Answer<(Option<i32>, Option<i32>)> {
        let (from, to) = (self.from.map(|day| day.0), self.to.map(|day| day.0));
        match from.zip(to).map(|(from, to)| to - from) {
            Some(days) if days < 0 => Err(TopError::bad_input("to is before from", path!["input", "to"])),
            Some(days) if days >= MOST_DAYS => {
                Err(TopError::bad_input(format!("from and to span at most {MOST_DAYS} days"), path!["input", "to"]))
            }
            _ => Ok((from, to)),
        }
    }
}

impl StockSimulationPolicyInput {
    /// The policy, each of its figures within its range.
    pub(super) fn read(&self) -> Answer<ReorderPolicy> {
        let (least, most) = SERVICE_LEVELS;
        if !(least..=most).contains(&self.service_level) {
            let told = format!("serviceLevel is {least} to {most}");
            return Err(TopError::bad_input(told, path!["input", "policy", "serviceLevel"]));
        }
        let longest = LONGEST_SPAN as i64;
        let lead = within(self.lead_time_weeks.into(), 0..=longest - 1, "leadTimeWeeks")?;
        let review = within(self.review_weeks.into(), 1..=longest, "reviewWeeks")?;
        if lead + review > longest {
            let told = format!("leadTimeWeeks and reviewWeeks together are at most {longest}");
            return Err(TopError::bad_input(told, path!["input", "policy", "reviewWeeks"]));
        }
        let units = |given: Option<Quantity>, default: i64| given.map_or(default, |given| given.0.get());
        Ok(ReorderPolicy {
            service: self.service_level,
            lead_weeks: lead as usize,
            review_weeks: review as usize,
            minimum: within(units(self.minimum_quantity, 0), 0..=MOST_UNITS, "minimumQuantity")?,
            pack: within(units(self.pack_size, 1), 1..=MOST_UNITS, "packSize")?,
        })
    }
}

fn within(given: i64, range: RangeInclusive<i64>, name: &str) -> Answer<i64> {
    if range.contains(&given) {
        return Ok(given);
    }
    let told = format!("{name} is {} to {}", range.start(), range.end());
    Err(TopError::bad_input(told, path!["input", "policy", name]))
}

/// State of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockSimulationStatus {
    /// Simulated.
    Ready,
    /// The product was never ordered in the store, or no week with demand is over.
    NoDemand,
    /// Too few weeks are known of the product, or of the store's products, before the first day.
    HistoryTooShort,
    /// The period has no complete week.
    NoCompleteWeek,
}

/// Simulation of a reorder policy.
pub struct StockSimulation {
    /// As it was promised.
    pub(super) service_level: f64,
    pub(super) found: Result<Compared, Unsimulated>,
}

/// Simulation of a reorder policy against past demand.
#[resolvers(requires = ReportRead)]
impl StockSimulation {
    /// State of the simulation.
    async fn status(&self) -> StockSimulationStatus {
        match self.found {
            Ok(_) => StockSimulationStatus::Ready,
            Err(Unsimulated::NoDemand) => StockSimulationStatus::NoDemand,
            Err(Unsimulated::TooShort { .. } | Unsimulated::TooFewErrors | Unsimulated::TooEarly { .. }) => {
                StockSimulationStatus::HistoryTooShort
            }
            Err(Unsimulated::NoWeek) => StockSimulationStatus::NoCompleteWeek,
        }
    }
    /// Reason why nothing was simulated. Null for READY.
    async fn why(&self) -> Option<String> {
        Some(match self.found.err()? {
            Unsimulated::NoDemand => "The product has no demand in this store in a week that is over.".to_owned(),
            Unsimulated::TooShort { known, wanted } => format!(
                "Weeks known of the product: {known}. This lead time and review need {wanted}: eight for a forecast, then lead time and review, then one to count."
            ),
            Unsimulated::TooFewErrors => {
                "The store's products have too few errors of earlier forecasts. Use a shorter lead time, or wait some weeks."
                    .to_owned()
            }
            Unsimulated::TooEarly { first_week } => {
                format!("Weeks can be counted from {} on. Move from to that day or later.", day_text(first_week))
            }
            Unsimulated::NoWeek => "No complete week that can be counted lies between from and to.".to_owned(),
        })
    }
    /// Promised share of review cycles without unmet demand, 0 to 1.
    async fn promised_service_level(&self) -> f64 {
        self.service_level
    }
    /// Results of the policy. Null unless READY.
    async fn outcome(&self) -> Option<StockSimulationOutcome> {
        self.found.as_ref().ok().map(|found| StockSimulationOutcome::of(&found.own))
    }
    /// Results of a naive policy over the same weeks, with the same lead time, reviews and packs: at each review stock and open orders are filled up to the mean
    /// demand of the last four weeks over lead time and review. Null unless READY.
    async fn naive_outcome(&self) -> Option<StockSimulationOutcome> {
        self.found.as_ref().ok().map(|found| StockSimulationOutcome::of(&found.naive))
    }
}

/// Results of a reorder policy over the counted weeks. Units are the product's smallest; stock is that of the end of a week.
#[derive(Debug, Clone, SimpleObject)]
pub struct StockSimulationOutcome {
    /// Monday of the first counted week.
    pub from: Date,
    /// Sunday of the last counted week.
    pub to: Date,
    /// Number of counted weeks.
    pub weeks: i32,
    /// Share of review cycles without unmet demand, 0 to 1; compare it with `promisedServiceLevel`. Null without a cycle that ends in a counted week.
    pub service_level: Option<f64>,
    /// Units met ÷ units demanded, 0 to 1. Null without demand.
    pub fill_rate: Option<f64>,
    /// Units of demand. Weeks out of stock are drawn from known weeks before them.
    pub demand: Quantity,
    /// Units of demand that stock met. The rest is lost.
    pub met: Quantity,
    /// Number of weeks with unmet demand.
    pub stockout_weeks: i32,
    /// Mean units in stock.
    pub mean_stock: f64,
    /// Most units in stock.
    pub peak_stock: Quantity,
    /// Number of orders.
    pub orders: Long,
    /// Units ordered.
    pub ordered: Quantity,
}

impl StockSimulationOutcome {
    fn of(found: &Simulated) -> Self {
        let (first, after) = found.weeks;
        let units = |units: f64| Quantity(prelude::Quantity::new(units as i64).unwrap_or_default());
        Self {
            from: Date(first),
            to: Date(after - 1),
            weeks: (after - first) / 7,
            service_level: found.cycle_service.map(six),
            fill_rate: found.fill.map(six),
            demand: units(found.demanded),
            met: units(found.met),
            stockout_weeks: found.short_weeks as i32,
            mean_stock: six(found.mean_stock),
            peak_stock: units(found.peak_stock),
            orders: Long(found.orders as i64),
            ordered: units(found.ordered),
        }
    }
}
