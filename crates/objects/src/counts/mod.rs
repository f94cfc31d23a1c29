//! Counts in GraphQL: types, lists, inputs, answers.

pub mod count;
pub mod line;
pub mod loaders;
pub mod enums;
pub mod refs;
pub mod refusal;

use async_graphql::Context;
use entity::prelude::CountId;
use iam::access::kind;

pub use count::{Stocktake, StocktakeConnection, StocktakeDryRun, StocktakeEdge, StocktakeProgress, StocktakeSummary};
pub use enums::{AbcClass, StocktakeKind, StocktakeLineStatus, StocktakeStatus};
pub use line::{StocktakeAttempt, StocktakeLine, StocktakeLineConnection, StocktakeLineEdge, StocktakeLineFilter};
pub use loaders::Rows;
pub use refs::StocktakeRef;

use crate::graphql::{context::ContextExt, fault::Answer};

/// The stocktake of an id, if its store is the caller's.
pub async fn load_count(ctx: &Context<'_>, id: CountId) -> Answer<Option<Stocktake>> {
    let permit = ctx.permit::<kind::CountRead>()?;
    Ok(loaders::load(ctx, id).await?.filter(|count| permit.covers(count.store)).map(Stocktake::new))
}
