//! Values of an operation's arguments, looked up by the path in a refusal.

use async_graphql::{
    Context, Name, QueryPathSegment, Value,
    parser::types::{Field, Selection, SelectionSet},
    registry::{MetaType, MetaTypeName},
};
use async_graphql_value::Value as Written;

/// Maximum bytes of a value that is quoted.
const MAX_BYTES: usize = 200;
/// Parts of names whose values are never quoted, not even to their sender.
const SECRETS: [&str; 3] = ["password", "secret", "token"];
/// Fields of a line that count smallest units, and the field that counts packs in their place.
const UNITS: [&str; 3] = ["quantity", "delta", "counted"];
const PACKS: &str = "packs";

/// The scalar that was sent at a path into the arguments of the root field, as `["input", "lines", "3", "product"]`; of an object with one member, as a
/// reference is, that member's. None for lists, other objects, values of more than 200 bytes and secrets.
pub fn sent_value(ctx: &Context<'_>, path: &[String]) -> Option<String> {
    let is_secret = |name: &str| SECRETS.iter().any(|secret| name.to_ascii_lowercase().contains(secret));
    if path.iter().any(|name| is_secret(name)) {
        return None;
    }
    let mut argument = find_sent_value(ctx, path)?;
    while let Some((name, member)) = argument.single_member(ctx) {
        if is_secret(name) {
            return None;
        }
        argument = member;
    }
    match argument {
        SentValue::Written(value) => text(&value.clone().into_const()?),
        SentValue::Given(value) => text(value),
    }
}

/// Returns the path to the key in the reference at a path into the arguments of a mutation:
/// `["input", "lines", "3", "product", "sku"]`. A key that is an object is followed by the one
/// field that it requires, as in `["input", "order", "external", "ref"]`. Returns the path itself
/// if no reference was sent.
pub fn path_to_key(ctx: &Context<'_>, mut path: Vec<String>) -> Vec<String> {
    let below = reference_key_path(ctx, &path).unwrap_or_default();
    path.extend(below);
    path
}

/// Returns the path to the amount of a line: to `packs` if it counts packs and sends no smallest
/// units. Any other path is returned unchanged.
pub fn amount_path(ctx: &Context<'_>, path: Vec<String>) -> Vec<String> {
    let Some((name, line_path)) = path.split_last().filter(|(name, _)| UNITS.contains(&name.as_str())) else { return path };
    let is_sent = |name: &str| {
        let mut unit_path = line_path.to_vec();
        unit_path.push(name.to_owned());
        find_sent_value(ctx, &unit_path).is_some_and(|sent| !sent.is_null())
    };
    if is_sent(name) || !is_sent(PACKS) {
        return path;
    }
    let mut packs_path = line_path.to_vec();
    packs_path.push(PACKS.to_owned());
    packs_path
}

/// Returns the names from a reference to its key. References are the inputs that take exactly one
/// of their fields.
fn reference_key_path(ctx: &Context<'_>, path: &[String]) -> Option<Vec<String>> {
    let (argument, rest) = path.split_first()?;
    let registry = &ctx.schema_env.registry;
    let mutations = registry.types.get(registry.mutation_type.as_deref()?)?;
    let mutation = mutations.field_by_name(root(ctx)?.name.node.as_str())?;
    let mut kind = MetaTypeName::concrete_typename(&mutation.args.get(argument.as_str())?.ty);
    // Positions in lists are numbers, which are never names of fields.
    for name in rest.iter().filter(|part| part.parse::<usize>().is_err()) {
        let MetaType::InputObject { input_fields, .. } = registry.types.get(kind)? else { return None };
        kind = MetaTypeName::concrete_typename(&input_fields.get(name.as_str())?.ty);
    }
    let MetaType::InputObject { input_fields, oneof: true, .. } = registry.types.get(kind)? else { return None };
    let key = find_sent_value(ctx, path)?.single_member(ctx)?.0.as_str();
    let mut key_path = vec![key.to_owned()];
    let kind = MetaTypeName::concrete_typename(&input_fields.get(key)?.ty);
    if let Some(MetaType::InputObject { input_fields, .. }) = registry.types.get(kind) {
        let required = input_fields.iter().filter(|(_, field)| field.ty.ends_with('!') && field.default_value.is_none());
        key_path.extend(single_item(required).map(|(name, _)| name.clone()));
    }
    Some(key_path)
}

