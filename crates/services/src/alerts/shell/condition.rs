//! How levels stand that another room has judged: no event and no day of theirs says so, and they are judged as a whole.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use platform::storage::Fault;

use super::{
    Alerts,
    follow::{Dated, MOST_STEPS},
    load_rules,
};
use crate::alerts::{
    core::{AlertValues, Opening, Step, Subject, Trigger},
    rows,
};

/// A level that an alert is to be there of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingCondition {
    pub level: LevelKey,
    /// The product's: rules may be for it.
    pub category: Option<CategoryId>,
    pub quantity: i64,
    /// Resolved by hand, an alert stays so while the day is the same.
    pub day: Option<i32>,
}

impl Alerts {
    /// Opens an alert of a kind for each level that stands so, and closes those of all others of the tenant; says how many were opened. Doing it twice does nothing
    /// more.
    pub async fn stand(&self, tenant: TenantId, kind: AlertKind, standing: &[StandingCondition]) -> Result<usize, Fault> {
        let scope = self.0.db.tenant(tenant);
        let active = rows::active_levels(&scope, kind).await?;
        let named: BTreeSet<LevelKey> = standing.iter().map(|one| one.level).collect();
        let now = self.0.clock.now();
        let over = active.difference(&named).map(|level| Step::Close(kind, Subject::Level(*level)));
        let new = standing.iter().filter(|one| !active.contains(&one.level)).map(|one| opening(kind, one));
        let steps: Vec<Dated> = over.chain(new).map(|step| (step, now, None)).collect();
        if steps.is_empty() {
            return Ok(0);
        }
        let rules = load_rules(&scope).await?;
        let mut opened = 0;
        for chunk in steps.chunks(MOST_STEPS) {
            opened += self.write(tenant, &rules, None, chunk).await?.unwrap_or_default();
        }
        Ok(opened)
    }
}

fn opening(kind: AlertKind, one: &StandingCondition) -> Step {
    let figures = AlertValues { quantity: Some(one.quantity), day: one.day, ..AlertValues::default() };
    Step::Open(Opening { kind, subject: Subject::Level(one.level), figures, category: one.category, trigger: Trigger::Standing })
}
