//! The classes of demand: how often a product is asked for, and how evenly.

/// How a series is asked for.
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
    /// KnownWeeks for fewer than eight weeks.
    New,
    /// Archived, or not asked for any more though in stock.
    Ended,
    /// Out of stock for more than eight weeks with nothing incoming.
    Dormant,
}

impl Class {
    pub const ALL: [Self; 7] =
        [Self::Smooth, Self::Erratic, Self::Intermittent, Self::Lumpy, Self::New, Self::Ended, Self::Dormant];
    /// As the API writes it.
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
    /// Its place in [`Class::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
    /// Whether many of its weeks have no demand.
    pub fn is_sporadic(self) -> bool {
        matches!(self, Self::Intermittent | Self::Lumpy)
    }
}
