//! Directives that the SDL shows. They document; permits and guards enforce, and a test compares the two.

use std::borrow::Cow;

use async_graphql::{InputType, InputValueResult, TypeDirective, Value, registry::Registry};

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

/// Seconds that an authentication may be old when a field does not say.
pub const STEP_UP_SECONDS: i32 = 600;

/// `maxAge` of a `@stepUp`: not written where it is the usual.
pub struct MaxAge(pub Option<i32>);

impl InputType for MaxAge {
    type RawValueType = i32;
    fn type_name() -> Cow<'static, str> {
        <i32 as InputType>::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <i32 as InputType>::create_type_info(registry)
    }
    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        <i32 as InputType>::parse(value).map(|seconds| Self(Some(seconds))).map_err(|err| err.propagate())
    }
    fn to_value(&self) -> Value {
        Value::from(self.0.unwrap_or(STEP_UP_SECONDS))
    }
    fn as_raw_value(&self) -> Option<&i32> {
        self.0.as_ref()
    }
}

/// Needs an authentication no older than maxAge seconds; otherwise STEP_UP_REQUIRED. API keys never satisfy it.
#[TypeDirective(name = "stepUp", location = "FieldDefinition")]
pub fn step_up(#[graphql(desc = "Seconds.", default_with = "MaxAge(None)")] max_age: MaxAge) {}
