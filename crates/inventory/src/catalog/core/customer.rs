//! Customers: the buyers of orders. `external_ref`, if set, is the caller's own key and unique in a
//! tenant.

use std::collections::{HashMap, HashSet};

use entity::prelude::{CustomerId, TenantId};
use serde::Serialize;

use super::{
    check::{Checker, MAX_NAME, input_path},
    command::{NewIdAndTime, Target},
    customer_details::{CustomerDetailsCommand, CustomerDetailsFields},
    goods,
    patch::Patch,
    rejection::{Problem, Rejection, Subject},
    verdict::{Verdict, find_target},
};

use entity::customer::CustomerDetails;

pub use super::text::country_code;
pub use entity::customer::Model as CustomerRow;

/// Erases all personal data. The country stays, for the reports that used it.
pub fn erase_command(target: Target<CustomerId>, checker: Checker) -> CustomerCommand {
    let (external_ref, name, email) = (Patch::Clear, Patch::Clear, Patch::Clear);
    let tags = Patch::Set(Vec::new());
    let fields = CustomerFields { external_ref, name, email, tags, ..CustomerFields::default() };
    let particulars = CustomerDetailsCommand::clear_all();
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
    #[serde(skip_serializing_if = "CustomerDetailsFields::is_empty")]
    pub particulars: CustomerDetailsFields,
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
    pub particulars: CustomerDetailsCommand,
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
        other => checker.optional_patch(other, |c, list| goods::check_tags(c, list)),
    };
    let particulars = fields.particulars.check(&mut checker);
    let fields = CustomerFields { external_ref, name, country, email, tags, particulars: CustomerDetailsFields::default() };
    let says_something = [&fields.external_ref, &fields.name, &fields.email].iter().any(|field| field.set().is_some());
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
    let (tags, particulars) = (NO_TAGS.to_owned(), CustomerDetails::default());
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
    pub seen_keys: HashSet<String>,
    /// Customers that rows of this call were for.
    pub touched: HashSet<CustomerId>,
    /// Customers that have merged ones which this call does not name.
    pub unnamed: HashSet<CustomerId>,
}

impl CustomerContext {
    pub fn decide(&mut self, command: &CustomerCommand, id_and_time: NewIdAndTime) -> Verdict<CustomerRow> {
        let mut problems = command.problems.clone();
        let requested_ref = command.fields.external_ref.set();
        let before = match &command.target {
            Target::New => None,
            Target::Key => requested_ref.and_then(|text| self.by_ref.get(text)).and_then(|id| self.find_survivor(*id)),
            Target::Id { id, expected_version } => {
                match find_target(self.rows.get(id), *expected_version, Subject::Customer, &command.problems) {
                    Ok(row) => Some(row),
                    Err(refusal) => return Verdict::Refused(refusal),
                }
            }
        };
        let before = before.cloned();
        problems.extend(before.as_ref().and_then(|row| self.refuse_merged(command, row)));
        let mut row = before.clone().unwrap_or_else(|| self.blank(id_and_time));
        if let Some(text) = requested_ref {
            if command.target == Target::Key && (self.seen_keys.contains(text) || self.touched.contains(&row.id)) {
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
        let is_described = row.name.is_some() || row.email.is_some() || row.particulars != CustomerDetails::default();
        row.is_lost &= command.purpose == CustomerAction::Describe && !is_described;
        let loses_identity = before.as_ref().is_some_and(is_identifiable) && !is_identifiable(&row);
        if loses_identity && command.purpose == CustomerAction::Describe {
            problems.push(Problem::at("name", Rejection::Required));
        }
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        if let Some(text) = requested_ref {
            self.seen_keys.insert(text.clone());
            self.touched.insert(row.id);
            self.by_ref.entry(text.clone()).or_insert(row.id);
        }
        match before {
            None => Verdict::Created(row),
            Some(before) if before == row => Verdict::Unchanged(row),
            Some(before) => {
                (row.version, row.updated_at) = (row.version + 1, id_and_time.now);
                Verdict::Updated { before, after: row }
            }
        }
    }

    /// Returns the customer itself, or its survivor if it is merged.
    fn find_survivor(&self, id: CustomerId) -> Option<&CustomerRow> {
        let row = self.rows.get(&id)?;
        row.merged_into.map_or(Some(row), |into| self.rows.get(&into).or(Some(row)))
    }

    /// Refuses a change of a merged customer, and an erasure whose command does not name all
    /// customers that are merged into the erased one.
    fn refuse_merged(&self, command: &CustomerCommand, row: &CustomerRow) -> Option<Problem> {
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

    fn blank(&self, id_and_time: NewIdAndTime) -> CustomerRow {
        CustomerRow {
            tenant_id: self.tenant,
            id: CustomerId::from_uuid(id_and_time.id),
            external_ref: None,
            name: None,
            country: None,
            email: None,
            version: 1,
            created_at: id_and_time.now,
            updated_at: id_and_time.now,
            merged_into: None,
            tags: NO_TAGS.to_owned(),
            archived_at: None,
            particulars: CustomerDetails::default(),
            is_lost: false,
        }
    }
}
