//! The fields of an object that was found as a node. The resolvers of all kinds of objects are compiled here, unless a crate below has compiled
//! them for its own fields.

use async_graphql::{ContainerType, ContextSelectionSet, ServerResult, resolver_utils::Fields};
use objects::nodes::{ForObject, Node, NodeFields};

struct Collector<'a, 'b> {
    ctx: &'b ContextSelectionSet<'a>,
    fields: &'b mut Fields<'a>,
}

impl<'a> ForObject<'a> for Collector<'a, '_> {
    fn object<T: ContainerType>(self, object: &'a T) -> ServerResult<()> {
        T::collect_all_fields(object, self.ctx, self.fields)
    }
}

fn collect<'a>(node: &'a Node, ctx: &ContextSelectionSet<'a>, fields: &mut Fields<'a>) -> ServerResult<()> {
    node.with_object(Collector { ctx, fields })
}

/// Data of a schema that resolves nodes.
pub fn node_fields() -> NodeFields {
    NodeFields(collect)
}
