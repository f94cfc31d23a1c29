//! Tests of single fields, as clients write them for lists of several rooms.

use inventory::orders::rows::{Span, TextTest};
use uuid::Uuid;

use super::links::{DateTimeFilter, IdFilter, StringFilter, argument};
use crate::graphql::{
    fault::TopError,
    filters::{MAX_VALUES, refuse_nul},
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
        check_list_length(list.len(), &at)?;
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
    let checked_text = |text: String, name: &str| refuse_nul(&text, || below(at, name)).map(|()| text);
    let mut tests = Vec::new();
    if let Some(text) = filter.eq {
        tests.push(TextTest::In(vec![checked_text(text, "eq")?]));
    }
    if let Some(list) = filter.one_of {
        check_list_length(list.len(), &below(at, "in"))?;
        tests.push(TextTest::In(list.into_iter().map(|text| checked_text(text, "in")).collect::<Result<_, _>>()?));
    }
    if let Some(text) = filter.starts_with {
        tests.push(TextTest::StartsWith(checked_text(text, "startsWith")?));
    }
    if let Some(text) = filter.contains {
        tests.push(TextTest::Contains(checked_text(text, "contains")?));
    }
    tests.extend(filter.is_null.map(TextTest::IsNull));
    Ok(tests)
}

pub fn check_list_length(count: usize, at: &Path) -> Result<(), TopError> {
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
