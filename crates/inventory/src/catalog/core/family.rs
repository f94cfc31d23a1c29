//! Product families: variants are products of one family that differ by the values of its options.

use entity::prelude::{FamilyId, TenantId};
use serde::Serialize;

use super::{
    check::{Checker, MAX_NAME, input_path},
    command::NewIdAndTime,
    rejection::{Problem, Rejection, Subject},
    text,
    verdict::Verdict,
};

pub use entity::product_family::Model as FamilyRow;

/// A family as callers describe it.
#[derive(Debug, Clone, Serialize)]
pub struct FamilyFields {
    pub name: String,
    pub option_names: Vec<String>,
}

/// A checked command: families are only created.
#[derive(Debug, Clone)]
pub struct FamilyCommand {
    pub name: Option<String>,
    pub option_names: Vec<String>,
    pub problems: Vec<Problem>,
}

pub const MAX_OPTIONS: usize = 10;
pub const MAX_OPTION_LENGTH: usize = 100;

pub fn check(fields: &FamilyFields) -> FamilyCommand {
    let mut checker = Checker::default();
    let name = checker.line(input_path!["name"], &fields.name, MAX_NAME);
    if fields.option_names.is_empty() {
        checker.refuse(input_path!["optionNames"], Rejection::Required);
    }
    if fields.option_names.len() > MAX_OPTIONS {
        checker.refuse(input_path!["optionNames"], Rejection::TooMany { most: MAX_OPTIONS });
    }
    let mut option_names: Vec<String> = Vec::new();
    for (index, option) in fields.option_names.iter().take(MAX_OPTIONS).enumerate() {
        let Some(option) = checker.line(input_path!["optionNames", index], option, MAX_OPTION_LENGTH) else { continue };
        if option_names.iter().any(|existing_name| text::fold(existing_name) == text::fold(&option)) {
            checker.refuse(input_path!["optionNames", index], Rejection::Repeated(Subject::OptionName));
        }
        option_names.push(option);
    }
    FamilyCommand { name, option_names, problems: checker.problems }
}

/// Creates the family; no other row can prevent it.
pub fn decide(tenant: TenantId, command: &FamilyCommand, id_and_time: NewIdAndTime) -> Verdict<FamilyRow> {
    match &command.name {
        Some(name) if command.problems.is_empty() => Verdict::Created(FamilyRow {
            tenant_id: tenant,
            id: FamilyId::from_uuid(id_and_time.id),
            name: name.clone(),
            option_names: serde_json::Value::from(command.option_names.clone()).to_string(),
            archived_at: None,
            version: 1,
            created_at: id_and_time.now,
            updated_at: id_and_time.now,
        }),
        _ => Verdict::refused(command.problems.clone()),
    }
}

/// The names in the column. None when it does not hold a list of texts.
pub fn option_names(column: &str) -> Option<Vec<String>> {
    serde_json::from_str(column).ok()
}
