//! Kind of the statements that a handle is for.

use super::sessions::Workers;

/// The statements that a handle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadKind {
    /// Reads of a page or a list.
    Short,
    /// Reads of thousands of rows.
    Long,
    /// Long ones that run at the same time.
    SideBySide,
}

impl ReadKind {
    pub(super) const fn is_long(self) -> bool {
        matches!(self, Self::Long | Self::SideBySide)
    }
    pub(super) const fn workers(self) -> Workers {
        match self {
            Self::Short | Self::Long => Workers::AsSet,
            Self::SideBySide => Workers::None,
        }
    }
}
