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
pub type DryRunStock = Option<Arc<Vec<LineReservation>>>;

/// Returns the stock that an order's lines hold, or would hold in a dry run.
pub(super) async fn load_held_stock(
    ctx: &Context<'_>,
    order: prelude::OrderId,
    foreseen: Option<&Arc<Vec<LineReservation>>>,
) -> Answer<Arc<Vec<LineReservation>>> {
    match foreseen {
        Some(reservations) => Ok(reservations.clone()),
        None => Ok(load(ctx, HeldStockKey(order)).await?.unwrap_or_default()),
    }
}

/// Counts the units of a line that are held, in one store or in all of them; for a kit the whole
/// kits.
pub(super) fn held_units(line: &core::Line, reservations: &[LineReservation], store: Option<StoreId>) -> i64 {
    let line_reservations = || {
        reservations
            .iter()
            .filter(|reservation| reservation.position == line.position && store.is_none_or(|store| store == reservation.store))
    };
    let units = |product| {
        line_reservations()
            .filter(|reservation| reservation.product == product)
            .map(|reservation| reservation.remaining.get())
            .sum::<i64>()
    };
    whole_kits(line.goods().map(|(product, pack_units)| (units(product), pack_units)))
}

/// Whether some of the held stock is in stores of `reach`; without held stock, the order's own
/// store ships.
pub(super) fn ships_within(reach: &Reach, reservations: &[LineReservation]) -> bool {
    let mut reservations = reservations.iter().filter(|reservation| reservation.remaining.is_positive()).peekable();
    reservations.peek().is_none() || reservations.any(|reservation| reach.covers(reservation.store))
}
