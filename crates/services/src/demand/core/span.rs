//! Days on which a level had stock when they closed.

use entity::prelude::*;

/// Days in one state; `to` is inclusive, None for a span that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: i32,
    pub to: Option<i32>,
    pub state: SpanState,
}

/// Whether a level had stock when a day closed, by its spans in order; None before the first of
/// them.
pub fn is_in_stock(spans: &[Span], day: i32) -> Option<bool> {
    let last = spans.partition_point(|span| span.from <= day).checked_sub(1)?;
    let span = spans.get(last).filter(|span| span.to.is_none_or(|to| to >= day))?;
    Some(span.state == SpanState::InStock)
}

/// OUT: the day closes without stock.
const fn state(closing: i128) -> SpanState {
    if closing > 0 { SpanState::InStock } else { SpanState::Out }
}

/// Spans of a level from day `from` on, including the one that ends before it or continues into it.
/// `earlier` is the first day and state of that span, `opening` the quantity on hand when `from`
/// began, and `changes` are the days from `from` on with their changes, in order.
pub fn spans_from(earlier: Option<(i32, SpanState)>, from: i32, opening: i128, changes: &[(i32, i64)]) -> Vec<Span> {
    let mut closing = opening;
    let mut spans: Vec<Span> = Vec::new();
    let mut close = |day: i32, state: SpanState| match spans.last_mut() {
        Some(last) if last.state == state => {}
        Some(last) => {
            last.to = Some(day - 1);
            spans.push(Span { from: day, to: None, state });
        }
        None => spans.push(Span { from: day, to: None, state }),
    };
    if let Some((first, state)) = earlier {
        close(first, state);
    }
    if changes.first().is_none_or(|(day, _)| *day > from) {
        close(from, state(closing));
    }
    for (day, by) in changes {
        closing += i128::from(*by);
        close(*day, state(closing));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN: SpanState = SpanState::InStock;
    const OUT: SpanState = SpanState::Out;

    fn span(from: i32, to: Option<i32>, state: SpanState) -> Span {
        Span { from, to, state }
    }

    #[test]
    fn a_day_that_closes_with_nothing_is_out() {
        let changes = [(1, 5), (3, -5), (4, 2), (9, -1), (12, -1)];
        let all = [span(1, Some(2), IN), span(3, Some(3), OUT), span(4, Some(11), IN), span(12, None, OUT)];
        assert_eq!(spans_from(None, 1, 0, &changes), all);
        // Recomputing from any day keeps earlier spans: the span that runs into that day is
        // continued.
        assert_eq!(spans_from(Some((4, IN)), 9, 2, &changes[3..]), all[2..]);
        assert_eq!(spans_from(Some((3, OUT)), 4, 0, &changes[2..]), all[1..]);
        assert_eq!(spans_from(Some((4, IN)), 10, 1, &changes[4..]), all[2..]);
        let closed = [0, 1, 3, 4, 11, 12, 99].map(|day| is_in_stock(&all, day));
        assert_eq!(closed, [None, Some(true), Some(false), Some(true), Some(true), Some(false), Some(false)]);
        assert_eq!((is_in_stock(&all[..1], 3), is_in_stock(&[], 3)), (None, None), "not in one of them");
    }

    #[test]
    fn a_level_that_nothing_changed_is_as_it_was() {
        assert_eq!(spans_from(None, 7, 0, &[]), [span(7, None, OUT)], "what came left on the same day");
        assert_eq!(spans_from(Some((2, IN)), 7, 3, &[]), [span(2, None, IN)]);
    }
}
