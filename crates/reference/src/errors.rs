//! Codes of errors that a field can end with, by its directives, and the page of codes without a
//! guide.

use crate::{
    directives::Access,
    html::{ROOT, concat_html, escape_html, inline_html, page as frame},
    operation::Operation,
    schema::{Field, Schema},
};

/// A code and when it comes.
pub(crate) type Code = (&'static str, &'static str);

/// The codes with which any operation can end.
pub(crate) const COMMON_CODES: [Code; 10] = [
    ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL."),
    ("GRAPHQL_VALIDATION_FAILED", "The document does not fit the schema."),
    ("BAD_REQUEST", "The HTTP request is wrong: method, headers or body."),
    ("QUERY_TOO_COMPLEX", "The document is too deep or too long."),
    ("COST_EXCEEDED", "The operation costs more points than one operation may."),
    ("RATE_LIMITED", "The budget of points is spent; it fills again."),
    ("TIMEOUT", "The operation took too long."),
    ("OVERLOADED", "The server has too much to do."),
    ("UNAVAILABLE", "The database cannot be reached."),
    ("INTERNAL", "A fault of the server."),
];

const UNAUTHENTICATED: Code = ("UNAUTHENTICATED", "No token was sent, or it is no longer valid.");
const ENROLMENT: Code = ("MFA_ENROLMENT_REQUIRED", "The company requires a second factor, and this person has none yet.");
const SUSPENDED: Code = ("TENANT_SUSPENDED", "The operator has suspended the company.");
const FORBIDDEN: Code = ("FORBIDDEN", "The caller lacks the permission, or has it for other stores.");
const STEP_UP: Code = ("STEP_UP_REQUIRED", "The password or code was confirmed too long ago. API keys always get this.");
const BAD_INPUT: Code = ("BAD_USER_INPUT", "An argument has a value that the field does not accept.");
const LIMIT: Code = ("LIMIT_EXCEEDED", "The answer would be too large.");

/// The codes that this field adds to `COMMON_CODES`.
pub(crate) fn of_field(operation: Operation, field: &Field) -> Vec<Code> {
    let access = field.directives.access();
    let is_known = !matches!(access, Access::Public | Access::Unsaid);
    let code_conditions = [
        (is_known, UNAUTHENTICATED),
        (is_known, ENROLMENT),
        (is_known, SUSPENDED),
        (matches!(access, Access::Requires(_)), FORBIDDEN),
        (field.directives.step_up().is_some(), STEP_UP),
        (!field.arguments.is_empty(), BAD_INPUT),
        (operation == Operation::Subscription || field.directives.list_size().is_some(), LIMIT),
    ];
    code_conditions.into_iter().filter(|(applies, _)| *applies).map(|(_, code)| code).collect()
}

/// The codes with which a mutation can refuse, by the list that `scripts/codegen/refusals.mjs` makes of the code.
fn refusals_of(mutation: &str) -> Vec<&'static str> {
    let lines = include_str!("../assets/refusals.txt").lines().filter_map(|line| line.split_once(' '));
    let matching_lines = lines.filter(|(name, _)| *name == mutation);
    matching_lines.flat_map(|(_, codes)| codes.split(' ')).collect()
}

/// The codes with which a mutation can refuse, each with its description in the schema.
pub(crate) fn refusals<'a>(schema: &'a Schema, mutation: &str) -> Vec<(&'a str, &'a str)> {
    let codes = refusals_of(mutation);
    let all_codes = schema.definition("ErrorCode").into_iter().flat_map(|definition| &definition.values);
    let own_codes = all_codes.filter(|value| codes.contains(&value.name.as_str()));
    own_codes.map(|value| (value.name.as_str(), value.description.as_str())).collect()
}

/// Codes as a list, each linked to its row on the page of errors.
pub(crate) fn list(codes: &[(&str, &str)]) -> String {
    let items = codes.iter().map(|(code, condition)| {
        let code = escape_html(code);
        format!("<li><a href=\"{ROOT}/errors#{code}\"><code>{code}</code></a> {}</li>\n", inline_html(condition))
    });
    format!("<ul class=\"codes\">\n{}</ul>\n", concat_html(items))
}

/// The page of codes if no guide has the slug `errors`.
pub(crate) fn page(schema: &Schema) -> String {
    let row = |code: &str, condition: &str| {
        let code = escape_html(code);
        format!("<dt id=\"{code}\"><code>{code}</code></dt><dd>{}</dd>\n", inline_html(condition))
    };
    let general_codes = [UNAUTHENTICATED, ENROLMENT, SUSPENDED, FORBIDDEN, STEP_UP, BAD_INPUT, LIMIT];
    let top = concat_html(general_codes.iter().chain(&COMMON_CODES).map(|(code, condition)| row(code, condition)));
    let mut main = format!("<h1>Errors</h1>\n<h2 id=\"errors\">Codes in errors</h2>\n<dl>\n{top}</dl>\n");
    if let Some(codes) = schema.definition("ErrorCode") {
        // An id that is given above stays the one of its code.
        let is_above = |code: &str| general_codes.iter().chain(&COMMON_CODES).any(|(listed_code, _)| *listed_code == code);
        let rows = codes.values.iter().map(|value| {
            let name = escape_html(&value.name);
            let id = if is_above(&value.name) { String::new() } else { format!(" id=\"{name}\"") };
            format!("<dt{id}><code>{name}</code></dt><dd>{}</dd>\n", inline_html(&value.description))
        });
        main.push_str(&format!("<h2 id=\"user-errors\">Codes in userErrors</h2>\n<dl>\n{}</dl>\n", concat_html(rows)));
    }
    frame("Errors", &main)
}
