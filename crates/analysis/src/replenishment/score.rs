//! Scores of proposals in GraphQL: results compared with expectations.

use macros::resolvers;
use services::{demand::core::round6, replenishment::rows::OutcomeSum};

use super::enums::ReplenishmentOutcome;
use crate::graphql::scalars::Long;

/// Proposals of one outcome.
pub struct ReplenishmentOutcomeScore(pub OutcomeSum);

/// Proposals of one outcome, compared with what happened until their deliveries were due.
#[resolvers(requires = PurchaseRead)]
impl ReplenishmentOutcomeScore {
    /// Outcome of the proposals.
    async fn outcome(&self) -> ReplenishmentOutcome {
        self.0.outcome.into()
    }
    /// Number of proposals.
    async fn lines(&self) -> Long {
        Long(self.0.lines)
    }
    /// Number of proposals whose demand was at most the point that they rest on.
    async fn within_lines(&self) -> Long {
        Long(self.0.within)
    }
    /// Number of proposals of policies that promise a share of order cycles without running out. Shares of units and fixed maxima promise none, and proposals that
    /// were scored before this was kept have none.
    async fn promised_lines(&self) -> Long {
        Long(self.0.promised_lines)
    }
    /// Number of these whose demand was at most their point. Divided by `promisedLines` it compares with `meanServiceLevel`.
    async fn promised_within_lines(&self) -> Long {
        Long(self.0.promised_within)
    }
    /// Mean of the service levels that `promisedLines` promised, from 0 to 1, to six decimals. Null without any.
    async fn mean_service_level(&self) -> Option<f64> {
        self.0.mean_promised().map(round6)
    }
    /// Number of proposals whose store had a day that closed without stock.
    async fn stockout_lines(&self) -> Long {
        Long(self.0.ran_out)
    }
    /// Number of days that closed without stock, over all proposals.
    async fn out_days(&self) -> Long {
        Long(self.0.out_days)
    }
    /// Number of proposals with more available than their target when they were scored; 0 for REFUSED ones.
    async fn excess_lines(&self) -> Long {
        Long(self.0.excess)
    }
    /// Number of proposals that a naive policy was kept beside: one that orders up to what the 28 days before the plan sold, over the time that the proposal's point covers.
    async fn naive_lines(&self) -> Long {
        Long(self.0.naive_lines)
    }
    /// Number of these whose demand was at most the point of the naive policy. Divided by `naiveLines` it compares with `withinLines` divided by `lines`.
    async fn naive_within_lines(&self) -> Long {
        Long(self.0.naive_within)
    }
}
