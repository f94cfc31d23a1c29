//! Objects that rows of reports are of, and figures as the schema has them.

use async_graphql::Context;
use entity::prelude::{self, CategoryId, Currency};
pub(super) use services::demand::core::round6;
use uuid::Uuid;

use crate::graphql::fault::Answer;
pub(super) use crate::{
    catalog::{Category, Channel, Customer, Money, Product, Store},
    graphql::scalars::{CurrencyCode, Date, DateTime, Long, Quantity},
    insight::report_error,
    orders::links::{channel, customer, product, store},
};

/// The category that a row is of.
pub(super) async fn category(ctx: &Context<'_>, id: CategoryId) -> Option<Answer<Category>> {
    let row_read = async { crate::catalog::catalog_loaders(ctx)?.category(id).await };
    row_read.await.map(|row| row.map(Category)).transpose()
}

/// The ID of a group, None of the group of what belongs to none.
pub(super) fn non_nil_id(key: Uuid) -> Option<Uuid> {
    Some(key).filter(|key| !key.is_nil())
}

/// The shell gives no sum beyond ±(2^53 − 1).
pub(super) fn units(sum: i128) -> Quantity {
    let sum = i64::try_from(sum).ok().and_then(prelude::Quantity::new);
    sum.unwrap_or_default().into()
}

pub(super) fn money(minor: i128, currency: Currency) -> Money {
    prelude::Money::new(i64::try_from(minor).unwrap_or_default(), currency).into()
}
