//! Refusals of a draft: the first one ends the command, or all of them are collected.

use super::{
    book::Book, draft::Draft, earliest_refusals::EarliestRefusals, input_path::At, level::LevelKey, rejection::Rejection,
};

impl<'b> Draft<'b> {
    /// A draft that continues after a refusal, for a command that is refused.
    pub fn collecting_refusals(book: &'b Book) -> Self {
        let mut draft = Self::new(book);
        draft.earliest_refusals = Some(EarliestRefusals::default());
        draft
    }
    /// Whether anything was refused of this place already.
    pub fn has_refused(&self, at: At) -> bool {
        self.earliest_refusals.as_ref().is_some_and(|refusals| refusals.by_place.contains_key(&at))
    }
    /// Moves refusals of rows to this place: no caller sent rows.
    pub fn refuse_rows_at(&mut self, at: At) {
        if let Some(refusals) = &mut self.earliest_refusals {
            for rejection in std::mem::take(refusals).refused {
                refusals.add(rejection.of_whole(at));
            }
        }
    }
    /// True if the draft continues after a refusal.
    pub fn collects_refusals(&self) -> bool {
        self.earliest_refusals.is_some()
    }

    /// Refuses a part of the command: it ends here, unless all refusals are collected.
    ///
    /// # Errors
    /// The refusal itself.
    pub fn refuse(&mut self, rejection: Rejection) -> Result<(), Rejection> {
        match &mut self.earliest_refusals {
            None => Err(rejection),
            Some(refusals) => {
                refusals.add(rejection);
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
            Ok(value) => Ok(Some(value)),
            Err(rejection) => self.refuse(rejection).map(|()| None),
        }
    }
    /// Reports a level that does not exist, before all other checks of its line: its product, its
    /// store, or both.
    ///
    /// # Errors
    /// The level does not exist.
    pub fn check_exists(&mut self, key: LevelKey, field: At) -> Result<(), Rejection> {
        let existence = self.level(key, field).map(|_| ());
        if existence.is_err()
            && let Some(product) = self.book().missing_product_rejection(key, field)
        {
            self.refuse(product)?;
        }
        self.pass(existence).map(|_| ())
    }
    /// Ends the command if the next checks need all earlier parts.
    ///
    /// # Errors
    /// The first refusal that was passed.
    pub fn end_pass(&self) -> Result<(), Rejection> {
        match self.earliest_refusals.as_ref().and_then(EarliestRefusals::first) {
            Some(first) => Err(first.clone()),
            None => Ok(()),
        }
    }
    /// All refusals of the earliest stage, with the one that ended the command; none if nothing was
    /// refused.
    pub fn into_rejections(self, end: Option<Rejection>) -> Vec<Rejection> {
        let mut refusals = self.earliest_refusals.unwrap_or_default();
        if let Some(end) = end {
            refusals.add(end);
        }
        refusals.into_rejections()
    }
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;

    use super::*;
    use crate::stock::core::{Field, Noun, Refusal};

    fn missing(line: usize) -> Rejection {
        Rejection::not_found(Noun::Product, At::line(line).field(Field::Product))
    }
    fn zero(line: usize) -> Rejection {
        Refusal::NotPositive.at(At::line(line).field(Field::Quantity))
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
