//! `explainAvailability` and `availableOn`, as GraphQL.

use async_graphql::Context;
use entity::prelude;
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    stock::{
        core::{self, Arrival, LevelKey, Outlook},
        rows::list::LevelRow,
        shell::{Explanation, explain},
    },
};
use macros::resolvers;

use super::{Condition, LotLevel, Reservation, StockLevel, UnavailableStock, lot::Lot, sees_reservation};
use crate::{
    catalog::{ProductRef, StoreRef, product_named, store_named},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Date, Quantity},
    },
    schema::Node,
};

/// Reservations that an explanation lists; what more hold is one figure.
const MOST_LISTED: usize = 250;

fn quantity(units: i64) -> Quantity {
    Quantity(prelude::Quantity::new(units).unwrap_or_default())
}

/// Why so much of a product is available in a store.
pub struct AvailabilityExplained(Explanation);

/// Something that is on its way to a store.
pub struct ExpectedStock(Arrival);

/// Something that is on its way to a store.
#[resolvers(requires = StockRead)]
impl ExpectedStock {
    /// How much, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        quantity(self.0.quantity)
    }
    /// The day it is expected, in the store's time zone; null where nobody said.
    async fn expected_on(&self) -> Option<Date> {
        self.0.on.map(Date)
    }
    /// The document that brings it; null for what no open document accounts for.
    async fn document(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::schema::reference(ctx, self.0.document?)).await.transpose()
    }
}

/// A lot's share of what a store has.
pub struct LotShare(core::Lot, core::LotLevel);

/// A lot's share of what a store has.
#[resolvers(requires = StockRead)]
impl LotShare {
    /// The lot.
    async fn lot(&self) -> Lot {
        Lot::of(self.0.clone())
    }
    /// How much of it.
    async fn level(&self) -> LotLevel {
        LotLevel(self.1)
    }
}

/// Why so much of a product is available in a store, all read at one moment: available = onHand − unavailable − reserved, and each figure is the
/// sum of its parts.
#[resolvers(requires = StockRead)]
impl AvailabilityExplained {
    /// The level.
    async fn level(&self) -> StockLevel {
        StockLevel(LevelRow::from(&self.0.level_snapshot.level))
    }
    /// What is physically there.
    async fn on_hand(&self) -> Quantity {
        self.0.level_snapshot.level.on_hand.into()
    }
    /// Of a tracked product: the lots that sum to onHand.
    #[field(list_size(assumed = 50))]
    async fn lots(&self) -> Vec<LotShare> {
        self.0.lots.iter().map(|(lot, level)| LotShare(lot.clone(), *level)).collect()
    }
    /// What cannot be sold: the sum of unavailableBy.
    async fn unavailable(&self) -> Quantity {
        self.0.level_snapshot.level.unavailable.into()
    }
    /// What cannot be sold, by why.
    #[field(list_size(assumed = 4))]
    async fn unavailable_by(&self) -> Vec<UnavailableStock> {
        let all = prelude::Condition::ALL.iter().map(|condition| (*condition, self.0.level_snapshot.aside.of(*condition)));
        all.filter(|(_, n)| *n != 0)
            .map(|(condition, n)| UnavailableStock { condition: Condition::from(condition), quantity: quantity(n) })
            .collect()
    }
    /// What is promised: the sum of reservations, and of reservedElse.
    async fn reserved(&self) -> Quantity {
        self.0.level_snapshot.level.reserved.into()
    }
    /// What holds it, the oldest first, at most 250: each with its document.
    #[field(list_size(assumed = 50))]
    async fn reservations(&self, ctx: &Context<'_>) -> Answer<Vec<Reservation>> {
        let permit = ctx.permit::<kind::StockRead>()?;
        let seen = self.0.reservations.iter().take(MOST_LISTED).filter(|held| sees_reservation(&permit, held));
        Ok(seen.cloned().map(|held| Reservation(None, held)).collect())
    }
    /// What more reservations hold than are listed, or those of channels that you may not see.
    async fn reserved_else(&self, ctx: &Context<'_>) -> Answer<Quantity> {
        let permit = ctx.permit::<kind::StockRead>()?;
        let listed = self.0.reservations.iter().take(MOST_LISTED).filter(|held| sees_reservation(&permit, held));
        let listed: i64 = listed.map(|held| held.remaining.get()).sum();
        Ok(quantity(self.0.level_snapshot.level.reserved.get() - listed))
    }
    /// On hand, less unavailable, less reserved.
    async fn available(&self) -> Quantity {
        quantity(self.0.level_snapshot.level.available())
    }
    /// What is available, but in lots that may not be sold: past their date, or with fewer days left than the product's minimumRemainingDays.
    /// What transfers hold is held of those that are near their date first, and is not in it.
    async fn not_for_sale(&self) -> Quantity {
        quantity(self.0.level_snapshot.not_for_sale(self.0.today))
    }
    /// What channels do not promise.
    async fn safety_stock(&self) -> Quantity {
        self.0.level_snapshot.level.safety_stock.into()
    }
    /// available − notForSale − safetyStock, at least 0. Orders of shops and staff are promised the safety stock, too.
    async fn available_to_promise(&self) -> Quantity {
        quantity(self.0.level_snapshot.to_promise(self.0.today))
    }
    /// What is ordered from suppliers and not yet here: the sum of incomingFrom.
    async fn incoming(&self) -> Quantity {
        self.0.level_snapshot.level.incoming.into()
    }
    /// What is ordered, by when it is expected.
    #[field(list_size(assumed = 10))]
    async fn incoming_from(&self) -> Vec<ExpectedStock> {
        self.0.level_snapshot.incoming.iter().copied().map(ExpectedStock).collect()
    }
    /// What is on its way from other stores: the sum of inTransitFrom.
    async fn in_transit(&self) -> Quantity {
        self.0.level_snapshot.level.in_transit.into()
    }
    /// What is on its way from other stores, by when it is expected.
    #[field(list_size(assumed = 10))]
    async fn in_transit_from(&self) -> Vec<ExpectedStock> {
        self.0.level_snapshot.in_transit.iter().copied().map(ExpectedStock).collect()
    }
}

