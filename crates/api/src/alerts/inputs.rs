//! The inputs of alerts' mutations.

use async_graphql::{ID, InputObject};
use entity::prelude;
use platform::path;
use services::alerts::{
    ActionRequest, RequestedAction, RuleFields, RuleRemoval,
    core::{Quiet, Scope},
};

use super::enums::{AlertDigest, AlertKind};
use crate::{
    catalog::{CategoryRef, ProductRef, StoreRef},
    graphql::{
        reading::InputErrors,
        scalars::{DateTime, Long, Quantity},
    },
    identity::MemberRef,
    references::Names,
};

/// A step of an alert.
#[derive(Debug, Clone, InputObject)]
pub struct AlertActionInput {
    /// The alert.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note that is kept with the alert in place of the previous one, at most 1,000 characters. Null leaves the note as it is.
    pub note: Option<String>,
}

/// An alert to be put off.
#[derive(Debug, Clone, InputObject)]
pub struct AlertSnoozeInput {
    /// The alert.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Time at which the alert is OPEN again; in the future, within a year.
    pub until: DateTime,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note that is kept with the alert in place of the previous one, at most 1,000 characters. Null leaves the note as it is.
    pub note: Option<String>,
}

/// An alert to be handed over.
#[derive(Debug, Clone, InputObject)]
pub struct AlertAssignInput {
    /// The alert.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `member`: its ID.
    #[graphql(deprecation = "2026-11-28: use member. Removed after 2027-11-28.")]
    pub member_id: Option<ID>,
    /// Member to assign: active, with the right to see the alert. Null removes the assignment, unless the deprecated
    /// `memberId` is given.
    pub member: Option<MemberRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Note that is kept with the alert in place of the previous one, at most 1,000 characters. Null leaves the note as it is.
    pub note: Option<String>,
}

/// Hours in which no e-mail is sent.
#[derive(Debug, Clone, InputObject)]
pub struct QuietHoursInput {
    /// Time of day at which the quiet hours begin, such as 22:00.
    pub from: String,
    /// Time of day at which the quiet hours end, such as 07:00; on the next day when it is before
    /// the beginning.
    pub to: String,
}

/// Rule for alerts of a kind, everywhere or in a store, for all products or some.
#[derive(Debug, Clone, InputObject)]
pub struct AlertRuleUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Kind of alerts to which the rule applies.
    pub kind: AlertKind,
    /// Deprecated form of `store`: its ID.
    #[graphql(deprecation = "2026-11-26: use store. Removed after 2027-11-26.")]
    pub store_id: Option<ID>,
    /// Store that the rule is for. Null for all. Not for NEGATIVE_MARGIN, SAVED_VIEW_SCHEDULE_FAILED and EXPORT_SCHEDULE_FAILED.
    pub store: Option<StoreRef>,
    /// Deprecated form of `category`: its ID.
    #[graphql(deprecation = "2026-11-26: use category. Removed after 2027-11-26.")]
    pub category_id: Option<ID>,
    /// Category that the rule is for, with its descendants. Null for all. Not together with a product.
    pub category: Option<CategoryRef>,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// Product that the rule is for. Null for all.
    pub product: Option<ProductRef>,
    /// True if the alerts to which the rule applies are opened and notified. Default true.
    #[graphql(default = true)]
    pub is_enabled: bool,
    #[doc = services::alert_text!(set_threshold)]
    pub threshold: Option<Quantity>,
    #[doc = services::alert_text!(set_days)]
    pub days: Option<i32>,
    /// E-mail addresses to notify, at most 20. Empty by default.
    #[graphql(default)]
    pub emails: Vec<String>,
    /// Deprecated form of `members`: their IDs.
    #[graphql(default, deprecation = "2026-11-28: use members. Removed after 2027-11-28.")]
    pub member_ids: Vec<ID>,
    /// Members to notify by e-mail, each about what they may see; at most 20. Null for none.
    pub members: Option<Vec<MemberRef>>,
    /// Hours in which no e-mail is sent; an e-mail waits for their end. No quiet hours when omitted.
    pub quiet_hours: Option<QuietHoursInput>,
    /// IANA time zone of the rule's hours. Null for that of the alert's store.
    pub time_zone: Option<String>,
    /// Collection of the e-mails about alerts of this rule. Default NONE.
    #[graphql(default_with = "AlertDigest::None")]
    pub digest: AlertDigest,
    /// Hour of the day at which a DAILY digest is sent, 0 to 23. Default 8.
    #[graphql(default = 8)]
    pub digest_hour: i32,
}

