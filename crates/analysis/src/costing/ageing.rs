//! Age of stock in GraphQL.

use async_graphql::Context;
use entity::prelude::{self, Currency, ProductId};
use inventory::{
    costing::{
        core::{AGE_BAND_DAYS, AGE_BANDS, AgeSums},
        shell::{self, CostingContext},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::paging::{CursorSigner, Key};

use super::query::report_error;
use crate::{
    catalog::{ProductFilter, products_within},
    graphql::{
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::{Cursor, DateTime, Long, Quantity},
    },
    orders::links::{self, MAX_PAGE_SIZE, Money, Product},
};

/// Units of a product, or of all, by how long they have lain.
pub struct StockAges {
    product: Option<ProductId>,
    sums: AgeSums,
    currency: Currency,
}

/// The shell gives no sum beyond ±(2^53 − 1), and parts are smaller than their sum.
fn sum_to_i64(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or_default()
}

/// Units by their age in stock, with their value, first in, first out.
#[resolvers(requires = ProductCostRead)]
impl StockAges {
    /// Product. Null in the totals.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.product?).await)
    }
    /// Units in all stores and in transit, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        Quantity(prelude::Quantity::new(sum_to_i64(self.sums.quantity())).unwrap_or_default())
    }
    /// Value of the units, first in, first out, in the currency of the books.
    async fn value(&self) -> Money {
        prelude::Money::new(sum_to_i64(self.sums.value()), self.currency).into()
    }
    /// Time at which the oldest of the units was received. Null where there is no unit.
    async fn oldest_received_at(&self) -> Option<DateTime> {
        self.sums.oldest.map(DateTime)
    }
    /// Six spans of age, the youngest first: 0 to 30 days, to 60, to 90, to 180, to 365, and more.
    async fn ages(&self) -> Vec<StockAge> {
        (0..AGE_BANDS).map(|age| StockAge { age, sums: self.sums, currency: self.currency }).collect()
    }
}

/// Units of one span of age.
pub struct StockAge {
    age: usize,
    sums: AgeSums,
    currency: Currency,
}

/// Units of one span of age. Units received today are 0 days old.
#[resolvers(requires = ProductCostRead)]
impl StockAge {
    /// The least age in days.
    async fn from_days(&self) -> i32 {
        self.age.checked_sub(1).and_then(|before| AGE_BAND_DAYS.get(before)).map_or(0, |last| last + 1)
    }
    /// The greatest age in days, inclusive; null for the last span, which is open.
    async fn to_days(&self) -> Option<i32> {
        AGE_BAND_DAYS.get(self.age).copied()
    }
    /// Units, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        let units = self.sums.quantities.get(self.age).copied().unwrap_or_default();
        Quantity(prelude::Quantity::new(sum_to_i64(units)).unwrap_or_default())
    }
    /// Value of the units of this span, first in, first out, in the currency of the books.
    async fn value(&self) -> Money {
        let value = self.sums.values.get(self.age).copied().unwrap_or_default();
        prelude::Money::new(sum_to_i64(value), self.currency).into()
    }
}

/// A page of products by how long their units have lain, and all of them together.
pub struct StockAgesConnection {
    page: CountedPage<StockAges>,
    total: AgeSums,
    how: CostingContext,
}
crate::connection!(@edge StockAgesEdge, StockAges, "products by the age of their stock");

/// A page of products by how long their units have lain.
#[resolvers(connection(page, StockAgesEdge, StockAges))]
impl StockAgesConnection {
    /// Totals of all products, also those that are on no page; equal to stockValue by FIFO.
    async fn totals(&self) -> StockAges {
        StockAges { product: None, sums: self.total, currency: self.how.currency }
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.how.progress.seq)
    }
    /// True if the values include the tenant's last event.
    async fn is_current(&self) -> bool {
        self.how.progress.is_current()
    }
}

/// The kind of cursors of the list.
const AGEING_CURSOR: &str = "stockAgeing";

/// The root field of ages.
#[derive(Default)]
pub struct AgeingQuery;

#[resolvers]
impl AgeingQuery {
    /// Age of the stock on hand and in transit: units by the time of their receipt, first in, first out. Products with the most valuable stock come
    /// first. A unit that a customer returned counts from its return; a transfer changes no age. Stock is the company's, not a store's.
    #[field(permit = ProductCostRead, paged, cost = "50")]
    async fn stock_ageing(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Products to include. `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockAgesConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(AGEING_CURSOR, signer, MAX_PAGE_SIZE)?;
        let ledger = ctx.required_data::<Ledger>()?;
        let products = products_within(ctx, product, None).await?;
        let report = shell::stock_ageing(ledger.database(), permit, &products, ledger.clock().now());
        let report = Box::pin(report).await.map_err(report_error)?;
        let currency = report.how.currency;
        // Value and ID, as the list is sorted: the highest value first, so the value's key is
        // negated.
        let keys = |product: ProductId, sums: &AgeSums| vec![Key::Int(-sum_to_i64(sums.value())), product.into()];
        let rows = report
            .rows
            .iter()
            .map(|(product, sums)| (StockAges { product: Some(*product), sums: *sums, currency }, keys(*product, sums)));
        let page = Page::of_all(rows.collect(), &request, AGEING_CURSOR, signer);
        Ok(StockAgesConnection { page, total: report.total, how: report.how })
    }
}
