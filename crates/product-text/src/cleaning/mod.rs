//! Rules that clean names. Each change names its rule; digits and codes are never changed, and a
//! name in which a rule would change one is left as it was.

mod casing;
mod learning;
mod rules;
mod style;

pub use style::{Case, Rule, Style};

/// The effect of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub rule: Rule,
    pub before: String,
    pub after: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanedName {
    pub name: String,
    /// The changes in their order; none if the name is clean.
    pub changes: Vec<Change>,
}

/// Maximum characters of a name that is cleaned; a longer name is left as it is.
pub const MAX_CHARS: usize = 1_000;

/// Suggests a clean name. The result has the digits of the name in their order, and its codes, letter for letter.
pub fn clean(name: &str, style: &Style) -> CleanedName {
    let mut cleaned = CleanedName { name: name.to_owned(), changes: Vec::new() };
    if name.chars().nth(MAX_CHARS).is_some() {
        return cleaned;
    }
    for rule in Rule::ALL.into_iter().filter(|rule| !style.off.contains(rule)) {
        let after = match rule {
            Rule::Whitespace => rules::normalize_whitespace(&cleaned.name),
            Rule::Punctuation => rules::normalize_punctuation(&cleaned.name),
            Rule::Abbreviation => rules::expand_abbreviations(&cleaned.name, style),
            Rule::Unit => rules::normalize_units(&cleaned.name),
            Rule::Case => casing::apply_case(&cleaned.name, style),
        };
        let is_safe = !after.is_empty()
            && extract_numbers(&after) == extract_numbers(&cleaned.name)
            && keeps_codes(&cleaned.name, &after, rule);
        if after != cleaned.name && is_safe {
            let before = std::mem::replace(&mut cleaned.name, after.clone());
            cleaned.changes.push(Change { rule, before, after });
        }
    }
    cleaned
}

/// The numbers of a text in their order, a decimal point or comma within them included.
fn extract_numbers(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut numbers: Vec<String> = Vec::new();
    let mut is_inside = false;
    for (index, character) in characters.iter().enumerate() {
        let is_digit = |position: usize| characters.get(position).is_some_and(|next| next.is_numeric());
        let is_point = matches!(character, '.' | ',' | '/' | '-') && is_inside && is_digit(index + 1);
        if character.is_numeric() || is_point {
            if !is_inside {
                numbers.push(String::new());
            }
            numbers.last_mut().into_iter().for_each(|number| number.push(*character));
            is_inside = true;
        } else {
            is_inside = false;
        }
    }
    numbers
}

/// Whether the text still has each code that it had before the rule. A code is a run with letters
/// and digits that no rule reads as a number with a unit or a count.
fn keeps_codes(before: &str, after: &str, rule: Rule) -> bool {
    let is_code = |run: &&str| rules::is_code(run);
    let codes = |text: &str| {
        text.split_whitespace()
            .map(|run| run.trim_matches([',', ';', '!', '(', ')']))
            .filter(is_code)
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    // Invisible characters and marks at the ends may be removed from a code; its letters and digits
    // may not.
    match rule {
        Rule::Whitespace | Rule::Punctuation => true,
        _ => codes(before).iter().all(|code| after.contains(code.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(name: &str) -> (String, Vec<Rule>) {
        let cleaned = clean(name, &Style::default());
        (cleaned.name, cleaned.changes.iter().map(|change| change.rule).collect())
    }

    #[test]
    fn each_rule_cleans_what_it_says() {
        use Rule::{Abbreviation, Case, Punctuation, Unit, Whitespace};
        for (name, expected, rules) in [
            ("  Blue \u{a0} mug\u{200b} ", "Blue mug", vec![Whitespace]),
            ("HOOK, 1 HANGER ,MAGIC GARDEN", "Hook, 1 hanger, magic garden", vec![Punctuation, Case]),
            ("Fancy font card,", "Fancy font card", vec![Punctuation]),
            ("Sale!!! now...", "Sale! now...", vec![Punctuation]),
            ("S/4 ICON COASTER,ELVIS LIVES", "Set of 4 icon coaster, elvis lives", vec![Punctuation, Abbreviation, Case]),
            ("Mug 12CM", "Mug 12 cm", vec![Unit]),
            ("Gift bag 25x24x12cm", "Gift bag 25x24x12 cm", vec![Unit]),
            ("Oil 1,5LTR", "Oil 1,5 l", vec![Unit]),
            ("RED WC SIGN", "Red WC sign", vec![Case]),
            ("Blue mug", "Blue mug", vec![]),
        ] {
            assert_eq!(sentence(name), (expected.to_owned(), rules), "{name:?}");
        }
    }

    #[test]
    fn codes_and_numbers_are_never_changed() {
        for (name, expected) in [
            ("CABLE USB-C 3M", "Cable USB-C 3M"),
            ("DRILL WS-12X 500W", "Drill WS-12X 500 W"),
            ("PAPER A4 80G", "Paper A4 80G"),
            ("SCREW M4x20", "Screw M4x20"),
            ("Card 17107,17108", "Card 17107,17108"),
            ("RATIO 1/2 - 3,000.50", "Ratio 1/2 - 3,000.50"),
            ("B2B SAMPLE 007", "B2B sample 007"),
        ] {
            assert_eq!(sentence(name).0, expected, "{name:?}");
        }
    }

    #[test]
    fn a_clean_name_is_not_cleaned_again() {
        for name in ["SET/6  RED SPOTTY PAPER PLATES 23CM ,ASSTD", "CHILDRENS' CUTLERY W/ CASE", "Ø 12CM ŒUF"] {
            let once = clean(name, &Style::default()).name;
            assert_eq!(clean(&once, &Style::default()).changes, [], "{once}");
        }
    }

    #[test]
    fn a_name_of_a_megabyte_is_left_alone() {
        let name = "A".repeat(1_000_000);
        assert_eq!(clean(&name, &Style::default()).changes, []);
    }
}
