//! Stores.

use std::sync::Arc;

use async_graphql::{Context, ID};
use inventory::catalog::core::store::StoreRow;
use macros::resolvers;

use super::{
    anomaly_limits::{self, StoreAnomalyLimits},
    company::{self, PartyAddress, PartyContact, PaymentTerms, TaxId},
    enums::StoreKind,
    handling::{self, HandlingTime},
};
use crate::{
    access::{StoreGroup, groups_of_store},
    connection,
    graphql::{
        connection::PageArgs,
        fault::Answer,
        scalars::{Cursor, DateTime, Long},
    },
    sorts::{StockSort, order_of},
    stock::{StockFilter, StockLevelConnection, StockOrder, levels_of_store},
};

/// A place that holds stock.
#[derive(Clone)]
pub struct Store(pub Arc<StoreRow>);

/// A place that holds stock.
#[resolvers(cost = "0.02", shared)]
impl Store {
    /// TypeID of the store, which begins with sto_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the store, unique in the tenant; case is ignored.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Name of the store.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Kind of the store.
    async fn kind(&self) -> StoreKind {
        self.0.kind.into()
    }
    /// IANA time zone of the store's business days.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }
    /// Contacts at the store, at most 20, in the order in which they were given.
    #[field(list_size(assumed = 20))]
    async fn contacts(&self) -> Vec<PartyContact> {
        company::contacts(&self.0.contacts)
    }
    /// Address of the store. Null when none was given.
    async fn address(&self) -> Option<PartyAddress> {
        self.0.address.as_deref().map(company::address)
    }
    /// Tax numbers of the store, at most 10, in the order in which they were given.
    #[field(list_size(assumed = 10))]
    async fn tax_ids(&self) -> Vec<TaxId> {
        company::tax_ids(&self.0.tax_ids)
    }
    /// Payment terms of the store. Null when none were given.
    async fn payment_terms(&self) -> Option<PaymentTerms> {
        self.0.payment_terms.as_deref().map(company::payment_terms)
    }
    /// Time that the store takes from an order to its shipment: dueAt of its works follows from it. Null when the store states none: its works are due at
    /// once.
    async fn handling_time(&self) -> Option<HandlingTime> {
        handling::handling_time(&self.0.handling_time)
    }
    /// Limits of anomalies that the store has of its own. Null when it has none: all are the tenant's.
    async fn anomaly_limits(&self) -> Option<StoreAnomalyLimits> {
        anomaly_limits::anomaly_limits(&self.0.anomaly_limits)
    }
    /// Groups of stores that the store belongs to.
    #[field(permit = StoreRead)]
    async fn groups(&self, ctx: &Context<'_>) -> Answer<Vec<StoreGroup>> {
        groups_of_store(ctx, self.0.id).await
    }
    tagged!("store", self.0.id, StoreRead);
    /// Time at which the store was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the store: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the store.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the store was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Stock levels of the store.
    #[expect(clippy::too_many_arguments, reason = "a Relay list takes four of them")]
    #[field(paged)]
    async fn stock_levels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the stock levels. All levels of the store by default.")] filter: Option<StockFilter>,
        #[graphql(desc = "Sort order. By SKU by default.")] order_by: Option<StockOrder>,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<StockSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockLevelConnection> {
        let (order, page) = (order_of(order_by, sort)?, PageArgs { first, after, last, before });
        Box::pin(levels_of_store(ctx, self.0.id, filter.as_ref(), order.as_ref(), &page)).await
    }
}

connection!(counted StoreConnection, StoreEdge, Store, "stores");
