//! Whom the events of stock, of orders and of alerts concern.

use entity::prelude::{CategoryId, ProductId, Quantity, StoreId};
use platform::realtime::{About, Subject, Told, Topic};
use serde::Deserialize;

use super::{OrderEvent, StockChanged};
use crate::stock::{core::LevelKey, rows::list::LevelRow};

/// What streams of stock need of a product's event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductMoved {
    pub id: ProductId,
    #[serde(default)]
    pub category_before: Option<CategoryId>,
    #[serde(default)]
    pub category_after: Option<CategoryId>,
    #[serde(default)]
    pub threshold_before: Option<Quantity>,
    #[serde(default)]
    pub threshold_after: Option<Quantity>,
}

impl ProductMoved {
    /// One of its levels before the event and after.
    pub fn around(&self, level: LevelRow) -> (LevelRow, LevelRow) {
        let after = LevelRow { low_stock_threshold: self.threshold_after, category: self.category_after, ..level };
        let before = LevelRow { low_stock_threshold: self.threshold_before, category: self.category_before, ..after.clone() };
        (before, after)
    }
    /// Whether its levels may enter or leave a filter.
    pub fn matters(&self) -> bool {
        self.category_before != self.category_after || self.threshold_before != self.threshold_after
    }
}

/// What streams and alerts need of `stock_policy.set`: the policies of levels, and what they were.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PolicySet {
    pub levels: Vec<PolicyMoved>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyMoved {
    pub product: ProductId,
    pub store: StoreId,
    #[serde(default)]
    pub category: Option<CategoryId>,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    pub safety_stock: Quantity,
    #[serde(default)]
    pub reorder_point_before: Option<Quantity>,
    #[serde(default)]
    pub maximum_before: Option<Quantity>,
}

impl PolicyMoved {
    pub fn key(&self) -> LevelKey {
        LevelKey { product: self.product, store: self.store }
    }
    /// Its level before the event and after.
    pub fn around(&self, level: LevelRow) -> (LevelRow, LevelRow) {
        let (reorder_point, maximum, safety_stock) = (self.reorder_point, self.maximum, self.safety_stock);
        let after = LevelRow { safety_stock, reorder_point, maximum, ..level };
        let before = LevelRow { reorder_point: self.reorder_point_before, maximum: self.maximum_before, ..after.clone() };
        (before, after)
    }
}

/// Where an alert is: the room of alerts comes later, and says more of it in its own event.
#[derive(Debug, Deserialize)]
struct AlertPlace {
    #[serde(default)]
    store: Option<StoreId>,
    #[serde(default)]
    product: Option<ProductId>,
}

fn at(store: StoreId, product: ProductId, category: Option<CategoryId>) -> impl Iterator<Item = Subject> {
    [Subject::Store(store), Subject::Product(product)].into_iter().chain(category.map(Subject::Category))
}

/// An event that cannot be read concerns all who might care: they meet its fault themselves.
pub fn about(told: &Told) -> About {
    let kind = told.event.kind.as_str();
    if kind == "stock.changed" {
        let Ok(changed) = told.payload::<StockChanged>() else { return About::All(Topic::Stock) };
        let subjects = changed.levels.iter().flat_map(|level| at(level.store, level.product, level.category));
        return About::Some(Topic::Stock, subjects.collect());
    }
    if kind == "stock_policy.set" {
        let Ok(set) = told.payload::<PolicySet>() else { return About::All(Topic::Stock) };
        let subjects = set.levels.iter().flat_map(|level| at(level.store, level.product, level.category));
        return About::Some(Topic::Stock, subjects.collect());
    }
    if kind.starts_with("product.") {
        return match told.payload::<ProductMoved>() {
            // In which stores it lies is not known here.
            Ok(moved) if moved.matters() => About::All(Topic::Stock),
            Ok(_) => About::Nobody,
            Err(_) => About::All(Topic::Stock),
        };
    }
    if kind.starts_with("order.") {
        return match told.payload::<OrderEvent>() {
            Ok(order) => About::Some(Topic::Orders, vec![Subject::Store(order.store), Subject::Channel(order.channel)]),
            Err(_) => About::All(Topic::Orders),
        };
    }
    if kind.starts_with("alert.") {
        return match told.payload::<AlertPlace>() {
            Ok(place) => {
                let store = place.store.map(Subject::Store);
                About::Some(Topic::Alerts, store.into_iter().chain(place.product.map(Subject::Product)).collect())
            }
            Err(_) => About::All(Topic::Alerts),
        };
    }
    About::Nobody
}
