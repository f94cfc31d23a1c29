//! Asking for anomalies.

use async_graphql::{Context, InputObject};
use iam::access::{Permission, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::CursorSigner;
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
        filters::{IdFilter, of_both},
        scalars::{Cursor, Date},
    },
    keyed_filters::by_ids,
    orders::links::MOST_A_PAGE,
};

/// Filter of anomalies. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StockAnomalyFilter {
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

crate::keyed_filter!(flat StockAnomalyFilter, "store" store StoreCode, "product" product ProductSku);

impl StockAnomalyFilter {
    /// Checks what is asked; without a filter everything is.
    fn read(filter: Option<Self>) -> Answer<AnomalyFilter> {
        let Self { store, product, status, state, kind, from, to } = filter.unwrap_or_default();
        if from.zip(to).is_some_and(|(from, to)| to.0 < from.0) {
            return Err(TopError::bad_input("to lies before from", vec!["filter".to_owned(), "to".to_owned()]));
        }
        Ok(AnomalyFilter {
            stores: store.and_then(|ids| ids.ids(&["filter", "store"]).transpose()).transpose()?,
            products: product.and_then(|ids| ids.ids(&["filter", "product"]).transpose()).transpose()?,
            states: of_both(status, state).map(|states| states.into_iter().map(Into::into).collect()),
            kinds: kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            from: from.map(|day| day.0),
            to: to.map(|day| day.0),
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
        let filter = StockAnomalyFilter::read(by_ids(ctx, filter, "filter").await?)?;
        let sort = sort.map_or(AnomalySort::Day, Into::into);
        if sort == AnomalySort::Value {
            // The order alone says which of two products costs more.
            ctx.permit::<kind::ProductCostRead>()?;
        }
        let signer = ctx.given::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(sort.name(), signer, MOST_A_PAGE)?;
        let db = ctx.given::<Ledger>()?.database();
        let listed = shell::page(&permit, db, filter, sort, &request).await?;
        let nodes = listed.rows.into_iter().map(|anomaly| {
            let keys = sort.keys(&anomaly);
            (StockAnomaly::from(anomaly), keys)
        });
        Ok(Page::build(nodes.collect(), &request, sort.name(), signer).counted(permit.scope(db), listed.source).into())
    }
}
