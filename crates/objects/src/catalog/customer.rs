//! Customers, suppliers and channels.

use std::sync::Arc;

use async_graphql::{Context, ID};
use inventory::catalog::core::{
    channel::ChannelRow,
    customer::{CustomerRow, tags_of},
    supplier::SupplierRow,
};
use macros::resolvers;

use super::{
    Money, ProductConnection,
    calendar::{self, SupplierCalendar},
    catalog_loaders,
    company::{self, PartyAddress, PartyContact, PaymentTerms, TaxId},
    filter::{ProductFilter, of_supplier},
    product_page::products_page,
    refs::ProductOrder,
};
use crate::{
    connection,
    graphql::{
        connection::PageArgs,
        fault::Answer,
        scalars::{Cursor, DateTime, Json, Long},
    },
    orders::{OrderConnection, OrderFilter, OrderOrder, orders_of_customer},
    papers::{InvoiceConnection, InvoiceFilter, InvoiceListArgs, InvoiceOwner, InvoiceSort, invoices_page},
    purchasing::{PurchaseOrderConnection, PurchaseOrderFilter, PurchaseOrderListArgs, PurchaseOrderSort, purchase_orders},
    returns::{ReturnConnection, ReturnFilter, ReturnSort, returns_of_customer},
    sorts::{OrderSort, ProductSort, order_of},
    tagging,
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
    /// Reference of the customer in an external system, unique in the tenant. Null when there is none.
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
        // The audit log records that the caller was shown this customer's contacts.
        Some(catalog_loaders(ctx).map(|loads| loads.record_contact_disclosure(self.0.id)).map(|()| email))
    }
    /// True if the personal data of the customer was lost with the keys of the deployment. False once other data is given, and after the customer was erased.
    async fn is_personal_data_lost(&self) -> bool {
        self.0.is_lost
    }
    /// Contacts at the customer, at most 20, in the order in which they were given. Empty when there are none; null without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn contacts(&self, ctx: &Context<'_>) -> Option<Answer<Vec<PartyContact>>> {
        Some(
            self.disclose_contact(ctx, self.0.particulars.contacts.as_deref())
                .map(|text| text.map(company::contacts).unwrap_or_default()),
        )
    }
    /// Addresses of the customer, at most 20, in the order in which they were given. Empty when there are none; null without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn addresses(&self, ctx: &Context<'_>) -> Option<Answer<Vec<PartyAddress>>> {
        Some(
            self.disclose_contact(ctx, self.0.particulars.addresses.as_deref())
                .map(|text| text.map(company::addresses).unwrap_or_default()),
        )
    }
    /// Tax numbers of the customer, at most 10, in the order in which they were given. Empty when there are none; null without customer.contact.read.
    #[field(mask = CustomerContactRead, personal)]
    async fn tax_ids(&self, ctx: &Context<'_>) -> Option<Answer<Vec<TaxId>>> {
        Some(
            self.disclose_contact(ctx, self.0.particulars.tax_ids.as_deref())
                .map(|text| text.map(company::tax_ids).unwrap_or_default()),
        )
    }
    /// Payment terms of the customer. Null when none are agreed.
    #[field(mask = CustomerContactRead, personal)]
    async fn payment_terms(&self, ctx: &Context<'_>) -> Option<Answer<PaymentTerms>> {
        let text = self.0.particulars.payment_terms.as_deref()?;
        Some(self.disclose_contact(ctx, Some(text)).map(|_| company::payment_terms(text)))
    }
    /// Tags of the customer, at most 50, in the order in which they were given. Empty when there are none, and after the customer was erased.
    async fn tags(&self) -> Vec<String> {
        tags_of(&self.0)
    }
    /// Custom data of the customer: a JSON object, empty where none was given, and after the customer was erased.
    #[field(permit = CustomerRead)]
    async fn metadata(&self, ctx: &Context<'_>) -> Answer<Json> {
        tagging::metadata_of(ctx, self.0.id.uuid()).await
    }
    /// Orders of the customer, the newest first unless a sort is given.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the orders; all orders of the customer by default.")] filter: Option<OrderFilter>,
        #[graphql(desc = "Sort of the orders. Null for PLACED_AT, DESC.")] order_by: Option<OrderOrder>,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<OrderSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<OrderConnection> {
        let (order, page) = (order_of(order_by, sort)?, PageArgs { first, after, last, before });
        Box::pin(orders_of_customer(ctx, &permit, self.0.id, (filter, order), &page)).await
    }
    /// Returns of the customer, the newest first unless a sort is given.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the returns; all returns of the customer by default.")] filter: Option<ReturnFilter>,
        #[graphql(desc = "Sort of the returns. Null for the moment at which they happened, the newest first.")] sort: Option<
            ReturnSort,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ReturnConnection> {
        let page = PageArgs { first, after, last, before };
        Box::pin(returns_of_customer(ctx, &permit, self.0.id, (filter, sort), &page)).await
    }
    /// Invoices and credit notes of the customer's orders, the newest first unless a sort is given.
    #[field(permit = OrderRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn invoices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the invoices; all invoices of the customer by default.")] filter: Option<InvoiceFilter>,
        #[graphql(desc = "Sort of the invoices. Null for ISSUED_AT, DESC.")] sort: Option<InvoiceSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<InvoiceConnection> {
        let page = PageArgs { first, after, last, before };
        let list_args = InvoiceListArgs { of: InvoiceOwner::Customer(self.0.id), filter, sort };
        Box::pin(invoices_page(ctx, &permit, list_args, &page)).await
    }
    /// Customer that this one is merged into. Null while it is not merged.
    #[field(permit = CustomerRead)]
    async fn merged_into(&self, ctx: &Context<'_>) -> Answer<Option<Customer>> {
        match self.0.merged_into {
            Some(id) => Ok(catalog_loaders(ctx)?.customer(id).await?.map(Customer)),
            None => Ok(None),
        }
    }
    /// Customers that are merged into this one, by ID, at most 100. Orders and returns that were made for them are listed with this customer's.
    #[field(permit = CustomerRead, list_size(assumed = 5))]
    async fn merged_from(&self, ctx: &Context<'_>) -> Answer<Vec<Customer>> {
        let ids = catalog_loaders(ctx)?.merged_customers(self.0.id).await?;
        let mut rows = catalog_loaders(ctx)?.load_customers(ids.to_vec()).await?;
        Ok(ids.iter().filter_map(|id| rows.remove(id)).map(Customer).collect())
    }
    /// Time at which the customer was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the customer: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the customer.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the customer was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

