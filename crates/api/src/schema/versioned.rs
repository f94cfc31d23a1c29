//! The interface of all objects that have a version.

use async_graphql::Interface;

use crate::{
    access::{Integration, Role, StoreGroup},
    alerts::{Alert, AlertRule},
    catalog::{Category, Channel, Customer, Product, ProductFamily, Store, Supplier},
    counts::Stocktake,
    fulfilment::{FulfilmentWave, FulfilmentWork},
    graphql::scalars::{DateTime, Long},
    identity::Member,
    liquidation::LiquidationPlan,
    notes::Note,
    orders::Order,
    papers::LegalEntity,
    purchasing::{BlanketOrder, PurchaseOrder},
    replenishment::{ReplenishmentPlan, ReplenishmentPolicy},
    returns::Return,
    saved_views::SavedView,
    stock::{Lot, Reservation, StockLevel},
    transfers::Transfer,
    webhooks::WebhookEndpoint,
};

/// Object with a version for optimistic locking.
#[derive(Interface)]
#[graphql(
    field(name = "version", ty = "Long", desc = "Version of the object, +1 for each change."),
    field(name = "updated_at", ty = "DateTime", desc = "Time of the last change.")
)]
pub enum Versioned {
    Product(Product),
    Category(Category),
    Supplier(Supplier),
    ProductFamily(ProductFamily),
    Store(Store),
    Customer(Customer),
    Channel(Channel),
    StoreGroup(StoreGroup),
    StockLevel(StockLevel),
    Reservation(Reservation),
    Lot(Lot),
    Order(Order),
    FulfilmentWork(FulfilmentWork),
    FulfilmentWave(FulfilmentWave),
    Return(Return),
    Transfer(Transfer),
    Stocktake(Stocktake),
    PurchaseOrder(PurchaseOrder),
    BlanketOrder(BlanketOrder),
    Member(Member),
    Role(Role),
    Integration(Integration),
    WebhookEndpoint(WebhookEndpoint),
    Alert(Alert),
    AlertRule(AlertRule),
    ReplenishmentPlan(ReplenishmentPlan),
    ReplenishmentPolicy(ReplenishmentPolicy),
    LiquidationPlan(LiquidationPlan),
    Note(Note),
    SavedView(SavedView),
    LegalEntity(LegalEntity),
}
