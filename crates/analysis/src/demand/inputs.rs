//! Filter of demand facts.

use async_graphql::InputObject;
use services::demand::rows::FactFilter;

use crate::graphql::{
    fault::{Answer, TopError},
    filters::IdFilter,
    scalars::Date,
};

/// Days of products, stores and channels. All conditions hold.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DemandFilter {
    /// First business day, included. Null for no lower bound.
    pub from: Option<Date>,
    /// Last business day, included. Null for no upper bound.
    pub to: Option<Date>,
    /// Products to include. Null for all.
    pub product: Option<IdFilter>,
    /// Stores to include. Null for all.
    pub store: Option<IdFilter>,
    /// Channels to include. Null for all.
    pub channel: Option<IdFilter>,
}

crate::keyed_filter!(flat DemandFilter, "product" product ProductSku, "store" store StoreCode, "channel" channel ChannelCode);

impl DemandFilter {
    /// Checks the filter; without one it matches everything.
    pub fn read(filter: Option<Self>) -> Answer<FactFilter> {
        let Self { from, to, product, store, channel } = filter.unwrap_or_default();
        if from.zip(to).is_some_and(|(from, to)| to.0 < from.0) {
            return Err(TopError::bad_input("to lies before from", vec!["filter".to_owned(), "to".to_owned()]));
        }
        Ok(FactFilter {
            from: from.map(|day| day.0),
            to: to.map(|day| day.0),
            products: product.and_then(|ids| ids.ids(&["filter", "product"]).transpose()).transpose()?,
            stores: store.and_then(|ids| ids.ids(&["filter", "store"]).transpose()).transpose()?,
            channels: channel.and_then(|ids| ids.ids(&["filter", "channel"]).transpose()).transpose()?,
        })
    }
}
