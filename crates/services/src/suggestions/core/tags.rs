//! A model of tags, trained on the products that a tenant has tagged.

use std::collections::BTreeMap;

use entity::prelude::ProductId;
use inventory::catalog::core::text;
use product_text::{
    Model, Product, Report, TrainError,
    classifier::{Reason, Settings},
    train_tags,
};

use super::model::{CROSS_VALIDATION_LIMIT, ModelStatus};

/// A product with its tags, as training data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedExample {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub tags: Vec<String>,
}

/// A tag that fits a product.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestedTag {
    /// In the most frequent spelling.
    pub tag: String,
    /// The calibrated probability, 0.5 to 1.
    pub confidence: f64,
    pub reasons: Vec<Reason>,
}

/// Quality of suggesting the most frequent tag for every product, which needs no model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TagBaseline {
    pub precision: f64,
    pub recall: f64,
}

impl TagBaseline {
    fn of(report: &Report) -> Self {
        let counts = || report.labels.iter().map(|label| label.products);
        let (largest, label_total) = (counts().max().unwrap_or(0), counts().sum::<usize>());
        let share = |total: usize| if total == 0 { 0.0 } else { largest as f64 / total as f64 };
        Self { precision: share(report.products), recall: share(label_total) }
    }
}

/// The harmonic mean of precision and recall.
fn f1_score(precision: f64, recall: f64) -> f64 {
    let sum = precision + recall;
    if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum }
}

/// The outcome of a training: a model, or the reason for none.
#[derive(Debug, Clone)]
pub struct TagModel {
    pub status: ModelStatus,
    /// Quality on products that were held out, without the tags that were left out: there may be a
    /// million of them.
    pub report: Report,
    /// Tags that have too few products, or exceed the maximum of a model.
    pub left_out: usize,
    pub baseline: TagBaseline,
    /// Number of products that were read.
    pub products: usize,
    /// Whether there are more products than were read.
    pub is_partial: bool,
    /// Bytes of the model and of the spellings.
    pub bytes: usize,
    model: Option<Model>,
    /// The spelling of each tag by its folded text.
    spellings: BTreeMap<String, String>,
}

impl TagModel {
    /// Trains a model on products that have tags, and evaluates it on those that were held out.
    /// Products without tags are left out: they may not have been tagged yet.
    pub fn train(examples: &[TaggedExample], is_partial: bool) -> Self {
        let texts: Vec<(String, Vec<String>)> = examples
            .iter()
            .map(|example| (example.id.to_string(), example.tags.iter().map(|tag| text::fold(tag)).collect()))
            .collect();
        let labels: Vec<Vec<&str>> = texts.iter().map(|(_, tags)| tags.iter().map(String::as_str).collect()).collect();
        let products: Vec<Product<'_>> = examples
            .iter()
            .zip(texts.iter().zip(&labels))
            .map(|(example, ((id, _), labels))| Product { id, name: &example.name, description: &example.description, labels })
            .collect();
        let usual = Settings::default();
        let folds = if examples.len() > CROSS_VALIDATION_LIMIT { 1 } else { usual.folds };
        let mut baseline = TagBaseline::default();
        let (status, mut report, model) = match train_tags(&products, &Settings { folds, ..usual }) {
            Ok(trained) => {
                baseline = TagBaseline::of(&trained.report);
                let accuracy = trained.report.tags;
                let accuracy_score = f1_score(accuracy.precision.unwrap_or(0.0), accuracy.recall.unwrap_or(0.0));
                let is_better = accuracy_score > f1_score(baseline.precision, baseline.recall);
                let status = if is_better { ModelStatus::Ready } else { ModelStatus::NoBetterThanBaseline };
                (status, trained.report, is_better.then_some(trained.model))
            }
            Err(TrainError::TooFewLabels(left_out)) => (ModelStatus::TooFewTags, Report { left_out, ..Report::default() }, None),
            Err(TrainError::TooManyProducts(_)) => (ModelStatus::TooFewTags, Report::default(), None),
        };
        let left_out = std::mem::take(&mut report.left_out).len();
        let spellings = model.as_ref().map(|model| frequent_spellings(examples, model.labels())).unwrap_or_default();
        let of_spellings: usize = spellings.iter().map(|(key, tag)| key.len() + tag.len()).sum();
        let bytes = model.as_ref().map_or(0, |model| model.to_bytes().len()) + of_spellings;
        Self { status, report, left_out, baseline, products: examples.len(), is_partial, bytes, model, spellings }
    }

