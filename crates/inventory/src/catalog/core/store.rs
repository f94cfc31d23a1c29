//! Stores: places that hold stock. A store is archived, never deleted, and only when nothing is
//! left in it.

use entity::prelude::{StoreId, StoreKind};
use serde::Serialize;

use super::{
    anomaly_limits::{self, AnomalyLimits},
    check::{Checker, Code, MAX_NAME, input_path},
    command::{NewIdAndTime, Target},
    company::{ContactColumns, ReachFields, TermsColumns, TermsFields},
    handling::{self, HandlingTime},
    patch::Patch,
    rejection::{Form, Problem, Rejection, RowUsage, Subject},
    verdict::{Verdict, find_target},
};

pub use entity::store::Model as StoreRow;

/// A store as callers describe it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StoreFields {
    pub code: Patch<String>,
    pub name: Patch<String>,
    pub kind: Patch<StoreKind>,
    pub time_zone: Patch<String>,
    pub life: Life,
    #[serde(skip_serializing_if = "ReachFields::is_empty")]
    pub reach: ReachFields,
    #[serde(skip_serializing_if = "TermsFields::is_empty")]
    pub terms: TermsFields,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub handling_time: Patch<HandlingTime>,
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub anomaly_limits: Patch<AnomalyLimits>,
}

/// Whether a store is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum Life {
    #[default]
    AsItIs,
    Archive,
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct StoreCommand {
    pub target: Target<StoreId>,
    pub code: Patch<Code>,
    pub name: Patch<String>,
    pub kind: Patch<StoreKind>,
    pub time_zone: Patch<String>,
    pub life: Life,
    pub reach: ContactColumns,
    pub terms: TermsColumns,
    /// The text of the column.
    pub handling_time: Patch<String>,
    /// The text of the column.
    pub anomaly_limits: Patch<String>,
    pub problems: Vec<Problem>,
}

/// Checks the fields. `is_time_zone` reports whether a name is in the IANA database.
pub fn check(
    target: Target<StoreId>,
    fields: &StoreFields,
    mut checker: Checker,
    is_time_zone: fn(&str) -> bool,
) -> StoreCommand {
    let code = checker.required_patch("code", &fields.code, |c, value| c.code(input_path!["code"], value));
    let name = checker.required_patch("name", &fields.name, |c, value| c.line(input_path!["name"], value, MAX_NAME));
    let kind = checker.required_patch("kind", &fields.kind, |_, kind| Some(*kind));
    let time_zone = checker.required_patch("timeZone", &fields.time_zone, |c, value| {
        c.check_form(input_path!["timeZone"], value.trim().to_owned(), Form::TimeZone, is_time_zone)
    });
    let (reach, terms) = (fields.reach.check(&mut checker), fields.terms.check(&mut checker));
    let handling_time = match &fields.handling_time {
        Patch::Clear => Patch::Set(HandlingTime::NONE.to_owned()),
        other => checker.optional_patch(other, handling::check_and_serialize),
    };
    let anomaly_limits = match &fields.anomaly_limits {
        Patch::Clear => Patch::Set(AnomalyLimits::NONE.to_owned()),
        other => checker.optional_patch(other, anomaly_limits::check_and_serialize),
    };
    let (life, problems) = (fields.life, checker.problems);
    StoreCommand { target, code, name, kind, time_zone, life, reach, terms, handling_time, anomaly_limits, problems }
}

/// Database state that a store's command is decided on.
#[derive(Debug)]
pub struct StoreContext {
    pub row: Option<StoreRow>,
    /// Store that has the code of the command.
    pub code_owner: Option<StoreId>,
    /// The tenant, whose time zone a store has by default.
    pub tenant: entity::prelude::TenantId,
    pub tenant_zone: String,
    /// Remaining uses of the store, which prevent archiving.
    pub uses: Vec<RowUsage>,
}

impl StoreContext {
    pub fn decide(&self, command: &StoreCommand, id_and_time: NewIdAndTime) -> Verdict<StoreRow> {
        let mut problems = command.problems.clone();
        let before = match &command.target {
            Target::Id { expected_version, .. } => {
                match find_target(self.row.as_ref(), *expected_version, Subject::Store, &command.problems) {
                    Ok(row) => Some(row),
                    Err(refusal) => return Verdict::Refused(refusal),
                }
            }
            _ => None,
        };
        let mut row = before.cloned().unwrap_or_else(|| self.blank(id_and_time));
        if let Patch::Set(code) = &command.code {
            if self.code_owner.is_some_and(|owner| owner != row.id) {
                problems.push(Problem::at("code", Rejection::Taken(Subject::Code)));
            }
            (row.code, row.code_key) = (code.text.clone(), code.key.clone());
        }
        command.name.apply_value(&mut row.name);
        command.kind.apply_value(&mut row.kind);
        command.time_zone.apply_value(&mut row.time_zone);
        command.reach.apply(&mut row.contacts, &mut row.address);
        command.terms.apply(&mut row.tax_ids, &mut row.payment_terms);
        command.handling_time.apply_value(&mut row.handling_time);
        command.anomaly_limits.apply_value(&mut row.anomaly_limits);
        if command.life == Life::Archive && row.archived_at.is_none() {
            if !self.uses.is_empty() {
                problems.push(Problem::at("id", Rejection::InUse(self.uses.clone())));
            }
            row.archived_at = Some(id_and_time.now);
        }
        match before {
            _ if !problems.is_empty() => Verdict::refused(problems),
            None => Verdict::Created(row),
            Some(before) if *before == row => Verdict::Unchanged(row),
            Some(before) => {
                (row.version, row.updated_at) = (row.version + 1, id_and_time.now);
                Verdict::Updated { before: before.clone(), after: row }
            }
        }
    }

    fn blank(&self, id_and_time: NewIdAndTime) -> StoreRow {
        StoreRow {
            tenant_id: self.tenant,
            id: StoreId::from_uuid(id_and_time.id),
            code: String::new(),
            code_key: String::new(),
            name: String::new(),
            kind: StoreKind::Shop,
            time_zone: self.tenant_zone.clone(),
            archived_at: None,
            version: 1,
            created_at: id_and_time.now,
            updated_at: id_and_time.now,
            contacts: "[]".to_owned(),
            address: None,
            tax_ids: "[]".to_owned(),
            payment_terms: None,
            handling_time: HandlingTime::NONE.to_owned(),
            anomaly_limits: AnomalyLimits::NONE.to_owned(),
        }
    }
}
