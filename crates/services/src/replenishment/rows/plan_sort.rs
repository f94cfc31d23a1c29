//! Sorts of plans, of replenishment and of liquidation alike.

use entity::prelude::Timestamp;
use platform::paging::{Key, SortBy, Sorted};

/// Sort fields of plans; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanSort {
    MadeAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type PlansSorted = Sorted<PlanSort>;

/// A plan whose table has `made_at`, `updated_at` and `id`, under the alias `p`.
pub trait SortedPlan {
    fn made_at(&self) -> Timestamp;
    fn updated_at(&self) -> Timestamp;
    fn id_key(&self) -> Key;
}

impl SortBy for PlanSort {
    type Row = dyn SortedPlan;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::MadeAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::MadeAt => ("MADE_AT", &["p.made_at", "p.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["p.updated_at", "p.id"]),
        }
    }
    fn keys(self, plan: &Self::Row) -> Vec<Key> {
        let at = match self {
            Self::MadeAt => plan.made_at(),
            Self::UpdatedAt => plan.updated_at(),
        };
        vec![Key::Int(at.micros()), plan.id_key()]
    }
}
