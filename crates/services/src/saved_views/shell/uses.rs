//! Time of a link's last use: stored to the minute, outside of the request that used it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use entity::prelude::*;
use platform::storage::Fault;

use super::SavedViews;
use crate::saved_views::{core::Link, rows};

const MINUTE_MICROS: i64 = 60_000_000;
/// Maximum links whose last recorded use a node remembers.
const MAX_CACHED_LINKS: usize = 10_000;

/// The minute of the last use that this node has recorded, by link.
#[derive(Default)]
pub(super) struct LinkUses(Mutex<HashMap<SavedViewLinkId, i64>>);

impl LinkUses {
    /// Whether a use is the first one of its link in this minute; it counts as noted from now on.
    fn is_first(&self, link: SavedViewLinkId, minute: i64) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MAX_CACHED_LINKS && !noted.contains_key(&link) {
            noted.clear();
        }
        noted.insert(link, minute) != Some(minute)
    }
}

impl SavedViews {
    /// Records the use of a link: at most one write a minute, by each node.
    pub fn note_use(&self, tenant: TenantId, link: &Link) {
        let now = self.0.clock.now().micros();
        let minute = now - now.rem_euclid(MINUTE_MICROS);
        let is_noted = link.last_used_at.is_some_and(|used| used.micros() >= minute);
        if is_noted || !self.0.uses.is_first(link.id, minute) {
            return;
        }
        let (saved_views, id) = (self.clone(), link.id);
        tokio::spawn(async move {
            if let Err(fault) = saved_views.write_use(tenant, id, Timestamp(minute)).await {
                tracing::warn!(error = %fault, "the use of a link could not be recorded");
            }
        });
    }

    async fn write_use(&self, tenant: TenantId, link: SavedViewLinkId, minute: Timestamp) -> Result<(), Fault> {
        let work = self.0.db.tenant(tenant).begin().await?;
        rows::record_link_use(&work, link, minute).await?;
        work.commit().await
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
