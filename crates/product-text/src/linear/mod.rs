//! A linear model over sparse texts: trained by stochastic gradient descent, kept as the few weights that matter.

mod matrix;
mod training;
mod weights;

pub use matrix::Matrix;
pub use training::{Dense, MAX_WEIGHTS, Task, train};
pub use weights::Weights;

/// Loss, which also decides how scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// One label a text: softmax regression.
    Softmax,
    /// Any number of labels a text: one logistic regression each.
    Independent,
}
