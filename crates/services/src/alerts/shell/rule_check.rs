//! Validates the fields of a rule without reading the database.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::{clock, path, stages::Refusals, storage::idempotency};

use super::{refusal::AlertRefusal, rules::RuleFields};
use crate::alerts::core::{InvalidAddress, MAX_DAYS, MAX_EMAIL, MAX_RECIPIENTS, Quiet, accepted_fields, check_address};

/// Minutes of a day.
const MINUTES_PER_DAY: i32 = 1_440;

fn invalid(message: impl Into<String>, name: &str) -> AlertRefusal {
    AlertRefusal::Invalid { message: message.into(), field: path!["input", name] }
}
fn out_of_range(message: impl Into<String>, name: &str) -> AlertRefusal {
    AlertRefusal::OutOfRange { message: message.into(), field: path!["input", name] }
}

impl RuleFields {
    /// Refuses fields of a wrong form.
    pub(super) fn check_shape(&self, refusals: &mut Refusals<AlertRefusal>) {
        if let Err(error) = idempotency::check_key(&self.idempotency_key) {
            refusals.add(AlertRefusal::BadKey(error));
        }
        for (count, name) in [(self.emails.len(), "emails"), (self.members.len(), "memberIds")] {
            if count > MAX_RECIPIENTS {
                let message = format!("at most {MAX_RECIPIENTS} are notified by one rule");
                refusals.add(AlertRefusal::LimitExceeded { message, field: path!["input", name] });
            }
        }
        for (index, email) in self.emails.iter().enumerate().take(MAX_RECIPIENTS) {
            let field = path!["input", "emails", index];
            match check_address(email) {
                Ok(()) => {}
                Err(InvalidAddress::Missing) => refusals.add(AlertRefusal::Required { field }),
                Err(InvalidAddress::TooLong) => refusals.add(AlertRefusal::TooLong { most: MAX_EMAIL, field }),
                Err(InvalidAddress::Invalid) => {
                    let message = "an e-mail address is expected, as in ada@example.com".to_owned();
                    refusals.add(AlertRefusal::Malformed { message, field });
                }
            }
        }
        if self.time_zone.as_deref().is_some_and(|zone| !clock::is_time_zone(zone)) {
            let message = "an IANA time zone is expected, as in Europe/London".to_owned();
            refusals.add(AlertRefusal::Malformed { message, field: path!["input", "timeZone"] });
        }
    }

    /// Refuses fields that do not fit the kind, each other, or the permit.
    pub(super) fn check_values(&self, permit: &Permit<kind::AlertRuleWrite>, refusals: &mut Refusals<AlertRefusal>) {
        let [store, goods, threshold, days] = accepted_fields(self.kind);
        let fields = [
            (self.scope.store.is_some(), store, "storeId"),
            (self.scope.category.is_some(), goods, "categoryId"),
            (self.scope.product.is_some(), goods, "productId"),
            (self.threshold.is_some(), threshold, "threshold"),
            (self.days.is_some(), days, "days"),
        ];
        for (_, _, name) in fields.into_iter().filter(|(is_given, is_taken, _)| *is_given && !is_taken) {
            refusals.add(invalid(format!("a rule for {} does not take this", self.kind), name));
        }
        if self.scope.store.is_none() && permit.reach() != Reach::Everywhere {
            let message = "your rules are for your stores: name one of them".to_owned();
            refusals.add(AlertRefusal::NotEverywhere { message, field: path!["input", "storeId"] });
        }
        if goods && self.scope.category.is_some() && self.scope.product.is_some() {
            refusals.add(invalid("a rule is for a category or for a product, not for both", "productId"));
        }
        if threshold && self.threshold.is_some_and(Quantity::is_negative) {
            refusals.add(out_of_range("a quantity of 0 or more is expected", "threshold"));
        }
        if days && self.days.is_some_and(|days| !(0..=MAX_DAYS).contains(&days)) {
            refusals.add(out_of_range(format!("0 to {MAX_DAYS} days are expected"), "days"));
        }
        match self.quiet {
            Some(Quiet { from, to }) if !(0..MINUTES_PER_DAY).contains(&from) || !(0..MINUTES_PER_DAY).contains(&to) => {
                refusals.add(out_of_range("times from 00:00 to 23:59 are expected", "quietHours"));
            }
            Some(Quiet { from, to }) if from == to => {
                let message = "the quiet hours begin and end at the same time: leave them out, or disable the rule";
                refusals.add(invalid(message, "quietHours"));
            }
            _ => {}
        }
        if !(0..24).contains(&self.digest_hour) {
            refusals.add(out_of_range("an hour from 0 to 23 is expected", "digestHour"));
        }
    }
}
