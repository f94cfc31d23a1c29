//! Filters inside one another: `and`, `or` and `not` of the inputs of lists, read alike for all.

use platform::storage::Nested;

use super::{
    fault::TopError,
    filters::{MAX_NESTING, MAX_TESTS},
};

/// The filters inside a filter.
pub struct Inner<F> {
    pub and: Option<Vec<F>>,
    pub or: Option<Vec<F>>,
    pub not: Option<Box<F>>,
}

/// The name of a field of a filter, and those of fields inside it.
pub type FieldNames = &'static [&'static str];

/// The first of these fields that is given.
pub fn first_present_field(fields: &[(bool, FieldNames)]) -> Option<FieldNames> {
    fields.iter().find(|(is_given, _)| *is_given).map(|(_, names)| *names)
}

/// A filter with `and`, `or` and `not`.
pub trait NestedFilter: Sized {
    /// Removes and returns the filters inside it.
    fn take_inner(&mut self) -> Inner<Self>;
    /// The filters inside it.
    fn inner(&self) -> Vec<&Self>;
    /// Returns the filters inside this one, with their paths in it.
    fn with_paths(&self) -> Vec<(Vec<String>, &Self)>;
    /// Number of filters, with those inside this one.
    fn parts(&self) -> usize {
        1 + self.inner().into_iter().map(Self::parts).sum::<usize>()
    }
    /// Whether it, or a filter inside it, passes the test.
    fn has(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self) || self.inner().into_iter().any(|inner| inner.has(test))
    }
    /// Returns the path, below `path`, of the first field that `field` finds in it, or in a filter
    /// inside it.
    fn find_path(&self, path: &[String], field: &impl Fn(&Self) -> Option<FieldNames>) -> Option<Vec<String>> {
        if let Some(names) = field(self) {
            return Some(path.iter().cloned().chain(names.iter().map(ToString::to_string)).collect());
        }
        self.with_paths().into_iter().find_map(|(names, inner)| inner.find_path(&[path, names.as_slice()].concat(), field))
    }
}

/// Makes inputs with the fields `and`, `or` and `not` filters that nest.
#[macro_export]
macro_rules! nested_filter {
    ($filter:ty) => {
        impl $crate::nested::NestedFilter for $filter {
            fn take_inner(&mut self) -> $crate::nested::Inner<Self> {
                $crate::nested::Inner { and: self.and.take(), or: self.or.take(), not: self.not.take() }
            }
            fn inner(&self) -> Vec<&Self> {
                [&self.and, &self.or].into_iter().flatten().flatten().chain(self.not.as_deref()).collect()
            }
            fn with_paths(&self) -> Vec<(Vec<String>, &Self)> {
                let mut all = Vec::new();
                for (name, parts) in [("and", &self.and), ("or", &self.or)] {
                    let parts = parts.iter().flatten().enumerate();
                    all.extend(parts.map(|(index, part)| (vec![name.to_owned(), index.to_string()], part)));
                }
                all.extend(self.not.as_deref().map(|part| (vec!["not".to_owned()], part)));
                all
            }
        }
    };
}

/// The names of a place as readers of single fields take them.
pub fn field_path<'a>(path: &'a [String], name: &'a str) -> Vec<&'a str> {
    path.iter().map(String::as_str).chain([name]).collect()
}

/// Refuses a filter deeper than the guard lets through, for callers that do not pass it.
///
/// # Errors
/// LIMIT_EXCEEDED at `path` if the filter is in more than [`MAX_NESTING`] others.
pub fn check_depth(depth: usize, path: impl FnOnce() -> Vec<String>) -> Result<(), TopError> {
    if depth <= MAX_NESTING {
        return Ok(());
    }
    Err(TopError::limit_exceeded(format!("and, or and not can be nested at most {MAX_NESTING} deep"), path()))
}

/// The refusal of a filter that has more than [`MAX_TESTS`] filters in it.
pub fn too_many_filters(path: Vec<String>) -> TopError {
    TopError::limit_exceeded(format!("at most {MAX_TESTS} filters can be nested"), path)
}

/// The refusal of a filter that becomes more than [`MAX_TESTS`] tests.
pub fn too_many_tests(path: Vec<String>) -> TopError {
    TopError::limit_exceeded(format!("a filter has at most {MAX_TESTS} tests"), path)
}

/// Reads a filter of the argument `filter` with those inside it. `convert` reads the fields of one, which it is given without its `and`, `or` and
/// `not`, and with its place. Filters that nest too deep, or are too many, are refused at theirs.
pub fn read_nested<F: NestedFilter, T>(
    filter: F,
    convert: &mut impl FnMut(F, &Vec<String>) -> Result<T, TopError>,
) -> Result<Nested<T>, TopError> {
    part(filter, vec!["filter".to_owned()], &mut Bounds { depth: 0, left: MAX_TESTS }, convert)
}

