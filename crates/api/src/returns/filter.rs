//! The filter of returns, as clients write it.

use async_graphql::InputObject;
use entity::prelude::Numbered;
use iam::access::Caller;
use inventory::{numbering::core::Patterns, returns::rows::ReturnTest};
use platform::path;

use super::enums::ReturnStatus;
use crate::{
    graphql::fault::TopError,
    orders::{
        customers_seen,
        document_filter::{DocumentFilter, document_sort},
        filters::{ids, span, texts},
        links::{DateTimeFilter, IdFilter, StringFilter},
    },
};

document_sort!(ReturnSort, ReturnSortField, "returns");

/// Filter of returns. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReturnFilter {
    /// Stores that received the goods.
    pub store: Option<IdFilter>,
    /// Customers to include. Needs customer.read.
    pub customer: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Range of the time at which the goods were received.
    pub received_at: Option<DateTimeFilter>,
    /// Return statuses to include; an empty list matches nothing.
    pub status: Option<Vec<ReturnStatus>>,
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

impl ReturnFilter {
    /// The tests for the rows; refused like those of orders.
    pub fn read(filter: Option<Self>, caller: &Caller, patterns: &Patterns) -> Result<Vec<ReturnTest>, TopError> {
        let Some(filter) = filter else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for test in ids::<entity::id::kind::StoreId>(filter.store, &path!["filter", "store"])? {
            all.push(ReturnTest::Store(test));
        }
        for test in ids::<entity::id::kind::CustomerId>(filter.customer, &path!["filter", "customer"])? {
            customers_seen(caller)?;
            all.push(ReturnTest::Customer(test));
        }
        all.extend(texts(filter.external_ref, &path!["filter", "externalRef"])?.into_iter().map(ReturnTest::ExternalRef));
        all.extend(filter.received_at.map(|test| ReturnTest::ReceivedAt(span(&test))));
        all.extend(filter.status.map(|list| ReturnTest::Status(list.into_iter().map(Into::into).collect())));
        let orders = ids::<entity::id::kind::OrderId>(filter.order, &path!["filter", "order"])?;
        all.extend(orders.into_iter().map(ReturnTest::Order));
        let document = DocumentFilter {
            number: filter.number,
            created_at: filter.created_at,
            updated_at: filter.updated_at,
            product: filter.product,
            sku: filter.sku,
        };
        all.extend(document.read_filter((Numbered::Return, patterns))?.into_iter().map(ReturnTest::Document));
        Ok(all)
    }
}