impl Customer {
    /// Returns contact data of the customer, and notes its disclosure for the audit log if there is
    /// any.
    fn disclose_contact<'a>(&self, ctx: &Context<'_>, text: Option<&'a str>) -> Answer<Option<&'a str>> {
        if text.is_some() {
            catalog_loaders(ctx)?.record_contact_disclosure(self.0.id);
        }
        Ok(text)
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
    /// Contacts at the supplier, at most 20, in the order in which they were given.
    #[field(list_size(assumed = 20))]
    async fn contacts(&self) -> Vec<PartyContact> {
        company::contacts(&self.0.contacts)
    }
    /// Address of the supplier. Null when none was given.
    async fn address(&self) -> Option<PartyAddress> {
        self.0.address.as_deref().map(company::address)
    }
    /// Tax numbers of the supplier, at most 10, in the order in which they were given.
    #[field(list_size(assumed = 10))]
    async fn tax_ids(&self) -> Vec<TaxId> {
        company::tax_ids(&self.0.tax_ids)
    }
    /// Payment terms of the supplier. Null when none are agreed.
    async fn payment_terms(&self) -> Option<PaymentTerms> {
        self.0.payment_terms.as_deref().map(company::payment_terms)
    }
    /// Least value of the goods of an order, without charges. Null when the supplier has none.
    async fn minimum_order_value(&self) -> Option<Money> {
        self.0.minimum_order().map(Money::from)
    }
    /// Days on which the supplier takes orders and delivers. Null for any day.
    async fn calendar(&self) -> Option<SupplierCalendar> {
        self.0.calendar.as_deref().map(calendar::calendar)
    }
    /// Products bought from the supplier by default, by SKU, or by relevance where the filter searches, unless a sort is given.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the products; all products of the supplier by default.")] filter: Option<ProductFilter>,
        #[graphql(desc = "Sort of the products. Null for SKU, ASC, or RELEVANCE where the filter searches.")] order_by: Option<
            ProductOrder,
        >,
        #[graphql(desc = "Sort of the list. Null for that of orderBy.")] sort: Option<ProductSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ProductConnection> {
        let filter = Some(of_supplier(filter, ID(self.0.id.to_string())));
        Box::pin(products_page(ctx, permit, (filter, order_by, sort), &PageArgs { first, after, last, before })).await
    }
    /// Purchase orders from the supplier, the newest first unless another order is asked for.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn purchase_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the purchase orders; all purchase orders from the supplier by default.")] filter: Option<
            PurchaseOrderFilter,
        >,
        #[graphql(desc = "Sort of the purchase orders. Null for NUMBER, DESC.")] sort: Option<PurchaseOrderSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<PurchaseOrderConnection> {
        let args = PageArgs { first, after, last, before };
        let list_args = PurchaseOrderListArgs { filter, sort, args, supplier: Some(self.0.id) };
        Box::pin(purchase_orders(ctx, &permit, list_args)).await
    }
    /// Supplier that this one is merged into. Null while it is not merged.
    #[field(permit = ProductRead)]
    async fn merged_into(&self, ctx: &Context<'_>) -> Answer<Option<Supplier>> {
        match self.0.merged_into {
            Some(id) => Ok(catalog_loaders(ctx)?.supplier(id).await?.map(Supplier)),
            None => Ok(None),
        }
    }
    /// Suppliers that are merged into this one, by ID, at most 100.
    #[field(permit = ProductRead, list_size(assumed = 5))]
    async fn merged_from(&self, ctx: &Context<'_>) -> Answer<Vec<Supplier>> {
        let ids = catalog_loaders(ctx)?.merged_suppliers(self.0.id).await?;
        let mut rows = catalog_loaders(ctx)?.load_suppliers(ids.to_vec()).await?;
        Ok(ids.iter().filter_map(|id| rows.remove(id)).map(Supplier).collect())
    }
    tagged!("supplier", self.0.id, ProductRead);
    /// Time at which the supplier was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the supplier: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the supplier.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the supplier was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
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
    tagged!("channel", self.0.id, ChannelRead);
    /// Time at which the channel was archived. Null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the channel: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the channel.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the channel was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

connection!(counted CustomerConnection, CustomerEdge, Customer, "customers");
connection!(counted SupplierConnection, SupplierEdge, Supplier, "suppliers");
connection!(counted ChannelConnection, ChannelEdge, Channel, "channels");
