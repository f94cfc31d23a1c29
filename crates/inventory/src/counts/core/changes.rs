//! New lines of a count, and changes of a step to its lines.

use entity::prelude::*;

use super::{
    book::CountBook,
    count::{CountAttempt, CountedLot, Finding, Line, LineKey, LineOrigin, LineState},
    step::NewLine,
};
use crate::stock::core::Level;

/// Lines and tallies that a step changed besides the count itself.
#[derive(Default)]
pub(super) struct Changes {
    /// Lines that the step creates.
    pub made: Vec<Line>,
    pub changed: Vec<Line>,
    /// Removed lines, which have no meaning any more.
    pub gone: Vec<LineKey>,
    pub tries: Vec<CountAttempt>,
}

impl Changes {
    /// Records a finding for an existing line, and returns the number of the attempt.
    pub(super) fn record_recount(&mut self, line: Line, finding: Finding) -> i64 {
        let attempts = line.state.attempts() + 1;
        self.changed.push(Line { state: LineState::Counted(Finding { attempts, ..finding }), ..line });
        attempts
    }

    /// Removes the line without a lot, which records that the product has no stock, once a lot of
    /// the product gets a line. A line that was counted stays, also if it must be counted again.
    pub(super) fn remove_lotless_line(&mut self, book: &CountBook, count: CountId, product: ProductId) {
        let key = LineKey::of(product);
        let Some(none) = book.line(count, &key).filter(|_| !self.changed.iter().any(|line| line.key() == key)) else { return };
        match none.state {
            LineState::Uncounted if !self.gone.contains(&key) => self.gone.push(key),
            LineState::Recount(finding) => {
                self.changed.push(Line { state: LineState::Counted(finding), ..none.clone() });
            }
            LineState::Uncounted | LineState::Counted(_) | LineState::Posted(..) | LineState::Reversed(..) => {}
        }
    }
}

/// A line that is not counted yet.
pub(super) fn build_uncounted_line(new: &NewLine, expected: LineOrigin) -> Line {
    Line {
        id: new.id,
        product: new.product,
        lot: new.lot.clone(),
        sku: new.sku.clone(),
        name: new.name.clone(),
        decimals: new.decimals,
        expected,
        state: LineState::Uncounted,
    }
}

/// A line of a product or a lot at this level.
pub(super) fn build_line(level: &Level, id: CountLineId, lot: Option<CountedLot>, expected: LineOrigin) -> Line {
    let facts = &level.facts;
    let (sku, name, decimals) = (facts.sku.clone(), facts.name.clone(), facts.decimals);
    build_uncounted_line(&NewLine { id, product: level.key.product, lot, sku, name, decimals }, expected)
}
