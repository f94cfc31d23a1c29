//! Payloads of mutations of the stock room.

use async_graphql::{ComplexObject, Context, SimpleObject};
use iam::access::{Permit, kind};

use super::{Reservation, StockLevel, StockMovement, sees_reservation, visible_movement};
use crate::graphql::{context::ContextExt, fault::Answer, refusal::UserError, scalars::Long};

/// The answer to a change of stock.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct StockPayload {
    #[graphql(skip)]
    pub levels: Option<Vec<StockLevel>>,
    #[graphql(skip)]
    pub movement: Option<StockMovement>,
    /// Reasons for the refusal; empty when the change was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the stored result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of the change; null when nothing was written.
    pub seq: Option<Long>,
}

/// The answer to a change of reservations.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ReservationPayload {
    #[graphql(skip)]
    pub reservations: Option<Vec<Reservation>>,
    /// Reasons for the refusal; empty when the change was made.
    pub user_errors: Vec<UserError>,
    /// True if the payload repeats the stored result of an earlier call with the same idempotency key.
    pub replayed: bool,
    /// The last event of the change; null when nothing was written.
    pub seq: Option<Long>,
}

/// The right to change stock does not include that to see it.
#[ComplexObject]
impl StockPayload {
    /// Stock levels after the change. Null when the change was refused.
    async fn levels(&self, ctx: &Context<'_>) -> Option<Answer<Vec<&StockLevel>>> {
        let levels = self.levels.as_deref()?;
        let visible_levels =
            |permit: Permit<kind::StockRead>| levels.iter().filter(|level| permit.covers(level.0.key.store)).collect();
        Some(ctx.permit().map(visible_levels))
    }
    /// The movement; null when it was refused or changed nothing.
    async fn movement(&self, ctx: &Context<'_>) -> Option<Answer<StockMovement>> {
        visible_movement(ctx, Some(self.movement.as_ref()?.0.clone())).transpose()
    }
}

#[ComplexObject]
impl ReservationPayload {
    /// Reservations after the change. Null when the change was refused.
    async fn reservations(&self, ctx: &Context<'_>) -> Option<Answer<Vec<&Reservation>>> {
        let reservations = self.reservations.as_deref()?;
        let visible_reservations =
            |permit| reservations.iter().filter(|reservation| sees_reservation(&permit, &reservation.1)).collect();
        Some(ctx.permit().map(visible_reservations))
    }
}

impl From<Vec<UserError>> for StockPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { levels: None, movement: None, user_errors, replayed: false, seq: None }
    }
}
impl From<Vec<UserError>> for ReservationPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { reservations: None, user_errors, replayed: false, seq: None }
    }
}
