//! GraphQL errors of refused changes of rights: the code, the text and the path of each, in one
//! place.

use iam::access::{
    AccessError,
    core::{At, Field, GrantingChange, Invalid, LimitedObject, Noun, Part, Refusal, Rejection},
};
use platform::{clock, path, plurals::pluralize};

use crate::graphql::{
    fault::TopError,
    refusal::{ErrorCode, UserError, truncate_errors},
};

fn refusal_error(rejection: &Rejection) -> UserError {
    let field = path_of(rejection.at);
    match &rejection.why {
        Refusal::Required => UserError::new(ErrorCode::Required, "a value is needed", field),
        Refusal::NotFound(noun) => UserError::not_found(noun_name(*noun), field),
        Refusal::Stale { actual } => {
            UserError::stale(format!("it has changed since you read it and is at version {actual} now"), field, *actual, None)
        }
        Refusal::TooMany { what: subject, most: limit } => {
            UserError::new(ErrorCode::LimitExceeded, limit_message(*subject, *limit), field)
        }
        Refusal::LastOwner => {
            let message = "the tenant would be left without an owner for all stores and without an end";
            UserError::new(ErrorCode::InvalidState, message, field)
        }
        Refusal::NameTooLong { most: limit } => {
            UserError::new(ErrorCode::TooLong, format!("at most {limit} characters are kept"), field)
        }
        Refusal::GrantTwice => UserError::new(ErrorCode::Duplicate, "this grant occurs before", field),
        Refusal::RoleKeyTaken => UserError::new(ErrorCode::Duplicate, "another role has this key", field),
        Refusal::GroupCodeTaken => UserError::new(ErrorCode::Duplicate, "another group has this code", field),
        Refusal::MemberAlready => {
            let message = "they are a member already, or were invited: invitationResend sends the e-mail again";
            UserError::new(ErrorCode::Duplicate, message, field)
        }
        Refusal::SessionEnded => UserError::new(ErrorCode::InvalidState, "your session has ended: log in again", field),
        Refusal::Inherited { by } => UserError::new(ErrorCode::InUse, format!("the role {by} inherits it"), field),
        Refusal::GroupInUse { members, integrations } => {
            let message = format!(
                "rights are given by this group to members ({members}) and integrations ({integrations}): give them by stores or another group first"
            );
            UserError::new(ErrorCode::InUse, message, field)
        }
        Refusal::GroupArchived { since } => {
            let since = clock::rfc3339(*since);
            let message = format!("this group is archived since {since}: restore it with storeGroupRestore, or name another");
            UserError::new(ErrorCode::Invalid, message, field)
        }
        Refusal::HeldBy { members } => {
            UserError::new(ErrorCode::InUse, pluralize(members, "member has it", "members have it"), field)
        }
        Refusal::BuiltIn { key } => {
            let message = format!("{key} is a default role: make one that inherits it");
            UserError::new(ErrorCode::InvalidState, message, field)
        }
        Refusal::IntegrationDisabled => UserError::new(ErrorCode::InvalidState, "the integration has been disabled", field),
        Refusal::KeyEnded => UserError::new(ErrorCode::InvalidState, "the key has ended: make a new one", field),
        Refusal::Invalid(reason) => UserError::new(ErrorCode::Invalid, invalid_message(*reason), field),
    }
}

fn invalid_message(problem: Invalid) -> String {
    let message = match problem {
        Invalid::NotHeld { permission } => {
            return format!("you do not hold {permission} in all of these stores: nobody gives or takes what they do not hold");
        }
        Invalid::Points { most: limit } => return format!("1 to {limit} points are expected"),
        Invalid::BeyondIntegration { permission } => return format!("the integration itself does not have {permission}"),
        Invalid::BeyondChannel { permission } => {
            return format!("{permission} tells of more than one channel: an integration that is bound to one cannot have it");
        }
        Invalid::Outlives(grant_kind) => outlives_message(grant_kind),
        Invalid::Name => "a name without control characters is expected",
        Invalid::Key => "2 to 63 small letters, digits and hyphens, beginning with a letter, are expected",
        Invalid::Code => "1 to 64 characters without spaces are expected",
        Invalid::Network => "a network is expected, as in 192.0.2.0/24 or 2001:db8::/32",
        Invalid::Past => "a moment to come is expected",
        Invalid::NoPlace => "a scope without a place gives nothing: name one",
        Invalid::InheritsItself => "a role cannot inherit itself, not even by way of others",
        Invalid::OutsideIntegration => "the integration itself does not reach these stores",
        Invalid::RollTooLong => "the old key may live for at most seven more days",
    };
    message.to_owned()
}

