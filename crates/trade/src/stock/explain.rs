//! `availabilityExplanation` and `availabilityForecast`, as GraphQL.

use async_graphql::Context;
use entity::prelude;
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    stock::{
        core::{self, Arrival, LevelKey, Outlook},
        rows::list::LevelRow,
        shell::{Explanation, explain_level},
    },
};
use macros::resolvers;

use super::{LotLevel, Reservation, StockCondition, StockLevel, UnavailableStock, lot::Lot, sees_reservation};
use crate::{
    catalog::{ProductRef, StoreRef, find_product_id, find_store_id},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Date, Quantity},
    },
    nodes::Node,
};

/// Maximum reservations that an explanation lists; the rest is one total.
const MAX_LISTED: usize = 250;

fn quantity(units: i64) -> Quantity {
    Quantity(prelude::Quantity::new(units).unwrap_or_default())
}

/// Explanation of a product's available quantity in a store.
pub struct AvailabilityExplanation(Explanation);

impl AvailabilityExplanation {
    /// The reservations that the caller sees, the oldest first.
    fn visible_reservations<'a>(&'a self, permit: &'a Permit<kind::StockRead>) -> impl Iterator<Item = &'a core::Reservation> {
        self.0.reservations.iter().filter(move |reservation| sees_reservation(permit, reservation))
    }
}

/// Stock that is on its way to a store.
pub struct ExpectedStock(Arrival);

