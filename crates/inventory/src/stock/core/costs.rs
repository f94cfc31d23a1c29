//! Value in the books of goods whose cost is in another currency: by the rate of the movement's
//! day.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    adjust::{Adjust, Change},
    at::{At, Field},
    draft::Draft,
    refusal::Refusal,
    rejection::Rejection,
};
use crate::currency::core::{FrozenRate, share};

/// Result of looking up the rate for a day, which may be a rate of an earlier day.
#[derive(Debug, Clone)]
pub struct RateLookup {
    pub from: Currency,
    pub to: Currency,
    /// Requested day, in days since 1970-01-01.
    pub day: i32,
    /// None if there is no rate.
    pub found: Option<FrozenRate>,
}

/// The currency of the books, and the rates to it.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// None if every cost counts as one in the books' currency.
    pub books: Option<Currency>,
    /// Rates that were looked up; only those of the movement's day are used.
    pub rates: Vec<RateLookup>,
}

impl Costs {
    /// Returns the value of each change in the books; `None` if its cost is in their currency
    /// already. The costs of all changes in a currency are converted once and shared out over them.
    /// A listed cost counts only for units that come in: units that leave are valued like the stock
    /// that is there, and so are units that come in if no rate converts their listed cost. A stated
    /// cost without a rate is refused.
    pub(super) fn worths(&self, draft: &mut Draft<'_>, command: &Adjust) -> Result<Vec<Option<Money>>, Rejection> {
        let mut worths = vec![None; command.changes.len()];
        let Some(books) = self.books else { return Ok(worths) };
        let mut amounts: BTreeMap<Currency, Vec<(usize, i64)>> = BTreeMap::new();
        for (index, change) in command.changes.iter().enumerate() {
            let amount = foreign_cost(draft, books, (index, change));
            if let Some(amount) = draft.pass(amount)?.flatten() {
                amounts.entry(amount.currency).or_default().push((index, amount.minor));
            }
        }
        let Some(day) = draft.day() else { return Ok(worths) };
        for (from, lines) in amounts {
            let asked = self.rates.iter().find(|rate| (rate.from, rate.to, rate.day) == (from, books, day));
            let Some(rate) = asked.and_then(|asked| asked.found.as_ref()) else {
                // The refusal names the rate to look up: one that was not looked up yet is reported
                // for a listed cost, too.
                let is_needed = |index: usize| asked.is_none() || command.changes[index].unit_cost.is_some();
                for (index, _) in lines.into_iter().filter(|(index, _)| is_needed(*index)) {
                    draft.refuse(Refusal::RateMissing { from, to: books, day }.at(field(index)))?;
                }
                continue;
            };
            let parts: Vec<i64> = lines.iter().map(|(_, amount)| *amount).collect();
            let total = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
            let total = total.and_then(|total| rate.convert(total));
            let total = total.ok_or_else(|| Refusal::LineTooLarge.at(At::input(Field::Changes)))?;
            for ((index, _), minor) in lines.iter().zip(share(total, &parts)) {
                worths[*index] = Some(Money::new(minor, books));
            }
        }
        draft.end_pass()?;
        Ok(worths)
    }
}

fn field(index: usize) -> At {
    At::row(Field::Changes, index).field(Field::UnitCost)
}

/// Returns the cost of a change's units, above 0 in either direction; `None` if it is in the books'
/// currency or unknown.
fn foreign_cost(draft: &Draft<'_>, books: Currency, (index, change): (usize, &Change)) -> Result<Option<Money>, Rejection> {
    let facts = &draft.level(change.key, At::row(Field::Changes, index))?.facts;
    let listed = facts.cost.filter(|_| change.delta.is_positive());
    let Some(cost) = change.unit_cost.or(listed).filter(|cost| cost.currency != books) else { return Ok(None) };
    let units = Quantity::new(change.delta.get().abs());
    let amount = units.and_then(|units| cost.times(units, facts.decimals));
    amount.map(Some).ok_or_else(|| Refusal::LineTooLarge.at(field(index)))
}
