//! Stock that the lines of orders hold.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{self, StoreId};
use iam::access::Reach;
use inventory::{
    orders::{core, rows::LineReservation},
    stock::core::whole_kits,
};

use super::loaders::{HeldStockKey, load};
use crate::graphql::fault::Answer;

/// Stock that an order's lines would hold, in a dry run, where it cannot be read.
pub type ForeseenStock = Option<Arc<Vec<LineReservation>>>;

/// Returns the stock that an order's lines hold, or would hold in a dry run.
pub(super) async fn load_held_stock(
    ctx: &Context<'_>,
    order: prelude::OrderId,
    foreseen: Option<&Arc<Vec<LineReservation>>>,
) -> Answer<Arc<Vec<LineReservation>>> {
    match foreseen {
        Some(held) => Ok(held.clone()),
        None => Ok(load(ctx, HeldStockKey(order)).await?.unwrap_or_default()),
    }
}

/// Counts the units of a line that are held, in one store or in all of them; for a kit the whole
/// kits.
pub(super) fn held_units(line: &core::Line, held: &[LineReservation], store: Option<StoreId>) -> i64 {
    let own = || held.iter().filter(|one| one.position == line.position && store.is_none_or(|store| store == one.store));
    let units = |product| own().filter(|one| one.product == product).map(|one| one.remaining.get()).sum::<i64>();
    whole_kits(line.goods().map(|(product, takes)| (units(product), takes)))
}

/// Whether some of the held stock is in stores of `reach`; without held stock, the order's own
/// store ships.
pub(super) fn ships_within(reach: &Reach, held: &[LineReservation]) -> bool {
    let mut held = held.iter().filter(|one| one.remaining.is_positive()).peekable();
    held.peek().is_none() || held.any(|one| reach.covers(one.store))
}
