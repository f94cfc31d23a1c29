//! Names with the classes that ordered phrases give them.

use std::collections::BTreeMap;

use crate::ngrams::{hash, mix_bits};

/// Phrases in their order, each with its class. The first one that a name has gives its class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phrases(Vec<(String, Vec<String>)>);

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub code: String,
    pub name: String,
    pub class: String,
    /// The phrase that gave the class.
    pub phrase: String,
    /// The class that a reader gave, for the products that were read.
    pub read: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Products with a class, by code.
    pub items: Vec<Item>,
    /// Products that were read and have no phrase, and those whose reader found no class, by code.
    pub without: Vec<(String, String, Option<String>)>,
    /// Products without a phrase.
    pub unlabelled: usize,
}

/// Lower-case words without apostrophes; a final `s` of words of more than three letters is cut, except `ss`.
fn word_stems(name: &str) -> Vec<String> {
    let bare_name: String = name.to_lowercase().chars().filter(|character| *character != '\'').collect();
    let words = bare_name.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let stem = |word: &str| match word.strip_suffix('s') {
        Some(stem) if word.len() > 3 && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    };
    words.map(stem).collect()
}

impl Phrases {
    /// Parses lines `class,phrase` after a header.
    pub fn parse(csv: &str) -> Self {
        let lines = csv.lines().skip(1).filter_map(|line| line.split_once(','));
        Self(lines.map(|(class, phrase)| (class.to_owned(), word_stems(phrase))).collect())
    }

    /// The class of a name and its phrase.
    pub fn label(&self, name: &str) -> Option<(&str, String)> {
        let words = word_stems(name);
        let has = |phrase: &[String]| !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase);
        self.0.iter().find(|(_, phrase)| has(phrase)).map(|(class, phrase)| (class.as_str(), phrase.join(" ")))
    }
}

/// The name without the words of a phrase.
pub(super) fn remove_phrase(name: &str, phrase: &str) -> String {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    let is_kept = |word: &&str| word_stems(word).iter().all(|stem| !phrase.contains(&stem.as_str()));
    name.split([' ', '-', '/', ',']).filter(is_kept).collect::<Vec<_>>().join(" ")
}

impl Catalogue {
    /// Creates the catalogue of the public names, with the files of `evidence/`.
    pub fn from_public_names(names: &[(String, String)]) -> Self {
        let phrases = Phrases::parse(include_str!("../../evidence/rules.csv"));
        Self::of(names, &phrases, include_str!("../../evidence/read.csv"))
    }

    /// Creates a catalogue from codes with names, and from lines `sku,name,class` of products that
    /// were read.
    pub fn of(names: &[(String, String)], phrases: &Phrases, read: &str) -> Self {
        let read: BTreeMap<&str, &str> =
            read.lines().skip(1).filter_map(|line| Some((line.split_once(',')?.0, line.rsplit_once(',')?.1))).collect();
        let mut catalogue = Self::default();
        for (code, name) in names {
            let by_reader = read.get(code.as_str()).map(|class| (*class).to_owned());
            let reader = by_reader.clone().filter(|class| !class.is_empty());
            if let Some((class, phrase)) = phrases.label(name) {
                let (code, name, class) = (code.clone(), name.clone(), class.to_owned());
                catalogue.items.push(Item { code, name, class, phrase, read: by_reader });
                continue;
            }
            catalogue.unlabelled += 1;
            if by_reader.is_some() {
                catalogue.without.push((code.clone(), name.clone(), reader));
            }
        }
        catalogue
    }
}

/// Returns one of `parts` numbers, always the same for equal texts.
pub(super) fn partition_of(text: &str, parts: u64) -> u64 {
    mix_bits(hash(b'e', &[text])) % parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_phrase_of_the_list_gives_the_class() {
        let phrases = Phrases::parse("class,phrase\ncandles,t light\nlighting,lights\nornaments,heart\n");
        assert_eq!(phrases.label("HEART T-LIGHT HOLDER"), Some(("candles", "t light".to_owned())));
        assert_eq!(phrases.label("HEART LIGHT"), Some(("lighting", "light".to_owned())));
        assert_eq!(phrases.label("HEARTS"), Some(("ornaments", "heart".to_owned())));
        assert_eq!(phrases.label("MUG"), None);
        assert_eq!(remove_phrase("HEART T-LIGHT HOLDER", "t light"), "HEART HOLDER");
    }
}
