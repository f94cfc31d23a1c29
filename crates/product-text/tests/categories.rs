//! Categories and tags that are learned from products, on the public names and on small catalogues.

#![expect(clippy::unwrap_used, reason = "a test: it may panic")]

mod shared;

use std::fs;

use product_text::{
    Model, ModelError, Product, TrainError, TrainingResult,
    classifier::{FORMAT_VERSION, Settings},
    evidence::{Catalogue, run_experiments},
    ngrams::{DESCRIPTION_CHARS, MAX_GRAMS, NAME_CHARS, Text},
    train_categories, train_tags,
};
use proptest::prelude::*;

const BEGIN: &str = "<!-- example evidence -->\n";
const END: &str = "<!-- end -->\n";

/// Products of three small classes, in two scripts.
fn small() -> Vec<(String, String, Vec<&'static str>)> {
    let nouns = [
        ("mug", "tableware"),
        ("plate", "tableware"),
        ("candle", "light"),
        ("lantern", "light"),
        ("кружка", "посуда"),
        ("чашка", "посуда"),
    ];
    let styles = ["red", "blue", "heart", "dolly", "retro", "floral", "striped", "paris"];
    let mut made = Vec::new();
    for (noun, class) in nouns {
        for style in styles {
            let mut labels = vec![class];
            labels.extend((style == "red" || style == "blue").then_some("plain colour"));
            made.push((format!("{noun}-{style}"), format!("{} {}", style.to_uppercase(), noun.to_uppercase()), labels));
        }
    }
    made
}

