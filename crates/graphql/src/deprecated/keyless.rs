//! Mutations that create something and whose idempotency key is optional, because the key came after them. A field that is required now would break clients
//! that know only the earlier schema, so a call without a key is counted as a deprecated use instead. `tests/it/mutations` compares the list with the schema.

use async_graphql::{
    Positioned,
    parser::types::{FieldDefinition, InputValueDefinition, ServiceDocument, TypeKind},
};

use crate::schema_index::{base, definitions};

/// The argument or the field of the input that is an idempotency key.
pub const KEY: &str = "idempotencyKey";

/// Names of these mutations, as fields of the mutation type.
pub const KEYLESS_CREATORS: [&str; 17] = [
    "apiKeyCreate",
    "apiKeyRoll",
    "categoryCreate",
    "channelCreate",
    "customerCreate",
    "fileUploadCreate",
    "integrationCreate",
    "memberInvite",
    "productCreate",
    "productFamilyCreate",
    "productLabelSheetCreate",
    "roleCreate",
    "sandboxCreate",
    "storeCreate",
    "storeGroupCreate",
    "supplierCreate",
    "webhookEndpointCreate",
];

/// Notice for calls without a key. It names no day of a removal: the key stays optional.
pub(super) const REASON: &str =
    "2026-11-29: calls without this key are deprecated, because a repeated call may create a second one. Send a key.";

/// The coordinate of a mutation's key: `Mutation.apiKeyRoll(idempotencyKey:)` or `CustomerCreateInput.idempotencyKey`. `None` if it takes no key.
pub(super) fn coordinate(document: &ServiceDocument, root: &str, field: &FieldDefinition) -> Option<String> {
    let has_key =
        |candidates: &[Positioned<InputValueDefinition>]| candidates.iter().any(|candidate| candidate.node.name.node == KEY);
    if has_key(&field.arguments) {
        return Some(format!("{root}.{}({KEY}:)", field.name.node));
    }
    let input = field.arguments.iter().find(|argument| argument.node.name.node == "input")?;
    let input_type = base(&input.node.ty.node);
    let takes_key = definitions(document).any(|kind| match &kind.kind {
        TypeKind::InputObject(input) => kind.name.node == *input_type && has_key(&input.fields),
        _ => false,
    });
    takes_key.then(|| format!("{input_type}.{KEY}"))
}
