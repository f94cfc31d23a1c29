//! Reversals of many documents, read together. Loaders live as long as their request and keep nothing.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use async_graphql::{Context, dataloader::Loader};
use iam::access::kind;
use inventory::reversals::{core::Reversal, rows, shell::sees};
use platform::storage::Fault;
use uuid::Uuid;

use super::reversal::DocumentReversal;
use crate::graphql::{context::ContextExt, fault::Answer, immediate_loader::grouped};

crate::tenant_rows!(
    /// Reads the reversals of one tenant.
    Rows
);

/// How many a document shows.
const MOST: usize = 50;

/// Reversals of a document. Fields of the document that ask for them together have the same ones.
#[derive(Default)]
pub struct Loaded {
    all: Arc<Vec<Arc<Reversal>>>,
    /// Those that the caller sees, once a field has asked.
    seen: OnceLock<Arc<Vec<Arc<Reversal>>>>,
}

/// Reversals of a document, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReversalsOf(pub Uuid);

impl Loader<ReversalsOf> for Rows {
    type Value = Arc<Loaded>;
    type Error = Fault;
    async fn load(&self, keys: &[ReversalsOf]) -> Result<HashMap<ReversalsOf, Arc<Loaded>>, Fault> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let all = rows::reversals_of(&self.0, &ids).await?;
        let all = grouped(keys, all.into_iter().map(|(of, reversal)| (ReversalsOf(of), Arc::new(reversal))));
        Ok(all.into_iter().map(|(of, all)| (of, Arc::new(Loaded { all, seen: OnceLock::new() }))).collect())
    }
}

/// The reversals of a document that the caller sees, the newest first.
pub async fn seen_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<Arc<Vec<Arc<Reversal>>>> {
    let permit = ctx.permit::<kind::StockMovementRead>()?;
    let loaded = load(ctx, ReversalsOf(id)).await?.unwrap_or_default();
    let all = &loaded.all;
    let seen = loaded.seen.get_or_init(|| Arc::new(all.iter().filter(|reversal| sees(&permit, reversal)).cloned().collect()));
    Ok(seen.clone())
}

/// The newest of them, as a document shows them.
pub async fn reversals_of(ctx: &Context<'_>, id: Uuid) -> Answer<Vec<DocumentReversal>> {
    Ok(seen_reversals(ctx, id).await?.iter().take(MOST).cloned().map(DocumentReversal::shared).collect())
}

/// Whether there are more than a document shows.
pub async fn has_more_reversals(ctx: &Context<'_>, id: Uuid) -> Answer<bool> {
    Ok(seen_reversals(ctx, id).await?.len() > MOST)
}
