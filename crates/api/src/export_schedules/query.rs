//! Asking for export schedules.

use async_graphql::Context;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::export_schedules::{ExportSchedules, rows};

use super::schedule::{ExportSchedule, ExportScheduleConnection};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        scalars::Cursor,
    },
    purchasing::links::MOST_A_PAGE,
};

/// The root field of export schedules.
#[derive(Default)]
pub struct ExportScheduleQuery;

#[resolvers]
impl ExportScheduleQuery {
    /// Export schedules by their names: all of the tenant's, or your own where your right is for some stores.
    #[field(permit = ExchangeRun, paged)]
    async fn export_schedules(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ExportScheduleConnection> {
        let (schedules, signer) = (ctx.given::<ExportSchedules>()?, ctx.given::<CursorSigner>()?);
        let request = PageArgs { first, after, last, before }.check(rows::SCHEDULES, signer, MOST_A_PAGE)?;
        let listed = schedules.page(&permit, &request).await?;
        let nodes = listed.rows.into_iter().map(|schedule| {
            let keys = rows::keys(&schedule);
            (ExportSchedule::from(schedule), keys)
        });
        let page = Page::build(nodes.collect(), &request, rows::SCHEDULES, signer);
        Ok(page.counted(permit.scope(schedules.database()), listed.source).into())
    }
}
