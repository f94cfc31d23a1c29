//! A linear model over sparse texts: trained by stochastic gradient descent, kept as the few weights that matter.

mod matrix;
mod training;
mod weights;

pub use matrix::Matrix;
pub use training::{DenseWeights, Loss, MAX_WEIGHTS, TrainingTask, train};
pub use weights::Weights;