    /// Returns the best tags for a product, at most three, each at 0.5 or more; without those that
    /// it has and those that were refused for it.
    pub fn suggest(&self, name: &str, description: &str, own_tags: &[String], refused_tags: &[String]) -> Vec<SuggestedTag> {
        let Some(model) = &self.model else { return Vec::new() };
        let left_out: Vec<String> = own_tags.iter().chain(refused_tags).map(|tag| text::fold(tag)).collect();
        let left_out: Vec<&str> = left_out.iter().map(String::as_str).collect();
        let best = model.suggest_except(name, description, &left_out).best.into_iter();
        best.map(|scored| {
            let tag = self.spellings.get(&scored.label).cloned().unwrap_or(scored.label);
            SuggestedTag { tag, confidence: scored.confidence.into(), reasons: scored.reasons }
        })
        .collect()
    }
}

/// Returns the most frequent spelling of each tag; among equals the alphabetically first.
fn frequent_spellings(examples: &[TaggedExample], learned_keys: &[String]) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<String, BTreeMap<&str, usize>> =
        learned_keys.iter().map(|key| (key.clone(), BTreeMap::new())).collect();
    for tag in examples.iter().flat_map(|example| &example.tags) {
        if let Some(of_tag) = counts.get_mut(&text::fold(tag)) {
            *of_tag.entry(tag.as_str()).or_default() += 1;
        }
    }
    let commonest_spelling = |(key, of_tag): (String, BTreeMap<&str, usize>)| {
        let spelling = of_tag.into_iter().max_by_key(|(tag, count)| (*count, std::cmp::Reverse(*tag)))?;
        Some((key, spelling.0.to_owned()))
    };
    counts.into_iter().filter_map(commonest_spelling).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const WORDS: [&str; 12] =
        ["owl", "fern", "harbour", "thistle", "canyon", "orchard", "meadow", "acorn", "puffin", "bramble", "cottage", "sailor"];

    fn examples(tags_of: impl Fn(&str, usize) -> Vec<&'static str>) -> Vec<TaggedExample> {
        let nouns = ["mug", "lamp"].into_iter().flat_map(|noun| WORDS.iter().map(move |word| (noun, *word)));
        let example = |(number, (noun, word)): (usize, (&str, &str))| TaggedExample {
            id: ProductId::from_uuid(Uuid::from_u128(number as u128)),
            name: format!("{word} {noun}"),
            description: String::new(),
            tags: tags_of(noun, number).into_iter().map(str::to_owned).collect(),
        };
        (1..).zip(nouns).map(example).collect()
    }

    #[test]
    fn a_mug_gets_the_tags_of_mugs_in_the_usual_spelling() {
        let tags_of = |noun: &str, number: usize| match (noun, number % 4) {
            ("mug", 0) => vec!["kitchen"],
            ("mug", _) => vec!["Kitchen"],
            (_, 0) => vec!["Lighting", "Rare"],
            _ => vec!["Lighting"],
        };
        let model = TagModel::train(&examples(tags_of), false);
        assert_eq!((model.status, model.report.labels.len(), model.products), (ModelStatus::Ready, 2, 24), "{:?}", model.report);
        assert_eq!((model.left_out, model.report.left_out.len()), (1, 0), "too few products have the third tag");
        assert_eq!(model.baseline, TagBaseline { precision: 0.5, recall: 0.5 });
        let suggested = model.suggest("Dragonfly mug", "", &[], &[]);
        assert_eq!((suggested.len(), &*suggested[0].tag), (1, "Kitchen"), "{suggested:?}");
        assert!(
            suggested[0].confidence >= 0.5 && suggested[0].reasons.iter().any(|reason| reason.text == "mug"),
            "{suggested:?}"
        );
        let kitchen = ["KITCHEN".to_owned()];
        assert_eq!(model.suggest("Dragonfly mug", "", &kitchen, &[]), [], "it has the tag in another spelling");
        assert_eq!(model.suggest("Dragonfly mug", "", &[], &kitchen), [], "it was refused");
        assert_eq!(model.suggest("???", "", &[], &[]), []);
    }

    #[test]
    fn tags_that_names_do_not_tell_of_are_not_suggested() {
        let few = TagModel::train(&examples(|_, number| if number <= 7 { vec!["rare"] } else { vec![] }), false);
        assert_eq!((few.status, few.left_out), (ModelStatus::TooFewTags, 1));
        assert!(few.report.left_out.is_empty(), "texts that no bound sees are not kept: {:?}", few.report);
        let all = TagModel::train(&examples(|_, _| vec!["new"]), false);
        assert_eq!(all.status, ModelStatus::NoBetterThanBaseline, "what every product has needs no model: {:?}", all.report);
        assert_eq!(all.suggest("Dragonfly mug", "", &[], &[]), []);
    }
}
