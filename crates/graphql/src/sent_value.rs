//! Values of an operation's arguments, found again by the path that a refusal names.

use async_graphql::{
    Context, Name, QueryPathSegment, Value,
    parser::types::{Field, Selection},
};
use async_graphql_value::Value as Written;

/// Bytes of a value that is told again.
const MOST_BYTES: usize = 200;
/// Parts of names whose values are told to nobody, be it to who has sent them.
const SECRETS: [&str; 3] = ["password", "secret", "token"];

/// The scalar that was sent at a path into the arguments of the root field, as `["input", "lines", "3", "product"]`; of an object with one member, as a
/// reference is, that member's. None for lists, other objects, values of more than 200 bytes and secrets.
pub fn sent_value(ctx: &Context<'_>, path: &[String]) -> Option<String> {
    let (argument, rest) = path.split_first()?;
    let is_secret = path.iter().any(|name| SECRETS.iter().any(|secret| name.to_ascii_lowercase().contains(secret)));
    let (_, value) = root(ctx)?.arguments.iter().find(|(name, _)| name.node == argument.as_str()).filter(|_| !is_secret)?;
    written(ctx, &value.node, rest)
}

/// The root field below which something is resolved; None where a fragment brought it.
fn root<'c>(ctx: &'c Context<'_>) -> Option<&'c Field> {
    let node = ctx.path_node.as_ref()?;
    let QueryPathSegment::Name(key) = std::iter::once(node).chain(node.parents()).last()?.segment else { return None };
    ctx.query_env.operation.node.selection_set.node.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) if field.node.response_key().node == key => Some(&field.node),
        _ => None,
    })
}

fn written(ctx: &Context<'_>, value: &Written, path: &[String]) -> Option<String> {
    match (value, path.split_first()) {
        (Written::Variable(name), _) => given(variable(ctx, name)?, path),
        (Written::List(items), Some((place, rest))) => written(ctx, items.get(place.parse::<usize>().ok()?)?, rest),
        (Written::Object(members), Some((name, rest))) => written(ctx, members.get(name.as_str())?, rest),
        (Written::Object(members), None) if members.len() == 1 => written(ctx, members.values().next()?, path),
        (plain, None) => text(&plain.clone().into_const()?),
        _ => None,
    }
}

fn variable<'c>(ctx: &'c Context<'_>, name: &Name) -> Option<&'c Value> {
    let definitions = &ctx.query_env.operation.node.variable_definitions;
    let default = || Some(&definitions.iter().find(|one| one.node.name.node == *name)?.node.default_value.as_ref()?.node);
    ctx.query_env.variables.get(name).or_else(default)
}

fn given(value: &Value, path: &[String]) -> Option<String> {
    match (value, path.split_first()) {
        (Value::List(items), Some((place, rest))) => given(items.get(place.parse::<usize>().ok()?)?, rest),
        (Value::Object(members), Some((name, rest))) => given(members.get(name.as_str())?, rest),
        (Value::Object(members), None) if members.len() == 1 => given(members.values().next()?, path),
        (plain, None) => text(plain),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(is) => is.to_string(),
        Value::Enum(name) => name.to_string(),
        _ => return None,
    };
    (text.len() <= MOST_BYTES).then_some(text)
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptySubscription, Object, Request, Schema, Variables};
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
    }
    #[Object]
    impl Mutation {
        async fn change(&self, input: async_graphql::Json<serde_json::Value>, path: Vec<String>) -> Vec<Refusal> {
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
    async fn secrets_and_long_values_are_not_told_again() {
        let sent = json!({ "i": { "newPassword": "hunter2", "name": "x".repeat(201), "short": "x".repeat(200) } });
        for (name, expected) in [("newPassword", json!(null)), ("name", json!(null)), ("short", json!("x".repeat(200)))] {
            assert_eq!(value_sent(&format!("input: $i, path: [\"input\", \"{name}\"]"), sent.clone()).await, expected, "{name}");
        }
    }
}
