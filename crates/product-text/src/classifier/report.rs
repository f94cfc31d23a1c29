//! Quality of a model, measured on products that it did not see.

use std::collections::BTreeMap;

use super::model::{MAX_SUGGESTIONS, MIN_CONFIDENCE};
use crate::{
    calibration::{Calibration, expected_calibration_error},
    linear::Loss,
};

/// Accuracy on products that were held out, their families with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Products with a label that the model learned.
    pub products: usize,
    /// Labels with too few products, or beyond the most that are learned, and how many products each has.
    pub left_out: Vec<(String, usize)>,
    /// Products without a label, or with none that is learned.
    pub unlabelled: usize,
    /// Accuracy of categories; default for tags.
    pub categories: Accuracy,
    /// Accuracy of tags; default for categories.
    pub tags: TagAccuracy,
    pub labels: Vec<LabelAccuracy>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Accuracy {
    /// Products that were held out.
    pub held_out: usize,
    /// The share whose first suggestion is right.
    pub top1: f64,
    /// The share whose first three suggestions have the right one.
    pub top3: f64,
    /// The expected calibration error, each product judged with a calibration that was fitted on others.
    pub calibration_error: f64,
    /// The share of suggestions at or above [`MIN_CONFIDENCE`], and how many of these are right.
    pub confident: f64,
    pub confident_top1: f64,
    /// The share of the most frequent category.
    pub majority: f64,
    /// The accuracy of naive Bayes on the same products.
    pub naive_bayes: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TagAccuracy {
    pub held_out: usize,
    /// Share of the suggested tags that is right; `None` if none is suggested.
    pub precision: Option<f64>,
    /// Share of the products' tags that is suggested; `None` if they have none.
    pub recall: Option<f64>,
    pub calibration_error: f64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelAccuracy {
    pub label: String,
    pub products: usize,
    /// Precision: the share of the products for which it is suggested first that have it.
    pub precision: Option<f64>,
    /// Recall: the share of the held-out products with the label for which it is suggested first.
    pub recall: Option<f64>,
}

/// A product that was held out.
#[derive(Debug, Clone)]
pub(super) struct HeldOutProduct<'a> {
    /// Calibrations are fitted on the other parts.
    pub(super) part: usize,
    pub(super) scores: Vec<f32>,
    pub(super) targets: &'a [u16],
    /// The guesses of the baselines.
    pub(super) majority: u16,
    pub(super) naive_bayes: u16,
}

pub(super) fn share(count: usize, total: usize) -> Option<f64> {
    (total > 0).then(|| count as f64 / total as f64)
}

fn rank_labels(probabilities: &[f32]) -> Vec<u16> {
    let mut order: Vec<u16> = (0..probabilities.len() as u16).collect();
    order.sort_by(|one, other| probabilities[*other as usize].total_cmp(&probabilities[*one as usize]).then(one.cmp(other)));
    order
}

pub(super) fn category_accuracy(
    judged: &[HeldOutProduct<'_>],
    calibrations: &BTreeMap<usize, Calibration>,
) -> (Accuracy, Vec<(u16, u16)>) {
    let (mut top1, mut top3, mut confident, mut right_and_confident) = (0, 0, 0, 0);
    let (mut majority, mut naive_bayes) = (0, 0);
    let mut confidences = Vec::new();
    let mut guesses = Vec::new();
    for product in judged {
        let Some(target) = product.targets.first() else { continue };
        let calibration = calibrations.get(&product.part).copied().unwrap_or_default();
        let probabilities = calibration.probabilities(&product.scores, Loss::Softmax);
        let order = rank_labels(&probabilities);
        let Some(first) = order.first() else { continue };
        let (is_right, confidence) = (first == target, probabilities[*first as usize]);
        top1 += usize::from(is_right);
        top3 += usize::from(order.iter().take(MAX_SUGGESTIONS).any(|label| label == target));
        confident += usize::from(confidence >= MIN_CONFIDENCE);
        right_and_confident += usize::from(confidence >= MIN_CONFIDENCE && is_right);
        majority += usize::from(product.majority == *target);
        naive_bayes += usize::from(product.naive_bayes == *target);
        confidences.push((confidence, is_right));
        guesses.push((*target, *first));
    }
    let of_all = |count| share(count, guesses.len()).unwrap_or(0.0);
    let accuracy = Accuracy {
        held_out: guesses.len(),
        top1: of_all(top1),
        top3: of_all(top3),
        calibration_error: expected_calibration_error(&confidences),
        confident: of_all(confident),
        confident_top1: share(right_and_confident, confident).unwrap_or(0.0),
        majority: of_all(majority),
        naive_bayes: of_all(naive_bayes),
    };
    (accuracy, guesses)
}

pub(super) fn tag_accuracy(
    judged: &[HeldOutProduct<'_>],
    calibrations: &BTreeMap<usize, Calibration>,
) -> (TagAccuracy, Vec<(u16, u16)>) {
    let (mut suggested_count, mut right_count, mut all) = (0, 0, 0);
    let mut confidences = Vec::new();
    let mut guesses = Vec::new();
    for product in judged {
        let calibration = calibrations.get(&product.part).copied().unwrap_or_default();
        let probabilities = calibration.probabilities(&product.scores, Loss::Independent);
        all += product.targets.len();
        let order = rank_labels(&probabilities);
        let is_suggested = |label: &u16| {
            order.iter().take(MAX_SUGGESTIONS).any(|is| is == label) && probabilities[*label as usize] >= MIN_CONFIDENCE
        };
        for label in 0..probabilities.len() as u16 {
            let (is_target, is_suggested) = (product.targets.contains(&label), is_suggested(&label));
            confidences.push((probabilities[label as usize], is_target));
            suggested_count += usize::from(is_suggested);
            right_count += usize::from(is_suggested && is_target);
            match (is_target, is_suggested) {
                (true, true) => guesses.push((label, label)),
                (true, false) => guesses.push((label, u16::MAX)),
                (false, true) => guesses.push((u16::MAX, label)),
                (false, false) => {}
            }
        }
    }
    let accuracy = TagAccuracy {
        held_out: judged.len(),
        precision: share(right_count, suggested_count),
        recall: share(right_count, all),
        calibration_error: expected_calibration_error(&confidences),
    };
    (accuracy, guesses)
}

/// Precision and recall of each label from pairs of target and guess.
pub(super) fn label_accuracies(names: &[String], counts: &[usize], guesses: &[(u16, u16)]) -> Vec<LabelAccuracy> {
    let label_accuracy = |(index, name): (usize, &String)| {
        let label = index as u16;
        let count = |predicate: &dyn Fn(&(u16, u16)) -> bool| guesses.iter().filter(|guess| predicate(guess)).count();
        let right_count = count(&|guess| *guess == (label, label));
        LabelAccuracy {
            label: name.clone(),
            products: counts.get(index).copied().unwrap_or(0),
            precision: share(right_count, count(&|(_, guess)| *guess == label)),
            recall: share(right_count, count(&|(target, _)| *target == label)),
        }
    };
    names.iter().enumerate().map(label_accuracy).collect()
}
