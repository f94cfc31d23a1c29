//! Queries of export schedules.

use async_graphql::Context;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::export_schedules::ExportSchedules;

use super::{
    filter::{ExportScheduleFilter, ExportScheduleSort},
    schedule::{ExportSchedule, ExportScheduleConnection},
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    purchasing::links::MAX_PAGE_SIZE,
};

/// The root field of export schedules.
#[derive(Default)]
pub struct ExportScheduleQuery;

#[resolvers]
impl ExportScheduleQuery {
    /// Export schedules, by their names unless another order is asked for: all of the tenant's, or your own where your right is for some stores.
    #[field(permit = ExchangeRun, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn export_schedules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the schedules. Null for all.")] filter: Option<ExportScheduleFilter>,
        #[graphql(desc = "Sort of the schedules. Null for NAME, ASC.")] sort: Option<ExportScheduleSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ExportScheduleConnection> {
        let (schedules, signer) = (ctx.required_data::<ExportSchedules>()?, ctx.required_data::<CursorSigner>()?);
        let sorted = ExportScheduleSort::sorted(sort);
        let kind = sorted.kind("exportSchedules");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let page_rows = schedules.page(&permit, (&filter, sorted), &request).await?;
        let nodes = page_rows.rows.into_iter().map(|schedule| {
            let keys = sorted.keys(&schedule);
            (ExportSchedule::from(schedule), keys)
        });
        let page = Page::build(nodes.collect(), &request, kind, signer);
        Ok(page.with_count_source(permit.scope(schedules.database()), page_rows.source).into())
    }
}
