//! Changes of a tenant's alerts when thresholds are crossed, one after the other.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    alert::{Alert, AlertValues, Handling, Subject},
    rule::{AlertScope, Rules},
};
use crate::alerts::events::{ALERT_OPENED, ALERT_RESOLVED, AlertEvent, EventType};

/// Cause of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A threshold was crossed: a new alert, unless there is one already.
    Crossing,
    /// The condition holds: no change, unless a member has resolved an alert of the same cause.
    Standing,
}

/// An alert to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub kind: AlertKind,
    pub subject: Subject,
    pub figures: AlertValues,
    /// The product's category: rules may be for it.
    pub category: Option<CategoryId>,
    pub trigger: Trigger,
}

impl Opening {
    pub fn alert_scope(&self) -> AlertScope {
        AlertScope { store: self.subject.store(), product: self.subject.product(), category: self.category }
    }
}

/// Effect of a change on alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Open(Opening),
    Close(AlertKind, Subject),
}

impl Step {
    pub fn key(&self) -> (AlertKind, Subject) {
        match self {
            Self::Open(opening) => (opening.kind, opening.subject),
            Self::Close(kind, subject) => (*kind, *subject),
        }
    }
}

/// Rows and events that the steps lead to.
#[derive(Debug, Clone, Default)]
pub struct AlertChangeSet {
    /// New rows in their state after all steps, each with the category that its rules may be for.
    pub opened: Vec<(Alert, Option<CategoryId>)>,
    /// Existing rows in their state after all steps.
    pub closed: Vec<Alert>,
    /// Event of each step, with the alert after that step.
    pub events: Vec<(EventType<AlertEvent>, Alert)>,
}

type BySubject<T> = BTreeMap<(AlertKind, Subject), T>;

/// Stored alerts of the steps' subjects.
#[derive(Debug, Clone, Default)]
pub struct AlertHistory {
    /// Alerts that are not RESOLVED.
    pub active: BySubject<Alert>,
    /// Values of the alerts that members resolved last.
    pub dismissed: BySubject<AlertValues>,
    /// The last event that opened an alert.
    pub last_seqs: BySubject<i64>,
}

/// Takes the steps in their order, each with its time and the event that it comes from. A step from
/// an event up to the last that opened an alert of its subject has been taken before, and is
/// skipped.
pub fn apply_steps(
    rules: &Rules,
    AlertHistory { mut active, dismissed, mut last_seqs }: AlertHistory,
    steps: &[(Step, Timestamp, Option<i64>)],
    mut next_id: impl FnMut() -> AlertId,
) -> AlertChangeSet {
    let mut change_set = AlertChangeSet::default();
    let mut opened_indexes: BTreeMap<AlertId, usize> = BTreeMap::new();
    for (step, at, seq) in steps {
        let key = step.key();
        let is_old = seq.is_some_and(|seq| last_seqs.get(&key).is_some_and(|last| seq <= *last));
        match step {
            Step::Close(..) => {
                if is_old {
                    continue;
                }
                let Some(alert) = active.remove(&key) else { continue };
                let alert = alert.resolve(None, *at);
                change_set.events.push((ALERT_RESOLVED, alert.clone()));
                match opened_indexes.get(&alert.id).and_then(|index| change_set.opened.get_mut(*index)) {
                    Some(row) => row.0 = alert,
                    None => change_set.closed.push(alert),
                }
            }
            Step::Open(opening) => {
                let is_dismissed = opening.trigger == Trigger::Standing
                    && dismissed.get(&key).is_some_and(|values| values.is_same_cause(&opening.figures, opening.kind));
                if is_old
                    || active.contains_key(&key)
                    || is_dismissed
                    || !rules.setting(opening.kind, opening.alert_scope()).is_on
                {
                    continue;
                }
                let alert = new_alert(opening, next_id(), *at, *seq);
                change_set.events.push((ALERT_OPENED, alert.clone()));
                opened_indexes.insert(alert.id, change_set.opened.len());
                last_seqs.extend(seq.map(|seq| (key, seq)));
                change_set.opened.push((alert.clone(), opening.category));
                if alert.state() != AlertState::Resolved {
                    active.insert(key, alert);
                }
            }
        }
    }
    change_set
}

