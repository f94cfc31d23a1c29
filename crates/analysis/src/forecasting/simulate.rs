//! A reorder policy against the past, in GraphQL.

use async_graphql::{Context, Enum};
use entity::prelude;
use macros::resolvers;
use platform::clock::day_text;
use services::{
    demand::core::round6,
    forecasting::{
        core::{ActualStock, MAX_BY_DELIVERIES, SimulatedClasses, SimulationRefusal, SimulationResult, UnitCost},
        shell::{SimulatedPolicy, Simulation},
    },
};

use super::simulate_classes::StockSimulationTotals;
use crate::{
    catalog::Money,
    graphql::scalars::{Date, Long, Quantity},
};

/// State of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockSimulationStatus {
    /// Simulated.
    Ready,
    /// The product was never ordered in the store, or no week with demand is over; or no product matches.
    NoDemand,
    /// Too few weeks are known of the product, or of the store's products, before the first day.
    HistoryTooShort,
    /// The period has no complete week.
    NoCompleteWeek,
    /// More products match the class and the filter than are simulated at once.
    TooManyProducts,
}

/// Simulation of a reorder policy, of a product or of several.
pub struct StockSimulation {
    is_of_one: bool,
    promised: Option<f64>,
    unsimulated: Option<SimulationRefusal>,
    played: Option<SimulatedPolicy>,
    classes: Option<SimulatedClasses>,
}

impl From<Simulation> for StockSimulation {
    fn from(Simulation { promised, found }: Simulation) -> Self {
        Self { is_of_one: true, promised, unsimulated: found.err(), played: found.ok(), classes: None }
    }
}

impl StockSimulation {
    pub(super) fn from_products(simulation: Result<SimulatedClasses, SimulationRefusal>) -> Self {
        let promised = simulation.as_ref().ok().and_then(|simulation| simulation.all.promised);
        let unsimulated = simulation.as_ref().err().copied();
        Self { is_of_one: false, promised, unsimulated, played: None, classes: simulation.ok() }
    }
}

