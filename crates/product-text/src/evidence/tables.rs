//! The experiments and their tables.

use std::{collections::BTreeMap, fmt::Write};

use super::catalogue::{Catalogue, Item, partition_of, remove_phrase};
use crate::{
    calibration::expected_calibration_error,
    classifier::{Model, Product, Report, Settings, TrainError, TrainingResult, train_categories},
    duplicates::{self, group_families},
};

/// One product family of five is held out and used for the last tables only.
const HOLD_OUT_PARTS: u64 = 5;

/// Accuracy on one set of products.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    pub products: usize,
    pub top1: f64,
    pub top3: f64,
    pub calibration_error: f64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    pub products: usize,
    /// Cross-validation inside the other four fifths of families, where the settings were chosen.
    pub report: Report,
    /// The held-out fifth.
    pub held_out: Score,
    /// The baselines on it.
    pub majority: f64,
    pub neighbour: f64,
    /// The held-out fifth with the words cut out that gave it its class.
    pub masked: Score,
    /// Products whose phrase no product of the training has.
    pub unseen_phrase: Score,
    /// Products that were read, against the reader's class; the model saw no product of their families.
    pub read: Score,
    /// The phrases' own agreement with the reader.
    pub phrases_agree: f64,
    pub model_bytes: usize,
    /// The tables, as Markdown.
    pub text: String,
}

fn train_on(items: &[&Item], folds: usize) -> Result<TrainingResult, TrainError> {
    let labels: Vec<[&str; 1]> = items.iter().map(|item| [item.class.as_str()]).collect();
    let products: Vec<Product<'_>> = items
        .iter()
        .zip(&labels)
        .map(|(item, labels)| Product { id: &item.code, name: &item.name, description: "", labels })
        .collect();
    train_categories(&products, &Settings { folds, ..Settings::default() })
}

/// Scores a model on names with their classes.
fn score_model<'a>(model: &Model, tests: impl Iterator<Item = (String, &'a str)>) -> Score {
    let (mut score, mut predictions) = (Score::default(), Vec::new());
    for (name, class) in tests {
        let best = model.suggest(&name, "").best;
        let is_first = best.first().is_some_and(|first| first.label == class);
        score.products += 1;
        score.top1 += f64::from(is_first);
        score.top3 += f64::from(best.iter().any(|scored| scored.label == class));
        predictions.push((best.first().map_or(0.0, |first| first.confidence), is_first));
    }
    let count = (score.products.max(1)) as f64;
    Score {
        top1: score.top1 / count,
        top3: score.top3 / count,
        calibration_error: expected_calibration_error(&predictions),
        ..score
    }
}

/// Trains on the families that are kept and returns the indices of the others.
fn split_families(items: &[Item], families: &[usize], is_out: impl Fn(&Item) -> bool) -> (Vec<usize>, Vec<usize>) {
    let mut held_out: BTreeMap<usize, bool> = BTreeMap::new();
    items.iter().zip(families).for_each(|(item, family)| *held_out.entry(*family).or_default() |= is_out(item));
    (0..items.len()).partition(|index| !families.get(*index).and_then(|family| held_out.get(family)).copied().unwrap_or(false))
}

/// The share of products whose nearest neighbour by common words (Jaccard) has their class.
fn nearest_neighbour_share(known_items: &[&Item], tests: &[&Item]) -> f64 {
    let words = |item: &Item| {
        let mut words: Vec<String> = item.name.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect();
        words.sort_unstable();
        words.dedup();
        words
    };
    let known_items: Vec<(Vec<String>, &str)> = known_items.iter().map(|item| (words(item), item.class.as_str())).collect();
    let similarity = |one: &[String], other: &[String]| {
        let common = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
        common as f64 / (one.len() + other.len() - common).max(1) as f64
    };
    let is_right = |item: &&&Item| {
        let own_words = words(item);
        let best =
            known_items.iter().max_by(|one, other| similarity(&own_words, &one.0).total_cmp(&similarity(&own_words, &other.0)));
        best.is_some_and(|(_, class)| *class == item.class)
    };
    tests.iter().filter(is_right).count() as f64 / tests.len().max(1) as f64
}

/// Runs all experiments: of a catalogue, and for duplicates of all codes with their names.
pub fn run_experiments(catalogue: &Catalogue, names: &[(String, String)]) -> Result<Evidence, TrainError> {
    let items = &catalogue.items;
    let families = group_families(&items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>());
    let root = |item: &Item, family: usize| items.get(family).map_or(item.code.as_str(), |first| first.code.as_str()).to_owned();
    let of_family: BTreeMap<&str, String> =
        items.iter().zip(&families).map(|(item, family)| (item.code.as_str(), root(item, *family))).collect();
    let pick = |indices: &[usize]| indices.iter().filter_map(|index| items.get(*index)).collect::<Vec<&Item>>();

    let (training_items, test_items) = split_families(items, &families, |item| {
        of_family.get(item.code.as_str()).is_some_and(|root| partition_of(root, HOLD_OUT_PARTS) == 0)
    });
    let (training_items, test_items) = (pick(&training_items), pick(&test_items));
    let main = train_on(&training_items, 5)?;
    let mut evidence = Evidence { products: items.len(), report: main.report, ..Evidence::default() };
    evidence.held_out = score_model(&main.model, test_items.iter().map(|item| (item.name.clone(), item.class.as_str())));
    evidence.masked =
        score_model(&main.model, test_items.iter().map(|item| (remove_phrase(&item.name, &item.phrase), item.class.as_str())));
    evidence.model_bytes = main.model.to_bytes().len();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    training_items.iter().for_each(|item| *counts.entry(&item.class).or_default() += 1);
    let commonest_class = counts.iter().max_by_key(|(_, count)| **count).map(|(class, _)| *class);
    evidence.majority = test_items.iter().filter(|item| Some(item.class.as_str()) == commonest_class).count() as f64
        / test_items.len().max(1) as f64;
    evidence.neighbour = nearest_neighbour_share(&training_items, &test_items);
    evidence.unseen_phrase = score_unseen_phrases(items)?;
    (evidence.read, evidence.phrases_agree) = score_against_reader(catalogue, &families)?;
    evidence.text = write_tables(&evidence, catalogue, names);
    Ok(evidence)
}

