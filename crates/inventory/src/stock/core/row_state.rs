//! Whether what a batch has in its book is a row of the database.

/// State of the row of a level, a lot or a reservation. Commands of a batch may change a value
/// several times before it is written: the state stays what it was when the batch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Made by this batch, which inserts it.
    New,
    /// Read from the database, or written by an earlier batch: the batch updates it.
    Stored,
}

impl RowState {
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Stored)
    }
}
