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
    keyed_filters::by_ids,
    purchasing::links::MAX_A_PAGE,
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
        let (schedules, signer) = (ctx.given::<ExportSchedules>()?, ctx.given::<CursorSigner>()?);
        let sorted = ExportScheduleSort::sorted(sort);
        let kind = sorted.kind("exportSchedules");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_A_PAGE)?;
        let filter = by_ids(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let listed = schedules.page(&permit, (&filter, sorted), &request).await?;
        let nodes = listed.rows.into_iter().map(|schedule| {
            let keys = sorted.keys(&schedule);
            (ExportSchedule::from(schedule), keys)
        });
        let page = Page::build(nodes.collect(), &request, kind, signer);
        Ok(page.counted(permit.scope(schedules.database()), listed.source).into())
    }
}
