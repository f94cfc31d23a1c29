//! Stages in which refusals are reported.

/// Stage in which a refusal is reported: of several refusals, only those of the earliest stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A referenced object does not exist.
    References,
    /// A value is invalid in any state.
    Values,
    /// The state of a referenced object does not allow it.
    State,
    /// The quantity is not available.
    Shortage,
}
