//! Loaders are cleared before an item of a stream is read.

use async_graphql::Context;

use super::LevelLoader;
use crate::graphql::{context::ContextExt, fault::Answer};

/// Clears the operation's loaders, which outlive an event: their catalogue data may have changed
/// since the last one.
pub(super) fn reset_loaders(ctx: &Context<'_>) -> Answer<()> {
    crate::catalog::catalog_loaders(ctx)?.forget();
    ctx.lazy::<LevelLoader>()?.forget();
    Ok(())
}
