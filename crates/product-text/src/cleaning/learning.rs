//! A tenant's style, learned from its own names.

use std::collections::BTreeMap;

use super::{
    casing,
    style::{Case, Style},
};

/// Minimum names, not in capitals, from which a tenant's style is learned.
const MIN_STYLE_NAMES: usize = 20;
/// Minimum names in which a word has a case of its own for it to be learned; hardly any may have it
/// otherwise.
const MIN_WORD_NAMES: usize = 3;

impl Style {
    /// The style of a tenant's own names: title case if most of those that are not in capitals have it; words inside them that are nearly always
    /// written with capitals keep these. Too few such names: the default.
    pub fn learn_from(names: &[&str]) -> Self {
        let mut style = Self::default();
        let mixed: Vec<&str> = names.iter().copied().filter(|name| !casing::is_upper_case(name)).collect();
        if mixed.len() < MIN_STYLE_NAMES {
            return style;
        }
        let titles = mixed.iter().filter(|name| casing::is_title(name)).count();
        if titles * 2 > mixed.len() {
            style.case = Case::Title;
        }
        let mut spelling_counts: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        for name in mixed.iter().filter(|name| !casing::is_title(name)) {
            // The first word has a capital for another reason.
            for word in casing::letter_words(name).into_iter().skip(1) {
                *spelling_counts.entry(word.to_lowercase()).or_default().entry(word).or_default() += 1;
            }
        }
        for (lower, spellings) in spelling_counts {
            let all: usize = spellings.values().sum();
            let commonest = spellings.into_iter().max_by_key(|(_, count)| *count);
            if let Some((spelling, count)) = commonest.filter(|(spelling, _)| *spelling != lower)
                && count >= MIN_WORD_NAMES
                && count * 10 >= all * 9
            {
                style.words.insert(lower, spelling.to_owned());
            }
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleaning::clean;

    #[test]
    fn the_style_is_the_tenants_own() {
        let titles: Vec<String> = (0..30).map(|index| format!("Blue Mug {index}")).collect();
        let style = Style::learn_from(&titles.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(clean("RED TIN OF TEA", &style).name, "Red Tin of Tea");
        let sentences: Vec<String> = (0..30).map(|index| format!("Blue mug from London number {index}")).collect();
        let style = Style::learn_from(&sentences.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(clean("I LOVE LONDON MUG", &style).name, "I love London mug");
        assert_eq!(Style::learn_from(&["ALL CAPITALS"]), Style::default());
    }
}
