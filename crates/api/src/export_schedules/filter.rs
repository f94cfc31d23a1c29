//! Filter and sort of the list of export schedules, as clients write them.

use async_graphql::{Enum, InputObject};
use platform::storage::Nested;
use services::export_schedules::rows::{ScheduleFilter, ScheduleSort as By, SchedulesSorted};

use super::schedule::{ExportScheduleEntity, ExportScheduleStatus};
use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::{below, span},
};

/// Export schedules that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ExportScheduleFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ExportScheduleFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ExportScheduleFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ExportScheduleFilter>>,
    /// Condition on the ID of the schedule.
    pub id: Option<IdFilter>,
    /// Part of the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Rows that are written; an empty list matches nothing.
    pub entity: Option<Vec<ExportScheduleEntity>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<ExportScheduleStatus>>,
    /// Members and integrations that set the schedule last.
    pub owner: Option<IdFilter>,
    /// Time at which the schedule was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the schedule was last set.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ExportScheduleFilter);
crate::keyed_filter!(
    ExportScheduleFilter, "owner" owner MemberEmail;
    [] "createdAt" created_at, "updatedAt" updated_at
);

impl ExportScheduleFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<ScheduleFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// Returns the conditions of one filter, without nested ones.
    fn tests(self, path: &Path) -> Answer<ScheduleFilter> {
        if let Some(text) = &self.search {
            searchable(text, || below(path, "search"))?;
        }
        Ok(ScheduleFilter {
            ids: self.id.map(|filter| filter.ids(&field_path(path, "id"))).transpose()?.flatten(),
            search: self.search,
            entities: self.entity.map(|list| list.into_iter().map(Into::into).collect()),
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            owners: self.owner.map(|filter| filter.of_any_kind(&field_path(path, "owner"))).transpose()?.flatten(),
            created_at: self.created_at.map(|test| span(&test)),
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}

/// Sort order of a list of export schedules; schedules with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ExportScheduleSort {
    /// Field by which the schedules are sorted.
    pub field: ExportScheduleSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which export schedules can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExportScheduleSortField {
    /// Name of the schedule. Capitals come before small letters.
    Name,
    /// Time at which the schedule was created.
    CreatedAt,
    /// Time at which the schedule was last set.
    UpdatedAt,
    /// Time at which the last run ended. A schedule that has not been run yet counts as the earliest.
    LastRunAt,
}

crate::sorts::rows_sorted!(ExportScheduleSort => SchedulesSorted);
