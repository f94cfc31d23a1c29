//! Outcomes of a simulated policy, and the service levels that are tried.

use std::ops::AddAssign;

use crate::series::Class;

/// Service levels that are tried.
pub const SERVICE_SEARCH_RANGE: (f64, f64) = (0.50, 0.999);

/// The results of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outcome {
    /// Cycles of all products, and those without unmet demand: from one review to the next.
    pub cycles: u64,
    pub served: u64,
    pub demanded: f64,
    pub met: f64,
    /// Σ of the stock at the end of each week, or day, over products and weeks; divided by the weeks in [`Outcomes::mean_stock`].
    pub stock: f64,
    pub orders: u64,
    pub ordered: f64,
}

impl Outcome {
    /// Cycles without unmet demand ÷ cycles. None without cycles.
    pub fn service(&self) -> Option<f64> {
        (self.cycles > 0).then(|| self.served as f64 / self.cycles as f64)
    }
    /// Units met ÷ units demanded. None without demand.
    pub fn fill(&self) -> Option<f64> {
        (self.demanded > 0.0).then(|| self.met / self.demanded)
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.cycles += other.cycles;
        self.served += other.served;
        self.demanded += other.demanded;
        self.met += other.met;
        self.stock += other.stock;
        self.orders += other.orders;
        self.ordered += other.ordered;
    }
}

/// The results of a policy for all products and for each class, in the order of [`Class::ALL`].
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    pub all: Outcome,
    pub classes: [Outcome; Class::ALL.len()],
    /// Outcome of all products together in each counted week, oldest first.
    pub by_week: Vec<Outcome>,
}

impl Outcomes {
    /// Mean units in stock at the end of a week, of all products together. None without weeks.
    pub fn mean_stock(&self) -> Option<f64> {
        (!self.by_week.is_empty()).then(|| self.all.stock / self.by_week.len() as f64)
    }
}
