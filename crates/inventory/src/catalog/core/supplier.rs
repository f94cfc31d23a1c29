//! Suppliers: the sellers of products.

use std::collections::{HashMap, HashSet};

use entity::prelude::{Money, SupplierId, TenantId};
use serde::Serialize;

use super::{
    calendar::{self, SupplierCalendar},
    check::{Checker, Code, MAX_NAME, MoneyText, input_path},
    command::{NewIdAndTime, Target},
    company::{ContactColumns, ReachFields, TermsColumns, TermsFields},
    patch::Patch,
    rejection::{Problem, Rejection, Subject},
    verdict::{Verdict, find_target},
};

pub use entity::supplier::Model as SupplierRow;

/// A supplier as callers describe it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SupplierFields {
    pub code: Patch<String>,
    pub name: Patch<String>,
    pub lead_time_days: Patch<i32>,
    pub email: Patch<String>,
    #[serde(skip_serializing_if = "ReachFields::is_empty")]
    pub reach: ReachFields,
    #[serde(skip_serializing_if = "TermsFields::is_empty")]
    pub terms: TermsFields,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub minimum_order: Patch<MoneyText>,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub calendar: Patch<SupplierCalendar>,
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct SupplierCommand {
    pub target: Target<SupplierId>,
    pub code: Patch<Code>,
    pub name: Patch<String>,
    pub lead_time_days: Patch<i32>,
    pub email: Patch<String>,
    pub reach: ContactColumns,
    pub terms: TermsColumns,
    /// Above 0.
    pub minimum_order: Patch<Money>,
    /// The text of the column.
    pub calendar: Patch<String>,
    pub problems: Vec<Problem>,
}

/// Ten years: anything longer is a typing error.
const MAX_LEAD_TIME_DAYS: i64 = 3_650;

pub fn check(target: Target<SupplierId>, fields: &SupplierFields, mut checker: Checker) -> SupplierCommand {
    let code = checker.required_patch("code", &fields.code, |c, value| c.code(input_path!["code"], value));
    let name = checker.required_patch("name", &fields.name, |c, value| c.line(input_path!["name"], value, MAX_NAME));
    let lead_time_days = checker.optional_patch(&fields.lead_time_days, |c, days| {
        c.range(input_path!["leadTimeDays"], i64::from(*days), 0, MAX_LEAD_TIME_DAYS).map(|days| days as i32)
    });
    let email = checker.optional_patch(&fields.email, |c, value| c.email(input_path!["email"], value));
    let (reach, terms) = (fields.reach.check(&mut checker), fields.terms.check(&mut checker));
    let minimum_order = match checker.optional_patch(&fields.minimum_order, |c, value| c.money("minimumOrderValue", value)) {
        // A minimum of zero is no minimum.
        Patch::Set(money) if money.minor == 0 => Patch::Clear,
        other => other,
    };
    let calendar = match &fields.calendar {
        Patch::Set(new_calendar) if new_calendar.is_any_day() => Patch::Clear,
        other => checker.optional_patch(other, calendar::check_and_serialize),
    };
    let problems = checker.problems;
    SupplierCommand { target, code, name, lead_time_days, email, reach, terms, minimum_order, calendar, problems }
}

/// Database state for a call's suppliers, with the call's decisions so far applied.
#[derive(Debug)]
pub struct SupplierContext {
    pub tenant: TenantId,
    pub rows: HashMap<SupplierId, SupplierRow>,
    /// By folded code.
    pub by_code: HashMap<String, SupplierId>,
    /// Codes of this call's rows.
    pub seen_keys: HashSet<String>,
}

impl SupplierContext {
    pub fn decide(&mut self, command: &SupplierCommand, id_and_time: NewIdAndTime) -> Verdict<SupplierRow> {
        let mut problems = command.problems.clone();
        let before = match &command.target {
            Target::Id { expected_version, .. } => {
                let existing_row = command.target.id().and_then(|id| self.rows.get(&id));
                match find_target(existing_row, *expected_version, Subject::Supplier, &command.problems) {
                    Ok(row) => Some(row),
                    Err(refusal) => return Verdict::Refused(refusal),
                }
            }
            Target::Key => command.code.set().and_then(|code| self.by_code.get(&code.key)).and_then(|id| self.rows.get(id)),
            Target::New => None,
        }
        .cloned();
        if let Some(into) = before.as_ref().and_then(|row| row.merged_into) {
            let at = if command.target == Target::Key { "code" } else { "id" };
            problems.push(Problem::at(at, Rejection::MergedInto { what: Subject::Supplier, into: into.to_string() }));
        }
        let mut row = before.clone().unwrap_or_else(|| self.blank(id_and_time));
        if command.target == Target::Key && command.code.is_keep() && problems.is_empty() {
            problems.push(Problem::at("code", Rejection::Required));
        }
        if command.target == Target::Key
            && before.is_none()
            && command.name.is_keep()
            && problems.iter().all(|p| p.at != ["name"])
        {
            problems.push(Problem::at("name", Rejection::Required));
        }
        if let Patch::Set(code) = &command.code {
            if command.target == Target::Key && self.seen_keys.contains(&code.key) {
                problems.push(Problem::at("code", Rejection::Repeated(Subject::Code)));
            } else if self.by_code.get(&code.key).is_some_and(|owner| *owner != row.id) {
                problems.push(Problem::at("code", Rejection::Taken(Subject::Code)));
            }
            // A bulk row finds its supplier by code in any case of letters, which is no request to
            // change the code's case.
            if command.target != Target::Key || row.code_key != code.key {
                (row.code, row.code_key) = (code.text.clone(), code.key.clone());
            }
        }
        command.name.apply_value(&mut row.name);
        command.lead_time_days.apply(&mut row.lead_time_days);
        command.email.apply(&mut row.email);
        command.reach.apply(&mut row.contacts, &mut row.address);
        command.terms.apply(&mut row.tax_ids, &mut row.payment_terms);
        let mut minimum_order = row.minimum_order();
        command.minimum_order.apply(&mut minimum_order);
        row.minimum_order_minor = minimum_order.map(|money| money.minor);
        row.minimum_order_currency = minimum_order.map(|money| money.currency.to_string());
        command.calendar.apply(&mut row.calendar);
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        self.seen_keys.extend(command.code.set().map(|code| code.key.clone()));
        match before {
            None => {
                self.insert_supplier(&row);
                Verdict::Created(row)
            }
            Some(before) if before == row => Verdict::Unchanged(row),
            Some(before) => {
                (row.version, row.updated_at) = (row.version + 1, id_and_time.now);
                self.by_code.remove(&before.code_key);
                self.insert_supplier(&row);
                Verdict::Updated { before, after: row }
            }
        }
    }

    fn insert_supplier(&mut self, row: &SupplierRow) {
        self.by_code.insert(row.code_key.clone(), row.id);
        self.rows.insert(row.id, row.clone());
    }

    fn blank(&self, id_and_time: NewIdAndTime) -> SupplierRow {
        SupplierRow {
            tenant_id: self.tenant,
            id: SupplierId::from_uuid(id_and_time.id),
            code: String::new(),
            code_key: String::new(),
            name: String::new(),
            lead_time_days: None,
            email: None,
            archived_at: None,
            version: 1,
            created_at: id_and_time.now,
            updated_at: id_and_time.now,
            contacts: "[]".to_owned(),
            address: None,
            tax_ids: "[]".to_owned(),
            payment_terms: None,
            merged_into: None,
            minimum_order_minor: None,
            minimum_order_currency: None,
            calendar: None,
        }
    }
}
