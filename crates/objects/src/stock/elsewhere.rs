//! Where else there is of what is short, and when more of it comes: what a refusal tells beside itself, if it is asked.

use async_graphql::{Context, SimpleObject};
use entity::prelude::{self, StoreId};
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    stock::{
        core::LevelKey,
        rows::elsewhere::{Due, MOST_PLACES},
    },
};
use macros::resolvers;
use platform::clock;

use super::{links, loaders::LevelsOf};
use crate::{
    catalog::Store,
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Date, Quantity},
    },
};

/// The level that is short, and the time zone that its days are in. Where several stores were looked at: the level in the one that was asked first.
pub struct Lacking {
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

/// Other stores with stock of what is short, the one with most first. None for who may not ask about any.
pub async fn alternatives(ctx: &Context<'_>, lacking: Option<&Lacking>, first: i32) -> Answer<Vec<StockAlternative>> {
    let most = usize::try_from(first).ok().filter(|first| (1..=MOST_PLACES).contains(first));
    let Some(most) = most else {
        return Err(TopError::bad_input(format!("between 1 and {MOST_PLACES} stores are told"), vec!["first".to_owned()]));
    };
    let (Some(lacking), Ok(permit)) = (lacking, ctx.permit::<kind::StockAvailabilityRead>()) else { return Ok(Vec::new()) };
    let places = ctx.lazy::<LevelsOf>()?.places(lacking.key.product, &permit).await?;
    let others = places.iter().filter(|place| place.store != lacking.key.store).take(most);
    Ok(others.map(|place| StockAlternative { store: place.store, available: place.available }).collect())
}

/// What comes to the level on the next day on which anything is expected to, from today on.
pub async fn next_incoming(ctx: &Context<'_>, lacking: &Lacking) -> Answer<Option<IncomingStock>> {
    let now = ctx.given::<Ledger>()?.clock().now();
    let today = clock::local_day(now, &lacking.time_zone);
    let coming = ctx.lazy::<LevelsOf>()?.coming(lacking.key, now).await?;
    let day = |due: Due| match due {
        Due::Day(day) => day,
        Due::Moment(at) => clock::local_day(at, &lacking.time_zone),
    };
    let days = coming.iter().map(|one| (day(one.due), one.quantity)).filter(|(day, _)| *day >= today);
    let Some(next) = days.clone().map(|(day, _)| day).min() else { return Ok(None) };
    let sum = days.filter(|(day, _)| *day == next).map(|(_, quantity)| quantity).fold(0, i64::saturating_add);
    let quantity = Quantity(prelude::Quantity::new(sum).unwrap_or_default());
    Ok(Some(IncomingStock { expected_on: Date(next), quantity }))
}
