//! `validateOnly`, as the shells take it.

/// Whether a call writes.
pub trait DryRun {
    const WRITE: Self;
    const VALIDATE: Self;
}

impl DryRun for inventory::ledger::Mode {
    const WRITE: Self = Self::Commit;
    const VALIDATE: Self = Self::Validate;
}

impl DryRun for inventory::catalog::shell::Mode {
    const WRITE: Self = Self::Write;
    const VALIDATE: Self = Self::Check;
}

impl DryRun for inventory::costing::shell::Write {
    const WRITE: Self = Self::Really;
    const VALIDATE: Self = Self::DryRun;
}

impl DryRun for inventory::currency::shell::Write {
    const WRITE: Self = Self::Really;
    const VALIDATE: Self = Self::DryRun;
}

impl DryRun for services::notes::shell::Write {
    const WRITE: Self = Self::Really;
    const VALIDATE: Self = Self::DryRun;
}

/// The mode that the argument asks for: `#[mutation(dry_run)]` calls it.
pub fn mode<M: DryRun>(validate_only: bool) -> M {
    if validate_only { M::VALIDATE } else { M::WRITE }
}
