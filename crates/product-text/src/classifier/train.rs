//! Training: labels are chosen, products held out by families, a model is trained for each fold and one on everything.

use std::collections::{BTreeMap, HashMap};

use super::{
    baseline::NaiveBayes,
    model::Model,
    report::{HeldOutProduct, Report, category_accuracy, label_accuracies, tag_accuracy},
};
use crate::{
    calibration::{Calibration, HeldOut},
    duplicates::group_families,
    linear::{Loss, MAX_WEIGHTS, Matrix, TrainingTask, Weights, train},
    ngrams::{BUCKETS, MAX_GRAMS, Text, Vocabulary, hash, mix_bits},
};

/// Minimum products of a label.
pub const MIN_EXAMPLES: usize = 8;
/// The most labels: the most frequent ones are learned.
pub const MAX_LABELS: usize = 1_000;
pub const MAX_PRODUCTS: usize = 200_000;
/// The most n-grams of all products together: 256 MiB.
const MAX_COUNTS: usize = 1 << 25;
const FOLDS: usize = 5;
/// With more products than this, one fold is held out, not each of five in turn.
const MAX_ALL_FOLDS: usize = 20_000;

/// A product as the model reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product<'a> {
    /// Decides, with its family, to which side it belongs when the model is judged.
    pub id: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    /// The product's category as the only label, or its tags.
    pub labels: &'a [&'a str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub seed: u64,
    /// At least [`MIN_EXAMPLES`] applies.
    pub least_examples: usize,
    /// The folds that are held out in turn, 1 to 5: fewer are faster, and judge the model on fewer products. One beyond 20,000 products.
    pub folds: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, least_examples: MIN_EXAMPLES, folds: FOLDS }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrainingResult {
    pub model: Model,
    pub report: Report,
}

/// Reason for which no model was trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrainError {
    /// Fewer than two categories, or no tag, have enough products. The labels that have too few, with their counts.
    TooFewLabels(Vec<(String, usize)>),
    /// More than [`MAX_PRODUCTS`].
    TooManyProducts(usize),
}

impl std::fmt::Display for TrainError {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFewLabels(_) => write!(to, "Too few labels have {MIN_EXAMPLES} products or more. Label more products."),
            Self::TooManyProducts(count) => {
                write!(to, "{count} products are more than {MAX_PRODUCTS}. Train on a part of them.")
            }
        }
    }
}

impl std::error::Error for TrainError {}

