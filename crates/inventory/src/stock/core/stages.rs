//! Refusals by stage: first all references that do not exist, then all invalid values, then
//! everything that the current state does not allow, then all shortages. A refused command is
//! decided once more to find them; an accepted one pays nothing for it.

use std::collections::HashMap;

use super::{
    at::At,
    book::Book,
    draft::Draft,
    level::LevelKey,
    rejection::{Reason, Rejection},
};

/// Stage in which a refusal is reported: of several refusals, only those of the earliest stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A referenced object does not exist.
    References,
    /// A value is invalid in any state.
    Values,
    /// The state of a referenced object does not allow it.
    State,
    /// The quantity is not available.
    Shortage,
}

/// The most refusals that an answer has of a call. It counts all of them.
pub const MAX_TOLD: usize = 100;

/// Refusals of the earliest stage in which anything was refused.
#[derive(Debug, Default)]
pub struct Stages {
    refused: Vec<Rejection>,
    /// Indexes of the refusals of each place: a call may have thousands of lines.
    by_place: HashMap<At, Vec<usize>>,
}

impl Stages {
    pub fn add(&mut self, rejection: Rejection) {
        let stage = rejection.why.stage();
        match self.first().map(|first| first.why.stage()) {
            Some(earlier) if earlier < stage => return,
            Some(later) if later > stage => *self = Self::default(),
            _ => {}
        }
        let there = self.by_place.entry(rejection.at).or_default();
        let is_known = |&index: &usize| self.refused.get(index).is_some_and(|told| is_same_shortage(told, &rejection));
        if !there.iter().any(is_known) {
            there.push(self.refused.len());
            self.refused.push(rejection);
        }
    }
    pub fn first(&self) -> Option<&Rejection> {
        self.refused.first()
    }
    /// All refusals in the order of the input: first those of the call as a whole, then list by
    /// list.
    pub fn into_rejections(self) -> Vec<Rejection> {
        let mut told = self.refused;
        told.sort_by_key(|rejection| rejection.at.row.map(|(list, index)| (list as usize, index)));
        told
    }
}

/// True if both report the same shortage. A line is reported once, whichever rule finds it; without
/// a line, once for each level, and once for each product that several stores lack.
fn is_same_shortage(told: &Rejection, other: &Rejection) -> bool {
    let of_level = |rejection: &Rejection| -> Option<Option<LevelKey>> {
        match &rejection.why {
            Reason::Insufficient { level, .. } => Some(Some(level.key)),
            Reason::LotShort { level, .. } => Some(level.as_ref().map(|level| level.key)),
            _ => None,
        }
    };
    match (of_level(told), of_level(other)) {
        (Some(one), Some(another)) if one.is_some() || told.at.row.is_some() => {
            told.at == other.at && (told.at.row.is_some() || one == another)
        }
        _ => told == other,
    }
}

impl<'b> Draft<'b> {
    /// A draft that continues after a refusal, for a command that is refused.
    pub fn collecting_refusals(book: &'b Book) -> Self {
        let mut draft = Self::new(book);
        draft.stages = Some(Stages::default());
        draft
    }
    /// Whether anything was refused of this place already.
    pub fn has_refused(&self, at: At) -> bool {
        self.stages.as_ref().is_some_and(|stages| stages.by_place.contains_key(&at))
    }
    /// Moves refusals of rows to this place: no caller sent rows.
    pub fn refuse_rows_at(&mut self, at: At) {
        if let Some(stages) = &mut self.stages {
            for rejection in std::mem::take(stages).refused {
                stages.add(rejection.of_whole(at));
            }
        }
    }
    /// True if the draft continues after a refusal.
    pub fn collects_refusals(&self) -> bool {
        self.stages.is_some()
    }

