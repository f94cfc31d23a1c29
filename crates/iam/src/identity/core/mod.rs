//! Rules of registrations, sessions, keys and second factors. Pure.

mod factor;
mod keys;
mod network;
mod password;
mod profile;
mod qr;
mod refusal;
mod registration;
mod risk;
mod sandbox;
mod session;

pub use factor::{
    BACKUP_CODE_COUNT, CHALLENGE_SECONDS, ENROLMENT_SECONDS, MAX_CHALLENGE_TRIES, MAX_WRONG_CODES, WRONG_CODE_WINDOW_SECONDS,
    backup_code, matching_step, otpauth_uri, read_backup_code,
};
pub use keys::{KeyState, LEAD_SECONDS, plan_rotation, states};
pub use network::network;
pub use password::{LENGTH_STEP, LENGTHS, find_weakness, length_class};
pub use profile::locale;
pub use qr::svg;
pub use refusal::{Field, InputRefusal, MemberRefusal, Rejection, Weakness};
pub use registration::{NewTenant, check, check_email, check_name, check_slug, email_key};
pub use risk::{EarlierSession, FAILURE_WINDOW_SECONDS, LoginFacts, Risk, RiskFactor, assess};
pub use sandbox::{MAX_SANDBOXES, NewSandbox, check_sandbox, free_slot};
pub use session::{ABSOLUTE_SECONDS, IDLE_SECONDS, PresentedToken, RefreshDecision, TokenState, step};