fn products<'a>(made: &'a [(String, String, Vec<&'a str>)]) -> Vec<Product<'a>> {
    made.iter().map(|(id, name, labels)| Product { id, name, description: "", labels }).collect()
}

fn trained() -> TrainingResult {
    train_categories(&products(&small()), &Settings::default()).unwrap()
}

#[test]
fn categories_of_public_names_are_found_and_the_page_says_how_often() {
    let Some(names) = shared::names() else { return };
    let found = run_experiments(&Catalogue::from_public_names(&names), &names).unwrap();
    let inner = found.report.categories;
    assert_eq!((names.len(), found.report.labels.len()), (3_798, 20));
    assert!(found.held_out.top1 >= 0.85 && found.held_out.products >= 600, "{:?}", found.held_out);
    assert!(inner.top1 >= 0.85 && found.read.top1 >= 0.85, "{inner:?} {:?}", found.read);
    assert!(found.held_out.calibration_error <= 0.05 && inner.calibration_error <= 0.05, "{:?} {inner:?}", found.held_out);
    assert!(
        found.neighbour + 0.05 < found.held_out.top1 && inner.naive_bayes + 0.05 < inner.top1,
        "{} {inner:?}",
        found.neighbour
    );
    assert!(found.majority < 0.2 && found.phrases_agree >= 0.93 && found.model_bytes < 2_000_000, "{found:?}");

    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/product-text.md");
    let paper = fs::read_to_string(page).unwrap();
    let (before, rest) = paper.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var("ENTREPOT_GOLDEN").as_deref() == Ok("write") {
        fs::write(page, format!("{before}{BEGIN}{}{END}{after}", found.text)).unwrap();
        return;
    }
    assert!(
        shown == found.text,
        "docs/product-text.md is old: run this test with ENTREPOT_GOLDEN=write, and read the difference\n{}",
        found.text
    );
}

#[test]
fn a_suggestion_says_which_words_spoke_for_it() {
    let model = trained().model;
    let suggestion = model.suggest("Paris mug", "");
    assert!(suggestion.is_confident && suggestion.best.len() == 3, "{suggestion:?}");
    assert_eq!((suggestion.best[0].label.as_str(), suggestion.best[0].reasons[0].text.as_str()), ("tableware", "mug"));
    let sum: f32 = suggestion.best.iter().map(|scored| scored.confidence).sum();
    assert!((sum - 1.0).abs() < 1e-4, "three classes share all: {sum}");
    // A word that no product has is recognised by its letters.
    let letters = &model.suggest("Mugs", "").best[0];
    assert!(letters.label == "tableware" && letters.reasons[0].letters.as_deref() == Some("<mug"), "{letters:?}");
    assert_eq!(model.suggest("Ретро КРУ\u{301}ЖКА", "").best[0].label, "посуда");
    assert_eq!(model.suggest("shelf", "A mug.").best[0].label, "tableware", "the description is read, too");
}

#[test]
fn an_unknown_or_empty_text_has_no_suggestion() {
    let model = trained().model;
    for name in ["", "   ", "\u{200b}\u{200b}", "!!!", "漢字"] {
        assert_eq!(model.suggest(name, "").best, [], "{name:?}");
    }
}

#[test]
fn a_hostile_text_costs_no_more_than_a_long_one() {
    let model = trained().model;
    for unit in ["a", "\u{200b}", "a\u{301}", "mug ", "\u{fdfa}", "\u{202e}", "👩‍👩‍👧"] {
        let text = unit.repeat(1_000_000 / unit.len());
        let read = Text::parse(&text, &text);
        let letters: usize = read.words.iter().map(|word| word.chars().count()).sum();
        assert!(letters <= 2 * (NAME_CHARS + DESCRIPTION_CHARS), "{unit:?}: {letters}");
        let mut grams = 0;
        read.for_each_gram(usize::MAX, &mut |_| grams += 1);
        assert!(grams <= MAX_GRAMS, "{unit:?}: {grams}");
        let suggestion = model.suggest(&text, &text);
        assert!(suggestion.best.iter().all(|scored| scored.confidence.is_finite() && scored.reasons.len() <= 5), "{unit:?}");
    }
}

#[test]
fn a_category_with_too_few_products_is_left_out_and_told() {
    let mut made = small();
    (0..7).for_each(|index| made.push((format!("s{index}"), format!("SPOON {index}"), vec!["cutlery"])));
    made.push(("none".to_owned(), "SOMETHING".to_owned(), vec![]));
    let trained = train_categories(&products(&made), &Settings::default()).unwrap();
    assert_eq!(trained.report.left_out, [("cutlery".to_owned(), 7)]);
    assert_eq!((trained.report.products, trained.report.unlabelled), (48, 8));
    assert!(!trained.model.labels().contains(&"cutlery".to_owned()));
    let few = train_categories(&products(&made[..8]), &Settings::default());
    assert_eq!(few, Err(TrainError::TooFewLabels(vec![])), "one category is no choice");
}

#[test]
fn the_same_catalogue_gives_the_same_model_byte_for_byte() {
    let (one, other) = (trained(), trained());
    assert_eq!(one, other);
    assert_eq!(one.model.to_bytes(), other.model.to_bytes());
    let seeded = train_categories(&products(&small()), &Settings { seed: 2, ..Settings::default() }).unwrap();
    assert_ne!(one.model.to_bytes(), seeded.model.to_bytes());
}

#[test]
fn tags_are_suggested_beside_each_other() {
    let trained = train_tags(&products(&small()), &Settings::default()).unwrap();
    let labels = |name: &str| trained.model.suggest(name, "").best.into_iter().map(|scored| scored.label).collect::<Vec<_>>();
    let mut both = labels("BLUE MUG");
    both.sort();
    assert_eq!(both, ["plain colour", "tableware"]);
    assert_eq!(labels("HEART MUG"), ["tableware"]);
    assert!(trained.report.tags.precision.unwrap() > 0.8, "{:?}", trained.report.tags);
}

#[test]
fn a_model_of_another_version_or_damaged_is_refused() {
    let model = trained().model;
    let bytes = model.to_bytes();
    assert_eq!(Model::from_bytes(&bytes), Ok(model));
    assert_eq!(Model::from_bytes(b"PK\x03\x04"), Err(ModelError::NotAModel));
    assert_eq!(Model::from_bytes(&[]), Err(ModelError::NotAModel));
    let mut newer = bytes.clone();
    newer[4] += 1;
    assert_eq!(Model::from_bytes(&newer), Err(ModelError::OtherVersion(FORMAT_VERSION + 1)));
    for length in [4, 5, 6, 20, bytes.len() / 2, bytes.len() - 1] {
        assert_eq!(Model::from_bytes(&bytes[..length]), Err(ModelError::Damaged), "cut at {length}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Model::from_bytes(&longer), Err(ModelError::Damaged));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_byte_is_found(place in 6_usize.., bit in 0_u32..8) {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| trained().model.to_bytes());
        let mut bytes = BYTES.clone();
        let place = 6 + place % (bytes.len() - 6);
        bytes[place] ^= 1 << bit;
        prop_assert_eq!(Model::from_bytes(&bytes), Err(ModelError::Damaged));
    }
}
