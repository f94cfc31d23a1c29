//! Rows of orders: groups them by order, and finds orders whose rows cannot be determined.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use inventory::catalog::core::text::fold;

use super::{
    noun::Noun,
    record::{Cells, Record},
    refusal::UnfitOrder,
};

/// Maximum rows of an order: as many lines as `orderCreate` accepts.
pub const ORDER_ROWS: usize = 2_000;

/// Name of a row's order: its reference, or if it has none the number that an export gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    /// Folded; empty if the row names none.
    channel: String,
    reference: Result<String, String>,
}

impl Name {
    /// None for a row that does not name its order.
    fn of(row: &Record) -> Option<Self> {
        let cells = Cells::of(Noun::Orders, row).ok()?;
        let text = |field: &str| cells.text(field).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let reference = text("externalRef").map(Ok).or_else(|| text("number").map(Err))?;
        Some(Self { channel: fold(&text("channel").unwrap_or_default()), reference })
    }

    /// Orders without a channel are DIRECT's.
    fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let channel = if self.channel.is_empty() { "direct" } else { &self.channel };
        (channel, &self.reference).hash(&mut hasher);
        hasher.finish()
    }
}

/// Follows rows, and detects where an order ends and the next one begins.
#[derive(Debug, Default)]
pub struct OrderGrouper(Option<Name>);

impl OrderGrouper {
    /// Whether a row is of the same order as the previous row: it has the order's reference, and
    /// its channel or none.
    pub fn continues_order(&mut self, row: &Record) -> bool {
        let next = Name::of(row);
        if let (Some(order), Some(next)) = (&self.0, &next)
            && order.reference == next.reference
            && (next.channel.is_empty() || next.channel == order.channel)
        {
            return true;
        }
        self.0 = next;
        false
    }
}

/// Rows grouped by order, in the order of the file. A row that does not name its order is a group
/// of its own.
pub fn group_orders(rows: &[Record]) -> Vec<&[Record]> {
    let mut grouper = OrderGrouper::default();
    let starts = rows.iter().enumerate().filter(|(_, row)| !grouper.continues_order(row)).map(|(at, _)| at);
    let mut starts: Vec<usize> = starts.collect();
    starts.push(rows.len());
    starts.windows(2).map(|pair| &rows[pair[0]..pair[1]]).collect()
}

/// Orders of a file that are refused regardless of their content.
#[derive(Debug, Default)]
pub struct OrderDefects(HashMap<u64, UnfitOrder>);

impl OrderDefects {
    /// Returns the reason to refuse the order of these rows, if there is one.
    pub fn of(&self, rows: &[Record]) -> Option<UnfitOrder> {
        self.0.get(&Name::of(rows.first()?)?.mark()).copied()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Surveys a file before any row is executed. It keeps eight bytes for each order.
#[derive(Debug, Default)]
pub struct Survey {
    thread: OrderGrouper,
    /// Rows of the order under way; 0 before the first.
    rows: usize,
    /// The order of the previous row; None if that row does not name it.
    previous_mark: Option<u64>,
    seen_marks: Vec<u64>,
    unfit: OrderDefects,
}

impl Survey {
    pub fn row(&mut self, row: &Record) {
        let is_first = self.rows == 0;
        self.rows = if self.thread.continues_order(row) { self.rows + 1 } else { 1 };
        let mark = self.thread.0.as_ref().map(Name::mark);
        if let Some(mark) = mark {
            if self.rows == 1 {
                self.seen_marks.push(mark);
            }
            if self.rows > ORDER_ROWS {
                self.unfit.0.entry(mark).or_insert(UnfitOrder::TooLong);
            }
        }
        // Only one of two neighbouring rows names its order.
        if let (Some(named_mark), None) | (None, Some(named_mark)) = (self.previous_mark, mark)
            && !is_first
        {
            self.unfit.0.entry(named_mark).or_insert(UnfitOrder::Doubtful);
        }
        self.previous_mark = mark;
    }

    pub fn end(mut self) -> OrderDefects {
        self.seen_marks.sort_unstable();
        for pair in self.seen_marks.windows(2).filter(|pair| pair[0] == pair[1]) {
            self.unfit.0.entry(pair[0]).or_insert(UnfitOrder::Scattered);
        }
        self.unfit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::core::{cells::Cell, columns::fields_of};

    /// Rows as channel and reference; a bar is one that cannot be read.
    fn rows(names: &[&str]) -> Vec<Record> {
        let one = |(at, name): (usize, &&str)| {
            let (channel, reference) = name.split_once('/').unwrap_or_default();
            let said = [("channel", channel), ("externalRef", reference)];
            let cell = |field: &&str| {
                let text = said.iter().find(|(name, _)| name == field)?.1;
                (!text.is_empty()).then(|| Cell::Text(text.to_owned()))
            };
            let cells =
                if *name == "|" { Err("broken".to_owned()) } else { Ok(fields_of(Noun::Orders).iter().map(cell).collect()) };
            Record { number: at as i64 + 1, cells }
        };
        names.iter().enumerate().map(one).collect()
    }
    fn sizes(names: &[&str]) -> Vec<usize> {
        group_orders(&rows(names)).iter().map(|group| group.len()).collect()
    }
    fn surveyed(names: &[&str]) -> Vec<Option<UnfitOrder>> {
        let rows = rows(names);
        let mut survey = Survey::default();
        rows.iter().for_each(|row| survey.row(row));
        let unfit = survey.end();
        group_orders(&rows).iter().map(|group| unfit.of(group)).collect()
    }

    #[test]
    fn rows_of_an_order_stand_next_to_each_other() {
        assert_eq!(sizes(&["web/1", "WEB/1", "/1", "web/1", "web/2", "shop/2", "/3"]), [4, 1, 1, 1]);
        assert_eq!(sizes(&["/1", "web/1"]), [1, 1], "of another channel");
        assert_eq!(sizes(&["web/1", "|", "web/", "web/1"]), [1, 1, 1, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn orders_that_cannot_be_told_are_refused() {
        use UnfitOrder::{Doubtful, Scattered, TooLong};
        assert_eq!(surveyed(&["/1", "/1", "/2", "web/1"]), [None, None, None]);
        assert_eq!(surveyed(&["/1", "/2", "direct/1"]), [Some(Scattered), None, Some(Scattered)]);
        assert_eq!(surveyed(&["/1", "/2", "|", "/3", "/4"]), [None, Some(Doubtful), None, Some(Doubtful), None]);
        let long = vec!["/1"; ORDER_ROWS + 1];
        assert_eq!(surveyed(&long), [Some(TooLong)]);
        assert_eq!(surveyed(&long[1..]), [None]);
    }
}
