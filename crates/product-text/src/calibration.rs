//! Calibrated confidence: of the suggestions with 80 %, about 80 % are right. Scores are divided by
//! a temperature (Guo et al. 2017, On Calibration of Modern Neural Networks), those of independent
//! labels also shifted (Platt 1999), both fitted on texts that the weights were not learned from.

use crate::linear::Loss;

const CALIBRATION_BINS: usize = 15;
const SEARCH_STEPS: usize = 40;

/// Transformation of scores into probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    pub slope: f32,
    pub shift: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { slope: 1.0, shift: 0.0 }
    }
}

/// A text that was held out: its scores, and the labels that it has.
#[derive(Debug, Clone)]
pub struct HeldOut<'a> {
    pub scores: &'a [f32],
    pub targets: &'a [u16],
}

impl Calibration {
    /// Probabilities, in the order of labels.
    pub fn probabilities(&self, scores: &[f32], loss: Loss) -> Vec<f32> {
        let scaled = scores.iter().map(|score| score * self.slope + self.shift);
        match loss {
            Loss::Independent => scaled.map(|score| 1.0 / (1.0 + (-score).exp())).collect(),
            Loss::Softmax => {
                let scaled: Vec<f32> = scaled.collect();
                let greatest = scaled.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let powers: Vec<f32> = scaled.iter().map(|score| (score - greatest).exp()).collect();
                let sum: f32 = powers.iter().sum();
                powers.into_iter().map(|power| power / sum).collect()
            }
        }
    }

    /// The slope, and for independent labels the shift, of least log loss.
    pub fn fit_to(held_out: &[HeldOut<'_>], loss: Loss) -> Self {
        let mut calibration = Self::default();
        let rounds = if loss == Loss::Independent { 4 } else { 1 };
        for _ in 0..rounds {
            let loss_at = |log: f64| log_loss(Self { slope: log.exp() as f32, ..calibration }, held_out, loss);
            calibration.slope = minimize_loss((-2.5, 2.5), loss_at).exp() as f32;
            if loss == Loss::Independent {
                let loss_at = |shift: f64| log_loss(Self { shift: shift as f32, ..calibration }, held_out, loss);
                calibration.shift = minimize_loss((-4.0, 4.0), loss_at) as f32;
            }
        }
        calibration
    }
}

fn log_loss(calibration: Calibration, held_out: &[HeldOut<'_>], loss: Loss) -> f64 {
    let log = |probability: f32| -f64::from(probability.max(1e-7)).ln();
    let text_loss = |text: &HeldOut<'_>| {
        let probabilities = calibration.probabilities(text.scores, loss);
        match loss {
            Loss::Softmax => text.targets.first().and_then(|label| probabilities.get(*label as usize)).map_or(0.0, |p| log(*p)),
            Loss::Independent => {
                let is_target = |label: usize| text.targets.contains(&(label as u16));
                probabilities.iter().enumerate().map(|(label, p)| log(if is_target(label) { *p } else { 1.0 - *p })).sum()
            }
        }
    };
    held_out.iter().map(text_loss).sum()
}

/// The place of the least value of a function with one minimum: golden section search.
fn minimize_loss((mut low, mut high): (f64, f64), value: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..SEARCH_STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = value(right);
        }
    }
    f64::midpoint(low, high)
}

/// The expected calibration error over 15 bins of equal width (Naeini, Cooper & Hauskrecht 2015): the mean of |confidence − share that is right|,
/// weighted by the bins' counts. 0 if there is nothing to judge.
pub fn expected_calibration_error(predictions: &[(f32, bool)]) -> f64 {
    let mut bins = [(0_u32, 0.0_f64, 0_u32); CALIBRATION_BINS];
    for (confidence, is_right) in predictions {
        let bin = &mut bins[((confidence * CALIBRATION_BINS as f32) as usize).min(CALIBRATION_BINS - 1)];
        bin.0 += 1;
        bin.1 += f64::from(*confidence);
        bin.2 += u32::from(*is_right);
    }
    let gaps = bins.iter().map(|(_, confidence, right)| (confidence - f64::from(*right)).abs());
    if predictions.is_empty() { 0.0 } else { gaps.sum::<f64>() / predictions.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_too_sure_are_taken_back() {
        // 75 % are right, at a score that means 99.75 %: the slope that yields 75 % is ln 3 ÷ 6.
        let right: (&[f32], &[u16]) = (&[6.0, 0.0], &[0]);
        let wrong: (&[f32], &[u16]) = (&[6.0, 0.0], &[1]);
        let held_out: Vec<HeldOut<'_>> =
            [right, right, right, wrong].map(|(scores, targets)| HeldOut { scores, targets }).to_vec();
        let found = Calibration::fit_to(&held_out, Loss::Softmax);
        assert!((found.slope - 3.0_f32.ln() / 6.0).abs() < 1e-3, "{found:?}");
        assert!((found.probabilities(right.0, Loss::Softmax)[0] - 0.75).abs() < 1e-3);
    }

    #[test]
    fn independent_labels_are_shifted_too() {
        let texts: Vec<(Vec<f32>, Vec<u16>)> =
            (0..10).map(|index| (vec![0.0], if index == 0 { vec![0] } else { vec![] })).collect();
        let held_out: Vec<HeldOut<'_>> = texts.iter().map(|(scores, targets)| HeldOut { scores, targets }).collect();
        let found = Calibration::fit_to(&held_out, Loss::Independent);
        assert!((found.probabilities(&[0.0], Loss::Independent)[0] - 0.1).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn the_calibration_error_is_the_gap_between_word_and_deed() {
        assert!((expected_calibration_error(&[(0.9, true), (0.9, false)]) - 0.4).abs() < 1e-6);
        assert!(expected_calibration_error(&[(0.5, true), (0.5, false)]).abs() < 1e-6);
        assert!(
            (expected_calibration_error(&[(0.1, true), (0.9, false)]) - 0.9).abs() < 1e-6,
            "too low and too high do not cancel"
        );
        assert!(expected_calibration_error(&[]).abs() < 1e-9);
    }
}
