//! Inputs as canonical JSON: what clients keep (idempotency keys, cursors) rests on the words of the schema, never on Rust. Compact, object keys
//! sorted by their bytes, no nulls and no defaults, enums as texts, whole numbers as such. `docs/decisions/0101-identities.md` has the rules in full;
//! `tests/it/identities` has a golden file of digests.

use std::borrow::Cow;

use async_graphql::{
    Context, Name, Value,
    registry::{MetaInputValue, MetaType, Registry},
};
use async_graphql_value::Value as Written;
use sha2::{Digest, Sha256};

/// Arguments that the digest leaves out: the key itself, and the guards that a retry may change.
const EXCLUDED_ARGUMENTS: [&str; 3] = ["idempotencyKey", "expectedVersion", "compare"];
/// The digest leaves out this argument too: a dry run does not use up its key. A field of this name
/// counts: a trial import is stored under its key.
const DRY_RUN: &str = "validateOnly";
/// Inputs in which null clears a value and an omitted field keeps it, so that null counts. A test
/// compares the list with the source.
pub const INPUTS_CLEARED_BY_NULL: [&str; 20] = [
    "BlanketOrderUpdateInput",
    "CategoryUpdateInput",
    "CategoryUpsertInput",
    "CustomerUpdateInput",
    "CustomerUpsertInput",
    "IntegrationUpdateInput",
    "LotUpdateInput",
    "NodeTagsSetInput",
    "OrderUpdateInput",
    "PaperSettingsSetInput",
    "ProductUpdateInput",
    "ProductUpsertInput",
    "PurchaseOrderAmendInput",
    "PurchaseOrderLineSet",
    "PurchaseOrderUpdateInput",
    "ReorderPolicyInput",
    "StoreUpdateInput",
    "SupplierUpdateInput",
    "TenantUpdateInput",
    "WebhookEndpointUpdateInput",
];

/// Fields of inputs that once had a default, with that default: a field with this value counts as
/// left out, as it did when the stored digests were computed.
const FORMER_DEFAULTS: [(&str, &str, &str); 1] = [("PaperCreateInput", "locale", "EN")];

