//! The number of a document.

use std::fmt::{self, Display, Formatter};

use platform::storage::journal::{Counter, CounterRequest, Numbered};

/// The number of a document: 1, 2, 3 … for each tenant and kind of document, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentNumber {
    /// Number of a new document until its batch is written; final in a dry run.
    Pending,
    Given(i64),
}

impl DocumentNumber {
    /// Returns the number as in rows, events and the API: 0 while it is pending.
    pub const fn get(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Given(number) => number,
        }
    }

    /// Adds the number to what a batch takes from the counter, unless it has been given.
    pub fn request_numbers(self, kind: Numbered, counter_request: CounterRequest) -> CounterRequest {
        counter_request.and(usize::from(self == Self::Pending), kind)
    }

    /// Takes the number from the counter, unless there is one already.
    pub fn assign(&mut self, kind: Numbered, counter: &mut Counter) {
        if *self == Self::Pending {
            *self = Self::Given(counter.number(kind));
        }
    }
}

impl Display for DocumentNumber {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.get().fmt(formatter)
    }
}
