//! Categories and tags, learned from the products that a tenant has labelled already.

mod baseline;
mod bytes;
mod model;
mod report;
mod train;

pub use bytes::{FORMAT_VERSION, ModelError};
pub use model::{MAX_SUGGESTIONS, MIN_CONFIDENCE, Model, Reason, ScoredLabel, Suggestion};
pub use report::{Accuracy, LabelAccuracy, Report, TagAccuracy};
pub use train::{
    MAX_LABELS, MAX_PRODUCTS, MIN_EXAMPLES, Product, Settings, TrainError, TrainingResult, train_categories, train_tags,
};
