//! The alerts and the rules that a caller may see.

use entity::prelude::*;
use iam::access::{Caller, Permission, Permit, Reach, kind};

use crate::alerts::{
    core::{Alert, Rule},
    rows::Test,
};

/// Whether a caller sees an alert: one with a store within `alert.read`; one without a store with
/// `alert.read` for all stores and the right to see its subject.
pub fn can_see_alert(caller: &Caller, alert: &Alert) -> bool {
    let reach = caller.permissions.reach(kind::AlertRead::INDEX);
    match alert.subject.store() {
        Some(store) => reach.covers(store),
        None => reach == Reach::Everywhere && sees_subjects(caller, alert.kind),
    }
}

/// The kinds of alerts without a store.
const WITHOUT_STORE: [AlertKind; 3] =
    [AlertKind::NegativeMargin, AlertKind::SavedViewScheduleFailed, AlertKind::ExportScheduleFailed];

/// Whether a caller sees the subjects of alerts of such a kind: costs, or the schedules of all
/// members.
fn sees_subjects(caller: &Caller, alert_kind: AlertKind) -> bool {
    match alert_kind {
        AlertKind::SavedViewScheduleFailed => caller.permissions.holds(kind::ViewManage::INDEX),
        AlertKind::ExportScheduleFailed => caller.permissions.reach(kind::ExchangeRun::INDEX) == Reach::Everywhere,
        _ => caller.sees_costs(),
    }
}

/// Returns the limits of `sees` as conditions of a list.
pub fn visibility_tests(caller: &Caller) -> Vec<Test> {
    match caller.permissions.reach(kind::AlertRead::INDEX) {
        Reach::Stores(stores) => vec![Test::Store(stores.to_vec())],
        Reach::Everywhere => {
            WITHOUT_STORE.into_iter().filter(|alert_kind| !sees_subjects(caller, *alert_kind)).map(Test::NotKind).collect()
        }
    }
}

/// Whether the permit covers a rule; a rule without a store needs a permit for all stores.
pub(super) fn covers(permit: &Permit<kind::AlertRuleWrite>, rule: &Rule) -> bool {
    match rule.scope.store {
        Some(store) => permit.covers(store),
        None => permit.reach() == Reach::Everywhere,
    }
}
