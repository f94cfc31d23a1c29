//! Writes the rows of a run into files, section by section.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::clock;

use super::{runs::RunInProgress, service::ExportSchedules, stop_reason::StopReason};
use crate::{
    exchange::{Feed, FeedFile},
    export_schedules::core::{RunPlan, Section, WrittenFile, noun_of},
};

/// Orders of one read.
const ORDERS: usize = 500;

impl ExportSchedules {
    /// The sections of a run, in their order.
    pub(super) async fn sections(&self, run: &RunInProgress<'_>, plan: &RunPlan) -> Result<Vec<Section>, StopReason> {
        match run.schedule.fields.entity {
            ExportEntity::Orders | ExportEntity::Stock => Ok(vec![plan.whole_section()]),
            ExportEntity::Movements => Ok(plan.event_sections()),
            ExportEntity::DemandFacts => {
                let days = self.0.exchange.feed_days(run.requester.tenant, plan.range(&plan.whole_section())).await?;
                let mut months = BTreeMap::<String, (i32, i32)>::new();
                for day in days {
                    let month = clock::day_text(day).chars().take(7).collect();
                    let (first, last) = months.entry(month).or_insert((day, day));
                    (*first, *last) = ((*first).min(day), (*last).max(day));
                }
                Ok(plan.months(months))
            }
        }
    }

    /// Returns the exports of a section; changed orders are split into chunks.
    async fn section_feeds(&self, run: &RunInProgress<'_>, plan: &RunPlan, section: &Section) -> Result<Vec<Feed>, StopReason> {
        let entity = run.schedule.fields.entity;
        let feed =
            |orders: Option<Vec<OrderId>>| Feed { noun: noun_of(entity), range: plan.range(section), days: section.days, orders };
        if entity != ExportEntity::Orders || plan.is_whole {
            return Ok(vec![feed(None)]);
        }
        let changed_orders = self.0.exchange.feed_orders(run.requester.tenant, (section.from, section.to)).await?;
        Ok(changed_orders.chunks(ORDERS).map(|chunk| feed(Some(chunk.to_vec()))).collect())
    }

    /// Writes the rows of a section. Without a row there is no file.
    pub(super) async fn write_section(
        &self,
        run: &RunInProgress<'_>,
        plan: &RunPlan,
        section: &Section,
    ) -> Result<Vec<WrittenFile>, StopReason> {
        let fields = &run.schedule.fields;
        let (mut files, mut open) = (Vec::new(), None::<FeedFile>);
        for feed in self.section_feeds(run, plan, section).await? {
            let mut next = Some(Vec::new());
            while let Some(after) = next {
                let page = Box::pin(self.0.exchange.feed_page(run.requester, &feed, &after)).await?;
                next = page.next;
                if page.rows.is_empty() {
                    continue;
                }
                let mut file = match open.take() {
                    Some(file) => file,
                    None => FeedFile::begin(feed.noun, fields.format)?,
                };
                file.push(&page.rows).await?;
                if file.is_large() {
                    let written_file = write_file(run, plan, section, (files.len() + 1, file)).await?;
                    files.push(written_file);
                } else {
                    open = Some(file);
                }
            }
        }
        if let Some(file) = open {
            let written_file = write_file(run, plan, section, (files.len() + 1, file)).await?;
            files.push(written_file);
        }
        Ok(files)
    }
}

async fn write_file(
    run: &RunInProgress<'_>,
    plan: &RunPlan,
    section: &Section,
    (part, file): (usize, FeedFile),
) -> Result<WrittenFile, StopReason> {
    let name = plan.file(&run.schedule.fields, section, part);
    let part = file.finish().await?;
    run.destination.put_part((name, section.month.clone()), (section.from, section.to), part).await
}
