//! Shell of alerts: opens and changes alerts, sets rules, sends e-mails.

mod act;
mod follow;
mod emails;
mod history;
mod refusal;
mod rule_check;
mod rules;
mod scan;
mod schedules;
mod condition;

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use iam::{
    access::{Access, Caller, Permission, Permit, Reach, kind},
    identity::{Identity, Mailer},
};
use platform::{
    audit::{AuditContext, AuditWriter, Origin},
    clock::Clock,
    paging::{Listed, PageRequest},
    storage::{
        Database, Fault, Reads, Work, dry_run,
        idempotency::{self, Acted},
    },
};

pub use act::{Act, Do};
pub use condition::StandingCondition;
pub use emails::{AlertEmail, EMAIL_JOB};
pub use refusal::{AlertError, AlertRefusal};
pub use rules::{RuleFields, RuleRemoval};

use super::{
    core::{Alert, Rule, Rules},
    rows::{self, AlertsSorted, Test},
};

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Alerts(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    access: Access,
    identity: Identity,
    audit_writer: AuditWriter,
}

impl Alerts {
    pub fn new(identity: Identity, access: Access, audit_writer: AuditWriter) -> Self {
        let (db, clock) = (access.database().clone(), access.clock().clone());
        Self(Arc::new(Inner { db, clock, access, identity, audit_writer }))
    }
    /// Commits a worker's changes. If there are events, the audit log records them as the system's.
    pub(super) async fn commit(&self, work: Work, events: usize) -> Result<(), Fault> {
        if events == 0 {
            return work.commit().await;
        }
        let who = Some((work.tenant(), Actor::SYSTEM));
        AuditContext::new("alert.follow".to_owned(), Origin::default(), self.0.audit_writer.clone(), who, None)
            .over(work.commit())
            .await
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn database(&self) -> &Database {
        &self.0.db
    }
    /// Returns the mailer of this deployment and its sender address.
    pub(in crate::alerts) fn mailer_and_sender(&self) -> (&Mailer, &str) {
        self.0.identity.mailer()
    }

    /// A page of the alerts that the caller may see.
    pub async fn page(
        &self,
        permit: &Permit<kind::AlertRead>,
        mut tests: Vec<Test>,
        sorted: AlertsSorted,
        request: &PageRequest,
    ) -> Result<Listed<Alert>, Fault> {
        tests.extend(limits(permit.caller()));
        let scope = permit.scope(&self.0.db);
        let rows = rows::page(&scope, &tests, sorted, request).await?;
        Ok(Listed { rows, source: rows::source(scope.backend(), &tests) })
    }

    /// Reads an alert by ID, if the caller may see it.
    pub async fn find(&self, permit: &Permit<kind::AlertRead>, id: AlertId) -> Result<Option<Alert>, Fault> {
        let found = rows::alerts(&permit.scope(&self.0.db), &[id]).await?.pop();
        Ok(found.filter(|alert| sees(permit.caller(), alert)))
    }

    /// The rules that the caller may change, by kind and scope.
    pub async fn rules(&self, permit: &Permit<kind::AlertRuleWrite>) -> Result<Vec<Rule>, Fault> {
        let mut found = rows::rules(&permit.scope(&self.0.db)).await?;
        found.retain(|rule| covers(permit, rule));
        Ok(found)
    }

    /// Reads a rule by ID, if the caller may change it.
    pub async fn rule(&self, permit: &Permit<kind::AlertRuleWrite>, id: AlertRuleId) -> Result<Option<Rule>, Fault> {
        let found = rows::rules_by_id(&permit.scope(&self.0.db), &[id]).await?.pop();
        Ok(found.filter(|rule| covers(permit, rule)))
    }
}

/// Whether a caller sees an alert: one with a store within `alert.read`; one without a store with
/// `alert.read` for all stores and the right to see its subject.
pub fn sees(caller: &Caller, alert: &Alert) -> bool {
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
fn sees_subjects(caller: &Caller, of: AlertKind) -> bool {
    match of {
        AlertKind::SavedViewScheduleFailed => caller.permissions.holds(kind::ViewManage::INDEX),
        AlertKind::ExportScheduleFailed => caller.permissions.reach(kind::ExchangeRun::INDEX) == Reach::Everywhere,
        _ => caller.sees_costs(),
    }
}

/// Returns the limits of `sees` as conditions of a list.
pub fn limits(caller: &Caller) -> Vec<Test> {
    match caller.permissions.reach(kind::AlertRead::INDEX) {
        Reach::Stores(stores) => vec![Test::Store(stores.to_vec())],
        Reach::Everywhere => WITHOUT_STORE.into_iter().filter(|of| !sees_subjects(caller, *of)).map(Test::NotKind).collect(),
    }
}

/// Whether the permit covers a rule; a rule without a store needs a permit for all stores.
fn covers(permit: &Permit<kind::AlertRuleWrite>, rule: &Rule) -> bool {
    match rule.scope.store {
        Some(store) => permit.covers(store),
        None => permit.reach() == Reach::Everywhere,
    }
}

/// Reads a tenant's rules with the categories that they need.
async fn load_rules(reads: &impl Reads) -> Result<Rules, Fault> {
    let rules = rows::rules(reads).await?;
    let has_categories = rules.iter().any(|rule| rule.scope.category.is_some());
    let parents = if has_categories { rows::categories(reads).await? } else { BTreeMap::new() };
    Ok(Rules { rules, parents })
}

/// Commits a change; rolls back a refusal, a dry run and a replayed call.
async fn settle<T>(work: Work, done: Result<Acted<T>, AlertError>) -> Result<Acted<T>, AlertError> {
    match &done {
        Ok(acted) if !dry_run::is_on() && acted.seq.is_some() && !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    done
}

/// Refuses an invalid idempotency key.
fn check_key(key: &str) -> Result<(), AlertError> {
    idempotency::check_key(key).map_err(|why| AlertRefusal::BadKey(why).into())
}
