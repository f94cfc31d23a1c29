//! Root fields of queries, resolved without the engine's own root.
//!
//! For each root field of a query the engine goes through all types of the schema to see whether
//! one is an entity of a federation (`types/query_root.rs`): with 1,200 types that is a tenth of a
//! small query's time, and none is. So the executed document has a mark (a directive that clients
//! do not see) on these fields, and the engine hands marked fields to us.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    Context, ContextDirective, CustomDirective, CustomDirectiveFactory, Name, ObjectType, Positioned, ResolveFut, ServerResult,
    Value,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, Selection, SelectionSet},
    registry::Registry,
};
use async_trait::async_trait;

/// No client can send it: the schema that documents are validated by does not have it.
const MARK: &str = "entrepotRoot";

/// The directive, for the schema that executes, with the root whose fields it resolves. It is in no SDL. A schema without it resolves
/// marked fields as others.
pub struct RootDirective<T>(Arc<T>);

impl<T> RootDirective<T> {
    pub fn new(root: T) -> Self {
        Self(Arc::new(root))
    }
}

impl<T: ObjectType + 'static> CustomDirectiveFactory for RootDirective<T> {
    fn name(&self) -> Cow<'static, str> {
        MARK.into()
    }

    fn register(&self, _: &mut Registry) {}

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Self(self.0.clone())))
    }
}

#[async_trait]
impl<T: ObjectType + 'static> CustomDirective for RootDirective<T> {
    async fn resolve_field(&self, ctx: &Context<'_>, _by_the_engine: ResolveFut<'_>) -> ServerResult<Option<Value>> {
        let root: &T = &self.0;
        T::resolve_field(root, ctx).await
    }
}

/// Marks the root fields of a query, except those that the engine answers itself. Those of named
/// fragments stay with the engine.
pub fn mark_root_fields(document: &mut ExecutableDocument) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    operations.into_iter().for_each(|operation| mark_set(&mut operation.node.selection_set.node));
}

fn mark_set(root: &mut SelectionSet) {
    for item in &mut root.items {
        match &mut item.node {
            Selection::Field(field) if !field.node.name.node.starts_with("__") => {
                let name = Positioned::new(Name::new(MARK), field.pos);
                field.node.directives.push(Positioned::new(Directive { name, arguments: Vec::new() }, field.pos));
            }
            Selection::InlineFragment(inline) => mark_set(&mut inline.node.selection_set.node),
            Selection::Field(_) | Selection::FragmentSpread(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_graphql::{
        EmptyMutation, EmptySubscription, Object, Request, Result, Schema, ValidationMode, parser::parse_query,
        registry::MetaType,
    };
    use tokio::time::Instant;

    use super::{super::engine, *};

    /// Adds types that no field has.
    struct ManyTypes;

    impl CustomDirectiveFactory for ManyTypes {
        fn name(&self) -> Cow<'static, str> {
            "manyTypes".into()
        }

        fn register(&self, registry: &mut Registry) {
            registry.types.extend((0..20_000).map(|number| {
                let name = format!("Scalar{number}");
                let scalar = MetaType::Scalar {
                    name: name.clone(),
                    description: None,
                    is_valid: None,
                    visible: None,
                    inaccessible: false,
                    tags: Vec::new(),
                    specified_by_url: None,
                    directive_invocations: Vec::new(),
                    requires_scopes: Vec::new(),
                };
                (name, scalar)
            }));
        }

        fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
            Err(async_graphql::ServerError::new("it stands nowhere", None))
        }
    }

    /// With 20,000 types: 20 fields that the engine resolves take many times as long as 20 marked ones.
    #[tokio::test]
    async fn the_engine_still_goes_through_all_types_for_each_root_field() {
        let schema = Schema::build(engine::Root, EmptyMutation, EmptySubscription)
            .directive(RootDirective::new(engine::Root))
            .directive(ManyTypes)
            .validation_mode(ValidationMode::Fast)
            .finish();
        let fields: Vec<String> = (0..20).map(|number| format!("f{number}: last")).collect();
        let plain = parse_query(format!("{{ {} }}", fields.join(" "))).unwrap();
        let mut marked = plain.clone();
        mark_root_fields(&mut marked);
        let fastest = async |document: &ExecutableDocument| {
            let mut least = Duration::MAX;
            for _ in 0..5 {
                let mut request = Request::new(String::new());
                request.set_parsed_query(document.clone());
                let begun = Instant::now();
                assert!(schema.execute(request).await.is_ok());
                least = least.min(begun.elapsed());
            }
            least
        };
        let (by_the_engine, by_us) = (fastest(&plain).await, fastest(&marked).await);
        assert!(by_the_engine > 2 * by_us, "{by_the_engine:?} and {by_us:?}: see whether this file may go");
    }

    /// Returns its origin: the engine's own, or the directive's.
    struct Root(&'static str);

    #[Object]
    impl Root {
        async fn by(&self) -> &str {
            self.0
        }
        async fn doubled(&self, number: i32) -> i32 {
            2 * number
        }
        async fn failed(&self) -> Result<i32> {
            Err("not today".into())
        }
    }

    #[tokio::test]
    async fn marked_fields_are_resolved_by_the_directives_root_and_answer_alike() {
        let schema = Schema::build(Root("engine"), EmptyMutation, EmptySubscription)
            .directive(RootDirective::new(Root("directive")))
            .validation_mode(async_graphql::ValidationMode::Fast)
            .finish();
        let marked = async |query: &str| {
            let mut document = parse_query(query).unwrap();
            mark_root_fields(&mut document);
            let mut request = Request::new(query);
            request.set_parsed_query(document);
            schema.execute(request).await
        };
        let by = |answer: &async_graphql::Response| answer.data.clone().into_json().unwrap();
        assert_eq!(by(&marked("{ by }").await)["by"], "directive");
        assert_eq!(by(&marked("{ ... { by } }").await)["by"], "directive");
        assert_eq!(by(&marked("{ ...All } fragment All on Root { by }").await)["by"], "engine");
        for query in [
            "{ a: doubled(number: 2) b: doubled(number: 3) __typename }",
            "query Q { ... on Root { doubled(number: 4) } __schema { queryType { name } } }",
            "{ one: failed doubled(number: 1) }",
        ] {
            let (marked, plain) = (marked(query).await, schema.execute(query).await);
            assert_eq!(marked.data, plain.data, "{query}");
            assert_eq!(format!("{:?}", marked.errors), format!("{:?}", plain.errors), "{query}");
        }
        assert!(!schema.sdl().contains(MARK), "{}", schema.sdl());
    }
}
