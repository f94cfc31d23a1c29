//! Tests of single fields, as clients write them for lists of several rooms.

use inventory::orders::rows::{Span, TextTest};
use uuid::Uuid;

use super::links::{DateTimeFilter, IdFilter, StringFilter, argument};
use crate::graphql::{
    fault::TopError,
    filters::{MAX_VALUES, plain},
    refusal::Path,
};

pub fn below(at: &Path, name: &(impl ToString + ?Sized)) -> Path {
    let mut path = at.clone();
    path.push(name.to_string());
    path
}

/// The tests of an id filter: one for `eq`, one for `in`.
pub fn ids<K: entity::id::Kind>(filter: Option<IdFilter>, at: &Path) -> Result<Vec<Vec<Uuid>>, TopError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    filter.reject_operators(|| at.clone())?;
    let mut tests = Vec::new();
    if let Some(id) = filter.eq {
        tests.push(vec![argument::<K>(&id, || below(at, "eq"))?.uuid()]);
    }
    if let Some(list) = filter.one_of {
        let at = below(at, "in");
        few(list.len(), &at)?;
        let ids: Result<_, _> = list
            .iter()
            .enumerate()
            .map(|(index, id)| argument::<K>(id, || below(&at, &index)).map(entity::id::Id::uuid))
            .collect();
        tests.push(ids?);
    }
    Ok(tests)
}

/// The tests of a text filter, with no NUL in them.
pub fn texts(filter: Option<StringFilter>, at: &Path) -> Result<Vec<TextTest>, TopError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let sound = |text: String, name: &str| plain(&text, || below(at, name)).map(|()| text);
    let mut tests = Vec::new();
    if let Some(text) = filter.eq {
        tests.push(TextTest::In(vec![sound(text, "eq")?]));
    }
    if let Some(list) = filter.one_of {
        few(list.len(), &below(at, "in"))?;
        tests.push(TextTest::In(list.into_iter().map(|text| sound(text, "in")).collect::<Result<_, _>>()?));
    }
    if let Some(text) = filter.starts_with {
        tests.push(TextTest::StartsWith(sound(text, "startsWith")?));
    }
    if let Some(text) = filter.contains {
        tests.push(TextTest::Contains(sound(text, "contains")?));
    }
    tests.extend(filter.is_null.map(TextTest::IsNull));
    Ok(tests)
}

pub fn few(count: usize, at: &Path) -> Result<(), TopError> {
    if count <= MAX_VALUES {
        return Ok(());
    }
    Err(TopError::limit_exceeded(format!("at most {MAX_VALUES} values are taken"), at.clone()))
}

/// The span of a range of time.
pub fn span(test: &DateTimeFilter) -> Span {
    let (from, before) = test.range();
    Span { from, before }
}
