//! Shell of alerts: opens and changes alerts, sets rules, sends e-mails.

mod act;
mod call;
mod follow;
mod emails;
mod history;
mod refusal;
mod rule_check;
mod rules;
mod scan;
mod schedules;
mod service;
mod condition;
mod visibility;

pub use act::{ActionRequest, RequestedAction};
pub use condition::StandingCondition;
pub use emails::{AlertEmail, EMAIL_JOB};
pub use refusal::{AlertError, AlertRefusal};
pub use rules::{RuleFields, RuleRemoval};
pub use service::Alerts;
pub use visibility::{can_see_alert, visibility_tests};
