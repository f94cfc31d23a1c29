//! Input of the simulation of a reorder policy in GraphQL.

use async_graphql::InputObject;
use platform::path;
use services::forecasting::shell::ClassSelection;

use super::simulate_policy::StockSimulationPolicyInput;
use crate::{
    catalog::{ProductFilter, ProductRef, StoreRef},
    counts::AbcClass,
    graphql::{
        fault::{Answer, TopError},
        scalars::Date,
    },
    reports::XyzClass,
};

/// Days that a simulation may go over: 104 weeks.
const MAX_DAYS: i32 = 728;

/// Products, store, policy and days of a simulation.
#[derive(Debug, Clone, InputObject)]
pub struct StockSimulateInput {
    /// Product. Null for several products of the store at once: those of the classes and of the argument `products`, at most 500, or 100 with FILL_RATE. At most
    /// 20 for a policy without `leadTimeDays` that promises a service level by QUANTILE or FILL_RATE. 100 and 20 are divided by the reviews of a week if
    /// a supplier has a calendar.
    pub product: Option<ProductRef>,
    /// ABC class of the products in the store, by the newest run. Null for all; refused beside `product`.
    pub abc_class: Option<AbcClass>,
    /// XYZ class of the products in the store, by the newest run. Null for all; refused beside `product`.
    pub xyz_class: Option<XyzClass>,
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
            Some(days) if days >= MAX_DAYS => {
                Err(TopError::bad_input(format!("from and to span at most {MAX_DAYS} days"), path!["input", "to"]))
            }
            _ => Ok((from, to)),
        }
    }
    /// Refuses classes and a filter beside a product, which is simulated alone.
    pub(super) fn check_single_product(&self, products: Option<&ProductFilter>) -> Answer<()> {
        let class_filters = [("abcClass", self.abc_class.is_some()), ("xyzClass", self.xyz_class.is_some())];
        let message = "a product is simulated alone: leave it out to simulate several";
        match class_filters.iter().find(|(_, is_given)| *is_given) {
            _ if self.product.is_none() => Ok(()),
            Some((name, _)) => Err(TopError::bad_input(message, path!["input", *name])),
            None if products.is_some() => Err(TopError::bad_input(message, path!["products"])),
            None => Ok(()),
        }
    }
    /// Returns the requested classes.
    pub(super) fn classes(&self) -> ClassSelection {
        ClassSelection { abc: self.abc_class.map(Into::into), xyz: self.xyz_class.map(Into::into), ..ClassSelection::default() }
    }
}
