//! A trained model: from a name and a description to the labels that fit best, and why.

use std::cmp::Reverse;

use crate::{
    calibration::Calibration,
    linear::{Loss, Weights},
    ngrams::{Kind, MAX_GRAMS, Text, Vocabulary},
};

/// Suggestions are the best three.
pub const MAX_SUGGESTIONS: usize = 3;
/// Below this confidence a suggestion is a guess.
pub const MIN_CONFIDENCE: f32 = 0.5;
const MAX_REASONS: usize = 5;

#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(super) loss: Loss,
    pub(super) labels: Vec<String>,
    pub(super) vocabulary: Vocabulary,
    pub(super) weights: Weights,
    pub(super) calibration: Calibration,
}

/// A part of the text that spoke for a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The word as folded, or both words of a phrase.
    pub text: String,
    /// The letters of the word with the largest weight, if these and not the word itself are known
    /// from other products.
    pub letters: Option<String>,
    /// Share of this part in the positive weights of the label, 0 to 1.
    pub share: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ScoredLabel {
    pub label: String,
    /// The calibrated probability, 0 to 1.
    pub confidence: f32,
    /// The loudest first, at most five.
    pub reasons: Vec<Reason>,
}

/// Share of a word in a score: its sum, its n-gram of the highest weight, and whether it scored as
/// a word.
#[derive(Debug, Clone, Default)]
struct WordShare {
    sum: f32,
    loudest: Option<(f32, String)>,
    is_word: bool,
}

/// The answer for one product.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggestion {
    /// The best first: three categories, or the tags at or above [`MIN_CONFIDENCE`]. Empty if no part of the text is known.
    pub best: Vec<ScoredLabel>,
    /// Whether the first one is at or above [`MIN_CONFIDENCE`].
    pub is_confident: bool,
}

impl Model {
    /// The categories or tags that it may suggest.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Suggests categories, or tags, for a product that the model need not have seen.
    pub fn suggest(&self, name: &str, description: &str) -> Suggestion {
        self.suggest_except(name, description, &[])
    }

    /// Like `suggest`, without labels that a user has refused for this product. The others keep
    /// their confidence.
    pub fn suggest_except(&self, name: &str, description: &str, refused: &[&str]) -> Suggestion {
        let text = Text::parse(name, description);
        let vector = self.vocabulary.vector(&text.counts(MAX_GRAMS));
        if vector.is_empty() {
            return Suggestion::default();
        }
        let probabilities = self.calibration.probabilities(&self.weights.scores(&vector), self.loss);
        let is_refused = |label: usize| self.labels.get(label).is_some_and(|name| refused.contains(&name.as_str()));
        let mut order: Vec<usize> = (0..probabilities.len()).filter(|label| !is_refused(*label)).collect();
        order.sort_by(|one, other| probabilities[*other].total_cmp(&probabilities[*one]).then(one.cmp(other)));
        let is_fit = |label: &usize| self.loss == Loss::Softmax || probabilities[*label] >= MIN_CONFIDENCE;
        let best: Vec<ScoredLabel> = order
            .into_iter()
            .take(MAX_SUGGESTIONS)
            .filter(is_fit)
            .map(|label| ScoredLabel {
                label: self.labels.get(label).cloned().unwrap_or_default(),
                confidence: probabilities[label],
                reasons: self.reasons(&text, &vector, label as u16),
            })
            .collect();
        let is_confident = best.first().is_some_and(|first| first.confidence >= MIN_CONFIDENCE);
        Suggestion { best, is_confident }
    }

    /// Weight × value of each n-gram, summed for a word over itself and its letters; phrases are
    /// counted separately.
    fn reasons(&self, text: &Text, vector: &[(u32, f32)], label: u16) -> Vec<Reason> {
        let mut words = vec![WordShare::default(); text.words.len()];
        let mut phrases: Vec<(f32, usize)> = Vec::new();
        let mut seen_rows: Vec<u32> = Vec::new();
        text.for_each_gram(MAX_GRAMS, &mut |gram| {
            let Some(row) = self.vocabulary.row(gram.bucket) else { return };
            let value = vector
                .binary_search_by_key(&row, |(entry_row, _)| *entry_row)
                .ok()
                .and_then(|place| vector.get(place))
                .map_or(0.0, |entry| entry.1);
            // The value is that of all occurrences: it counts at the first one.
            if seen_rows.contains(&row) {
                return;
            }
            seen_rows.push(row);
            let contribution = value * self.weights.weight(row, label);
            if gram.kind == Kind::Phrase {
                phrases.push((contribution, gram.word));
                return;
            }
            let Some(WordShare { sum, loudest, is_word }) = words.get_mut(gram.word) else { return };
            *sum += contribution;
            *is_word |= gram.kind == Kind::Word && contribution > 0.0;
            if gram.kind == Kind::Letters
                && contribution > 0.0
                && contribution >= loudest.as_ref().map_or(0.0, |(loudest_share, _)| *loudest_share)
            {
                *loudest = Some((contribution, gram.text.to_owned()));
            }
        });
        let word_text = |word: usize| text.words.get(word).cloned().unwrap_or_default();
        let of_words = words.into_iter().enumerate().map(|(word, WordShare { sum: share, loudest, is_word })| {
            let letters = loudest.filter(|_| !is_word).map(|(_, letters)| letters);
            Reason { text: word_text(word), letters, share }
        });
        let of_phrases = phrases.into_iter().map(|(share, word)| Reason {
            text: format!("{} {}", word_text(word), word_text(word + 1)),
            letters: None,
            share,
        });
        let mut reasons: Vec<Reason> = of_words.chain(of_phrases).filter(|reason| reason.share > 0.0).collect();
        let all: f32 = reasons.iter().map(|reason| reason.share).sum();
        reasons
            .sort_by(|one, other| other.share.total_cmp(&one.share).then_with(|| Reverse(&other.text).cmp(&Reverse(&one.text))));
        reasons.truncate(MAX_REASONS);
        reasons.iter_mut().for_each(|reason| reason.share /= all);
        reasons
    }
}
