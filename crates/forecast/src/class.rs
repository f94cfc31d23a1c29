//! The classes of demand: its frequency, and how evenly it is spread.

/// Demand pattern of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Often and evenly.
    Smooth,
    /// Often and unevenly.
    Erratic,
    /// Seldom and evenly.
    Intermittent,
    /// Seldom and unevenly.
    Lumpy,
    /// Known for fewer than eight weeks.
    New,
    /// Archived, or without demand for a long time though in stock.
    Ended,
    /// Out of stock for more than eight weeks with nothing incoming.
    Dormant,
}

impl Class {
    pub const ALL: [Self; 7] =
        [Self::Smooth, Self::Erratic, Self::Intermittent, Self::Lumpy, Self::New, Self::Ended, Self::Dormant];
    /// Name of the class in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smooth => "SMOOTH",
            Self::Erratic => "ERRATIC",
            Self::Intermittent => "INTERMITTENT",
            Self::Lumpy => "LUMPY",
            Self::New => "NEW",
            Self::Ended => "ENDED",
            Self::Dormant => "DORMANT",
        }
    }
    /// Index of the class in [`Class::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
    /// Whether many of its weeks have no demand.
    pub fn is_sporadic(self) -> bool {
        matches!(self, Self::Intermittent | Self::Lumpy)
    }
}
