//! A step of a count as a command of the ledger.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::{
    book::CountBook,
    decide::decide,
    needs::CountNeeds,
    step::{NewCount, Step, Steps},
};
use crate::{
    ledger::{Books, Decide, Decision, EXCLUSIVE_WEIGHT, Needs},
    stock::core::{Draft, LevelKey, Rejection, Shortage},
};

impl CountNeeds {
    fn add(&mut self, steps: &Steps, keys: &[LevelKey]) {
        let count = steps.count;
        self.counts.push(count);
        match &steps.step {
            Step::Create(new) => {
                self.refs.extend(new.external_ref.clone());
                if let Some(begin) = &new.begin {
                    self.begun.extend(keys);
                    self.begun.extend(begin.lines.iter().map(|line| LevelKey { product: line.product, store: new.store }));
                }
            }
            Step::Record(record) => {
                self.lines.entry(count).or_default().extend(record.tallied.iter().map(|tally_line| tally_line.product));
                if let Some(at) = record.counted_at {
                    self.past.entry(at).or_default().extend(keys);
                }
            }
            // A LIST's lines without a lot are replaced by those of the lots in stock.
            Step::Start(lines) => {
                let products: BTreeSet<ProductId> =
                    lines.iter().filter(|line| line.lot.is_some()).map(|line| line.product).collect();
                if !products.is_empty() {
                    self.lines.entry(count).or_default().extend(products);
                }
            }
            Step::Recount(Some(products)) => self.lines.entry(count).or_default().extend(products),
            step if step.needs_all_lines() => self.whole.push(count),
            _ => {}
        }
    }
}

/// A step, with the levels of the lines that it names or posts.
#[derive(Debug, Clone)]
pub struct CountCommand(pub Box<Steps>, pub Vec<LevelKey>);

impl Decide for CountCommand {
    fn name(&self) -> &'static str {
        "count.change"
    }

    /// A command that depends on entries in the database is decided in a batch of its own.
    fn weight(&self) -> usize {
        let Self(steps, keys) = self;
        match &steps.step {
            Step::Record(record) if record.counted_at.is_none() => keys.len(),
            Step::Start(lines) => lines.len(),
            Step::Create(NewCount { begin: Some(begin), .. }) => keys.len().max(begin.lines.len()),
            Step::Record(_) | Step::Approve(_) | Step::Recount(_) => EXCLUSIVE_WEIGHT,
            Step::Create(_) | Step::Submit(_) | Step::Cancel(_) => keys.len(),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        let Self(steps, keys) = self;
        needs.levels.extend(keys);
        needs.documents.with(|count_needs: &mut CountNeeds| count_needs.add(steps, keys));
        match &steps.step {
            Step::Record(record) => {
                record.tallied.iter().for_each(|tally_line| needs.lots.choice(tally_line.product, &tally_line.lot));
            }
            Step::Approve(approval) => {
                needs.lots.codes.extend(approval.lots.keys().map(|line| (line.product, line.lot.clone())));
                needs.lots.asides.extend(keys);
                // A count is a fact: reservations give way to it.
                needs.shortage(Shortage::Shorten, keys);
            }
            _ => {}
        }
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        books.read(|book: &CountBook| decide(book, draft, &self.0)).map(Decision::of)
    }
}
