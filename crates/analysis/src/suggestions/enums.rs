//! The closed sets of words that suggestions have.

use async_graphql::Enum;
use services::suggestions::core;

/// State of what is learned from a tenant's products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::ModelStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductTextStatus {
    /// Learned from the catalogue as it is now, or with at most one product in a hundred changed since.
    Ready,
    /// The model is being trained for the first time. Query again after some seconds.
    Learning,
    /// Fewer than two categories have eight products or more. Put more products into categories.
    TooFewCategories,
    /// No tag has eight products or more. Give more products tags.
    TooFewTags,
    /// The model was right no more often on held-out products than the most frequent category or tag: the
    /// texts do not distinguish the categories or tags.
    NoBetterThanBaseline,
}

/// Rule by which a name is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::Rule", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductNameRule {
    /// Invisible characters and repeated spaces are removed.
    Whitespace,
    /// Commas are followed by one space; repeated marks and marks at the ends are removed.
    Punctuation,
    /// Abbreviations are spelled out, as in "Set of 4" for "S/4".
    Abbreviation,
    /// A number and its unit are separated, as in "12 cm" for "12CM".
    Unit,
    /// A name in capitals gets the case of the tenant's other names.
    Case,
}

/// Kind of a reason for which two products are probably one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductDuplicateReasonKind {
    /// The names are equal but for case, accents and punctuation.
    SameText,
    /// The names have the same words in another order.
    SameWords,
    /// The words are divided otherwise, as in "key ring" and "keyring".
    Joined,
    /// The names differ in the ending of a word.
    Ending,
    /// The names differ by the spelling of a word.
    Misspelled,
    /// The first word is the beginning of the second.
    Shortened,
    /// The names differ by one additional word.
    ExtraWord,
}
