//! Tests of single columns, as filters of several rooms have them.

use entity::prelude::Timestamp;

/// A test of a text column; compares byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    In(Vec<String>),
    StartsWith(String),
    Contains(String),
    /// Is null, or is not null.
    IsNull(bool),
}

impl TextTest {
    /// True if a text, or the lack of one, passes.
    pub(super) fn holds(&self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::IsNull(is_null), text) => text.is_none() == *is_null,
            (_, None) => false,
            (Self::In(texts), Some(text)) => texts.iter().any(|candidate| candidate == text),
            (Self::StartsWith(prefix), Some(text)) => text.starts_with(prefix.as_str()),
            (Self::Contains(part), Some(text)) => text.contains(part.as_str()),
        }
    }
}

/// A span of time, from one moment to before another; None for no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Span {
    pub(super) fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.before.is_none_or(|before| at < before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_test_of_nothing_passes_where_there_is_no_text() {
        let tests = [TextTest::In(vec![String::new()]), TextTest::StartsWith(String::new()), TextTest::Contains(String::new())];
        assert!(tests.iter().all(|test| test.holds(Some("")) && !test.holds(None)));
        assert!(TextTest::IsNull(true).holds(None) && !TextTest::IsNull(true).holds(Some("")));
        assert!(TextTest::IsNull(false).holds(Some("")) && !TextTest::IsNull(false).holds(None));
    }
}