/// Simulation of a reorder policy against past demand.
#[resolvers(requires = ReportRead)]
impl StockSimulation {
    /// State of the simulation.
    async fn status(&self) -> StockSimulationStatus {
        match self.unsimulated {
            None => StockSimulationStatus::Ready,
            Some(SimulationRefusal::NoDemand) => StockSimulationStatus::NoDemand,
            Some(SimulationRefusal::TooShort { .. } | SimulationRefusal::TooFewErrors | SimulationRefusal::TooEarly { .. }) => {
                StockSimulationStatus::HistoryTooShort
            }
            Some(SimulationRefusal::NoWeek) => StockSimulationStatus::NoCompleteWeek,
            Some(SimulationRefusal::TooMany { .. }) => StockSimulationStatus::TooManyProducts,
        }
    }
    /// Reason why nothing was simulated. Null for READY.
    async fn why(&self) -> Option<String> {
        let longest = if self.is_of_one { "" } else { " with the longest history" };
        Some(match self.unsimulated? {
            SimulationRefusal::NoDemand if self.is_of_one => {
                "The product has no demand in this store in a week that is over.".to_owned()
            }
            SimulationRefusal::NoDemand => "No product that matches has demand in this store in a week that is over.".to_owned(),
            SimulationRefusal::TooShort { known: known_weeks, wanted: needed_weeks } => format!(
                "Weeks known of the product{longest}: {known_weeks}. This lead time and review need {needed_weeks}: eight for a forecast, then lead time and review, then one to count."
            ),
            SimulationRefusal::TooFewErrors => {
                "The store's products have too few errors of earlier forecasts. Use a shorter lead time, or wait some weeks."
                    .to_owned()
            }
            SimulationRefusal::TooEarly { first_week } => {
                format!("Weeks can be counted from {} on. Move from to that day or later.", day_text(first_week))
            }
            SimulationRefusal::NoWeek => "No complete week that can be counted lies between from and to.".to_owned(),
            SimulationRefusal::TooMany { found: match_count, most: limit } => {
                let advice = if limit == MAX_BY_DELIVERIES { "Give leadTimeDays" } else { "Name a class" };
                format!(
                    "Products that match: {match_count}. At most {limit} are simulated at once. {advice}, or narrow the products."
                )
            }
        })
    }
    /// Promised share of cycles without unmet demand, or of units with FILL_RATE, 0 to 1. With SERVICE the level of the product's class in the newest
    /// run, of C and Z for a product without a class. 0 for MIN_MAX and TARGET_DAYS, which promise none; of several products 0 also where they are promised
    /// different levels, and unless READY.
    async fn promised_service_level(&self) -> f64 {
        self.promised.unwrap_or_default()
    }
    /// Results of the policy. Null unless READY, and for several products.
    async fn outcome(&self) -> Option<StockSimulationOutcome> {
        self.played.map(|played| StockSimulationOutcome { found: played.compared.own, cost: played.cost })
    }
    /// Results of a naive policy over the same days, with the same lead time, reviews and packs: at each review stock and open orders are filled up to the mean
    /// demand of the last four weeks over lead time and review. Null unless READY, and for several products.
    async fn naive_outcome(&self) -> Option<StockSimulationOutcome> {
        self.played.map(|played| StockSimulationOutcome { found: played.compared.naive, cost: played.cost })
    }
    /// Stock as it was over the same weeks, so that a policy is judged before it is used. Null unless READY, where no stock of the product was kept, and for
    /// several products.
    async fn actual(&self) -> Option<StockSimulationActual> {
        let played = self.played?;
        played.actual.map(|actual_stock| StockSimulationActual { found: actual_stock, cost: played.cost })
    }
    /// Totals of all simulated products. Null unless READY, and for a single product.
    async fn totals(&self) -> Option<StockSimulationTotals> {
        self.classes.as_ref().map(|simulated| StockSimulationTotals::new(simulated.all.clone(), simulated.weeks))
    }
    /// Totals of the products of each pair of classes, A and X first, products without classes last. Empty unless READY, and for a single product.
    #[field(list_size(assumed = 10))]
    async fn classes(&self) -> Vec<StockSimulationTotals> {
        let simulated =
            self.classes.iter().flat_map(|simulated| simulated.classes.iter().map(move |totals| (totals, simulated.weeks)));
        simulated.map(|(totals, weeks)| StockSimulationTotals::new(totals.clone(), weeks)).collect()
    }
    /// Number of products that are in no totals: their history is too short before the first counted week. Null unless READY, and for a single product.
    async fn left_out_products(&self) -> Option<Long> {
        self.classes.as_ref().map(|simulated| Long(simulated.left_out as i64))
    }
}

/// Results of a reorder policy.
pub struct StockSimulationOutcome {
    found: SimulationResult,
    cost: Option<UnitCost>,
}

