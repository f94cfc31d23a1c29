//! A step of a transfer as a command of the ledger.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    decide::decide,
    step::{Step, Steps},
    transfer::TransferBook,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    stock::core::{Draft, LevelKey, Rejection},
};

/// Rows that steps need besides stock.
#[derive(Debug, Default)]
pub struct TransferNeeds {
    pub transfers: BTreeSet<TransferId>,
    pub refs: BTreeSet<String>,
}

/// A step, with the levels of the transfer's lines at both stores.
#[derive(Debug, Clone)]
pub struct TransferCommand(pub Box<Steps>, pub Vec<LevelKey>);

impl Decide for TransferCommand {
    fn name(&self) -> &'static str {
        "transfer.change"
    }

    fn weight(&self) -> usize {
        self.1.len()
    }

    fn needs(&self, needs: &mut Needs) {
        let Self(steps, keys) = self;
        needs.levels.extend(keys);
        needs.held_for.insert(steps.transfer.cast());
        needs.lots.ids.extend(&steps.sent);
        if let Step::Ship(shipment) = &steps.step {
            needs.lots.note_departure(shipment.occurred_at);
        }
        let lines = match &steps.step {
            Step::Ship(shipment) => &shipment.lines,
            Step::Receive(arrival) => &arrival.lines,
            _ => &None,
        };
        for (choice, _) in lines.iter().flatten().flat_map(|line| &line.lots) {
            // The product of a line is not known yet: a lot's code is searched among those of all
            // products of the transfer.
            keys.iter().for_each(|key| needs.lots.choice(key.product, choice));
        }
        needs.documents.with(|transfer_needs: &mut TransferNeeds| {
            // Also for a new one, which has no row yet: a transfer is decided under locks.
            transfer_needs.transfers.insert(steps.transfer);
            match &steps.step {
                Step::Create(new) => transfer_needs.refs.extend(new.external_ref.clone()),
                Step::Update(change) => transfer_needs.refs.extend(change.external_ref.clone()),
                _ => {}
            }
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        books.read(|book: &TransferBook| decide(book, draft, &self.0)).map(Decision::of)
    }
}
