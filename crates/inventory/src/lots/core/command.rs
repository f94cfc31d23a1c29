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
            Self::Act(c) => match c.action {
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
            Self::Act(c) => c.places.len(),
            Self::Move(c) => c.items.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        match self {
            Self::Create(c) => {
                needs.lots.products.insert(c.product);
                needs.lots.codes.insert((c.product, c.name.key.clone()));
            }
            Self::Act(c) => {
                needs.levels.extend(&c.places);
                needs.lots.asides.extend(&c.places);
                needs.lots.whole.insert(c.lot);
                needs.shortage(c.on_shortage, &c.places);
            }
            Self::Move(c) => {
                let keys = c.items.iter().map(|item| &item.key);
                needs.levels.extend(keys.clone());
                needs.lots.asides.extend(keys.clone());
                c.items.iter().for_each(|item| needs.lots.choice(item.key.product, &item.lot));
                needs.lots.left_at(Some(c.head.occurred_at));
                needs.shortage(c.on_shortage, keys);
            }
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        match self {
            Self::Create(c) => decide_create_lot(draft, c),
            Self::Act(c) => decide_act_on_lot(draft, c),
            Self::Move(c) => decide_move(draft, c),
        }
        .map(|()| Decision::default())
    }
}
