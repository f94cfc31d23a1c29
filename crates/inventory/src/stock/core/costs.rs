//! What goods are worth in the books whose cost is in another currency: by the rate of the movement's day.

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

/// A rate that was looked up: what holds on a day, which may be a rate of an earlier one.
#[derive(Debug, Clone)]
pub struct AskedRate {
    pub from: Currency,
    pub to: Currency,
    /// The day that was asked for, in days since 1970-01-01.
    pub day: i32,
    /// None where there is none.
    pub found: Option<FrozenRate>,
}

/// The currency of the books, and the rates that lead to it.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// None: every cost counts as one in the books' currency.
    pub books: Option<Currency>,
    /// Those that were looked up; those of the movement's day count.
    pub rates: Vec<AskedRate>,
}

impl Costs {
    /// What each change is worth in the books, none where its cost is in their currency already. What changes cost together in a currency is
    /// converted once and shared out over them. A listed cost counts for what comes in alone: what leaves is worth what the others are. So is
    /// what comes in where no rate converts its listed cost. A stated cost without a rate is refused.
    pub(super) fn worths(&self, draft: &mut Draft<'_>, command: &Adjust) -> Result<Vec<Option<Money>>, Rejection> {
        let mut worths = vec![None; command.changes.len()];
        let Some(books) = self.books else { return Ok(worths) };
        let mut amounts: BTreeMap<Currency, Vec<(usize, i64)>> = BTreeMap::new();
        for (index, change) in command.changes.iter().enumerate() {
            let amount = foreign(draft, books, (index, change));
            if let Some(amount) = draft.pass(amount)?.flatten() {
                amounts.entry(amount.currency).or_default().push((index, amount.minor));
            }
        }
        let Some(day) = draft.day() else { return Ok(worths) };
        for (from, lines) in amounts {
            let asked = self.rates.iter().find(|rate| (rate.from, rate.to, rate.day) == (from, books, day));
            let Some(rate) = asked.and_then(|asked| asked.found.as_ref()) else {
                // The refusal says which rate to look up: one that was not looked up yet is missing for a listed cost, too.
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

/// What a change's units cost, above 0 in either direction; None in the books' currency, or where nothing is known.
fn foreign(draft: &Draft<'_>, books: Currency, (index, change): (usize, &Change)) -> Result<Option<Money>, Rejection> {
    let facts = &draft.level(change.key, At::row(Field::Changes, index))?.facts;
    let listed = facts.cost.filter(|_| change.delta.is_positive());
    let Some(cost) = change.unit_cost.or(listed).filter(|cost| cost.currency != books) else { return Ok(None) };
    let units = Quantity::new(change.delta.get().abs());
    let amount = units.and_then(|units| cost.times(units, facts.decimals));
    amount.map(Some).ok_or_else(|| Refusal::LineTooLarge.at(field(index)))
}
