//! Posting to levels whose stock is kept by lots: a line names its lot or has it picked, and
//! becomes an entry for each lot.

use entity::prelude::*;

use super::{
    draft::{Delta, Draft, Posting},
    input_path::At,
    level::{Facts, LevelKey},
    lot::{Lot, LotChoice, LotLevel, LotName, UnavailableUnits},
    lot_pick::StockPool,
    refusal::{LotRefusal, Refusal},
    rejection::{Noun, Reason, Rejection, Scarce},
    row_state::RowState,
};

impl Draft<'_> {
    pub fn lot(&self, id: LotId) -> Option<&Lot> {
        self.lots.lots.get(&id).or_else(|| self.book().lots.lots.get(&id))
    }
    pub fn lot_level(&self, key: LevelKey, lot: LotId) -> Option<&LotLevel> {
        self.lots.levels.get(&(key, lot)).or_else(|| self.book().lots.levels.get(&(key, lot)))
    }
    pub(super) fn put_lot(&mut self, lot: Lot) {
        self.lots.lots.insert(lot.id, lot);
    }
    /// Records a lot whose fields changed: it results in an event.
    pub(crate) fn put_changed_lot(&mut self, lot: Lot) {
        self.lots.changed.insert(lot.id);
        self.put_lot(lot);
    }

    /// Like `put_changed_lot`, for the lot that the command edits: the audit log records the differences.
    pub(crate) fn edit_lot(&mut self, before: Lot, after: Lot) {
        self.put_changed_lot(after.clone());
        self.lots.edited = Some(Box::new((before, after)));
    }

    /// Marks the units of a lot that were in transit as lost.
    pub fn mark_lost_in_transit(&mut self, lot: LotId) {
        if let Some(lost) = self.lot(lot).filter(|lot| lot.in_transit) {
            let lost = Lot { in_transit: false, ..lost.clone() };
            self.put_lot(lost);
        }
    }

    /// Marks a serial number that had arrived as in transit again.
    pub fn mark_in_transit(&mut self, lot: LotId) {
        if let Some(serial_lot) = self.lot(lot).filter(|lot| lot.tracking == Tracking::Serial) {
            let serial_lot = Lot { in_transit: true, ..serial_lot.clone() };
            self.put_lot(serial_lot);
        }
    }

    /// Returns the unavailable units of a level, or of one of its lots.
    pub fn unavailable_units(&self, key: LevelKey, lot: Option<LotId>) -> UnavailableUnits {
        self.lots.asides.get(&(key, lot)).or_else(|| self.book().lots.asides.get(&(key, lot))).copied().unwrap_or_default()
    }
    /// Returns the unavailable units of a level in a condition, of all of its lots together.
    pub fn all_unavailable_units(&self, key: LevelKey, condition: Condition) -> i64 {
        let lots = self.lot_levels(key).into_iter().map(|level| Some(level.lot));
        std::iter::once(None).chain(lots).map(|lot| self.unavailable_units(key, lot).of(condition)).sum()
    }
    /// Records units that became unavailable or available again. Refuses a negative result if the
    /// earlier quantity is known.
    pub(super) fn set_aside(
        &mut self,
        key: LevelKey,
        lot: Option<LotId>,
        (condition, delta): (Condition, i64),
        field: At,
    ) -> Result<(), Rejection> {
        let mut stock_aside = self.unavailable_units(key, lot);
        let is_known = self.book().lots.asides_known.contains(&key);
        if is_known && stock_aside.of(condition) + delta < 0 {
            let scarce = Scarce::Aside { sku: self.level(key, field)?.facts.sku.clone(), condition };
            let (usable, requested) = (stock_aside.of(condition), -delta);
            return Err(self.lot_shortage(key, scarce, (requested, usable), field));
        }
        stock_aside.add(condition, delta);
        self.lots.asides.insert((key, lot), stock_aside);
        Ok(())
    }

    /// Returns the refusal that a level has less of a lot, or of its lots together, than requested.
    pub(super) fn lot_shortage(&self, key: LevelKey, scarce: Scarce, (requested, usable): (i64, i64), field: At) -> Rejection {
        match self.level(key, field) {
            Ok(level) => {
                let level = Some(Box::new(level.clone()));
                Rejection { why: Reason::LotShort { level, what: scarce, usable, requested }, at: field }
            }
            Err(rejection) => rejection,
        }
    }

    /// Returns the lot that a line names, if it exists.
    pub fn find_lot(&self, product: ProductId, choice: &LotChoice) -> Option<&Lot> {
        let chosen_lot = match choice {
            LotChoice::Unsaid => None,
            LotChoice::Id(id) => self.lot(*id),
            LotChoice::Named(name) => self.lot_by_code(product, &name.key),
        };
        chosen_lot.filter(|lot| lot.product == product)
    }
    /// Returns the ID of the lot that a line names, if it exists.
    pub fn specified_lot_id(&self, product: ProductId, choice: &LotChoice) -> Option<LotId> {
        self.find_lot(product, choice).map(|lot| lot.id)
    }
    /// Returns the lot that a line names; None if it names none, or a new code. Refuses dates that
    /// differ from those of a known lot.
    pub fn check_specified_lot(&self, product: ProductId, choice: &LotChoice, field: At) -> Result<Option<&Lot>, Rejection> {
        let specified_lot = self.find_lot(product, choice);
        match (choice, specified_lot) {
            (LotChoice::Id(_), None) => return Err(Rejection::not_found(Noun::Lot, field.lot())),
            (LotChoice::Named(name), Some(lot)) => same_dates(lot, name, field)?,
            (LotChoice::Named(name), None) => check_dates(name.made_on, name.expires_on, field.expires_on())?,
            _ => {}
        }
        Ok(specified_lot)
    }
    pub fn lot_by_code(&self, product: ProductId, key: &str) -> Option<&Lot> {
        let drafted_lot = self.lots.lots.values().find(|lot| lot.product == product && lot.key == key);
        drafted_lot.or_else(|| self.book().lots.by_code.get(&(product, key.to_owned())).and_then(|id| self.lot(*id)))
    }

    /// Posts a line to a level that is kept by lots, an entry for each lot.
    pub(super) fn post_lots(&mut self, key: LevelKey, posting: &Posting, field: At) -> Result<(), Rejection> {
        let delta = posting.delta;
        let facts = self.stocked_level(key, field)?.facts.clone();
        let mut blocked = None;
        let parts = if delta.on_hand > 0 {
            let lot = self.resolve_incoming_lot(key, posting, delta.on_hand, field)?;
            blocked = lot.blocked(self.today(&facts));
            if let (Some(block_condition), MovementKind::Reversal) = (blocked, self.kind()) {
                return Err(LotRefusal::BlockedForReversal { code: lot.code, why: block_condition }.at(field));
            }
            vec![(lot.id, delta.on_hand)]
        } else if delta.on_hand < 0 && delta.unavailable == 0 {
            self.pick(key, posting, (StockPool::Available, -delta.on_hand), field)?
        } else if delta.unavailable > 0 {
            self.pick(key, posting, (StockPool::Available, delta.unavailable), field)?
        } else {
            let condition = posting.condition.unwrap_or(Condition::Quarantine);
            self.pick(key, posting, (StockPool::Aside(condition), -delta.unavailable), field)?
        };
        if delta.on_hand > delta.unavailable && self.kind() == MovementKind::Reversal {
            self.check_may_be_released(&facts, &parts, field)?;
        }
        let mut remaining_delta = delta;
        let last = parts.len() - 1;
        for (nth, (lot, amount)) in parts.into_iter().enumerate() {
            let mut part = remaining_delta;
            if nth < last {
                let share = |delta_units: i64| delta_units.signum() * delta_units.abs().min(amount);
                part = Delta {
                    on_hand: share(remaining_delta.on_hand),
                    reserved: share(remaining_delta.reserved),
                    unavailable: share(remaining_delta.unavailable),
                    incoming: share(remaining_delta.incoming),
                    in_transit: share(remaining_delta.in_transit),
                };
            }
            remaining_delta.on_hand -= part.on_hand;
            remaining_delta.reserved -= part.reserved;
            remaining_delta.unavailable -= part.unavailable;
            remaining_delta.incoming -= part.incoming;
            remaining_delta.in_transit -= part.in_transit;
            // Units that come in unavailable in a condition of their own keep it: the lot's may end
            // before.
            let stated_condition = posting.condition.filter(|_| part.on_hand > 0 && part.unavailable == part.on_hand);
            if blocked.is_some() {
                part.unavailable = part.on_hand;
            }
            let condition = stated_condition.or(blocked).or(posting.condition);
            self.post_lot(key, lot, Posting { delta: part, condition, ..posting.clone() }, field)?;
        }
        Ok(())
    }

    /// Refuses a reversal that would make units of a lot available that may not be sold now,
    /// whatever its state was when the stock was set aside.
    fn check_may_be_released(&self, facts: &Facts, parts: &[(LotId, i64)], field: At) -> Result<(), Rejection> {
        let today = self.today(facts);
        let blocked = parts.iter().filter_map(|(lot, _)| self.lot(*lot)).find_map(|lot| Some((lot, lot.blocked(today)?)));
        match blocked {
            Some((lot, block_condition)) => Err(LotRefusal::Blocked { code: lot.code.clone(), why: block_condition }.at(field)),
            None => Ok(()),
        }
    }

    /// Checks that no units of a quarantined or recalled lot became available, for any command.
    pub(super) fn check_blocked_lots(&self) -> Result<(), Rejection> {
        for (at, level) in &self.lots.levels {
            let before = self.book().lots.levels.get(at).map_or(0, LotLevel::available);
            if let Some(lot) = self.lot(at.1).filter(|lot| lot.status != LotStatus::Available && level.available() > before) {
                return Err(LotRefusal::NotAvailable { code: lot.code.clone(), status: lot.status }.at(At::INPUT));
            }
        }
        Ok(())
    }

    /// Posts one entry of one lot: the lot's own quantities change with the level's.
    fn post_lot(&mut self, key: LevelKey, lot: LotId, posting: Posting, field: At) -> Result<(), Rejection> {
        let (now, delta) = (self.now(), posting.delta);
        let missing = || Rejection::not_found(Noun::Lot, field.lot());
        let mut lot_after = self.lot(lot).ok_or_else(missing)?.clone();
        let (received_at, updated_at) = (now, now);
        let empty =
            LotLevel { key, lot, on_hand: 0, unavailable: 0, received_at, updated_at, counted_at: None, row: RowState::New };
        let mut level = self.lot_level(key, lot).copied().unwrap_or(empty);
        if level.on_hand == 0 && delta.on_hand > 0 {
            level.received_at = self.occurred_at();
        }
        level.on_hand += delta.on_hand;
        level.unavailable += delta.unavailable;
        level.updated_at = now;
        if level.unavailable < 0 || level.on_hand < level.unavailable {
            let usable = level.available() - (delta.on_hand - delta.unavailable);
            let requested = delta.on_hand.abs().max(delta.unavailable.abs());
            return Err(self.lot_shortage(key, Scarce::Lot { code: lot_after.code }, (requested, usable), field));
        }
        let on_hand = lot_after.on_hand.get() + delta.on_hand;
        if lot_after.tracking == Tracking::Serial && delta.on_hand != 0 {
            let is_under_way = lot_after.in_transit && delta.on_hand > 0 && self.kind() != MovementKind::TransferIn;
            if on_hand > 1 || is_under_way {
                let code = lot_after.code;
                let refusal = if is_under_way { LotRefusal::SerialUnderWay { code } } else { LotRefusal::SerialInStock { code } };
                return Err(refusal.at(field.lot()));
            }
            lot_after.in_transit = self.kind() == MovementKind::TransferOut;
        }
        let too_much = || Refusal::StockTooLarge.at(field);
        lot_after.on_hand = Quantity::new(on_hand).ok_or_else(too_much)?;
        lot_after.updated_at = now;
        let stocked = self.stocked_level(key, field)?.clone();
        let is_named = posting.lot.is_specified() && delta.on_hand < 0 && self.lots.leaving.contains_key(&(key, lot));
        self.write_entry(stocked, Some(lot), posting, field)?;
        if is_named {
            *self.lots.left.entry((key, lot)).or_default() -= delta.on_hand;
        }
        self.put_lot(lot_after);
        self.lots.levels.insert((key, lot), level);
        Ok(())
    }

    /// Returns the lot that stock comes into; a new one if its code is new.
    fn resolve_incoming_lot(&mut self, key: LevelKey, posting: &Posting, amount: i64, field: At) -> Result<Lot, Rejection> {
        let facts = self.level(key, field)?.facts.clone();
        if !posting.lot.is_specified() {
            return Err(LotRefusal::Unsaid { sku: facts.sku.clone(), tracking: facts.tracking }.at(field.lot()));
        }
        if facts.tracking == Tracking::Serial && amount > 1 {
            return Err(LotRefusal::SerialNotOne.at(field));
        }
        if let Some(lot) = self.find_lot(key.product, &posting.lot) {
            let lot = lot.clone();
            if let LotChoice::Named(name) = &posting.lot {
                same_dates(&lot, name, field)?;
            }
            return Ok(lot);
        }
        let LotChoice::Named(name) = &posting.lot else { return Err(Rejection::not_found(Noun::Lot, field.lot())) };
        let lot = new_lot(key.product, name, facts.tracking, self.now(), field.expires_on())?;
        self.put_changed_lot(lot.clone());
        Ok(lot)
    }

    /// Returns the condition for which the lot of a line may not be sold at a level; `None` if it
    /// may, or no lot is named.
    pub fn blocked(&self, key: LevelKey, choice: &LotChoice) -> Option<Condition> {
        let facts = &self.level(key, At::NOWHERE).ok()?.facts;
        self.find_lot(key.product, choice)?.blocked(self.today(facts))
    }

    /// Records the time of a lot's count at a level where it has or had stock.
    pub fn counted_lot(&mut self, key: LevelKey, lot: LotId, at: Timestamp) {
        if let Some(level) = self.lot_level(key, lot).copied() {
            let counted_at = Some(level.counted_at.map_or(at, |before| before.max(at)));
            self.lots.levels.insert((key, lot), LotLevel { counted_at, ..level });
        }
    }
    /// Sets the lot's last count at the level to the last one that is not reversed, after a later
    /// one is.
    pub fn reset_last_lot_count(&mut self, key: LevelKey, lot: LotId, counted_at: Option<Timestamp>) {
        if let Some(level) = self.lot_level(key, lot).copied() {
            self.lots.levels.insert((key, lot), LotLevel { counted_at, ..level });
        }
    }

    /// The local day at a level's store.
    pub(crate) fn today(&self, facts: &Facts) -> i32 {
        (self.book().local_day)(self.now(), &facts.time_zone)
    }
}

