//! An anomaly as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::{self, AnomalyId};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::anomalies::{core, shell};

use super::enums::{StockAnomalyKind, StockAnomalyRule, StockAnomalyStatus};
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{Date, DateTime, Quantity},
    },
    identity::{Actor, actor},
    orders::links::{self, Money, Product, Store},
};

/// A strange day.
#[derive(Clone)]
pub struct StockAnomaly(pub Arc<core::Anomaly>);

crate::connection!(counted StockAnomalyConnection, StockAnomalyEdge, StockAnomaly, "anomalies of stock");

impl StockAnomaly {
    fn origin(&self) -> Option<&core::Origin> {
        self.0.found.pattern.as_ref()?.origin.as_ref()
    }
}

impl From<core::Anomaly> for StockAnomaly {
    fn from(anomaly: core::Anomaly) -> Self {
        Self(Arc::new(anomaly))
    }
}

fn quantity(units: i64) -> Quantity {
    prelude::Quantity::new(units).unwrap_or_default().into()
}

fn thousandths(value: i64) -> f64 {
    value as f64 / 1_000.0
}

/// Day with unusual movements of a product in a store: the total of one kind was far from the days
/// before, or one line was very large; or a pattern, such as sales below cost. Quantities are in the
/// product's smallest unit.
#[resolvers(requires = ReportRead)]
impl StockAnomaly {
    /// ID of the anomaly.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Product; of REVERSALS the one with the most units on the documents, of DUPLICATE the one with the highest amount.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.found.key.product).await
    }
    /// Store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.found.key.store).await
    }
    /// Business day, in the store's time zone: of REVERSALS the first on which they were found, of COUNTS_SHORT that of the last count, of
    /// UNMOVED the 180th without a movement.
    async fn business_date(&self) -> Date {
        Date(self.0.found.date)
    }
    /// Kind of movement.
    async fn kind(&self) -> StockAnomalyKind {
        self.0.found.key.kind.into()
    }
    /// Rule that flagged the day.
    async fn rule(&self) -> StockAnomalyRule {
        self.0.found.rule.into()
    }
    /// Units of the day, or of the pattern, in the product's smallest unit; for REVERSALS the number of returns and
    /// cancellations.
    async fn units(&self) -> Quantity {
        quantity(self.0.found.units)
    }
    /// Units of the median active day among the 60 before, to a thousandth; of REVERSALS the number that the share of the others would give. Null if
    /// no day is known, and for other patterns.
    async fn usual(&self) -> Option<f64> {
        self.0.found.usual_milli.map(thousandths)
    }
    /// Robust z of the day's log units, above 0 for more than usual, to a thousandth. Null where fewer than eight active days are known.
    async fn z(&self) -> Option<f64> {
        self.0.found.z_milli.map(thousandths)
    }
    /// Units of the day's largest line, in the product's smallest unit.
    async fn largest_line(&self) -> Quantity {
        quantity(self.0.found.largest_line)
    }
    /// Order lines of BELOW_COST, documents of REVERSALS, counts of COUNTS_SHORT, equal orders of DUPLICATE, days of UNMOVED, equal receipts of RECEIVED_TWICE. Null for a day.
    async fn times(&self) -> Option<i32> {
        self.0.found.pattern.as_ref().map(|pattern| i32::try_from(pattern.times).unwrap_or(i32::MAX))
    }
    /// Value of the anomaly: the units beyond the usual at the product's cost; of BELOW_COST the loss, of REVERSALS the refunds and cancelled
    /// totals, of DUPLICATE the totals but one, of RECEIVED_TWICE the units of all receipts but one at the product's cost. Null when no cost is known, and without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn value(&self, ctx: &Context<'_>) -> Option<Money> {
        self.0.found.value.map(Money::from)
    }
    /// Member or integration with the documents of REVERSALS. Null where they are those of a register, and for other kinds.
    async fn person(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(actor(ctx, self.origin()?.person()?).await)
    }
    /// Register of the store with the documents of REVERSALS. Null where they are those of a person, and for other kinds.
    async fn register(&self) -> Option<&str> {
        self.origin()?.register()
    }
    /// ID of the last of the equal orders of DUPLICATE. Null for other kinds.
    async fn order_id(&self) -> Option<ID> {
        Some(ID(self.0.found.pattern.as_ref()?.order?.to_string()))
    }
    /// Reason in words, in whole units, as in "142 returned; a usual day has 6".
    async fn reason(&self) -> String {
        self.0.found.reason()
    }
    /// State.
    #[field(was("state", "2026-11-26"))]
    async fn status(&self) -> StockAnomalyStatus {
        self.0.state().into()
    }
    /// Time at which the day was flagged.
    async fn detected_at(&self) -> DateTime {
        DateTime(self.0.detected_at)
    }
    /// Time at which the anomaly was accepted. Null while it is OPEN.
    async fn accepted_at(&self) -> Option<DateTime> {
        Some(DateTime(self.0.acceptance.as_ref()?.at))
    }
    /// Member or integration that accepted the anomaly. Null while it is OPEN.
    async fn accepted_by(&self, ctx: &Context<'_>) -> Option<Answer<Actor>> {
        Some(actor(ctx, self.0.acceptance.as_ref()?.by).await)
    }
    /// Note on the acceptance; null when there is none.
    async fn note(&self) -> Option<&str> {
        self.0.acceptance.as_ref()?.note.as_deref()
    }
}

/// The anomaly with an ID, if it belongs to one of the caller's stores; a caller of one channel
/// sees none.
pub async fn find_anomaly(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<StockAnomaly>> {
    let permit = ctx.permit::<kind::ReportRead>()?;
    if permit.channel().is_some() {
        return Ok(None);
    }
    let anomaly = shell::find(&permit, ctx.required_data::<Ledger>()?.database(), AnomalyId::from_uuid(id)).await?;
    Ok(anomaly.map(Into::into))
}
