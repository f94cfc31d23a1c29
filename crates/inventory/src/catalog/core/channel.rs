//! Channels: where orders come from. Every tenant has DIRECT from its beginning.

use entity::prelude::{ChannelId, TenantId};
use serde::Serialize;

use super::{
    check::{Checker, Code, MAX_NAME, input_path},
    command::NewIdAndTime,
    rejection::{Problem, Rejection, Subject},
    text,
    verdict::Verdict,
};

pub use entity::channel::Model as ChannelRow;

/// Code of the channel that every tenant has from its creation.
pub const DIRECT: &str = "DIRECT";

/// A channel as callers describe it.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelFields {
    pub code: String,
    pub name: String,
}

/// A checked command: channels are only created.
#[derive(Debug, Clone)]
pub struct ChannelCommand {
    pub code: Option<Code>,
    pub name: Option<String>,
    pub problems: Vec<Problem>,
}

pub fn check(fields: &ChannelFields) -> ChannelCommand {
    let mut checker = Checker::default();
    let code = checker.code(input_path!["code"], &fields.code);
    let name = checker.line(input_path!["name"], &fields.name, MAX_NAME);
    ChannelCommand { code, name, problems: checker.problems }
}

/// Database state that a channel's command is decided on.
#[derive(Debug)]
pub struct ChannelContext {
    pub tenant: TenantId,
    pub code_owner: Option<ChannelId>,
}

impl ChannelContext {
    pub fn decide(&self, command: &ChannelCommand, id_and_time: NewIdAndTime) -> Verdict<ChannelRow> {
        let mut problems = command.problems.clone();
        if self.code_owner.is_some() {
            problems.push(Problem::at("code", Rejection::Taken(Subject::Code)));
        }
        match (&command.code, &command.name) {
            (Some(code), Some(name)) if problems.is_empty() => {
                Verdict::Created(row(self.tenant, code.clone(), name.clone(), id_and_time))
            }
            _ => Verdict::refused(problems),
        }
    }
}

fn row(tenant: TenantId, code: Code, name: String, id_and_time: NewIdAndTime) -> ChannelRow {
    ChannelRow {
        tenant_id: tenant,
        id: ChannelId::from_uuid(id_and_time.id),
        code: code.text,
        code_key: code.key,
        name,
        archived_at: None,
        version: 1,
        created_at: id_and_time.now,
        updated_at: id_and_time.now,
    }
}

/// The channel of orders that no other channel brought in.
pub fn direct(tenant: TenantId, id_and_time: NewIdAndTime) -> ChannelRow {
    row(tenant, Code { text: DIRECT.to_owned(), key: text::fold(DIRECT) }, "Direct".to_owned(), id_and_time)
}
