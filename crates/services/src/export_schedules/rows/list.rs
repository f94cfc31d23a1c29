//! Lists of export schedules.

use entity::{prelude::*, record::Selected};
use inventory::orders::rows::{Clause, Span};
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest, SortBy, Sorted},
    storage::{Fault, Finds, Nested, Reads},
};
use uuid::Uuid;

use super::schedule_row::ScheduleRow;
use crate::export_schedules::core::Schedule;

/// Sort field of schedules; the ID breaks ties. There is no index: a tenant has few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleSort {
    Name,
    CreatedAt,
    UpdatedAt,
    /// A schedule without a run comes before all others.
    LastRunAt,
}

/// A sort and its direction.
pub type SchedulesSorted = Sorted<ScheduleSort>;

impl SortBy for ScheduleSort {
    type Row = Schedule;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::Name, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Name => ("NAME", &["s.name", "s.id"]),
            Self::CreatedAt => ("CREATED_AT", &["s.created_at", "s.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["s.updated_at", "s.id"]),
            Self::LastRunAt => ("LAST_RUN_AT", &["coalesce(s.last_run_at, 0)", "s.id"]),
        }
    }
    fn keys(self, schedule: &Schedule) -> Vec<Key> {
        let first = match self {
            Self::Name => Key::Text(schedule.fields.name.clone()),
            Self::CreatedAt => Key::Int(schedule.created_at.micros()),
            Self::UpdatedAt => Key::Int(schedule.updated_at.micros()),
            Self::LastRunAt => Key::Int(schedule.last_run_at.map_or(0, Timestamp::micros)),
        };
        vec![first, schedule.id.into()]
    }
}

/// Filter of schedules; a field that is `None` is ignored, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleFilter {
    pub ids: Option<Vec<ExportScheduleId>>,
    /// Part of the name. The letters A to Z are compared without their case.
    pub search: Option<String>,
    pub entities: Option<Vec<ExportEntity>>,
    pub statuses: Option<Vec<ExportScheduleStatus>>,
    /// Ids of members and programs that set the schedule last.
    pub owners: Option<Vec<Uuid>>,
    pub created_at: Option<Span>,
    pub updated_at: Option<Span>,
}

impl ScheduleFilter {
    /// Adds the conditions on `export_schedule s`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        if let Some(ids) = &self.ids {
            let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
            clause.push(" AND ");
            clause.ids("s.id", &ids);
        }
        if let Some(text) = &self.search {
            let number = clause.bind(text.to_ascii_lowercase());
            clause.push(&format!(" AND {}", clause.backend().has_text("s.name", number)));
        }
        if let Some(entities) = &self.entities {
            let words = clause.backend().texts(entities.iter().map(|one| one.as_str()));
            let number = clause.bind(words);
            clause.push(&format!(" AND {}", clause.backend().in_texts("s.noun", number)));
        }
        if let Some(statuses) = &self.statuses {
            let words = clause.backend().texts(statuses.iter().map(|one| one.as_str()));
            let number = clause.bind(words);
            clause.push(&format!(" AND {}", clause.backend().in_texts("s.status", number)));
        }
        if let Some(owners) = &self.owners {
            clause.push(" AND ");
            clause.ids("s.actor_id", owners);
        }
        for (column, span) in [("s.created_at", self.created_at), ("s.updated_at", self.updated_at)] {
            if let Some(span) = span {
                clause.push(" AND ");
                clause.span(column, span);
            }
        }
    }
}

/// A page of schedules: all, or those of one owner.
pub async fn page(
    reads: &impl Reads,
    owner: Option<Actor>,
    (filter, sorted): (&Nested<ScheduleFilter>, SchedulesSorted),
    request: &PageRequest,
) -> Result<ListPage<Schedule>, Fault> {
    let mut clause = Clause::new(reads.backend(), 2);
    if let Some(owner) = owner {
        let number = clause.bind(owner.id);
        clause.push(&format!(" AND s.actor_id = ${number}"));
    }
    clause.nested(filter, |clause, filter: &ScheduleFilter| filter.push_to(clause));
    let source =
        ListSource { from: format!("FROM export_schedule s WHERE s.tenant_id = $1{}", clause.sql), values: clause.values };
    let (sql, values) = sorted.page(source.clone(), ScheduleRow::SELECT, request);
    let rows = reads.records::<ScheduleRow>(&sql, values).await?;
    Ok(ListPage { rows: rows.into_iter().map(Schedule::try_from).collect::<Result<_, _>>()?, source })
}
