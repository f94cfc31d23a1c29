//! Alerts of schedules that deliver nothing: compared with the current schedules, so that a second
//! run changes nothing.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};

use super::history::DatedStep;
use crate::alerts::{
    core::{AlertScope, AlertValues, Opening, Rules, SCHEDULE_KINDS, Step, Subject, Trigger},
    rows::{self, FailingSchedule},
};

/// Opens an alert for each schedule that delivers nothing and has none, and closes those of all
/// others. If a member has resolved one, the next failed run opens it again.
pub(super) async fn schedule_steps(scope: &TenantScope, rules: &Rules, now: Timestamp) -> Result<Vec<DatedStep>, Fault> {
    let failing = rows::failing_schedules(scope).await?;
    let active_subjects = rows::active_of(scope, &SCHEDULE_KINDS).await?;
    let failing_subjects: BTreeSet<Subject> = failing.iter().map(|one| one.subject).collect();
    let closings = active_subjects
        .iter()
        .filter(|(_, subject)| !failing_subjects.contains(subject))
        .map(|(kind, subject)| Step::Close(*kind, *subject));
    let mut steps: Vec<Step> = closings.collect();
    let new_failures: Vec<&FailingSchedule> =
        failing.iter().filter(|one| !active_subjects.contains(&(one.kind, one.subject))).collect();
    let texts: Vec<String> = new_failures.iter().map(|one| one.subject.text()).collect();
    let last_resolved_at =
        if texts.is_empty() { rows::BySubject::new() } else { rows::last_resolution_times(scope, &texts).await? };
    let has_run_since = |one: &FailingSchedule| {
        last_resolved_at.get(&(one.kind, one.subject)).is_none_or(|at| one.last_run_at.is_some_and(|last| last > *at))
    };
    let is_on = |one: &FailingSchedule| rules.setting(one.kind, AlertScope::default()).is_on;
    steps.extend(new_failures.into_iter().filter(|one| is_on(one) && has_run_since(one)).map(|one| Step::Open(opening(one))));
    Ok(steps.into_iter().map(|step| (step, now, None)).collect())
}

fn opening(failing: &FailingSchedule) -> Opening {
    let values = AlertValues { quantity: Some(failing.runs), schedule: Some(failing.schedule.clone()), ..AlertValues::default() };
    Opening { kind: failing.kind, subject: failing.subject, figures: values, category: None, trigger: Trigger::Crossing }
}
