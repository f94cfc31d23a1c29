//! Sides of a transfer: the store that sends, and the store that receives.

use entity::prelude::*;
use iam::access::Reach;

/// Stores of a transfer that the caller's permission must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Sender,
    Receiver,
    Either,
}

impl Side {
    pub(super) fn is_within(self, reach: &Reach, from: StoreId, to: StoreId) -> bool {
        match self {
            Self::Sender => reach.covers(from),
            Self::Receiver => reach.covers(to),
            Self::Either => reach.covers(from) || reach.covers(to),
        }
    }
}
