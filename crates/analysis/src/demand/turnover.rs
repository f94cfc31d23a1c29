//! Comparisons of the turnover of stock in GraphQL.

use macros::resolvers;
use services::{
    demand::{
        core::{StockPeriod, round6},
        shell::CategoryStock,
    },
    reports::core::Span,
};

use crate::graphql::scalars::{Date, Long};

/// The turnover of the days before, and how it has changed.
pub struct TurnoverTrend {
    pub span: Span,
    pub before: StockPeriod,
    /// The turnover of the report's own days.
    pub now: Option<f64>,
}

impl TurnoverTrend {
    fn earlier_turnover(&self) -> Option<f64> {
        self.before.turnover(self.span.days())
    }
}

/// Turnover of the days before a period, and the change since. For a week or more, the nearest days before that have the same weekdays.
#[resolvers]
impl TurnoverTrend {
    /// First of the days before.
    async fn from(&self) -> Date {
        Date(self.span.from)
    }
    /// Last of the days before.
    async fn to(&self) -> Date {
        Date(self.span.to)
    }
    /// Days that the turnover of the days before rests on: those from the product's first movement in the store on; in the totals, summed over levels.
    async fn active_days(&self) -> Long {
        Long(self.before.in_stock_days + self.before.out_days)
    }
    /// Turnover of the days before: sold units by the mean units on hand. Null where that mean is 0 or less.
    async fn turnover(&self) -> Option<f64> {
        self.earlier_turnover().map(round6)
    }
    /// Turnover of the period less that of the days before. Null without either.
    async fn change(&self) -> Option<f64> {
        Some(round6(self.now? - self.earlier_turnover()?))
    }
    /// Change of the turnover by that of the days before: 0.25 is a quarter more. Null without either, and where nothing was sold before.
    async fn change_rate(&self) -> Option<f64> {
        let before = self.earlier_turnover().filter(|before| *before > 0.0)?;
        Some(round6((self.now? - before) / before))
    }
}

/// The turnover of a category in a store.
pub struct CategoryTurnover {
    pub stock: CategoryStock,
    pub days: i64,
    /// The turnover of the row.
    pub own: Option<f64>,
}

/// Turnover of all products of a category in a store, also of those that the report leaves out. Categories below it are not included.
#[resolvers]
impl CategoryTurnover {
    /// Number of products of the category that were kept in the store in the period.
    async fn products(&self) -> Long {
        Long(self.stock.levels)
    }
    /// Days that the turnover rests on: days of each product from its first movement in the store on, summed.
    async fn active_days(&self) -> Long {
        Long(self.stock.period.in_stock_days + self.stock.period.out_days)
    }
    /// Turnover of the category: sold units by the mean units on hand. Null where that mean is 0 or less.
    async fn turnover(&self) -> Option<f64> {
        self.stock.period.turnover(self.days).map(round6)
    }
    /// Turnover of the product by that of its category: 2 is twice as fast. Null without either, and where nothing of the category was sold.
    async fn ratio(&self) -> Option<f64> {
        let whole = self.stock.period.turnover(self.days).filter(|whole| *whole > 0.0)?;
        Some(round6(self.own? / whole))
    }
}
