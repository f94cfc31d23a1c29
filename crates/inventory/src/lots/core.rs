//! What can be asked of lots.

use crate::{
    ledger::{Books, Decide, Decision, Needs},
    stock::core::{ActOnLot, CreateLot, Draft, LotAction, Rejection, decide_act_on_lot, decide_create_lot},
};

#[derive(Debug, Clone)]
pub enum LotCommand {
    Create(Box<CreateLot>),
    Act(Box<ActOnLot>),
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
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Create(_) => 1,
            Self::Act(c) => c.places.len(),
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
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, _books: &Books) -> Result<Decision, Rejection> {
        match self {
            Self::Create(c) => decide_create_lot(draft, c),
            Self::Act(c) => decide_act_on_lot(draft, c),
        }
        .map(|()| Decision::default())
    }
}