const fn outlives_message(grant_kind: GrantingChange) -> &'static str {
    match grant_kind {
        GrantingChange::Group => {
            "your own rights end before those of who has rights by the group: it cannot give them more by you"
        }
        GrantingChange::Role => "your own rights end before those of who has the role: it cannot give them more by you",
        GrantingChange::Integration => "your own rights end before a key of the integration does: it cannot be given more by you",
        GrantingChange::Grant => "your own rights end before: a grant cannot outlive those of whoever gives it",
        GrantingChange::Key => "your own rights end before: a key cannot outlive those of whoever makes it",
    }
}

fn limit_message(subject: LimitedObject, limit: usize) -> String {
    match subject {
        LimitedObject::Roles => format!("a tenant has at most {limit} roles of its own"),
        LimitedObject::Inherited => format!("a role inherits at most {limit} others"),
        LimitedObject::Inheritance => format!("roles inherit at most {limit} deep"),
        LimitedObject::Groups => format!("a tenant has at most {limit} groups of stores"),
        LimitedObject::Stores => format!("a group has at most {limit} stores"),
        LimitedObject::Grants => format!("a member has at most {limit} grants"),
        LimitedObject::Places => format!("a scope names at most {limit} places"),
        LimitedObject::Integrations => format!("a tenant has at most {limit} integrations"),
        LimitedObject::Keys => format!("an integration has at most {limit} keys that have not ended: revoke one first"),
        LimitedObject::KeysEver => {
            format!("an integration has at most {limit} keys, with those that have ended: create another integration")
        }
        LimitedObject::Networks => format!("at most {limit} networks are taken"),
        LimitedObject::Permissions => format!("at most {limit} permissions are taken at once"),
    }
}

const fn noun_name(noun: Noun) -> &'static str {
    match noun {
        Noun::Permission => "permission",
        Noun::Role => "role",
        Noun::StoreGroup => "store group",
        Noun::Store => "store",
        Noun::Member => "member",
        Noun::Integration => "integration",
        Noun::ApiKey => "API key",
        Noun::Channel => "channel",
    }
}

fn path_of(location: At) -> Vec<String> {
    let mut path = match location.part {
        Part::Arguments => Vec::new(),
        Part::Input => path!["input"],
        Part::Grant(index) => path!["input", "grants", index],
        Part::Budget => path!["input", "budget"],
    };
    path.extend(location.field.map(|field| field_name(field).to_owned()));
    path.extend(location.nth.map(|index| index.to_string()));
    if let Some((list, index)) = location.place {
        path.extend(path![field_name(list), index]);
    }
    path
}

const fn field_name(field: Field) -> &'static str {
    match field {
        Field::Id => "id",
        Field::ExpectedVersion => "expectedVersion",
        Field::Key => "key",
        Field::Code => "code",
        Field::Name => "name",
        Field::Email => "email",
        Field::Permissions => "permissions",
        Field::Inherits => "inherits",
        Field::Grants => "grants",
        Field::RoleId => "roleId",
        Field::RoleIds => "roleIds",
        Field::Scope => "scope",
        Field::GroupIds => "groupIds",
        Field::StoreIds => "storeIds",
        Field::ExpiresAt => "expiresAt",
        Field::MemberId => "memberId",
        Field::ChannelId => "channelId",
        Field::IntegrationId => "integrationId",
        Field::AllowedCidrs => "allowedCidrs",
        Field::Points => "points",
        Field::RestoreRate => "restoreRate",
        Field::OldKeyExpiresAt => "oldKeyExpiresAt",
    }
}

/// Converts the error of a change: refusals become user errors, all others a top-level error.
pub fn access_errors(error: AccessError) -> Result<Vec<UserError>, TopError> {
    match error {
        AccessError::Denied(denied) => Err(denied.into()),
        AccessError::Fault(fault) => Err(fault.into()),
        AccessError::Refused(rejections) => Ok(truncate_errors(rejections.iter().map(refusal_error))),
    }
}
