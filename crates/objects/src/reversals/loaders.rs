//! Reversals of many documents, read together. Loaders live as long as their request and keep nothing.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use async_graphql::{Context, dataloader::Loader};
use iam::access::kind;
use inventory::reversals::{core::Reversal, rows, shell::can_see};
use platform::storage::Fault;
use uuid::Uuid;

use super::reversal::DocumentReversal;
use crate::graphql::{context::ContextExt, fault::Answer, immediate_loader::grouped};

crate::tenant_rows!(
    /// Reads the reversals of one tenant.
    Rows
);

/// Maximum reversals that a document shows.
const MAX_SHOWN_REVERSALS: usize = 50;

/// Reversals of a document, shared by the fields of the document that request them together.
#[derive(Default)]
pub struct LoadedReversals {
    all: Arc<Vec<Arc<Reversal>>>,
    /// Reversals that the caller sees, set when a field first needs them.
    seen: OnceLock<Arc<Vec<Arc<Reversal>>>>,
}

/// Reversals of a document, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentReversalsKey(pub Uuid);

impl Loader<DocumentReversalsKey> for Rows {
    type Value = Arc<LoadedReversals>;
    type Error = Fault;
    async fn load(&self, keys: &[DocumentReversalsKey]) -> Result<HashMap<DocumentReversalsKey, Arc<LoadedReversals>>, Fault> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let all = rows::reversals_of(&self.0, &ids).await?;
        let all = grouped(keys, all.into_iter().map(|(of, reversal)| (DocumentReversalsKey(of), Arc::new(reversal))));
        Ok(all.into_iter().map(|(of, all)| (of, Arc::new(LoadedReversals { all, seen: OnceLock::new() }))).collect())
    }
}

/// The reversals of a document that the caller sees, the newest first.
pub async fn visible_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<Arc<Vec<Arc<Reversal>>>> {
    let permit = ctx.permit::<kind::StockMovementRead>()?;
    let loaded = load(ctx, DocumentReversalsKey(id)).await?.unwrap_or_default();
    let all = &loaded.all;
    let seen = loaded.seen.get_or_init(|| Arc::new(all.iter().filter(|reversal| can_see(&permit, reversal)).cloned().collect()));
    Ok(seen.clone())
}

/// The newest reversals, as a document shows them.
pub async fn reversals_of(ctx: &Context<'_>, id: Uuid) -> Answer<Vec<DocumentReversal>> {
    Ok(visible_reversals(ctx, id).await?.iter().take(MAX_SHOWN_REVERSALS).cloned().map(DocumentReversal::shared).collect())
}

/// Whether there are more than a document shows.
pub async fn has_more_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<bool> {
    Ok(visible_reversals(ctx, id).await?.len() > MAX_SHOWN_REVERSALS)
}
