//! Marks of a copy in its two databases: its ID, and whether it may begin, continue, or is
//! complete.

use entity::{
    prelude::*,
    record::TableRecord,
    tables::{DeploymentCopy, deployment_copy},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::Value;
use uuid::Uuid;

use super::plan::Plan;
use crate::storage::{Database, Fault};

/// Database of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopySide {
    Source,
    Target,
}

impl CopySide {
    fn role(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Target => "TARGET",
        }
    }
}

/// The copies that a database has been part of, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct CopyMarks(Vec<DeploymentCopy>);

impl CopyMarks {
    pub async fn of(db: &Database) -> Result<Self, Fault> {
        let sql = format!("SELECT {} FROM deployment_copy ORDER BY started_at, id", DeploymentCopy::select(""));
        Ok(Self(db.global().records(&sql, vec![]).await?))
    }

    fn open(&self, end: CopySide) -> Option<&DeploymentCopy> {
        self.0.iter().find(|copy| copy.role == end.role() && copy.finished_at.is_none())
    }

    /// Returns the reason that this database must not be written now.
    pub fn write_refusal(&self) -> Option<String> {
        if let Some(copy) = self.open(CopySide::Target) {
            return Some(format!(
                "a copy of {} into this database has not ended: run the same `entrepot copy` again until it says that it is done",
                copy.other_end
            ));
        }
        let copy = self.open(CopySide::Source)?;
        Some(format!(
            "this database is being copied to {}: run the same `entrepot copy` again until it is done, or give the copy up with `entrepot serve --anyway`",
            copy.other_end
        ))
    }

    /// Returns the reason that this database is no longer the one to serve.
    pub fn serve_refusal(&self) -> Option<String> {
        let copy = self.0.last().filter(|copy| copy.role == CopySide::Source.role() && copy.finished_at.is_some())?;
        Some(format!(
            "this database was copied to {}: serve that one; --anyway serves this one again, which is right only while nothing was written there",
            copy.other_end
        ))
    }
}

/// Removes the marks of copies of this database, so that it is served again; returns their count.
///
/// # Errors
/// A copy into this database has not ended: its rows are incomplete.
pub async fn give_up(db: &Database) -> Result<u64, Fault> {
    let marks = CopyMarks::of(db).await?;
    if marks.open(CopySide::Target).is_some() {
        return Err(Fault::Broken(marks.write_refusal().unwrap_or_default()));
    }
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    let deleted_count = work.execute_global("DELETE FROM deployment_copy WHERE role = 'SOURCE'", vec![]).await?;
    work.commit().await?;
    Ok(deleted_count)
}

/// Databases of a copy, and the process that runs it.
pub struct Claims<'a> {
    pub source: &'a Database,
    pub target: &'a Database,
    /// Names of both databases, without passwords.
    pub source_name: &'a str,
    pub target_name: &'a str,
    pub runner: Uuid,
    pub now: Timestamp,
}

/// A copy that this process may carry on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedCopy {
    pub id: Uuid,
    /// Whether it began just now.
    pub is_new: bool,
    /// True if the target is complete and only the source's mark is missing.
    pub is_done: bool,
}

