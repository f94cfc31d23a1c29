//! `isArchived` of filters that nest and whose SDL has a default for it.

use std::borrow::Cow;

use async_graphql::{InputType, InputValueError, InputValueResult, Value, registry::Registry};

use crate::nested::NestedFilter;

/// The field `isArchived` of a filter. Its default in the SDL is false and holds for the whole
/// filter: a filter that sets it nowhere matches rows that are not archived. If one part of a
/// filter sets it, the other parts match both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IsArchived {
    #[default]
    LeftOut,
    /// Null: rows of both kinds match.
    Both,
    Only(bool),
}

impl IsArchived {
    /// Whether a part of a filter matches archived rows, or those in use; `None` for both.
    pub const fn as_condition(self) -> Option<bool> {
        match self {
            Self::Only(is_archived) => Some(is_archived),
            Self::LeftOut | Self::Both => None,
        }
    }

    /// Returns the default of a whole filter, for its outermost part: false if no part sets the
    /// field.
    pub fn default_of<F: NestedFilter>(filter: &F, field: impl Fn(&F) -> Self) -> Option<bool> {
        (!filter.has(&|part| field(part) != Self::LeftOut)).then_some(false)
    }
}

impl InputType for IsArchived {
    type RawValueType = bool;
    fn type_name() -> Cow<'static, str> {
        <bool as InputType>::type_name()
    }
    fn qualified_type_name() -> String {
        Self::type_name().into_owned()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <bool as InputType>::create_type_info(registry);
        Self::qualified_type_name()
    }
    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            None => Ok(Self::LeftOut),
            Some(Value::Null) => Ok(Self::Both),
            sent_value => <bool as InputType>::parse(sent_value).map(Self::Only).map_err(InputValueError::propagate),
        }
    }
    /// The default in the SDL is that of a filter without others inside.
    fn to_value(&self) -> Value {
        match self {
            Self::LeftOut => Value::from(false),
            Self::Both => Value::Null,
            Self::Only(is_archived) => Value::from(*is_archived),
        }
    }
    fn as_raw_value(&self) -> Option<&bool> {
        match self {
            Self::Only(is_archived) => Some(is_archived),
            Self::LeftOut | Self::Both => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Filter {
        and: Option<Vec<Filter>>,
        or: Option<Vec<Filter>>,
        not: Option<Box<Filter>>,
        is_archived: IsArchived,
    }
    crate::nested_filter!(Filter);

    fn default_of(filter: &Filter) -> Option<bool> {
        IsArchived::default_of(filter, |part| part.is_archived)
    }

    #[test]
    fn what_is_left_out_is_neither_null_nor_false() {
        let read = |value| IsArchived::parse(value).unwrap();
        assert_eq!((read(None), read(Some(Value::Null))), (IsArchived::LeftOut, IsArchived::Both));
        for is_archived in [true, false] {
            let given = read(Some(Value::from(is_archived)));
            assert_eq!((given, given.as_condition()), (IsArchived::Only(is_archived), Some(is_archived)));
        }
        assert!(IsArchived::parse(Some(Value::from("no"))).is_err());
        assert_eq!((IsArchived::qualified_type_name().as_str(), IsArchived::LeftOut.to_value()), ("Boolean", Value::from(false)));
    }

    #[test]
    fn a_filter_that_says_it_nowhere_is_of_what_is_in_use() {
        let inside = |is_archived| Filter {
            or: Some(vec![Filter::default(), Filter { is_archived, ..Filter::default() }]),
            ..Filter::default()
        };
        assert_eq!((default_of(&Filter::default()), default_of(&inside(IsArchived::LeftOut))), (Some(false), Some(false)));
        for said in [IsArchived::Both, IsArchived::Only(true), IsArchived::Only(false)] {
            assert_eq!((default_of(&inside(said)), default_of(&Filter { is_archived: said, ..Filter::default() })), (None, None));
        }
    }
}
