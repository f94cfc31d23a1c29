//! A model of categories, trained on the products that a tenant has categorized.

use entity::prelude::{CategoryId, ProductId};
use product_text::{
    Model, Product, Report, TrainError,
    classifier::{MIN_CONFIDENCE, Reason, Settings},
    train_categories,
};

/// Number of products beyond which the model is evaluated on one fifth of them, not by each in
/// turn: that takes a third of the time.
pub(super) const CROSS_VALIDATION_LIMIT: usize = 5_000;

/// A product with its category, as training data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub category: CategoryId,
}

/// Whether categories or tags are suggested, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelStatus {
    Ready,
    /// The model is still being trained.
    Learning,
    /// Fewer than two categories have enough products.
    TooFewCategories,
    /// No tag has enough products.
    TooFewTags,
    /// On held-out products the model was right no more often than the most frequent category or
    /// tag.
    NoBetterThanBaseline,
}

/// A category that fits a product.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestedCategory {
    pub category: CategoryId,
    /// The calibrated probability, 0 to 1.
    pub confidence: f64,
    pub reasons: Vec<Reason>,
}

/// Whether the best of these is more than a guess.
pub fn is_confident(suggested: &[SuggestedCategory]) -> bool {
    suggested.first().is_some_and(|best| best.confidence >= f64::from(MIN_CONFIDENCE))
}

/// The outcome of a training: a model, or the reason for none.
#[derive(Debug, Clone)]
pub struct CategoryModel {
    pub status: ModelStatus,
    /// Quality on products that were held out. Without a model, the categories that have too few
    /// products.
    pub report: Report,
    /// Number of products that were read.
    pub products: usize,
    /// Whether there are more products than were read.
    pub is_partial: bool,
    /// Bytes of the model.
    pub bytes: usize,
    model: Option<Model>,
}

impl CategoryModel {
    /// Trains a model on products, and evaluates it on products that were held out. Takes seconds
    /// of processor time with many products.
    pub fn train(examples: &[Example], is_partial: bool) -> Self {
        let texts: Vec<(String, String)> =
            examples.iter().map(|example| (example.id.to_string(), example.category.to_string())).collect();
        let labels: Vec<[&str; 1]> = texts.iter().map(|(_, category)| [category.as_str()]).collect();
        let products: Vec<Product<'_>> = examples
            .iter()
            .zip(texts.iter().zip(&labels))
            .map(|(example, ((id, _), labels))| Product { id, name: &example.name, description: &example.description, labels })
            .collect();
        let usual = Settings::default();
        let folds = if examples.len() > CROSS_VALIDATION_LIMIT { 1 } else { usual.folds };
        let (status, report, model) = match train_categories(&products, &Settings { folds, ..usual }) {
            Ok(trained) if trained.report.categories.top1 > trained.report.categories.majority => {
                (ModelStatus::Ready, trained.report, Some(trained.model))
            }
            Ok(trained) => (ModelStatus::NoBetterThanBaseline, trained.report, None),
            Err(TrainError::TooFewLabels(left_out)) => {
                (ModelStatus::TooFewCategories, Report { left_out, ..Report::default() }, None)
            }
            Err(TrainError::TooManyProducts(_)) => (ModelStatus::TooFewCategories, Report::default(), None),
        };
        let bytes = model.as_ref().map_or(0, |model| model.to_bytes().len());
        Self { status, report, products: examples.len(), is_partial, bytes, model }
    }

    /// Returns the best three categories for a product, best first, without those that were refused
    /// for it. Empty if no part of the text is known.
    pub fn suggest(&self, name: &str, description: &str, refused_categories: &[CategoryId]) -> Vec<SuggestedCategory> {
        let Some(model) = &self.model else { return Vec::new() };
        let refused_categories: Vec<String> = refused_categories.iter().map(ToString::to_string).collect();
        let refused_categories: Vec<&str> = refused_categories.iter().map(String::as_str).collect();
        let best = model.suggest_except(name, description, &refused_categories).best.into_iter();
        best.filter_map(|scored| {
            let category = scored.label.parse().ok()?;
            Some(SuggestedCategory { category, confidence: scored.confidence.into(), reasons: scored.reasons })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const WORDS: [&str; 12] =
        ["owl", "fern", "harbour", "thistle", "canyon", "orchard", "meadow", "lantern", "puffin", "bramble", "cottage", "sailor"];

    fn category(number: u128) -> CategoryId {
        CategoryId::from_uuid(Uuid::from_u128(number))
    }

    fn examples(names: impl Iterator<Item = (String, CategoryId)>) -> Vec<Example> {
        let example = |(number, (name, category)): (u128, (String, CategoryId))| Example {
            id: ProductId::from_uuid(Uuid::from_u128(number)),
            name,
            description: String::new(),
            category,
        };
        (1..).zip(names).map(example).collect()
    }

    fn mugs_and_lamps() -> Vec<Example> {
        let of = |noun: &'static str, number| WORDS.iter().map(move |word| (format!("{word} {noun}"), category(number)));
        examples(of("mug", 1).chain(of("lamp", 2)))
    }

    #[test]
    fn a_mug_is_put_among_the_mugs_because_of_its_name() {
        let model = CategoryModel::train(&mugs_and_lamps(), false);
        assert_eq!((model.status, model.report.labels.len(), model.products), (ModelStatus::Ready, 2, 24));
        let suggested = model.suggest("Dragonfly mug", "", &[]);
        assert_eq!(suggested[0].category, category(1), "{suggested:?}");
        assert!(suggested[0].reasons.iter().any(|reason| reason.text == "mug"), "{suggested:?}");
        let others = model.suggest("Dragonfly mug", "", &[category(1)]);
        assert_eq!(others, suggested[1..], "a refusal makes no other category more likely");
        assert_eq!(model.suggest("???", "", &[]), []);
    }

    #[test]
    fn too_little_teaches_nothing_and_says_why() {
        let few = CategoryModel::train(&mugs_and_lamps()[..3], false);
        assert_eq!((few.status, &few.report.left_out[..]), (ModelStatus::TooFewCategories, &[(category(1).to_string(), 3)][..]));
        let uniform = CategoryModel::train(&mugs_and_lamps()[..12], false);
        assert_eq!(uniform.status, ModelStatus::TooFewCategories);
        assert_eq!(uniform.suggest("Dragonfly mug", "", &[]), []);
    }

    #[test]
    fn names_that_say_nothing_of_their_category_are_no_model() {
        let silent = (0..24).map(|number| ("???".to_owned(), category(if number < 16 { 1 } else { 2 })));
        let model = CategoryModel::train(&examples(silent), false);
        assert_eq!(model.status, ModelStatus::NoBetterThanBaseline, "{:?}", model.report);
        assert_eq!(model.suggest("Dragonfly mug", "", &[]), []);
    }
}
