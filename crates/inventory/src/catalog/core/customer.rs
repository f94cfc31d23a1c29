//! Customers: the buyers of orders. `external_ref`, if set, is the caller's own key and unique in a
//! tenant.

use std::collections::{HashMap, HashSet};

use entity::prelude::{CustomerId, TenantId};
use serde::Serialize;

use super::{
    check::{Checker, MAX_NAME, input_path},
    command::{NewIdAndTime, Target},
    customer_details::{ParticularsCommand, ParticularsFields},
    goods,
    patch::Patch,
    rejection::{Problem, Rejection, Subject},
    verdict::{Verdict, found},
};

use entity::customer::Particulars;

pub use super::text::country_code;
pub use entity::customer::Model as CustomerRow;

/// Erases all personal data. The country stays, for the reports that used it.
pub fn erase_command(target: Target<CustomerId>, checker: Checker) -> CustomerCommand {
    let (external_ref, name, email) = (Patch::Clear, Patch::Clear, Patch::Clear);
    let tags = Patch::Set(Vec::new());
    let fields = CustomerFields { external_ref, name, email, tags, ..CustomerFields::default() };
    let particulars = ParticularsCommand::none();
    CustomerCommand { target, purpose: CustomerAction::Forget, fields, particulars, problems: checker.problems }
}

/// A customer as callers describe it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CustomerFields {
    pub external_ref: Patch<String>,
    pub name: Patch<String>,
    pub country: Patch<String>,
    pub email: Patch<String>,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub tags: Patch<Vec<String>>,
    #[serde(skip_serializing_if = "ParticularsFields::is_empty")]
    pub particulars: ParticularsFields,
}

/// Kind of a customer command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerAction {
    /// Writes fields; the customer needs something that identifies them.
    Describe,
    Forget,
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct CustomerCommand {
    pub target: Target<CustomerId>,
    pub purpose: CustomerAction,
    /// All fields but the particulars.
    pub fields: CustomerFields,
    pub particulars: ParticularsCommand,
    pub problems: Vec<Problem>,
}

pub const MAX_COUNTRY: usize = 64;
/// The tags of a customer without any.
const NO_TAGS: &str = "[]";

/// The tags of a customer's row.
pub fn tags_of(row: &CustomerRow) -> Vec<String> {
    serde_json::from_str(&row.tags).unwrap_or_default()
}

pub fn check(target: Target<CustomerId>, fields: &CustomerFields, mut checker: Checker) -> CustomerCommand {
    let external_ref =
        checker.optional_patch(&fields.external_ref, |c, value| c.line(input_path!["externalRef"], value, MAX_NAME));
    let name = checker.optional_patch(&fields.name, |c, value| c.line(input_path!["name"], value, MAX_NAME));
    let country =
        checker.optional_patch(&fields.country, |c, value| c.line(input_path!["country"], value, MAX_COUNTRY).map(country_code));
    let email = checker.optional_patch(&fields.email, |c, value| c.email(input_path!["email"], value));
    let tags = match &fields.tags {
        Patch::Clear => Patch::Set(Vec::new()),
        other => checker.optional_patch(other, |c, list| goods::tags(c, list)),
    };
    let particulars = fields.particulars.check(&mut checker);
    let fields = CustomerFields { external_ref, name, country, email, tags, particulars: ParticularsFields::default() };
    let says_something = [&fields.external_ref, &fields.name, &fields.email].iter().any(|f| f.set().is_some());
    if target == Target::New && !says_something && checker.problems.is_empty() {
        checker.refuse(input_path!["name"], Rejection::Required);
    }
    if target == Target::Key && fields.external_ref.set().is_none() && checker.problems.is_empty() {
        checker.refuse(input_path!["externalRef"], Rejection::Required);
    }
    CustomerCommand { target, purpose: CustomerAction::Describe, fields, particulars, problems: checker.problems }
}

/// Whether anything tells who it is.
fn is_identifiable(row: &CustomerRow) -> bool {
    row.is_known()
}

/// Returns the row without personal data, for callers that may not see who the customer is.
pub fn without_personal_data(row: CustomerRow) -> CustomerRow {
    let (tags, particulars) = (NO_TAGS.to_owned(), Particulars::default());
    CustomerRow {
        external_ref: None,
        name: None,
        country: None,
        email: None,
        tags,
        archived_at: None,
        particulars,
        is_lost: false,
        ..row
    }
}

