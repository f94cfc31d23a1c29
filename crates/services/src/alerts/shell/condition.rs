//! Alerts about conditions of levels that another room has computed: no event and no date announces
//! them, so each call replaces a tenant's whole set.

use std::collections::BTreeSet;

use entity::prelude::*;
use inventory::stock::core::LevelKey;
use platform::storage::Fault;

use super::{
    follow::MAX_STEPS,
    history::{DatedStep, load_rules},
    service::Alerts,
};
use crate::alerts::{
    core::{AlertValues, Opening, Rules, Step, Subject, Trigger},
    rows,
};

/// A level that should have an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingCondition {
    pub level: LevelKey,
    /// Category of the product: rules may be for it.
    pub category: Option<CategoryId>,
    pub quantity: i64,
    /// The threshold that it has crossed; `None` if the kind has none.
    pub threshold: Option<i64>,
    /// A manually resolved alert stays resolved while the day is the same.
    pub day: Option<i32>,
}

impl Alerts {
    /// The levels of a tenant with an alert of a kind that is not RESOLVED.
    pub async fn active_levels(&self, tenant: TenantId, kind: AlertKind) -> Result<BTreeSet<LevelKey>, Fault> {
        rows::active_levels(&self.0.db.tenant(tenant), kind).await
    }

    /// Opens an alert of a kind for each level in `conditions`, if it reaches the threshold of its
    /// rule, and closes those of all other levels of the tenant; returns the number of opened
    /// alerts. Idempotent.
    pub async fn reconcile_conditions(
        &self,
        tenant: TenantId,
        kind: AlertKind,
        conditions: &[StandingCondition],
    ) -> Result<usize, Fault> {
        let scope = self.0.db.tenant(tenant);
        let active = rows::active_levels(&scope, kind).await?;
        if active.is_empty() && conditions.is_empty() {
            return Ok(0);
        }
        let rules = load_rules(&scope).await?;
        let standing_levels: BTreeSet<LevelKey> = conditions.iter().map(|one| one.level).collect();
        let now = self.0.clock.now();
        let closings = active.difference(&standing_levels).map(|level| Step::Close(kind, Subject::Level(*level)));
        let openings = conditions.iter().filter(|one| !active.contains(&one.level)).map(|one| opening(kind, one));
        let openings = openings.filter_map(|opening| opening_over_threshold(&rules, opening)).map(Step::Open);
        let steps: Vec<DatedStep> = closings.chain(openings).map(|step| (step, now, None)).collect();
        let mut opened_count = 0;
        for chunk in steps.chunks(MAX_STEPS) {
            opened_count += self.write(tenant, &rules, None, chunk).await?.unwrap_or_default();
        }
        Ok(opened_count)
    }
}

fn opening(kind: AlertKind, condition: &StandingCondition) -> Opening {
    let values = AlertValues {
        quantity: Some(condition.quantity),
        threshold: condition.threshold,
        day: condition.day,
        ..AlertValues::default()
    };
    Opening {
        kind,
        subject: Subject::Level(condition.level),
        figures: values,
        category: condition.category,
        trigger: Trigger::Standing,
    }
}

/// Returns the opening if its figure, on either side of 0, reaches the threshold of the narrowest
/// rule. Its threshold becomes the larger one of its own and the rule's.
fn opening_over_threshold(rules: &Rules, mut opening: Opening) -> Option<Opening> {
    let Some(line) = rules.setting(opening.kind, opening.alert_scope()).threshold else { return Some(opening) };
    opening.figures.threshold = opening.figures.threshold.map(|own_threshold| own_threshold.max(line.get()));
    opening.figures.quantity.is_some_and(|quantity| quantity.saturating_abs() >= line.get()).then_some(opening)
}
