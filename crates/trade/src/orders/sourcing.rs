//! Sourcing of orders: its inputs and types in the API.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use entity::prelude::{self, StoreId};
use iam::access::kind;
use inventory::orders::{
    core::{MAX_STORES, Position, SourcingOptions, SourcingRule},
    rows::{self, MAX_STORES_SHOWN, StoreSourcing},
};
use macros::resolvers;
use platform::path;

use super::{
    links::{self, Store, StoreRef},
    payload::ledger,
};
use crate::graphql::{context::ContextExt, fault::Answer, reading::InputErrors};

/// Strategy that ranks the stores from which an order can take its stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::SourcingStrategy", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SourcingStrategy {
    /// Stores nearest to the destination come first.
    Nearest,
    /// Stores with the most stock of the requested products come first.
    MostStock,
    /// Stores with the lowest priority number come first.
    Priority,
}

/// Policy for orders that no store can fulfil alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::SplitPolicy", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SplitPolicy {
    /// The order is split when no store has everything.
    Allow,
    /// The order must come from one store.
    Refuse,
}

/// A place on the globe, in degrees.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct GeoPointInput {
    /// North of the equator: -90 to 90. Six decimals are kept.
    pub latitude: f64,
    /// East of Greenwich: -180 to 180. Six decimals are kept.
    pub longitude: f64,
}

/// Rules for the search for stock of one order; the tenant's rule applies where a field is omitted.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SourcingInput {
    /// Strategy that ranks the stores; the tenant's when omitted.
    pub strategy: Option<SourcingStrategy>,
    /// Policy for an order that no store can fulfil alone. Null for the tenant's.
    pub split: Option<SplitPolicy>,
    /// Largest number of stores for an order, 1 to 10. Null for the tenant's.
    pub max_stores: Option<i32>,
    /// Destination of the order; required by NEAREST. Null for none.
    pub destination: Option<GeoPointInput>,
}

/// Settings of a store as a source of stock for orders.
#[derive(Debug, Clone, InputObject)]
pub struct StoreSourcingInput {
    /// The store.
    pub store: StoreRef,
    /// True if orders of other stores may take stock from the store. Default true.
    #[graphql(default = true)]
    pub is_source: bool,
    /// Priority of the store in the PRIORITY strategy; the lowest number comes first. Default 0.
    #[graphql(default = 0)]
    pub priority: i32,
    /// Geographic position of the store; unknown when omitted.
    pub position: Option<GeoPointInput>,
}

/// Change of the company's rule for the search for stock, and of settings of its stores. Stores that are not named stay as they
/// are.
#[derive(Debug, Clone, InputObject)]
pub struct SourcingSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The rule. Fields that are left out stay as they are.
    pub rule: Option<SourcingRuleInput>,
    /// Settings of stores, each of them complete; at most 500. Empty by default.
    #[graphql(default)]
    pub stores: Vec<StoreSourcingInput>,
}

/// A rule for all orders that say nothing else.
#[derive(Debug, Clone, InputObject)]
pub struct SourcingRuleInput {
    /// Strategy that ranks the stores; unchanged when omitted.
    pub strategy: Option<SourcingStrategy>,
    /// Policy for orders that no store can fulfil alone. Null leaves it as it is.
    pub split: Option<SplitPolicy>,
    /// Largest number of stores for an order, 1 to 10. Null leaves it as it is.
    pub max_stores: Option<i32>,
}

fn read_position(
    reader: &mut InputErrors,
    point: Option<GeoPointInput>,
    field: impl FnOnce() -> Vec<String>,
) -> Option<Position> {
    let point = point?;
    let parsed = Position::of_degrees(point.latitude, point.longitude);
    if parsed.is_none() {
        reader.invalid("degrees are expected: latitude within 90, longitude within 180 either way", field);
    }
    parsed
}

fn max_stores(reader: &mut InputErrors, count: Option<i32>, field: impl FnOnce() -> Vec<String>) -> Option<u16> {
    let count = count?;
    let parsed = u16::try_from(count).ok().filter(|max| (1..=MAX_STORES).contains(max));
    if parsed.is_none() {
        reader.invalid("1 to 10 stores are expected", field);
    }
    parsed
}