    /// Refuses a part of the command: it ends here, unless all refusals are collected.
    ///
    /// # Errors
    /// The refusal itself.
    pub fn refuse(&mut self, rejection: Rejection) -> Result<(), Rejection> {
        match &mut self.stages {
            None => Err(rejection),
            Some(stages) => {
                stages.add(rejection);
                Ok(())
            }
        }
    }
    /// Returns the result of a part of the command; `None` if it was refused, and all refusals are
    /// to be reported.
    ///
    /// # Errors
    /// The part's refusal.
    pub fn pass<T>(&mut self, part: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
        match part {
            Ok(done) => Ok(Some(done)),
            Err(rejection) => self.refuse(rejection).map(|()| None),
        }
    }
    /// Reports a level that does not exist, before all other checks of its line: its product, its
    /// store, or both.
    ///
    /// # Errors
    /// The level does not exist.
    pub fn check_exists(&mut self, key: LevelKey, field: At) -> Result<(), Rejection> {
        let found = self.level(key, field).map(|_| ());
        if found.is_err()
            && let Some(product) = self.book().missing_product_rejection(key, field)
        {
            self.refuse(product)?;
        }
        self.pass(found).map(|_| ())
    }
    /// Ends the command if the next checks need all earlier parts.
    ///
    /// # Errors
    /// The first refusal that was passed.
    pub fn end_pass(&self) -> Result<(), Rejection> {
        match self.stages.as_ref().and_then(Stages::first) {
            Some(first) => Err(first.clone()),
            None => Ok(()),
        }
    }
    /// All refusals of the earliest stage, with the one that ended the command; none if nothing was
    /// refused.
    pub fn into_rejections(self, end: Option<Rejection>) -> Vec<Rejection> {
        let mut stages = self.stages.unwrap_or_default();
        if let Some(end) = end {
            stages.add(end);
        }
        stages.into_rejections()
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;

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
        let mut stages = Stages::default();
        all.into_iter().for_each(|one| stages.add(one));
        stages.into_rejections()
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

    #[test]
    fn a_level_is_missed_for_its_product_and_its_store() {
        let [known, unknown] = [1, 2].map(uuid::Uuid::from_u128);
        let mut book = Book::new(Timestamp(0), |_, _| 0);
        book.unknown_products.insert(ProductId::from_uuid(unknown));
        book.unknown_stores.insert(StoreId::from_uuid(unknown));
        let key = |product, store| LevelKey { product: ProductId::from_uuid(product), store: StoreId::from_uuid(store) };
        let missed = |key: LevelKey, at: At| {
            let mut draft = Draft::collecting_refusals(&book);
            assert_eq!(draft.check_exists(key, at), Ok(()));
            draft.into_rejections(None)
        };
        let of = |what: Noun, field: Field| Rejection::not_found(what, At::row(Field::Items, 3).field(field));
        let (product, store) = (of(Noun::Product, Field::Product), of(Noun::Store, Field::Store));
        let item = At::row(Field::Items, 3);
        assert_eq!(missed(key(unknown, unknown), item), [product.clone(), store.clone()]);
        assert_eq!(missed(key(known, unknown), item), [store]);
        assert_eq!(missed(key(unknown, known), item), [product]);
        // A document has one store for all its lines, which is reported once.
        let of_document = Rejection::not_found(Noun::Store, At::input(Field::Store));
        assert_eq!(missed(key(unknown, unknown), At::line(2)), [of_document, missing(2)]);
    }

    #[test]
    fn a_draft_goes_on_only_where_all_is_asked_for() {
        let book = Book::new(Timestamp(0), |_, _| 0);
        let mut strict = Draft::new(&book);
        assert_eq!(strict.pass::<()>(Err(zero(0))), Err(zero(0)));
        assert_eq!(strict.end_pass(), Ok(()));
        let mut patient = Draft::collecting_refusals(&book);
        assert_eq!(patient.pass::<()>(Err(zero(0))), Ok(None));
        assert_eq!(patient.pass(Ok(7)), Ok(Some(7)));
        assert_eq!(patient.end_pass(), Err(zero(0)));
        assert_eq!(patient.into_rejections(Some(zero(1))), [zero(0), zero(1)]);
    }
}