/// Stock that is on its way to a store.
#[resolvers(requires = StockRead)]
impl ExpectedStock {
    /// Quantity, in the product's smallest unit.
    async fn quantity(&self) -> Quantity {
        quantity(self.0.quantity)
    }
    /// Expected day of arrival, in the store's time zone; null when none is known.
    async fn expected_on(&self) -> Option<Date> {
        self.0.on.map(Date)
    }
    /// Document that brings the stock. Null for stock that no open document accounts for.
    async fn document(&self, ctx: &Context<'_>) -> Option<Answer<Node>> {
        Box::pin(crate::nodes::reference(ctx, self.0.document?)).await.transpose()
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
    /// Quantities of the lot in the store.
    async fn level(&self) -> LotLevel {
        LotLevel(self.1)
    }
}

/// Explanation of a product's available quantity in a store, read at one moment: available = onHand − unavailable − reserved. Each quantity is the sum of
/// its parts. Quantities are in the product's smallest unit.
#[resolvers(requires = StockRead)]
impl AvailabilityExplanation {
    /// The level.
    async fn level(&self) -> StockLevel {
        LevelRow::from(&self.0.level_snapshot.level).into()
    }
    /// Quantity on hand, in the product's smallest unit: stock physically in the store.
    async fn on_hand(&self) -> Quantity {
        self.0.level_snapshot.level.on_hand.into()
    }
    /// Lots of a tracked product, which sum to onHand; empty for an untracked product.
    #[field(list_size(assumed = 50))]
    async fn lots(&self) -> Vec<LotShare> {
        self.0.lots.iter().map(|(lot, level)| LotShare(lot.clone(), *level)).collect()
    }
    /// Quantity on hand that cannot be sold, in the product's smallest unit: the sum of unavailableBy.
    async fn unavailable(&self) -> Quantity {
        self.0.level_snapshot.level.unavailable.into()
    }
    /// Unavailable quantities by condition; conditions without stock are left out.
    #[field(list_size(assumed = 4))]
    async fn unavailable_by(&self) -> Vec<UnavailableStock> {
        let units_by_condition =
            prelude::Condition::ALL.iter().map(|condition| (*condition, self.0.level_snapshot.aside.of(*condition)));
        units_by_condition
            .filter(|(_, units)| *units != 0)
            .map(|(condition, units)| UnavailableStock { condition: StockCondition::from(condition), quantity: quantity(units) })
            .collect()
    }
    /// Reserved quantity, in the product's smallest unit: the sum of reservations and reservedOther.
    async fn reserved(&self) -> Quantity {
        self.0.level_snapshot.level.reserved.into()
    }
    /// Active reservations with their documents, the oldest first, at most 250.
    #[field(list_size(assumed = 50))]
    async fn reservations(&self, ctx: &Context<'_>) -> Answer<Vec<Reservation>> {
        let permit = ctx.permit::<kind::StockRead>()?;
        Ok(self
            .visible_reservations(&permit)
            .take(MAX_LISTED)
            .cloned()
            .map(|reservation| Reservation(None, reservation))
            .collect())
    }
    /// True if there are more active reservations that you may see than `reservations` has. `reservedOther` includes them.
    async fn has_more_reservations(&self, ctx: &Context<'_>) -> Answer<bool> {
        let permit = ctx.permit::<kind::StockRead>()?;
        Ok(self.visible_reservations(&permit).nth(MAX_LISTED).is_some())
    }
    /// Quantity of the reservations that are not listed, in the product's smallest unit: those beyond the limit, and those
    /// of channels that you may not see.
    #[field(was("reservedElse", "2026-11-25"))]
    async fn reserved_other(&self, ctx: &Context<'_>) -> Answer<Quantity> {
        let permit = ctx.permit::<kind::StockRead>()?;
        let listed_units: i64 =
            self.visible_reservations(&permit).take(MAX_LISTED).map(|reservation| reservation.remaining.get()).sum();
        Ok(quantity(self.0.level_snapshot.level.reserved.get() - listed_units))
    }
    /// Available quantity, in the product's smallest unit: on hand, less unavailable, less reserved.
    async fn available(&self) -> Quantity {
        quantity(self.0.level_snapshot.level.available())
    }
    /// Available quantity in lots that may not be sold, in the product's smallest unit: past their expiry date, or with fewer days left than the
    /// product's minimumRemainingDays. Transfers hold stock near its expiry date first; that stock is not included.
    #[field(was("notForSale", "2026-11-25"))]
    async fn not_sellable(&self) -> Quantity {
        quantity(self.0.level_snapshot.not_for_sale(self.0.today))
    }
    /// Safety stock: quantity that channels do not promise, in the product's smallest unit.
    async fn safety_stock(&self) -> Quantity {
        self.0.level_snapshot.level.safety_stock.into()
    }
    /// Quantity that channels may promise, in the product's smallest unit: available − notSellable − safetyStock, at
    /// least 0. Orders of shops and staff are promised the safety stock, too.
    async fn available_to_promise(&self) -> Quantity {
        quantity(self.0.level_snapshot.to_promise(self.0.today))
    }
    /// Quantity ordered from suppliers and not yet received, in the product's smallest unit: the sum of incomingFrom.
    async fn incoming(&self) -> Quantity {
        self.0.level_snapshot.level.incoming.into()
    }
    /// Expected receipts of purchase orders, the earliest first; those without a date are last.
    #[field(list_size(assumed = 10))]
    async fn incoming_from(&self) -> Vec<ExpectedStock> {
        self.0.level_snapshot.incoming.iter().copied().map(ExpectedStock).collect()
    }
    /// Quantity in transit from other stores, in the product's smallest unit: the sum of inTransitFrom.
    async fn in_transit(&self) -> Quantity {
        self.0.level_snapshot.level.in_transit.into()
    }
    /// Expected receipts of transfers, the earliest first; those without a date are last.
    #[field(list_size(assumed = 10))]
    async fn in_transit_from(&self) -> Vec<ExpectedStock> {
        self.0.level_snapshot.in_transit.iter().copied().map(ExpectedStock).collect()
    }
}

/// The explanation of a level, if its product and store exist and the store is one of the caller's.
async fn load_explanation(
    ctx: &Context<'_>,
    permit: Permit<kind::StockRead>,
    product: ProductRef,
    store: StoreRef,
) -> Answer<Option<Explanation>> {
    let Some(product) = find_product_id(ctx, product, &["product"]).await? else { return Ok(None) };
    let Some(store) = find_store_id(ctx, &store, &["store"]).await?.filter(|store| permit.covers(*store)) else {
        return Ok(None);
    };
    let ledger = ctx.required_data::<Ledger>()?;
    Ok(explain_level(&permit.scope(ledger.database()), ledger.clock(), LevelKey { product, store }).await?)
}

pub async fn explain_availability(
    ctx: &Context<'_>,
    permit: Permit<kind::StockRead>,
    product: ProductRef,
    store: StoreRef,
) -> Answer<Option<AvailabilityExplanation>> {
    Ok(load_explanation(ctx, permit, product, store).await?.map(AvailabilityExplanation))
}

/// Quantity that a store may promise for a day.
pub struct AvailabilityForecast {
    outlook: Outlook,
    date: i32,
    level: StockLevel,
}

impl AvailabilityForecast {
    pub async fn of(
        ctx: &Context<'_>,
        permit: Permit<kind::StockRead>,
        product: ProductRef,
        store: StoreRef,
        date: Date,
    ) -> Answer<Option<Self>> {
        let Some(level_explanation) = load_explanation(ctx, permit, product, store).await? else { return Ok(None) };
        if date.0 < level_explanation.today {
            return Err(TopError::bad_input("today or a later day is expected", vec!["date".to_owned()]));
        }
        let level = LevelRow::from(&level_explanation.level_snapshot.level).into();
        Ok(Some(Self { outlook: level_explanation.level_snapshot.outlook(level_explanation.today, date.0), date: date.0, level }))
    }
}

/// Quantity that a store may promise for a day, as known now: availableToPromise = available − expiring + incoming − backordered − safetyStock, at least
/// 0. Quantities are in the product's smallest unit.
#[resolvers(requires = StockRead)]
impl AvailabilityForecast {
    /// The day.
    async fn date(&self) -> Date {
        Date(self.date)
    }
    /// Stock level as it is now.
    async fn level(&self) -> &StockLevel {
        &self.level
    }
    /// Quantity available now, in the product's smallest unit: on hand, less unavailable, less reserved.
    async fn available(&self) -> Quantity {
        quantity(self.outlook.available)
    }
    /// Quantity that will be past its expiry date by that day, or have fewer days left than the product's minimumRemainingDays, beyond the reserved
    /// quantity, in the product's smallest unit. Reservations take the lots that expire first. Stock that may not be sold today is included, except
    /// stock held for transfers.
    async fn expiring(&self) -> Quantity {
        quantity(self.outlook.expiring)
    }
    /// Quantity expected from today up to and including that day, in the product's smallest unit. Receipts without a date and
    /// overdue receipts are not counted.
    #[field(was("arriving", "2026-11-25"))]
    async fn incoming(&self) -> Quantity {
        quantity(self.outlook.arriving)
    }
    /// Quantity that was expected before today and has not arrived, in the product's smallest unit. It counts as incoming only
    /// once its document has a new date.
    async fn overdue(&self) -> Quantity {
        quantity(self.outlook.overdue)
    }
    /// Quantity that open orders need beyond the stock, also as components of kits, in the product's smallest unit. Incoming
    /// stock is allocated to it first.
    #[field(was("owed", "2026-11-25"))]
    async fn backordered(&self) -> Quantity {
        quantity(self.outlook.owed)
    }
    /// Safety stock: quantity that channels do not promise, in the product's smallest unit.
    async fn safety_stock(&self) -> Quantity {
        quantity(self.outlook.safety_stock)
    }
    /// Quantity that may be promised for that day, at least 0, in the product's smallest unit.
    async fn available_to_promise(&self) -> Quantity {
        quantity(self.outlook.to_promise())
    }
}
