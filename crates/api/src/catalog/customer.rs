//! Whom a tenant deals with: customers, suppliers, channels.

use std::sync::Arc;

use async_graphql::{Context, ID};
use inventory::catalog::core::{channel::ChannelRow, customer::CustomerRow, supplier::SupplierRow};
use macros::resolvers;

use super::loads;
use crate::{
    connection,
    graphql::{
        fault::Answer,
        scalars::{DateTime, Long},
    },
};

/// Customer to whom orders are sold.
#[derive(Clone)]
pub struct Customer(pub Arc<CustomerRow>);

/// Customer to whom orders are sold.
#[resolvers(shared)]
impl Customer {
    /// TypeID of the customer, which begins with cus_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The caller's own key for it, unique in the tenant.
    async fn external_ref(&self) -> Option<&str> {
        self.0.external_ref.as_deref()
    }
    /// Name of the customer. Null when none is known, or after the customer was erased.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
    /// Country of the customer: an ISO 3166 code, or the name that was given. Null when it is
    /// unknown.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }
    /// E-mail address of the customer. Null when there is none.
    #[field(mask = CustomerContactRead, personal)]
    async fn email(&self, ctx: &Context<'_>) -> Option<Answer<&str>> {
        let email = self.0.email.as_deref()?;
        // Who read whose contacts is in the audit log.
        Some(loads(ctx).map(|loads| loads.show_contact(self.0.id)).map(|()| email))
    }
    /// 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the customer.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// Supplier from which products are bought.
#[derive(Clone)]
pub struct Supplier(pub Arc<SupplierRow>);

/// Supplier from which products are bought.
#[resolvers(shared)]
impl Supplier {
    /// TypeID of the supplier, which begins with sup_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the supplier, unique in the tenant; case is ignored.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Name of the supplier.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Lead time from ordering to receiving, in days. Null when it is unknown.
    async fn lead_time_days(&self) -> Option<i32> {
        self.0.lead_time_days
    }
    /// E-mail address for purchase orders. Null when there is none.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
    /// Time at which the supplier was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the supplier.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// Sales channel that orders come from. Every tenant has the channel DIRECT.
#[derive(Clone)]
pub struct Channel(pub Arc<ChannelRow>);

/// Sales channel that orders come from. Every tenant has the channel DIRECT.
#[resolvers(shared)]
impl Channel {
    /// TypeID of the channel, which begins with chn_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the channel, unique in the tenant; case is ignored.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Name of the channel.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Time at which the channel was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the channel.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

connection!(counted CustomerConnection, CustomerEdge, Customer, "customers");
connection!(counted SupplierConnection, SupplierEdge, Supplier, "suppliers");
connection!(counted ChannelConnection, ChannelEdge, Channel, "channels");
