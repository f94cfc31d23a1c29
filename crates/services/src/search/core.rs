//! Queries and hits: the closeness of a name to a query, and the order of hits.

use std::collections::HashSet;

use inventory::{
    catalog::core::{gtin, search, text},
    numbering::core::Patterns,
};
use uuid::Uuid;

use crate::scan::core::{InvoiceNumber, Kind, WorkNumber, parse_number};

/// Minimum and maximum characters of a trimmed query. The maximum is that of `search` in filters.
pub const MIN_CHARACTERS: usize = 2;
pub const MAX_CHARACTERS: usize = search::MAX_QUERY;

/// Maximum hits of a page.
pub const MAX_PAGE_HITS: u32 = 50;
/// Maximum hits of all pages together.
pub const MAX_HITS: usize = 200;

/// A query in the forms that names are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Unchanged text: for references and the beginnings of barcodes.
    pub text: String,
    /// Case-folded: codes and names.
    pub folded: String,
    /// Key of the query as a barcode.
    pub barcode_key: String,
    /// The query as a number, and the documents that may have it.
    pub number: Option<(i64, Vec<Kind>)>,
    /// The number of an invoice or a credit note that the query may be, in addition to its text.
    pub invoice: Option<InvoiceNumber>,
    pub work: Option<WorkNumber>,
    /// `None` without a letter or a digit.
    pub words: Option<search::Query>,
}

impl Query {
    /// Returns `None` if the query is too short or too long. The patterns have the prefixes of
    /// numbers.
    pub fn parse(query: &str, patterns: &Patterns) -> Option<Self> {
        let trimmed = query.trim();
        let length = trimmed.chars().count();
        (MIN_CHARACTERS..=MAX_CHARACTERS).contains(&length).then(|| Self {
            text: text::normal_form(trimmed),
            folded: text::fold(trimmed),
            barcode_key: gtin::key_from_input(trimmed),
            number: parse_number(trimmed, patterns),
            invoice: InvoiceNumber::parse(trimmed),
            work: WorkNumber::parse(trimmed, patterns),
            words: search::Query::parse(trimmed),
        })
    }

    /// Returns the query as the number of an order: the order's fulfilments and parcels are found
    /// by it, too.
    pub fn order_number(&self) -> Option<i64> {
        let (number, kinds) = self.number.as_ref()?;
        kinds.contains(&Kind::Order).then_some(*number)
    }

    /// Whether it may be the number that is printed on an invoice: the digits of each are its end.
    pub fn may_be_invoice(&self) -> bool {
        self.text.ends_with(|sign: char| sign.is_ascii_digit())
    }

    /// Whether it may begin a tracking number: carriers count parcels. Words alone begin none.
    pub fn may_be_tracking(&self) -> bool {
        self.text.contains(char::is_numeric)
    }

    /// Returns the tier of a text that was found as the value of a field.
    pub fn tier(&self, field: Field, field_text: &str) -> Tier {
        let is_whole = match field {
            Field::Number | Field::OrderNumber | Field::Email => true,
            Field::Barcode => gtin::key(field_text) == self.barcode_key,
            Field::ExternalRef => field_text == self.text,
            Field::TrackingNumber => field_text.eq_ignore_ascii_case(&self.text),
            Field::Sku | Field::Code | Field::Slug | Field::LotCode => text::fold(field_text) == self.folded,
            Field::Name => return if text::fold(field_text).starts_with(&self.folded) { Tier::Prefix } else { Tier::Words },
        };
        if is_whole { Tier::Exact } else { Tier::Prefix }
    }

    /// Whether a name begins with the query, or each word of the query begins a word of the name.
    pub fn is_in(&self, name: &str) -> bool {
        let words = text::words(name);
        let has = |word: &String| words.iter().any(|name_word| name_word.starts_with(word.as_str()));
        text::fold(name).starts_with(&self.folded) || self.words.as_ref().is_some_and(|query| query.words.iter().all(has))
    }
}

/// Field of a record that was compared with the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Barcode,
    Sku,
    Number,
    /// The code of a store or a supplier.
    Code,
    Slug,
    LotCode,
    ExternalRef,
    Email,
    /// The name; for a product also the words of its SKU and barcodes.
    Name,
    /// The tracking number of a parcel. Last, since cursors contain the index of a field.
    TrackingNumber,
    /// The number of the order of a fulfilment or a parcel.
    OrderNumber,
}

/// Closeness of a hit, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// A code, number, reference, e-mail address or tracking number equals the query.
    Exact,
    /// A code, reference, tracking number or name begins with the query.
    Prefix,
    /// Each word of the query is the beginning of a word of the text, in any order.
    Words,
}

/// A row that matches the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub kind: Kind,
    pub id: Uuid,
    pub tier: Tier,
    pub field: Field,
    /// The value of the field.
    pub text: String,
    /// Name of the record, or the digits of a document's number; `None` for customers without a
    /// reference.
    pub title: Option<String>,
    pub is_archived: bool,
}

/// Hits of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchHits {
    pub hits: Vec<Hit>,
    /// Whether there may be more than the hits.
    pub is_cut: bool,
}

impl Hit {
    /// Sort key of the hits: within a tier archived rows come last, and the shortest text first,
    /// since it has the least besides the query. The ID decides between hits that are otherwise
    /// equal.
    pub fn rank(&self) -> ([i64; 5], &str, Uuid) {
        let length = i64::try_from(self.text.chars().count()).unwrap_or(i64::MAX);
        ([self.tier as i64, i64::from(self.is_archived), length, self.kind as i64, self.field as i64], &self.text, self.id)
    }
}

