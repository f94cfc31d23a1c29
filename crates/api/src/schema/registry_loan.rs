//! Access to the registry that the engine lends while a schema is built, so that one schema
//! describes its types for another.

use std::borrow::Cow;

use async_graphql::{
    ContextDirective, CustomDirective, CustomDirectiveFactory, ServerResult,
    parser::types::Directive,
    registry::{MetaDirective, Registry},
};

/// Passes the registry of the schema that is being built to a function. Documents cannot use it as
/// a directive.
pub struct RegistryLoan<F>(pub F);

impl<F: Fn(&mut Registry) + Send + Sync + 'static> CustomDirectiveFactory for RegistryLoan<F> {
    fn name(&self) -> Cow<'static, str> {
        "entrepotRegistry".into()
    }

    fn register(&self, registry: &mut Registry) {
        (self.0)(registry);
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(NoDirective))
    }
}

struct NoDirective;

impl CustomDirective for NoDirective {}

/// Returns a copy of the registry, with the same types.
pub fn copy_registry(registry: &Registry) -> Registry {
    let directive = |directive: &MetaDirective| MetaDirective {
        name: directive.name.clone(),
        description: directive.description.clone(),
        locations: directive.locations.clone(),
        args: directive.args.clone(),
        is_repeatable: directive.is_repeatable,
        visible: directive.visible,
        composable: directive.composable.clone(),
    };
    Registry {
        types: registry.types.clone(),
        directives: registry.directives.iter().map(|(name, meta)| (name.clone(), directive(meta))).collect(),
        implements: registry.implements.clone(),
        query_type: registry.query_type.clone(),
        mutation_type: registry.mutation_type.clone(),
        subscription_type: registry.subscription_type.clone(),
        introspection_mode: registry.introspection_mode,
        enable_federation: registry.enable_federation,
        federation_subscription: registry.federation_subscription,
        ignore_name_conflicts: registry.ignore_name_conflicts.clone(),
        enable_suggestions: registry.enable_suggestions,
    }
}
