//! Directives that the SDL shows. They document; permits and guards enforce, and a test compares the two.

use async_graphql::TypeDirective;

/// The caller must hold the permission, in the store scope it was granted with; otherwise FORBIDDEN at this path.
#[TypeDirective(location = "FieldDefinition", location = "Object")]
pub fn requires(permission: String) {}

/// Null, without an error, for a caller that lacks the permission.
#[TypeDirective(location = "FieldDefinition")]
pub fn mask(permission: String) {}

/// Needs no permission: open to anyone.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}

/// Needs no permission: open to anyone who is signed in.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated() {}

/// The event types a mutation appends to the tenant's stream, in its transaction.
#[TypeDirective(location = "FieldDefinition")]
pub fn emits(events: Vec<String>) {}
