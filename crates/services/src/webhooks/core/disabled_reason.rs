//! Reasons to send nothing to an endpoint.

/// Reason why nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledReason {
    SwitchedOff,
    /// The endpoint answered 410.
    Gone,
    /// All attempts of five days failed.
    Failing,
    /// The endpoint's maker no longer has access.
    MakerGone,
}

impl DisabledReason {
    const ALL: [Self; 4] = [Self::SwitchedOff, Self::Gone, Self::Failing, Self::MakerGone];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SwitchedOff => "SWITCHED_OFF",
            Self::Gone => "GONE",
            Self::Failing => "FAILING",
            Self::MakerGone => "MAKER_GONE",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}
