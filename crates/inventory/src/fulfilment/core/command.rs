//! What can be asked of works, through the ledger.

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkDecision},
    let_go::{LetGo, Why, decide_let_go},
    needs::WorkNeeds,
    parcel::NewParcel,
    ship::{Arrival, Ship, Track, decide_arrival, decide_ship, decide_track},
    step::{Step, decide_accept, decide_step},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{OrderBook, OrderDecision, OrderNeeds, Sourcing},
    stock::core::{Draft, LevelKey, Rejection},
};

/// The work that is meant, and its order, which was read before: a work never changes its order.
#[derive(Debug, Clone)]
pub struct On {
    pub work: FulfilmentWorkId,
    pub order: OrderId,
    pub expected_version: Option<i64>,
    pub actor: Actor,
}

/// A command on works. Levels beside it are those of the order's lines, read before; those of lines that were added meanwhile come with the order.
#[derive(Debug, Clone)]
pub enum WorkCommand {
    Accept(Vec<On>),
    Step(On, Step),
    LetGo(On, Box<LetGo>, Vec<LevelKey>),
    Ship(On, Box<Ship>, Vec<LevelKey>),
    Arrive(Arrival),
    Track(On, Track),
    /// Makes the works of an order that has none, as of before there were works.
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
                Why::Rejected(_) => "fulfilment_work.reject",
                Why::NotFound => "fulfilment_work.pick",
                Why::Moved(_) => "fulfilment_work.move",
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
                // Labels of parcels that were packed before are checked again where they change.
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
                Self::LetGo(on, command, _) => decide_let_go((orders, works), draft, on, command).map(|(own, of)| both(own, of)),
                Self::Ship(on, command, _) => {
                    decide_ship((orders, works), draft, on, command).map(|(own, of)| both(own, Some(of)))
                }
                Self::Arrive(command) => decide_arrival(works, command, now).map(Decision::of),
                Self::Track(on, command) => decide_track(works, on, command).map(Decision::of),
                Self::Follow(id) => Ok(Decision::of(WorkDecision { remade: vec![*id], ..WorkDecision::default() })),
            })
        })
    }
}

fn both(own: WorkDecision, orders: Option<OrderDecision>) -> Decision {
    let mut decision = Decision::of(own);
    if let Some(orders) = orders {
        decision.documents.put(orders);
    }
    decision
}

/// The order as it stands, and its works: enough for steps that move no stock, which keep no level from others.
fn order(order: OrderId, needs: &mut Needs) {
    needs.documents.with(|own: &mut OrderNeeds| own.orders.insert(order));
    needs.documents.with(|own: &mut WorkNeeds| own.orders.insert(order));
}

/// The same with what the order holds: its works follow what becomes of that.
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

/// Where the lots lie that parcels name, and what other parcels name of them.
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
        let on = On { work: FulfilmentWorkId::NIL, order: OrderId::NIL, expected_version: None, actor: Actor::SYSTEM };
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
