//! The service of the catalogue; other files add the calls.

use platform::{clock::Clock, paging::CursorSigner, storage::Database};

/// The catalogue's service: what its functions need besides a permit.
#[derive(Clone)]
pub struct Catalog {
    pub db: Database,
    pub clock: Clock,
    pub signer: CursorSigner,
}
