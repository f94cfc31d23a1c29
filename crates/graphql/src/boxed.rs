//! Bodies of resolvers and parts of a merged object that have a frame of their own.

use async_graphql::{ContainerType, Context, ObjectType, ServerResult, Value};
use futures_util::future::BoxFuture;

/// The body of a resolver in a box, as `#[resolvers]` writes it.
pub fn body<'a, T>(body: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(body)
}

/// Wraps a part of a merged object. A frame holds what the largest of its fields needs, and a merged object's what the largest of all parts
/// does; each is moved a few times on its way. Apart, a field pays for its own part only. A merged object asks its parts one after the
/// other, from the last to the first, each before the right one in vain: parts that are asked most stand last.
#[derive(Default)]
pub struct Boxed<T>(T);

impl<T: ObjectType> ContainerType for Boxed<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        Box::pin(self.0.resolve_field(ctx)).await
    }
}

/// Makes a wrapper the object that it wraps, in all but how it resolves a field.
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

/// Makes rustc compile the resolvers of these roots, and of all objects that they lead to, in the crate that calls it.
///
/// A resolver is a future, and a future is compiled where it is polled: without this, all of them in the crate that has the schema. The crates above take what is
/// compiled already as long as rustc shares generic code between crates, which it does at low levels of optimisation only: elsewhere it would be
/// compiled twice, so callers do this where there are debug assertions (`docs/decisions/0387`).
#[macro_export]
macro_rules! compiled_here {
    ($($root:ty),+ $(,)?) => {
        /// The field of a context of each root. Nobody calls it.
        pub fn fields<'a>(
            ctx: &'a async_graphql::Context<'a>,
        ) -> Vec<futures_util::future::BoxFuture<'a, async_graphql::ServerResult<Option<async_graphql::Value>>>> {
            vec![$(Box::pin(async move {
                Box::pin(async_graphql::ContainerType::resolve_field(&<$root>::default(), ctx)).await
            })),+]
        }
    };
}
