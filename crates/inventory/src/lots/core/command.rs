//! Commands on lots.

use super::act::{ActOnLot, CreateLot, LotAction, MoveStock, decide_act_on_lot, decide_create_lot, decide_move};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    stock::core::{Draft, Rejection},
};

#[derive(Debug, Clone)]
pub enum LotCommand {
    Create(Box<CreateLot>),
    Act(Box<ActOnLot>),
    /// Moves between available, unavailable and out of stock.
    Move(Box<MoveStock>),
}

impl Decide for LotCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "lot.create",
            Self::Act(command) => match command.action {
                LotAction::Quarantine => "lot.quarantine",
                LotAction::Recall => "lot.recall",
                LotAction::Release => "lot.release",
                LotAction::Change { .. } => "lot.update",
                LotAction::Expire => "lot.expire",
            },
            Self::Move(_) => "stock.move",
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Create(_) => 1,
            Self::Act(command) => command.places.len(),
            Self::Move(command) => command.items.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(command) => {
                needs.lots.products.insert(command.product);
                needs.lots.codes.insert((command.product, command.name.key.clone()));
            }
            Self::Act(command) => {
                needs.levels.extend(&command.places);
                needs.lots.asides.extend(&command.places);
                needs.lots.whole.insert(command.lot);
                needs.shortage(command.on_shortage, &command.places);
            }
            Self::Move(command) => {
                let keys = command.items.iter().map(|item| &item.key);
                needs.levels.extend(keys.clone());
                needs.lots.asides.extend(keys.clone());
                command.items.iter().for_each(|item| needs.lots.choice(item.key.product, &item.lot));
                needs.lots.note_departure(Some(command.head.occurred_at));
                needs.shortage(command.on_shortage, keys);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        match self {
            Self::Create(command) => decide_create_lot(draft, command),
            Self::Act(command) => decide_act_on_lot(draft, command),
            Self::Move(command) => decide_move(draft, command),
        }
        .map(|()| Decision::default())
    }
}
