//! References to orders.

use async_graphql::{ID, InputObject, OneofObject};
use entity::prelude::ChannelId;

use super::links::ChannelRef;
use crate::{graphql::refusal::Path, references::Names};

/// An order by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum OrderRef {
    /// ID of the order.
    Id(ID),
    /// Number of the order.
    Number(String),
    /// Reference of the order in a channel.
    External(ExternalRef),
}

/// Reference of an order in an external system, with its channel. A program that is bound to a channel may leave the channel out.
#[derive(Debug, Clone, InputObject)]
pub struct ExternalRef {
    /// Deprecated form of `channel`: its ID.
    #[graphql(deprecation = "2026-11-26: use channel. Removed after 2027-11-26.")]
    pub channel_id: Option<ID>,
    /// Channel of the reference. Null for the channel that you are bound to; required if you are bound to none, unless the
    /// deprecated `channelId` is given.
    pub channel: Option<ChannelRef>,
    /// Reference of the order in the channel's own system.
    #[graphql(name = "ref")]
    pub reference: String,
}

impl ExternalRef {
    /// Its reference to the channel, at the path `at`.
    pub fn names(&mut self, at: Path) -> Names<'_> {
        Names::of(at).optional(("channel", self.channel.take()), ("channelId", &mut self.channel_id))
    }
    /// Sets the channel of a caller who is bound to one, if the reference names none.
    pub fn in_channel(&mut self, bound_channel: Option<ChannelId>) {
        if self.channel.is_none() && self.channel_id.is_none() {
            self.channel_id = bound_channel.map(|channel| ID(channel.to_string()));
        }
    }
}
