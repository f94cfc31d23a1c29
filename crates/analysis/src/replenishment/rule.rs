//! The rule of approval as clients see it.

use macros::resolvers;
use services::replenishment::{core::CONFIDENCE_SCALE, rows::StoredRule};

use crate::{
    graphql::scalars::{DateTime, Long},
    purchasing::links::Money,
};

/// A rule's row.
pub struct ReplenishmentRule(pub StoredRule);

/// Rule by which lines of the plan of each night are approved without a person. The drafts that it makes name the actor "replenishment rule". Lines of a class of demand
/// whose intervals did not hold twice in a row wait for a person.
#[resolvers(requires = StockPolicy)]
impl ReplenishmentRule {
    /// True if the rule approves lines. False: each line waits for a person.
    #[field(was("enabled", "2026-11-27"))]
    async fn is_enabled(&self) -> bool {
        self.0.rule.is_on
    }
    /// Limit of what the purchases of one plan may cost together. Null: purchases wait.
    async fn plan_amount(&self) -> Option<Money> {
        self.0.rule.limits.map(|limits| limits.plan.into())
    }
    /// Limit of what the purchases from one supplier may cost in one plan. Null: purchases wait.
    async fn supplier_amount(&self) -> Option<Money> {
        self.0.rule.limits.map(|limits| limits.supplier.into())
    }
    /// True if transfers are approved, which cost nothing here.
    #[field(was("transfers", "2026-11-27"))]
    async fn has_transfers(&self) -> bool {
        self.0.rule.transfers
    }
    /// Least data quality of a line's forecast, from 0 to 1. A line without a forecast waits.
    async fn confidence(&self) -> f64 {
        f64::from(self.0.rule.confidence) / CONFIDENCE_SCALE
    }
    /// True if the rule also places the purchase orders that it makes and sends them, in the name of the member who set it.
    #[field(was("sends", "2026-11-27"))]
    async fn is_sending(&self) -> bool {
        self.0.rule.sender.is_some()
    }
    /// Version of the rule: 1 when it was first set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change. Plans that were made before it wait for a person.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
