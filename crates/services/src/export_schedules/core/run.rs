//! Output of a run: sections, files, and the manifest that is written after them.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use crate::exchange::core::{FactRange, Noun};

/// Version of the format of manifests and rows. A new column leaves it unchanged; another meaning
/// of a column changes it.
pub const SCHEMA_VERSION: i64 = 1;
/// Events whose movements are in one section.
const SECTION_EVENTS: i64 = 1_000_000;

/// A run: its output stays the same until it is over, however often it is retried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    pub set: i64,
    pub generation: i64,
    /// The event after which its rows begin; 0 for a run that writes all rows.
    pub from: i64,
    pub to: i64,
    /// Whether it writes all rows.
    pub is_whole: bool,
    /// The finished sections.
    pub sections: Vec<String>,
    /// Files of the finished sections.
    pub files: Vec<WrittenFile>,
}

/// A file, as listed in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenFile {
    /// Name relative to the folder of the schedule.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    pub from_seq: i64,
    pub to_seq: i64,
    pub rows: i64,
    pub bytes: i64,
    pub sha256: String,
}

/// Manifest that is written after the files of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: i64,
    pub schedule_id: ExportScheduleId,
    pub entity: ExportEntity,
    pub format: ExportFormat,
    pub set: i64,
    pub generation: i64,
    pub is_whole: bool,
    pub from_seq: i64,
    pub to_seq: i64,
    /// Columns by which a row of this run replaces equal rows of earlier files; empty if rows are
    /// only added.
    pub replaces_by: Vec<String>,
    pub columns: Vec<String>,
    pub rows: i64,
    pub files: Vec<WrittenFile>,
}

/// A part of a run, written as a unit, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub name: String,
    /// Month of demand facts, as in 2026-11.
    pub month: Option<String>,
    pub from: i64,
    pub to: i64,
    /// The first day and the day after the last, as days since 1970.
    pub days: Option<(i32, i32)>,
}

/// Returns the name of an entity's rows in exports.
pub fn noun_of(entity: ExportEntity) -> Noun {
    match entity {
        ExportEntity::DemandFacts => Noun::DemandFacts,
        ExportEntity::Movements => Noun::Movements,
        ExportEntity::Orders => Noun::Orders,
        ExportEntity::Stock => Noun::Stock,
    }
}

/// The folder of an entity.
fn folder_of(entity: ExportEntity) -> &'static str {
    match entity {
        ExportEntity::DemandFacts => "demand-facts",
        ExportEntity::Movements => "movements",
        ExportEntity::Orders => "orders",
        ExportEntity::Stock => "stock",
    }
}

/// Returns the name of the marker file, which names the schedule that writes into a folder.
pub fn marker_of(entity: ExportEntity) -> String {
    format!("{}/_schedule.json", folder_of(entity))
}

fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Parquet => "parquet",
        ExportFormat::Csv => "csv",
        ExportFormat::Jsonl => "jsonl",
    }
}

impl RunPlan {
    /// Whether another plan is of the same run.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.set, self.generation, self.from, self.to) == (other.set, other.generation, other.from, other.to)
    }

    /// Returns the range of events of a section for the export.
    pub fn range(&self, section: &Section) -> FactRange {
        FactRange { generation: self.generation, from: section.from, to: section.to, is_increment: !self.is_whole }
    }

    /// Returns the whole run as one section.
    pub fn whole_section(&self) -> Section {
        Section { name: "all".to_owned(), month: None, from: self.from, to: self.to, days: None }
    }

    /// Returns a section for each month; months come with their first and last day.
    pub fn months(&self, months: impl IntoIterator<Item = (String, (i32, i32))>) -> Vec<Section> {
        let section = |(month, (first, last)): (String, (i32, i32))| Section {
            name: month.clone(),
            month: Some(month),
            days: Some((first, last + 1)),
            ..self.whole_section()
        };
        months.into_iter().map(section).collect()
    }

    /// A section for each million of events.
    pub fn event_sections(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = from.saturating_add(SECTION_EVENTS).min(self.to);
            sections.push(Section { name: from.to_string(), from, to, ..self.whole_section() });
            from = to;
        }
        sections
    }

    fn folder(&self, entity: ExportEntity) -> String {
        format!("{}/set={:06}", folder_of(entity), self.set)
    }

    /// Returns the name of a file; the name determines the events of its rows.
    pub fn file(&self, fields: &Fields, section: &Section, part: usize) -> String {
        let month = section.month.as_ref().map(|month| format!("month={month}/")).unwrap_or_default();
        let (folder, ending) = (self.folder(fields.entity), ending(fields.format));
        format!("{folder}/{month}{:020}-{:020}-{part:04}.{ending}", section.from, section.to)
    }

    /// Returns the name of the run's manifest.
    pub fn manifest_name(&self, entity: ExportEntity) -> String {
        format!("{}/_manifests/{:020}-{:020}.json", self.folder(entity), self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(from: i64, to: i64) -> RunPlan {
        RunPlan { set: 2, generation: 3, from, to, is_whole: from == 0, sections: Vec::new(), files: Vec::new() }
    }

    fn fields(entity: ExportEntity) -> Fields {
        Fields {
            name: "Lake".to_owned(),
            entity,
            format: ExportFormat::Parquet,
            period: SchedulePeriod::Daily,
            hour: 5,
            time_zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn a_name_says_the_set_the_month_and_the_events() {
        let plan = plan(12, 91_822);
        let november = plan.months([("2026-11".to_owned(), (20_000, 20_003))]).remove(0);
        assert_eq!((november.days, november.month.as_deref()), (Some((20_000, 20_004)), Some("2026-11")));
        assert_eq!(
            plan.file(&fields(ExportEntity::DemandFacts), &november, 1),
            "demand-facts/set=000002/month=2026-11/00000000000000000012-00000000000000091822-0001.parquet"
        );
        assert_eq!(
            plan.file(&fields(ExportEntity::Orders), &plan.whole_section(), 2),
            "orders/set=000002/00000000000000000012-00000000000000091822-0002.parquet"
        );
        assert_eq!(
            plan.manifest_name(ExportEntity::Stock),
            "stock/set=000002/_manifests/00000000000000000012-00000000000000091822.json"
        );
    }

    #[test]
    fn windows_have_each_event_once() {
        let ranges = |from: i64, to: i64| -> Vec<(i64, i64)> {
            plan(from, to).event_sections().iter().map(|section| (section.from, section.to)).collect()
        };
        assert_eq!(ranges(0, 5), [(0, 5)]);
        assert_eq!(ranges(0, 2_500_000), [(0, 1_000_000), (1_000_000, 2_000_000), (2_000_000, 2_500_000)]);
        assert_eq!(ranges(7, 7), []);
    }
}
