//! Categories and tags, learned from the products that a tenant has labelled already.

mod baseline;
mod bytes;
mod model;
mod report;
mod train;

pub use bytes::{FORMAT_VERSION, ModelError};
pub use model::{CONFIDENT, Model, Reason, Scored, Suggestion, TOP};
pub use report::{Accuracy, LabelAccuracy, Report, TagAccuracy};
pub use train::{MAX_LABELS, MAX_PRODUCTS, MIN_EXAMPLES, Settings, TrainError, Trained, train_categories, train_tags};

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
