//! Abstract types: interfaces and unions as async-graphql derives them from an enum, with one
//! difference. The fields of the object are collected by a function from the schema's data. A
//! direct call would make each crate that declares such a type compile the resolvers of all of the
//! type's objects (`docs/decisions/0386`).

use async_graphql::{ContainerType, ContextSelectionSet, ServerResult, resolver_utils::Fields};

use super::refusal::UserError;
use crate::{identity::Actor, nodes::Node};

/// Taker of the object of an abstract type, whatever the object's type.
pub trait ObjectVisitor<'a> {
    /// Takes the object.
    ///
    /// # Errors
    /// An error of the object's fields.
    fn object<T: ContainerType>(self, object: &'a T) -> ServerResult<()>;
}

/// An enum of objects.
pub trait AbstractType {
    /// Hands over the object. It is generic, so the resolvers of all objects are compiled in the crate that calls it.
    ///
    /// # Errors
    /// Those of `visitor`.
    fn with_object<'a>(&'a self, visitor: impl ObjectVisitor<'a>) -> ServerResult<()>;
}

/// Collects the fields that are selected of the object of an abstract type.
pub type CollectFields<T> = for<'a> fn(&'a T, &ContextSelectionSet<'a>, &mut Fields<'a>) -> ServerResult<()>;

/// The function of each abstract type. They are among the data of each schema that resolves fragments on one of the types.
pub struct ObjectFields {
    pub actor: CollectFields<Actor>,
    pub node: CollectFields<Node>,
    pub user_error: CollectFields<UserError>,
}

impl ObjectFields {
    /// Returns the functions of the schema.
    ///
    /// # Errors
    /// The schema has none.
    pub fn of<'a>(ctx: &ContextSelectionSet<'a>) -> ServerResult<&'a Self> {
        ctx.data::<Self>().map_err(|error| error.into_server_error(ctx.item.pos))
    }
}

/// Declares the enum of an abstract type, and the conversions from each of its objects.
macro_rules! abstract_type {
    ($(#[$meta:meta])* $name:ident { $($variant:ident($object:ty)),+ $(,)? }) => {
        $(#[$meta])*
        pub enum $name {
            $($variant($object),)+
        }

        $(impl From<$object> for $name {
            fn from(object: $object) -> Self {
                Self::$variant(object)
            }
        })+

        impl $crate::graphql::abstract_type::AbstractType for $name {
            fn with_object<'a>(
                &'a self,
                visitor: impl $crate::graphql::abstract_type::ObjectVisitor<'a>,
            ) -> async_graphql::ServerResult<()> {
                match self {
                    $(Self::$variant(object) => visitor.object(object),)+
                }
            }
        }

        impl $name {
            fn object_name(&self) -> std::borrow::Cow<'static, str> {
                match self {
                    $(Self::$variant(_) => <$object as async_graphql::OutputType>::type_name(),)+
                }
            }

            /// Registers the types of all variants, as implementors of `interface` if it is given,
            /// and returns their names in order.
            fn describe_objects(
                registry: &mut async_graphql::registry::Registry,
                interface: Option<&str>,
            ) -> async_graphql::indexmap::IndexSet<String> {
                let mut names = async_graphql::indexmap::IndexSet::new();
                $(
                    <$object as async_graphql::OutputType>::create_type_info(registry);
                    let name = <$object as async_graphql::OutputType>::type_name();
                    if let Some(interface) = interface {
                        registry.add_implements(&name, interface);
                    }
                    names.insert(name.into_owned());
                )+
                names
            }
        }
    };
}
pub(crate) use abstract_type;
