//! Time of a link's last use: stored to the minute, outside of the request that used it.

use entity::prelude::*;
use platform::storage::Fault;

use super::service::SavedViews;
use crate::saved_views::{core::Link, rows};

const MINUTE_MICROS: i64 = 60_000_000;

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