/// A rule that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct AlertRuleDeleteInput {
    /// The rule.
    pub id: ID,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
}

impl AlertActionInput {
    /// Converts the input to the shell's command, for a step without further input.
    pub fn read(self, action: RequestedAction, reader: &mut InputErrors) -> ActionRequest {
        ActionRequest {
            idempotency_key: self.idempotency_key,
            alert: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
            what: action,
        }
    }
}

impl AlertSnoozeInput {
    /// Converts the input to the shell's command.
    pub fn read(self, reader: &mut InputErrors) -> ActionRequest {
        let Self { id, idempotency_key, until, expected_version, note } = self;
        AlertActionInput { id, idempotency_key, expected_version, note }.read(RequestedAction::Snooze { until: until.0 }, reader)
    }
}

impl AlertAssignInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).optional(("member", self.member.take()), ("memberId", &mut self.member_id))
    }
    /// Converts the input to the shell's command.
    pub fn read(self, reader: &mut InputErrors) -> ActionRequest {
        let member = reader.id_opt(self.member_id.as_ref(), || path!["input", "memberId"]);
        let Self { id, idempotency_key, expected_version, note, .. } = self;
        AlertActionInput { id, idempotency_key, expected_version, note }.read(RequestedAction::Assign { member }, reader)
    }
}

/// Parses a time such as `07:30` into the minute of the day.
fn parse_minute(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits =
        |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i32>().ok())?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

impl AlertRuleUpsertInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("store", self.store.take()), ("storeId", &mut self.store_id))
            .optional(("category", self.category.take()), ("categoryId", &mut self.category_id))
            .optional(("product", self.product.take()), ("productId", &mut self.product_id))
            .or_empty(("members", self.members.take()), ("memberIds", &mut self.member_ids))
    }
    /// Converts the input to the fields of the shell's rule.
    pub fn read(self, reader: &mut InputErrors) -> RuleFields {
        let quiet = self.quiet_hours.and_then(|hours| {
            let times = [(&hours.from, "from"), (&hours.to, "to")].map(|(text, name)| {
                let time_of_day = parse_minute(text);
                if text.trim().is_empty() {
                    reader.required("a time of day is needed, as in 07:30", || path!["input", "quietHours", name]);
                } else if time_of_day.is_none() {
                    reader.invalid("a time of day is expected, as in 07:30", || path!["input", "quietHours", name]);
                }
                time_of_day
            });
            Some(Quiet { from: times[0]?, to: times[1]? })
        });
        let members: Vec<prelude::MemberId> =
            self.member_ids.iter().enumerate().map(|(index, id)| reader.id(id, || path!["input", "memberIds", index])).collect();
        RuleFields {
            idempotency_key: self.idempotency_key,
            kind: self.kind.into(),
            scope: Scope {
                store: reader.id_opt(self.store_id.as_ref(), || path!["input", "storeId"]),
                category: reader.id_opt(self.category_id.as_ref(), || path!["input", "categoryId"]),
                product: reader.id_opt(self.product_id.as_ref(), || path!["input", "productId"]),
            },
            is_enabled: self.is_enabled,
            threshold: self.threshold.map(|threshold| threshold.0),
            days: self.days,
            emails: self.emails.into_iter().map(|email| email.trim().to_owned()).collect(),
            members,
            quiet,
            time_zone: self.time_zone,
            digest: self.digest.into(),
            digest_hour: self.digest_hour,
        }
    }
}

impl AlertRuleDeleteInput {
    /// Converts the input to the shell's command.
    pub fn read(self, reader: &mut InputErrors) -> RuleRemoval {
        RuleRemoval { idempotency_key: self.idempotency_key, id: reader.id(&self.id, || path!["input", "id"]) }
    }
}
