//! The schema before the rooms' services are added.

use async_graphql::{Schema, SchemaBuilder};

use super::{
    object_fields::object_fields,
    payloads::Payload,
    roots::{Mutation, Query, Subscription},
    sizes::Sizes,
    versioned::Versioned,
    weights::Weights,
};

pub(super) type Builder = SchemaBuilder<Query, Mutation, Subscription>;

pub(super) fn schema_builder() -> Builder {
    // The guard limits depth, width and cost; suggestions would reveal names to callers who may not
    // see them.
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Versioned>()
        .register_output_type::<Payload>()
        .data(object_fields())
        .directive(Sizes)
        .directive(Weights)
        .disable_suggestions()
}
