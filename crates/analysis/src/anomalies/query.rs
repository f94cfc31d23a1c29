//! Asking for anomalies.

use async_graphql::{Context, InputObject};
use iam::access::{Permission, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{paging::CursorSigner, storage::Nested};
use services::anomalies::{
    rows::{AnomalyFilter, AnomalySort},
    shell,
};

use super::{
    anomaly::{StockAnomaly, StockAnomalyConnection},
    enums::{StockAnomalyKind, StockAnomalySort, StockAnomalyStatus},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{IdFilter, intersect_values},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::{Cursor, Date},
    },
    keyed_filters::resolve_filter_keys,
    orders::{filters::below, links::MAX_PAGE_SIZE},
};

/// Filter of anomalies. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StockAnomalyFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StockAnomalyFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StockAnomalyFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StockAnomalyFilter>>,
    /// Condition on the anomaly's store.
    pub store: Option<IdFilter>,
    /// Condition on the anomaly's product.
    pub product: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<StockAnomalyStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<StockAnomalyStatus>>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<StockAnomalyKind>>,
    /// First business day, included. Null for no lower bound.
    pub from: Option<Date>,
    /// Last business day, included. Null for no upper bound.
    pub to: Option<Date>,
}

::graphql::nested_filter!(StockAnomalyFilter);
crate::keyed_filter!(StockAnomalyFilter, "store" store StoreCode, "product" product ProductSku);

impl StockAnomalyFilter {
    /// Checks the filter; without one it matches everything.
    fn read(filter: Option<Self>) -> Answer<Nested<AnomalyFilter>> {
        read_nested(filter.unwrap_or_default(), &mut Self::tests)
    }

    /// The tests of one filter, without those inside it.
    fn tests(self, path: &Path) -> Answer<AnomalyFilter> {
        let (from, to) = (self.from.map(|day| day.0), self.to.map(|day| day.0));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            return Err(TopError::bad_input("to lies before from", below(path, "to")));
        }
        Ok(AnomalyFilter {
            stores: self.store.map(|filter| filter.ids(&field_path(path, "store"))).transpose()?.flatten(),
            products: self.product.map(|filter| filter.ids(&field_path(path, "product"))).transpose()?.flatten(),
            states: intersect_values(self.status, self.state).map(|states| states.into_iter().map(Into::into).collect()),
            kinds: self.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            from,
            to,
        })
    }
}

/// The root fields of anomalies.
#[derive(Default)]
pub struct AnomalyQuery;

#[resolvers]
impl AnomalyQuery {
    /// Anomalies of stock, the newest first unless another order is asked for: days on which far more
    /// or far less of a product was sold, returned, adjusted or removed in a store than on the days
    /// before, and patterns such as sales below cost. A day is judged once it is over. A caller of
    /// some stores is shown theirs.
    ///
    /// Requires report.read; a caller of one channel is refused.
    #[field(permit = ReportRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stock_anomalies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores, products, states, kinds and days to include. Null for all.")] filter: Option<
            StockAnomalyFilter,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Order of the anomalies. Null for DAY.")] sort: Option<StockAnomalySort>,
    ) -> Answer<StockAnomalyConnection> {
        // Movements are of stores, not of channels.
        if permit.channel().is_some() {
            return Err(TopError::Forbidden(kind::ReportRead::info().code));
        }
        let filter = StockAnomalyFilter::read(resolve_filter_keys(ctx, filter, "filter").await?)?;
        let sort = sort.map_or(AnomalySort::Day, Into::into);
        if sort == AnomalySort::Value {
            // The order alone reveals which of two products costs more.
            ctx.permit::<kind::ProductCostRead>()?;
        }
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(sort.name(), signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let page_rows = shell::page(&permit, db, filter, sort, &request).await?;
        let nodes = page_rows.rows.into_iter().map(|anomaly| {
            let keys = sort.keys(&anomaly);
            (StockAnomaly::from(anomaly), keys)
        });
        Ok(Page::build(nodes.collect(), &request, sort.name(), signer)
            .with_count_source(permit.scope(db), page_rows.source)
            .into())
    }
}