/// The level's product and store, if they are there and the store is one of the caller's.
async fn explanation(
    ctx: &Context<'_>,
    permit: Permit<kind::StockRead>,
    product: ProductRef,
    store: StoreRef,
) -> Answer<Option<Explanation>> {
    let Some(product) = product_named(ctx, product, &["product"]).await? else { return Ok(None) };
    let Some(store) = store_named(ctx, &store, &["store"]).await?.filter(|store| permit.covers(*store)) else {
        return Ok(None);
    };
    let ledger = ctx.given::<Ledger>()?;
    Ok(explain(&permit.scope(ledger.database()), ledger.clock(), LevelKey { product, store }).await?)
}

pub async fn explained(
    ctx: &Context<'_>,
    permit: Permit<kind::StockRead>,
    product: ProductRef,
    store: StoreRef,
) -> Answer<Option<AvailabilityExplained>> {
    Ok(explanation(ctx, permit, product, store).await?.map(AvailabilityExplained))
}

/// What a store may promise for a day.
pub struct AvailableOn {
    outlook: Outlook,
    date: i32,
    level: StockLevel,
}

impl AvailableOn {
    pub async fn of(
        ctx: &Context<'_>,
        permit: Permit<kind::StockRead>,
        product: ProductRef,
        store: StoreRef,
        date: Date,
    ) -> Answer<Option<Self>> {
        let Some(found) = explanation(ctx, permit, product, store).await? else { return Ok(None) };
        if date.0 < found.today {
            return Err(TopError::bad_input("today or a later day is expected", vec!["date".to_owned()]));
        }
        let level = StockLevel(LevelRow::from(&found.level_snapshot.level));
        Ok(Some(Self { outlook: found.level_snapshot.outlook(found.today, date.0), date: date.0, level }))
    }
}

/// What a store may promise for a day, from what is known now: availableToPromise = available − expiring + arriving − owed − safetyStock, at least 0.
#[resolvers(requires = StockRead)]
impl AvailableOn {
    /// The day.
    async fn date(&self) -> Date {
        Date(self.date)
    }
    /// The level as it is now.
    async fn level(&self) -> &StockLevel {
        &self.level
    }
    /// What is available now.
    async fn available(&self) -> Quantity {
        quantity(self.outlook.available)
    }
    /// What will be past its date by then, or have fewer days left than the product's minimumRemainingDays, beyond what is reserved:
    /// reservations take the first to expire. What may not be sold today is all in it, beyond what transfers hold of it.
    async fn expiring(&self) -> Quantity {
        quantity(self.outlook.expiring)
    }
    /// What is expected from today up to that day; what has no date or is overdue is not counted.
    async fn arriving(&self) -> Quantity {
        quantity(self.outlook.arriving)
    }
    /// What was expected before today and has not come: not counted, until its document says another day.
    async fn overdue(&self) -> Quantity {
        quantity(self.outlook.overdue)
    }
    /// What open orders are owed beyond stock, also as parts of kits: what comes is given to them first.
    async fn owed(&self) -> Quantity {
        quantity(self.outlook.owed)
    }
    /// What channels do not promise.
    async fn safety_stock(&self) -> Quantity {
        quantity(self.outlook.safety_stock)
    }
    /// What may be promised for that day.
    async fn available_to_promise(&self) -> Quantity {
        quantity(self.outlook.to_promise())
    }
}
