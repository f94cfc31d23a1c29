//! The fields of the objects of nodes, actors and refusals. The resolvers of all kinds of objects
//! are compiled here, unless a crate below has compiled them for its own fields.

use async_graphql::{ContainerType, ContextSelectionSet, ServerResult, resolver_utils::Fields};
use objects::graphql::abstract_type::{AbstractType, ObjectFields, ObjectVisitor};

struct Collector<'a, 'b> {
    ctx: &'b ContextSelectionSet<'a>,
    fields: &'b mut Fields<'a>,
}

impl<'a> ObjectVisitor<'a> for Collector<'a, '_> {
    fn object<T: ContainerType>(self, object: &'a T) -> ServerResult<()> {
        T::collect_all_fields(object, self.ctx, self.fields)
    }
}

fn collect<'a, T: AbstractType>(any: &'a T, ctx: &ContextSelectionSet<'a>, fields: &mut Fields<'a>) -> ServerResult<()> {
    any.with_object(Collector { ctx, fields })
}

/// Data of a schema that resolves fragments on nodes, actors or refusals.
pub fn object_fields() -> ObjectFields {
    ObjectFields { actor: collect, node: collect, user_error: collect }
}
