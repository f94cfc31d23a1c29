//! Refusals by stage: first all references that do not exist, then all invalid values, then
//! everything that the current state does not allow, then all shortages. A refused command is
//! decided once more to find them; an accepted one pays nothing for it.

use std::collections::HashMap;

use super::{
    input_path::At,
    level::LevelKey,
    rejection::{Reason, Rejection},
};

/// The most refusals that an answer has of a call. It counts all of them.
pub const MAX_REPORTED: usize = 100;

/// Refusals of the earliest stage in which anything was refused.
#[derive(Debug, Default)]
pub struct EarliestRefusals {
    pub(super) refused: Vec<Rejection>,
    /// Indexes of the refusals of each place: a call may have thousands of lines.
    pub(super) by_place: HashMap<At, Vec<usize>>,
}

impl EarliestRefusals {
    pub fn add(&mut self, rejection: Rejection) {
        let stage = rejection.why.stage();
        match self.first().map(|first| first.why.stage()) {
            Some(earlier_stage) if earlier_stage < stage => return,
            Some(later_stage) if later_stage > stage => *self = Self::default(),
            _ => {}
        }
        let indices_at = self.by_place.entry(rejection.at).or_default();
        let is_known = |&index: &usize| {
            self.refused.get(index).is_some_and(|earlier_rejection| is_same_shortage(earlier_rejection, &rejection))
        };
        if !indices_at.iter().any(is_known) {
            indices_at.push(self.refused.len());
            self.refused.push(rejection);
        }
    }
    pub fn first(&self) -> Option<&Rejection> {
        self.refused.first()
    }
    /// All refusals in the order of the input: first those of the call as a whole, then list by
    /// list.
    pub fn into_rejections(self) -> Vec<Rejection> {
        let mut rejections = self.refused;
        rejections.sort_by_key(|rejection| rejection.at.row.map(|(list, index)| (list as usize, index)));
        rejections
    }
}

/// True if both report the same shortage. A line is reported once, whichever rule finds it; without
/// a line, once for each level, and once for each product that several stores lack.
fn is_same_shortage(rejection_before: &Rejection, other: &Rejection) -> bool {
    let level_key = |rejection: &Rejection| -> Option<Option<LevelKey>> {
        match &rejection.why {
            Reason::Insufficient { level, .. } => Some(Some(level.key)),
            Reason::LotShort { level, .. } => Some(level.as_ref().map(|level| level.key)),
            _ => None,
        }
    };
    match (level_key(rejection_before), level_key(other)) {
        (Some(level_before), Some(other_level)) if level_before.is_some() || rejection_before.at.row.is_some() => {
            rejection_before.at == other.at && (rejection_before.at.row.is_some() || level_before == other_level)
        }
        _ => rejection_before == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::core::{Field, Noun, Refusal, Scarce};

    fn missing(line: usize) -> Rejection {
        Rejection::not_found(Noun::Product, At::line(line).field(Field::Product))
    }
    fn short(at: At) -> Rejection {
        let what = Scarce::Lot { code: "L1".to_owned() };
        Rejection { why: Reason::LotShort { level: None, what, usable: 4, requested: 6 }, at }
    }
    fn zero(line: usize) -> Rejection {
        Refusal::NotPositive.at(At::line(line).field(Field::Quantity))
    }
    fn rejections_of(all: impl IntoIterator<Item = Rejection>) -> Vec<Rejection> {
        let mut refusals = EarliestRefusals::default();
        all.into_iter().for_each(|one| refusals.add(one));
        refusals.into_rejections()
    }

    #[test]
    fn the_earliest_stage_is_told_alone_and_whole() {
        let quantity = |line| At::line(line).field(Field::Quantity);
        assert_eq!(rejections_of([short(quantity(0)), zero(1), missing(2), zero(3), missing(4)]), [missing(2), missing(4)]);
        assert_eq!(rejections_of([short(quantity(0)), zero(1), short(quantity(2)), zero(3)]), [zero(1), zero(3)]);
        assert_eq!(rejections_of([short(quantity(0)), short(quantity(2))]), [short(quantity(0)), short(quantity(2))]);
        assert!(rejections_of([]).is_empty());
    }

    #[test]
    fn they_stand_in_the_order_of_the_input_each_once_and_all_of_them() {
        let store = Rejection::not_found(Noun::Store, At::input(Field::Store));
        let all = [missing(5), store.clone(), missing(2), store.clone(), missing(5)];
        assert_eq!(rejections_of(all), [store, missing(2), missing(5)]);
        let of_line = At::line(1).field(Field::Quantity);
        assert_eq!(rejections_of([short(of_line), short(of_line)]).len(), 1, "a line is short once");
        let many = rejections_of((0..500).rev().chain(0..500).map(missing));
        assert_eq!((many.len(), &many[..2]), (500, [missing(0), missing(1)].as_slice()), "an answer cuts them, and counts them");
    }
}
