//! A return as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::prelude::{OrderLineId, ReturnId, ReturnLineId};

use super::{
    line::{OrderLine, line_of},
    links::{self, Customer, Money, Product, Store},
    loaders::{LinesOf, load},
    nodes::order_line,
    words::{Disposition, OrderLineKind, ReturnStatus},
};
use crate::{
    access::kind,
    graphql::{
        context::Asks,
        directives::{list_size, requires},
        fault::Answer,
        scalars::{DateTime, Long, Quantity},
    },
    orders::core,
};

/// A return's row, with its lines or without.
#[derive(Clone)]
pub struct Return {
    row: Arc<core::Return>,
    lines: Option<Arc<Vec<core::ReturnLine>>>,
}

impl Return {
    /// Who gives it back.
    pub fn customer_id(&self) -> Option<entity::prelude::CustomerId> {
        self.row.customer
    }
    /// With its lines.
    pub fn whole(mut row: core::Return) -> Self {
        let lines = Arc::new(std::mem::take(&mut row.lines));
        Self { row: Arc::new(row), lines: Some(lines) }
    }
    /// Its lines are read when they are asked for.
    pub fn head(row: Arc<core::Return>) -> Self {
        Self { row, lines: None }
    }
    pub fn row(&self) -> &core::Return {
        &self.row
    }
}

/// Goods that came back, or that somebody wants to give back: a document of its own, at any store, from one order, several or none.
#[Object(directive = requires::apply("order.read".to_owned()))]
impl Return {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// Its number: per tenant, without gaps. 0 in a dry run, as a number is given when it is written.
    async fn number(&self) -> String {
        self.row.number.to_string()
    }
    /// Where it came in.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.row.store).await
    }
    /// Who gave it back; null for somebody who is not known.
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        Some(links::customer(ctx, self.row.customer?).await)
    }
    /// Where it stands.
    async fn status(&self) -> ReturnStatus {
        self.row.status.into()
    }
    /// What came back, in the order of the input.
    async fn lines(&self, ctx: &Context<'_>) -> Answer<Vec<ReturnLine>> {
        let lines = match &self.lines {
            Some(lines) => lines.clone(),
            None => load(ctx, LinesOf(self.row.id)).await?.unwrap_or_default(),
        };
        Ok((0..lines.len()).map(|index| ReturnLine { of: self.row.id, lines: lines.clone(), index }).collect())
    }
    /// What is given back for it: the sum of its lines.
    async fn refund(&self) -> Money {
        self.row.refund.into()
    }
    /// What it is called elsewhere; unique in the tenant.
    async fn external_ref(&self) -> Option<&str> {
        self.row.external_ref.as_deref()
    }
    /// What was noted about it.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.row.occurred_at)
    }
    /// When it was taken in; null while it has not come.
    async fn received_at(&self) -> Option<DateTime> {
        self.row.received_at.map(DateTime)
    }
    /// +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// When it changed last.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
}

/// A line inside its return.
#[derive(Clone)]
pub struct ReturnLine {
    of: ReturnId,
    lines: Arc<Vec<core::ReturnLine>>,
    index: usize,
}

impl ReturnLine {
    /// The line of an id, if these lines of its return have it.
    pub(super) fn find(lines: Arc<Vec<core::ReturnLine>>, id: ReturnLineId) -> Option<Self> {
        let (of, position) = id.split_line();
        let index = lines.iter().position(|line| line.position == position)?;
        Some(Self { of, lines, index })
    }
    fn row(&self) -> &core::ReturnLine {
        &self.lines[self.index]
    }
}

/// What came back of one product, or a charge that is credited.
#[Object]
impl ReturnLine {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.of.line::<entity::id::kind::ReturnLineId>(self.row().position).to_string())
    }
    /// What it is of.
    async fn kind(&self) -> OrderLineKind {
        self.row().kind.into()
    }
    /// The product; null for a CHARGE.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row().product?).await)
    }
    /// The SKU as it was when it came back.
    async fn sku(&self) -> &str {
        &self.row().sku
    }
    /// The name as it was when it came back.
    async fn name(&self) -> &str {
        &self.row().name
    }
    /// The order's line that it goes back on; the first of `matches` when there are several, null when there is none or it is not yours.
    async fn order_line(&self, ctx: &Context<'_>) -> Option<Answer<OrderLine>> {
        let first = self.row().matches.first()?;
        match order_line(ctx, first.line).await {
            Ok(line) => line.map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
    /// All order lines that it goes back on, of orders that you may see; what they do not cover came from no known order.
    #[graphql(directive = list_size::apply(Some(1), None, None))]
    async fn matches(&self, ctx: &Context<'_>) -> Answer<Vec<ReturnMatch>> {
        let is_limited = ctx.permit::<kind::OrderRead>()?.is_limited();
        let mut seen = Vec::with_capacity(self.row().matches.len());
        for piece in &self.row().matches {
            if !is_limited || order_line(ctx, piece.line).await?.is_some() {
                seen.push(ReturnMatch { line: piece.line, quantity: Quantity(piece.quantity) });
            }
        }
        Ok(seen)
    }
    /// How much came back, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.row().quantity)
    }
    /// What is given back for one whole unit.
    async fn unit_price(&self) -> Money {
        self.row().unit_price.into()
    }
    /// unitPrice × quantity, rounded half away from zero to the minor unit.
    async fn total(&self) -> Money {
        self.row().total.into()
    }
    /// What becomes of it.
    async fn disposition(&self) -> Disposition {
        self.row().disposition.into()
    }
}

/// A piece of a return line.
pub struct ReturnMatch {
    line: OrderLineId,
    quantity: Quantity,
}

/// How much of a return line goes back on which order line.
#[Object]
impl ReturnMatch {
    /// The order's line.
    async fn order_line(&self, ctx: &Context<'_>) -> Answer<OrderLine> {
        line_of(ctx, self.line).await
    }
    /// How much of it, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        self.quantity
    }
}
