//! Duplicates and clean names, on the public names and on made changes of them.

#![expect(clippy::unwrap_used, reason = "a test: it may panic")]

mod shared;

use product_text::{
    Style, clean,
    duplicates::{Settings, find_duplicates, variant_difference},
};
use proptest::prelude::*;

/// Every eighth public name of at least three words that consist of letters only.
fn sample() -> Option<Vec<String>> {
    let names = shared::names()?;
    let is_plain =
        |name: &&String| name.split(' ').count() >= 3 && name.chars().all(|letter| letter == ' ' || letter.is_ascii_uppercase());
    let all: Vec<String> = names.iter().map(|(_, name)| name).filter(is_plain).cloned().collect();
    Some(all.into_iter().step_by(8).collect())
}

/// The share of names that are found as duplicates of a changed copy beside all public names.
fn duplicate_share(change: impl Fn(&str) -> String) -> Option<f64> {
    let (sample, names) = (sample()?, shared::names()?);
    let mut all: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let changed: Vec<String> = sample.iter().map(|name| change(name)).collect();
    let first = all.len();
    all.extend(changed.iter().map(String::as_str));
    let found = find_duplicates(&all, &Settings::default());
    let is_found =
        |index: &usize| found.pairs.iter().any(|pair| pair.second == first + index && all[pair.first] == sample[*index]);
    // A copy may be paired with another copy of the same text first.
    let count = (0..sample.len()).filter(is_found).count();
    assert!(sample.len() > 150, "{}", sample.len());
    Some(count as f64 / sample.len() as f64)
}

#[test]
fn a_name_in_another_order_case_or_spelling_is_found_again() {
    let Some(turned) = duplicate_share(|name| {
        let (first, rest) = name.split_once(' ').unwrap();
        format!("{}, {}", rest.to_lowercase(), first.to_lowercase())
    }) else {
        return;
    };
    let swapped = duplicate_share(|name| {
        // Two neighbours in the middle of the longest word change places.
        let longest = name.split(' ').max_by_key(|word| word.len()).unwrap();
        let mut letters: Vec<char> = longest.chars().collect();
        let middle = letters.len() / 2;
        letters.swap(middle, middle - 1);
        name.replace(longest, &letters.iter().collect::<String>())
    });
    let joined = duplicate_share(|name| name.replacen(' ', "", 1)); // a colour or a filler may be one half
    let marked = duplicate_share(|name| format!("  {} ", name.replace('E', "É").replace(' ', "\u{a0}")));
    let shares = (turned, swapped.unwrap(), joined.unwrap(), marked.unwrap());
    assert!(shares.0 >= 0.99 && shares.1 >= 0.80 && shares.2 >= 0.99 && shares.3 >= 0.99, "{shares:?}");
}

#[test]
fn another_size_colour_count_or_number_is_never_a_duplicate() {
    let Some(sample) = sample() else { return };
    for (one, other) in [
        ("12CM", "14CM"),
        ("SET OF 6", "SET OF 12"),
        ("SMALL", "LARGE"),
        ("TURQUOISE", "LILAC"),
        ("A4", "A5"),
        ("500ML", "0.75L"),
    ] {
        let names: Vec<String> = sample.iter().flat_map(|name| [format!("{name} {one}"), format!("{name} {other}")]).collect();
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        for pair in find_duplicates(&texts, &Settings::default()).pairs {
            assert_eq!(variant_difference(texts[pair.first], texts[pair.second]), None);
            assert!(pair.first / 2 != pair.second / 2, "{} / {}", texts[pair.first], texts[pair.second]);
        }
    }
}

#[test]
fn the_public_names_have_the_duplicates_that_a_reader_sees() {
    let Some(names) = shared::names() else { return };
    let texts: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let found = find_duplicates(&texts, &Settings::default());
    let has = |one: &str, other: &str| found.pairs.iter().any(|pair| texts[pair.first] == one && texts[pair.second] == other);
    assert!(has("FOLDING UMBRELLA RED/WHITE POLKADOT", "FOLDING UMBRELLA WHITE/RED POLKADOT"));
    assert!(has("CHARLIE+LOLA RED HOT WATER BOTTLE", "CHARLIE + LOLA RED HOT WATER BOTTLE"));
    assert!(!has("BLUE POLKADOT CUP", "BLUE POLKADOT EGG CUP"));
    assert!(!has("PAPER LANTERN 9 POINT HOLLY STAR L", "PAPER LANTERN 9 POINT HOLLY STAR S"));
    let all = texts.len() as u64 * (texts.len() as u64 - 1) / 2;
    assert!(found.compared * 1_000 < all, "{} of {all}", found.compared);
    assert!((30..=60).contains(&found.pairs.len()), "{:?}", found.pairs.len());
}

#[test]
fn equal_hostile_names_are_compared_a_bounded_number_of_times() {
    let long = "A".repeat(100_000);
    let mut names: Vec<String> = (0..2_000).map(|index| format!("{long}{}", index % 3)).collect();
    let letter = |index: usize| char::from(b'A' + (index % 26) as u8);
    names.extend((0..2_000).map(|index| format!("MUG DESIGN {}{}{}", letter(index), letter(index / 26), letter(index / 676))));
    names.extend((0..1_000).map(|_| "\u{200b}".repeat(1_000)));
    let texts: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = find_duplicates(&texts, &Settings { most: 100, ..Settings::default() });
    assert!(
        found.pairs.len() == 100 && found.is_cut && found.compared <= 2_003 * 21 * 10,
        "{} {}",
        found.pairs.len(),
        found.compared
    );
    assert!(found.pairs.iter().all(|pair| pair.second < 4_000), "names without a letter are nothing");
}

fn digits(text: &str) -> String {
    text.chars().filter(|character| character.is_numeric()).collect()
}

#[test]
fn public_names_keep_their_numbers_and_are_clean_after_one_pass() {
    let Some(names) = shared::names() else { return };
    let style = Style::default();
    let mut changed = 0;
    for (_, name) in &names {
        let cleaned = clean(name, &style);
        assert_eq!(digits(&cleaned.name), digits(name));
        assert_eq!(clean(&cleaned.name, &style).changes, [], "{name}");
        assert!(cleaned.changes.iter().all(|change| change.before != change.after));
        changed += usize::from(!cleaned.changes.is_empty());
    }
    assert!(changed > 3_500, "nearly all are in capitals: {changed}");
}

proptest! {
    #[test]
    fn no_text_loses_a_digit_or_panics(name in "([A-Za-z]{1,5}|[SW]/|[0-9]{1,3}(CM|ML|ltr|X|'S)?|[ ,./!]|\\PC){0,20}") {
        let cleaned = clean(&name, &Style::default());
        prop_assert_eq!(digits(&cleaned.name), digits(&name));
        prop_assert!(cleaned.changes.iter().all(|change| change.before != change.after));
    }

    #[test]
    fn codes_stay_letter_for_letter(code in "[A-Z]{1,3}-?[0-9]{1,4}[A-Z]{1,2}[0-9]?", word in "[A-Z]{4,9}") {
        let cleaned = clean(&format!("{word}  {code} {word}"), &Style::default());
        prop_assert!(cleaned.name.contains(&code), "{:?}", cleaned);
    }

    #[test]
    fn any_names_can_be_searched(names in prop::collection::vec("((MUGS?|HEART|LANTERN|RED|12CM|A4|é|\\PC) ?){0,5}", 0..30)) {
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        for pair in find_duplicates(&texts, &Settings { least: 0.1, most: 50 }).pairs {
            prop_assert!(pair.first < pair.second && (0.0..=1.0).contains(&pair.score));
        }
    }
}