/// Learns categories: of each product its first label.
pub fn train_categories(products: &[Product<'_>], settings: &Settings) -> Result<TrainingResult, TrainError> {
    train_model(products, settings, Loss::Softmax)
}

/// Learns tags: of each product all labels. Products without any are examples of none.
pub fn train_tags(products: &[Product<'_>], settings: &Settings) -> Result<TrainingResult, TrainError> {
    train_model(products, settings, Loss::Independent)
}

/// Training data, with products and labels as indices.
struct Examples {
    counts: Vec<Box<[(u32, f32)]>>,
    targets: Vec<Vec<u16>>,
    /// 0 to 4, by family.
    folds: Vec<usize>,
    loss: Loss,
    labels: usize,
    settings: Settings,
}

struct Labels {
    names: Vec<String>,
    counts: Vec<usize>,
    left_out: Vec<(String, usize)>,
}

fn train_model(products: &[Product<'_>], settings: &Settings, loss: Loss) -> Result<TrainingResult, TrainError> {
    if products.len() > MAX_PRODUCTS {
        return Err(TrainError::TooManyProducts(products.len()));
    }
    let labels = select_labels(products, settings, loss);
    if labels.names.len() < if loss == Loss::Softmax { 2 } else { 1 } {
        return Err(TrainError::TooFewLabels(labels.left_out));
    }
    let examples = Examples::of(products, &labels.names, settings, loss);
    let judged = examples.score_held_out();
    let calibrations = fit_calibrations(&judged, loss);
    let model = examples.fit(labels.names.clone(), |_| true);
    let all: Vec<HeldOut<'_>> = judged.iter().map(to_held_out).collect();
    let model = Model { calibration: Calibration::fit_to(&all, loss), ..model };
    let mut report = Report {
        products: examples.targets.len(),
        unlabelled: products.len() - examples.targets.iter().filter(|targets| !targets.is_empty()).count(),
        left_out: labels.left_out,
        ..Report::default()
    };
    let guesses = match loss {
        Loss::Softmax => {
            let (accuracy, guesses) = category_accuracy(&judged, &calibrations);
            report.categories = accuracy;
            guesses
        }
        Loss::Independent => {
            let (accuracy, guesses) = tag_accuracy(&judged, &calibrations);
            report.tags = accuracy;
            guesses
        }
    };
    report.labels = label_accuracies(&model.labels, &labels.counts, &guesses);
    Ok(TrainingResult { model, report })
}

/// Labels with enough products, in the order of their names.
fn select_labels(products: &[Product<'_>], settings: &Settings, loss: Loss) -> Labels {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for product in products {
        let of_product = if loss == Loss::Softmax { product.labels.get(..1).unwrap_or_default() } else { product.labels };
        of_product.iter().filter(|label| !label.is_empty()).for_each(|label| *counts.entry(label).or_default() += 1);
    }
    let least = settings.least_examples.max(MIN_EXAMPLES);
    let mut by_count: Vec<(&str, usize)> = counts.into_iter().collect();
    by_count.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let enough = by_count.iter().take(MAX_LABELS).take_while(|(_, count)| *count >= least).count();
    let left_out = by_count.split_off(enough).into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    by_count.sort_unstable();
    let (names, counts) = by_count.into_iter().map(|(name, count)| (name.to_owned(), count)).unzip();
    Labels { names, counts, left_out }
}

fn to_held_out<'a>(product: &'a HeldOutProduct<'a>) -> HeldOut<'a> {
    HeldOut { scores: &product.scores, targets: product.targets }
}

/// For each part a calibration that was fitted on the others.
fn fit_calibrations(judged: &[HeldOutProduct<'_>], loss: Loss) -> BTreeMap<usize, Calibration> {
    let parts: std::collections::BTreeSet<usize> = judged.iter().map(|product| product.part).collect();
    let fit_part = |part: usize| {
        let others: Vec<HeldOut<'_>> = judged.iter().filter(|product| product.part != part).map(to_held_out).collect();
        (part, Calibration::fit_to(&others, loss))
    };
    parts.into_iter().map(fit_part).collect()
}

impl Examples {
    fn of(products: &[Product<'_>], labels: &[String], settings: &Settings, loss: Loss) -> Self {
        let index: HashMap<&str, u16> = labels.iter().enumerate().map(|(index, label)| (label.as_str(), index as u16)).collect();
        let names: Vec<&str> = products.iter().map(|product| product.name).collect();
        let families = group_families(&names);
        let max_counts = (MAX_COUNTS / products.len().max(1)).min(MAX_GRAMS);
        let mut examples =
            Self { counts: Vec::new(), targets: Vec::new(), folds: Vec::new(), loss, labels: labels.len(), settings: *settings };
        for (product, family) in products.iter().zip(families) {
            let mut targets: Vec<u16> = product.labels.iter().filter_map(|label| index.get(label).copied()).collect();
            if loss == Loss::Softmax {
                let first = product.labels.first().and_then(|label| index.get(label).copied());
                targets = first.into_iter().collect();
            }
            targets.sort_unstable();
            targets.dedup();
            if targets.is_empty() && loss == Loss::Softmax {
                continue;
            }
            examples.counts.push(Text::parse(product.name, product.description).counts(max_counts).into_boxed_slice());
            examples.targets.push(targets);
            let family = products.get(family).map_or(product.id, |first| first.id);
            examples.folds.push((mix_bits(hash(b'f', &[family]) ^ settings.seed) % FOLDS as u64) as usize);
        }
        examples
    }

    fn vectorize(&self, indices: &[usize], vocabulary: &Vocabulary) -> (Matrix, Vec<&[u16]>) {
        let mut texts = Matrix::default();
        indices.iter().for_each(|index| texts.push(&vocabulary.vector(&self.counts[*index])));
        (texts, indices.iter().map(|index| self.targets[*index].as_slice()).collect())
    }

    /// A model without calibration of the products that are wanted.
    fn fit(&self, labels: Vec<String>, is_selected: impl Fn(usize) -> bool) -> Model {
        let selected_indices: Vec<usize> = (0..self.counts.len()).filter(|index| is_selected(*index)).collect();
        let max_buckets = (MAX_WEIGHTS / self.labels.max(1)).min(BUCKETS);
        let vocabulary = Vocabulary::of(selected_indices.iter().map(|index| &*self.counts[*index]), max_buckets);
        let (texts, targets) = self.vectorize(&selected_indices, &vocabulary);
        let (rows, seed) = (vocabulary.buckets.len(), self.settings.seed);
        let task = TrainingTask { texts: &texts, targets: &targets, rows, labels: self.labels, loss: self.loss, seed };
        let weights = Weights::of(&train(&task));
        Model { loss: self.loss, labels, vocabulary, weights, calibration: Calibration::default() }
    }

    /// Products as models see them that were not trained on them.
    fn score_held_out(&self) -> Vec<HeldOutProduct<'_>> {
        let folds = if self.counts.len() <= MAX_ALL_FOLDS { self.settings.folds.clamp(1, FOLDS) } else { 1 };
        let mut judged = Vec::new();
        for fold in 0..folds {
            let model = self.fit(Vec::new(), |index| self.folds[index] != fold);
            let bayes = self.train_naive_bayes(&model.vocabulary, fold);
            let majority = self.majority_label(fold);
            for index in (0..self.counts.len()).filter(|index| self.folds[*index] == fold) {
                let vector = model.vocabulary.vector(&self.counts[index]);
                // One fold alone is cut in two, so that its calibrations are fitted on the other half.
                let part = if folds > 1 { fold } else { index % 2 };
                judged.push(HeldOutProduct {
                    part,
                    scores: model.weights.scores(&vector),
                    targets: &self.targets[index],
                    majority,
                    naive_bayes: bayes.predict(&vector),
                });
            }
        }
        judged
    }

    fn train_naive_bayes(&self, vocabulary: &Vocabulary, fold: usize) -> NaiveBayes {
        let outside: Vec<usize> = (0..self.counts.len()).filter(|index| self.folds[*index] != fold).collect();
        let (texts, targets) = self.vectorize(&outside, vocabulary);
        NaiveBayes::of(&texts, &targets, vocabulary.buckets.len(), self.labels)
    }

    /// The most frequent label outside of a fold.
    fn majority_label(&self, fold: usize) -> u16 {
        let mut counts = vec![0_usize; self.labels];
        let outside = self.targets.iter().zip(&self.folds).filter(|(_, is)| **is != fold);
        outside.flat_map(|(targets, _)| targets).for_each(|label| counts[*label as usize] += 1);
        (0..counts.len()).max_by_key(|label| (counts[*label], std::cmp::Reverse(*label))).unwrap_or(0) as u16
    }
}
