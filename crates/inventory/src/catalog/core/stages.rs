//! Stages of a row's problems: a call about one row reports those of the first stage that has any.
//! Rows of a file report all of them, so that a file is corrected in one round.

use platform::stages::{Stage, Staged};

use super::rejection::{Problem, Rejection};

impl Staged for Problem {
    fn stage(&self) -> Stage {
        self.why.stage()
    }
}

impl Rejection {
    const fn stage(&self) -> Stage {
        match self {
            Self::Required
            | Self::TooLong { .. }
            | Self::Malformed(_)
            | Self::CheckDigit { .. }
            | Self::WrongId(_)
            | Self::TooManyDecimals { .. }
            | Self::TooMany { .. }
            | Self::TooLarge { .. } => Stage::Shape,
            Self::Missing(_) => Stage::Reference,
            Self::OutOfRange { .. }
            | Self::SerialInParts
            | Self::Repeated(_)
            | Self::Cycle
            | Self::TooDeep { .. }
            | Self::OptionNames { .. }
            | Self::OptionsWithoutFamily
            | Self::ArchivedSince { .. }
            | Self::IntoItself
            | Self::KitInItself
            | Self::KitInKit => Stage::Value,
            Self::Taken(_)
            | Self::InUse(_)
            | Self::InUseBy(_)
            | Self::Archived
            | Self::InArchivedCategory { .. }
            | Self::InArchivedFamily { .. }
            | Self::MergedInto { .. }
            | Self::Unmerge(..)
            | Self::OtherTaxIds
            | Self::Open { .. }
            | Self::BothOffer { .. }
            | Self::DirectStays
            | Self::NotStocked
            | Self::NotWhole
            | Self::Stale { .. }
            | Self::KeyReused => Stage::State,
        }
    }
}