/// Depth of a filter, and the number of filters that may still follow.
struct Bounds {
    depth: usize,
    left: usize,
}

fn part<F: NestedFilter, T>(
    mut filter: F,
    path: Vec<String>,
    bounds: &mut Bounds,
    convert: &mut impl FnMut(F, &Vec<String>) -> Result<T, TopError>,
) -> Result<Nested<T>, TopError> {
    check_depth(bounds.depth, || path.clone())?;
    if bounds.left == 0 {
        return Err(too_many_filters(path));
    }
    bounds.left -= 1;
    let Inner { and, or, not } = filter.take_inner();
    let own_part = convert(filter, &path)?;
    bounds.depth += 1;
    let inner_path =
        |names: &[&str]| -> Vec<String> { path.iter().cloned().chain(names.iter().map(|name| (*name).to_owned())).collect() };
    let mut nested = Nested { own: own_part, and: Vec::new(), or: None, not: None };
    for (index, inner) in and.into_iter().flatten().enumerate() {
        nested.and.push(part(inner, inner_path(&["and", index.to_string().as_str()]), bounds, convert)?);
    }
    if let Some(list) = or {
        let alternatives = nested.or.insert(Vec::with_capacity(list.len()));
        for (index, inner) in list.into_iter().enumerate() {
            alternatives.push(part(inner, inner_path(&["or", index.to_string().as_str()]), bounds, convert)?);
        }
    }
    if let Some(inner) = not {
        nested.not = Some(Box::new(part(*inner, inner_path(&["not"]), bounds, convert)?));
    }
    bounds.depth -= 1;
    Ok(nested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Filter {
        and: Option<Vec<Filter>>,
        or: Option<Vec<Filter>>,
        not: Option<Box<Filter>>,
        text: Option<&'static str>,
    }
    nested_filter!(Filter);

    fn deep(levels: usize) -> Filter {
        (0..levels).fold(Filter::default(), |inner, _| Filter { not: Some(Box::new(inner)), ..Filter::default() })
    }

    fn read(filter: Filter) -> Result<Nested<String>, TopError> {
        read_nested(filter, &mut |filter: Filter, at| Ok(format!("{} {}", at.join("."), filter.text.unwrap_or_default())))
    }

    #[test]
    fn each_filter_is_read_at_its_place() {
        let mug = Filter { text: Some("mug"), ..Filter::default() };
        let filter = Filter { and: Some(vec![Filter::default(), mug.clone()]), or: Some(vec![mug]), ..Filter::default() };
        assert!(filter.has(&|filter| filter.text.is_some()) && !deep(2).has(&|filter| filter.text.is_some()));
        let nested = read(filter).unwrap();
        assert_eq!(nested.own, "filter ");
        assert_eq!(nested.and[1].own, "filter.and.1 mug");
        assert_eq!(nested.or.unwrap()[0].own, "filter.or.0 mug");
    }

    #[test]
    fn a_field_is_found_at_its_place() {
        let mug = Filter { text: Some("mug"), ..Filter::default() };
        let either = Filter { or: Some(vec![Filter::default(), mug.clone()]), ..Filter::default() };
        let inside = Filter { and: Some(vec![Filter::default()]), not: Some(Box::new(either)), ..Filter::default() };
        let path_of = |filter: &Filter| {
            let names: FieldNames = &["text", "eq"];
            let found =
                filter.find_path(&["filter".to_owned()], &|part: &Filter| first_present_field(&[(part.text.is_some(), names)]));
            found.map(|place| place.join("."))
        };
        assert_eq!(path_of(&inside).as_deref(), Some("filter.not.or.1.text.eq"));
        assert_eq!(path_of(&mug).as_deref(), Some("filter.text.eq"));
        assert_eq!(path_of(&deep(3)), None);
    }

    #[test]
    fn too_deep_and_too_many_are_refused_at_their_place() {
        let many = |count| read(Filter { or: Some(vec![Filter::default(); count]), ..Filter::default() });
        assert!(read(deep(MAX_NESTING)).is_ok() && many(MAX_TESTS - 1).is_ok());
        for (refused, last) in [(read(deep(MAX_NESTING + 1)), "not"), (many(MAX_TESTS), "99")] {
            let Err(TopError::LimitExceeded { field, .. }) = refused else { panic!("that is refused") };
            assert_eq!(field.last().map(String::as_str), Some(last), "{field:?}");
        }
    }
}