/// Returns the hits of all pages, best first, each row once. The order depends on the hits alone,
/// so that a page can start after any of them.
pub fn rank_hits(found: SearchHits) -> SearchHits {
    let SearchHits { mut hits, is_cut } = found;
    hits.sort_by_cached_key(|hit| {
        let (numbers, text, id) = hit.rank();
        (numbers, text.to_owned(), id)
    });
    let mut hit_keys = HashSet::new();
    hits.retain(|hit| hit_keys.insert((hit.kind, hit.id)));
    let is_cut = is_cut || hits.len() > MAX_HITS;
    hits.truncate(MAX_HITS);
    SearchHits { hits, is_cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text, &Patterns::default()).unwrap()
    }

    fn hit(id: u128, tier: Tier, text: &str, is_archived: bool) -> Hit {
        Hit {
            kind: Kind::Product,
            id: Uuid::from_u128(id),
            tier,
            field: Field::Name,
            text: text.to_owned(),
            title: None,
            is_archived,
        }
    }

    #[test]
    fn a_query_has_two_to_two_hundred_characters_without_the_blanks_around_it() {
        let parse = |text: &str| Query::parse(text, &Patterns::default());
        for (text, is_good) in [(" a ", false), ("ab", true), ("  ab  ", true), ("", false)] {
            assert_eq!(parse(text).is_some(), is_good, "{text}");
        }
        assert!(parse(&"ö".repeat(200)).is_some() && parse(&"ö".repeat(201)).is_none());
        assert_eq!(query("%_").words, None, "no letter and no digit: there are no words to look for");
    }

    #[test]
    fn a_whole_key_is_nearer_than_its_beginning_and_that_than_words() {
        let mug = query("mug");
        assert_eq!(mug.tier(Field::Sku, "MUG"), Tier::Exact);
        assert_eq!(mug.tier(Field::Sku, "MUG-1"), Tier::Prefix);
        assert_eq!(mug.tier(Field::ExternalRef, "MUG"), Tier::Prefix, "references are compared as they are");
        assert_eq!(mug.tier(Field::Name, "Mug, white"), Tier::Prefix);
        assert_eq!(mug.tier(Field::Name, "White mug"), Tier::Words);
        let parcel = query("1z999");
        assert_eq!(parcel.tier(Field::TrackingNumber, "1Z999"), Tier::Exact, "carriers print capitals");
        assert_eq!(parcel.tier(Field::TrackingNumber, "1Z9990"), Tier::Prefix);
        assert_eq!(query("4 006381 333931").tier(Field::Barcode, "4006381333931"), Tier::Exact);
    }

    #[test]
    fn words_alone_are_no_numbers_of_invoices_and_parcels() {
        for (text, is_invoice, is_tracking) in [
            ("copper kettle", false, false),
            ("INV-", false, false),
            ("INV-7", true, true),
            ("12345678901234567890", true, true),
            ("1Z999AA", false, true),
            ("RR123456785GB", false, true),
        ] {
            let query = query(text);
            assert_eq!((query.may_be_invoice(), query.may_be_tracking()), (is_invoice, is_tracking), "{text}");
        }
    }

    #[test]
    fn a_number_with_other_letters_is_that_of_no_order() {
        for (text, order) in [("1041", Some(1041)), ("so-001041", Some(1041)), ("PO-1041", None), ("1041-2", None), ("mug", None)]
        {
            assert_eq!(query(text).order_number(), order, "{text}");
        }
        assert_eq!(query("1041").tier(Field::OrderNumber, "1041"), Tier::Exact);
    }

    #[test]
    fn words_are_found_in_any_order_by_their_beginnings() {
        for (text, is_found) in [("mug whi", true), ("white mug", true), ("hite mug", false), ("mug mug", true), ("%%", false)] {
            assert_eq!(query(text).is_in("White Mug"), is_found, "{text}");
        }
    }

    #[test]
    fn each_thing_comes_once_by_its_nearest_field_and_archived_things_last() {
        let hits = vec![
            hit(1, Tier::Words, "the white mug", false),
            hit(2, Tier::Words, "old mug", true),
            hit(3, Tier::Prefix, "mug", true),
            hit(1, Tier::Prefix, "mug of white", false),
            hit(4, Tier::Words, "a mug", false),
        ];
        let found = rank_hits(SearchHits { hits: hits.clone(), is_cut: false });
        assert_eq!(found.hits.iter().map(|hit| hit.id.as_u128()).collect::<Vec<_>>(), [1, 3, 4, 2]);
        assert!(!found.is_cut && rank_hits(SearchHits { hits, is_cut: true }).is_cut);
    }

    #[test]
    fn all_pages_have_two_hundred_hits_in_an_order_of_their_own() {
        let all: Vec<Hit> = (0..=MAX_HITS as u128).map(|id| hit(id, Tier::Words, "mug", false)).collect();
        let ranked = |hits: Vec<Hit>| rank_hits(SearchHits { hits, is_cut: false });
        let (found, backward) = (ranked(all.clone()), ranked(all.iter().rev().cloned().collect()));
        assert_eq!(found, backward, "the order of the rows does not matter");
        assert_eq!((found.hits.len(), found.hits[199].id.as_u128(), found.is_cut), (MAX_HITS, 199, true));
        assert!(!ranked(all[1..].to_vec()).is_cut);
    }
}
