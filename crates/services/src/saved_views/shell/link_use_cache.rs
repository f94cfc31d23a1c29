//! Last uses of links that this node has recorded, by the minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use entity::prelude::SavedViewLinkId;

/// Maximum links whose last recorded use a node remembers.
const MAX_CACHED_LINKS: usize = 10_000;

/// The minute of the last use that this node has recorded, by link.
#[derive(Default)]
pub(super) struct LinkUses(Mutex<HashMap<SavedViewLinkId, i64>>);

impl LinkUses {
    /// Whether a use is the first one of its link in this minute; it counts as noted from now on.
    pub(super) fn is_first(&self, link: SavedViewLinkId, minute: i64) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MAX_CACHED_LINKS && !noted.contains_key(&link) {
            noted.clear();
        }
        noted.insert(link, minute) != Some(minute)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_use_is_the_first_of_its_link_once_a_minute() {
        let (uses, link) = (LinkUses::default(), |nth: u128| SavedViewLinkId::from_uuid(Uuid::from_u128(nth)));
        assert!(uses.is_first(link(1), 60) && !uses.is_first(link(1), 60));
        assert!(uses.is_first(link(2), 60), "another link has its own minutes");
        assert!(uses.is_first(link(1), 120) && !uses.is_first(link(1), 120));
        (3..MAX_CACHED_LINKS as u128 + 3).for_each(|nth| assert!(uses.is_first(link(nth), 120)));
        assert!(uses.0.lock().unwrap().len() <= MAX_CACHED_LINKS);
    }
}
