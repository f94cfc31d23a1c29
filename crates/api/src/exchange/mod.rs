//! GraphQL of imports, exports and mutations for each line of a file.

pub use objects::exchange::*;

mod bulk;
mod filter;
mod inputs;
mod live;
mod mutation;
mod enums;

use async_graphql::{Context, MergedObject};
use inventory::{
    catalog::rows::{Clause, conditions::push_nested},
    ledger::Ledger,
};
use macros::resolvers;
use platform::paging::{CursorSigner, Key, ListSource, keyset};
use services::exchange::core;

pub use bulk::BulkMutation;
pub use enums::RefusalMessages;
pub use live::ExchangeSubscription;
pub use mutation::{DataJobPayload, ExchangeMutation};

use crate::{
    files::FileMutation,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::intersect_values,
        limits::Limits,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    labels::{LabelMutation, LabelQuery},
    media::MediaMutation,
};

use filter::{DataJobFilter, DataJobSort};
use types::{DataJobConnection, DataJobStatus};

#[derive(Default)]
pub struct ExchangeQuery;

#[resolvers]
impl ExchangeQuery {
    /// Imports and exports, the newest first unless another order is asked for: all of the tenant's, or your own where your right is for some stores.
    #[field(permit = ExchangeRun, paged, was("exchanges", "2026-11-25"))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn data_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Statuses to include; an empty list matches nothing. Null for all.")] statuses: Option<
            Vec<DataJobStatus>,
        >,
        #[graphql(desc = "Deprecated name of `statuses`.", deprecation = "2026-11-27: use statuses. Removed after 2027-11-27.")]
        states: Option<Vec<DataJobStatus>>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Conditions on the data jobs, beside the statuses. Null for all.")] filter: Option<DataJobFilter>,
        #[graphql(desc = "Sort of the data jobs. Null for CREATED_AT, DESC.")] sort: Option<DataJobSort>,
    ) -> Answer<DataJobConnection> {
        let (exchange, signer) = (ctx.required_data::<services::exchange::Exchange>()?, ctx.required_data::<CursorSigner>()?);
        let (descending, list) = filter::parse_sort(sort);
        let request = PageArgs { first, after, last, before }.check(list, signer, ctx.required_data::<Limits>()?.page)?;
        let mut clause = Clause::new(exchange.backend());
        if permit.is_limited() {
            let actor_id = clause.bind(permit.actor().id);
            clause.push(&format!(" AND x.maker_id = {actor_id}"));
        }
        if let Some(statuses) = intersect_values(statuses, states) {
            filter::push_in_condition(
                &mut clause,
                "x.state",
                statuses.into_iter().map(|status| core::State::from(status).as_str()),
            );
        }
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        push_nested(&mut clause, &filter, |clause, tests| tests.push_to(clause));
        let Clause { sql: mut conditions, mut values, .. } = clause;
        let source = ListSource { from: format!("FROM exchange x WHERE x.tenant_id = $1{conditions}"), values: values.clone() };
        let (bounds, order, bound_values) = keyset(&["x.created_at", "x.id"], descending, &request, values.len() + 2);
        conditions += &bounds;
        values.extend(bound_values);
        let runs = exchange.page(&permit, &conditions, &order, values).await?;
        let rows = runs.into_iter().map(|run| {
            let keys = vec![Key::Int(run.created_at.micros()), run.id.into()];
            (DataJob::from(run), keys)
        });
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        Ok(Page::build(rows.collect(), &request, list, signer).with_count_source(scope, source).into())
    }
}

/// Queries of imports, exports and labels.
#[derive(MergedObject, Default)]
pub struct FileQueries(ExchangeQuery, LabelQuery);

/// Mutations by files.
#[derive(MergedObject, Default)]
pub struct FileMutations(FileMutation, ExchangeMutation, BulkMutation, LabelMutation, MediaMutation);
