//! The filter of returns, as clients write it.

use async_graphql::InputObject;
use iam::access::Caller;
use inventory::returns::rows::ReturnTest;
use platform::path;

use crate::{
    graphql::fault::TopError,
    orders::{
        customers_seen,
        filters::{ids, span, texts},
        links::{DateTimeFilter, IdFilter, StringFilter},
    },
};

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
}

impl ReturnFilter {
    /// The tests for the rows; refused like those of orders.
    pub fn read(filter: Option<Self>, caller: &Caller) -> Result<Vec<ReturnTest>, TopError> {
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
        Ok(all)
    }
}