/// Each phrase is in one of five parts; a part's products are judged by a model of the others'.
fn score_unseen_phrases(items: &[Item]) -> Result<Score, TrainError> {
    let mut sum = Score::default();
    for fold in 0..HOLD_OUT_PARTS {
        let (test_items, training_items): (Vec<&Item>, Vec<&Item>) =
            items.iter().partition(|item| partition_of(&item.phrase, HOLD_OUT_PARTS) == fold);
        let fold_score = score_model(
            &train_on(&training_items, 1)?.model,
            test_items.iter().map(|item| (item.name.clone(), item.class.as_str())),
        );
        let count = fold_score.products as f64;
        sum.products += fold_score.products;
        sum.top1 += fold_score.top1 * count;
        sum.top3 += fold_score.top3 * count;
        sum.calibration_error += fold_score.calibration_error * count;
    }
    let count = sum.products.max(1) as f64;
    Ok(Score { top1: sum.top1 / count, top3: sum.top3 / count, calibration_error: sum.calibration_error / count, ..sum })
}

/// A model of the families without a read product, against the reader's classes; those that no phrase labels count, too.
fn score_against_reader(catalogue: &Catalogue, families: &[usize]) -> Result<(Score, f64), TrainError> {
    let items = &catalogue.items;
    let (read_items, _) = split_families(items, families, |item| item.read.is_some());
    let read_items: Vec<&Item> = read_items.iter().filter_map(|index| items.get(*index)).collect();
    let model = train_on(&read_items, 5)?.model;
    let labelled = items.iter().filter_map(|item| Some((item, item.read.as_deref().filter(|class| !class.is_empty())?)));
    let agree = labelled.clone().filter(|(item, class)| item.class == *class).count();
    let with: Vec<(String, &str)> = labelled.map(|(item, class)| (item.name.clone(), class)).collect();
    let without = catalogue.without.iter().filter_map(|(_, name, class)| Some((name.clone(), class.as_deref()?)));
    let tests: Vec<(String, &str)> = with.into_iter().chain(without).collect();
    let count = tests.len().max(1) as f64;
    Ok((score_model(&model, tests.into_iter()), agree as f64 / count))
}

fn format_percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn write_tables(evidence: &Evidence, catalogue: &Catalogue, names: &[(String, String)]) -> String {
    let mut text = String::new();
    let inner = &evidence.report.categories;
    let _ = writeln!(
        text,
        "{} products, {} of them with a class; {} classes.\n",
        names.len(),
        evidence.products,
        evidence.report.labels.len()
    );
    let _ = writeln!(text, "| test | products | top 1 | top 3 | calibration error |\n|---|---|---|---|---|");
    let mut row = |name: &str, score: Score| {
        let (top1, top3) = (format_percent(score.top1), format_percent(score.top3));
        let _ = writeln!(text, "| {name} | {} | {top1} | {top3} | {:.3} |", score.products, score.calibration_error);
    };
    let cross =
        Score { products: inner.held_out, top1: inner.top1, top3: inner.top3, calibration_error: inner.calibration_error };
    row("**held-out fifth of families**", evidence.held_out);
    row("cross-validation in the other four fifths", cross);
    row("read by a person, against the person", evidence.read);
    row("held-out fifth, deciding words cut out", evidence.masked);
    row("products whose deciding phrase was never seen", evidence.unseen_phrase);
    let _ = writeln!(text, "\n| baseline | top 1 |\n|---|---|");
    let _ = writeln!(text, "| most frequent class, held-out fifth | {} |", format_percent(evidence.majority));
    let _ = writeln!(text, "| nearest neighbour by common words, held-out fifth | {} |", format_percent(evidence.neighbour));
    let _ = writeln!(text, "| naive Bayes on the same n-grams, cross-validation | {} |", format_percent(inner.naive_bayes));
    let _ = writeln!(text, "| the phrases themselves, against the person | {} |", format_percent(evidence.phrases_agree));
    let _ = writeln!(
        text,
        "\nIn cross-validation {} of suggestions have a confidence of 0.5 or more; {} of these are right.\nThe model has {} bytes.\n",
        format_percent(inner.confident),
        format_percent(inner.confident_top1),
        evidence.model_bytes
    );
    let _ = writeln!(text, "| class | products | precision | recall |\n|---|---|---|---|");
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), format_percent);
    for label in &evidence.report.labels {
        let _ = writeln!(text, "| {} | {} | {} | {} |", label.label, label.products, share(label.precision), share(label.recall));
    }
    let all: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let duplicate_search = duplicates::find_duplicates(&all, &duplicates::Settings::default());
    let same = duplicate_search.pairs.iter().filter(|pair| pair.score >= 0.99).count();
    let _ = writeln!(
        text,
        "\nDuplicates among the {} names: {} pairs, {same} of them with the same words; {} pairs compared of {}, {} similar pairs\ntold apart by a size, colour, count or number. {} products have no class.",
        all.len(),
        duplicate_search.pairs.len(),
        duplicate_search.compared,
        all.len() * (all.len() - 1) / 2,
        duplicate_search.told_apart,
        catalogue.unlabelled
    );
    text
}
