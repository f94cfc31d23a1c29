//! Other stores with stock of a product that is short, and its next arrival: fields of a refusal,
//! computed only if selected.

use async_graphql::{Context, SimpleObject};
use entity::prelude::{self, StoreId};
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    stock::{
        core::LevelKey,
        rows::other_stores::{Due, MAX_PLACES},
    },
};
use macros::resolvers;
use platform::clock;

use super::{links, loaders::LevelLoader};
use crate::{
    catalog::Store,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Date, Quantity},
    },
};

/// The level that is short, and the time zone of its days. If several stores were tried, it is the
/// level in the first one.
pub struct Shortfall {
    pub key: LevelKey,
    pub time_zone: String,
    /// Whether the caller may see the level.
    pub is_visible: bool,
}

/// Store that has stock of a product that is short elsewhere. Information, not a promise.
pub struct StockAlternative {
    store: StoreId,
    available: i64,
}

/// Store that has stock of a product that is short elsewhere. Information, not a promise.
#[resolvers(requires = StockAvailabilityRead, shared)]
impl StockAlternative {
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.store).await
    }
    /// Available quantity in the product's smallest unit: on hand, less unavailable, less reserved, and for keys of a channel less safety stock; above 0.
    async fn available(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.available).unwrap_or_default())
    }
}

/// Stock that is expected to come to a store on a day.
#[derive(SimpleObject)]
pub struct IncomingStock {
    /// Expected day of arrival, in the store's time zone.
    pub expected_on: Date,
    /// Quantity expected on that day, in the product's smallest unit; above 0.
    pub quantity: Quantity,
}

/// Other stores with stock of the product that is short, the one with most first. Empty for callers
/// without stock.availability.read.
pub async fn alternatives(ctx: &Context<'_>, shortfall: Option<&Shortfall>, first: i32) -> Answer<Vec<StockAlternative>> {
    let limit = usize::try_from(first).ok().filter(|first| (1..=MAX_PLACES).contains(first));
    let Some(limit) = limit else {
        return Err(TopError::bad_input(format!("between 1 and {MAX_PLACES} stores are told"), vec!["first".to_owned()]));
    };
    let (Some(shortfall), Ok(permit)) = (shortfall, ctx.permit::<kind::StockAvailabilityRead>()) else { return Ok(Vec::new()) };
    let places = ctx.lazy::<LevelLoader>()?.top_stores(shortfall.key.product, &permit).await?;
    let other_places = places.iter().filter(|place| place.store != shortfall.key.store).take(limit);
    Ok(other_places.map(|place| StockAlternative { store: place.store, available: place.available }).collect())
}

/// Returns the quantity that is expected at the level on its next day of arrivals, from today on.
pub async fn next_incoming(ctx: &Context<'_>, shortfall: &Shortfall) -> Answer<Option<IncomingStock>> {
    let now = ctx.required_data::<Ledger>()?.clock().now();
    let today = clock::local_day(now, &shortfall.time_zone);
    let incoming = ctx.lazy::<LevelLoader>()?.load_incoming(shortfall.key, now).await?;
    let day = |due: Due| match due {
        Due::Day(day) => day,
        Due::Moment(at) => clock::local_day(at, &shortfall.time_zone),
    };
    let days = incoming.iter().map(|delivery| (day(delivery.due), delivery.quantity)).filter(|(day, _)| *day >= today);
    let Some(next_day) = days.clone().map(|(day, _)| day).min() else { return Ok(None) };
    let sum = days.filter(|(day, _)| *day == next_day).map(|(_, quantity)| quantity).fold(0, i64::saturating_add);
    let quantity = Quantity(prelude::Quantity::new(sum).unwrap_or_default());
    Ok(Some(IncomingStock { expected_on: Date(next_day), quantity }))
}
