//! The names of the rules, in their order, and the style in which a tenant writes names.

use std::collections::BTreeMap;

/// The rules, in the order in which they are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Invisible characters go; runs of white space become one space.
    Whitespace,
    /// One space after a comma and none before it; repeated marks become one; marks at the ends are
    /// removed.
    Punctuation,
    /// Abbreviations that the style spells out: `S/4` as `Set of 4`.
    Abbreviation,
    /// A number and its unit are separated, the unit in its usual spelling: `12CM` as `12 cm`.
    Unit,
    /// A name in capitals gets the style's case.
    Case,
}

impl Rule {
    pub const ALL: [Self; 5] = [Self::Whitespace, Self::Punctuation, Self::Abbreviation, Self::Unit, Self::Case];
}

/// The case that names in capitals get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `White hanging heart`
    Sentence,
    /// `White Hanging Heart`
    Title,
    /// Names stay as they are.
    Keep,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    pub case: Case,
    /// Words with a case of their own, by their lower case: `usb` is `USB`, `london` is `London`.
    pub words: BTreeMap<String, String>,
    /// Abbreviations in lower case, with their expansions.
    pub abbreviations: BTreeMap<String, String>,
    /// Rules that are not applied.
    pub off: Vec<Rule>,
}

/// Acronyms that stay in capitals.
const ACRONYMS: &[&str] = &[
    "AA", "AAA", "AC", "BBQ", "CD", "DC", "DIY", "DVD", "EU", "GB", "HD", "HDMI", "LCD", "LED", "PC", "PVC", "TV", "UK", "US",
    "USA", "USB", "UV", "WC", "XL", "XS", "XXL",
];

/// English names of seasons that are written with a capital.
const NAMES: &[&str] = &["Christmas", "Easter", "Halloween", "Valentine", "Xmas"];

/// English abbreviations that have one meaning in names of goods.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("ass", "assorted"),
    ("asst", "assorted"),
    ("asstd", "assorted"),
    ("assrtd", "assorted"),
    ("lge", "large"),
    ("sml", "small"),
    ("pkt", "packet"),
    ("w/", "with"),
    ("xmas", "Christmas"),
];

impl Default for Style {
    fn default() -> Self {
        let words = ACRONYMS.iter().chain(NAMES).map(|word| (word.to_lowercase(), (*word).to_owned())).collect();
        let abbreviations = ABBREVIATIONS.iter().map(|(short, long)| ((*short).to_owned(), (*long).to_owned())).collect();
        Self { case: Case::Sentence, words, abbreviations, off: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleaning::clean;

    #[test]
    fn a_rule_can_be_off() {
        let style = Style { off: vec![Rule::Case], ..Style::default() };
        assert_eq!(clean("RED MUG 12CM", &style).name, "RED MUG 12 cm");
    }
}
