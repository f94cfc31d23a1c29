//! Directives that the SDL shows. `#[resolvers]` applies them, and makes the checks that they promise.

use std::borrow::Cow;

use async_graphql::{
    InputType, InputValueError, InputValueResult, TypeDirective, Value,
    registry::{MetaDirectiveInvocation, Registry, location_traits::Directive_At_FIELD_DEFINITION},
};

use platform::paging::DEFAULT_PAGE;

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

/// Callers with the same permissions, stores and channel read the same from an object of this type, but for its @personal fields. Subscriptions that ask
/// for nothing else are executed once for all such callers; others are executed for each caller by itself.
#[TypeDirective(location = "Object")]
pub fn shared() {}

/// Depends on who asks, beside what they may see.
#[TypeDirective(location = "FieldDefinition")]
pub fn personal() {}

/// The event types a mutation appends to the tenant's stream, in its transaction.
#[TypeDirective(location = "FieldDefinition")]
pub fn emits(events: Vec<String>) {}

/// Default maximum age of an authentication, in seconds.
pub const STEP_UP_SECONDS: i32 = 600;

/// `maxAge` of a `@stepUp`: omitted if it is the default.
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
        <i32 as InputType>::parse(value).map(|seconds| Self(Some(seconds))).map_err(InputValueError::propagate)
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

/// Cost of resolving a field once, or of each object of a type: a decimal number of points. By default a field of Query costs 1, one of
/// Mutation or Subscription 10, an object that has an ID 0.1, and each line of a mutation's input 0.1. The cost of an input field is added wherever the field
/// is given. A list of IDs or texts costs it for each value. A field that takes an input object costs it once in an argument. The cost of a value of an enum is
/// added wherever the value is given.
#[TypeDirective(location = "FieldDefinition", location = "Object", location = "InputFieldDefinition", location = "EnumValue")]
pub fn cost(weight: String) {}

/// Size of a list for its cost, in objects: the largest of the slicing arguments that are given (a number, or the length of a
/// list), else the assumed size, 10 by default. The sized fields of a page are the list.
#[TypeDirective(location = "FieldDefinition", name = "listSize")]
pub fn list_size(assumed_size: Option<i32>, slicing_arguments: Option<Vec<String>>, sized_fields: Option<Vec<String>>) {}

/// `@listSize` of a connection: `first` or `last`, 50 without. `paged` where a directive is applied.
#[expect(non_camel_case_types, reason = "the engine's macros name a directive by the path before apply")]
pub struct paged;

impl paged {
    pub fn apply() -> MetaDirectiveInvocation {
        let names = |names: [&str; 2]| Some(names.map(str::to_owned).to_vec());
        let assumed = i32::try_from(DEFAULT_PAGE).ok();
        list_size::apply(assumed, names(["first", "last"]), names(["nodes", "edges"]))
    }
}

impl TypeDirective for paged {
    fn name(&self) -> Cow<'static, str> {
        list_size.name()
    }

    fn register(&self, registry: &mut Registry) {
        list_size.register(registry);
    }
}

impl Directive_At_FIELD_DEFINITION for paged {}
