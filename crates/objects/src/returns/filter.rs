//! The filter of returns, as clients write it.

use async_graphql::InputObject;
use entity::prelude::Numbered;
use iam::access::Caller;
use inventory::{numbering::core::Patterns, returns::rows::ReturnTest};
use platform::storage::Nested;

use super::enums::ReturnStatus;
use crate::{
    catalog::tag_tests,
    graphql::{fault::TopError, nested::read_nested, refusal::Path},
    orders::{
        document_filter::{DocumentFilter, document_sort},
        filters::{below, ids, span, texts},
        links::{DateTimeFilter, IdFilter, StringFilter},
        require_customer_access,
    },
};

document_sort!(ReturnSort, ReturnSortField, "returns");

/// Filter of returns. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReturnFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ReturnFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ReturnFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ReturnFilter>>,
    /// Condition on the ID of the return.
    pub id: Option<IdFilter>,
    /// Stores that received the goods.
    pub store: Option<IdFilter>,
    /// Channels to include: the return's own, or without one those of the orders that it gives back.
    pub channel: Option<IdFilter>,
    /// Customers to include. Needs customer.read.
    pub customer: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Register at which the return was created, compared exactly.
    pub register: Option<StringFilter>,
    /// Tag of the return; case is ignored. Each operator may be met by another tag. Callers bound to a channel find none.
    pub tag: Option<StringFilter>,
    /// Range of the time at which the goods were received.
    pub received_at: Option<DateTimeFilter>,
    /// Return statuses to include; an empty list matches nothing.
    pub status: Option<Vec<ReturnStatus>>,
    /// Number of the return, with or without its letters, or the beginning of its reference. References are looked for as the text is written, in
    /// capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds
    /// nothing.
    pub search: Option<String>,
    /// Number of the return, with or without its letters, as in RT-000007.
    pub number: Option<StringFilter>,
    /// Order whose lines were given back.
    pub order: Option<IdFilter>,
    /// Product of at least one line of the return.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the return was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the return last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ReturnFilter);
crate::keyed_filter!(
    ReturnFilter,
    "store" store StoreCode,
    "channel" channel ChannelCode,
    "customer" customer CustomerExternalRef,
    "product" product ProductSku,
    "order" order OrderNumber;
    [store] "receivedAt" received_at, "createdAt" created_at, "updatedAt" updated_at
);

impl ReturnFilter {
    /// The tests for the rows; refused like those of orders.
    pub fn read(self, caller: &Caller, patterns: &Patterns) -> Result<Nested<Vec<ReturnTest>>, TopError> {
        read_nested(self, &mut |filter: Self, at| filter.tests(caller, patterns, at))
    }

    fn tests(self, caller: &Caller, patterns: &Patterns, at: &Path) -> Result<Vec<ReturnTest>, TopError> {
        let mut conditions = Vec::new();
        for test in ids::<entity::id::kind::StoreId>(self.store, &below(at, "store"))? {
            conditions.push(ReturnTest::Store(test));
        }
        let channels = ids::<entity::id::kind::ChannelId>(self.channel, &below(at, "channel"))?;
        conditions.extend(channels.into_iter().map(ReturnTest::Channels));
        let mut customer = self.customer;
        let customer_access = || require_customer_access(caller).map_err(|error| error.at(below(at, "customer")));
        if let Some(is_null) = customer.as_mut().and_then(|filter| filter.is_null.take()) {
            customer_access()?;
            conditions.push(ReturnTest::HasCustomer(!is_null));
        }
        for test in ids::<entity::id::kind::CustomerId>(customer, &below(at, "customer"))? {
            customer_access()?;
            conditions.push(ReturnTest::Customer(test));
        }
        conditions.extend(texts(self.external_ref, &below(at, "externalRef"))?.into_iter().map(ReturnTest::ExternalRef));
        conditions.extend(texts(self.register, &below(at, "register"))?.into_iter().map(ReturnTest::Register));
        for test in tag_tests(self.tag, &below(at, "tag"))? {
            // Tags are the tenant's own, as papers are.
            let is_hidden = caller.channel.is_some();
            conditions.push(if is_hidden { ReturnTest::Status(Vec::new()) } else { ReturnTest::Tag(test) });
        }
        let mut received_at = self.received_at;
        let is_null = received_at.as_mut().and_then(|filter| filter.is_null.take());
        conditions.extend(is_null.map(|is_null| ReturnTest::IsReceived(!is_null)));
        conditions.extend(received_at.map(|test| ReturnTest::ReceivedAt(span(&test))));
        conditions.extend(self.status.map(|list| ReturnTest::Status(list.into_iter().map(Into::into).collect())));
        let orders = ids::<entity::id::kind::OrderId>(self.order, &below(at, "order"))?;
        conditions.extend(orders.into_iter().map(ReturnTest::Order));
        let document = DocumentFilter {
            number: self.number,
            created_at: self.created_at,
            updated_at: self.updated_at,
            id: self.id,
            search: self.search,
            product: self.product,
            sku: self.sku,
        };
        conditions.extend(
            document.read::<entity::id::kind::ReturnId>((Numbered::Return, patterns), at)?.into_iter().map(ReturnTest::Document),
        );
        Ok(conditions)
    }
}
