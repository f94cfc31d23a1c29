//! Invitations: `identity` adds the member, and the roles are granted here, in one transaction.

use entity::prelude::*;

use super::{
    error::AccessError,
    members::{GrantFields, check},
    service::{Access, ChangedValue},
};
use crate::{
    access::{
        caller::{Denied, Permit},
        core::{At, Field, Grant, Refusal, Refusals, Stage},
        events,
        permissions::{Permission, kind},
        rows,
    },
    identity::{Identity, InvitationOutcome, Invitee},
};

const INVITE: GrantFields = GrantFields { all: At::argument(Field::RoleIds), at: grant_field };

/// All roles of an invitation share one scope and one end.
fn grant_field(index: usize, field: Field) -> At {
    if field == Field::RoleId { At::argument(Field::RoleIds).nth(index) } else { At::argument(field) }
}

impl Access {
    /// Invites an address with these grants, which must be within the caller's own rights. The
    /// e-mail is sent after everything is written.
    pub async fn member_invite(
        &self,
        identity: &Identity,
        permit: Permit<kind::MemberInvite>,
        invitee: &Invitee,
        grants: Vec<Grant>,
    ) -> Result<ChangedValue<MemberId>, AccessError> {
        let mut refusals = Refusals::default();
        check(&grants, INVITE, &mut refusals);
        refusals.end(Stage::Shape)?;
        let work = self.begin_with_credentials(&permit).await?;
        let giver = self.current_permissions(&work, permit.caller()).await?;
        if !giver.holds(kind::MemberInvite::INDEX) {
            return Err(AccessError::Denied(Denied(kind::MemberInvite::info().code)));
        }
        let targets = self.targets(&work, (&[], &grants), INVITE).await?;
        targets.check_grant_references(&grants, &mut refusals);
        refusals.end(Stage::Reference)?;
        targets.check_grant_changes(&giver, (&[], &grants), self.clock().now(), &mut refusals);
        refusals.end(Stage::Value)?;
        let (work, placement) = identity.add_invited_member(work, invitee).await?;
        let invitation = match placement {
            InvitationOutcome::Placed(invitation) => invitation,
            InvitationOutcome::Member => return Err(Refusal::MemberAlready.at(At::argument(Field::Email)).into()),
            InvitationOutcome::SessionEnded => return Err(Refusal::SessionEnded.at(At::argument(Field::Email)).into()),
        };
        rows::replace_grants(&work, invitation.member, &grants).await?;
        let seq = self.end(work, events::MEMBER_INVITED.of(invitation.member, invitation.version)).await?;
        let member = invitation.member;
        identity.send_invitation(invitation);
        Ok(ChangedValue { value: member, seq })
    }
}
