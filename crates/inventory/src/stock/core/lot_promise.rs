//! Quantity of a level that may be promised, by its lots and the parcels of orders, and the refusals of what exceeds it.

use entity::prelude::*;

use super::{
    draft::Draft,
    input_path::At,
    level::LevelKey,
    lot_pick::StockPool,
    rejection::{Reason, Rejection, Scarce},
};

impl Draft<'_> {
    /// Returns the quantity of a level that may be promised to buyers: the available stock, without
    /// the parcels of other orders and without the lots that a sale would not pick today. Transfers
    /// take the lots of these that are only near their date first, so the reservations of transfers
    /// are counted against them.
    pub fn promisable_quantity(&self, key: LevelKey, field: At) -> Result<i64, Rejection> {
        let level = self.stocked_level(key, field)?;
        if level.facts.tracking == Tracking::None {
            return Ok(level.available());
        }
        let (today, remaining) = (self.today(&level.facts), Some(level.facts.minimum_remaining_days));
        let candidates = self.candidates(key, StockPool::Available);
        let unsellable_lots: Vec<_> = candidates.iter().filter(|lot| !lot.is_pickable(today, remaining)).collect();
        let lot_units: i64 = unsellable_lots.iter().map(|lot| lot.available).sum();
        let expiring_units: i64 =
            unsellable_lots.iter().filter(|lot| lot.is_pickable(today, Some(0))).map(|lot| lot.available).sum();
        Ok((level.available() - lot_units + expiring_units.min(self.held_for_transfers(key)) - self.unheld_in_parcels(key))
            .max(0))
    }

    /// Returns the units in stock that parcels name for orders whose holds gave way: they count as
    /// available, and other orders cannot have them.
    fn unheld_in_parcels(&self, key: LevelKey) -> i64 {
        let unheld = self.book().lots.unheld_units(key);
        if unheld == 0 {
            return 0;
        }
        let (mut kept_units, mut missing_units) = (0, 0);
        for level in self.lot_levels(key) {
            let units_in_parcels = self.in_parcels(key, level.lot);
            let units_kept = units_in_parcels.min(level.available().max(0));
            kept_units += units_kept;
            missing_units += units_in_parcels - units_kept;
        }
        (unheld - missing_units).clamp(0, kept_units)
    }

    /// Returns the units of a level that transfers hold, as far as they are loaded.
    fn held_for_transfers(&self, key: LevelKey) -> i64 {
        let reservations = self.active_reservations(key).into_iter().filter_map(|id| self.reservation(id));
        reservations.filter(|reservation| reservation.is_held_by_document()).map(|reservation| reservation.remaining.get()).sum()
    }

    /// Checks that a transfer from these lots leaves enough for customers' reservations: a caller may name lots that these
    /// need. `held_units` are reserved for the transfer itself, and already used.
    pub fn check_promised_stock_remains(
        &self,
        key: LevelKey,
        (parts, held_units): (&[(LotId, i64)], i64),
        field: At,
    ) -> Result<(), Rejection> {
        let level = self.level(key, field)?;
        let (today, remaining) = (self.today(&level.facts), level.facts.minimum_remaining_days);
        if remaining == 0 {
            return Ok(());
        }
        // Promised units include those in parcels.
        let candidates = self.with_parcels(key, self.candidates(key, StockPool::Available));
        let for_sale = || candidates.iter().filter(|lot| lot.is_pickable(today, Some(remaining)));
        let sellable_units: i64 = for_sale().map(|lot| lot.available).sum();
        let taken_units: i64 =
            parts.iter().filter(|(id, _)| for_sale().any(|lot| lot.lot == *id)).map(|(_, amount)| amount).sum();
        let promised = level.reserved.get() - self.held_for_transfers(key) - held_units;
        let free_units = (sellable_units - promised).max(0);
        if taken_units > free_units {
            let scarce = Scarce::NotHeld { sku: level.facts.sku.clone() };
            // Lots near their date may be taken.
            let requested_units: i64 = parts.iter().map(|(_, amount)| amount).sum();
            return Err(self.lot_shortage(key, scarce, (requested_units, requested_units - taken_units + free_units), field));
        }
        Ok(())
    }

    /// Returns the refusal that a level can reserve less than requested: it is missing, or in lots that may not be sold.
    pub fn reserve_shortage(&self, key: LevelKey, (requested, usable): (i64, i64), field: At) -> Rejection {
        match self.level(key, field) {
            Ok(level) if level.available() < requested => {
                let requested = Quantity::new(requested).unwrap_or(level.on_hand);
                let reason = Reason::Insufficient { level: Box::new(level.clone()), usable: usable.max(0), requested };
                Rejection { why: reason, at: field }
            }
            Ok(level) => {
                let sku = level.facts.sku.clone();
                let scarce = if self.unheld_in_parcels(key) > 0 { Scarce::NotPacked { sku } } else { Scarce::MayBeSold { sku } };
                self.lot_shortage(key, scarce, (requested, usable), field)
            }
            Err(rejection) => rejection,
        }
    }
}
