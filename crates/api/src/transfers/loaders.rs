//! What a request's resolvers ask for together is read together; nothing is kept, so that a second mutation of one request sees what the
//! first one wrote.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{
    Context, Request,
    dataloader::{DataLoader, Loader},
};
use entity::prelude::TransferId;
use inventory::transfers::{core::Transfer, rows};
use platform::storage::{Fault, TenantScope};

use crate::graphql::{context::ContextExt, fault::Answer, lazy::Lazy};

/// Gives a request the loader of transfers.
pub fn attach(request: Request, scope: &Arc<TenantScope>) -> Request {
    request.data(Lazy::<DataLoader<Rows>>::new(scope))
}

impl From<TenantScope> for Rows {
    fn from(scope: TenantScope) -> Self {
        Self(scope)
    }
}

/// Reads the transfers of one tenant.
pub struct Rows(TenantScope);

impl Loader<TransferId> for Rows {
    type Value = Arc<Transfer>;
    type Error = Fault;
    /// With their lines: two statements.
    async fn load(&self, keys: &[TransferId]) -> Result<HashMap<TransferId, Arc<Transfer>>, Fault> {
        let found = rows::transfers(&self.0, keys).await?;
        Ok(found.into_iter().map(|transfer| (transfer.id, Arc::new(transfer))).collect())
    }
}

/// The transfer of an id with its lines, whoever asks.
pub async fn load(ctx: &Context<'_>, id: TransferId) -> Answer<Option<Arc<Transfer>>> {
    // Boxed, because the engine moves about what the largest field of an object may come to, for each of its fields.
    Ok(Box::pin(ctx.lazy::<DataLoader<Rows>>()?.load_one(id)).await?)
}
