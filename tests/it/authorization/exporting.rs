//! The schedule that each company of the generated calls has.

use std::collections::BTreeMap;

use entity::prelude::*;
use entrepot::export_schedules::{core, rows};

use super::world::{Company, World};

impl World {
    /// A schedule of an export that never becomes due.
    pub async fn exporting(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let (id, now): (ExportScheduleId, Timestamp) = (self.node.clock.id(), self.node.clock.now());
        let fields = core::Fields {
            name: format!("{} lake", company.word),
            entity: ExportEntity::Movements,
            format: ExportFormat::Parquet,
            period: SchedulePeriod::Daily,
            hour: 4,
            time_zone: "UTC".to_owned(),
        };
        let schedule = core::Schedule {
            id,
            fields,
            bucket: None,
            sealed: None,
            status: ExportScheduleStatus::Active,
            maker: company.owner.actor,
            key: None,
            set: 0,
            generation: None,
            through: None,
            run: None,
            wants_all: false,
            failures: 0,
            last_run_at: None,
            last_error: None,
            next_run_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let work = self.node.db.tenant(company.owner.tenant).begin().await.unwrap();
        rows::insert(&work, &schedule).await.unwrap();
        work.commit().await.unwrap();
        ids.insert("xsc", id.to_string());
    }
}
