//! Commands on fulfilment works, which go through the ledger.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkDecision},
    decline::{ReleaseGoods, ReleaseReason, decide_release_goods},
    needs::WorkNeeds,
    pack::NewParcel,
    ship::{Arrival, Ship, Track, decide_arrival, decide_ship, decide_track},
    step::{Step, decide_accept, decide_step},
    work::WorkRef,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{OrderBook, OrderDecision, OrderNeeds, Sourcing},
    stock::core::{Draft, LevelKey, Rejection},
};

/// A command on works, with the levels of the order's lines, read before; the levels of lines added
/// since are loaded with the order.
#[derive(Debug, Clone)]
pub enum WorkCommand {
    Accept(Vec<WorkRef>),
    Step(WorkRef, Step),
    ReleaseGoods(WorkRef, Box<ReleaseGoods>, Vec<LevelKey>),
    Ship(WorkRef, Box<Ship>, Vec<LevelKey>),
    Arrive(Arrival),
    Track(WorkRef, Track),
    /// Creates the works of an order that predates works.
    Follow(OrderId),
}

impl Decide for WorkCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Accept(_) => "fulfilment_work.accept",
            Self::Step(_, step) => match step {
                Step::Pick(_) => "fulfilment_work.pick",
                Step::Unpick(_) => "fulfilment_work.unpick",
                Step::Pack(_) => "fulfilment_work.pack",
                Step::Ready(_) => "fulfilment_work.ready",
            },
            Self::ReleaseGoods(_, command, _) => match command.why {
                ReleaseReason::Rejected(_) => "fulfilment_work.reject",
                ReleaseReason::NotFound => "fulfilment_work.pick",
                ReleaseReason::Moved(_) => "fulfilment_work.move",
            },
            Self::Ship(..) => "fulfilment_work.ship",
            Self::Arrive(_) => "fulfilment.arrive",
            Self::Track(..) => "fulfilment.track",
            Self::Follow(_) => "fulfilment_work.follow",
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Accept(work_refs) => work_refs.len(),
            Self::ReleaseGoods(_, command, keys) => keys.len() + Sourcing::levels(&command.sourcing).count(),
            Self::Ship(_, _, keys) => keys.len(),
            Self::Step(..) | Self::Arrive(_) | Self::Track(..) | Self::Follow(_) => 1,
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Accept(works) => works.iter().for_each(|work_ref| need_order_rows(work_ref.order, needs)),
            Self::Step(work_ref, step) => {
                need_order_rows(work_ref.order, needs);
                if let Step::Pack(parcels) = step {
                    need_carriers(parcels.iter().filter_map(|parcel| parcel.label.carrier), needs);
                    need_named_lots(parcels, needs);
                }
            }
            Self::ReleaseGoods(work_ref, command, keys) => {
                need_order_goods(work_ref.order, needs);
                needs.levels.extend(keys);
                needs.levels.extend(command.sourcing.levels());
                needs.documents.with(|work_needs: &mut WorkNeeds| work_needs.barred.insert(work_ref.order));
            }
            Self::Ship(work_ref, command, keys) => {
                need_order_goods(work_ref.order, needs);
                needs.levels.extend(keys);
                needs.lots.note_departure(command.occurred_at);
                needs.shortage(command.on_shortage, keys);
                // A changed label of a packed parcel is checked again.
                let carrier_ids = command.parcels.iter().flatten().filter_map(|(_, label)| label.carrier);
                need_carriers(carrier_ids, needs);
                needs.documents.with(|work_needs: &mut WorkNeeds| work_needs.labels.insert(work_ref.order));
            }
            Self::Arrive(command) => {
                need_order_rows(command.order, needs);
                needs.documents.with(|work_needs: &mut WorkNeeds| work_needs.fulfilments.insert(command.fulfilment));
            }
            Self::Track(work_ref, command) => {
                need_order_rows(work_ref.order, needs);
                need_carriers(command.label.carrier.into_iter(), needs);
            }
            Self::Follow(id) => need_order_goods(*id, needs),
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let now = draft.now();
        books.read(|orders: &OrderBook| {
            books.read(|works: &WorkBook| match self {
                Self::Accept(work_refs) => decide_accept((orders, works), draft, work_refs).map(Decision::of),
                Self::Step(work_ref, step) => decide_step((orders, works), draft, work_ref, step).map(Decision::of),
                Self::ReleaseGoods(work_ref, command, _) => decide_release_goods((orders, works), draft, work_ref, command)
                    .map(|(work_decision, order_decision)| combine_decisions(work_decision, order_decision)),
                Self::Ship(work_ref, command, _) => decide_ship((orders, works), draft, work_ref, command)
                    .map(|(work_decision, order_decision)| combine_decisions(work_decision, Some(order_decision))),
                Self::Arrive(command) => decide_arrival(works, command, now).map(Decision::of),
                Self::Track(work_ref, command) => decide_track(works, work_ref, command).map(Decision::of),
                Self::Follow(id) => Ok(Decision::of(WorkDecision { remade: vec![*id], ..WorkDecision::default() })),
            })
        })
    }
}

