//! The call of an example by curl, and by the clients of this repository, in TypeScript and in Python.

use crate::{directives::Access, json::Json, operation::Operation, schema::Field};

/// The call of an example in two languages, each a whole program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    pub typescript: String,
    pub python: String,
}

/// Credential by which a program authenticates.
#[derive(Debug, Clone, Copy)]
enum CredentialKind {
    Nothing,
    /// A person's session: a field that needs a step-up refuses keys.
    Session,
    Key,
}

impl CredentialKind {
    fn of(field: &Field) -> Self {
        match field.directives.access() {
            Access::Public => Self::Nothing,
            _ if field.directives.step_up().is_some() => Self::Session,
            _ => Self::Key,
        }
    }

    /// The header with its option, on a line of its own, for a shell.
    fn curl(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Session => " \\\n  -H \"Authorization: Bearer $ENTREPOT_TOKEN\"",
            Self::Key => " \\\n  -H \"Authorization: Bearer $ENTREPOT_KEY\"",
        }
    }

    /// Returns the imports and the options of the client.
    fn typescript(self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("createClient", ""),
            Self::Session => (
                "createClient, session",
                "\n  auth: session({ accessToken: process.env.ENTREPOT_TOKEN, refreshToken: process.env.ENTREPOT_REFRESH_TOKEN }),",
            ),
            Self::Key => ("apiKey, createClient", "\n  auth: apiKey(process.env.ENTREPOT_KEY),"),
        }
    }

    /// The arguments after the URL.
    fn python(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Session => {
                ",\n    access_token=os.environ[\"ENTREPOT_TOKEN\"],\n    refresh_token=os.environ[\"ENTREPOT_REFRESH_TOKEN\"],\n"
            }
            Self::Key => ", os.environ[\"ENTREPOT_KEY\"]",
        }
    }
}

/// The command for a shell, which reads the address and the token from its environment. A stream is one of server-sent events.
pub(super) fn curl(operation: Operation, field: &Field, document: &str, variables: &Json) -> String {
    let mut members = vec![("query".to_owned(), Json::Text(document.to_owned()))];
    if !has_no_members(variables) {
        members.push(("variables".to_owned(), variables.clone()));
    }
    // In a shell's single quotes only a single quote needs an escape.
    let body = Json::Object(members).to_pretty_text().replace('\'', "\\u0027");
    let (options, accepted) = match operation {
        Operation::Subscription => ("--no-buffer ", " \\\n  -H 'Accept: text/event-stream'"),
        Operation::Query | Operation::Mutation => ("", ""),
    };
    let authorization = CredentialKind::of(field).curl();
    format!(
        "curl {options}\"$ENTREPOT_URL/graphql\"{authorization}{accepted} \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'\n"
    )
}

fn has_no_members(variables: &Json) -> bool {
    matches!(variables, Json::Object(members) if members.is_empty())
}

/// The programs; `None` for a stream that the clients have no method for.
pub(super) fn calls(operation: Operation, field: &Field, document: &str, variables: &Json) -> Option<Calls> {
    let (typescript, python) = match operation {
        Operation::Query => call_program("query", &field.name, document, variables),
        Operation::Mutation => call_program("mutate", &field.name, document, variables),
        Operation::Subscription => stream_program(&field.name)?,
    };
    let proof = CredentialKind::of(field);
    let (imports, options) = proof.typescript();
    let url = "`${process.env.ENTREPOT_URL}/graphql`";
    let url_in_python = "os.environ[\"ENTREPOT_URL\"]";
    let arguments = proof.python();
    let break_before = if matches!(proof, CredentialKind::Session) { "\n    " } else { "" };
    Some(Calls {
        typescript: format!(
            "import {{ {imports} }} from '@entrepot/client';\n\nconst client = createClient({{\n  url: {url},{options}\n}});\n\
             {typescript}client.close();\n"
        ),
        python: format!(
            "import os\nfrom entrepot import Entrepot\n\nwith Entrepot({break_before}{url_in_python}{arguments}) as shop:\n{python}"
        ),
    })
}

/// A query or mutation, and the code that uses its answer.
fn call_program(method: &str, field: &str, document: &str, variables: &Json) -> (String, String) {
    if has_no_members(variables) {
        return (
            format!("const data = await client.{method}(`{document}`);\nconsole.log(data.{field});\n"),
            format!("    data = shop.execute(\"\"\"{document}\"\"\")\n    print(data[\"{field}\"])\n"),
        );
    }
    let in_typescript = variables.to_pretty_text().replace('\n', "\n  ");
    let in_python = variables.to_python().to_pretty_text().replace('\n', "\n        ");
    (
        format!("const data = await client.{method}(\n  `{document}`,\n  {in_typescript},\n);\nconsole.log(data.{field});\n"),
        format!(
            "    data = shop.execute(\n        \"\"\"{document}\"\"\",\n        {in_python},\n    )\n    print(data[\"{field}\"])\n"
        ),
    )
}

/// A stream that both clients follow, over cuts and restarts.
fn stream_program(field: &str) -> Option<(String, String)> {
    let (typescript, python) = match field {
        "stockChanged" => ("liveStock", "stock"),
        "orderChanged" => ("liveOrders", "orders"),
        "alertChanged" => ("liveAlerts", "alerts"),
        _ => return None,
    };
    Some((
        format!("for await (const event of client.{typescript}()) console.log(event);\n"),
        format!("    for event in shop.live.{python}():\n        print(event.kind, event.row)\n"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_quote_in_an_example_does_not_end_the_argument_of_curl() {
        let schema = Schema::parse("type Query { look(text: String!): Int @public }").unwrap();
        let field = schema.root_field(Operation::Query, "look").unwrap();
        let variables = Json::Object(vec![("text".to_owned(), Json::Text("it's".to_owned()))]);
        let command = "curl \"$ENTREPOT_URL/graphql\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{\n  \"query\": \"{ look }\",\n  \
                       \"variables\": {\n    \"text\": \"it\\u0027s\"\n  }\n}'\n";
        assert_eq!(curl(Operation::Query, field, "{ look }", &variables), command);
    }
}
