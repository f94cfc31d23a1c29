//! `validateOnly`, as the shells take it.

use platform::storage::dry_run;

use super::fault::TopError;

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

/// The mode that `validateOnly` selects: `#[mutation(dry_run)]` calls it.
pub fn mode<M: DryRun>(validate_only: bool) -> M {
    if validate_only { M::VALIDATE } else { M::WRITE }
}

/// Fails if `validateOnly` is set and the task would commit: `#[mutation(dry_run(rolled_back))]`
/// calls it. The root of the mutations begins the dry run.
pub fn check_rolled_back(validate_only: bool) -> Result<(), TopError> {
    if validate_only && !dry_run::is_on() {
        tracing::error!("a call with validateOnly came to a resolver that would commit");
        return Err(TopError::Internal);
    }
    Ok(())
}
