//! Loads the rules and the stored alerts that steps depend on.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Work};

use crate::alerts::{
    core::{AlertHistory, Rules, Step, Subject, Trigger},
    rows,
};

/// Maximum active alerts of a tenant that are read as a whole, for each subject of the steps and in
/// total; with more, each subject is queried.
const MAX_ACTIVE_PER_SUBJECT: usize = 4;
const MAX_ACTIVE: usize = 1_000;

/// A step, its time, and the event that it comes from.
pub(super) type DatedStep = (Step, Timestamp, Option<i64>);

/// Reads a tenant's rules with the categories that they need.
pub(super) async fn load_rules(reads: &impl Reads) -> Result<Rules, Fault> {
    let rules = rows::rules(reads).await?;
    let has_categories = rules.iter().any(|rule| rule.scope.category.is_some());
    let parents = if has_categories { rows::categories(reads).await? } else { BTreeMap::new() };
    Ok(Rules { rules, parents })
}

fn subjects(steps: &[DatedStep], is_wanted: impl Fn(&Step) -> bool) -> BTreeSet<Subject> {
    steps.iter().filter(|(step, ..)| is_wanted(step)).map(|(step, ..)| step.key().1).collect()
}

fn texts(subjects: &BTreeSet<Subject>) -> Vec<String> {
    subjects.iter().map(Subject::text).collect()
}

/// Reads the alerts that the steps may close or find open. Most steps close alerts that do not
/// exist, and few open any: nothing is read for a subject without an active alert that gets none.
/// The tenant's row is locked, so no alert is opened meanwhile.
pub(super) async fn alert_history(work: &Work, steps: &[DatedStep]) -> Result<AlertHistory, Fault> {
    let opening = subjects(steps, |step| matches!(step, Step::Open(_)));
    let standing_subjects = subjects(steps, |step| matches!(step, Step::Open(opening) if opening.trigger == Trigger::Standing));
    let mut all_subjects = subjects(steps, |_| true);
    if all_subjects.len() > opening.len() {
        let limit = all_subjects.len().saturating_mul(MAX_ACTIVE_PER_SUBJECT).min(MAX_ACTIVE);
        if let Some(active) = rows::active_subjects(work, limit).await? {
            all_subjects.retain(|subject| active.contains(subject) || opening.contains(subject));
        }
    }
    let (all_subjects, standing_subjects) = (texts(&all_subjects), texts(&standing_subjects));
    let active = if all_subjects.is_empty() { BTreeMap::new() } else { rows::active(work, &all_subjects).await? };
    let dismissed = if standing_subjects.is_empty() {
        BTreeMap::new()
    } else {
        rows::load_dismissed_values(work, &standing_subjects).await?
    };
    let last_seqs =
        if opening.is_empty() && active.is_empty() { BTreeMap::new() } else { rows::last_seqs(work, &all_subjects).await? };
    Ok(AlertHistory { active, dismissed, last_seqs })
}