impl Claims<'_> {
    /// Marks both databases with a copy of the ID `new_id`, or finds the copy that was begun before.
    ///
    /// # Errors
    /// The source was copied already, another copy is under way, or the target is not empty; the
    /// message says which and what to do.
    pub async fn claim(&self, new_id: Uuid) -> Result<ClaimedCopy, Fault> {
        let (source, target) = (CopyMarks::of(self.source).await?, CopyMarks::of(self.target).await?);
        let source_copy = source.open(CopySide::Source);
        if let (Some(reason), None) = (source.write_refusal(), source_copy) {
            return Err(Fault::Broken(format!("the source cannot be copied: {reason}")));
        }
        if let (Some(reason), None) = (source.serve_refusal(), source_copy) {
            return Err(Fault::Broken(format!("a second copy is refused: {reason}")));
        }
        if target.open(CopySide::Source).is_some() {
            return Err(Fault::Broken(
                "the target is itself being copied: finish that copy, or choose another target".to_owned(),
            ));
        }
        match (source_copy, target.open(CopySide::Target)) {
            (Some(source_copy), Some(target_copy))
                if source_copy.id == target_copy.id && source_copy.schema_version == schema_version() =>
            {
                self.take_over(source_copy.id).await?;
                Ok(ClaimedCopy { id: source_copy.id, is_new: false, is_done: false })
            }
            (_, Some(target_copy)) => Err(Fault::Broken(format!(
                "the target has part of another copy, from {} or by another version: empty it (drop and create it), then run the same command again",
                target_copy.other_end
            ))),
            (Some(source_copy), None) if target.0.iter().any(|copy| copy.id == source_copy.id) => {
                Ok(ClaimedCopy { id: source_copy.id, is_new: false, is_done: true })
            }
            (source_copy, None) => {
                self.require_empty_target().await?;
                let id = source_copy.map_or(new_id, |source_copy| source_copy.id);
                if source_copy.is_none() {
                    self.mark(self.source, CopySide::Source, id, self.target_name).await?;
                }
                self.mark(self.target, CopySide::Target, id, self.source_name).await?;
                self.take_over(id).await?;
                Ok(ClaimedCopy { id, is_new: source_copy.is_none(), is_done: false })
            }
        }
    }

    /// Refuses a target that has rows.
    async fn require_empty_target(&self) -> Result<(), Fault> {
        // Referenced tables come first: an error that names `tenant` says more than one that names
        // a dependent table.
        for step in &Plan::of(self.target).await?.0 {
            let table = step.table.name;
            if !self.target.global().rows(&format!("SELECT 1 FROM {table} LIMIT 1"), vec![]).await?.is_empty() {
                return Err(Fault::Broken(format!(
                    "the target is not empty: the table {table} has rows. Give an unused database that `entrepot migrate` has created"
                )));
            }
        }
        Ok(())
    }

    async fn mark(&self, db: &Database, end: CopySide, id: Uuid, other_end: &str) -> Result<(), Fault> {
        let work = db.global().maintenance_for(TenantId::NIL).await?;
        let copy = DeploymentCopy {
            id,
            role: end.role().to_owned(),
            state: "COPYING".to_owned(),
            other_end: other_end.to_owned(),
            schema_version: schema_version(),
            runner: self.runner,
            started_at: self.now,
            finished_at: None,
        };
        match work.insert_global::<deployment_copy::Entity>(copy).await {
            Ok(()) => work.commit().await,
            Err(fault) if fault.unique_violation().is_some() => {
                Err(Fault::Broken("another copy of this database began a moment ago: let it finish".to_owned()))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Takes the copy over for this process; any other is stopped.
    async fn take_over(&self, id: Uuid) -> Result<(), Fault> {
        for db in [self.source, self.target] {
            change(db, "UPDATE deployment_copy SET runner = $2 WHERE id = $1", vec![id.into(), self.runner.into()]).await?;
        }
        Ok(())
    }

    /// Removes the marks of a copy that has not written a row.
    pub async fn remove_copy_marks(source: &Database, target: &Database, id: Uuid) -> Result<(), Fault> {
        for db in [source, target] {
            change(db, "DELETE FROM deployment_copy WHERE id = $1", vec![id.into()]).await?;
        }
        Ok(())
    }
}

/// Returns the name of the last migration in this binary.
fn schema_version() -> String {
    Migrator::migrations().last().map(|last| last.name().to_owned()).unwrap_or_default()
}

pub(super) async fn change(db: &Database, sql: &str, values: Vec<Value>) -> Result<u64, Fault> {
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    let changed = work.execute_global(sql, values).await?;
    work.commit().await?;
    Ok(changed)
}
