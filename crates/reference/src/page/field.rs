//! A page for each root field.

use crate::{
    cost::points_of,
    directives::Access,
    errors,
    example::{Answer, Example, example},
    html::{ROOT, escape_html, link, page as frame, paragraphs, type_link},
    operation::Operation,
    page::{deprecated, facts, heading, inputs},
    schema::{Field, Schema, base},
};

pub(crate) fn page(schema: &Schema, operation: Operation, field: &Field) -> String {
    let mut main = heading(operation.keyword(), &field.name);
    if let Some(reason) = field.directives.deprecated() {
        main.push_str(&deprecated(schema, &reason));
    }
    main.push_str(&paragraphs(&field.description));
    main.push_str(&facts(&facts_about(operation, field)));
    main.push_str(&format!("<h2>Signature</h2>\n<pre tabindex=\"0\"><code>{}</code></pre>\n", signature(schema, field)));
    if !field.arguments.is_empty() {
        main.push_str("<h2>Arguments</h2>\n");
        main.push_str(&inputs(schema, "Argument", &field.arguments));
    }
    main.push_str(&returns(schema, field));
    let field_example = example(schema, operation, field);
    main.push_str(&format!(
        "<h2>Example</h2>\n<pre class=\"copy\" tabindex=\"0\"><code>{}</code></pre>\n<h3>Variables</h3>\n\
         <pre class=\"copy\" tabindex=\"0\"><code>{}</code></pre>\n",
        escape_html(&field_example.document),
        escape_html(&field_example.variables)
    ));
    main.push_str(&answers_of(&field_example));
    main.push_str(&calls_of(&field_example));
    main.push_str(&errors_of(schema, operation, field));
    frame(&format!("{}.{}", operation.root(), field.name), &main)
}

/// The recorded answers of the example and of its dry run. Nothing if there are none.
fn answers_of(example: &Example) -> String {
    let mut out = String::new();
    if let Some(answer) = example.answer {
        out.push_str("<h3>Answer</h3>\n<p>IDs, times and secrets are placeholders, and long lists and texts are cut.</p>\n");
        out.push_str(&answer_html(answer));
    }
    if let Some(answer) = example.dry_run.as_ref().and_then(|dry_run| dry_run.answer) {
        out.push_str("<h3>Answer of a dry run</h3>\n<p>With <code>validateOnly: true</code> nothing is written.</p>\n");
        out.push_str(&answer_html(answer));
    }
    out
}

fn answer_html(answer: Answer) -> String {
    if answer.text.is_empty() {
        return "<p>This stream sends nothing until something happens.</p>\n".to_owned();
    }
    let note =
        if answer.is_refused { "<p>A refusal: the shop was not in the state that the example asks for.</p>\n" } else { "" };
    format!("{note}<pre tabindex=\"0\"><code>{}</code></pre>\n", escape_html(answer.text))
}

/// Tabs that need no script: one of those that share a name is open.
fn calls_of(example: &Example) -> String {
    let tab_html = |title: &str, code: &str, open: &str| {
        format!(
            "<details class=\"call\" name=\"call\"{open}><summary>{title}</summary>\n<pre class=\"copy\" tabindex=\"0\"><code>{}</code></pre>\n\
             </details>\n",
            escape_html(code)
        )
    };
    let mut tabs = tab_html("curl", &example.curl, " open");
    if let Some(calls) = &example.calls {
        tabs.push_str(&tab_html("TypeScript", &calls.typescript, ""));
        tabs.push_str(&tab_html("Python", &calls.python, ""));
    }
    format!("<h3>From a program</h3>\n{tabs}")
}

fn facts_about(operation: Operation, field: &Field) -> Vec<(&'static str, String)> {
    let directives = &field.directives;
    let mut rows = Vec::new();
    match directives.access() {
        Access::Requires(permission) => rows.push(("Permission", format!("<code>{}</code>", escape_html(&permission)))),
        Access::Authenticated => rows.push(("Permission", "none; the caller must be signed in".to_owned())),
        Access::Public => rows.push(("Permission", "none; open to anyone".to_owned())),
        Access::Unsaid => {}
    }
    if let Some(permission) = directives.mask() {
        rows.push(("Masked", format!("null without <code>{}</code>", escape_html(&permission))));
    }
    if let Some(seconds) = directives.step_up() {
        let text = format!("password or code confirmed in the last {seconds} seconds; API keys cannot call it");
        rows.push(("Step-up", text));
    }
    rows.push(("Cost", cost(operation, field)));
    let events: Vec<_> = directives.events().iter().map(|event| format!("<code>{}</code>", escape_html(event))).collect();
    if !events.is_empty() {
        rows.push(("Events", events.join(", ")));
    }
    rows
}

