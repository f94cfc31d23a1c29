//! Merged objects that take the fields of their parts.

use std::borrow::Cow;

use async_graphql::{
    CacheControl, ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{MetaField, MetaType, MetaTypeId, Registry},
};

/// The fields of an object while it is registered, by name.
pub type Fields = IndexMap<String, MetaField>;

/// Parts of a derived merged object; `merged_object!` lists them.
pub trait Parts: ObjectType {
    /// Description of the object in the schema.
    const DESCRIPTION: &'static str;
    /// Adds the fields of each part, in the order of the parts.
    fn add_to(registry: &mut Registry, fields: &mut Fields);
}

/// Moves the fields of a part out of the registry. No field returns the part's own type, so nothing else looks for it.
pub fn move_fields<Part: OutputType>(registry: &mut Registry, fields: &mut Fields) {
    Part::create_type_info(registry);
    if let Some(MetaType::Object { fields: part_fields, .. }) = registry.types.remove(&*Part::type_name()) {
        fields.extend(part_fields);
    }
}

/// Registers a merged object by the fields of its parts. The derived `MergedObject` registers a
/// tree of objects, each with copies of all fields below it: a quarter of the time to build the
/// schema without optimisation. Fields are resolved as in the derived code.
#[derive(Default)]
pub struct Merged<T>(T);

impl<T: Parts> ContainerType for Merged<T> {
    fn resolve_field(&self, ctx: &Context<'_>) -> impl Future<Output = ServerResult<Option<Value>>> + Send {
        self.0.resolve_field(ctx)
    }
}

impl<T: Parts> OutputType for Merged<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            let mut fields = Fields::default();
            T::add_to(registry, &mut fields);
            MetaType::Object {
                name: Self::type_name().into_owned(),
                description: Some(T::DESCRIPTION.to_owned()),
                fields,
                cache_control: CacheControl::default(),
                extends: false,
                shareable: false,
                resolvable: true,
                keys: None,
                visible: None,
                inaccessible: false,
                interface_object: false,
                tags: Vec::new(),
                is_subscription: false,
                rust_typename: Some(std::any::type_name::<Self>()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        })
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

impl<T: Parts> ObjectType for Merged<T> {}

/// Derives a merged object with the list of its parts, which is all that `Merged` needs.
#[macro_export]
macro_rules! merged_object {
    ($description:literal, $(#[$meta:meta])* $name:ident($($part:ty),+ $(,)?)) => {
        #[doc = $description]
        #[derive(async_graphql::MergedObject, Default)]
        $(#[$meta])*
        pub struct $name($($part),+);

        impl $crate::merged::Parts for $name {
            const DESCRIPTION: &'static str = $description;
            fn add_to(registry: &mut async_graphql::registry::Registry, fields: &mut $crate::merged::Fields) {
                $($crate::merged::move_fields::<$part>(registry, fields);)+
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, MergedObject, Object, Schema};

    use super::*;

    #[derive(Default)]
    struct Shelves;
    #[Object]
    impl Shelves {
        /// Number of shelves.
        async fn shelves(&self, #[graphql(default = 2)] rooms: i32) -> i32 {
            rooms * 3
        }
    }

    #[derive(Default)]
    struct Mugs;
    #[Object]
    impl Mugs {
        async fn mugs(&self) -> i32 {
            7
        }
    }

    merged_object!("The whole query type.", #[graphql(name = "Query")] Flat(Merged<Inner>, Mugs));
    merged_object!("Fields that are queried less often.", Inner(Shelves));

    /// The whole query type.
    #[derive(MergedObject, Default)]
    #[graphql(name = "Query")]
    struct Tree(InnerTree, Mugs);
    #[derive(MergedObject, Default)]
    struct InnerTree(Shelves);

    #[tokio::test]
    async fn it_is_the_object_that_is_derived() {
        let flat = Schema::build(Merged::<Flat>::default(), EmptyMutation, EmptySubscription).finish();
        let tree = Schema::build(Tree::default(), EmptyMutation, EmptySubscription).finish();
        assert_eq!(flat.sdl(), tree.sdl());
        let query = "{ shelves mugs more: shelves(rooms: 4) __typename }";
        assert_eq!(flat.execute(query).await.data, tree.execute(query).await.data);
    }
}