fn new_alert(opening: &Opening, id: AlertId, at: Timestamp, seq: Option<i64>) -> Alert {
    // A product that is back in stock needs no action: the alert is opened as resolved.
    let is_news = opening.kind == AlertKind::BackInStock;
    Alert {
        id,
        kind: opening.kind,
        subject: opening.subject,
        handling: if is_news { Handling::Resolved { at, by: None } } else { Handling::Open },
        figures: opening.figures.clone(),
        opened_at: at,
        seq,
        assignee: None,
        note: None,
        version: 1,
        updated_at: at,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use inventory::stock::core::LevelKey;

    fn subject(n: u128) -> Subject {
        Subject::Level(LevelKey { product: Id::from_uuid(Uuid::from_u128(n)), store: Id::from_uuid(Uuid::from_u128(1)) })
    }
    fn open(n: u128, trigger: Trigger) -> Step {
        let figures = AlertValues { day: Some(7), ..AlertValues::default() };
        Step::Open(Opening { kind: AlertKind::OutOfStock, subject: subject(n), figures, category: None, trigger })
    }
    fn close(n: u128) -> Step {
        Step::Close(AlertKind::OutOfStock, subject(n))
    }
    fn run(active: BTreeMap<(AlertKind, Subject), Alert>, dismissed: &[(u128, AlertValues)], steps: &[Step]) -> AlertChangeSet {
        let dismissed = dismissed.iter().map(|(n, figures)| ((AlertKind::OutOfStock, subject(*n)), figures.clone())).collect();
        let history = AlertHistory { active, dismissed, last_seqs: BTreeMap::new() };
        let steps: Vec<_> = (1..).zip(steps).map(|(seq, step)| (step.clone(), Timestamp(seq), Some(seq))).collect();
        let mut next = 0;
        apply_steps(&Rules::default(), history, &steps, || {
            next += 1;
            Id::from_uuid(Uuid::from_u128(next))
        })
    }

    #[test]
    fn down_up_and_down_again_are_two_alerts() {
        let settled = run(BTreeMap::new(), &[], &[open(1, Trigger::Crossing), close(1), open(1, Trigger::Crossing)]);
        let states: Vec<AlertState> = settled.opened.iter().map(|(alert, _)| alert.state()).collect();
        assert_eq!(states, [AlertState::Resolved, AlertState::Open]);
        let events: Vec<_> = settled.events.iter().map(|(event, _)| *event).collect();
        assert_eq!(events, [ALERT_OPENED, ALERT_RESOLVED, ALERT_OPENED]);
        assert!(settled.closed.is_empty());
    }

    #[test]
    fn one_that_is_there_is_not_opened_again_but_closed() {
        let first = run(BTreeMap::new(), &[], &[open(1, Trigger::Crossing)]).opened.remove(0).0;
        let there = BTreeMap::from([((AlertKind::OutOfStock, subject(1)), first.clone())]);
        assert!(run(there.clone(), &[], &[open(1, Trigger::Crossing)]).events.is_empty());
        let settled = run(there, &[], &[close(1), close(1), close(2)]);
        assert_eq!(settled.closed, [first.resolve(None, Timestamp(1))], "once, and what is not there is not closed");
    }

    #[test]
    fn an_event_that_was_taken_is_not_taken_again() {
        let steps = [(open(1, Trigger::Crossing), Timestamp(1), Some(4)), (close(1), Timestamp(1), Some(5))];
        let key = (AlertKind::OutOfStock, subject(1));
        let mut next = || AlertId::from_uuid(Uuid::from_u128(9));
        let taken = apply_steps(&Rules::default(), AlertHistory::default(), &steps[..1], &mut next).opened.remove(0).0;
        let mut history = AlertHistory { last_seqs: [(key, 4)].into(), ..AlertHistory::default() };
        assert!(apply_steps(&Rules::default(), history.clone(), &steps[..1], &mut next).events.is_empty());
        history.active = [(key, taken)].into();
        let earlier = [(close(1), Timestamp(1), Some(3))];
        assert!(
            apply_steps(&Rules::default(), history.clone(), &earlier, &mut next).events.is_empty(),
            "it was opened after that"
        );
        assert_eq!(apply_steps(&Rules::default(), history, &steps, &mut next).closed.len(), 1);
    }

    #[test]
    fn what_somebody_resolved_comes_back_with_another_cause_only() {
        let same = AlertValues { day: Some(7), quantity: Some(99), ..AlertValues::default() };
        let other = AlertValues { day: Some(8), ..AlertValues::default() };
        assert!(run(BTreeMap::new(), &[(1, same.clone())], &[open(1, Trigger::Standing)]).opened.is_empty());
        assert_eq!(run(BTreeMap::new(), &[(1, other)], &[open(1, Trigger::Standing)]).opened.len(), 1);
        assert_eq!(run(BTreeMap::new(), &[(1, same)], &[open(1, Trigger::Crossing)]).opened.len(), 1, "a new crossing is new");
    }
}
