//! Fields that only a draft can change: its store, its channel, its time and its sourcing.

use entity::prelude::*;

use super::{
    book::OrderBook,
    create::check_placed_at,
    decision::OrderDecision,
    order::Order,
    refusal::Refusal,
    sourcing::{DraftSourcing, DraftSourcingChange},
};
use crate::{
    catalog::core::Patch,
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Changes of a draft; fields that are left out stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftChanges {
    pub store: Option<StoreId>,
    pub channel: Option<ChannelId>,
    pub placed_at: Option<Timestamp>,
    /// New sourcing; cleared to reserve all of it at the order's store.
    pub sourcing: Patch<DraftSourcing>,
}

impl DraftChanges {
    /// Returns the first field that is set; None if all are left out.
    fn first_set_field(&self) -> Option<Field> {
        let set_fields = [
            (self.store.is_some(), Field::Store),
            (self.channel.is_some(), Field::Channel),
            (self.placed_at.is_some(), Field::PlacedAt),
            (!self.sourcing.is_keep(), Field::Sourcing),
        ];
        set_fields.into_iter().find_map(|(is_said, field)| is_said.then_some(field))
    }

    pub fn is_empty(&self) -> bool {
        self.first_set_field().is_none()
    }

    /// Refuses it of an order that is no draft any more.
    pub(super) fn check(&self, order: &Order) -> Result<(), Rejection> {
        if let Some(field) = self.first_set_field().filter(|_| order.status != OrderStatus::Draft) {
            return Err(Refusal::OnlyOfDrafts(order.status).at(At::input(field)));
        }
        let lacks_destination =
            |(rule, destination): &DraftSourcing| rule.strategy == SourcingStrategy::Nearest && destination.is_none();
        if self.sourcing.set().is_some_and(lacks_destination) {
            return Err(Refusal::NoDestination.at(At::input(Field::SourcingDestination)));
        }
        Ok(())
    }

    /// Writes it into the order, whose reference is from now on this one; gives the fields that differ.
    pub(super) fn apply(
        &self,
        book: &OrderBook,
        draft: &Draft<'_>,
        order: &mut Order,
        reference: &Patch<String>,
    ) -> Result<Vec<&'static str>, Rejection> {
        let mut changed = Vec::new();
        if let Some(channel) = self.channel.filter(|channel| *channel != order.channel) {
            let mut new_reference = order.external_ref.clone();
            reference.apply(&mut new_reference);
            check_channel(book, channel, new_reference)?;
            order.channel = channel;
            changed.push("channel");
        }
        if let Some(store) = self.store.filter(|store| *store != order.store) {
            if store_zone_and_archived(book, store)?.1 {
                return Err(Refusal::StoreArchived.at(At::input(Field::Store)));
            }
            order.store = store;
            changed.push("store");
        }
        if self.store.is_some() || self.placed_at.is_some() {
            changed.extend(self.date(book, draft, order)?);
        }
        changed.extend(self.sourcing_change(book, order.id).map(|_| "sourcing"));
        Ok(changed)
    }

    /// Sets the day of the order in its store's time zone; a changed day must not be in a closed
    /// period.
    fn date(&self, book: &OrderBook, draft: &Draft<'_>, order: &mut Order) -> Result<Option<&'static str>, Rejection> {
        let (zone, _) = store_zone_and_archived(book, order.store)?;
        let placed_at = self.placed_at.unwrap_or(order.placed_at);
        let is_placed_anew = placed_at != order.placed_at;
        if is_placed_anew || (draft.book().local_day)(placed_at, zone) != order.business_date {
            order.business_date = check_placed_at(draft, placed_at, zone)?;
            order.placed_at = placed_at;
        }
        Ok(is_placed_anew.then_some("placedAt"))
    }

    /// Returns the change of the draft's sourcing, or None if it stays the same.
    pub(super) fn sourcing_change(&self, book: &OrderBook, order: OrderId) -> Option<DraftSourcingChange> {
        let before = book.drafted.get(&order).copied();
        let mut after = before;
        self.sourcing.apply(&mut after);
        (before != after).then_some(DraftSourcingChange { order, before, after })
    }
}

/// Returns the time zone of a store, and whether it is archived.
fn store_zone_and_archived(book: &OrderBook, store: StoreId) -> Result<(&str, bool), Rejection> {
    let store_facts = book.stores.get(&store).ok_or_else(|| Rejection::not_found(Noun::Store, At::input(Field::Store)))?;
    Ok((&store_facts.time_zone, store_facts.archived))
}

/// Checks that a draft may move to the channel with its reference.
fn check_channel(book: &OrderBook, channel: ChannelId, reference: Option<String>) -> Result<(), Rejection> {
    let at = At::input(Field::Channel);
    match book.channels.get(&channel) {
        None => return Err(Rejection::not_found(Noun::Channel, at)),
        Some(Some(since)) => return Err(Refusal::ChannelArchived { since: *since }.at(at)),
        Some(None) => {}
    }
    match reference {
        Some(reference) if book.taken_refs.contains(&(channel, reference.clone())) => {
            Err(Refusal::ReferenceTaken { reference }.at(at))
        }
        _ => Ok(()),
    }
}

impl OrderDecision {
    /// Returns the order before an edit, if its store, channel or time of placement changed.
    pub fn moved_from(&self) -> Option<&Order> {
        let place = |order: &Order| (order.store, order.channel, order.placed_at, order.business_date);
        let before = self.before.as_deref()?;
        let after = self.orders.iter().find(|order| order.id == before.id)?;
        (place(before) != place(after)).then_some(before)
    }
}
