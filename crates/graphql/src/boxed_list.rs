//! Lists whose items are resolved in boxes: one function waits for the items of all of them.

use std::{borrow::Cow, pin::Pin};

use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field, registry::Registry};
use futures_util::future::try_join_all;

/// A list of boxed items. The engine's lists (`Vec` and slices) compile the waiting for each type
/// of items, twice: with extensions, which this schema has none of, and without. Connections have
/// two lists each, so that it was a large part of rustc's memory for the faces.
pub struct BoxedList<T>(Vec<T>);

impl<T> FromIterator<T> for BoxedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

type ResolvedItem<'a> = Pin<Box<dyn Future<Output = ServerResult<Value>> + Send + 'a>>;

fn resolve_item<'a, T: OutputType>(ctx: ContextSelectionSet<'a>, field: &'a Positioned<Field>, item: &'a T) -> ResolvedItem<'a> {
    Box::pin(async move { T::resolve(item, &ctx, field).await.map_err(|err| ctx.set_error_path(err)) })
}

async fn join_items(items: Vec<ResolvedItem<'_>>) -> ServerResult<Value> {
    Ok(Value::List(try_join_all(items).await?))
}

impl<T: OutputType> OutputType for BoxedList<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<T> as OutputType>::type_name()
    }
    fn qualified_type_name() -> String {
        <Vec<T> as OutputType>::qualified_type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<T> as OutputType>::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let items = self.0.iter().enumerate();
        join_items(items.map(move |(index, item)| resolve_item(ctx.with_index(index), field, item)).collect()).await
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Result, Schema};

    use super::BoxedList;

    struct Item(i32);

    #[Object]
    impl Item {
        async fn number(&self) -> Result<i32> {
            if self.0 == 40 { Err("no fortieth".into()) } else { Ok(self.0) }
        }
    }

    struct Lists;

    #[Object]
    impl Lists {
        async fn plain(&self, most: i32) -> Option<Vec<Item>> {
            Some((0..most).map(Item).collect())
        }
        async fn boxed(&self, most: i32) -> Option<BoxedList<Item>> {
            Some((0..most).map(Item).collect())
        }
    }

    /// Fewer items than `try_join_all` polls one by one, more of them, and one that fails.
    #[tokio::test]
    async fn a_list_in_boxes_answers_as_a_list_does() {
        let schema = Schema::build(Lists, EmptyMutation, EmptySubscription).finish();
        for most in [0, 3, 40, 41] {
            let [plain, boxed] = ["plain", "boxed"].map(|name| format!("{{ items: {name}(most: {most}) {{ number }} }}"));
            let (plain, boxed) = (schema.execute(plain).await, schema.execute(boxed).await);
            assert_eq!(plain.data, boxed.data);
            let paths =
                |answer: &async_graphql::Response| format!("{:?}", answer.errors.iter().map(|e| &e.path).collect::<Vec<_>>());
            assert_eq!(paths(&plain), paths(&boxed));
            assert_eq!(boxed.errors.len(), usize::from(most == 41));
        }
        assert!(schema.sdl().contains("boxed(most: Int!): [Item!]\n"), "{}", schema.sdl());
    }
}
