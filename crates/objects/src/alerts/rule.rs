//! A rule as clients see it.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use macros::resolvers;
use platform::storage::Fault;
use services::alerts::core;

use super::enums::{AlertDigest, AlertKind};
use crate::{
    catalog::{Category, catalog_loaders},
    graphql::{
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{DateTime, Long, Quantity},
    },
    identity::{Member, find_member},
    orders::links::{self, Product, Store},
};

/// A rule's row.
#[derive(Clone)]
pub struct AlertRule(pub Arc<core::Rule>);

impl From<core::Rule> for AlertRule {
    fn from(rule: core::Rule) -> Self {
        Self(Arc::new(rule))
    }
}

crate::connection!(counted AlertRuleConnection, AlertRuleEdge, AlertRule, "rules for alerts");

/// Hours in which no e-mail is sent.
#[derive(Debug, Clone, SimpleObject)]
pub struct QuietHours {
    /// Time of day at which the quiet hours begin, such as 22:00.
    pub from: String,
    /// Time of day at which the quiet hours end, such as 07:00; on the next day when it is before
    /// the beginning.
    pub to: String,
}

/// A minute of the day as people write it.
fn time_of_day(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Rule for alerts of one kind: whether they are opened, at which threshold, and which recipients get an e-mail at which time. Among several
/// rules for the same place, the narrowest decides on opening and threshold; each of them notifies its own recipients.
#[resolvers(requires = AlertRuleWrite)]
impl AlertRule {
    /// ID of the rule.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Kind of alerts to which the rule applies.
    async fn kind(&self) -> AlertKind {
        self.0.kind.into()
    }
    /// Store that the rule is for. Null for all.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.0.scope.store?).await)
    }
    /// Category that the rule is for, with its descendants. Null for all.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.0.scope.category?;
        let find = async {
            let row = catalog_loaders(ctx)?.category(id).await?;
            row.map(Category).ok_or_else(|| TopError::from(Fault::corrupt("category", "what is referred to exists")))
        };
        Some(find.await)
    }
    /// Product that the rule is for. Null for all.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.0.scope.product?).await)
    }
    /// True if the alerts to which the rule applies are opened.
    async fn is_enabled(&self) -> bool {
        self.0.is_enabled
    }
    #[doc = services::alert_text!(rule_threshold)]
    async fn threshold(&self) -> Option<Quantity> {
        self.0.threshold.map(Quantity)
    }
    #[doc = services::alert_text!(rule_days)]
    async fn days(&self) -> Option<i32> {
        self.0.days
    }
    /// E-mail addresses that are notified.
    async fn emails(&self) -> &[String] {
        &self.0.emails
    }
    /// Members who are notified by e-mail, each about what they may see.
    async fn members(&self, ctx: &Context<'_>) -> Answer<Vec<Member>> {
        ctx.caller()?;
        let mut rule_members = Vec::with_capacity(self.0.members.len());
        for id in &self.0.members {
            rule_members.extend(find_member(ctx, *id).await?);
        }
        Ok(rule_members)
    }
    /// Hours in which no e-mail is sent; an e-mail waits for their end. Null for no quiet hours.
    async fn quiet_hours(&self) -> Option<QuietHours> {
        self.0.quiet.map(|quiet| QuietHours { from: time_of_day(quiet.from), to: time_of_day(quiet.to) })
    }
    /// IANA time zone of the rule's hours. Null for that of the alert's store, or of the tenant
    /// when the alert has no store.
    async fn time_zone(&self) -> Option<&str> {
        self.0.time_zone.as_deref()
    }
    /// Collection of the e-mails about alerts of this rule.
    async fn digest(&self) -> AlertDigest {
        self.0.digest.into()
    }
    /// Hour of the day at which a DAILY digest is sent, 0 to 23.
    async fn digest_hour(&self) -> i32 {
        self.0.digest_hour
    }
    /// Version of the rule: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time at which the rule was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Time of the last change of the rule.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
