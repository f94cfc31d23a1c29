//! Commands on fulfilment works, which go through the ledger.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkDecision},
    decline::{LetGo, ReleaseReason, decide_release_goods},
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
    LetGo(WorkRef, Box<LetGo>, Vec<LevelKey>),
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
            Self::LetGo(_, command, _) => match command.why {
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
            Self::Accept(all) => all.len(),
            Self::LetGo(_, command, keys) => keys.len() + Sourcing::levels(&command.sourcing).count(),
            Self::Ship(_, _, keys) => keys.len(),
            Self::Step(..) | Self::Arrive(_) | Self::Track(..) | Self::Follow(_) => 1,
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Accept(all) => all.iter().for_each(|on| order(on.order, needs)),
            Self::Step(on, step) => {
                order(on.order, needs);
                if let Step::Pack(parcels) = step {
                    carriers(parcels.iter().filter_map(|parcel| parcel.label.carrier), needs);
                    lots(parcels, needs);
                }
            }
            Self::LetGo(on, command, keys) => {
                goods(on.order, needs);
                needs.levels.extend(keys);
                needs.levels.extend(command.sourcing.levels());
                needs.documents.with(|own: &mut WorkNeeds| own.barred.insert(on.order));
            }
            Self::Ship(on, command, keys) => {
                goods(on.order, needs);
                needs.levels.extend(keys);
                needs.lots.left_at(command.occurred_at);
                needs.shortage(command.on_shortage, keys);
                // A changed label of a packed parcel is checked again.
                let named = command.parcels.iter().flatten().filter_map(|(_, label)| label.carrier);
                carriers(named, needs);
                needs.documents.with(|own: &mut WorkNeeds| own.labels.insert(on.order));
            }
            Self::Arrive(command) => {
                order(command.order, needs);
                needs.documents.with(|own: &mut WorkNeeds| own.fulfilments.insert(command.fulfilment));
            }
            Self::Track(on, command) => {
                order(on.order, needs);
                carriers(command.label.carrier.into_iter(), needs);
            }
            Self::Follow(id) => goods(*id, needs),
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let now = draft.now();
        books.read(|orders: &OrderBook| {
            books.read(|works: &WorkBook| match self {
                Self::Accept(all) => decide_accept((orders, works), draft, all).map(Decision::of),
                Self::Step(on, step) => decide_step((orders, works), draft, on, step).map(Decision::of),
                Self::LetGo(on, command, _) => {
                    decide_release_goods((orders, works), draft, on, command).map(|(own, of)| combine_decisions(own, of))
                }
                Self::Ship(on, command, _) => {
                    decide_ship((orders, works), draft, on, command).map(|(own, of)| combine_decisions(own, Some(of)))
                }
                Self::Arrive(command) => decide_arrival(works, command, now).map(Decision::of),
                Self::Track(on, command) => decide_track(works, on, command).map(Decision::of),
                Self::Follow(id) => Ok(Decision::of(WorkDecision { remade: vec![*id], ..WorkDecision::default() })),
            })
        })
    }
}

fn combine_decisions(own: WorkDecision, orders: Option<OrderDecision>) -> Decision {
    let mut decision = Decision::of(own);
    if let Some(orders) = orders {
        decision.documents.put(orders);
    }
    decision
}

/// The order's row and its works: enough for steps that move no stock, and locks no levels.
fn order(order: OrderId, needs: &mut Needs) {
    needs.documents.with(|own: &mut OrderNeeds| own.orders.insert(order));
    needs.documents.with(|own: &mut WorkNeeds| own.orders.insert(order));
}

/// The order with its works and its reservations, which its works depend on.
fn goods(id: OrderId, needs: &mut Needs) {
    needs.held_by_orders.insert(id);
    order(id, needs);
}

fn carriers(named: impl Iterator<Item = CarrierId>, needs: &mut Needs) {
    let named: Vec<CarrierId> = named.collect();
    if !named.is_empty() {
        needs.documents.with(|own: &mut WorkNeeds| own.carriers.extend(named));
    }
}

/// Adds the lots that parcels name to the needs: their levels, and their quantities in other
/// parcels.
fn lots(parcels: &[NewParcel], needs: &mut Needs) {
    let named: Vec<LotId> = parcels.iter().flat_map(|parcel| &parcel.lots).filter_map(|lot| lot.id).collect();
    if !named.is_empty() {
        needs.lots.whole.extend(&named);
        needs.documents.with(|own: &mut WorkNeeds| own.lots.extend(named));
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
