//! Texts for the reasons why a view cannot be followed.

use platform::storage::Fault;
use services::saved_views::{
    core::MAX_LIVE_COST,
    shell::{DocumentProblem, SubscribeRefusal},
};

/// The reason as a text; a fault is no reason.
pub fn not_live_message(reason: SubscribeRefusal) -> Result<String, Fault> {
    Ok(match reason {
        SubscribeRefusal::NotFound => "there is no such saved view".to_owned(),
        SubscribeRefusal::Paused => "this saved view is paused".to_owned(),
        SubscribeRefusal::Document(DocumentProblem::Document(message) | DocumentProblem::Variables(message))
        | SubscribeRefusal::Unheard(message) => message,
        SubscribeRefusal::TooDear(cost) => {
            format!("the view costs {cost} points, and one that is followed may cost {MAX_LIVE_COST}: ask for smaller pages")
        }
        SubscribeRefusal::Fault(fault) => return Err(fault),
    })
}