fn same_dates(lot: &Lot, name: &LotName, field: At) -> Result<(), Rejection> {
    let is_different = |named_date: Option<i32>, stored_date: Option<i32>| named_date.is_some() && named_date != stored_date;
    if is_different(name.made_on, lot.made_on) || is_different(name.expires_on, lot.expires_on) {
        return Err(LotRefusal::OtherDates { code: lot.code.clone() }.at(field.lot()));
    }
    Ok(())
}

/// A lot without stock so far.
pub(crate) fn new_lot(
    product: ProductId,
    name: &LotName,
    tracking: Tracking,
    now: Timestamp,
    expires_on: At,
) -> Result<Lot, Rejection> {
    check_dates(name.made_on, name.expires_on, expires_on)?;
    Ok(Lot {
        id: name.id,
        product,
        code: name.code.clone(),
        key: name.key.clone(),
        tracking,
        made_on: name.made_on,
        expires_on: name.expires_on,
        status: LotStatus::Available,
        note: None,
        on_hand: Quantity::ZERO,
        in_transit: false,
        version: 1,
        created_at: now,
        updated_at: now,
        row: RowState::New,
    })
}

pub(crate) fn check_dates(made_on: Option<i32>, expires_on: Option<i32>, at: At) -> Result<(), Rejection> {
    match made_on.zip(expires_on) {
        Some((made_day, expiry_day)) if expiry_day < made_day => Err(LotRefusal::ExpiresBeforeMade.at(at)),
        _ => Ok(()),
    }
}
