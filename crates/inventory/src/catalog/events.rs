//! Events of master data, and the list of those that change rows in `cache`.

use entity::{id::kind as of, prelude::*};
use iam::access::{code, kind};
use platform::storage::events::{AnyEventType, Audience, PayloadVisibility, RowChanged, Stream, Terms, Topic};
use serde::{Deserialize, Serialize};

/// Topic of subscriptions to stock levels. It is declared here because a product's own change can
/// move its levels from one filter to another.
pub const LEVELS: Topic = Topic("stock");

platform::events! {
    /// Products.
    PRODUCT: ProductMoved = Terms {
        permission: code::<kind::ProductRead>(),
        shown: PayloadVisibility::Whole,
        // The stores that have the product are not known here.
        stream: Some(Stream { topic: LEVELS, concerns: |moved| if moved.changes_filters() { Audience::All } else { Audience::Nobody } }),
    } => {
        PRODUCT_CREATED "product.created",
        PRODUCT_UPDATED "product.updated",
        PRODUCT_ARCHIVED "product.archived",
    }
    /// Product families.
    FAMILY: RowChanged<of::FamilyId> = Terms { permission: code::<kind::ProductRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        FAMILY_CREATED "family.created",
        FAMILY_ARCHIVED "family.archived",
        FAMILY_RESTORED "family.restored",
    }
    /// Categories.
    CATEGORY: RowChanged<of::CategoryId> = Terms { permission: code::<kind::ProductRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        CATEGORY_CREATED "category.created",
        CATEGORY_UPDATED "category.updated",
        CATEGORY_ARCHIVED "category.archived",
        CATEGORY_RESTORED "category.restored",
    }
    /// Suppliers.
    SUPPLIER: RowChanged<of::SupplierId> = Terms { permission: code::<kind::ProductRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        SUPPLIER_CREATED "supplier.created",
        SUPPLIER_UPDATED "supplier.updated",
        SUPPLIER_ARCHIVED "supplier.archived",
        SUPPLIER_RESTORED "supplier.restored",
        SUPPLIER_MERGED "supplier.merged",
        SUPPLIER_UNMERGED "supplier.unmerged",
    }
    /// Stores.
    STORE: RowChanged<of::StoreId> = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        STORE_CREATED "store.created",
        STORE_UPDATED "store.updated",
        STORE_ARCHIVED "store.archived",
        STORE_RESTORED "store.restored",
    }
    /// Customers.
    CUSTOMER: RowChanged<of::CustomerId> = Terms { permission: code::<kind::CustomerRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        CUSTOMER_CREATED "customer.created",
        CUSTOMER_UPDATED "customer.updated",
        CUSTOMER_ERASED "customer.erased",
        CUSTOMER_MERGED "customer.merged",
        CUSTOMER_UNMERGED "customer.unmerged",
        CUSTOMER_ARCHIVED "customer.archived",
        CUSTOMER_RESTORED "customer.restored",
    }
    /// Channels.
    CHANNEL: RowChanged<of::ChannelId> = Terms { permission: code::<kind::ChannelRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        CHANNEL_CREATED "channel.created",
        CHANNEL_ARCHIVED "channel.archived",
        CHANNEL_RESTORED "channel.restored",
    }
}

/// The events that change rows which were there before, and which `cache` may hold. In the order of the index `event_master`: SQLite uses a
/// partial index only for its own text. A store that is restored writes `store.updated` as well.
pub const CACHED_ROW_EVENTS: &[&dyn AnyEventType] = &[
    &PRODUCT_UPDATED,
    &PRODUCT_ARCHIVED,
    &STORE_UPDATED,
    &STORE_ARCHIVED,
    &CATEGORY_UPDATED,
    &SUPPLIER_UPDATED,
    &CATEGORY_ARCHIVED,
    &CATEGORY_RESTORED,
    &SUPPLIER_ARCHIVED,
    &SUPPLIER_RESTORED,
];

/// The payload of a product's event. It names category and low-stock threshold before and after, so that a stream of stock by category or by
/// status learns that a product's levels have left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductMoved {
    #[serde(default)]
    pub category_after: Option<CategoryId>,
    #[serde(default)]
    pub category_before: Option<CategoryId>,
    pub id: ProductId,
    #[serde(default)]
    pub sku: String,
    #[serde(default)]
    pub status: Option<ProductStatus>,
    #[serde(default)]
    pub threshold_after: Option<Quantity>,
    #[serde(default)]
    pub threshold_before: Option<Quantity>,
    #[serde(default)]
    pub version: i64,
}

impl ProductMoved {
    /// Whether its levels may enter or leave a filter.
    pub fn changes_filters(&self) -> bool {
        self.category_before != self.category_after || self.threshold_before != self.threshold_after
    }
}