/// The root field below which something is resolved.
fn root<'c>(ctx: &'c Context<'_>) -> Option<&'c Field> {
    let node = ctx.path_node.as_ref()?;
    let QueryPathSegment::Name(key) = std::iter::once(node).chain(node.parents()).last()?.segment else { return None };
    field_of(ctx, &ctx.query_env.operation.node.selection_set.node, key)
}

/// Returns the field with a response key, also if it is in a fragment.
fn field_of<'c>(ctx: &'c Context<'_>, selected: &'c SelectionSet, key: &str) -> Option<&'c Field> {
    selected.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => (field.node.response_key().node == key).then_some(&field.node),
        Selection::InlineFragment(inline) => field_of(ctx, &inline.node.selection_set.node, key),
        Selection::FragmentSpread(spread) => {
            let fragment = ctx.query_env.fragments.get(&spread.node.fragment_name.node)?;
            field_of(ctx, &fragment.node.selection_set.node, key)
        }
    })
}

/// The value at a path into the arguments of the root field.
fn find_sent_value<'c>(ctx: &'c Context<'_>, path: &[String]) -> Option<SentValue<'c>> {
    let (argument, rest) = path.split_first()?;
    let (_, value) = root(ctx)?.arguments.iter().find(|(name, _)| name.node == argument.as_str())?;
    let mut current = SentValue::Written(&value.node).resolve_variable(ctx)?;
    for part in rest {
        current = current.below(part)?.resolve_variable(ctx)?;
    }
    Some(current)
}