fn combine_decisions(work_decision: WorkDecision, order_decision: Option<OrderDecision>) -> Decision {
    let mut decision = Decision::of(work_decision);
    if let Some(order_decision) = order_decision {
        decision.documents.put(order_decision);
    }
    decision
}

/// The order's row and its works: enough for steps that move no stock, and locks no levels.
fn need_order_rows(order: OrderId, needs: &mut Needs) {
    needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.orders.insert(order));
    needs.documents.with(|document_needs: &mut WorkNeeds| document_needs.orders.insert(order));
}

/// The order with its works and its reservations, which its works depend on.
fn need_order_goods(id: OrderId, needs: &mut Needs) {
    needs.held_by_orders.insert(id);
    need_order_rows(id, needs);
}

fn need_carriers(carrier_ids: impl Iterator<Item = CarrierId>, needs: &mut Needs) {
    let carrier_ids: Vec<CarrierId> = carrier_ids.collect();
    if !carrier_ids.is_empty() {
        needs.documents.with(|work_needs: &mut WorkNeeds| work_needs.carriers.extend(carrier_ids));
    }
}

/// Adds the lots that parcels name to the needs: their levels, and their quantities in other
/// parcels.
fn need_named_lots(parcels: &[NewParcel], needs: &mut Needs) {
    let lot_ids: Vec<LotId> = parcels.iter().flat_map(|parcel| &parcel.lots).filter_map(|lot| lot.id).collect();
    if !lot_ids.is_empty() {
        needs.lots.whole.extend(&lot_ids);
        needs.documents.with(|work_needs: &mut WorkNeeds| work_needs.lots.extend(lot_ids));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::carriers::Label, *};

    #[test]
    fn steps_that_move_no_stock_keep_no_level_from_others() {
        let on = WorkRef { work: FulfilmentWorkId::NIL, order: OrderId::NIL, expected_version: None, actor: Actor::SYSTEM };
        let label = Label::default();
        let steps = [
            WorkCommand::Accept(vec![on.clone()]),
            WorkCommand::Step(on.clone(), Step::Pick(None)),
            WorkCommand::Step(on.clone(), Step::Ready("123456".to_owned())),
            WorkCommand::Track(on, Track { parcel: ParcelId::NIL, label }),
        ];
        for step in steps {
            let mut needs = Needs::default();
            step.needs(&mut needs);
            assert!(needs.levels.is_empty() && needs.held_by_orders.is_empty(), "{}", step.name());
            let own = needs.documents.get::<WorkNeeds>();
            assert!(own.is_some_and(|own| own.orders.contains(&OrderId::NIL) && own.followed.is_empty()), "{}", step.name());
        }
        let mut needs = Needs::default();
        WorkCommand::Follow(OrderId::NIL).needs(&mut needs);
        assert!(needs.held_by_orders.contains(&OrderId::NIL), "works are made of what is held");
    }
}
