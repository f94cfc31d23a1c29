//! Boxed bodies of resolvers, and boxed parts of a merged object.

use async_graphql::{ContainerType, Context, ObjectType, ServerResult, Value};
use futures_util::future::BoxFuture;

/// The body of a resolver in a box, as `#[resolvers]` writes it.
pub fn body<'a, T>(body: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(body)
}

/// Wraps a part of a merged object. A future's frame has the size of its largest field, and a
/// merged object's the size of the largest field of all parts; each is moved a few times. Boxed, a
/// field pays for its own part only. A merged object tries its parts one after the other, from the
/// last to the first, until one has the field: put the parts that are used most last.
#[derive(Default)]
pub struct Boxed<T>(T);

impl<T: ObjectType> ContainerType for Boxed<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        Box::pin(self.0.resolve_field(ctx)).await
    }
}

/// Makes a wrapper behave as the object that it wraps, except for the resolution of its fields.
#[macro_export]
macro_rules! wraps_object {
    ($wrapper:ident) => {
        impl<T: async_graphql::ObjectType> async_graphql::OutputType for $wrapper<T> {
            fn type_name() -> std::borrow::Cow<'static, str> {
                T::type_name()
            }
            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                T::create_type_info(registry)
            }
            async fn resolve(
                &self,
                ctx: &async_graphql::ContextSelectionSet<'_>,
                field: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> async_graphql::ServerResult<async_graphql::Value> {
                self.0.resolve(ctx, field).await
            }
        }
        impl<T: async_graphql::ObjectType> async_graphql::ObjectType for $wrapper<T> {}
    };
}
wraps_object!(Boxed);

/// Makes rustc compile the resolvers of these roots, and of all objects that they lead to, in the
/// crate that calls it.
///
/// A resolver is a future, and a future is compiled where it is polled: without this macro, all of
/// them in the crate that has the schema. The crates above reuse the compiled code only if rustc
/// shares generic code between crates, which it does at low levels of optimisation; otherwise it
/// would be compiled twice, so callers do this if there are debug assertions
/// (`docs/decisions/0387`).
#[macro_export]
macro_rules! compiled_here {
    ($($root:ty),+ $(,)?) => {
        /// Resolves the field of a context for each root. Never called.
        pub fn fields<'a>(
            ctx: &'a async_graphql::Context<'a>,
        ) -> Vec<futures_util::future::BoxFuture<'a, async_graphql::ServerResult<Option<async_graphql::Value>>>> {
            vec![$(Box::pin(async move {
                Box::pin(async_graphql::ContainerType::resolve_field(&<$root>::default(), ctx)).await
            })),+]
        }
    };
}
