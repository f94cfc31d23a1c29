//! Analysis of a catalogue's names: products that were probably entered twice, the tenant's style
//! of names, and names that differ from it.

use entity::prelude::ProductId;
use product_text::{
    Style, clean,
    cleaning::CleanedName,
    duplicates::{Reason, Settings, find_duplicates},
};

/// Maximum listed pairs, and names to clean.
pub const MAX_LISTED: usize = 10_000;

/// A product's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProduct {
    pub id: ProductId,
    pub name: String,
}

/// Names that a person confirmed as right: of two products that are no duplicates, or of one,
/// paired with itself. A new name needs a new confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConfirmedNames {
    pub product: ProductId,
    pub other: ProductId,
    pub name: String,
    pub other_name: String,
}

impl ConfirmedNames {
    /// Returns the entry for two products, in the order of their IDs.
    pub fn of_pair(one: (ProductId, &str), other: (ProductId, &str)) -> Self {
        let ((product, name), (other, other_name)) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        Self { product, other, name: name.to_owned(), other_name: other_name.to_owned() }
    }
    /// Returns the entry for one product.
    pub fn of_product(product: ProductId, name: &str) -> Self {
        Self::of_pair((product, name), (product, name))
    }
}

/// Two products that are probably duplicates.
#[derive(Debug, Clone, PartialEq)]
pub struct NamePair {
    pub first: NamedProduct,
    pub second: NamedProduct,
    /// 0 to 1.
    pub score: f64,
    pub reasons: Vec<Reason>,
}

impl NamePair {
    /// Position among pairs: the higher the score, the lower.
    pub fn rank(&self) -> i64 {
        ((1.0 - self.score) * 1e6).round() as i64
    }
}

#[derive(Debug, Clone)]
pub struct Names {
    /// Number of products that were read.
    pub products: usize,
    /// Whether there are more products, pairs or names to clean than these.
    pub is_partial: bool,
    /// Sorted by rank, then by the products.
    pub pairs: Vec<NamePair>,
    /// Products whose names are not clean, by ID.
    pub unclean: Vec<ProductId>,
    style: Style,
}

impl Names {
    pub fn of(named_products: &[NamedProduct], is_partial: bool) -> Self {
        let names: Vec<&str> = named_products.iter().map(|product| product.name.as_str()).collect();
        let style = Style::learn_from(&names);
        let duplicates = find_duplicates(&names, &Settings { most: MAX_LISTED, ..Settings::default() });
        let pair = |duplicate: product_text::Duplicate| {
            let (first, second) = (named_products.get(duplicate.first)?.clone(), named_products.get(duplicate.second)?.clone());
            Some(NamePair { first, second, score: duplicate.score, reasons: duplicate.reasons })
        };
        let mut pairs: Vec<NamePair> = duplicates.pairs.into_iter().filter_map(pair).collect();
        pairs.sort_by_key(|pair| (pair.rank(), pair.first.id, pair.second.id));
        let is_unclean = |product: &&NamedProduct| !clean(&product.name, &style).changes.is_empty();
        let mut unclean: Vec<ProductId> = named_products.iter().filter(is_unclean).map(|product| product.id).collect();
        unclean.sort_unstable();
        let is_partial = is_partial || duplicates.is_cut || unclean.len() > MAX_LISTED;
        unclean.truncate(MAX_LISTED);
        Self { products: named_products.len(), is_partial, pairs, unclean, style }
    }

    /// Returns a name in the tenant's own style.
    pub fn clean_name(&self, name: &str) -> CleanedName {
        clean(name, &self.style)
    }

    /// Approximate size in bytes.
    pub fn bytes(&self) -> usize {
        let of_pairs: usize = self.pairs.iter().map(|pair| pair.first.name.len() + pair.second.name.len()).sum();
        of_pairs + self.pairs.len() * size_of::<NamePair>() + self.unclean.len() * size_of::<ProductId>()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn named_list(names: &[&str]) -> Vec<NamedProduct> {
        let one = |(number, name): (u128, &&str)| NamedProduct {
            id: ProductId::from_uuid(Uuid::from_u128(number)),
            name: (*name).to_owned(),
        };
        (1..).zip(names).map(one).collect()
    }

    #[test]
    fn the_best_pairs_come_first() {
        let names = Names::of(&named_list(&["Key ring daisy", "Jam pot", "Keyring daisy", "JAM POT"]), false);
        let pairs: Vec<_> =
            names.pairs.iter().map(|pair| (pair.first.name.as_str(), pair.second.name.as_str(), pair.rank())).collect();
        assert_eq!(pairs, [("Jam pot", "JAM POT", 0), ("Key ring daisy", "Keyring daisy", 30_000)]);
        assert!(!names.is_partial && names.bytes() > 0);
    }

    #[test]
    fn a_pair_is_the_same_in_either_order() {
        let [one, other] = [1, 2].map(|n| ProductId::from_uuid(Uuid::from_u128(n)));
        let pair = ConfirmedNames::of_pair((other, "Keyring"), (one, "Key ring"));
        assert_eq!(pair, ConfirmedNames::of_pair((one, "Key ring"), (other, "Keyring")));
        assert_eq!((pair.product, pair.name.as_str()), (one, "Key ring"));
        assert_ne!(pair, ConfirmedNames::of_pair((one, "Key ring 2"), (other, "Keyring")), "another name is a new question");
        assert_ne!(ConfirmedNames::of_product(one, "Key ring"), pair);
    }

    #[test]
    fn names_are_cleaned_in_the_style_of_the_others() {
        let names = Names::of(&named_list(&["Mug 12CM", "Blue mug"]), false);
        assert_eq!(names.unclean, [ProductId::from_uuid(Uuid::from_u128(1))]);
        assert_eq!(names.clean_name("Mug 12CM").name, "Mug 12 cm");
    }
}
