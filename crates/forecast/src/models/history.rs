//! The weeks that a model sees.

use crate::models::Season;

/// The input of a model: the known weeks before an origin, cut.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// Units, oldest first.
    pub units: &'a [f64],
    /// The panel's week of each.
    pub weeks: &'a [u32],
    /// The week that is forecast first.
    pub origin: usize,
    /// The season of the series' category as known at the origin.
    pub season: Option<&'a Season>,
}