/// A value as it was sent: written in the operation, where it may have variables in it, or as a variable.
#[derive(Clone, Copy)]
enum SentValue<'c> {
    Written(&'c Written),
    Given(&'c Value),
}

impl<'c> SentValue<'c> {
    /// Returns the value of the variable that is written here, or the literal.
    fn resolve_variable(self, ctx: &'c Context<'_>) -> Option<Self> {
        match self {
            Self::Written(Written::Variable(name)) => variable(ctx, name).map(Self::Given),
            sent => Some(sent),
        }
    }
    fn is_null(self) -> bool {
        matches!(self, Self::Written(Written::Null) | Self::Given(Value::Null))
    }
    /// An item of a list by its place, or a member of an object.
    fn below(self, part: &str) -> Option<Self> {
        match self {
            Self::Written(Written::List(items)) => items.get(part.parse::<usize>().ok()?).map(Self::Written),
            Self::Given(Value::List(items)) => items.get(part.parse::<usize>().ok()?).map(Self::Given),
            // A single value in the place of a list is its first item.
            single if part == "0" => Some(single),
            Self::Written(Written::Object(members)) => members.get(part).map(Self::Written),
            Self::Given(Value::Object(members)) => members.get(part).map(Self::Given),
            _ => None,
        }
    }
    /// The member of an object that has one, as a reference does. A member whose variable was left out was not sent.
    fn single_member(self, ctx: &'c Context<'_>) -> Option<(&'c Name, Self)> {
        match self {
            Self::Written(Written::Object(members)) => {
                single_item(members.iter().filter_map(|(name, value)| Some((name, Self::Written(value).resolve_variable(ctx)?))))
            }
            Self::Given(Value::Object(members)) => single_item(members.iter().map(|(name, value)| (name, Self::Given(value)))),
            _ => None,
        }
    }
}

/// Returns the only item; `None` for no items or several.
fn single_item<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

fn variable<'c>(ctx: &'c Context<'_>, name: &Name) -> Option<&'c Value> {
    let definitions = &ctx.query_env.operation.node.variable_definitions;
    let default =
        || Some(&definitions.iter().find(|definition| definition.node.name.node == *name)?.node.default_value.as_ref()?.node);
    ctx.query_env.variables.get(name).or_else(default)
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(is) => is.to_string(),
        Value::Enum(name) => name.to_string(),
        _ => return None,
    };
    (text.len() <= MAX_BYTES).then_some(text)
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptySubscription, InputObject, Object, OneofObject, Request, Schema, Variables};
    use serde_json::json;

    use super::*;

    struct Query;
    #[Object]
    impl Query {
        async fn one(&self) -> i32 {
            1
        }
    }
    struct Mutation;
    struct Refusal {
        path: Vec<String>,
    }
    #[Object]
    impl Refusal {
        async fn sent(&self, ctx: &Context<'_>) -> Option<String> {
            sent_value(ctx, &self.path)
        }
        async fn field(&self, ctx: &Context<'_>) -> String {
            path_to_key(ctx, self.path.clone()).join(".")
        }
        async fn amount(&self, ctx: &Context<'_>) -> String {
            amount_path(ctx, self.path.clone()).join(".")
        }
    }
    #[derive(InputObject)]
    struct External {
        channel: Option<String>,
        reference: String,
    }
    #[derive(OneofObject)]
    enum Thing {
        Sku(String),
        External(External),
    }
    #[derive(InputObject)]
    struct Line {
        thing: Option<Thing>,
    }
    #[derive(InputObject)]
    struct Lines {
        lines: Vec<Line>,
    }
    #[Object]
    impl Mutation {
        async fn change(&self, input: async_graphql::Json<serde_json::Value>, path: Vec<String>) -> Vec<Refusal> {
            drop(input);
            vec![Refusal { path }]
        }
        async fn order(&self, input: Lines, path: Vec<String>) -> Vec<Refusal> {
            drop(input);
            vec![Refusal { path }]
        }
    }

    async fn value_sent(arguments: &str, variables: serde_json::Value) -> serde_json::Value {
        let schema = Schema::new(Query, Mutation, EmptySubscription);
        let declared = [("$i", "$i: JSON = { sku: \"of the default\" } "), ("$s", "$s: String ")];
        let declared: String = declared.iter().filter(|(name, _)| arguments.contains(name)).map(|(_, text)| *text).collect();
        let query = format!("mutation({declared}) {{ other: change({arguments}) {{ sent }} }}");
        let answer = schema.execute(Request::new(query).variables(Variables::from_json(variables))).await;
        assert!(answer.errors.is_empty(), "{answer:?}");
        answer.data.into_json().unwrap()["other"][0]["sent"].clone()
    }

    #[tokio::test]
    async fn a_refusal_tells_what_was_sent_at_its_path() {
        let lines =
            json!({ "i": { "lines": [{ "product": { "sku": "MUG" } }, { "product": { "sku": "PLATE" }, "quantity": 3 }] } });
        let of = async |arguments: &str| value_sent(arguments, lines.clone()).await;
        assert_eq!(of(r#"input: $i, path: ["input", "lines", "1", "product"]"#).await, "PLATE", "a reference has one member");
        assert_eq!(of(r#"input: $i, path: ["input", "lines", "1", "product", "sku"]"#).await, "PLATE");
        assert_eq!(of(r#"input: $i, path: ["input", "lines", "1", "quantity"]"#).await, "3");
        for nothing in
            [r#"["input", "lines", "1"]"#, r#"["input", "lines", "2", "product"]"#, r#"["input", "lines"]"#, "[]", r#"["no"]"#]
        {
            assert_eq!(of(&format!("input: $i, path: {nothing}")).await, json!(null), "{nothing}");
        }
        let written = r#"input: { lines: [{ product: { sku: $s } }] }, path: ["input", "lines", "0", "product"]"#;
        assert_eq!(value_sent(written, json!({ "s": "CUP" })).await, "CUP", "a variable inside of what is written");
        assert_eq!(value_sent(r#"input: $i, path: ["input", "sku"]"#, json!({})).await, "of the default");
    }

    #[tokio::test]
    async fn a_path_goes_on_to_the_key_of_the_reference_that_was_sent() {
        let schema = Schema::new(Query, Mutation, EmptySubscription);
        let of = async |path: &str| {
            let lines = "[{ thing: { sku: $s } }, $e, { thing: null }]";
            let field = format!("order(input: {{ lines: {lines} }}, path: {path}) {{ field sent }}");
            let mut told = Vec::new();
            for query in [
                format!("mutation($s: String, $e: Line!) {{ order: {field} }}"),
                format!("mutation($s: String, $e: Line!) {{ ...placed }} fragment placed on Mutation {{ order: {field} }}"),
            ] {
                let external = json!({ "thing": { "external": { "channel": "WEB", "reference": "W-1" } } });
                let variables = Variables::from_json(json!({ "s": "MUG", "e": external }));
                let answer = schema.execute(Request::new(query).variables(variables)).await;
                assert!(answer.errors.is_empty(), "{answer:?}");
                told.push(answer.data.into_json().unwrap()["order"][0].clone());
            }
            assert_eq!(told[0], told[1], "a fragment brings the field with its arguments");
            told.remove(0)
        };
        assert_eq!(of(r#"["input", "lines", "0", "thing"]"#).await, json!({ "field": "input.lines.0.thing.sku", "sent": "MUG" }));
        let external = json!({ "field": "input.lines.1.thing.external.reference", "sent": null });
        assert_eq!(of(r#"["input", "lines", "1", "thing"]"#).await, external, "the field that it requires names it");
        let whole = [("0.thing.sku", json!("MUG")), ("2.thing", json!(null)), ("3.thing", json!(null)), ("0", json!("MUG"))];
        for (rest, sent) in whole {
            let path: Vec<&str> = ["input", "lines"].into_iter().chain(rest.split('.')).collect();
            let expected = json!({ "field": path.join("."), "sent": sent });
            assert_eq!(of(&json!(path).to_string()).await, expected, "{rest} has no reference to go on from");
        }
    }

    #[tokio::test]
    async fn one_line_without_a_list_and_forms_that_were_left_out_are_as_they_are_read() {
        let schema = Schema::new(Query, Mutation, EmptySubscription);
        let path = r#"["input", "lines", "0", "thing"]"#;
        let written = "{ thing: { sku: $s, external: $x } }";
        let of = async |lines: &str, variables: serde_json::Value| {
            let declared = if lines == written { "$s: String, $x: External" } else { "$l: [Line!]!" };
            let query = format!("mutation({declared}) {{ order(input: {{ lines: {lines} }}, path: {path}) {{ field sent }} }}");
            let answer = schema.execute(Request::new(query).variables(Variables::from_json(variables))).await;
            assert!(answer.errors.is_empty(), "{answer:?}");
            answer.data.into_json().unwrap()["order"][0].clone()
        };
        let mug = json!({ "field": "input.lines.0.thing.sku", "sent": "MUG" });
        assert_eq!(of(written, json!({ "s": "MUG" })).await, mug, "a form whose variable was left out");
        assert_eq!(of("$l", json!({ "l": { "thing": { "sku": "MUG" } } })).await, mug, "one line in a variable for a list");
    }

    #[tokio::test]
    async fn a_line_that_counts_packs_is_told_of_its_packs() {
        let schema = Schema::new(Query, Mutation, EmptySubscription);
        for (line, field, expected) in [
            ("packs: 2", "quantity", "packs"),
            ("packs: $p", "delta", "packs"),
            ("packs: 2, quantity: null", "quantity", "packs"),
            ("packs: 2, quantity: 3", "quantity", "quantity"),
            ("packs: null", "quantity", "quantity"),
            ("quantity: 3", "quantity", "quantity"),
            ("packs: 2", "sku", "sku"),
        ] {
            let path = format!(r#"["input", "lines", "0", "{field}"]"#);
            let declared = if line.contains("$p") { "($p: Int)" } else { "" };
            let query = format!("mutation{declared} {{ change(input: {{ lines: [{{ {line} }}] }}, path: {path}) {{ amount }} }}");
            let variables = Variables::from_json(json!({ "p": 2 }));
            let answer = schema.execute(Request::new(query).variables(variables)).await;
            assert!(answer.errors.is_empty(), "{answer:?}");
            let told = answer.data.into_json().unwrap()["change"][0]["amount"].clone();
            assert_eq!(told, format!("input.lines.0.{expected}"), "{line}");
        }
    }

    #[tokio::test]
    async fn secrets_and_long_values_are_not_told_again() {
        let sent = json!({ "i": { "newPassword": "hunter2", "name": "x".repeat(201), "short": "x".repeat(200) } });
        for (name, expected) in [("newPassword", json!(null)), ("name", json!(null)), ("short", json!("x".repeat(200)))] {
            assert_eq!(value_sent(&format!("input: $i, path: [\"input\", \"{name}\"]"), sent.clone()).await, expected, "{name}");
        }
        let alone = json!({ "i": { "newPassword": "hunter2" } });
        assert_eq!(value_sent(r#"input: $i, path: ["input"]"#, alone).await, json!(null), "the one member of its object");
    }
}
