//! Scores of proposals in GraphQL: results compared with expectations.

use macros::resolvers;
use services::replenishment::rows::OutcomeSum;

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
    /// Number of proposals whose demand was at most the point that they rest on. Divided by `lines` it compares with the promised service level.
    async fn within_lines(&self) -> Long {
        Long(self.0.within)
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
    /// Number of proposals that a naive policy was kept beside: one that orders up to what the 28 days before the plan sold, over the lead time.
    async fn naive_lines(&self) -> Long {
        Long(self.0.naive_lines)
    }
    /// Number of these whose demand was at most the point of the naive policy. Divided by `naiveLines` it compares with `withinLines` divided by `lines`.
    async fn naive_within_lines(&self) -> Long {
        Long(self.0.naive_within)
    }
}
