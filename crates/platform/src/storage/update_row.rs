//! Updates of a row whose columns and values are those of a struct, so that none is written by
//! position.

use entity::record::TableRecord;

use super::{Fault, Work};

impl Work {
    /// Sets columns of the tenant's row with this key: all columns of `R` after the key, which is the
    /// primary key, or the fields with `#[record(key)]`: the primary key and others that have to be
    /// equal (no null is). Returns the number of rows, 0 if no row has that key.
    pub async fn update_row<R: TableRecord>(&self, record: R) -> Result<u64, Fault> {
        let values = self.values_behind_tenant(record)?;
        self.execute(&update::<R>(), values).await
    }
}

/// Returns the statement of one row, whose first value is the tenant.
fn update<R: TableRecord>() -> String {
    let assignments: Vec<String> =
        R::WITH_TENANT.iter().zip(1..).map(|(column, number)| format!("{} = ${number}", column.0)).collect();
    let (keys, columns) = assignments.split_at(R::update_keys());
    format!("UPDATE {} SET {} WHERE {}", R::TABLE, columns.join(", "), keys.join(" AND "))
}

#[cfg(test)]
mod tests {
    use entity::{
        prelude::{GroupId, SavedViewScheduleId, Timestamp},
        record::Record,
        tables::{saved_view_schedule, store_group},
    };

    use super::*;

    #[derive(Record)]
    #[record(of = store_group)]
    struct ArchivedGroup {
        id: GroupId,
        archived_at: Option<Timestamp>,
        version: i64,
    }

    #[derive(Record)]
    #[record(of = saved_view_schedule)]
    struct RunOfSchedule {
        #[record(key)]
        id: SavedViewScheduleId,
        #[record(key)]
        run_due_at: Option<Timestamp>,
        last_error: Option<String>,
    }

    #[test]
    fn a_row_is_found_by_its_key_and_gets_the_other_columns() {
        assert_eq!(
            update::<ArchivedGroup>(),
            "UPDATE store_group SET archived_at = $3, version = $4 WHERE tenant_id = $1 AND id = $2"
        );
        assert_eq!(
            update::<RunOfSchedule>(),
            "UPDATE saved_view_schedule SET last_error = $4 WHERE tenant_id = $1 AND id = $2 AND run_due_at = $3"
        );
    }
}