/// Database state for a call's customers.
#[derive(Debug)]
pub struct CustomerContext {
    pub tenant: TenantId,
    pub rows: HashMap<CustomerId, CustomerRow>,
    pub by_ref: HashMap<String, CustomerId>,
    pub seen: HashSet<String>,
    /// Customers that rows of this call were for.
    pub touched: HashSet<CustomerId>,
    /// Customers that have merged ones which this call does not name.
    pub unnamed: HashSet<CustomerId>,
}

impl CustomerContext {
    pub fn decide(&mut self, command: &CustomerCommand, fresh: NewIdAndTime) -> Verdict<CustomerRow> {
        let mut problems = command.problems.clone();
        let wanted = command.fields.external_ref.set();
        let before = match &command.target {
            Target::New => None,
            Target::Key => wanted.and_then(|text| self.by_ref.get(text)).and_then(|id| self.survivor(*id)),
            Target::Id { id, expected_version } => {
                match found(self.rows.get(id), *expected_version, Subject::Customer, &command.problems) {
                    Ok(row) => Some(row),
                    Err(refusal) => return Verdict::Refused(refusal),
                }
            }
        };
        let before = before.cloned();
        problems.extend(before.as_ref().and_then(|row| self.merged(command, row)));
        let mut row = before.clone().unwrap_or_else(|| self.blank(fresh));
        if let Some(text) = wanted {
            if command.target == Target::Key && (self.seen.contains(text) || self.touched.contains(&row.id)) {
                problems.push(Problem::at("externalRef", Rejection::Repeated(Subject::ExternalRef)));
            } else if command.target != Target::Key && self.by_ref.get(text).is_some_and(|owner| *owner != row.id) {
                problems.push(Problem::at("externalRef", Rejection::Taken(Subject::ExternalRef)));
            }
        }
        let CustomerFields { external_ref, name, country, email, tags, .. } = &command.fields;
        // A bulk row with the reference of a merged customer is for its survivor, which keeps its
        // own reference.
        if command.target != Target::Key || before.is_none() {
            external_ref.apply(&mut row.external_ref);
        }
        name.apply(&mut row.name);
        country.apply(&mut row.country);
        email.apply(&mut row.email);
        if let Some(tags) = tags.set() {
            row.tags = serde_json::Value::from(tags.clone()).to_string();
        }
        command.particulars.apply(&mut row.particulars);
        let says_who = row.name.is_some() || row.email.is_some() || row.particulars != Particulars::default();
        row.is_lost &= command.purpose == CustomerAction::Describe && !says_who;
        let loses_all = before.as_ref().is_some_and(is_identifiable) && !is_identifiable(&row);
        if loses_all && command.purpose == CustomerAction::Describe {
            problems.push(Problem::at("name", Rejection::Required));
        }
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        if let Some(text) = wanted {
            self.seen.insert(text.clone());
            self.touched.insert(row.id);
            self.by_ref.entry(text.clone()).or_insert(row.id);
        }
        match before {
            None => Verdict::Created(row),
            Some(before) if before == row => Verdict::Unchanged(row),
            Some(before) => {
                (row.version, row.updated_at) = (row.version + 1, fresh.now);
                Verdict::Updated { before, after: row }
            }
        }
    }

    /// Returns the customer itself, or its survivor if it is merged.
    fn survivor(&self, id: CustomerId) -> Option<&CustomerRow> {
        let row = self.rows.get(&id)?;
        row.merged_into.map_or(Some(row), |into| self.rows.get(&into).or(Some(row)))
    }

    /// Refuses a change of a merged customer, and an erasure whose command does not name all
    /// customers that are merged into the erased one.
    fn merged(&self, command: &CustomerCommand, row: &CustomerRow) -> Option<Problem> {
        match command.purpose {
            CustomerAction::Describe => {
                let into = row.merged_into?.to_string();
                let at = if command.target == Target::Key { "externalRef" } else { "id" };
                Some(Problem::at(at, Rejection::MergedInto { what: Subject::Customer, into }))
            }
            CustomerAction::Forget if self.unnamed.contains(&row.id) => {
                Some(Problem::at("expectedVersion", Rejection::Stale { actual: row.version }))
            }
            CustomerAction::Forget => None,
        }
    }

    fn blank(&self, fresh: NewIdAndTime) -> CustomerRow {
        CustomerRow {
            tenant_id: self.tenant,
            id: CustomerId::from_uuid(fresh.id),
            external_ref: None,
            name: None,
            country: None,
            email: None,
            version: 1,
            created_at: fresh.now,
            updated_at: fresh.now,
            merged_into: None,
            tags: NO_TAGS.to_owned(),
            archived_at: None,
            particulars: Particulars::default(),
            is_lost: false,
        }
    }
}