/// Returns the digest of a mutation's arguments as they were sent; `None` if they have no
/// idempotency key.
pub fn of_field(ctx: &Context<'_>) -> Option<[u8; 32]> {
    let field = &ctx.item.node;
    let definitions = &ctx.query_env.operation.node.variable_definitions;
    let variable = |name: &Name| {
        let variable_value = ctx.query_env.variables.get(name);
        variable_value.or_else(|| {
            Some(&definitions.iter().find(|definition| definition.node.name.node == *name)?.node.default_value.as_ref()?.node)
        })
    };
    let arguments: Vec<(&str, Cow<'_, Value>)> = field
        .arguments
        .iter()
        .filter_map(|(name, value)| Some((name.node.as_str(), resolve_variables(&value.node, &variable)?)))
        .collect();
    digest(&ctx.schema_env.registry, &field.name.node, &arguments)
}

/// Returns the value with its variables filled in; `None` for a variable that was left out.
fn resolve_variables<'a>(value: &'a Written, variable: &impl Fn(&Name) -> Option<&'a Value>) -> Option<Cow<'a, Value>> {
    Some(match value {
        Written::Variable(name) => Cow::Borrowed(variable(name)?),
        Written::List(items) => Cow::Owned(Value::List(
            items.iter().map(|item| resolve_variables(item, variable).map_or(Value::Null, Cow::into_owned)).collect(),
        )),
        Written::Object(members) => {
            let member =
                |(name, value): (&Name, &'a Written)| Some((name.clone(), resolve_variables(value, variable)?.into_owned()));
            Cow::Owned(Value::Object(members.iter().filter_map(member).collect()))
        }
        // Neither a variable nor a place for one.
        plain => Cow::Owned(plain.clone().into_const().unwrap_or_default()),
    })
}

/// Returns the digest of the arguments of a mutation; `None` if they have no idempotency key, or if
/// the schema does not have the field.
pub fn digest(registry: &Registry, mutation: &str, arguments: &[(&str, Cow<'_, Value>)]) -> Option<[u8; 32]> {
    let is_keyed = |value: &Value| matches!(value, Value::Object(members) if matches!(members.get(EXCLUDED_ARGUMENTS[0]), Some(Value::String(_))));
    if !arguments.iter().any(|(name, value)| *name == EXCLUDED_ARGUMENTS[0] || is_keyed(value)) {
        return None;
    }
    let field = registry.types.get(registry.mutation_type.as_deref()?)?.field_by_name(mutation)?;
    let hashed_arguments = arguments.iter().filter(|(name, _)| *name != DRY_RUN);
    let mut members: Vec<(&str, &Value, Option<&MetaInputValue>)> =
        hashed_arguments.map(|(name, value)| (*name, &**value, field.args.get(*name))).collect();
    let mut out = Vec::new();
    object(&mut out, registry, false, &mut members);
    Some(Sha256::digest(&out).into())
}

/// Returns the digest of a filter in the schema's names. A null counts as an omitted member.
pub fn digest_of(filter: serde_json::Value) -> [u8; 32] {
    let mut out = Vec::new();
    write_scalar(&mut out, &without_nulls(Value::from_json(filter).unwrap_or_default()));
    Sha256::digest(&out).into()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| *member != Value::Null);
            Value::Object(members.map(|(name, member)| (name, without_nulls(member))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(without_nulls).collect()),
        plain => plain,
    }
}

type Member<'a> = (&'a str, &'a Value, Option<&'a MetaInputValue>);

fn object(out: &mut Vec<u8>, registry: &Registry, null_clears: bool, members: &mut Vec<Member<'_>>) {
    members.retain(|(name, value, definition)| {
        let is_nothing = **value == Value::Null && !null_clears;
        !EXCLUDED_ARGUMENTS.contains(name)
            && !is_nothing
            && !definition.is_some_and(|definition| is_default(registry, value, definition))
    });
    members.sort_unstable_by_key(|(name, ..)| *name);
    out.push(b'{');
    for (index, (name, value, definition)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        self::value(out, registry, value, definition.map_or("", |definition| &definition.ty));
    }
    out.push(b'}');
}

fn is_default(registry: &Registry, value: &Value, definition: &MetaInputValue) -> bool {
    let Some(default) = &definition.default_value else { return false };
    let mut json = Vec::new();
    self::value(&mut json, registry, value, &definition.ty);
    // Enum values are not quoted in the SDL.
    match serde_json::from_str::<serde_json::Value>(default) {
        Ok(default) => serde_json::from_slice(&json).is_ok_and(|json: serde_json::Value| json == default),
        Err(_) => serde_json::from_slice(&json).is_ok_and(|json: String| json == *default),
    }
}

fn is_former_default(kind: &str, name: &str, value: &Value) -> bool {
    let word = match value {
        Value::Enum(word) => word.as_str(),
        Value::String(word) => word.as_str(),
        _ => return false,
    };
    FORMER_DEFAULTS.contains(&(kind, name, word))
}

/// Writes a value of a type of the SDL, as in `[StockChangeInput!]!`; an empty text is an unknown
/// type.
fn value(out: &mut Vec<u8>, registry: &Registry, value: &Value, kind: &str) {
    let kind = kind.strip_suffix('!').unwrap_or(kind);
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return match value {
            Value::Null => out.extend(b"null"),
            Value::List(items) => list(out, registry, items, inner),
            // A single value stands for a list of one.
            single => list(out, registry, std::slice::from_ref(single), inner),
        };
    }
    match value {
        Value::Object(members) => {
            let fields = match registry.types.get(kind) {
                Some(MetaType::InputObject { input_fields, .. }) => Some(input_fields),
                _ => None,
            };
            let Some(fields) = fields else { return write_scalar(out, value) };
            let mut members: Vec<Member<'_>> =
                members.iter().map(|(name, value)| (name.as_str(), value, fields.get(name.as_str()))).collect();
            members.retain(|(name, value, _)| !is_former_default(kind, name, value));
            object(out, registry, INPUTS_CLEARED_BY_NULL.contains(&kind), &mut members);
        }
        Value::Number(number) if kind == "ID" => text(out, &number.to_string()),
        other => write_scalar(out, other),
    }
}

fn list(out: &mut Vec<u8>, registry: &Registry, items: &[Value], kind: &str) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        value(out, registry, item, kind);
    }
    out.push(b']');
}

/// Writes a scalar, an enum value, or JSON unchanged, including its nulls.
fn write_scalar(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(string) => text(out, string),
        Value::Enum(variant) => text(out, variant),
        Value::Boolean(true) => out.extend(b"true"),
        Value::Boolean(false) => out.extend(b"false"),
        Value::Number(number) => {
            match number.as_f64().filter(|float| !number.is_i64() && float.fract() == 0.0 && float.abs() < 9e15) {
                Some(integer) => out.extend((integer as i64).to_string().bytes()),
                None => out.extend(number.to_string().bytes()),
            }
        }
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_scalar(out, item);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&Name, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push(b'{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                text(out, name);
                out.push(b':');
                write_scalar(out, member);
            }
            out.push(b'}');
        }
        Value::Null | Value::Binary(_) => out.extend(b"null"),
    }
}

fn text(out: &mut Vec<u8>, string: &str) {
    // Texts always have a JSON form, and writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, string);
}
