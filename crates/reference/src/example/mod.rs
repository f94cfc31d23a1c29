//! An example for each root field: a whole operation with its variables.

mod answers;
mod calls;
mod names;
mod selection;
mod values;

use crate::{
    directives::Access,
    json::Json,
    operation::Operation,
    schema::{Field, Schema, base},
};
pub use answers::Answer;
pub use calls::Calls;
use selection::Selector;
use values::Values;

/// A whole operation of one root field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub operation: Operation,
    pub field: String,
    /// The document in GraphQL, with one named operation.
    pub document: String,
    /// The variables as a JSON object: each required argument, and `first` of pages.
    pub variables: String,
    /// The same call by curl: a command for a shell.
    pub curl: String,
    /// The same call by the clients; `None` for a stream that they have no method for.
    pub calls: Option<Calls>,
    /// Recorded response of a server; `None` if nothing is recorded yet.
    pub answer: Option<Answer>,
    /// The same call as a dry run; `None` for a field that has none.
    pub dry_run: Option<DryRun>,
}

/// The call of an example with `validateOnly: true`, and with its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    pub document: String,
    /// Recorded response of a server; `None` if nothing is recorded yet.
    pub answer: Option<Answer>,
}

/// Number of rows that an example requests.
const EXAMPLE_ROWS: &str = "10";
/// The argument of a mutation that makes a call a dry run.
const DRY_RUN: &str = "validateOnly";

pub(crate) fn example(schema: &Schema, operation: Operation, field: &Field) -> Example {
    let values = Values { schema, root: &field.name };
    let (mut variables, mut definitions, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
    for argument in &field.arguments {
        let is_page = argument.name == "first" && argument.default.is_none() && base(&argument.ty) == "Int";
        if !values::is_included(&field.name, argument) && !is_page {
            continue;
        }
        let value = if is_page { Json::Number(EXAMPLE_ROWS) } else { values.of(&argument.ty, &argument.name, "") };
        variables.push((argument.name.clone(), value));
        definitions.push(format!("${}: {}", argument.name, argument.ty));
        arguments.push(format!("{0}: ${0}", argument.name));
    }
    let permission = match field.directives.access() {
        Access::Requires(permission) => Some(permission),
        _ => None,
    };
    let selected = Selector { schema, permission: permission.as_deref(), operation }.of(base(&field.ty));
    let document_with = |arguments: &[String]| {
        format!(
            "{} {}{} {{\n  {}{}{}\n}}",
            operation.keyword(),
            capitalise(&field.name),
            parenthesize(&definitions),
            field.name,
            parenthesize(arguments),
            selection::selection_text(&selected, 1),
        )
    };
    let document = document_with(&arguments);
    let title = format!("{}.{}", operation.root(), field.name);
    let dry_run = field.arguments.iter().any(|argument| argument.name == DRY_RUN).then(|| {
        arguments.push(format!("{DRY_RUN}: true"));
        DryRun { document: document_with(&arguments), answer: answers::recorded_answer(&format!("{title} dry")) }
    });
    let variables = Json::Object(variables);
    let curl = calls::curl(operation, field, &document, &variables);
    let calls = calls::calls(operation, field, &document, &variables);
    let (variables, answer) = (variables.to_pretty_text(), answers::recorded_answer(&title));
    Example { operation, field: field.name.clone(), document, variables, curl, calls, answer, dry_run }
}

fn parenthesize(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
}

fn capitalise(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
