//! Queries about lots, and the explanation of available quantities.

use async_graphql::{Context, ID};
use entity::prelude::{LotId, StoreId};
use iam::access::Reach;
use inventory::{
    catalog::rows::local_days::LocalDays,
    ledger::Ledger,
    stock::rows::{lot_filter::LotFilterSpec, lot_list},
};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, keyset},
    storage::{Nested, Reads},
};

use super::{
    Lot, LotConnection, LotTraceConnection,
    explain::{AvailabilityExplanation, AvailabilityForecast, explain_availability},
    lot::{ExpiringLot, ExpiringLotConnection, trace},
    lot_filter::{ExpiringLotSort, LotFilter, LotSort, resolve_lot_sort},
};
use crate::{
    catalog::{ProductFilter, ProductRef, StoreRef, find_store_id, product_ids_within},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::id_of,
        limits::Limits,
        scalars::{Cursor, Date},
    },
    keyed_filters::resolve_filter_keys,
};

/// Maximum days ahead of `expiringLots`: a hundred years.
const MAX_DAYS: i32 = 36_500;

#[derive(Default)]
pub struct LotQuery;

#[resolvers]
impl LotQuery {
    /// Lots, the newest first unless another order is asked for.
    #[field(permit = StockRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the lots. All lots by default.")] filter: Option<LotFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the lots. Null for the newest first.")] sort: Option<LotSort>,
    ) -> Answer<LotConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = resolve_lot_sort(sort);
        let kind = sorted.kind("lots");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, ctx.required_data::<Limits>()?.page)?;
        let tests = within(LotFilter::read(resolve_filter_keys(ctx, filter, "filter").await?)?, &permit.reach());
        let source = lot_list::lots_source(scope.backend(), &tests);
        let lots = lot_list::page(&scope, source.clone(), sorted, &request).await?;
        let nodes = lots.into_iter().map(|lot| {
            let keys = sorted.keys(&lot);
            (Lot::of(lot), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
    }

    /// Trace of a lot: stores, orders, customers and quantities by ledger line, the oldest first. Null when there is no such lot.
    #[field(permit = StockMovementRead, paged, deprecation = "2026-11-25: use Lot.trace. Removed after 2027-11-25.")]
    async fn lot_trace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The lot.")] lot: ID,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Answer<LotTraceConnection> {
        let lot: LotId = id_of(&lot, &["lot"])?;
        trace(ctx, &permit, lot, &PageArgs { first, after, ..PageArgs::default() }).await
    }

    /// Lots in stock whose expiry date is at most the given number of days away, or past; the soonest first unless another order is asked for.
    #[field(permit = StockRead, paged, was("expiringSoon", "2026-11-25"))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn expiring_lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Days from today: 0 to 36,500.")] within: i32,
        #[graphql(desc = "Stores to include. Null for all that you may see.")] stores: Option<Vec<StoreRef>>,
        #[graphql(
            desc = "Products of the lots to include; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(
            desc = "Conditions on the lots, beside stores and product; `store` and `onHand` test all stores that you may see. Null for all."
        )]
        filter: Option<LotFilter>,
        #[graphql(desc = "Sort of the lots. Null for EXPIRES_ON, ASC.")] sort: Option<ExpiringLotSort>,
    ) -> Answer<ExpiringLotConnection> {
        if !(0..=MAX_DAYS).contains(&within) {
            return Err(TopError::bad_input(format!("0 to {MAX_DAYS} days"), vec!["within".to_owned()]));
        }
        let ledger = ctx.required_data::<Ledger>()?;
        let scope = permit.scope(ledger.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = ExpiringLotSort::sorted(sort);
        let list = sorted.kind("expiring");
        let args = PageArgs { first, after, last, before };
        let request = args.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
        let tests = self::within(LotFilter::read(resolve_filter_keys(ctx, filter, "filter").await?)?, &permit.reach());
        let mut visible_stores: Option<Vec<StoreId>> = match permit.reach() {
            Reach::Everywhere => None,
            Reach::Stores(own_stores) => Some(own_stores.to_vec()),
        };
        if let Some(stores) = stores {
            let mut requested_stores = Vec::with_capacity(stores.len());
            for (index, store) in stores.iter().enumerate() {
                requested_stores.extend(find_store_id(ctx, store, &["stores", &index.to_string()]).await?);
            }
            requested_stores.retain(|store| permit.covers(*store));
            visible_stores = Some(requested_stores);
        }
        let products = product_ids_within(ctx, product, None).await?;
        let days = LocalDays::at(&scope, ledger.clock().now()).await?;
        let (today, mut values) = days.sql(scope.backend(), "v.store_id", 3);
        let mut conditions = format!(" AND l.expires_on <= {today} + {within}");
        if let Some(visible_stores) = visible_stores {
            conditions += &format!(" AND {}", scope.backend().in_ids("v.store_id", values.len() + 3));
            values.push(scope.backend().ids(visible_stores));
        }
        if let Some(products) = products {
            conditions += &format!(" AND {}", scope.backend().in_ids("l.product_id", values.len() + 3));
            values.push(scope.backend().ids(products));
        }
        let (filter_conditions, filter_values) = lot_list::lot_conditions(scope.backend(), &tests, values.len() + 3);
        conditions += &filter_conditions;
        values.extend(filter_values);
        let source = lot_list::expiring_source(days.last() + within, &conditions, values.clone());
        let (bounds, order, keyset_values) = keyset(sorted.columns(), sorted.descending, &request, values.len() + 3);
        conditions += &bounds;
        conditions += &order;
        values.extend(keyset_values);
        let lot_rows = lot_list::expiring(&scope, days.last() + within, &conditions, values).await?;
        let nodes = lot_rows.into_iter().map(|lot_row| {
            let keys = sorted.keys(&lot_row);
            (ExpiringLot(lot_row), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, source).into())
    }

    /// Explanation of a product's available quantity in a store: each quantity with its parts. Null when there is no such product or store.
    #[field(permit = StockRead, was("explainAvailability", "2026-11-25"))]
    async fn availability_explanation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product.")] product: ProductRef,
        #[graphql(desc = "The store.")] store: StoreRef,
    ) -> Option<Answer<AvailabilityExplanation>> {
        Box::pin(explain_availability(ctx, permit, product, store)).await.transpose()
    }

    /// Quantity of a product that a store may promise for a day, as known now: stock that will have expired is subtracted, and stock expected by
    /// then is added. Null when there is no such product or store.
    #[field(permit = StockRead, was("availableOn", "2026-11-25"))]
    async fn availability_forecast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product.")] product: ProductRef,
        #[graphql(desc = "The store.")] store: StoreRef,
        #[graphql(desc = "The day, in the store's time zone: today or later.")] date: Date,
    ) -> Option<Answer<AvailabilityForecast>> {
        Box::pin(AvailabilityForecast::of(ctx, permit, product, store, date)).await.transpose()
    }
}

/// Lots of the stores that a caller may see.
fn within(mut tests: Nested<LotFilterSpec>, reach: &Reach) -> Nested<LotFilterSpec> {
    if let Reach::Stores(visible_stores) = reach {
        tests.all_mut().into_iter().for_each(|spec| spec.restrict_to_stores(visible_stores));
        tests.own.seen_in = Some(visible_stores.to_vec());
    }
    tests
}
