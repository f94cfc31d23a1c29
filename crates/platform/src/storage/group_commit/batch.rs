//! Batch of commands, and the interface by which a room decides, writes and runs it.

use std::collections::HashSet;

use async_trait::async_trait;
use entity::prelude::TenantId;

use crate::{
    storage::{Fault, PreparedRows, WriteResult},
    traces::QueueSpan,
};

/// A tenant's commands that are decided and written together.
pub struct Batch<C> {
    pub tenant: TenantId,
    pub commands: Vec<C>,
}

/// Decides, writes and runs batches for the lanes.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// Speculative state of a lane's tenants: as they will be when the batch under way has been
    /// written.
    type Speculative: Default + Send + Sync + 'static;
    /// Returns the weight of the command in a batch: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// Returns the span of the command's time in the queue, if it is traced.
    fn queue_span(_command: &mut Self::Command) -> Option<&mut QueueSpan> {
        None
    }
    /// Decides the commands of some tenants, each listed once, without a lock, and stores each
    /// result in its command.
    async fn plan(&self, speculative: &mut Self::Speculative, batches: &mut [Batch<Self::Command>]) -> Plan;
    /// Writes the plan: for each tenant all of it or nothing.
    async fn write(&self, plan: PreparedRows) -> Result<WriteResult, Fault>;
    /// Drops the speculative state of a tenant.
    fn forget(speculative: &mut Self::Speculative, tenant: TenantId);
    /// Runs the commands as one transaction of the tenant, with locks, and stores each result in
    /// its command. An error means that nothing was committed, or that the outcome is unknown; the
    /// commands will be run again, alone, and find their keys.
    async fn run(&self, tenant: TenantId, commands: &mut [Self::Command]) -> Result<(), Fault>;
    /// Sends the result to the waiting caller.
    fn answer(&self, command: Self::Command, outcome: Result<(), Fault>);
}

/// Result of planning batches.
#[derive(Default)]
pub struct Plan {
    /// Rows and events of all batches that are to be written.
    pub write: Option<Box<PreparedRows>>,
    /// Tenants whose commands have their results once the plan is written.
    pub written: HashSet<TenantId>,
    /// Tenants without a write: every command was refused or done before. The commands of other
    /// tenants are run with locks.
    pub unchanged: HashSet<TenantId>,
    /// Fault that kept a batch from being planned.
    pub fault: Option<Fault>,
}
