//! Part of a merged object whose fields are resolved in a frame of their own.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value, parser::types::Field,
    registry::Registry,
};

/// Wraps a part of a merged object. A frame holds what the largest of its fields needs, and a merged object's what the largest of all parts
/// does; each is moved a few times on its way. Apart, a field pays for its own part only. Parts that are asked most come first in the
/// merged object: each one before the right one is asked in vain.
#[derive(Default)]
pub struct Apart<T>(T);

impl<T: ObjectType> ContainerType for Apart<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        Box::pin(self.0.resolve_field(ctx)).await
    }
}

impl<T: ObjectType> OutputType for Apart<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}
impl<T: ObjectType> ObjectType for Apart<T> {}