impl SourcingInput {
    /// Reads the input, which is the field of this name, for the ledger's shell.
    pub(super) fn read(self, field: &str, reader: &mut InputErrors) -> SourcingOptions {
        SourcingOptions {
            strategy: self.strategy.map(Into::into),
            split: self.split.map(Into::into),
            max_stores: max_stores(reader, self.max_stores, || path!["input", field, "maxStores"]),
            destination: read_position(reader, self.destination, || path!["input", field, "destination"]),
        }
    }
}

impl SourcingRuleInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> SourcingOptions {
        SourcingOptions {
            strategy: self.strategy.map(Into::into),
            split: self.split.map(Into::into),
            max_stores: max_stores(reader, self.max_stores, || path!["input", "rule", "maxStores"]),
            destination: None,
        }
    }
}

impl StoreSourcingInput {
    /// Reads the settings without the store, which is looked up later.
    pub(super) fn read(&self, index: usize, reader: &mut InputErrors) -> StoreSourcing {
        let position = read_position(reader, self.position, || path!["input", "stores", index, "position"]);
        StoreSourcing { store: StoreId::NIL, is_source: self.is_source, priority: self.priority, position }
    }
}

/// A place on the globe, in degrees.
#[derive(Debug, Clone, Copy, SimpleObject)]
#[graphql(name = "GeoPoint")]
pub struct GeoPoint {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

impl From<Position> for GeoPoint {
    fn from(at: Position) -> Self {
        let (latitude, longitude) = at.degrees();
        Self { latitude, longitude }
    }
}

/// Company's rule of sourcing, and the settings of its stores.
pub struct Sourcing {
    pub(super) rule: SourcingRule,
    /// Settings of the stores, with one more than are shown if there are more.
    pub(super) stores: Vec<StoreSourcing>,
}

/// Company's rule for the search for stock, with the settings of its stores.
#[resolvers(requires = StoreRead)]
impl Sourcing {
    /// Strategy that ranks the stores.
    async fn strategy(&self) -> SourcingStrategy {
        self.rule.strategy.into()
    }
    /// Policy for orders that no store can fulfil alone.
    async fn split(&self) -> SplitPolicy {
        self.rule.split.into()
    }
    /// Largest number of stores for an order, 1 to 10.
    async fn max_stores(&self) -> i32 {
        i32::from(self.rule.max_stores)
    }
    /// Settings of the open stores as sources of stock, by code; at most 1,000.
    #[field(list_size(assumed = 1_000))]
    async fn stores(&self) -> Vec<SourcingStore> {
        self.stores.iter().copied().take(MAX_STORES_SHOWN).map(SourcingStore).collect()
    }
    /// True if there are more open stores than `stores` has.
    async fn has_more_stores(&self) -> bool {
        self.stores.len() > MAX_STORES_SHOWN
    }
}

impl Sourcing {
    /// The current rule and settings.
    pub(super) async fn of(ctx: &Context<'_>) -> Answer<Self> {
        let scope = ctx.permit::<kind::StoreRead>()?.scope(ledger(ctx)?.database());
        let (rule, stores) = (rows::sourcing_rule(&scope).await?, rows::store_sourcing(&scope).await?);
        Ok(Self { rule, stores })
    }
}

/// A store as a source.
pub struct SourcingStore(StoreSourcing);

/// Settings of a store as a source of stock for orders.
#[Object]
impl SourcingStore {
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.store).await
    }
    /// True if orders of other stores may take stock from the store.
    async fn is_source(&self) -> bool {
        self.0.is_source
    }
    /// Priority of the store in the PRIORITY strategy; the lowest number comes first.
    async fn priority(&self) -> i32 {
        self.0.priority
    }
    /// Geographic position of the store; null when it is unknown.
    async fn position(&self) -> Option<GeoPoint> {
        self.0.position.map(GeoPoint::from)
    }
}
