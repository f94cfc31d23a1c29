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
use crate::graphql::{context::ContextExt, fault::Answer, immediate_loader::group_by_key};

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
    visible_reversals: OnceLock<Arc<Vec<Arc<Reversal>>>>,
}

/// Reversals of a document, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentReversalsKey(pub Uuid);

impl Loader<DocumentReversalsKey> for Rows {
    type Value = Arc<LoadedReversals>;
    type Error = Fault;
    async fn load(&self, keys: &[DocumentReversalsKey]) -> Result<HashMap<DocumentReversalsKey, Arc<LoadedReversals>>, Fault> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let reversals = rows::reversals_of(&self.0, &ids).await?;
        let reversals = group_by_key(
            keys,
            reversals.into_iter().map(|(document, reversal)| (DocumentReversalsKey(document), Arc::new(reversal))),
        );
        Ok(reversals
            .into_iter()
            .map(|(document, reversals)| {
                (document, Arc::new(LoadedReversals { all: reversals, visible_reversals: OnceLock::new() }))
            })
            .collect())
    }
}

/// The reversals of a document that the caller sees, the newest first.
pub async fn visible_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<Arc<Vec<Arc<Reversal>>>> {
    let permit = ctx.permit::<kind::StockMovementRead>()?;
    let loaded = load(ctx, DocumentReversalsKey(id)).await?.unwrap_or_default();
    let all = &loaded.all;
    let reversals = loaded
        .visible_reversals
        .get_or_init(|| Arc::new(all.iter().filter(|reversal| can_see(&permit, reversal)).cloned().collect()));
    Ok(reversals.clone())
}

/// The newest reversals, as a document shows them.
pub async fn reversals_of(ctx: &Context<'_>, id: Uuid) -> Answer<Vec<DocumentReversal>> {
    Ok(visible_reversals(ctx, id)
        .await?
        .iter()
        .take(MAX_SHOWN_REVERSALS)
        .cloned()
        .map(DocumentReversal::from_shared_row)
        .collect())
}

/// Whether there are more than a document shows.
pub async fn has_more_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<bool> {
    Ok(visible_reversals(ctx, id).await?.len() > MAX_SHOWN_REVERSALS)
}
