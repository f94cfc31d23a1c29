//! GraphQL errors of refused sign-ins and changes of members: the code, the text and the path of
//! each, in one place.

use iam::identity::{Field, InputRefusal, MemberRefusal, Rejection, Weakness};
use platform::path;

use crate::graphql::{
    refusal::{ErrorCode, UserError},
    session::SUSPENDED,
};

fn field_path(field: Field) -> Vec<String> {
    let name = match field {
        Field::DisplayName => "displayName",
        Field::TenantName => "tenantName",
        Field::Name => "name",
        Field::Password => "password",
        Field::NewPassword => "newPassword",
    };
    path![name]
}

fn invalid_error(message: impl Into<String>, field: Vec<String>) -> UserError {
    UserError::new(ErrorCode::Invalid, message, field)
}
fn required_error(message: impl Into<String>, field: Vec<String>) -> UserError {
    UserError::new(ErrorCode::Required, message, field)
}
fn state_error(message: impl Into<String>, field: Vec<String>) -> UserError {
    UserError::new(ErrorCode::InvalidState, message, field)
}

pub fn refusal_error(rejection: &Rejection) -> UserError {
    let expired = |message: &str, field: &str| UserError::new(ErrorCode::TokenExpired, message, path![field]);
    match rejection {
        Rejection::Input(rejection) => input_error(rejection),
        Rejection::Member(rejection) => member_error(*rejection),
        Rejection::SlugTaken => UserError::new(ErrorCode::Duplicate, "another tenant has this slug", path!["tenantSlug"]),
        Rejection::RegistrationClosed => state_error("nobody can register here: ask for an invitation", Vec::new()),
        Rejection::InvalidCredentials => {
            UserError::new(ErrorCode::InvalidCredentials, "e-mail and password do not match", path!["password"])
        }
        Rejection::TokenExpired => expired("the session has ended: log in again", "refreshToken"),
        Rejection::TokenMissing => expired(
            "no refresh token came with this call: give it as refreshToken; a page that has it in a cookie sends this to /graphql/session; without one, log in again",
            "refreshToken",
        ),
        Rejection::TenantSuspended => UserError::new(ErrorCode::TenantSuspended, SUSPENDED, Vec::new()),
        Rejection::RefreshRaced => UserError::new(
            ErrorCode::IdempotencyInProgress,
            "another call with this refresh token is answered already: use its answer",
            path!["refreshToken"],
        ),
        Rejection::WrongPassword => {
            UserError::new(ErrorCode::InvalidCredentials, "the password is wrong", path!["currentPassword"])
        }
        Rejection::LinkOver => expired("the link was used before or is too old: ask for another", "token"),
        Rejection::MfaInvalid => UserError::new(ErrorCode::MfaInvalid, "the code is wrong or was used before", path!["code"]),
        Rejection::ChallengeOver => expired("the login waits no longer for this: log in again", "challengeToken"),
        Rejection::NoEnrolment => state_error("no enrolment waits for a code: call totpEnrol first", path!["code"]),
        Rejection::NoFactor => state_error("there is no second factor: call totpEnrol first", Vec::new()),
        Rejection::NoSession => UserError::not_found("session", path!["id"]),
        Rejection::SessionEnded => state_error("your session has ended: log in again", Vec::new()),
        Rejection::NoTenant => UserError::not_found("tenant of yours", path!["tenant"]),
        Rejection::SameTenant => {
            state_error("the session is in this tenant already: to refresh its tokens call sessionRefresh", path!["tenant"])
        }
        Rejection::TenantAsksLonger { least } => {
            let message = format!("the company asks for passwords of at least {least} characters: change yours, or log in there");
            state_error(message, path!["tenant"])
        }
        Rejection::SandboxOfSandbox => state_error("a sandbox has no sandbox of its own", Vec::new()),
        Rejection::TooManySandboxes { most: limit } => state_error(format!("a tenant has at most {limit} sandboxes"), Vec::new()),
        Rejection::SandboxRaced => state_error(
            "another sandbox was made at the same moment: try again, with a new idempotency key if you sent one",
            Vec::new(),
        ),
    }
}

