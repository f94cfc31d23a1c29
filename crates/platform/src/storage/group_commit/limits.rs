//! Limits of lanes and of their transactions.

use std::time::Duration;

/// Maximum commands in a transaction, and maximum lines of one tenant.
pub const MAX_COMMANDS: usize = 256;
pub const MAX_WEIGHT: usize = 4_000;
/// Weight of a command that shares its transaction with no other, however few lines it has.
pub const EXCLUSIVE_WEIGHT: usize = MAX_WEIGHT + 1;
/// Maximum lines in a transaction of several tenants: no tenant waits for thousands of lines of
/// another one.
pub const SHARED_WEIGHT: usize = 512;
/// A command of more lines is heavy: it is planned with no other tenant's commands, and run with
/// locks. Also the minimum share of a shared transaction's lines for each tenant.
pub const HEAVY_WEIGHT: usize = 128;
/// Waiting commands from which a lane is full: a new tenant is assigned to another one.
pub(super) const FULL_LANE_COMMANDS: usize = 64;
/// Maximum commands that wait in a lane; further ones are answered OVERLOADED.
pub const QUEUE: usize = 4_096;
/// Maximum wait of a command: if more commands wait already than are written in this time, the next
/// is answered OVERLOADED at once instead of late. A heavy command is refused as well if more lines
/// of its tenant wait.
pub const MAX_WAIT: Duration = Duration::from_millis(750);
/// Maximum commands that wait for a tenant which was set aside: it does not fill the lane for the
/// others.
pub const MAX_QUEUED_ASIDE: usize = QUEUE / 4;
/// Time for which a lane waits for a batch before it sets the batch's tenant aside.
pub const ASIDE_TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum transactions that a lane sets aside at a time; each holds a connection.
pub const MAX_TENANTS_ASIDE: usize = 3;
/// Tenants of a lane whose heavy commands run at a time, one transaction each; the others stand in
/// line. Fewer than `MAX_TENANTS_ASIDE`, so that there is room beside the lane for batches that need locks.
pub const MAX_HEAVY_ASIDE: usize = 2;
/// Tries of a command alone if its transaction fails for a transient reason.
pub(super) const ATTEMPTS: u32 = 5;