/// Results of a reorder policy over the counted weeks, played day by day. Units are the product's smallest; stock is that of the end of a day.
#[resolvers]
impl StockSimulationOutcome {
    /// Monday of the first counted week.
    async fn from(&self) -> Date {
        Date(self.found.weeks.0)
    }
    /// Sunday of the last counted week.
    async fn to(&self) -> Date {
        Date(self.found.weeks.1 - 1)
    }
    /// Number of counted weeks.
    async fn weeks(&self) -> i32 {
        (self.found.weeks.1 - self.found.weeks.0) / 7
    }
    /// Share of cycles without unmet demand, 0 to 1: from one review to the next with PERIODIC and in `naiveOutcome`, from one delivery to the next with other
    /// kinds. Compare it with `promisedServiceLevel`. Null without a cycle that ends in a counted week.
    async fn service_level(&self) -> Option<f64> {
        self.found.cycle_service.map(round6)
    }
    /// Units met ÷ units demanded, 0 to 1; compare it with `promisedServiceLevel` where the method is FILL_RATE. Null without demand.
    async fn fill_rate(&self) -> Option<f64> {
        self.found.fill.map(round6)
    }
    /// Mean number of days from an order to its receipt: `leadTimeDays` of the policy, or that of the supplier's deliveries, without the days by
    /// which the supplier's calendar delays an order. Null for callers without purchase.read.
    #[field(mask = PurchaseRead)]
    async fn lead_time_days_mean(&self, ctx: &Context<'_>) -> Option<f64> {
        Some(round6(self.found.lead_days))
    }
    /// Units of demand, in the product's smallest unit. Demand of a day out of stock is drawn from known days of the same weekday before it, and is no less than
    /// was sold on it.
    async fn demand(&self) -> Quantity {
        units(self.found.demanded)
    }
    /// Units of demand that stock met on its day, in the product's smallest unit.
    async fn met(&self) -> Quantity {
        units(self.found.met)
    }
    /// Units of demand that stock did not meet on its day, in the product's smallest unit: lost, or delivered later with `isBackordered` of the policy.
    async fn unmet(&self) -> Quantity {
        units(self.found.demanded - self.found.met)
    }
    /// Number of days with unmet demand.
    async fn unmet_days(&self) -> i32 {
        self.found.short_days as i32
    }
    /// Number of days that closed with nothing in stock; compare it with `stockoutDays` of `actual`.
    async fn stockout_days(&self) -> i32 {
        self.found.empty_days as i32
    }
    /// Number of weeks with unmet demand.
    async fn stockout_weeks(&self) -> i32 {
        self.found.short_weeks as i32
    }
    /// Mean units in stock.
    async fn mean_stock(&self) -> f64 {
        round6(self.found.mean_stock)
    }
    /// Value of `meanStock` at the product's unit cost of today. Null when no cost is set, beyond 2^53 − 1 minor units, and for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn mean_stock_value(&self, ctx: &Context<'_>) -> Option<Money> {
        self.cost?.value_of_units(self.found.mean_stock).map(Money::from)
    }
    /// Largest number of units in stock on any day, before its demand.
    async fn peak_stock(&self) -> Quantity {
        units(self.found.peak_stock)
    }
    /// Number of orders.
    async fn orders(&self) -> Long {
        Long(self.found.orders as i64)
    }
    /// Units ordered, in the product's smallest unit.
    async fn ordered(&self) -> Quantity {
        units(self.found.ordered)
    }
    /// Units that expired before they were sold, in the product's smallest unit; 0 for a product whose lots do not expire.
    async fn expired(&self) -> Quantity {
        units(self.found.expired)
    }
}

fn units(units: f64) -> Quantity {
    Quantity(prelude::Quantity::new(units as i64).unwrap_or_default())
}

/// Stock of a product in a store as it was.
pub struct StockSimulationActual {
    found: ActualStock,
    cost: Option<UnitCost>,
}

/// Stock of the product in the store as it was over the counted weeks of a simulation, without any policy of it. Units are the product's smallest.
#[resolvers]
impl StockSimulationActual {
    /// Days on which stock of the product was kept.
    async fn days(&self) -> i32 {
        (self.found.in_stock_days + self.found.out_days) as i32
    }
    /// Days that closed with nothing on hand; compare it with `stockoutDays` of a policy.
    async fn stockout_days(&self) -> i32 {
        self.found.out_days as i32
    }
    /// Share of `days` that closed with something on hand, 0 to 1: the service level that was given. Null without such days.
    async fn service_level(&self) -> Option<f64> {
        self.found.in_stock_rate().map(round6)
    }
    /// Number of weeks with a day that closed with nothing on hand; compare it with `stockoutWeeks` of a policy.
    async fn stockout_weeks(&self) -> i32 {
        self.found.short_weeks as i32
    }
    /// Mean units on hand at the end of a day; less than 0 counts as 0.
    async fn mean_stock(&self) -> f64 {
        round6(self.found.mean_stock)
    }
    /// Value of `meanStock` at the product's unit cost of today. Null when no cost is set, beyond 2^53 − 1 minor units, and for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn mean_stock_value(&self, ctx: &Context<'_>) -> Option<Money> {
        self.cost?.value_of_units(self.found.mean_stock).map(Money::from)
    }
    /// Number of days on which units were received, from suppliers or other stores; compare it with `orders` of a policy.
    async fn receipts(&self) -> Long {
        Long(self.found.receipts)
    }
    /// Units received, from suppliers or other stores, in the product's smallest unit.
    async fn received(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.found.received).unwrap_or_default())
    }
}
