//! Loaders of payments, which read in batches for the resolvers of a request. They live as long as
//! their request and cache nothing.

use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader;
use entity::prelude::*;
use inventory::payments::{core::Payment, rows};
use platform::storage::Fault;

use crate::graphql::immediate_loader::group_by_key;

crate::tenant_rows!(
    /// Reads the rows of one tenant.
    Rows
);

/// Payments of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderPaymentsKey(pub OrderId);

impl Loader<OrderPaymentsKey> for Rows {
    type Value = Arc<Vec<Arc<Payment>>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderPaymentsKey]) -> Result<HashMap<OrderPaymentsKey, Arc<Vec<Arc<Payment>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let payments = rows::payments_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, payments.into_iter().map(|payment| (OrderPaymentsKey(payment.order), Arc::new(payment)))))
    }
}

/// Payments that name a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReturnPaymentsKey(pub ReturnId);

impl Loader<ReturnPaymentsKey> for Rows {
    type Value = Arc<Vec<Arc<Payment>>>;
    type Error = Fault;
    async fn load(&self, keys: &[ReturnPaymentsKey]) -> Result<HashMap<ReturnPaymentsKey, Arc<Vec<Arc<Payment>>>>, Fault> {
        let ids: Vec<ReturnId> = keys.iter().map(|key| key.0).collect();
        let payments = rows::payments_of_returns(&self.0, &ids).await?;
        let entries =
            payments.into_iter().filter_map(|payment| Some((ReturnPaymentsKey(payment.sales_return?), Arc::new(payment))));
        Ok(group_by_key(keys, entries))
    }
}

impl Loader<PaymentId> for Rows {
    type Value = Arc<Payment>;
    type Error = Fault;
    async fn load(&self, keys: &[PaymentId]) -> Result<HashMap<PaymentId, Arc<Payment>>, Fault> {
        Ok(rows::payments(&self.0, keys).await?.into_iter().map(|payment| (payment.id, Arc::new(payment))).collect())
    }
}
