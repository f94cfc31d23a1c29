//! The service of alerts: reads alerts and rules that a caller may see.

use std::sync::Arc;

use entity::prelude::*;
use iam::{
    access::{Access, Permit, kind},
    identity::{Identity, Mailer},
};
use platform::{
    audit::{AuditContext, AuditWriter, Origin},
    clock::Clock,
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Reads, Work},
};

use super::visibility::{can_see_alert, covers, visibility_tests};
use crate::alerts::{
    core::{Alert, Rule},
    rows::{self, AlertsSorted, Test},
};

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Alerts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) access: Access,
    pub(super) identity: Identity,
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
        let identity = Some((work.tenant(), Actor::SYSTEM));
        AuditContext::new("alert.follow".to_owned(), Origin::default(), self.0.audit_writer.clone(), identity, None)
            .run_within(work.commit())
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
    ) -> Result<ListPage<Alert>, Fault> {
        tests.extend(visibility_tests(permit.caller()));
        let scope = permit.scope(&self.0.db);
        let rows = rows::page(&scope, &tests, sorted, request).await?;
        Ok(ListPage { rows, source: rows::source(scope.backend(), &tests) })
    }

    /// Reads an alert by ID, if the caller may see it.
    pub async fn find(&self, permit: &Permit<kind::AlertRead>, id: AlertId) -> Result<Option<Alert>, Fault> {
        let stored_alert = rows::alerts(&permit.scope(&self.0.db), &[id]).await?.pop();
        Ok(stored_alert.filter(|alert| can_see_alert(permit.caller(), alert)))
    }

    /// The rules that the caller may change, by kind and scope.
    pub async fn rules(&self, permit: &Permit<kind::AlertRuleWrite>) -> Result<Vec<Rule>, Fault> {
        let mut all_rules = rows::rules(&permit.scope(&self.0.db)).await?;
        all_rules.retain(|rule| covers(permit, rule));
        Ok(all_rules)
    }

    /// Reads a rule by ID, if the caller may change it.
    pub async fn rule(&self, permit: &Permit<kind::AlertRuleWrite>, id: AlertRuleId) -> Result<Option<Rule>, Fault> {
        let stored_rule = rows::rules_by_id(&permit.scope(&self.0.db), &[id]).await?.pop();
        Ok(stored_rule.filter(|rule| covers(permit, rule)))
    }
}