fn input_error(refusal: &InputRefusal) -> UserError {
    let too_long =
        |limit: &usize, field: Vec<String>| UserError::new(ErrorCode::TooLong, format!("at most {limit} characters"), field);
    let weak = |message: String, field: &Field| UserError::new(ErrorCode::WeakPassword, message, field_path(*field));
    match refusal {
        InputRefusal::Id(error) => invalid_error(error.to_string(), path!["id"]),
        InputRefusal::NoEmail => required_error("an e-mail address is needed, as in ada@example.com", path!["email"]),
        InputRefusal::NoSlug => required_error("a short name of the tenant is needed, as in adas-mugs", path!["tenantSlug"]),
        InputRefusal::Email => invalid_error("an e-mail address is expected, as in ada@example.com", path!["email"]),
        InputRefusal::EmailTooLong { most: limit } => too_long(limit, path!["email"]),
        InputRefusal::Slug => {
            let message = "2 to 63 small letters, digits and hyphens, beginning and ending with a letter or digit";
            invalid_error(message, path!["tenantSlug"])
        }
        InputRefusal::NoName(field) => required_error("a name is needed", field_path(*field)),
        InputRefusal::NameTooLong { field, most: limit } => too_long(limit, field_path(*field)),
        InputRefusal::OddName(field) => invalid_error("a name without control characters is expected", field_path(*field)),
        InputRefusal::Locale => invalid_error("a language tag is expected, as in en-GB", path!["locale"]),
        InputRefusal::TimeZone => {
            invalid_error("a time zone of the IANA database is expected, as in Europe/London", path!["timeZone"])
        }
        InputRefusal::WeakPassword(field, Weakness::Length { least, most: limit }) => {
            weak(format!("between {least} and {limit} characters; any characters will do"), field)
        }
        InputRefusal::WeakPassword(field, Weakness::Common) => {
            let message = "it is a common password: choose one that is hard to guess, such as four words of your own";
            weak(message.to_owned(), field)
        }
        InputRefusal::ShortPassword { field, least } => {
            let message = format!(
                "the company asks for at least {least} characters: choose a longer one, by passwordChange or passwordResetRequest"
            );
            weak(message, field)
        }
    }
}

fn member_error(refusal: MemberRefusal) -> UserError {
    let message = match refusal {
        MemberRefusal::Unknown => return UserError::not_found("member", path!["id"]),
        MemberRefusal::HoldsMore => {
            let message = "they hold rights that you do not: nobody gives or takes what they do not hold";
            return invalid_error(message, path!["id"]);
        }
        MemberRefusal::StandsSo(status) => return state_error(format!("the member is {status} already"), path!["id"]),
        MemberRefusal::SuspendsThemselves => "nobody suspends themselves: an admin does it, or leave with tenantLeave",
        MemberRefusal::RemovesThemselves => "nobody removes themselves: leave with tenantLeave",
        MemberRefusal::NotComeIn => "the member has not accepted the invitation yet",
        MemberRefusal::OnlyInvited => "the member has not accepted the invitation yet: call invitationRevoke",
        MemberRefusal::HasLeft => "the member has left: invite them again",
        MemberRefusal::HasLeftAlready => "the member has left already",
        MemberRefusal::LastOwner => "the last owner stays",
        MemberRefusal::LastOwnerLeaves => "the last owner cannot be removed: make somebody else an owner first",
        MemberRefusal::NotInvited => "no invitation of theirs waits for an answer",
        MemberRefusal::OwnFactor => "nobody resets their own second factor: call totpRemove",
        MemberRefusal::FactorOfInvited => "the member has not accepted the invitation yet",
        MemberRefusal::FactorElsewhere => "the member belongs to other companies too: only they can change their second factor",
        MemberRefusal::NoFactor => "the member has no second factor",
    };
    state_error(message, path!["id"])
}