/// The points of the field, as HTML.
fn cost(operation: Operation, field: &Field) -> String {
    let mut text = escape_html(&points_of(operation, field.directives.weight().as_deref()));
    if let Some(size) = field.directives.list_size() {
        let arguments: Vec<_> = size.arguments.iter().map(|name| format!("<code>{}</code>", escape_html(name))).collect();
        let assumed = size.assumed.unwrap_or(10);
        text.push_str(", with 0.1 for each object with an ID: ");
        if !arguments.is_empty() {
            text.push_str(&format!("as many as {} says, otherwise ", arguments.join(" or ")));
        }
        text.push_str(&format!("{assumed} are assumed"));
    }
    text
}

/// The field as the schema defines it, an argument on each line if there are several.
fn signature(schema: &Schema, field: &Field) -> String {
    let arguments: Vec<_> = field
        .arguments
        .iter()
        .map(|argument| {
            let default = argument.default.as_deref().map(|value| format!(" = {}", escape_html(value))).unwrap_or_default();
            format!("{}: {}{default}", escape_html(&argument.name), type_link(schema, &argument.ty))
        })
        .collect();
    let arguments = match arguments.as_slice() {
        [] => String::new(),
        [one] => format!("({one})"),
        many => format!("(\n  {}\n)", many.join("\n  ")),
    };
    format!("{}{arguments}: {}", escape_html(&field.name), type_link(schema, &field.ty))
}

fn returns(schema: &Schema, field: &Field) -> String {
    let definition = schema.definition(base(&field.ty));
    let null = if field.ty.nullable { ", or null" } else { "" };
    let description = definition.map(|object| paragraphs(&object.description)).unwrap_or_default();
    format!("<h2>Returns</h2>\n<p><code>{}</code>{null}</p>\n{description}", type_link(schema, &field.ty))
}

fn errors_of(schema: &Schema, operation: Operation, field: &Field) -> String {
    let mut out = "<h2>Errors</h2>\n".to_owned();
    let definition = schema.definition(base(&field.ty));
    if definition.is_some_and(|object| object.fields.iter().any(|field| field.name == "userErrors")) {
        out.push_str(&format!(
            "<p>A refusal is data: <code>userErrors</code> has an entry with a code of {}, and nothing was changed. <a \
             href=\"{ROOT}/errors\">Errors</a> says what to do with each code.</p>\n",
            link("types/ErrorCode", "ErrorCode")
        ));
        let refusals = errors::refusals(schema, &field.name);
        if operation == Operation::Mutation && !refusals.is_empty() {
            out.push_str("<p>Codes that this mutation can have in <code>userErrors</code>:</p>\n");
            out.push_str(&errors::list(&refusals));
        }
    }
    let field_codes = errors::of_field(operation, field);
    if !field_codes.is_empty() {
        out.push_str("<p>This field can end with these codes in <code>errors</code>:</p>\n");
        out.push_str(&errors::list(&field_codes));
    }
    out.push_str("<details><summary>Codes with which any operation can end</summary>\n");
    out.push_str(&errors::list(&errors::COMMON_CODES));
    out.push_str("</details>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::DryRun;

    fn answers_html(answer: Option<Answer>, dry_run: Option<Answer>) -> String {
        let schema = Schema::parse("type Query { look: Int @public }").unwrap();
        let field = schema.root_field(Operation::Query, "look").unwrap();
        let dry_run = Some(DryRun { document: String::new(), answer: dry_run });
        answers_of(&Example { answer, dry_run, ..example(&schema, Operation::Query, field) })
    }

    #[test]
    fn a_recorded_answer_is_only_text() {
        let hostile = Answer { text: "{ \"name\": \"</code></pre><script>alert(1)</script>'&\" }", is_refused: false };
        let page = answers_html(Some(hostile), Some(hostile));
        assert_eq!(
            page.matches("&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;&quot; }</code></pre>").count(),
            2
        );
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn a_page_shows_the_answers_that_are_recorded() {
        let answer = |text, is_refused| Some(Answer { text, is_refused });
        assert_eq!(answers_html(None, None), "");
        let done = answers_html(answer("{ \"data\": 1 }", false), None);
        assert!(done.contains("<h3>Answer</h3>") && done.contains("<code>{ &quot;data&quot;: 1 }</code>"), "{done}");
        assert!(!done.contains("refusal") && !done.contains("validateOnly"), "{done}");
        let refused = answers_html(None, answer("{}", true));
        assert!(refused.contains("<h3>Answer of a dry run</h3>") && refused.contains("A refusal: "), "{refused}");
        assert!(answers_html(answer("", false), None).contains("sends nothing until"));
    }
}
