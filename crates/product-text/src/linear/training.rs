//! AdaGrad (Duchi, Hazan & Singer 2011) with one sum of squared gradients a row, which halves the memory; rows that are seen often take smaller steps.

use super::Matrix;
use crate::ngrams::mix_bits;

/// The most weights while training: 128 MiB.
pub const MAX_WEIGHTS: usize = 1 << 25;
/// Multiplications of a training, about: a large catalogue is gone through fewer times.
const MAX_WORK: f64 = 1.2e11;
const EPOCHS: usize = 15;
const MIN_EPOCHS: usize = 4;
const LEARNING_RATE: f32 = 0.6;
/// The pull of weights to zero.
const WEIGHT_DECAY: f32 = 1e-6;
/// A probability that is right within this is not learned from.
const NEGLIGIBLE: f32 = 1e-3;

/// Loss, which also decides how scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// One label a text: softmax regression.
    Softmax,
    /// Any number of labels a text: one logistic regression each.
    Independent,
}

/// Input of a training.
#[derive(Debug, Clone, Copy)]
pub struct TrainingTask<'a> {
    pub texts: &'a Matrix,
    /// The labels of each text; softmax uses the first.
    pub targets: &'a [&'a [u16]],
    pub rows: usize,
    pub labels: usize,
    pub loss: Loss,
    pub seed: u64,
}

impl TrainingTask<'_> {
    fn epochs(&self) -> usize {
        let once = self.texts.entries() as f64 * self.labels as f64 * 2.0;
        ((MAX_WORK / once.max(1.0)) as usize).clamp(MIN_EPOCHS, EPOCHS)
    }
}

/// Weights of all labels for each row, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseWeights {
    pub labels: usize,
    pub values: Vec<f32>,
    pub bias: Vec<f32>,
}

/// Weights, and the state of AdaGrad.
struct TrainerState {
    dense: DenseWeights,
    squares: Vec<f32>,
    bias_squares: f32,
    /// Scores, then probabilities, then gradients of one text.
    gradient: Vec<f32>,
    active: Vec<(usize, f32)>,
}

impl TrainerState {
    fn new(task: &TrainingTask<'_>) -> Self {
        let dense =
            DenseWeights { labels: task.labels, values: vec![0.0; task.rows * task.labels], bias: vec![0.0; task.labels] };
        let gradient = vec![0.0; task.labels];
        Self { dense, squares: vec![0.0; task.rows], bias_squares: 0.0, gradient, active: Vec::new() }
    }

    fn update_weights(&mut self, vector: &[(u32, f32)], targets: &[u16], loss: Loss) {
        let labels = self.dense.labels;
        self.gradient.copy_from_slice(&self.dense.bias);
        for (row, value) in vector {
            let weights = &self.dense.values[*row as usize * labels..][..labels];
            self.gradient.iter_mut().zip(weights).for_each(|(score, weight)| *score += value * weight);
        }
        match loss {
            Loss::Softmax => softmax(&mut self.gradient),
            Loss::Independent => self.gradient.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
        }
        let target_labels = if loss == Loss::Softmax { targets.get(..1).unwrap_or_default() } else { targets };
        target_labels.iter().for_each(|label| self.gradient[*label as usize] -= 1.0);
        self.active.clear();
        let errors = self.gradient.iter().enumerate().filter(|(_, error)| error.abs() > NEGLIGIBLE);
        self.active.extend(errors.map(|(label, error)| (label, *error)));
        self.step(vector);
    }

    fn step(&mut self, vector: &[(u32, f32)]) {
        let labels = self.dense.labels;
        let norm: f32 = self.active.iter().map(|(_, error)| error * error).sum();
        if norm == 0.0 {
            return;
        }
        self.bias_squares += norm;
        let rate = LEARNING_RATE * 0.1 / self.bias_squares.sqrt();
        self.active.iter().for_each(|(label, error)| self.dense.bias[*label] -= rate * error);
        for (row, value) in vector {
            let row = *row as usize;
            self.squares[row] += value * value * norm;
            let rate = LEARNING_RATE / self.squares[row].sqrt().max(1e-6);
            let weights = &mut self.dense.values[row * labels..][..labels];
            for (label, error) in &self.active {
                weights[*label] -= rate * (value * error + WEIGHT_DECAY * weights[*label]);
            }
        }
    }
}

/// Scores become probabilities: exp(score − greatest) ÷ their sum.
pub(super) fn softmax(scores: &mut [f32]) {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - greatest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Trains weights. The same task gives the same weights, bit for bit, on one platform.
pub fn train(task: &TrainingTask<'_>) -> DenseWeights {
    let mut state = TrainerState::new(task);
    let mut order: Vec<u32> = (0..task.texts.len() as u32).collect();
    for epoch in 0..task.epochs() {
        shuffle(&mut order, task.seed.wrapping_add(epoch as u64));
        for index in &order {
            let targets = task.targets.get(*index as usize).copied().unwrap_or_default();
            state.update_weights(task.texts.vector(*index as usize), targets, task.loss);
        }
    }
    state.dense
}

/// Fisher and Yates' shuffle.
fn shuffle(order: &mut [u32], seed: u64) {
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        order.swap(last, (mix_bits(state) % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task<'a>(texts: &'a Matrix, targets: &'a [&'a [u16]], loss: Loss) -> TrainingTask<'a> {
        TrainingTask { texts, targets, rows: 3, labels: 2, loss, seed: 7 }
    }

    #[test]
    fn weights_point_to_the_label_that_a_row_occurs_with() {
        let mut texts = Matrix::default();
        (0..20).for_each(|index| texts.push(&[(index % 2, 0.8), (2, 0.6)]));
        let one: Vec<&[u16]> = (0..20).map(|index| if index % 2 == 0 { &[0_u16][..] } else { &[1] }).collect();
        let dense = train(&task(&texts, &one, Loss::Softmax));
        let weight = |row: usize, label: usize| dense.values[row * 2 + label];
        assert!(weight(0, 0) > 0.5 && weight(0, 1) < -0.5 && weight(1, 1) > 0.5, "{dense:?}");
        assert!(weight(2, 0).abs() < 0.3, "a row of both labels says nothing: {dense:?}");
        assert_eq!(dense, train(&task(&texts, &one, Loss::Softmax)));
    }

    #[test]
    fn independent_labels_may_both_be_right() {
        let mut texts = Matrix::default();
        (0..20).for_each(|index| texts.push(&[(index % 2, 1.0)]));
        let both: Vec<&[u16]> = (0..20).map(|index| if index % 2 == 0 { &[0_u16, 1][..] } else { &[] }).collect();
        let dense = train(&task(&texts, &both, Loss::Independent));
        assert!(dense.values[0] > 0.5 && dense.values[1] > 0.5 && dense.values[2] < -0.5, "{dense:?}");
    }

    #[test]
    fn a_large_task_is_gone_through_fewer_times() {
        let mut texts = Matrix::default();
        (0..10).for_each(|_| texts.push(&[(0, 1.0)]));
        let small = task(&texts, &[], Loss::Softmax);
        assert_eq!(small.epochs(), EPOCHS);
        assert_eq!(TrainingTask { labels: 1_000_000_000_000, ..small }.epochs(), MIN_EPOCHS);
    }
}
